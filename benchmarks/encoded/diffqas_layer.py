"""diffqas: one call of `observed` per step. float32."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

import diffqas
from diffqas.circuits import Candidate, Diagonal, SearchSpace, Z
from diffqas.simulator import observed

from .workload import Circuit, Data, Size

VERSION = f"diffqas {diffqas.__version__}, torch {torch.__version__}"


def make_step(size: Size, circuits: tuple[Circuit, ...]) -> Callable:
    """Forward, loss and gradients by torch, as in training."""
    space = SearchSpace(
        Candidate(
            circuit.hadamard,
            "ring" if circuit.ring else "chain",
            f"r{circuit.axis}",
            f"r{circuit.encoding}",
        )
        for circuit in circuits
    )
    observables = Diagonal(size.width) if size.trained else Z()

    def step(given: Data) -> tuple[float, list[np.ndarray]]:
        x, theta, w = (torch.from_numpy(each).requires_grad_() for each in given[:3])
        leaves, coefficients = [x, theta, w], None
        if size.trained:
            coefficients = torch.from_numpy(given.diagonals).requires_grad_()
            leaves.append(coefficients)
        inputs = x.unsqueeze(1)
        if size.uploads > 1:
            inputs = inputs.expand(-1, size.uploads, -1)
        found = observed(
            space,
            inputs,
            theta,
            observables,
            outputs=size.qubits,
            weights=w.unsqueeze(0),
            coefficients=coefficients,
            uploads=size.uploads,
        )
        loss = (found - torch.from_numpy(given.y)).square().mean()
        gradients = torch.autograd.grad(loss, leaves)
        return loss.item(), [gradient.numpy() for gradient in gradients]

    return step
