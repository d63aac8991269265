"""Seconds per training step of a recurrent cell of encoded circuits: diffqas and its peers, in one
run: one core each, then all cores each.

    python benchmarks/expectations_vs_peers.py

A step: 36 circuits of 6 qubits and depth 5 in each of four gates, angles of their own, weighted
sum, a window of four moments, loss, gradients in angles and weights through time. Each peer runs in
a process of its own, is compared with dense matrices and finite
differences and refused if it disagrees. Blocks of steps of all peers are interleaved. Linux only.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from importlib import import_module
from itertools import product
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from peers.worker import ALL, CLOCKS, CORES, ONE, all_cores, environment
from recurrent import PEERS
from recurrent.workload import Size, data
from report import describe, write_json

OURS = "diffqas_observables"
SMALL_BATCHES = (
    "pennylane_gates",
    "pennylane_unitaries",
)  # minutes per step, or gigabytes, at larger ones
LARGE = 50


def serve(pipe: Connection, name: str, size: Size, core: int | None) -> None:
    """Check the peer, prepare it, report; then time a block of steps for each number of seconds
    received. Without a core the peer may use all of them.
    """
    if core is None:
        with all_cores(name == OURS):
            _serve(pipe, name, size)
        return
    os.sched_setaffinity(0, {core})
    _serve(pipe, name, size)


def _serve(pipe: Connection, name: str, size: Size) -> None:
    from recurrent import check

    peer = import_module(f"recurrent.{name}")
    deviation = check.deviation(peer)
    ready = {"version": peer.VERSION, "deviation": deviation}
    if deviation > check.TOLERANCE:
        pipe.send({**ready, "refused": f"differs from the oracle by {deviation:.1e}"})
        return
    given, start = data(size), time.process_time()
    step = peer.make_step(size)
    loss, _, _ = step(given)
    pipe.send({**ready, "loss": loss, "first_step": time.process_time() - start})
    while seconds := pipe.recv():
        count, wall, cpu = 0, time.perf_counter(), time.process_time()
        while count == 0 or time.perf_counter() - wall < seconds:
            step(given)
            count += 1
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        pipe.send({"cpu": cpu / count, "wall": wall / count, "steps": count})


def measure(
    names: list[str], size: Size, repeats: int, seconds: float, core: int | None
) -> list[dict]:
    """Time all peers at one size, one process each, blocks interleaved."""
    context = multiprocessing.get_context("spawn")
    running, records = [], []
    for name in names:
        pipe, child = context.Pipe()
        process = context.Process(target=serve, args=(child, name, size, core), daemon=True)
        process.start()
        child.close()
        try:
            facts = pipe.recv()
        except EOFError:
            facts = {"refused": "the process ended; its message is above"}
        cores = ALL if core is None else ONE
        records.append({**size._asdict(), "peer": name, "cores": cores, **facts, "blocks": []})
        if "refused" not in facts:
            running.append((pipe, process, records[-1]))
    for _ in range(repeats):
        for pipe, _, record in running:
            pipe.send(seconds)
            record["blocks"].append(pipe.recv())
    for pipe, process, _ in running:
        pipe.send(0)
        process.join()
    return records


def table(records: list[dict]) -> Table:
    """One size as a table, fastest first, the ratios being peer / diffqas."""
    size = Size(*(records[0][field] for field in Size._fields))
    cores = "all cores each" if records[0]["cores"] == ALL else "one core each"
    clock = CLOCKS[records[0]["cores"]]
    circuit = f"{size.qubits} qubits, depth {size.depth}"
    view = Table(title=f"batch {size.batch}, window {size.window}, {circuit}: {clock} ms, {cores}")
    for heading in ("", "median", "min - max", "first step, s", "ratio", "from oracle"):
        view.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    own = {r["peer"]: sorted(1e3 * b[clock] for b in r["blocks"]) for r in records if r["blocks"]}
    for record in sorted(
        records, key=lambda r: median(own[r["peer"]]) if r["peer"] in own else float("inf")
    ):
        if "refused" in record:
            view.add_row(record["peer"], "refused", record["refused"])
            continue
        times = own[record["peer"]]
        view.add_row(
            record["peer"],
            f"{median(times):.1f}",
            f"{times[0]:.1f} - {times[-1]:.1f}",
            f"{record['first_step']:.1f}",
            f"{median(times) / median(own[OURS]):.1f}" if OURS in own else "",
            f"{record['deviation']:.0e}",
        )
    return view


def main() -> None:
    """Parse the command line, measure, print a table per batch size and write JSON after each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batches", type=int, nargs="+", default=[10, 200])
    parser.add_argument("--repeats", type=int, default=5, help="interleaved blocks per peer")
    parser.add_argument(
        "--seconds", type=float, default=1.0, help="seconds per block, at least one step"
    )
    parser.add_argument("--peers", nargs="+", default=list(PEERS), choices=PEERS)
    parser.add_argument("--cores", nargs="+", choices=CORES, default=list(CORES))
    parser.add_argument(
        "--core", type=int, default=max(os.sched_getaffinity(0)), help="core that all are pinned to"
    )
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results" / "expectations_vs_peers.json"
    )
    args = parser.parse_args()

    header, records, console = describe(sys.argv), [], Console(width=120)
    for batch, cores in product(args.batches, args.cores):
        names = [OURS, *(name for name in args.peers if batch < LARGE or name not in SMALL_BATCHES)]
        core = args.core if cores == ONE else None
        with environment(cores):
            measured = measure(names, Size(batch, 4, 5, 5), args.repeats, args.seconds, core)
        console.print(table(measured))
        records += measured
        write_json(
            args.out,
            {**header, "repeats": args.repeats, "seconds": args.seconds, "records": records},
        )


if __name__ == "__main__":
    main()
