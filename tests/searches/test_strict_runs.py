"""`--bilevel` and `--sparsity` of a search: stored, resumed, and refused in one line."""

import json

import pytest

from diffqas import resume, search
from diffqas.searches.config import config_from_json
from diffqas.storage import read_json

SMALL = {"depth": 1, "epochs": 2, "optimizer": "adam", "seeds": 2, "quiet": True}


@pytest.mark.parametrize(
    "choice", [{"bilevel": True}, {"sparsity": 0.1}, {"sparsity": 1.0, "relaxation": "softmax"}]
)
def test_stored_and_stopped_and_continued(choice, tmp_path, stopped):
    whole = search("narma5", output=tmp_path / "whole", **choice, **SMALL)
    settings = config_from_json(read_json(whole.folder / "config.json")).settings
    assert (settings.bilevel, settings.sparsity) == (
        choice.get("bilevel", False),
        choice.get("sparsity", 0.0),
    )
    with stopped():
        search("narma5", output=tmp_path / "half", **choice, **SMALL)
    again = resume(tmp_path / "half", quiet=True)
    assert again.result["test_mse"] == whole.result["test_mse"]
    assert again.result["ranking"] == whole.result["ranking"]
    records = [
        json.loads(line) for line in (whole.folder / "metrics.jsonl").read_text().splitlines()
    ]
    assert ("validation_mse" in records[0]) == settings.bilevel


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ["narma5", "--bilevel"],
            "`optimizer` must be adam or rmsprop for a bilevel or sparse search, but got kalman",
        ),
        (
            ["narma5", "--sparsity", "-1", "--optimizer", "adam"],
            "`sparsity` must not be negative, but got -1",
        ),
        (
            ["narma5", "--bilevel", "--optimizer", "adam", "--sparsity", "1"],
            "`sparsity` must be 0 in a bilevel search",
        ),
        (
            ["narma5", "--model", "qlstm", "--sparsity", "1", "--optimizer", "adam"],
            "`sparsity` must be 0 where no candidates are weighed by Quantum-Train",
        ),
        (
            ["minigrid-empty-5x5", "--bilevel"],
            "`bilevel` must be used with a data set, but got an environment",
        ),
    ],
)
def test_what_does_not_go_together_is_one_line(options, words, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert words in refused("search", *options)
    assert not list(tmp_path.iterdir())
