"""`observed` under torch's transforms: batches of models, finite differences, inference mode."""

import pytest
import torch
from torch import nn

from diffqas.circuits import Candidate, Diagonal, Hermitian, PauliStrings, SearchSpace, Z
from diffqas.simulator import observed

SPACE = SearchSpace([Candidate(True, "chain", "ry", "ry"), Candidate(False, "ring", "rx", "ry")])
OBSERVABLES = [
    Z(),
    PauliStrings(("XY", "ZI")),
    PauliStrings(("ZZ", "XI", "IZ"), trained=True),
    Diagonal(2),
    Hermitian(2),
]


def made(normal, observables, *, seeds=()):
    """Inputs, angles, weights and coefficients for two qubits, three samples, two uploads."""
    numbers = observables.numbers(2, 2)
    given = [normal(1, 3, 2, 2), normal(2, *seeds, 2, 2), normal(3, *seeds, 1, len(SPACE))]
    if numbers is not None:
        given.append(normal(4, *seeds, *numbers))
    return given


def outputs(observables, v, theta, w, c=None):
    return observed(SPACE, v, theta, observables, outputs=2, weights=w, coefficients=c, uploads=2)


@pytest.mark.parametrize("observables", OBSERVABLES, ids=repr)
def test_finite_differences(observables, normal):
    given = [each.requires_grad_() for each in made(normal, observables)]
    assert torch.autograd.gradcheck(lambda *each: outputs(observables, *each), given)


@pytest.mark.parametrize("observables", OBSERVABLES, ids=repr)
def test_a_batch_of_models_is_one_after_the_other(observables, normal):
    v, *own = made(normal, observables, seeds=(4,))

    def loss(v, *own):
        return outputs(observables, v, *own).square().sum()

    wanted = tuple(range(len(own) + 1))
    value = torch.func.grad_and_value(loss, argnums=wanted)
    gradients, values = torch.func.vmap(value, (None, *[0] * len(own)))(v, *own)
    for place in range(4):
        alone, expected = value(v, *(each[place] for each in own))
        torch.testing.assert_close(values[place], expected)
        for one, other in zip(gradients, alone, strict=True):
            torch.testing.assert_close(one[place], other)


@pytest.mark.parametrize("observables", OBSERVABLES, ids=repr)
def test_mapping_over_samples_is_broadcasting(observables, normal):
    v, *own = made(normal, observables)
    each = torch.func.vmap(lambda one: outputs(observables, one, *own))(v)
    torch.testing.assert_close(each, outputs(observables, v, *own))
    per_sample = torch.func.vmap(torch.func.grad(lambda one: outputs(observables, one, *own)[0]))
    assert per_sample(v).shape == v.shape


@pytest.mark.parametrize("observables", OBSERVABLES, ids=repr)
def test_many_cotangents_at_once(observables, normal):
    given = [each.requires_grad_() for each in made(normal, observables)]
    result = outputs(observables, *given)
    cotangents = normal(5, 4, *result.shape)

    def pullback(cotangent):
        return torch.autograd.grad(result, given, cotangent, retain_graph=True)

    together = torch.func.vmap(pullback)(cotangents)
    for one, alone in zip(together, zip(*map(pullback, cotangents), strict=True), strict=True):
        torch.testing.assert_close(one, torch.stack(alone))


class Layer(nn.Module):
    def __init__(self, theta, w):
        super().__init__()
        self.theta, self.w = nn.Parameter(theta), nn.Parameter(w)

    def forward(self, v):
        return outputs(Z(), v, self.theta, self.w)


def test_a_functional_call(normal):
    v, theta, w = made(normal, Z())
    layer = Layer(torch.zeros_like(theta), torch.zeros_like(w))
    got = torch.func.functional_call(layer, {"theta": theta, "w": w}, (v,))
    torch.testing.assert_close(got, outputs(Z(), v, theta, w))


def test_a_second_derivative_is_refused(normal):
    v, theta, w = (each.requires_grad_() for each in made(normal, Z()))
    (gradient,) = torch.autograd.grad(outputs(Z(), v, theta, w).sum(), theta, create_graph=True)
    with pytest.raises(NotImplementedError, match="only once"):
        torch.autograd.grad(gradient.sum(), theta)


@pytest.mark.parametrize("wanted", range(4))
def test_only_the_gradient_that_is_wanted(wanted, normal):
    given = made(normal, Diagonal(2))
    alone = given[wanted].requires_grad_()
    (one,) = torch.autograd.grad(outputs(Diagonal(2), *given).square().sum(), alone)
    every = [each.requires_grad_() for each in given]
    full = torch.autograd.grad(outputs(Diagonal(2), *given).square().sum(), every)
    torch.testing.assert_close(one, full[wanted])


def test_first_calls_in_inference_mode_do_not_spoil_training(normal):
    space = [Candidate(True, "star", ("rx", "rz"), "ry")]  # of no other test
    v, theta = normal(1, 2, 1, 3), normal(2, 1, 3, 2)
    for observables in (Z(), PauliStrings(("XYZ",)), Hermitian(1)):
        c = normal(3, *observables.numbers(3, 1)) if isinstance(observables, Hermitian) else None
        with torch.inference_mode():
            observed(space, v, theta, observables, outputs=1, coefficients=c)
        angles = theta.clone().requires_grad_()
        observed(space, v, angles, observables, outputs=1, coefficients=c).sum().backward()
        assert angles.grad is not None
