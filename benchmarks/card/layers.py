"""Training steps of a searched layer at the sizes a, b and c of `encoded/workload.py`."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from diffqas.circuits import Candidate, Diagonal, SearchSpace, Z
from diffqas.simulator import observed
from encoded.workload import SIZES, SMALL, Circuit, Size, data

from .steps import measured
from .work import Job, attempted, engine


def layer_step(size: Size, circuits: tuple[Circuit, ...], device: str) -> Callable[..., Tensor]:
    """Forward, mean square loss, gradients in inputs, angles, weights and diagonals."""
    space = SearchSpace(
        Candidate(one.hadamard, "ring" if one.ring else "chain", f"r{one.axis}", f"r{one.encoding}")
        for one in circuits
    )
    observables = Diagonal(size.width) if size.trained else Z()
    given = data(size, circuits)
    x, theta, w, diagonals, y = (torch.from_numpy(one).to(device) for one in given)
    leaves = [x, theta, w] + ([diagonals] if size.trained else [])
    for leaf in leaves:
        leaf.requires_grad_()

    def step(y: Tensor = y) -> Tensor:
        for leaf in leaves:
            leaf.grad = None
        inputs = x.unsqueeze(1).expand(-1, size.uploads, -1)
        found = observed(
            space,
            inputs,
            theta,
            observables,
            outputs=size.qubits,
            weights=w.unsqueeze(0),
            coefficients=diagonals if size.trained else None,
            uploads=size.uploads,
        )
        loss = (found - y).square().mean()
        loss.backward()
        return loss.detach()

    return step


def run(job: Job) -> None:
    """Three sizes."""
    engine("kernels")
    for name, (size, circuits) in (SMALL if job.quick else SIZES).items():
        attempted({"layer": name}, at_size, job, size, circuits)


def at_size(job: Job, size: Size, circuits: tuple[Circuit, ...]) -> dict[str, object]:
    """One size, made and measured."""
    return measured(job, layer_step(size, circuits, job.device))
