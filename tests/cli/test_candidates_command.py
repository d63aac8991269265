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
        (["--depth", "0"], "Argument `depth` must be at least 1, but got 0."),
        (
            ["--outputs", "7"],
            "Argument `outputs` must be at most the number of qubits, 6, but got 7.",
        ),
    ],
)
def test_wrong_sizes_are_one_line(options, message, refused):
    assert refused("candidates", "--model", "qlstm", *options) == f"diffqas: {message}"
