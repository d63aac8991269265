"""Seconds per training step: diffqas and its peers on the same work, in one run.

    python benchmarks/simulator_vs_peers.py --sizes 11,10 13,10

First one core each, with one thread, by CPU seconds; then all cores each, by the clock. Each peer
runs in a process of its own, is compared with a dense oracle and refused if it disagrees, and takes
two steps before timing. Repeats are interleaved: one
block of steps of each peer, then the next round. Linux only. See benchmarks/README.md for how to
read the ratios.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from itertools import product
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from peers import PEERS
from peers.check import distance
from peers.worker import ALL, CLOCKS, CORES, ONE, OURS, environment, serve
from peers.workload import LIVE, SAMPLE, TABLE_I
from report import describe, write_json

DOUBLE = "qulacs_backprop"  # works in double precision: its gradient judges the others at full size
SAMPLED = {
    "pennylane_torch": 16
}  # from this number of qubits on, two circuits are measured and scaled


class Worker:
    """One peer on some circuits at one size, alive in its own process until `close`."""

    def __init__(self, name: str, n: int, depth: int, subset: str, core: int | None):
        circuits = {"all": TABLE_I, "live": LIVE, "sample": SAMPLE}[subset]
        self.name, self.subset, self.count = name, subset, len(circuits)
        context = multiprocessing.get_context("spawn")
        self.pipe, child = context.Pipe()
        self.process = context.Process(
            target=serve, args=(child, name, n, depth, circuits, core), daemon=True
        )
        self.process.start()
        child.close()
        try:
            self.facts = self.pipe.recv()
        except EOFError:
            self.facts = {"refused": "the process ended; its message is above"}
        self.grad_theta = self.facts.pop("grad_theta", None)
        self.blocks: list[dict[str, float]] = []

    def measure(self, seconds: float) -> None:
        """Time one block of steps."""
        self.pipe.send(seconds)
        self.blocks.append(self.pipe.recv())

    def close(self) -> dict:
        """End the process and return everything measured, unscaled."""
        if "refused" not in self.facts:
            self.pipe.send(0)
            self.facts |= self.pipe.recv()
        self.process.join()
        return {
            "peer": self.name,
            "circuits": self.subset,
            "count": self.count,
            **self.facts,
            "blocks": self.blocks,
        }


def subsets(name: str, n: int) -> list[str]:
    """Which sets of circuits a peer runs: all twelve and the six live ones, or a sample of two if
    it is slow.
    """
    if name == OURS:
        return ["all"]
    return ["sample"] if n >= SAMPLED.get(name, 99) else ["all", "live"]


def measure_size(
    names: list[str], n: int, depth: int, repeats: int, seconds: float, core: int | None
) -> list[dict]:
    """Time every peer at one size, blocks interleaved; returns one record per peer and set of
    circuits.
    """
    workers = []
    for name in names:
        for subset in subsets(name, n):
            workers.append(Worker(name, n, depth, subset, core))
            if "refused" in workers[-1].facts:
                break
    running = [w for w in workers if "refused" not in w.facts]
    for _ in range(repeats):
        for worker in running:
            worker.measure(seconds)
    exact = next((w.grad_theta for w in running if w.name == DOUBLE and w.subset == "all"), None)
    for worker in running:
        if exact is not None and worker.subset == "all":
            worker.facts["gradient_deviation"] = distance(worker.grad_theta, exact)
    cores = ALL if core is None else ONE
    return [{"n": n, "depth": depth, "cores": cores, **w.close()} for w in workers]


def step_seconds(records: list[dict], name: str, count: int) -> float | None:
    """Median seconds of a peer's step on `count` circuits, scaled up from a sample if need be."""
    own = [r for r in records if r["peer"] == name and r["blocks"]]
    exact = [r for r in own if r["count"] == count]
    for record in exact or [r for r in own if r["circuits"] == "sample"]:
        clock = CLOCKS[record["cores"]]
        return median(b[clock] for b in record["blocks"]) * count / record["count"]
    return None


def table(records: list[dict], n: int, depth: int) -> Table:
    """One size as a table: a row per peer, fastest first, the ratios being peer / diffqas."""
    cores = records[0]["cores"]
    clock = CLOCKS[cores]
    view = Table(
        title=f"W(n = {n}, depth = {depth}): {clock} seconds per step, {cores} core"
        f"{'s' if cores == ALL else ''} each",
        caption="ratios: peer / diffqas on all 12; "
        "the second with the peer running only the 6 live circuits\n"
        "first: preparation, compilation and the first step; "
        "gradient: distance from double precision (Qulacs)\n"
        "circuits: 2/12 means two were measured and the seconds scaled to twelve",
    )
    for heading in (
        "",
        "median",
        "min - max",
        "first",
        "ratio",
        "6 live",
        "peak MB",
        "gradient",
        "circuits",
    ):
        view.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    ours = step_seconds(records, OURS, len(TABLE_I))
    rows = [r for r in records if r["circuits"] != "live"]
    rows.sort(key=lambda r: step_seconds(records, r["peer"], len(TABLE_I)) or float("inf"))
    for record in rows:
        if "refused" in record:
            view.add_row(record["peer"], "refused", record["refused"])
            continue
        scale = len(TABLE_I) / record["count"]
        seconds = sorted(b[clock] * scale for b in record["blocks"])
        live = step_seconds(records, record["peer"], len(LIVE))
        deviation = record.get("gradient_deviation")
        view.add_row(
            record["peer"],
            f"{median(seconds):.4f}",
            f"{seconds[0]:.4f} - {seconds[-1]:.4f}",
            f"{record['first_step']:.2f}",
            f"{median(seconds) / ours:.1f}" if ours else "",
            f"{live / ours:.1f}" if ours and live else "",
            f"{record['peak_growth_mb']:.0f}",
            f"{deviation:.0e}" if deviation is not None else "",
            f"{record['count']}/{len(TABLE_I)}",
        )
    return view


def main() -> None:
    """Parse the command line, measure, print a table per size and write JSON after each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--sizes", nargs="+", default=["11,10", "13,10", "17,15"], metavar="QUBITS,DEPTH"
    )
    parser.add_argument("--repeats", type=int, default=5, help="interleaved blocks per peer")
    parser.add_argument(
        "--seconds", type=float, default=0.5, help="seconds per block, at least one step"
    )
    parser.add_argument("--peers", nargs="+", default=list(PEERS), choices=PEERS)
    parser.add_argument("--cores", nargs="+", choices=CORES, default=list(CORES))
    parser.add_argument(
        "--core", type=int, default=max(os.sched_getaffinity(0)), help="core that all are pinned to"
    )
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results" / "simulator_vs_peers.json"
    )
    args = parser.parse_args()

    sizes = [tuple(int(part) for part in size.split(",")) for size in args.sizes]
    header, records, console = describe(sys.argv), [], Console(width=120)
    for (n, depth), cores in product(sizes, args.cores):
        core = args.core if cores == ONE else None
        with environment(cores):
            measured = measure_size([OURS, *args.peers], n, depth, args.repeats, args.seconds, core)
        console.print(table(measured, n, depth))
        records += measured
        write_json(
            args.out,
            {**header, "repeats": args.repeats, "seconds": args.seconds, "records": records},
        )


if __name__ == "__main__":
    main()
