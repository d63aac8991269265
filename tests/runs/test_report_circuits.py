"""Circuits on the page of a run, by the files of its folder, and what a searcher trained before."""

from diffqas import Candidate, SearchSpace
from diffqas.circuits import draw, to_qasm
from diffqas.runs.report_circuits import circuits_of, trials_of
from diffqas.searches import RunConfig, choose_kind
from diffqas.storage import RunFolder
from diffqas.tasks import SERIES_RECIPES

ENT, RING = Candidate(), Candidate(entangler="ring")
STARTED = Candidate(hadamard=True, entangler="ring")


def circuits(tmp_path, space, **files):
    kind = choose_kind("qt", candidates=tuple(SearchSpace(space)))
    config = RunConfig("bessel", SERIES_RECIPES["default"], kind)
    for name, text in files.items():
        (tmp_path / f"{name}.qasm").write_text(text)
    return circuits_of(RunFolder(tmp_path), config)


def angles(depth):
    return [[0.5] * 3] * depth


def test_every_different_layer_is_drawn_with_its_numbers(tmp_path):
    text = to_qasm([ENT, RING, ENT], angles(3))
    (found,) = circuits(tmp_path, [ENT, RING], circuit=text)
    assert found.caption == "Ent-RY, Ring-RY, Ent-RY · 3 qubits, depth 3"
    assert found.drawing == (
        f"layers 1, 3: Ent-RY\n{draw(ENT, 3)}\n\nlayer 2: Ring-RY\n{draw(RING, 3)}"
    )


def test_a_later_layer_is_drawn_without_the_start_of_the_circuit(tmp_path):
    text = to_qasm([STARTED, RING], angles(2))
    (found,) = circuits(tmp_path, [ENT, STARTED], circuit=text)
    first, later = found.drawing.split("\n\n")
    assert "H─[" in first
    assert later == f"layer 2: Ring-RY\n{draw(RING, 3)}"


def test_one_candidate_is_drawn_as_before_and_an_unknown_one_not_at_all(tmp_path):
    (found,) = circuits(tmp_path, [ENT, RING], circuit=to_qasm(RING, angles(2)))
    assert (found.caption, found.drawing) == ("Ring-RY · 3 qubits, depth 2", draw(RING, 3))
    unknown = to_qasm([STARTED, RING], angles(2))
    (found,) = circuits(tmp_path, [ENT], circuit=unknown)
    assert found.drawing == ""


def test_circuits_of_several_places_are_named(tmp_path):
    names = ("circuit-forget", "circuit-forget-seed-3", "circuit-value", "circuit-seed-3")
    files = dict.fromkeys(names, to_qasm(ENT, angles(1)))
    found = circuits(tmp_path, [ENT], **files)
    assert [(each.caption.split(" · ")[0], each.further) for each in found] == [
        *(("forget: Ent-RY", False), ("value: Ent-RY", False)),
        *(("forget: Ent-RY", True), ("Ent-RY", True)),
    ]


def test_trainings_of_a_searcher_are_those_of_its_file(tmp_path):
    folder = RunFolder(tmp_path)
    assert trials_of(folder) == (None, [])
    head = "candidate,epochs,loss,evaluations,seconds\n"
    (tmp_path / "trials.csv").write_text(head + "H-Ent-RY,4,9.62861594e-08,1.0,11.726\n")
    table, notes = trials_of(folder)
    assert table is not None
    assert table.rows == [("H-Ent-RY", "4", "9.63e-08", "1", "11.7")]
    assert notes == []
    for damaged in ("", "a,b\n", head + "A,4\n", head + "A,4,x,1,2\n", head + '"A\n'):
        (tmp_path / "trials.csv").write_text(damaged)
        assert trials_of(folder) == (
            None,
            ["trials.csv is damaged: what was trained before is not shown"],
        )
