import csv

import pytest

from diffqas.cli import main

SMALL = ("--qubits", "4", "--depth", "2", "--samples", "10")


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if line.endswith(" %")]


def test_the_twelve_are_listed_with_kinds_and_reasons(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    main(["audit", *SMALL])
    text = capsys.readouterr().out
    listed = rows(text)
    assert [int(row[0]) for row in listed] == list(range(1, 13))
    assert [int(row[0]) for row in listed if row[2] == "constant"] == [1, 3, 4, 6, 9, 12]
    assert all("0 of 8" in " ".join(row) for row in listed if row[2] == "constant")
    assert listed[3][1:5] == ["H-Ring-RX", "constant", "a", "H-Ent-RX"]
    assert "6 of 12 are constant whatever the angles; 4 qubits, depth 2." in text
    assert text.count("CNOTs and RX leave |+..+> alone") == 1
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text


def test_a_few_with_picture_and_figures(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    main(["audit", *SMALL, "--candidates", "7", "3", "--output", "audit.png"])
    text = capsys.readouterr().out
    assert [row[1] for row in rows(text)] == ["Ent-RX", "H-Ent-RZ"]
    assert "1 of 2 is constant" in text
    assert text.splitlines()[-1] == "audit.png, audit.csv"
    assert (tmp_path / "audit.png").read_bytes()[:4] == b"\x89PNG"
    with (tmp_path / "audit.csv").open(newline="") as file:
        live, dead = csv.DictReader(file)
    assert (live["number"], live["candidate"], live["constant"], live["angles"]) == (
        "7",
        "Ent-RX",
        "False",
        "8",
    )
    assert (dead["number"], dead["duplicate_of"], dead["directions"]) == ("3", "H-Ent-RX", "0")
    assert float(live["gradient_variance_2"]) > 0
    assert (float(dead["gradient_variance_4"]), dead["log2_variance_per_qubit"]) == (0, "")


def test_constants_alone_can_be_drawn(capsys, tmp_path):
    main(["audit", *SMALL, "--candidates", "1", "--output", str(tmp_path / "one.png")])
    assert (tmp_path / "one.png").exists()


def test_one_seed_gives_one_result(capsys):
    def figures(seed):
        main(["audit", *SMALL, "--candidates", "2", "--seed", seed])
        (row,) = rows(capsys.readouterr().out)
        return row[:-2]  # without the step, a time

    assert figures("1") == figures("1")
    assert figures("1") != figures("2")


def test_many_qubits_come_with_a_warning(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    for qubits, warned in (("7", False), ("8", True)):
        main(["audit", "--qubits", qubits, "--depth", "1", "--samples", "2", "--candidates", "9"])
        assert (
            "nearly all Haar fidelities lie in the first bin" in capsys.readouterr().out
        ) == warned


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--qubits", "0"], "Argument `qubits` must be between 1 and 12, but got 0."),
        (["--qubits", "13"], "Argument `qubits` must be between 1 and 12, but got 13."),
        (["--depth", "0"], "Argument `depth` must be a whole number of at least 1, but got 0."),
        (["--samples", "1"], "Argument `samples` must be a whole number of at least 2, but got 1."),
        (["--seed", "-1"], "Argument `seed` must be a whole number of at least 0, but got -1."),
        (["--candidates", "13"], "Argument `candidates` must be between 1 and 12, but got 13."),
        (
            ["--candidates", "2", "2"],
            "Argument `candidates` must hold each candidate at most once, but got H-Ent-RY twice.",
        ),
        (["--output", "audit.pdf"], "Argument `output` must be a FILE.png, but got audit.pdf."),
        (
            ["--output", "no/such/folder/audit.png"],
            "Argument `output` must lie in a folder that exists, but got no/such/folder/audit.png.",
        ),
    ],
)
def test_wrong_options_are_one_line(options, message, refused):
    assert refused("audit", *options) == f"diffqas: {message}"


def test_candidates_of_a_layer_with_uploads_and_observables(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)
    words = ("--model", "vqc", "--qubits", "2", "--uploads", "2", "--samples", "10")
    few = ("--candidates", "1", "RX/None-RX", "--observables", "zi", "iz")
    main(["audit", *words, *few, "--output", "audit.csv"])
    text = capsys.readouterr().out
    assert "RY/Ent-RY" in text
    assert "2 of 2 are live, 2 of them different; 2 qubits, depth 4, 2 uploads" in text
    assert "wrong with a chance below 1e-10" in " ".join(text.split())
    with (tmp_path / "audit.csv").open(newline="") as file:
        first, _ = csv.DictReader(file)
    assert first["known_by"] == "residues"
    assert float(first["by_inputs"]) > 0.01
    # X of a qubit that only RX turns stays 0.
    main(["audit", *words, "--candidates", "RX/None-RX", "--observables", "xi"])
    text = capsys.readouterr().out
    assert "constant" in text
    assert "0 of 1 are live" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--uploads", "2"), "`uploads` must go with --model vqc, but got 2"),
        (("--observables", "diagonal"), "`observables` must go with --model vqc"),
        (("--model", "vqc", "--qubits", "13"), "`qubits` must be between 1 and 12"),
        (("--model", "vqc", "--uploads", "0"), "`uploads` must be at least 1"),
        (("--model", "vqc", "--samples", "0"), "`samples` must be at least 1"),
        (("--model", "vqc", "--seed", "-1"), "`seed` must be at least 0"),
        (("--model", "vqc", "--depth", "3", "--uploads", "2"), "`depth` must be a multiple"),
        (("--model", "vqc", "--outputs", "9"), "`outputs` must be at most"),
        (("--model", "vqc", "--output", "a.png"), "`output` must be a FILE.csv"),
        (
            ("--model", "vqc", "--observables", "diagonal", "--locality", "5"),
            "`locality` must be at most the number of qubits, 4",
        ),
    ],
)
def test_what_a_layer_audit_cannot_do_is_one_line(words, message, refused):
    assert message in refused("audit", *words)
