"""Searches under finite shots: stored, resumed bit by bit, each seed by itself."""

import json

import pytest
import torch

from diffqas import QuantumTrain, resume, search
from diffqas.architecture import Shots
from diffqas.errors import ArgumentError
from diffqas.searches import prepare
from diffqas.searches.command import command_of
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


ON_DEVICE = {"readout": 0.01, "depolarising": 0.001}
TINY = {"model": "vqc", "epochs": 2, "qubits": 2, "baselines": False, "quiet": True}


@pytest.mark.parametrize(
    ("task", "options"),
    [
        ("bessel", SMALL | {"chunk": 64, "optimizer": "kalman"}),
        ("bessel", SMALL | {"chunk": 64, "optimizer": "adam", "relaxation": "gumbel", "shots": 99}),
        ("iris", TINY),
        ("iris", TINY | {"relaxation": "gumbel", "shots": 99}),
    ],
)
def test_a_search_on_a_device_is_resumed_bit_by_bit(task, options, stopped, tmp_path):
    options = options | ON_DEVICE | {"seeds": 2}
    whole = search(task, output=tmp_path / "whole", **options)
    with stopped():
        search(task, output=tmp_path / "part", **options)
    part = resume(tmp_path / "part", quiet=True)
    assert RunFolder(part.folder).records() == RunFolder(whole.folder).records()
    for one, other in zip(part.models, whole.models, strict=True):
        for number, same in zip(one.parameters(), other.parameters(), strict=True):
            assert torch.equal(number, same)


@pytest.mark.parametrize(
    ("task", "options"), [("bessel", SMALL | {"chunk": 64, "optimizer": "adam"}), ("iris", TINY)]
)
def test_rates_of_zero_change_no_bit(task, options, tmp_path):
    options = options | {"epochs": 1}
    exact = search(task, output=tmp_path / "exact", **options)
    zero = search(task, output=tmp_path / "zero", readout=0.0, depolarising=0.0, **options)
    noisy = search(task, output=tmp_path / "noisy", readout=0.05, **options)
    records = [RunFolder(run.folder).records() for run in (exact, zero, noisy)]
    assert records[0] == records[1] != records[2]


def test_the_command_repeats_what_a_device_does():
    config = prepare("iris", shots=50, **TINY | ON_DEVICE).config
    words = command_of(config).text
    for said in ("--shots 50", "--readout 0.01", "--depolarising 0.001"):
        assert said in words


@pytest.mark.parametrize(
    ("task", "options", "message"),
    [
        ("iris", {"shots": 9, "shot_gradient": "parameter-shift"}, "`shot_gradient` must be exact"),
        ("iris", {"shots": 9, "fit_observables": True}, "`fit_observables` must go with exact"),
        ("iris", {"readout": 0.1, "observables": "hermitian"}, "`readout` must be 0 in training"),
        ("iris", {"readout": 0.6}, "`readout` must be at least 0 and at most 0.5, but got 0.6"),
        ("iris", {"depolarising": 0.2}, "`depolarising` must be at least 0 and at most 0.1"),
    ],
)
def test_a_layer_refuses_what_a_device_cannot_do(task, options, message, tmp_path):
    with pytest.raises(ArgumentError, match=message):
        search(task, output=tmp_path / "run", **TINY | options)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("task", "options", "message"),
    [
        ("bessel", {"readout": 0.1, "model": "qlstm"}, "`readout` must be used with the model qt"),
        ("bessel", {"readout": 0.1, "per_layer": True}, "`readout` must not be used with a search"),
        ("bessel", {"depolarising": 0.1, "generator": "hashed"}, "`depolarising` must go with"),
        ("minigrid-empty-5x5", {"readout": 0.1}, "`readout` must be used with a data set"),
    ],
)
def test_errors_are_refused_where_no_circuit_is_trained_with_them(task, options, message, tmp_path):
    with pytest.raises(ArgumentError, match=message):
        search(task, output=tmp_path / "run", quiet=True, **options)
