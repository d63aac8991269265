"""A cell is read as it was written, and a damaged one is refused in one line."""

import json
import math
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
        ({"row": 3}, "`row` should be a text, but is 3"),
        ({"seeds": [0, "1"]}, "`seeds` should be a whole number, but is '1'"),
        ({"seeds": [0, 0]}, "`seeds` should be a list with each seed once"),
        ({"deterministic": 0}, "`deterministic` should be true or false"),
        ({"trainable": True}, "`trainable` should be a whole number"),
        ({"trainable": -1}, "`trainable` should be at least 0"),
        ({"trainable": 10**400}, "`trainable` should be a whole number of at most 64 bits"),
        ({"test_mse": [1.0, "2"]}, "`test_mse` should be a number, but is '2'"),
        ({"failures": {"one": "nan"}}, "`failures.one` should be named by a seed"),
        ({"failures": {"1": 0}}, "`failures.1` should be a text"),
        ({"paper": "4e-5"}, "`paper` should be a number"),
        ({"seconds": math.nan}, "`seconds` should be a finite number"),
        ({"structure": {"candidates": []}}, "it lacks `structure.leading`"),
        ({"structure": PARTS["structure"] | {"leading": [0, 7]}}, "`structure.leading` should be"),
        ({"structure": PARTS["structure"] | {"weights": [[1.0], []]}}, "a list of 1 entries"),
        ({"layers": [["a"]]}, "`layers` should be a list of 2 entries, one per seed"),
        ({"curves": {"test_mse": [1.0]}}, "`curves.test_mse` should be a list"),
        ({"curves": {"test_mse": [[1.0]]}}, "`curves.test_mse` should be a list of 2 entries"),
        ({"rewards": [], "passed": [None, 3]}, "it lacks `last`"),
        ({"rewards": [{"episode": [], "mean": [], "deviation": []}]}, "`rewards` should be a list"),
        ({"federated": []}, "`federated` should be an object"),
    ],
)
def test_a_damaged_field_is_named_with_its_file(changes, words):
    with pytest.raises(RunError, match=f"Cannot use file.json: .*{words}") as caught:
        Cell.from_json(content(**changes), "file.json")
    assert "\n" not in str(caught.value)


def test_a_missing_field_is_named():
    damaged = content()
    del damaged["group"]
    with pytest.raises(RunError, match=r"Cannot use file\.json: it lacks `group`"):
        Cell.from_json(damaged, "file.json")
