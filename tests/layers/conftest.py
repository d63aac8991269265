"""A slow quantum LSTM: one gate, one candidate, one sample after the other, on dense matrices."""

from dataclasses import dataclass

import pytest
import torch

from diffqas import Ansatz, Gate, InputSlot, Slot
from diffqas.layers import SQUASHES
from diffqas.simulator import dense_expectations, dense_observed


def slow_gate(layer, gate, v):
    """Output of one gate at one v, (outputs,)."""
    row = gate if len(layer.structure) > 1 else 0
    total = torch.zeros(layer.outputs, dtype=torch.float64)
    for place, index in enumerate(layer.choice[row].tolist()):
        theta = layer.angles[gate, place] if layer.sharing == "separate" else layer.angles[gate]
        found = dense_expectations([layer.candidates[index]], v, theta, layer.outputs)[0]
        total = total + layer.weights[row, place] * found
    return total


def slow_step(cell, layer, x, h, c):
    v = SQUASHES[cell.squash](torch.cat((x, h)))
    f, i, o = (torch.sigmoid(slow_gate(layer, gate, v)) for gate in range(3))
    c = f * c + i * torch.tanh(slow_gate(layer, 3, v))
    return o * torch.tanh(c), c


def slow_lstm(cell, x, state):
    """What `cell(x, state)` must give, for x (batch, time, input)."""
    outputs, hidden, memory = [], [], []
    for sample in range(len(x)):
        sequence, last = x[sample], []
        for index, layer in enumerate(cell.circuits):
            h, c = state[0][index, sample], state[1][index, sample]
            moments = []
            for moment in sequence:
                h, c = slow_step(cell, layer, moment, h, c)
                moments.append(h)
            sequence = torch.stack(moments)
            last.append((h, c))
        outputs.append(sequence)
        hidden.append(torch.stack([h for h, _ in last]))
        memory.append(torch.stack([c for _, c in last]))
    return torch.stack(outputs), (torch.stack(hidden, 1), torch.stack(memory, 1))


@pytest.fixture(scope="session")
def slow():
    return slow_lstm


@pytest.fixture(scope="session")
def normal():
    """`normal(seed, *shape)`: float64 normal numbers from a seed."""
    return lambda seed, *shape: torch.randn(
        shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


@pytest.fixture(scope="session")
def randomise():
    """Fill angles and structure of a cell with normal numbers: nothing is near 0 or alike."""

    def fill(cell, seed=0):
        draw = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in cell.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=draw, dtype=torch.float64))
        return cell

    return fill


def slow_layer(layer, x):
    """What `layer(x)` must give for one sample (inputs,), candidate by candidate, in float64."""
    rows = []
    for upload in range(layer.uploads):
        for encoding in range(layer.encodings):
            row = []
            for qubit in range(layer.n):
                index = (encoding * layer.n + qubit) % layer.inputs
                factor = 1.0 if layer.factors is None else layer.factors[upload, index]
                row.append(factor * x[index])
            rows.append(torch.stack(row))
    total = torch.zeros(layer.outputs, dtype=torch.float64)
    for output in range(layer.outputs):
        row = output if len(layer.structure) > 1 else 0
        for weight, index in zip(layer.weights[row], layer.choice[row].tolist(), strict=True):
            angles = layer.angles[index] if layer.sharing == "separate" else layer.angles
            if layer.candidates.angles_per_qubit == 1:
                angles = angles.unsqueeze(-1)
            found = dense_observed(
                [layer.candidates[index]],
                torch.stack(rows),
                angles,
                layer.observables,
                outputs=layer.outputs,
                coefficients=layer.coefficients,
            )
            one = torch.zeros(layer.outputs, dtype=torch.float64)
            one[output] = 1
            total = total + weight * found[0] * one
    return total


@pytest.fixture(scope="session")
def slow_quantum_layer():
    return slow_layer


@dataclass(frozen=True)
class Designed(Ansatz):
    """A circuit of one's own that takes data: gates on pairs, factors and offsets."""

    rotations_per_qubit = 2

    def start(self, n):
        return [Gate("h", (0,))]

    def encode(self, n):
        pairs = [Gate("rzz", (q, q + 1), InputSlot(q, 0.5, 0.1)) for q in range(n - 1)]
        return [Gate("ry", (q,), InputSlot(q)) for q in range(n)] + pairs

    def layer(self, n):
        turns = [Gate("ry", (q,), Slot(q, 1, -2.0)) for q in range(n)]
        return turns + [Gate("crx", (q, (q + 1) % n), Slot(q)) for q in range(n)]


@pytest.fixture(scope="session")
def designed():
    return Designed()
