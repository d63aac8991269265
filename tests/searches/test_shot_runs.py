"""Searches under finite shots: stored, resumed bit by bit, each seed by itself."""

import json

import pytest
import torch

from diffqas import QuantumTrain, resume, search
from diffqas.architecture import Shots
from diffqas.errors import ArgumentError
from diffqas.storage import RunFolder

SMALL = {"depth": 2, "epochs": 2, "quiet": True}


@pytest.mark.parametrize(
    "options", [{"optimizer": "adam"}, {"optimizer": "kalman", "relaxation": "gumbel"}]
)
def test_a_resumed_search_with_shots_is_the_same_bit_by_bit(options, stopped, tmp_path):
    options = SMALL | options | {"seeds": 2, "shots": 1000}
    whole = search("bessel", output=tmp_path / "whole", **options)
    with stopped():
        search("bessel", output=tmp_path / "part", **options)
    part = resume(tmp_path / "part", quiet=True)
    assert RunFolder(part.folder).records() == RunFolder(whole.folder).records()
    for one, other in zip(part.models, whole.models, strict=True):
        assert torch.equal(one.circuits.angles, other.circuits.angles)


def test_seeds_draw_their_own_shots_in_any_company(tmp_path):
    options = SMALL | {"optimizer": "adam", "dtype": "float64", "shots": 1000}
    together = search("bessel", seeds=2, output=tmp_path / "two", **options)
    alone = search("bessel", seed=1, output=tmp_path / "one", **options)
    exact = search("bessel", seed=1, output=tmp_path / "exact", **{**options, "shots": None})
    torch.testing.assert_close(together.models[1].circuits.angles, alone.models[0].circuits.angles)
    assert not torch.allclose(alone.models[0].circuits.angles, exact.models[0].circuits.angles)


def test_shifted_circuits_train_small_searches(tmp_path):
    options = {"depth": 1, "epochs": 1, "quiet": True, "chunk": 256, "optimizer": "adam"}
    run = search(
        "bessel", shots=100, shot_gradient="parameter-shift", output=tmp_path / "run", **options
    )
    stored = json.loads((run.folder / "config.json").read_text())["run"]["kind"]["shots"]
    assert stored == {"is": "Shots", "count": 100, "gradient": "parameter-shift"}
    assert run.models[0].circuits.shots == Shots(100, "parameter-shift")
    assert isinstance(run.models[0], QuantumTrain)


@pytest.mark.parametrize(
    ("task", "options", "message"),
    [
        ("bessel", {"shots": 0}, "`shots` must be at least 1, but got 0"),
        ("bessel", {"shot_gradient": "exact"}, "`shot_gradient` must go with `shots`"),
        (
            "bessel",
            {"shots": 9, "shot_gradient": "parameter-shift", "depth": 30},
            "`shot_gradient` must be exact above",
        ),
        ("bessel", {"shots": 9, "model": "qlstm"}, "`shots` must be used with the model qt"),
        ("minigrid-empty-5x5", {"shots": 9}, "`shots` must be used with a data set"),
    ],
)
def test_wrong_shots_are_told_before_a_folder_is_made(task, options, message, tmp_path):
    with pytest.raises(ArgumentError, match=message):
        search(task, output=tmp_path / "run", quiet=True, **options)
    assert not (tmp_path / "run").exists()
