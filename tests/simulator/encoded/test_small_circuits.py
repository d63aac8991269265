"""Circuits of a few qubits, where the checks of a call and what torch does around it are the cost.

Calls that look like an earlier one pass a door of their own; it must let through what the checks
let through and nothing else, and gradients are a function of their own only where they have to be.
"""

import pytest
import torch

from diffqas.circuits import QLSTM_SPACE, SearchSpace, Z
from diffqas.errors import ArgumentError
from diffqas.simulator import observed
from diffqas.simulator.encoded.door import door_of

pytest.importorskip("numba", reason="the kernels need numba")

SPACE = SearchSpace([QLSTM_SPACE[0], QLSTM_SPACE[16], QLSTM_SPACE[22]])


@pytest.fixture(autouse=True)
def engine(monkeypatch):
    """On: overrides the fixture of this name."""
    monkeypatch.delenv("DIFFQAS_COMPILED", raising=False)


def outputs(inputs, angles, weights, **options):
    given = {"outputs": 2, "weights": weights, **options}
    return observed(SPACE, inputs, angles, Z(), **given)


@pytest.fixture
def tensors(normal):
    """Inputs of five samples, angles of two layers on three qubits, weights."""
    return [normal(1, 5, 1, 3), normal(2, 2, 3), normal(3, 1, len(SPACE))]


def known(inputs, angles, weights):
    return door_of(SPACE, Z(), 2, 1, False, (inputs, angles, weights)).call is not None


def test_calls_that_look_alike_are_checked_once(tensors, monkeypatch):
    first = outputs(*tensors)
    assert known(*tensors)
    torch.testing.assert_close(outputs(*tensors), first, rtol=0, atol=0)
    other = [2 * each for each in tensors]
    found = outputs(*other)
    assert not known(tensors[0].float(), *tensors[1:])
    assert not known(tensors[0][:4], *tensors[1:])
    monkeypatch.setenv("DIFFQAS_COMPILED", "0")
    torch.testing.assert_close(outputs(*other), found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("outputs", True),
        ("outputs", 2.0),
        ("outputs", [2]),
        ("uploads", True),
        ("uploads", 1.0),
        ("coefficients", torch.zeros(2, 2)),
    ],
)
def test_what_equals_a_known_call_is_refused_as_ever(name, value, tensors):
    outputs(*tensors)
    outputs(*tensors, outputs=1)
    with pytest.raises(ArgumentError, match=name):
        outputs(*tensors, **{name: value})


@pytest.mark.parametrize("place", range(3))
def test_other_dtypes_and_shapes_are_refused_as_ever(place, tensors):
    outputs(*tensors)
    for wrong in (tensors[place].float(), tensors[place][..., :-1], tensors[place].tolist()):
        given = [*tensors[:place], wrong, *tensors[place + 1 :]]
        with pytest.raises(ArgumentError):
            outputs(*given)


def test_the_kernels_may_be_turned_off_between_calls(tensors, monkeypatch):
    compiled = outputs(*tensors)
    monkeypatch.setenv("DIFFQAS_COMPILED", "0")
    monkeypatch.setattr("diffqas.simulator.encoded.polynomial.applied", None)
    torch.testing.assert_close(outputs(*tensors), compiled)


def test_numbers_that_do_not_lie_one_after_the_other(tensors):
    inputs, angles, weights = tensors
    wide = [torch.stack((each, -each), -1)[..., 0] for each in tensors]
    assert not any(each.is_contiguous() for each in wide)
    torch.testing.assert_close(outputs(*wide), outputs(*tensors), rtol=0, atol=0)
    many = inputs[:1].expand(5, 1, 3)
    torch.testing.assert_close(outputs(many, angles, weights)[4], outputs(*tensors)[0])


@pytest.mark.parametrize("wanted", [(0,), (1,), (2,), (0, 2), (0, 1, 2)])
def test_gradients_in_every_way_that_torch_asks_for_them(wanted, tensors):
    leaves = [each.requires_grad_(place in wanted) for place, each in enumerate(tensors)]
    leaves = [each for each in leaves if each.requires_grad]
    assert torch.autograd.gradcheck(lambda *_: outputs(*tensors), leaves)

    result = outputs(*tensors)
    cotangents = torch.stack([torch.ones_like(result), result.detach()])

    def pullback(cotangent):
        return torch.autograd.grad(result, leaves, cotangent, retain_graph=True)

    alone = [pullback(one) for one in cotangents]
    mapped = torch.func.vmap(pullback)(cotangents)
    again = torch.autograd.grad(result, leaves, cotangents[0], create_graph=True)
    for place in range(len(leaves)):
        torch.testing.assert_close(mapped[place], torch.stack([one[place] for one in alone]))
        torch.testing.assert_close(again[place], alone[0][place])
    with pytest.raises(NotImplementedError, match="only once"):
        torch.autograd.grad(again[0].sum(), leaves)


def test_a_batch_of_models(tensors, normal):
    inputs, _, weights = tensors
    angles = normal(5, 4, 2, 3)

    def loss(inputs, angles, weights):
        return outputs(inputs, angles, weights).square().sum()

    each = torch.func.vmap(torch.func.grad_and_value(loss, (0, 1, 2)), (None, 0, None))
    gradients, values = each(inputs, angles, weights)
    for place, own in enumerate(angles):
        alone, value = torch.func.grad_and_value(loss, (0, 1, 2))(inputs, own, weights)
        torch.testing.assert_close(values[place], value)
        for one, other in zip(gradients, alone, strict=True):
            torch.testing.assert_close(one[place], other)


def test_equal_spaces_share_a_door_and_others_do_not(tensors):
    inputs, angles, weights = tensors
    first = outputs(*tensors)

    def of(space):
        return observed(space, inputs, angles, Z(), outputs=2, weights=weights)

    torch.testing.assert_close(of(SearchSpace(tuple(SPACE))), first, rtol=0, atol=0)
    turned = of(SearchSpace(tuple(SPACE)[::-1]))
    torch.testing.assert_close(turned, outputs(inputs, angles, weights.flip(-1)))
