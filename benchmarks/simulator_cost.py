"""Time of one step of diffqas against qubits and against depth, beside the arithmetic that it takes
at least.

    python benchmarks/simulator_cost.py                      # about a minute; writes JSON and a
    picture python benchmarks/simulator_cost.py --qubits 11 12 13 --depths 1 10 100

A step is that of `simulator_vs_peers.py`: all twelve circuits, mixture, loss and gradients. CPU
seconds on one core, median of the repeats. The floor is the count of additions and multiplications
of the six live circuits divided by the rate at which the same core multiplies matrices that lie in
its cache, measured in the same run.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from peers.worker import single_thread_environment
from report import describe, write_json

HERE = Path(__file__).parent
MATRIX = 512
"""Rows of the matrices that measure the core: three of them are 3 MB."""

ANY_DEPTH, ANY_WIDTH = 15, 17
"""Depth of the curve over qubits, qubits of the curve over depth: those of the image tasks."""


def floating_point_operations(n: int, depth: int) -> float:
    """Additions and multiplications of one step, forward and backward, of the six live circuits.

    RY: a rotation of a pair of real amplitudes takes 6. It is done once forward; backward, it is
    undone on the state and on its cotangent, and the angle's slope takes 4 more: 22 for each of n
    2^(n-1) pairs and each layer; squares and their cotangent 3 per amplitude. RX: WHT(exp(-i/2
    WHT(c))) is a real and a complex transform forward and the same backward, n 2^n additions for
    each real one. Tables of cosines and the mixture are left out.
    """
    size = 2.0**n
    ry = depth * n * size / 2 * 22 + 3 * size
    rx = 2 * (n * size + 2 * n * size) + 3 * size
    return 4 * ry + 2 * rx


def cpu_seconds(step: Callable[[], object], budget: float, most: int) -> list[float]:
    """CPU time of each of up to `most` repeats, at least three, after one that does not count."""
    step()
    seconds: list[float] = []
    while len(seconds) < 3 or (sum(seconds) < budget and len(seconds) < most):
        started = time.process_time()
        step()
        seconds.append(time.process_time() - started)
    return seconds


def core_rate() -> float:
    """Floating point operations per second of a float32 matrix product in the cache."""
    import torch

    a, b = torch.randn(MATRIX, MATRIX), torch.randn(MATRIX, MATRIX)
    return 2 * MATRIX**3 / min(cpu_seconds(lambda: a @ b, 1.0, 100))


def measure(n: int, depth: int, budget: float) -> dict[str, Any]:
    """Seconds per step and the floor's operations."""
    from peers import diffqas_mixture, workload

    step = diffqas_mixture.make_step(n, depth, workload.TABLE_I)
    data = workload.inputs(n, depth, len(workload.TABLE_I))
    seconds = cpu_seconds(lambda: step(*data), budget, 50)
    operations = floating_point_operations(n, depth)
    return {"n": n, "depth": depth, "seconds": seconds, "operations": operations}


def draw(rows: Sequence[dict[str, Any]], rate: float, path: Path) -> None:
    """Both curves with their floors, on logarithmic axes."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained", sharey=True)
    curves = {"n": [row for row in rows if row["depth"] == ANY_DEPTH], "depth": []}
    curves["depth"] = [row for row in rows if row["n"] == ANY_WIDTH]
    titles = {"n": f"qubits, at depth {ANY_DEPTH}", "depth": f"depth, at {ANY_WIDTH} qubits"}
    for axes, (key, curve) in zip(panels, curves.items(), strict=True):
        curve = sorted(curve, key=lambda row: row[key])
        where = [row[key] for row in curve]
        axes.plot(
            where,
            [1e3 * statistics.median(row["seconds"]) for row in curve],
            "o-",
            label="one step",
            ms=4,
        )
        axes.plot(
            where,
            [1e3 * row["operations"] / rate for row in curve],
            "--",
            color="0.5",
            label="arithmetic floor",
        )
        axes.set(yscale="log", xlabel=titles[key], xscale="log" if key == "depth" else "linear")
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("CPU ms per step, one core")
    panels[0].legend(frameon=False)
    figure.savefig(path, dpi=120)


def main() -> int:
    """Measure, print a line each, write JSON and the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--qubits", type=int, nargs="+", default=list(range(11, 23)))
    parser.add_argument("--depths", type=int, nargs="+", default=[1, 2, 5, 15, 50, 150])
    parser.add_argument(
        "--budget", type=float, default=3.0, help="CPU seconds of repeats for each point"
    )
    parser.add_argument("--out", type=Path, default=HERE / "results" / "simulator_cost.json")
    parser.add_argument(
        "--picture", type=Path, default=HERE.parent / "docs" / "pictures" / "simulator_cost.png"
    )
    args = parser.parse_args()
    single_thread_environment()
    import torch

    torch.set_num_threads(1)
    rate = core_rate()
    points = dict.fromkeys(
        [(n, ANY_DEPTH) for n in args.qubits] + [(ANY_WIDTH, depth) for depth in args.depths]
    )
    rows = []
    for n, depth in points:
        rows.append(measure(n, depth, args.budget))
        median = statistics.median(rows[-1]["seconds"])
        ratio = median * rate / rows[-1]["operations"]
        print(
            f"n = {n:2}, depth {depth:3}: {1e3 * median:9.2f} ms, {ratio:5.1f} times the floor",
            flush=True,
        )
    content = {"core_gigaflops": rate / 1e9, "torch": torch.__version__, "rows": rows}
    write_json(args.out, {**describe(sys.argv), **content})
    draw(rows, rate, args.picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
