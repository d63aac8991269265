"""Models inside `torch.compile`: circuits are called as they are, and training is the same."""

import copy

import pytest
import torch
from torch import nn

from diffqas import (
    QFWP,
    QLSTM,
    QLSTM_SPACE,
    TABLE_I,
    Diagonal,
    Hermitian,
    PauliStrings,
    QuantumLayer,
    QuantumTrain,
)
from diffqas.errors import DiffqasError
from diffqas.layers import Forecaster
from diffqas.simulator import expectations, heisenberg, mixture, observed, probabilities

FEW = tuple(QLSTM_SPACE[index] for index in (0, 7, 20, 28))


def around(layer):
    return nn.Sequential(nn.Linear(3, layer.inputs), layer, nn.Tanh(), nn.Linear(2, 1))


class First(nn.Module):
    """Outputs of a recurrent layer, without its state."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x)[0]


def network():
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))


MODELS = {
    "z": lambda: around(QuantumLayer(3, 2)),
    "diagonal": lambda: around(QuantumLayer(3, 2, observables=Diagonal(2), uploads=2)),
    "hermitian": lambda: around(
        QuantumLayer(3, 2, candidates=FEW, observables=Hermitian(2), input_scale="trained")
    ),
    "strings": lambda: around(
        QuantumLayer(3, 2, candidates=FEW, observables=PauliStrings(("ZXI", "IYZ"), trained=True))
    ),
    "softmax": lambda: around(QuantumLayer(4, 2, qubits=3, relaxation="softmax")),
    "layer alone": lambda: QuantumLayer(3, 2, candidates=FEW),
    "lstm": lambda: Forecaster(QLSTM(1, 2, depth=2, candidates=FEW)),
    "programmed": lambda: First(QFWP(3, 2, qubits=3, depth=1, candidates=FEW)),
    "written": lambda: QuantumTrain(network(), depth=2),
    "written, auto": lambda: QuantumTrain(network(), depth=2, recipe="auto"),
    "written per layer": lambda: QuantumTrain(network(), depth=2, per_layer=True, recipe="paper"),
    "hashed": lambda: QuantumTrain(network(), generator="hashed", numbers=5),
}


def trained(model, call, x):
    """Losses of a few steps, the last one without gradients."""
    torch.manual_seed(1)  # of Gumbel noise
    optimiser = torch.optim.Adam(model.parameters(), 0.05)
    losses = []
    for _ in range(3):
        optimiser.zero_grad()
        loss = call(x).square().mean()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    with torch.no_grad():
        return [*losses, call(x).square().mean().item()]


@pytest.fixture(autouse=True)
def fresh_compiler():
    torch.compiler.reset()
    yield
    torch.compiler.reset()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODELS)
def test_training_is_that_of_the_model_itself(name):
    torch.manual_seed(0)
    model = MODELS[name]()
    x = torch.randn(4, 5) if name == "lstm" else torch.randn(6, 3)
    if name == "programmed":
        x = torch.randn(2, 4, 3)
    twin = copy.deepcopy(model)
    expected = trained(twin, twin, x)
    found = trained(model, torch.compile(model, backend="aot_eager"), x)
    assert found == pytest.approx(expected, rel=1e-5)
    assert found[-1] != pytest.approx(found[0], rel=1e-3)
    for own, other in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(own, other)


@pytest.mark.filterwarnings("ignore")
def test_functions_of_the_simulator():
    angles = torch.randn(2, 3)
    weights, inputs = torch.ones(1, 4), torch.randn(5, 1, 3)
    space = TABLE_I[:4]

    def every(theta):
        found = [
            probabilities(space, theta).flatten(),
            mixture(space, theta, weights[0]),
            observed(FEW, inputs, theta, Diagonal(1), outputs=2, weights=weights, **numbers)[:, 0],
            expectations(FEW, inputs, theta.unsqueeze(0), 2).flatten(),
            heisenberg(FEW, theta, 2, weights=weights[0])(inputs).flatten(),
        ]
        return torch.cat([one * 2 for one in found])

    numbers = {"coefficients": torch.randn(2, 2)}
    compiled = torch.compile(every, backend="aot_eager")
    for call in (every, compiled):
        theta = angles.clone().requires_grad_()
        outputs = call(theta)
        gradient = torch.autograd.grad(outputs.cos().sum(), theta)[0]
        if call is every:
            expected = outputs.detach(), gradient
    torch.testing.assert_close((outputs.detach(), gradient), expected)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["z", "lstm", "written", "programmed"])
@pytest.mark.parametrize("trace", [torch.jit.trace, torch.export.export])
def test_a_trace_is_refused_with_the_reason(name, trace):
    model = MODELS[name]()
    x = {"lstm": torch.randn(4, 5), "programmed": torch.randn(2, 4, 3)}.get(name, torch.randn(6, 3))
    with pytest.raises(DiffqasError, match="ONNX has no operator for quantum circuits") as caught:
        trace(model, (x,))
    assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore")
def test_a_full_graph_is_refused_with_the_reason():
    model = torch.compile(MODELS["z"](), backend="aot_eager", fullgraph=True)
    with pytest.raises(Exception, match="circuits have compiled kernels of their own"):
        model(torch.zeros(2, 3))
