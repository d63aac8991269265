"""CPU seconds and memory per training step of a searched layer: diffqas and its peers, in one run.

    python benchmarks/layer.py                  # one core each, then all cores each: wall seconds
    python benchmarks/layer.py --cores one
    python benchmarks/layer.py --deep           # memory of diffqas at ten times the depth
    python benchmarks/layer.py --sizes c --peers jax_cyclic --add    # beside what the file holds

A step of sum_j w_j <O>_j(x; theta): forward, mean square loss, gradients in inputs, angles, weights
and trained observables, at the sizes a, b and c of `encoded/workload.py`. Each peer runs in a
process of its own, is compared with dense matrices in double precision and refused if it disagrees.
Blocks of steps of all peers are interleaved. A file of results holds runs; with `--add` it keeps
those of other commands. Linux only.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import sys
import time
from importlib import import_module
from itertools import product
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from encoded import PEERS
from encoded.workload import SIZES, data
from peers.worker import ALL, CLOCKS, CORES, ONE, environment
from report import describe, write_json

OURS = "diffqas_layer"


def peak_mb() -> float:
    """Highest resident size so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def resident_mb() -> float:
    """Resident size now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def serve(pipe: Connection, name: str, key: str, depth: int, core: int | None) -> None:
    """Check the peer, prepare it, report; then time a block for each number of seconds received.

    `depth` multiplies that of the size; without a core the peer may use all of them.
    """
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        peer = import_module(f"encoded.{name}")
    except ModuleNotFoundError as error:
        pipe.send({"skipped": f"{error.name or error} is not installed"})
        return
    from encoded import check

    deviation = check.deviation(peer, key)
    ready = {"version": peer.VERSION, "deviation": deviation}
    if deviation > check.TOLERANCE:
        pipe.send({**ready, "refused": f"differs from the oracle by {deviation:.1e}"})
        return
    # The first step compiles; of its memory the growth over the checked program is told.
    size, circuits = SIZES[key]
    size = size._replace(depth=size.depth * depth)
    given, resident, start = data(size, circuits), resident_mb(), time.process_time()
    step = peer.make_step(size, circuits)
    step(given)
    pipe.send({**ready, "first_step": time.process_time() - start})
    while seconds := pipe.recv():
        count, wall, cpu = 0, time.perf_counter(), time.process_time()
        while count == 0 or time.perf_counter() - wall < seconds:
            step(given)
            count += 1
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        pipe.send({"cpu": cpu / count, "wall": wall / count, "steps": count})
    pipe.send({"growth_mb": max(0.0, peak_mb() - resident)})


class Worker:
    """One peer at one size, alive in its own process until `close`."""

    def __init__(self, name: str, key: str, depth: int, core: int | None) -> None:
        self.name, self.key = name, key
        context = multiprocessing.get_context("spawn")
        self.pipe, child = context.Pipe()
        self.process = context.Process(
            target=serve, args=(child, name, key, depth, core), daemon=True
        )
        self.process.start()
        child.close()
        try:
            self.facts = self.pipe.recv()
        except EOFError:
            self.facts = {"refused": "the process ended; its message is above"}
        self.blocks: list[dict[str, float]] = []

    @property
    def alive(self) -> bool:
        """Whether the peer can be timed."""
        return "first_step" in self.facts

    def measure(self, seconds: float) -> None:
        """Time one block of steps."""
        self.pipe.send(seconds)
        self.blocks.append(self.pipe.recv())

    def close(self) -> dict:
        """End the process and return everything measured."""
        if self.alive:
            self.pipe.send(0)
            self.facts |= self.pipe.recv()
        self.process.join()
        return {"size": self.key, "peer": self.name, **self.facts, "blocks": self.blocks}


def measure(
    key: str, names: list[str], repeats: int, seconds: float, core: int | None, depth: int = 1
) -> list[dict]:
    """Time all peers at one size, blocks interleaved."""
    workers = [Worker(name, key, depth, core) for name in names]
    for _ in range(repeats):
        for worker in workers:
            if worker.alive:
                worker.measure(seconds)
    return [worker.close() for worker in workers]


def table(key: str, records: list[dict], cores: str) -> Table:
    """One size as a table, fastest first, the ratios being peer / diffqas."""
    size, circuits = SIZES[key]
    clock = CLOCKS[cores]
    what = f"{size.qubits} qubits, {len(circuits)} circuits, depth {size.depth}"
    title = f"{key}: {what}, {size.uploads} uploads, batch {size.batch}"
    view = Table(title=f"{title}: {clock} ms, {cores} core{'s' if cores == ALL else ''} each")
    for heading in ("", "median", "min - max", "first, s", "ratio", "MB", "from oracle"):
        view.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    timed = {r["peer"]: sorted(1e3 * b[clock] for b in r["blocks"]) for r in records if r["blocks"]}
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
            f"{record['growth_mb']:.0f}",
            f"{record['deviation']:.0e}",
        )
    return view


def main() -> None:
    """Parse the command line, measure, print a table per size and write JSON after each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", default=list(SIZES), choices=SIZES)
    parser.add_argument("--peers", nargs="+", help="only these beside diffqas")
    parser.add_argument("--repeats", type=int, default=5, help="interleaved blocks per peer")
    parser.add_argument(
        "--seconds", type=float, default=1.0, help="seconds per block, at least one step"
    )
    parser.add_argument("--cores", nargs="+", choices=CORES, default=list(CORES))
    parser.add_argument("--deep", action="store_true", help="diffqas alone, at ten times the depth")
    parser.add_argument("--add", action="store_true", help="keep the file's other runs")
    parser.add_argument(
        "--core", type=int, default=max(os.sched_getaffinity(0)), help="core that all are pinned to"
    )
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results" / "layer.json"
    )
    args = parser.parse_args()
    header, records, console = describe(sys.argv), [], Console(width=120)
    settings = {"repeats": args.repeats, "seconds": args.seconds, "depth": 10 if args.deep else 1}
    earlier = kept_runs(args.out, header["command"]) if args.add else []
    for key, cores in product(args.sizes, args.cores):
        names = [name for name in PEERS[key] if not args.peers or name in (OURS, *args.peers)]
        if args.deep:
            names = [OURS]
        core = args.core if cores == ONE else None
        with environment(cores):
            measured = measure(key, names, args.repeats, args.seconds, core, settings["depth"])
        console.print(table(key, measured, cores))
        records += [{**record, "cores": cores} for record in measured]
        run = {**header, **settings, "records": records}
        write_json(args.out, {"runs": [*earlier, run]})


def kept_runs(path: Path, command: str) -> list[dict]:
    """The runs of a file, without those of this command."""
    if not path.exists():
        return []
    return [run for run in json.loads(path.read_text())["runs"] if run["command"] != command]


if __name__ == "__main__":
    main()
