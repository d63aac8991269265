import pytest

from diffqas.cli import main


def test_the_36_are_listed_with_reasons_and_counts(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    main(["candidates", "--model", "qlstm"])
    text = capsys.readouterr().out
    assert (
        "16 of 36 see their input and train on 6 qubits, depth 5, 5 outputs: 14 see no input, 14 "
        "have no" in text
    )
    assert "8 are constant; 28 different functions" in text
    (line,) = [line for line in text.splitlines() if " H-RX/Ring-RX " in line]
    assert line.split()[:4] == ["18", "H-RX/Ring-RX", "none", "no"]
    assert line.endswith("always 0")
    for reason in (
        "RX leaves |+> alone",
        "RZ leaves |0> alone",
        "RX and RY encoding show the same <Z>",
    ):
        assert text.count(reason) == 1


def test_the_size_decides_what_an_output_sees(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    main(["candidates", "--model", "qlstm", "--qubits", "5", "--depth", "1", "--outputs", "1"])
    text = capsys.readouterr().out
    assert "on 5 qubits, depth 1, 1 output:" in text
    (line,) = [line for line in text.splitlines() if " RX/Ent-RX " in line]
    assert line.split()[2:5] == ["1", "of", "5"]


def test_those_of_fast_weights_are_the_same_at_their_size(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    main(["candidates", "--model", "qfwp"])
    text = capsys.readouterr().out
    assert (
        "of 36 see their input and train on 8 qubits, depth 2, 4 outputs: 14 see no input" in text
    )
    assert "the inputs also come by the angles" in text
    assert "36  RX/Ring-RX" in text
    main(["candidates", "--model", "qfwp", "--cost", "two-qubit-gates", "--qubits", "3"])
    assert "36" in capsys.readouterr().out


@pytest.mark.parametrize("suffix", [".qasm", ".QASM", ".qasm3", ".Qasm3"])
def test_a_file_is_known_by_its_suffix(suffix, tmp_path, capsys):
    pytest.importorskip("openqasm3.parser", exc_type=ImportError)
    path = tmp_path / f"turns{suffix}"
    path.write_text("input float a;\nU(a, 0.5, 1/2) $0;\ncx $0, $1;\n")
    main(["candidates", "--candidates", str(path)])
    text = capsys.readouterr().out
    assert "13  turns" in text
    assert "q0 ─[──U3──●─]" in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--qubits", "27"], "Argument `qubits` must be between 1 and 26, but got 27."),
        (
            ["--candidates", "1"],
            "Argument `candidates` must go with the model qt or vqc, but got qlstm.",
        ),
        (["--depth", "0"], "Argument `depth` must be at least 1, but got 0."),
        (
            ["--outputs", "7"],
            "Argument `outputs` must be at most the number of qubits, 6, but got 7.",
        ),
    ],
)
def test_wrong_sizes_are_one_line(options, message, refused):
    assert refused("candidates", "--model", "qlstm", *options) == f"diffqas: {message}"


def test_the_space_of_a_searched_layer_is_listed_and_counted(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    main(["candidates", "--model", "vqc"])
    text = capsys.readouterr().out
    assert "480 of 480 see their input and train on 4 qubits, depth 2, 4 outputs: 0 see no" in text
    assert "462 different live circuits." in text
    assert "exact arithmetic modulo a prime" in text
    (line,) = [line for line in text.splitlines() if " H-RY.RZ/CZ-Ring-RZ.RY.RZ " in line]
    assert line.split()[1:] == ["H-RY.RZ/CZ-Ring-RZ.RY.RZ", "all", "yes", "live"]


def test_the_word_for_all_of_them_is_told(capsys, monkeypatch, refused):
    monkeypatch.setenv("COLUMNS", "250")
    main(["candidates", "--model", "vqc", "--qubits", "1"])
    assert "all of them with --candidates encoded" in capsys.readouterr().out
    main(["candidates", "--model", "vqc", "--qubits", "1", "--candidates", "encoded"])
    assert "of 480 see their input" in capsys.readouterr().out
    words = ("candidates", "--candidates", "encoded")
    assert "`candidates` must be encoded with --model vqc only, but got 'encoded'" in refused(
        *words
    )


def test_uploads_and_observables_decide_what_is_dead(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    options = ["--uploads", "2", "--observables", "diagonal", "--locality", "3"]
    main(["candidates", "--candidates", "1", "ry/ring-rx", "--model", "vqc", *options])
    text = capsys.readouterr().out
    where = "4 qubits, depth 4, 2 uploads, 4 outputs by Diagonal(locality=3, windows='sliding')"
    assert f"2 of 2 see their input and train on {where}" in text
    main(["candidates", "--model", "vqc", "--candidates", "1", "--observables", "XXII", "ziii"])
    assert "2 outputs by PauliStrings(strings=('XXII', 'ZIII')" in capsys.readouterr().out


def test_a_file_with_inputs_is_drawn_and_measured(tmp_path, capsys, monkeypatch, refused):
    pytest.importorskip("openqasm3.parser", exc_type=ImportError)
    monkeypatch.setenv("COLUMNS", "120")
    path = tmp_path / "turns.qasm"
    path.write_text(
        "input float x0; input float a; qubit[2] q; rx(x0) q[0]; ry(a) q; cx q[0], q[1];"
    )
    main(["candidates", "--model", "vqc", "--candidates", str(path), "--uploads", "2"])
    text = capsys.readouterr().out
    assert "481  turns" in text
    assert "q0 ─{─RX(x0)─[──RY──●─]─}" in text
    assert "1 of 1 see their input and train on 2 qubits, depth 4, 2 uploads, 2 outputs" in text
    assert "measured at random places" in text
    told = refused("candidates", "--candidates", str(path))
    assert told.startswith("diffqas: Argument `candidate` must encode no data, but got turns: its")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--observables", "q"], "Argument `strings` must be made of the letters I, X, Y and Z,"),
        (["--observables", "ZZ"], "Argument `observables` must have one letter for each of 4"),
        (["--observables", "diagonal", "--locality", "5"], "Argument `locality` must be at most"),
        (["--uploads", "0"], "Argument `uploads` must be at least 1, but got 0."),
        (["--uploads", "2", "--depth", "3"], "Argument `depth` must be a multiple of the uploads"),
        (["--outputs", "9"], "Argument `outputs` must be at most the number of observables, 4 of"),
    ],
)
def test_what_a_layer_cannot_measure_is_one_line(options, message, refused):
    assert refused("candidates", "--model", "vqc", *options).startswith(f"diffqas: {message}")


def test_costs_are_listed_the_cheapest_first(capsys):
    main(["candidates", "--cost", "two-qubit-gates", "--qubits", "4", "--depth", "3"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["1", "H-Ent-RX", "9", "10"]
    assert lines[12].split()[:3] == ["12", "Ring-RZ", "12"]
    assert lines[13].startswith("On 4 qubits, depth 3. As it stands, all qubits coupled:")


def test_costs_of_circuits_with_data_on_a_coupling_map(capsys):
    pytest.importorskip("qiskit")
    command = ["candidates", "--model", "vqc", "--candidates", "RY/Star-RY", "RY/None-RY"]
    main([*command, "--uploads", "2", "--cost", "depth", "--coupling", "line"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[1:3] == ["RY/None-RY", "0"]
    assert int(lines[2].split()[2]) > 12
    assert "On 4 qubits, depth 4, 2 uploads. Routed to line by Qiskit" in " ".join(lines)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--coupling", "line"], "Argument `coupling` must go with --cost, but got line."),
        (
            ["--cost", "depth", "--depth", "0"],
            "Argument `depth` must be a whole number of at least",
        ),
        (["--cost", "depth", "--coupling", "fake_nowhere"], "fake_nowhere"),
    ],
)
def test_wrong_costs_are_told_in_one_line(options, message, capsys):
    pytest.importorskip("qiskit")
    with pytest.raises(SystemExit) as caught:
        main(["candidates", *options])
    assert caught.value.code == 2
    assert message in " ".join(capsys.readouterr().err.split())
