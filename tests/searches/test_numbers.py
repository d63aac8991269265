"""Numbers of every option: refused in one line at the door, or sound ones."""

import math
from typing import Any

import pytest

from diffqas.errors import ArgumentError, DiffqasError, RunError
from diffqas.searches import memory, options, prepare
from diffqas.searches.options import family_of
from diffqas.searches.tuning import tune
from diffqas.tasks import Settings

NUMBERS = (math.nan, math.inf, -math.inf, -1, 0, 1e39, 2**63, 2**64, 10**400, 1.5)
WRONG = (*NUMBERS, "", "x", "a\0b", [], ())
QLSTM = ("reservoir", "structure", "hidden_size", "layers", "squash", "classical")
COMPANIONS: dict[str, dict[str, Any]] = {
    "shot_gradient": {"shots": 10},
    "local_epochs": {"clients": 2},
    "split": {"clients": 2},
    **{name: {"model": "qlstm"} for name in QLSTM},
}
"""What an option goes with."""


def call(name: str) -> tuple[str, dict[str, Any]]:
    """A search that has this option, as small as can be."""
    option = options()[name]
    if Settings in option.owners or "AgentSettings" not in {o.__name__ for o in option.owners}:
        choices: dict[str, Any] = {"depth": 1, "epochs": 1}
    else:
        return "CartPole-v1", {"depth": 1, "episodes": 1}
    family = family_of(option)
    if family is not None:
        chosen, words = family
        choices[chosen.name] = words[0]
    task = "digits" if name in ("classes", "data_dir", "target") else "bessel"
    return task, choices | COMPANIONS.get(name, {})


def accepted(task: str, choices: dict[str, Any]) -> bool:
    """Whether a search can be prepared; only errors of ours say no."""
    try:
        prepare(task, quiet=True, **choices)
    except DiffqasError:
        return False
    return True


@pytest.mark.parametrize("name", list(options()))
def test_every_option_is_refused_or_sound(name):
    """No other error than one of ours, which has one line, and no value of another type."""
    task, choices = call(name)
    if task == "CartPole-v1":
        pytest.importorskip("gymnasium")
    declared = options()[name].declared
    for value in WRONG:
        if not accepted(task, choices | {name: value}):
            continue
        if isinstance(value, str) and value != "a\0b":
            assert name in ("csv", "column", "data_dir")
            continue
        assert isinstance(value, int | float)
        assert declared.allows(value), value


@pytest.mark.parametrize("seeds", [0, -1, 2**63, [], [1, 1], [2**40], [math.nan], [1.0]])
def test_wrong_seeds(seeds):
    with pytest.raises(ArgumentError, match="`seed"):
        prepare("bessel", seeds=seeds)


@pytest.mark.parametrize("seed", [-1, 2**40, 2**63, 2**64, 1.0, "x", None, True])
def test_a_wrong_first_seed(seed):
    with pytest.raises(ArgumentError, match="`seed` must be a whole number from 0"):
        prepare("bessel", seed=seed)


@pytest.mark.parametrize("device", ["meta", "", "cpu:7:8", "cuda:99", "a\0b", "mkldnn"])
def test_no_device_to_compute_on(device):
    with pytest.raises(ArgumentError, match="`device` must be"):
        prepare("bessel", device=device)


HUGE = {
    "layers": {"depth": 10**9},
    "layers of separate angles": {"depth": 10**9, "sharing": "separate"},
    "seeds": {"depth": 10**6, "seeds": 100_000},
}


@pytest.mark.parametrize("choices", HUGE.values(), ids=HUGE)
def test_what_no_memory_holds_is_told_before_it_starts(tmp_path, choices):
    found = prepare("bessel", optimizer="adam", quiet=True, output=tmp_path / "run", **choices)
    with pytest.raises(RunError, match=r"needs about .* GiB of memory, and .* are free"):
        found.start()
    assert not (tmp_path / "run").exists()


def test_tuning_tells_it_before_the_first_trial(tmp_path, monkeypatch):
    small = prepare("bessel", depth=1, epochs=1, quiet=True)
    monkeypatch.setattr(memory, "free", lambda device: 2**10)
    with pytest.raises(RunError, match="are free"):
        tune(small, trials=1, storage=tmp_path / "trials.log", quiet=True)
    assert not (tmp_path / "trials.log").exists()


def test_a_small_memory_is_enough_for_a_small_search(tmp_path, monkeypatch):
    small = prepare("bessel", depth=1, epochs=1, quiet=True, output=tmp_path / "run")
    monkeypatch.setattr(memory, "free", lambda device: 2**10)
    with pytest.raises(RunError, match="are free"):
        small.start()
    monkeypatch.setattr(memory, "free", lambda device: None)  # the system does not tell
    small.start()
