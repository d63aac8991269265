"""DeepQuantum: the circuits of an entangler and an axis differ in their starts, which are a batch.

One circuit per encoding axis takes the samples as its data, one per entangler and axis the angles;
the states of all starts and samples go through the latter together. complex64.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

import deepquantum as dq
import torch
from torch import Tensor

from .torch_parts import trained_by_torch
from .workload import Circuit, Size, cnots, window_states

VERSION = f"deepquantum {version('deepquantum')}, torch {torch.__version__}"


def _encoder(n: int, axis: str) -> dq.QubitCircuit:
    circuit = dq.QubitCircuit(n)
    for qubit in range(n):
        getattr(circuit, f"r{axis}")(qubit, encode=True)
    return circuit


def _layers(size: Size, ring: bool, axis: str) -> dq.QubitCircuit:
    """What stands behind one upload; its angles are data, so that gradients reach them."""
    circuit = dq.QubitCircuit(size.qubits)
    for _ in range(size.layers):
        for control, target in cnots(size.qubits, ring):
            circuit.cnot(control, target)
        for qubit in range(size.qubits):
            getattr(circuit, f"r{axis}")(qubit, encode=True)
    return circuit


def make_step(size: Size, circuits: tuple[Circuit, ...]) -> Callable:
    """Circuits are sorted into heads (start, encoding) and bodies (entangler, axis)."""
    n = size.qubits
    bodies = sorted({(c.ring, c.axis) for c in circuits})
    heads = sorted({(c.hadamard, c.encoding) for c in circuits})
    table = torch.tensor(
        [[circuits.index(Circuit(*head, *body)) for head in heads] for body in bodies]
    )
    encoders = {axis: _encoder(n, axis) for _, axis in heads}
    layers = [_layers(size, *body) for body in bodies]
    zero = torch.zeros(2**n, 1, dtype=torch.complex64)
    zero[0] = 1
    plus = torch.full((2**n, 1), 2 ** (-n / 2), dtype=torch.complex64)
    inside = torch.from_numpy(window_states(size))

    def encoded(x: Tensor, states: list[Tensor]) -> Tensor:
        """States of each head, (2**n, 1) or (samples, 2**n, 1) -> (heads, samples, 2**n, 1)."""
        pairs = zip(heads, states, strict=True)
        return torch.stack([encoders[axis](data=x, state=state) for (_, axis), state in pairs])

    def outputs(x: Tensor, theta: Tensor, w: Tensor, diagonals: Tensor) -> Tensor:
        start = encoded(x, [plus if hadamard else zero for hadamard, _ in heads])
        mixture = 0
        for body, members in zip(layers, table, strict=True):
            states = start
            for upload, angles in enumerate(theta.split(size.layers)):
                if upload > 0:
                    states = encoded(x, list(states))
                states = body(data=angles.flatten(), state=states.flatten(0, 1))
                states = states.view(start.shape)
            squared = states[..., 0].real.square() + states[..., 0].imag.square()
            mixture = mixture + torch.einsum("j,jbs->bs", w[members], squared)
        return mixture @ diagonals.gather(1, inside).t()

    return trained_by_torch(size, outputs)
