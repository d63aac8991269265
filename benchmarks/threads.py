"""Wall-clock time of a training step against the number of threads that share it.

    python benchmarks/threads.py

The step is that of `simulator_vs_peers.py`: all twelve circuits of Table I, their mixture, a loss
and its gradient, in float32. Torch's own operations take one thread throughout. Thread counts take
turns, so that a change of the clock reaches all of them. Needs torch and numba only; half a minute,
half of which is compiling where nothing is compiled yet.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import torch

from diffqas.simulator import available_cores, using_cores
from peers import diffqas_mixture, workload
from report import describe, write_json

SIZES = ((11, 10), (13, 10), (17, 15), (20, 15), (22, 15))
COUNTS = (1, 2, 4, 8, 16)
Step = Callable[[], object]


def step_of(n: int, depth: int) -> Step:
    """A training step at one size."""
    circuits = workload.TABLE_I
    step = diffqas_mixture.make_step(n, depth, circuits)
    data = workload.inputs(n, depth, len(circuits))
    return lambda: step(*data)


def milliseconds(step: Step, steps: int) -> float:
    """Time of a step, the mean of so many."""
    began = time.perf_counter()
    for _ in range(steps):
        step()
    return 1e3 * (time.perf_counter() - began) / steps


def measure(n: int, depth: int, counts: list[int], budget: float) -> dict[str, dict[str, float]]:
    """Median and least milliseconds for each number of threads, within about `budget` seconds."""
    step = step_of(n, depth)
    with using_cores(max(counts)):
        step()  # compiles, and makes the threads
        once = milliseconds(step, 1)
    steps = max(1, round(20 / once))
    found: dict[int, list[float]] = {count: [] for count in counts}
    began = time.perf_counter()
    while not found[counts[0]] or time.perf_counter() - began < budget:
        for count in counts:
            with using_cores(count):
                found[count].append(milliseconds(step, steps))
    return {
        str(count): {"median": round(median(times), 4), "least": round(min(times), 4)}
        for count, times in found.items()
    }


def compiling() -> float:
    """Seconds until the first step of each kind of kernel is done."""
    began = time.perf_counter()
    for n in (3, 13):
        step_of(n, 1)()
    return time.perf_counter() - began


def main() -> None:
    """Measure, print and write every row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, nargs="+", default=COUNTS)
    parser.add_argument("--seconds", type=float, default=2.0, help="for each size, about")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results/threads.json"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    content = describe(sys.argv)
    content["machine"]["cores for circuits"] = available_cores()
    content["versions"] = {"torch": torch.__version__, "numpy": np.__version__}
    content["seconds to compile"] = round(compiling(), 2)
    print(f"{content['machine']}; compiled in {content['seconds to compile']} s", flush=True)
    content["milliseconds"] = {}
    for n, depth in SIZES:
        row = measure(n, depth, list(options.threads), options.seconds)
        content["milliseconds"][f"({n}, {depth})"] = row
        first = row[str(options.threads[0])]["median"]
        line = [f"{count}: {t['median']} ({first / t['median']:.2f}x)" for count, t in row.items()]
        print(f"({n}, {depth})  " + "  ".join(line), flush=True)
        write_json(options.output, content)


if __name__ == "__main__":
    main()
