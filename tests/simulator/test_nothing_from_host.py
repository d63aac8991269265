"""A step on a card must not wait for the host: no copy between devices, no number read back.

A card is not needed to see it. On the device `meta` tensors have shapes and no numbers, so whatever
a step makes on the CPU, copies from there or reads back is found by name.
"""

from contextlib import nullcontext

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import mse_loss
from torch.optim import adam, rmsprop
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from diffqas import QLSTM, QuantumLayer, QuantumTrain
from diffqas.circuits import (
    QLSTM_SPACE,
    TABLE_I,
    Ansatz,
    Candidate,
    Diagonal,
    Gate,
    Hermitian,
    PauliStrings,
    SearchSpace,
    Slot,
    Z,
)
from diffqas.optim import RECORDERS
from diffqas.optimisers import SOAP, Adam, Kalman, Problem, RMSProp
from diffqas.quantum_train import Lockstep
from diffqas.simulator import (
    heisenberg,
    layered_probabilities,
    mixture,
    observed,
    probabilities,
)

MADE_FROM_PYTHON = {"tensor", "as_tensor", "new_tensor", "from_numpy", "scalar_tensor"}
READ_BACK = {"item", "tolist", "cpu", "numpy", "__bool__", "__int__", "__float__", "equal", "any"}


class FromHost(TorchDispatchMode):
    """Collects the operations that give or take tensors of the CPU."""

    def __init__(self):
        super().__init__()
        self.found = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        tensors = [one for one in tree_leaves((args, kwargs, result)) if torch.is_tensor(one)]
        if any(one.device.type == "cpu" for one in tensors):
            self.found.append(str(func))
        return result


class FromPython(TorchFunctionMode):
    """Collects calls that make tensors of Python's numbers and lists, or read numbers back.

    torch copies these to the device without a word to the dispatcher.
    """

    def __init__(self):
        super().__init__()
        self.found = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        name = getattr(func, "__name__", "")
        index = args[1] if name in ("__getitem__", "__setitem__") else None
        parts = index if isinstance(index, tuple) else (index,)
        listed = any(isinstance(part, (list, np.ndarray)) for part in parts)
        number = name == "__setitem__" and not torch.is_tensor(args[2])
        if listed or number or name in MADE_FROM_PYTHON | READ_BACK:
            self.found.append(name)
        return func(*args, **(kwargs or {}))


def twice(step):
    """What a second step takes from the host; the first may fill caches."""
    step()
    with FromPython() as python, FromHost() as host:
        step()
    return python.found + host.found


class Own(Ansatz):
    """Fixed and learned angles, one and three of them, beside gates without."""

    name = "Own"
    rotations_per_qubit = 2

    def start(self, n):
        return [Gate("h", (q,)) for q in range(n)]

    def layer(self, n):
        turns = [Gate("rx", (q,), Slot(q, 0, 0.5, 0.1)) for q in range(n)]
        return [
            *turns,
            Gate("u3", (0,), (Slot(0, 1), 0.3, Slot(1, 1))),
            Gate("rz", (1,), 0.7),
            Gate("cx", (0, 1)),
        ]


SPACES = {
    "table 1": (TABLE_I, 1),
    "several rotations": (
        SearchSpace([Candidate(rotation=("rz", "ry")), Candidate(True, "ring", "rx")]),
        2,
    ),
    "own": ([Own()], 2),
}


@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize("name", SPACES)
def test_a_step_of_a_mixture_stays_on_the_device(name, separate):
    space, r = SPACES[name]
    shape = (len(space), 3, 4) if separate else (3, 4)
    shape = (*shape, r) if r > 1 else shape
    angles = torch.zeros(shape, device="meta", requires_grad=True)
    weights = torch.zeros(len(space), device="meta", requires_grad=True)

    def step():
        mixture(space, angles, weights, separate=separate).square().sum().backward()

    assert twice(step) == []


@pytest.mark.parametrize("name", SPACES)
def test_probabilities_of_all_candidates_stay_on_the_device(name):
    space, r = SPACES[name]
    shape = (3, 4, r) if r > 1 else (3, 4)
    angles = torch.zeros(shape, device="meta", requires_grad=True)
    assert twice(lambda: probabilities(space, angles).square().sum().backward()) == []


