"""Circuits that are not trained are simulated once, and give what they would give each time."""

import copy
import pickle

import pytest
import torch

from diffqas.architecture import CircuitMixture, Gumbel, Raw
from diffqas.architecture import mixture as module
from diffqas.circuits import TABLE_I


@pytest.fixture
def simulated(monkeypatch):
    """Lists every run of the simulator."""
    runs, own = [], module.mixture
    monkeypatch.setattr(
        module, "mixture", lambda *args, **kwargs: runs.append(1) or own(*args, **kwargs)
    )
    return runs


def circuits(trained: bool = False, relaxation=None, lead=()):
    torch.manual_seed(0)
    return (
        CircuitMixture(TABLE_I, 4, 2, relaxation or Raw(), lead=lead)
        .double()
        .requires_grad_(trained)
    )


def test_frozen_circuits_are_simulated_once(simulated):
    frozen = circuits(lead=(3,))
    first = frozen()
    assert len(simulated) == 1
    assert torch.equal(frozen(), first)
    assert len(simulated) == 1
    torch.testing.assert_close(first, circuits(True, lead=(3,))().detach())


@pytest.mark.parametrize("name", ["angles", "structure"])
def test_another_number_is_another_simulation(simulated, name):
    frozen = circuits()
    before = frozen()
    with torch.no_grad():
        frozen.get_parameter(name)[0] += 0.5
    after = frozen()
    assert len(simulated) == 2
    assert not torch.allclose(before, after)


@pytest.mark.parametrize("name", ["angles", "structure"])
def test_what_is_trained_is_simulated_each_time_with_its_gradient(simulated, name):
    half = circuits()
    half.get_parameter(name).requires_grad_(True)
    for _ in range(2):
        half().square().sum().backward()
    assert len(simulated) == 2
    assert half.get_parameter(name).grad.abs().sum() > 0


def test_thawed_circuits_learn_again(simulated):
    frozen = circuits()
    frozen()
    frozen.requires_grad_(True)
    assert frozen().requires_grad


def test_what_was_kept_under_inference_mode_may_be_trained_with(simulated):
    frozen = circuits()
    with torch.inference_mode():
        frozen()
    weight = torch.ones(16, dtype=torch.float64, requires_grad=True)
    (frozen() * weight).sum().backward()
    torch.testing.assert_close(weight.grad, frozen())
    assert len(simulated) == 1


def test_another_precision_is_another_simulation():
    frozen = circuits()
    assert frozen().dtype == torch.float64
    assert frozen.float()().dtype == torch.float32


def test_copies_keep_nothing(simulated):
    frozen = circuits()
    frozen()
    state = pickle.dumps(frozen)
    frozen()
    assert len(pickle.dumps(circuits())) == len(state)
    copy.deepcopy(frozen)()
    assert len(simulated) == 2


def test_noise_of_a_relaxation_is_not_kept():
    frozen = circuits(relaxation=Gumbel())
    first, second = frozen(), frozen()
    assert not torch.allclose(first, second)
