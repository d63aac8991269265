"""CPU seconds per moment of a fast weight programmer in training: diffqas and its peers, one core.

    python benchmarks/fast_weights.py            # batch 32, 36 circuits, 8 qubits, depth 2
    python benchmarks/fast_weights.py --epoch    # of a series, beside the public code's loop

A moment is the slow network, 36 circuits of which every sample has angles of its own, mean square
loss, and gradients in the slow network, the structural weights and the fast weights. Each peer runs
in a process of its own, pinned to one core with one thread, is compared with dense matrices in
double precision and refused if it disagrees. Blocks of steps of all peers are interleaved. Linux
only.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from fast import PEERS
from fast.workload import Size, data
from peers.worker import single_thread_environment
from report import describe, write_json

OURS = "diffqas_cell"


def serve(pipe: Connection, name: str, core: int) -> None:
    """Check the peer, prepare it, report; then time a block for each number of seconds received."""
    os.sched_setaffinity(0, {core})
    try:
        peer = import_module(f"fast.{name}")
    except ModuleNotFoundError as error:
        pipe.send({"skipped": f"{error.name or error} is not installed"})
        return
    from fast import check

    deviation = check.deviation(peer)
    ready = {"version": peer.VERSION, "deviation": deviation}
    if deviation > check.TOLERANCE:
        pipe.send({**ready, "refused": f"differs from the oracle by {deviation:.1e}"})
        return
    given, start = data(Size()), time.process_time()
    step = peer.make_step(Size())
    step(given)
    pipe.send({**ready, "first_step": time.process_time() - start})
    while seconds := pipe.recv():
        count, wall, cpu = 0, time.perf_counter(), time.process_time()
        while count == 0 or time.process_time() - cpu < seconds:
            step(given)
            count += 1
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        pipe.send({"cpu": cpu / count, "wall": wall / count, "steps": count})


def measure(names: list[str], repeats: int, seconds: float, core: int) -> list[dict]:
    """Time all peers, one process each, blocks interleaved."""
    context = multiprocessing.get_context("spawn")
    running, records = [], []
    for name in names:
        pipe, child = context.Pipe()
        process = context.Process(target=serve, args=(child, name, core), daemon=True)
        process.start()
        child.close()
        try:
            facts = pipe.recv()
        except EOFError:
            facts = {"refused": "the process ended; its message is above"}
        records.append({"peer": name, **facts, "blocks": []})
        if "first_step" in facts:
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
    """Fastest first, the ratios being peer / diffqas."""
    size = Size()
    title = f"a moment: batch {size.batch}, 36 circuits, {size.qubits} qubits, depth {size.depth}"
    view = Table(title=f"{title}: CPU ms, one core")
    for heading in ("", "median", "min - max", "first step, s", "ratio", "from oracle"):
        view.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    timed = {r["peer"]: sorted(1e3 * b["cpu"] for b in r["blocks"]) for r in records if r["blocks"]}
    for record in sorted(records, key=lambda r: median(timed.get(r["peer"], [float("inf")]))):
        if record["peer"] not in timed:
            told = "skipped" if "skipped" in record else "refused"
            view.add_row(record["peer"], told, record[told])
            continue
        times = timed[record["peer"]]
        ratio = f"{median(times) / median(timed[OURS]):.1f}" if OURS in timed else ""
        view.add_row(
            record["peer"],
            f"{median(times):.2f}",
            f"{times[0]:.2f} - {times[-1]:.2f}",
            f"{record['first_step']:.1f}",
            ratio,
            f"{record['deviation']:.0e}",
        )
    return view


def main() -> None:
    """Parse the command line, measure, print a table and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", nargs="+", default=list(PEERS), choices=PEERS)
    parser.add_argument("--repeats", type=int, default=5, help="interleaved blocks per peer")
    parser.add_argument(
        "--seconds", type=float, default=0.5, help="CPU seconds per block, at least one step"
    )
    parser.add_argument("--epoch", action="store_true", help="an epoch beside the public code")
    parser.add_argument(
        "--core", type=int, default=max(os.sched_getaffinity(0)), help="core that all are pinned to"
    )
    parser.add_argument("--out", type=Path, help="results/fast_weights[_epoch].json if not given")
    args = parser.parse_args()
    single_thread_environment()
    os.environ["OMP_NUM_THREADS"] = "1"
    header, results = describe(sys.argv), Path(__file__).parent / "results"
    if args.epoch:
        from fast import epoch

        os.sched_setaffinity(0, {args.core})
        found = epoch.measured()
        for name, seconds in found.items():
            print(f"{name}: {seconds:.3f} CPU seconds")
        write_json(args.out or results / "fast_weights_epoch.json", {**header, "seconds": found})
        return
    records = measure([OURS, *args.peers], args.repeats, args.seconds, args.core)
    Console(width=120).print(table(records))
    settings = {"repeats": args.repeats, "seconds": args.seconds, **Size()._asdict()}
    write_json(
        args.out or results / "fast_weights.json", {**header, **settings, "records": records}
    )


if __name__ == "__main__":
    main()
