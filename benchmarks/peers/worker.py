"""The process that one peer is timed in, on one core or on all, driven through a pipe."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path

from .workload import TABLE_I, Circuit, inputs

OURS = "diffqas_mixture"
ONE, ALL = CORES = "one", "all"
CLOCKS = {ONE: "cpu", ALL: "wall"}
"""What is told of each: seconds of the processor, or of the clock where several work at once."""

ONE_THREAD = {
    **{f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS", "NUMBA", "QULACS")},
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
}


def single_thread_environment() -> None:
    """Set, for the processes started from now on, every library to one thread."""
    os.environ.update(ONE_THREAD)


@contextmanager
def environment(cores: str) -> Iterator[None]:
    """What the processes that are started inside find: one thread each, or as many as there are."""
    before = dict(os.environ)
    if cores == ONE:
        single_thread_environment()
    else:
        os.environ["JAX_PLATFORMS"] = "cpu"
        for name in ONE_THREAD.keys() - {"JAX_PLATFORMS"}:
            os.environ.pop(name, None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


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
    """CPU and wall seconds per step, over as many steps as fit in the given time; at least one."""
    count, wall, cpu = 0, time.perf_counter(), time.process_time()
    while count == 0 or time.perf_counter() - wall < seconds:
        step(*data)
        count += 1
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"cpu": cpu / count, "wall": wall / count, "steps": count}


def all_cores(ours: bool) -> AbstractContextManager[None]:
    """All cores for circuits and one for torch, if it is ours; peers take what they take."""
    if not ours:
        return nullcontext()
    from diffqas.simulator import using_cores

    return using_cores(0)


def serve(
    pipe: Connection,
    name: str,
    n: int,
    depth: int,
    circuits: tuple[Circuit, ...],
    core: int | None,
) -> None:
    """Check the peer, prepare it, report; then time a block of steps for each number of seconds
    received. Without a core the peer may use all of them.

    Sends one dictionary after the first two steps ("refused" in it if the peer is wrong), one per
    block, and at the end, when 0 seconds are asked for, the growth of the highest resident size.
    """
    if core is None:
        with all_cores(name == OURS):
            _serve(pipe, name, n, depth, circuits)
        return
    os.sched_setaffinity(0, {core})
    _serve(pipe, name, n, depth, circuits)


def _serve(pipe: Connection, name: str, n: int, depth: int, circuits: tuple[Circuit, ...]) -> None:
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
