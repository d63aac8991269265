"""diffqas: one call of `QFWP` per step. float32."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

import diffqas
from diffqas import QFWP, Candidate

from .workload import CIRCUITS, Data, Size

VERSION = f"diffqas {diffqas.__version__}, torch {torch.__version__}"


def make_step(size: Size) -> Callable:
    """Forward, loss and gradients by torch, as in training."""
    candidates = [
        Candidate(
            circuit.hadamard,
            "ring" if circuit.ring else "ent",
            f"r{circuit.axis}",
            f"r{circuit.encoding}",
        )
        for circuit in CIRCUITS
    ]
    cell = QFWP(1, size.outputs, size.qubits, size.depth, candidates, latent_size=size.latent)
    slow = cell.slow
    numbers = [
        *(slow.encoder.weight, slow.encoder.bias),
        *(slow.to_layers.weight, slow.to_layers.bias),
        *(slow.to_qubits.weight, slow.to_qubits.bias),
        cell.circuits.structure,
    ]

    def step(given: Data) -> tuple[float, list[np.ndarray]]:
        with torch.no_grad():
            for number, array in zip(numbers, given.trained, strict=False):
                number.copy_(torch.from_numpy(array))
        x, y = torch.from_numpy(given.x), torch.from_numpy(given.y)
        fast = torch.from_numpy(given.fast).requires_grad_()
        found = cell.last(x.unsqueeze(1), fast)
        loss = (found - y).square().mean()
        gradients = torch.autograd.grad(loss, [*numbers, fast])
        shapes = [array.shape for array in given.trained]
        pairs = zip(gradients, shapes, strict=True)
        return loss.item(), [gradient.numpy().reshape(shape) for gradient, shape in pairs]

    return step
