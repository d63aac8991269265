"""A cell is read as it was written, and a damaged one is refused in one line."""

import json
from pathlib import Path

import pytest

from diffqas.errors import RunError
from diffqas.storage import read_json
from diffqas.studies.cell import Cell

RESULTS = Path(__file__).parents[2] / "studies" / "results"
FILES = sorted(RESULTS.glob("*/cells/*/*.json"))


@pytest.mark.parametrize("study", sorted({file.parents[2].name for file in FILES}))
def test_committed_cells_are_written_as_they_were_read(study):
    for file in (RESULTS / study).glob("cells/*/*.json"):
        cell = Cell.from_json(read_json(file), file)
        written = json.dumps(cell.to_json(), indent=2) + "\n"
        assert written == file.read_text("utf-8"), file


PARTS = {
    "structure": {"candidates": ["a"], "weights": [[1.0], [0.5]], "leading": [0, 0]},
    "structural_weights": [[1.0], [0.5]],
    "layers": [["a"], ["a"]],
    "curves": {"test_mse": [[1.0, None]]},
}


def content(**changes):
    values = {
        "study": "s",
        "row": "search",
        "dataset": "d",
        "group": "search",
        "circuit": None,
        "trainable": 3,
        "target": None,
        "deterministic": False,
        "identical": None,
        "seeds": [0, 1],
        "test_mse": [1.0, None],
        "train_mse": [1.0, None],
        "seconds": 1.0,
        "failures": {"1": "the loss became nan"},
        "paper": None,
    }
    return values | changes


def test_the_parts_of_some_rows_are_kept():
    cell = Cell.from_json(content(**PARTS), "file.json")
    assert json.dumps(cell.to_json()) == json.dumps(content(**PARTS))
    assert cell.failures == {1: "the loss became nan"}
    assert cell.finished == [0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"row": 3}, "row must be a text"),
        ({"seeds": [0, "1"]}, "seeds must be a list, each entry a whole number"),
        ({"deterministic": 0}, "deterministic must be true or false"),
        ({"trainable": True}, "trainable must be a whole number"),
        ({"test_mse": [1.0, "2"]}, "test_mse must be a list, each entry a number or null"),
        ({"failures": {"one": "nan"}}, "failures must be an object of texts by seed"),
        ({"paper": "4e-5"}, "paper must be a number or null"),
        ({"structure": {"candidates": []}}, "structure.weights must be .* it is missing"),
        ({"curves": {"test_mse": [1.0]}}, "curves.test_mse must be a list"),
        ({"rewards": [], "passed": []}, "last must be a whole number, but it is missing"),
    ],
)
def test_a_damaged_field_is_named_with_its_file(changes, words):
    with pytest.raises(RunError, match=f"Cannot read file.json: {words}") as caught:
        Cell.from_json(content(**changes), "file.json")
    assert "\n" not in str(caught.value)


def test_a_missing_field_is_named():
    damaged = content()
    del damaged["group"]
    with pytest.raises(RunError, match="group must be a text, but it is missing"):
        Cell.from_json(damaged, "file.json")
