"""The process that one peer is timed in: one thread on one core, driven through a pipe."""

from __future__ import annotations

import os
import resource
import time
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path

from .workload import TABLE_I, Circuit, inputs

ONE_THREAD = {
    **{f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS", "NUMBA", "QULACS")},
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
}


def single_thread_environment() -> None:
    """Set, for the processes started from now on, every library to one thread."""
    os.environ.update(ONE_THREAD)


def _peak_mb() -> float:
    """Highest resident size so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _resident_mb() -> float:
    """Resident size now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def step_memory(name: str, n: int, depth: int) -> dict[str, float]:
    """Memory of the first full step of a fresh process: above the resident size, and above the
    earlier peak.
    """
    peer = import_module(f"peers.{name}")
    peer.make_step(4, 3, TABLE_I)(*inputs(4, 3, len(TABLE_I)))
    step, data = peer.make_step(n, depth, TABLE_I), inputs(n, depth, len(TABLE_I))
    resident, peak = _resident_mb(), _peak_mb()
    step(*data)
    return {"above_resident_mb": _peak_mb() - resident, "above_peak_mb": _peak_mb() - peak}


def _timed(step, data: tuple, seconds: float) -> dict[str, float]:
    """CPU and wall seconds per step, over as many steps as fit in the given CPU seconds, at least
    one.
    """
    count, wall, cpu = 0, time.perf_counter(), time.process_time()
    while count == 0 or time.process_time() - cpu < seconds:
        step(*data)
        count += 1
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"cpu": cpu / count, "wall": wall / count, "steps": count}


def serve(
    pipe: Connection, name: str, n: int, depth: int, circuits: tuple[Circuit, ...], core: int
) -> None:
    """Check the peer, prepare it, report; then time a block of steps for each number of seconds
    received.

    Sends one dictionary after the first two steps ("refused" in it if the peer is wrong), one per
    block, and at the end, when 0 seconds are asked for, the growth of the highest resident size.
    """
    os.sched_setaffinity(0, {core})
    from . import check

    peer = import_module(f"peers.{name}")
    deviation = check.deviation(peer)
    ready = {"version": peer.VERSION, "deviation": deviation}
    if deviation > check.TOLERANCE:
        pipe.send({**ready, "refused": f"differs from the oracle by {deviation:.1e}"})
        return
    resident, data = _resident_mb(), inputs(n, depth, len(circuits))
    start = time.process_time()
    step = peer.make_step(n, depth, circuits)
    _, grad_theta, _ = step(*data)
    first = time.process_time() - start
    step(*data)
    pipe.send({**ready, "first_step": first, "grad_theta": grad_theta})
    while seconds := pipe.recv():
        pipe.send(_timed(step, data, seconds))
    pipe.send({"peak_growth_mb": max(0.0, _peak_mb() - resident)})
