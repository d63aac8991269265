"""What a searched layer does with tensors of unusual kinds, and which derivatives it has."""

import pytest
import torch
from torch.func import grad, jacfwd, jacrev, jvp

from diffqas import QLSTM_SPACE, Diagonal, Hermitian, PauliStrings, QuantumLayer
from diffqas.errors import ArgumentError

FEW = tuple(QLSTM_SPACE[index] for index in (0, 7, 20, 28))
KINDS = [
    {},
    {"observables": Hermitian(2), "uploads": 2, "input_scale": "trained"},
    {"observables": Diagonal(2), "sharing": "separate", "structure": "output"},
    {"observables": PauliStrings(("ZII", "XXI"), trained=True), "inputs": 4, "qubits": 3},
]
every_kind = pytest.mark.parametrize("choices", KINDS, ids=str)


def make(randomise, seed=0, **choices):
    sizes = {"inputs": 3, "outputs": 2, "depth": 2, "candidates": FEW}
    return randomise(QuantumLayer(**{**sizes, **choices}).double(), seed)


def trained(layer):
    return [number for number in layer.parameters() if number.requires_grad]


@every_kind
@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 2)])
def test_an_empty_batch_has_gradients_of_zero(choices, shape, randomise):
    layer = make(randomise, **choices)
    x = torch.zeros(*shape, layer.inputs, dtype=torch.float64, requires_grad=True)
    outputs = layer(x)
    assert outputs.shape == (*shape, 2)
    outputs.sum().backward()
    assert x.grad.shape == x.shape
    for number in trained(layer):
        assert torch.equal(number.grad, torch.zeros_like(number))


@every_kind
def test_strides_do_not_matter(choices, randomise, normal):
    layer = make(randomise, **choices)
    turned = normal(1, layer.inputs, 4, 5).permute(2, 1, 0).requires_grad_()
    above = normal(2, 2, 4, 5).permute(2, 1, 0)
    plain = turned.detach().contiguous().requires_grad_()
    found = torch.autograd.grad(layer(turned), [turned, *trained(layer)], above)
    expected = torch.autograd.grad(layer(plain), [plain, *trained(layer)], above.contiguous())
    for one, other in zip(found, expected, strict=True):
        assert torch.equal(one, other)
    shared = normal(3, 1, layer.inputs).expand(6, -1)
    torch.testing.assert_close(layer(shared), layer(shared.contiguous()))


@every_kind
def test_gradients_of_some_numbers_are_those_of_all(choices, randomise, normal):
    layer = make(randomise, **choices)
    x = normal(1, 4, layer.inputs).requires_grad_()
    numbers = [x, *trained(layer)]
    every = torch.autograd.grad(layer(x).cos().sum(), numbers)
    for only, expected in zip(numbers, every, strict=True):
        for number in numbers:
            number.requires_grad_(number is only)
        layer(x).cos().sum().backward()
        torch.testing.assert_close(only.grad, expected)
        assert all(number.grad is None for number in numbers if number is not only)
        only.grad = None


@every_kind
def test_without_any_gradient(choices, randomise, normal):
    layer = make(randomise, **choices).requires_grad_(False)
    x = normal(1, 4, layer.inputs)
    outputs = layer(x)
    assert not outputs.requires_grad
    with torch.inference_mode():
        assert torch.equal(layer(x), outputs)


@every_kind
def test_second_derivatives_are_refused(choices, randomise, normal):
    layer = make(randomise, **choices)
    x = normal(1, 4, layer.inputs).requires_grad_()
    (first,) = torch.autograd.grad(layer(x).square().sum(), x, create_graph=True)
    with pytest.raises(NotImplementedError, match="can be differentiated only once"):
        first.square().sum().backward()
    with pytest.raises(NotImplementedError, match="can be differentiated only once"):
        jacrev(grad(lambda v: layer(v).sum()))(x[0].detach())


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")
@every_kind
def test_forward_mode_is_refused(choices, randomise, normal):
    layer = make(randomise, **choices)
    x = normal(1, layer.inputs)
    for call in (
        lambda: jacfwd(layer)(x),
        lambda: jvp(layer, (x,), (x,)),
        lambda: torch.func.hessian(lambda v: layer(v).sum())(x),
    ):
        with pytest.raises(NotImplementedError, match="take vjp, grad or jacrev"):
            call()


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_tensors_that_are_not_dense(randomise, normal):
    layer, x = make(randomise), normal(1, 4, 3)
    with pytest.raises(ArgumentError, match=r"`x` must be a dense tensor, but got torch\.sparse"):
        layer(x.to_sparse())
    with pytest.raises(ArgumentError, match="`x` must be a dense tensor, but got a nested one"):
        layer(torch.nested.nested_tensor([x, x[:2]]))


def test_numbers_that_change_between_the_passes_are_noticed(randomise, normal):
    layer = make(randomise, observables=Diagonal(2), uploads=2)
    outputs = layer(normal(1, 4, 3))
    with torch.no_grad():
        layer.coefficients.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        outputs.sum().backward()
