"""Peak memory of one step of diffqas above the imported program, at one depth and at ten times that
depth.

    python benchmarks/simulator_memory.py

A fresh process imports everything, does one step on four qubits, notes its resident size, does one
step of the full size and reads its highest resident size (`ru_maxrss`). Linux only.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from pathlib import Path

from rich.console import Console

from peers.worker import single_thread_environment, step_memory
from report import describe, write_json

LIMIT_MB, LIMIT_GROWTH = 100.0, 0.10


def main() -> int:
    """Measure both depths, print them with their ratio, write JSON; exit code 1 if a limit is
    passed.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--qubits", type=int, default=17)
    parser.add_argument(
        "--depths", type=int, nargs=2, default=[15, 150], metavar=("SHALLOW", "DEEP")
    )
    parser.add_argument(
        "--repeats", type=int, default=5, help="fresh processes per depth; the largest counts"
    )
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results" / "simulator_memory.json"
    )
    args = parser.parse_args()

    single_thread_environment()
    context = multiprocessing.get_context("spawn")
    raw = {}
    for depth in args.depths:
        raw[depth] = []
        for _ in range(args.repeats):
            with context.Pool(1) as pool:
                raw[depth].append(pool.apply(step_memory, ("diffqas_mixture", args.qubits, depth)))
    shallow, deep = (max(r["above_resident_mb"] for r in raw[d]) for d in args.depths)
    growth = deep / shallow - 1
    passed = shallow <= LIMIT_MB and growth <= LIMIT_GROWTH

    console = Console()
    for depth, peak in zip(args.depths, (shallow, deep), strict=True):
        console.print(
            f"n = {args.qubits}, depth {depth:>4}: {peak:7.1f} MB above the imported program"
        )
    console.print(
        f"growth with depth {growth:+.1%} (limits: {LIMIT_MB:.0f} MB and {LIMIT_GROWTH:+.0%})"
    )
    result = {
        "shallow_mb": shallow,
        "deep_mb": deep,
        "growth": growth,
        "passed": passed,
        "raw": raw,
    }
    write_json(
        args.out, {**describe(sys.argv), "qubits": args.qubits, "depths": args.depths, **result}
    )
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