def test_a_circuit_searched_layer_by_layer_stays_on_the_device():
    angles = torch.zeros(1, 3, 4, 1, device="meta", requires_grad=True)
    weights = torch.zeros(1, 3, len(TABLE_I), device="meta", requires_grad=True)
    choice = torch.zeros(1, 3, dtype=torch.int64, device="meta")

    def step():
        layered_probabilities(TABLE_I, angles, choice, weights).sum().backward()

    assert twice(step) == []


@pytest.mark.parametrize("n", [3, 9])
def test_cells_stay_on_the_device(n):
    angles = torch.zeros(2, n, device="meta", requires_grad=True)
    weights = torch.zeros(len(QLSTM_SPACE), device="meta", requires_grad=True)
    inputs = torch.zeros(5, n, device="meta", requires_grad=True)

    def step():
        heisenberg(QLSTM_SPACE, angles, 2, weights=weights)(inputs).sum().backward()

    assert twice(step) == []


OBSERVABLES = {
    "z": Z(),
    "strings": PauliStrings(("ZZII", "XIIX"), trained=True),
    "diagonal": Diagonal(2),
    "hermitian": Hermitian(2),
}


@pytest.mark.parametrize("kind", OBSERVABLES)
def test_layers_stay_on_the_device(kind):
    observables, n, outputs = OBSERVABLES[kind], 4, 2
    angles = torch.zeros(2, n, device="meta", requires_grad=True)
    weights = torch.zeros(1, len(QLSTM_SPACE), device="meta", requires_grad=True)
    inputs = torch.zeros(5, 2, n, device="meta", requires_grad=True)
    shape = observables.numbers(n, outputs)
    trained = None if shape is None else torch.zeros(shape, device="meta", requires_grad=True)

    def step():
        found = observed(
            QLSTM_SPACE,
            inputs,
            angles,
            observables,
            outputs=outputs,
            weights=weights,
            coefficients=trained,
            uploads=2,
        )
        found.sum().backward()

    assert twice(step) == []


class OnMeta:
    """Lets the steps of `meta` be those of a card, and records nothing."""

    def __init__(self, device):
        self.device = device

    def apart(self):
        return nullcontext()

    def draws(self):
        return 0


@pytest.mark.parametrize("optimiser", [Adam(), RMSProp(), SOAP(), Kalman()], ids=lambda o: o.name)
def test_a_step_with_its_optimiser_stays_on_the_device(optimiser, monkeypatch):
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())  # unknown on `meta`
    monkeypatch.setitem(RECORDERS, "meta", OnMeta)
    for module in (adam, rmsprop):
        monkeypatch.setattr(module, "_get_capturable_supported_devices", lambda **_: ["meta"])
    models = [QuantumTrain(nn.Sequential(nn.Linear(3, 2), nn.Tanh()), depth=2) for _ in range(2)]
    population = Lockstep(models).to("meta")
    optimisation = optimiser.make(population, Problem(mse_loss, torch.randn(8, 2), 2, "cosine"))
    inputs, targets = torch.zeros(4, 3, device="meta"), torch.zeros(4, 2, device="meta")
    frozen = torch.zeros(2, dtype=torch.bool, device="meta")
    assert twice(lambda: optimisation.step(inputs, targets, 0.5, frozen)) == []


@pytest.mark.parametrize("recipe", ["default", "paper", "auto"])
def test_a_training_step_of_a_generator_stays_on_the_device(recipe, monkeypatch):
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())  # unknown on `meta`
    model = QuantumTrain(nn.Linear(7, 5), depth=3, recipe=recipe).to("meta")
    inputs = torch.zeros(4, 7, device="meta")
    assert twice(lambda: model(inputs).square().mean().backward()) == []


def test_a_training_step_of_a_cell_stays_on_the_device():
    cell = QLSTM(1, 2, depth=2).to("meta")
    inputs = torch.zeros(4, 3, 1, device="meta")
    assert twice(lambda: cell(inputs)[0].square().mean().backward()) == []


def test_a_training_step_of_a_layer_stays_on_the_device():
    layer = QuantumLayer(4, 3, qubits=4, depth=2, observables=Diagonal(2)).to("meta")
    inputs = torch.zeros(4, 4, device="meta")
    assert twice(lambda: layer(inputs).square().mean().backward()) == []
