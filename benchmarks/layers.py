"""A circuit whose layers differ: probabilities and gradients by the kernels and by plain torch.

    OMP_NUM_THREADS=1 python benchmarks/layers.py

Eleven qubits, ten layers drawn from Table I, single precision; medians of CPU milliseconds.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

import torch

from diffqas.circuits import TABLE_I
from diffqas.simulator import layered_probabilities

QUBITS, DEPTH, REPEATS = 11, 10, 40


def milliseconds(step: Callable[[], object]) -> float:
    """The median of some steps after a first few, which fill caches."""
    spent: list[float] = []
    for _ in range(REPEATS + 3):
        started = time.process_time()
        step()
        spent.append(time.process_time() - started)
    return 1e3 * statistics.median(spent[3:])


def step(seeds: int, cotangents: int) -> Callable[[], object]:
    """Forward once, backward for so many cotangents at once."""
    draw = torch.Generator().manual_seed(0)
    angles = torch.randn(seeds, DEPTH, QUBITS, 1, generator=draw).requires_grad_()
    choice = torch.randint(len(TABLE_I), (seeds, DEPTH), generator=draw)
    above = torch.randn(cotangents, seeds, 2**QUBITS, generator=draw)

    def run() -> object:
        found = layered_probabilities(TABLE_I, angles, choice)
        return torch.func.vmap(
            lambda one: torch.autograd.grad(found, angles, one, retain_graph=True)[0]
        )(above)

    return run


def main() -> None:
    """Print a line for each number of seeds and cotangents."""
    torch.set_num_threads(1)
    for seeds, cotangents in ((1, 1), (1, 10), (10, 1), (10, 10)):
        found: list[float] = []
        for word in ("0", "1"):
            os.environ["DIFFQAS_COMPILED"] = word
            found.append(milliseconds(step(seeds, cotangents)))
        plain, compiled = found
        told = f"{plain:7.2f} ms in plain torch, {compiled:6.2f} ms by the kernels"
        print(f"{seeds:2d} seeds, {cotangents:2d} cotangents: {told}, {plain / compiled:.1f}x")


if __name__ == "__main__":
    main()
