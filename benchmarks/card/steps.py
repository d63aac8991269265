"""Training steps of the simulator: W(n, depth), seeds together, and a cell of a quantum LSTM.

A step: mixture of all twelve circuits, square loss, gradients in angles and structural weights.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from diffqas import QLSTM_SPACE, TABLE_I, capture
from diffqas.simulator import heisenberg, mixture

from .work import Job, attempted, emit, engine, mixture_data, timed

HELD = 14
"""Vectors of 2**n numbers per seed that a step holds, roughly: four states, twice with their
cotangents, in two places each."""


def w_step(n: int, depth: int, seeds: int, device: str) -> Callable[..., Tensor]:
    """One step; gradients are left in the leaves."""
    angles, weights, target = mixture_data(n, depth, seeds, device)

    def step(target: Tensor = target) -> Tensor:
        angles.grad = weights.grad = None
        distance = 2**n * mixture(TABLE_I, angles, weights) - target
        loss = distance.square().sum() / 2**n
        loss.backward()
        return loss.detach()

    return step


def fits(job: Job, n: int, seeds: int) -> bool:
    """Whether the device has the memory, as far as a rough rule can tell."""
    if not job.device.startswith("cuda"):
        return seeds * HELD * 2 ** (n + 2) < 2**30
    return seeds * HELD * 2 ** (n + 2) < 0.8 * torch.cuda.mem_get_info()[0]


def measured(job: Job, step: Callable[..., Tensor], *inputs: Tensor) -> dict[str, object]:
    """Step by step, and recorded as one launch."""
    found: dict[str, object] = {"launched": timed(job, lambda: step(*inputs))}
    fast = capture(step, device=job.device)
    found["recorded"] = timed(job, lambda: fast(*inputs))
    if fast.reason is not None:
        found["not_recorded"] = fast.reason
    if job.device.startswith("cuda"):
        found["peak_mb"] = round(torch.cuda.max_memory_allocated() / 2**20, 1)
    return found


def run(job: Job) -> None:
    """All sizes, seeds and engines."""
    for seeds in job.seeds:
        for n, depth in job.sizes:
            for kind in job.engines:
                if kind == "torch" and seeds > 1:
                    continue
                engine(kind)
                facts: dict[str, object] = {"W": [n, depth], "seeds": seeds, "engine": kind}
                if not fits(job, n, seeds):
                    emit(**facts, skipped="more memory than there is")
                    continue
                if job.device.startswith("cuda"):
                    torch.cuda.empty_cache()
                    torch.cuda.reset_peak_memory_stats()
                attempted(facts, at_size, job, n, depth, seeds)


def at_size(job: Job, n: int, depth: int, seeds: int) -> dict[str, object]:
    """One size, made and measured."""
    return measured(job, w_step(n, depth, seeds, job.device))


def cell_step(batch: int, device: str) -> Callable[..., Tensor]:
    """Four gates of 36 candidates with angles of their own; a window of four moments."""
    draw = torch.Generator().manual_seed(0)
    angles = torch.randn(1, 4, 1, 36, 5, 6, generator=draw).to(device).requires_grad_()
    weights = torch.randn(1, 4, 1, 36, generator=draw).to(device).requires_grad_()
    series = torch.randn(1, batch, 4, generator=draw).to(device)

    def step(series: Tensor = series) -> Tensor:
        angles.grad = weights.grad = None
        gates = heisenberg(QLSTM_SPACE, angles, 5, weights=weights, separate=True)
        h = series.new_zeros(1, batch, 5)
        c = torch.zeros_like(h)
        for moment in range(4):
            x = torch.cat([series[:, None, :, moment : moment + 1], h[:, None]], -1)
            forget, enter, leave, new = gates(x).unbind(1)
            c = forget.sigmoid() * c + enter.sigmoid() * new.tanh()
            h = leave.sigmoid() * c.tanh()
        loss = h.square().mean()
        loss.backward()
        return loss.detach()

    return step


def run_cell(job: Job) -> None:
    """Two batches."""
    for batch in (10, 200):
        for kind in job.engines:
            engine(kind)
            facts: dict[str, object] = {"cell": batch, "engine": kind}
            attempted(facts, with_batch, job, batch)


def with_batch(job: Job, batch: int) -> dict[str, object]:
    """A cell, made and measured."""
    return measured(job, cell_step(batch, job.device))
