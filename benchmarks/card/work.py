"""What the sections share: the settings of a run, data, timing, and lines of JSON."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import torch
from torch import Tensor

SIZES = ((11, 10), (13, 10), (17, 15), (20, 15), (22, 15), (24, 15))
SMALL = ((3, 2), (4, 3))
SEEDS = (1, 10, 100)


@dataclass(frozen=True)
class Job:
    """Where a section computes, and whether it is only a rehearsal."""

    device: str
    quick: bool

    @property
    def sizes(self) -> tuple[tuple[int, int], ...]:
        """Qubits and depths."""
        return SMALL if self.quick else SIZES

    @property
    def seeds(self) -> tuple[int, ...]:
        """Sets of angles that are trained together."""
        return SEEDS[:2] if self.quick else SEEDS

    @property
    def engines(self) -> tuple[str, ...]:
        """Plain torch, and the kernels of a card."""
        return ("torch", "kernels")

    def synchronize(self) -> None:
        """Wait for the card."""
        if self.device.startswith("cuda"):
            torch.cuda.synchronize()


def emit(**facts: object) -> None:
    """One result, at once: what comes later may fail."""
    print(json.dumps(facts), flush=True)


def engine(name: str) -> None:
    """Let kernels compute, or plain torch."""
    os.environ["DIFFQAS_COMPILED"] = "0" if name == "torch" else "1"


def attempted(
    facts: dict[str, object], work: Callable[..., dict[str, object]], *arguments: object
) -> dict[str, object]:
    """A result, or why there is none; the next one is tried all the same."""
    try:
        found = work(*arguments)
    except Exception as error:
        found = {"error": f"{type(error).__name__}: {error}"[:300]}
    emit(**facts, **found)
    return found


def timed(job: Job, step: Callable[[], object], seconds: float = 1.0) -> dict[str, object]:
    """Milliseconds of a step: median and least, after warm-up, within about so many seconds."""
    for _ in range(2 if job.quick else 5):
        step()
    job.synchronize()
    found: list[float] = []
    begin = time.perf_counter()
    most = 3 if job.quick else 50
    while len(found) < most and (len(found) < 3 or time.perf_counter() - begin < seconds):
        start = time.perf_counter()
        step()
        job.synchronize()
        found.append(1e3 * (time.perf_counter() - start))
    return {"ms": round(median(found), 4), "least_ms": round(min(found), 4), "steps": len(found)}


def mixture_data(
    n: int, depth: int, seeds: int, device: str, dtype: torch.dtype = torch.float32
) -> tuple[Tensor, Tensor, Tensor]:
    """Angles (seeds, depth, n), weights (seeds, 12) and a target (2**n,); equal on all devices."""
    draw = torch.Generator().manual_seed(100 * n + depth)
    angles = torch.randn(seeds, depth, n, generator=draw, dtype=torch.float64)
    weights = 1 / 12 + 0.02 * torch.randn(seeds, 12, generator=draw, dtype=torch.float64)
    target = -torch.log(torch.rand(2**n, generator=draw, dtype=torch.float64))
    moved = [one.to(device, dtype) for one in (angles, weights, target)]
    return moved[0].requires_grad_(), moved[1].requires_grad_(), moved[2]
