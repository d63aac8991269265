"""`--cost` of a search: told by the result, stored, resumed, and refused in one line."""

import pytest

from diffqas import resume, search
from diffqas.cli import main
from diffqas.reports import RunResult

SMALL = {"depth": 1, "epochs": 2, "optimizer": "soap", "quiet": True}
COST = {"cost": "two-qubit-gates", "cost_weight": 0.3}


def test_written_weights_are_told_stopped_and_continued(tmp_path, stopped, capsys):
    choices = {**SMALL, **COST, "seeds": 2}
    whole = search("narma5", output=tmp_path / "whole", **choices)
    with stopped():
        search("narma5", output=tmp_path / "half", **choices)
    again = resume(tmp_path / "half", quiet=True)
    assert again.result["cost"] == whole.result["cost"]
    found = RunResult.from_json(whole.result).cost
    assert found is not None
    assert (found.count, found.coupling, found.weight) == ("two-qubit-gates", "all", 0.3)
    assert all(value is not None and 10 < value < 11 for value in found.expected)
    assert (found.largest, found.candidates["H-Ent-RY"]) == (11, 10)
    main(["show", str(tmp_path / "whole")])
    assert "two-qubit gates expected" in capsys.readouterr().out


def test_a_searched_layer_tells_its_cost(tmp_path):
    run = search("iris", model="vqc", output=tmp_path / "run", baselines=False, **SMALL, **COST)
    cost = run.result["cost"]
    assert cost["largest"] == 4
    assert 3 < cost["expected"][0] < 4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ["bessel", "--cost", "depth", "--cost-weight", "1"],
            "`optimizer` must be adam, rmsprop or soap where costs are weighed, but got kalman",
        ),
        (["bessel", "--coupling", "line"], "`coupling` must go with a `cost`"),
        (
            ["bessel", "--model", "qlstm", "--cost", "depth"],
            "`cost` must be used with the model qt or vqc",
        ),
        (
            ["bessel", "--per-layer", "--cost", "depth"],
            "`cost` must be used with the model qt or vqc",
        ),
        (
            ["bessel", "--generator", "hashed", "--cost", "depth"],
            "`cost` must go with the generator circuits",
        ),
        (
            ["minigrid-empty-5x5", "--cost", "depth"],
            "`cost` must be used with a data set, but got an environment",
        ),
    ],
)
def test_what_does_not_go_together_is_one_line(options, words, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert words in refused("search", *options)
    assert not list(tmp_path.iterdir())
