"""Derivatives by finite differences, long circuits in float32, and precision kept as given."""

from itertools import product

import pytest
import torch

from diffqas.circuits import TABLE_I, Candidate, SearchSpace
from diffqas.simulator import mixture, probabilities
from diffqas.simulator.reversible import _Undone

EULER = SearchSpace(
    [Candidate(rotation=("rz", "ry", "rz")), Candidate(True, "ring", ("rx", "rz")), Candidate()]
)
LIVE = SearchSpace([TABLE_I[i] for i in (1, 4, 6, 7, 9, 10)])


@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize("space", [TABLE_I, EULER], ids=["table", "euler"])
def test_finite_differences(space, separate, normal):
    shape = (*([len(space)] if separate else []), 2, 3, *([3] if space is EULER else []))
    angles = normal(1, *shape).requires_grad_()
    assert torch.autograd.gradcheck(lambda a: probabilities(space, a, separate=separate), angles)


@pytest.mark.parametrize("space", [TABLE_I, EULER], ids=["table", "euler"])
def test_finite_differences_of_the_mixture(space, normal):
    angles = normal(2, 2, 3, *([3] if space is EULER else [])).requires_grad_()
    weights = normal(3, len(space)).requires_grad_()
    assert torch.autograd.gradcheck(lambda a, w: mixture(space, a, w), (angles, weights))


@pytest.mark.parametrize("candidate", LIVE, ids=lambda candidate: candidate.name)
def test_live_candidates_have_a_gradient_and_constants_none(candidate, normal):
    angles = normal(4, 3, 4).requires_grad_()
    cotangent = normal(5, 1, 16)
    (gradient,) = torch.autograd.grad(probabilities([candidate], angles), angles, cotangent)
    assert gradient.abs().max() > 1e-3
    both = probabilities(SearchSpace([candidate, TABLE_I[0]]), angles)
    (alone,) = torch.autograd.grad(both, angles, torch.cat((cotangent, normal(6, 1, 16))))
    torch.testing.assert_close(alone, gradient)


@pytest.mark.parametrize("space", [TABLE_I, EULER], ids=["table", "euler"])
@pytest.mark.parametrize("separate", [False, True])
def test_many_cotangents_at_once_are_one_after_the_other(space, separate, normal):
    own = [len(space)] if separate else []
    angles = normal(9, 2, *own, 3, 4, *([3] if space is EULER else [])).requires_grad_()
    weights = normal(10, 2, len(space)).requires_grad_()
    mixed = mixture(space, angles, weights, separate=separate)
    cotangents = normal(11, 5, *mixed.shape)

    def pullback(cotangent):
        return torch.autograd.grad(mixed, (angles, weights), cotangent, retain_graph=True)

    together = torch.func.vmap(pullback)(cotangents)
    for one, alone in zip(together, zip(*map(pullback, cotangents), strict=True), strict=True):
        torch.testing.assert_close(one, torch.stack(alone))


def assert_one_after_the_other(outputs, inputs, count):
    """Pullbacks of many cotangents under vmap are those of each cotangent alone, in float64 to
    1e-10.
    """
    generator = torch.Generator().manual_seed(count)
    cotangents = torch.randn(count, *outputs.shape, generator=generator, dtype=torch.float64)

    def pullback(cotangent):
        return torch.autograd.grad(
            outputs, inputs, cotangent, retain_graph=True, materialize_grads=True
        )

    together = torch.func.vmap(pullback)(cotangents)
    for one, alone in zip(together, zip(*map(pullback, cotangents), strict=True), strict=True):
        torch.testing.assert_close(one, torch.stack(alone), rtol=0, atol=1e-10)


@pytest.mark.parametrize("n", range(1, 13))
def test_many_cotangents_on_any_number_of_qubits(n, normal):
    angles, weights = normal(n, 2, n).requires_grad_(), normal(n + 1, 12).requires_grad_()
    assert_one_after_the_other(mixture(TABLE_I, angles, weights), (angles, weights), 3)


@pytest.mark.parametrize("count", [1, 2, 17, 36])
@pytest.mark.parametrize("lead", [(), (1,), (2, 3)])
def test_any_number_of_cotangents_with_any_leading_dimensions(count, lead, normal):
    angles, weights = normal(1, *lead, 2, 4).requires_grad_(), normal(2, *lead, 12).requires_grad_()
    assert_one_after_the_other(mixture(TABLE_I, angles, weights), (angles, weights), count)


