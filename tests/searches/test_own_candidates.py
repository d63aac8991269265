"""Circuits of one's own through a whole run: folder, resume, command line."""

import json

import pytest
import torch

from diffqas import TABLE_I, Ansatz, Gate, QasmAnsatz, Slot, load, resume, search
from diffqas.cli import main
from diffqas.errors import ArgumentError

RING = (
    "".join(f"input float a{q}; " for q in range(11))
    + "qubit[11] q; "
    + "".join(f"ry(a{q}) q[{q}]; cz q[{q}], q[{(q + 1) % 11}]; " for q in range(11))
)
FEW = {"epochs": 2, "depth": 1, "quiet": True, "optimizer": "adam"}


class Crossed(Ansatz):
    rotations_per_qubit = 2

    def layer(self, n):
        rotations = [Gate("ry", (q,), Slot(q)) for q in range(n)]
        return [*rotations, *[Gate("rxx", (q, q + 1), Slot(q, 1)) for q in range(n - 1)]]


@pytest.fixture
def ring(tmp_path):
    path = tmp_path / "ring.qasm"
    path.write_text(RING)
    return str(path)


def test_a_run_with_a_file_needs_nothing_but_its_folder(tmp_path, ring, stopped):
    space = [TABLE_I[7], QasmAnsatz(RING, "ring")]
    whole = search("bessel", candidates=space, output=tmp_path / "whole", **FEW)
    with stopped():
        search("bessel", candidates=space, output=tmp_path / "run", **FEW)
    again = resume(tmp_path / "run", quiet=True)
    assert again.result["test_mse"] == whole.result["test_mse"]
    assert {entry["candidate"] for entry in again.result["ranking"]} == {"Ent-RY", "ring"}
    assert (tmp_path / "run" / "circuit.png").stat().st_size > 1000
    assert load(tmp_path / "run").models[0].circuits.candidates[1] == space[1]


def test_a_class_that_is_not_registered_must_be_given_again(tmp_path, stopped):
    with stopped():
        search("bessel", candidates=[TABLE_I[7], Crossed()], output=tmp_path / "run", **FEW)
    stored = json.loads((tmp_path / "run" / "config.json").read_text())["run"]["kind"][
        "candidates"
    ][1]
    assert stored["title"] == "Crossed"
    with pytest.raises(
        ArgumentError, match=r"Crossed is the Python class .*: give `candidates` again"
    ):
        resume(tmp_path / "run", quiet=True)
    with pytest.raises(
        ArgumentError, match="those that the run was started with, Ent-RY, Crossed, but got Crossed"
    ):
        resume(tmp_path / "run", candidates=[Crossed()], quiet=True)
    run = resume(tmp_path / "run", candidates=[TABLE_I[7], Crossed()], quiet=True)
    loaded = load(tmp_path / "run", candidates=[TABLE_I[7], Crossed()])
    assert torch.equal(loaded.models[0].circuits.angles, run.models[0].circuits.angles)


def test_numbers_and_files_at_the_command_line(ring, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    main(["candidates", "--candidates", "2", ring])
    text = capsys.readouterr().out
    assert "2  H-Ent-RY" in text
    assert "13  ring" in text
    assert "q10 ─[──" in text
    main(["audit", "--candidates", ring, "--depth", "1", "--samples", "2"])
    text = capsys.readouterr().out
    assert "13 ring" in text
    assert "11 of 11" in text
    assert "own circuit, not analysed" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["search", "bessel", "--candidates", "mine"],
            "must be names, numbers from 1 to 12 or files FILE.qasm, but got 'mine'.",
        ),
        (["audit", "--candidates", "h-rng-ry"], "got 'h-rng-ry' (did you mean 'H-Ring-RY'?)."),
        (["search", "bessel", "--candidates", "13"], "must be between 1 and 12, but got 13."),
        (
            ["search", "bessel", "--candidates", "none.qasm"],
            "Cannot read none.qasm: No such file or directory.",
        ),
        (
            ["search", "bessel", "--model", "qlstm", "--candidates", "RING"],
            "must encode data, but got ring.",
        ),
        (
            ["search", "narma5", "--chunk", "9", "--candidates", "RING"],
            "ring has 11 qubits, needs 8: write it for 8",
        ),
        (["audit", "--candidates", "RING", "--qubits", "4"], "ring has 11 qubits, needs 4"),
        (
            ["candidates", "--model", "qlstm", "--candidates", "1"],
            "must go with the model qt or vqc, but got qlstm.",
        ),
    ],
)
def test_wrong_words_are_one_line(words, message, ring, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert message in refused(*[ring if word == "RING" else word for word in words])
    assert not (tmp_path / "runs").exists()