@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize("rotation", [("ry", "ry"), ("rx", "rx"), ("rz", "ry", "rz")], ids="-".join)
def test_many_cotangents_of_each_candidate_with_several_rotations(rotation, separate, normal):
    space = SearchSpace(
        [Candidate(hadamard, rotation=rotation) for hadamard in (False, True)] + [Candidate()]
    )
    angles = normal(3, 2, *([3] if separate else []), 3, 4, len(rotation)).requires_grad_()
    assert_one_after_the_other(probabilities(space, angles, separate=separate), (angles,), 4)


def test_cotangents_under_two_vmaps(normal):
    angles, weights = normal(1, 2, 3, 4).requires_grad_(), normal(2, 2, 12).requires_grad_()
    mixed = mixture(TABLE_I, angles, weights)
    cotangents = normal(3, *mixed.shape, 3, 4)  # the mapped dimensions stand last

    def pullback(cotangent):
        return torch.autograd.grad(mixed, (angles, weights), cotangent, retain_graph=True)

    nested = torch.func.vmap(torch.func.vmap(pullback, in_dims=-1), in_dims=-2)(cotangents)
    flat = torch.func.vmap(pullback)(cotangents.flatten(-2).movedim(-1, 0))
    for one, other in zip(nested, flat, strict=True):
        torch.testing.assert_close(one, other.unflatten(0, (3, 4)), rtol=0, atol=1e-12)


@pytest.mark.parametrize("dims", list(product((0, None), repeat=3))[:-1])
def test_undone_layers_with_any_arguments_mapped(dims, normal):
    shapes = ((2, 3, 4, 2, 2), (2, 16, 2), (2, 5, 16, 2))
    tensors = [normal(i, *([] if dim is None else [3]), *shapes[i]) for i, dim in enumerate(dims)]
    layers = tuple(Candidate(entangler=name).cnots(4) for name in ("ent", "ring"))
    got = torch.func.vmap(lambda *given: _Undone.apply(layers, *given), in_dims=dims)(*tensors)
    for i in range(3):
        given = [
            tensor if dim is None else tensor[i] for tensor, dim in zip(tensors, dims, strict=True)
        ]
        torch.testing.assert_close(got[i], _Undone.apply(layers, *given), rtol=1e-10, atol=1e-10)


def vector_jacobian_product(space, angles, cotangent):
    angles = angles.detach().clone().requires_grad_()
    result = probabilities(space, angles)
    (gradient,) = torch.autograd.grad(result, angles, cotangent.to(result.dtype))
    return result.detach(), gradient


@pytest.mark.parametrize("space", [TABLE_I, EULER], ids=["table", "euler"])
@pytest.mark.parametrize("depth", [3, 150])
def test_float32_stays_close_to_float64(space, depth, normal):
    # The backward pass undoes every layer: round-off must not build up along a deep circuit.
    angles = normal(7, depth, 6, *([3] if space is EULER else []))
    cotangent = normal(8, len(space), 64)
    exact, exact_gradient = vector_jacobian_product(space, angles.float().double(), cotangent)
    single, single_gradient = vector_jacobian_product(space, angles.float(), cotangent)
    assert single.dtype == single_gradient.dtype == torch.float32
    torch.testing.assert_close(single.double(), exact, rtol=0, atol=1e-5)
    error = (single_gradient.double() - exact_gradient).abs().max() / exact_gradient.abs().max()
    assert error < 1e-5 * max(1, depth**0.5)


def test_a_deep_circuit_in_float32_keeps_its_norm(normal):
    result = probabilities(LIVE, normal(9, 300, 6).float())
    assert result.dtype == torch.float32
    assert (result >= 0).all()
    assert (result.sum(-1) - 1).abs().max() < 1e-4


@pytest.mark.parametrize("space", [TABLE_I, EULER], ids=["table", "euler"])
def test_the_gradient_can_be_taken_while_it_is_recorded(space, normal):
    angles = normal(10, 2, 3, *([3] if space is EULER else [])).requires_grad_()
    (expected,) = torch.autograd.grad(probabilities(space, angles)[1, 1], angles)
    (recorded,) = torch.autograd.grad(probabilities(space, angles)[1, 1], angles, create_graph=True)
    functional = torch.func.grad(lambda a: probabilities(space, a)[1, 1])(angles.detach())
    torch.testing.assert_close(recorded, expected)
    torch.testing.assert_close(functional, expected)
