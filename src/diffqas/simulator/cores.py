"""The cores of this process, and the threads that share the work of compiled code on them."""

from __future__ import annotations

import atexit
import math
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import torch

from diffqas.simulator import memory

# How many.

NO_LIMIT = 2**16
"""More cores than any machine has."""

_told: ContextVar[int | None] = ContextVar("threads", default=None)


def working_cores() -> int:
    """The number of threads that may share the work.

    It is the number set by `using_cores`, or else torch's own (`torch.set_num_threads`), so that
    several processes which load data or train at the same time stay on one core each. It is never
    larger than the number of available cores.
    """
    told = _told.get()
    if told is not None:
        return told
    own = torch.get_num_threads()
    return min(own, available_cores()) if own > 1 else 1


@contextmanager
def using_cores(threads: int) -> Iterator[None]:
    """Let this thread's circuits be computed by `threads` threads; 0 stands for all cores.

    Meanwhile torch's own operations use one thread: torch's threads keep spinning after each
    operation and would take cores from the circuits. For the same reason results do not depend on
    the number of threads.
    """
    token, before = _told.set(threads or available_cores()), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        _told.reset(token)


_limit = NO_LIMIT
"""The most cores that this process may use, as set by `limit_cores`."""


def limit_cores(most: int) -> None:
    """Let this process use at most `most` cores, so that others remain for other processes."""
    global _limit
    _limit = most


def available_cores() -> int:
    """The number of physical cores that this process may use.

    OMP_NUM_THREADS and `limit_cores` can lower it. Logical cores are not counted: two threads on
    one physical core share its floating-point units, which one thread already keeps busy.
    """
    mine = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ()
    most = min(_physical(frozenset(mine)), _quota(), _limit)
    told = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(most, int(told)) if told.isdecimal() else most)


@lru_cache(maxsize=8)
def _physical(mine: frozenset[int]) -> int:
    """Physical cores among these processors; all processors where nothing tells."""
    if not mine:
        return os.cpu_count() or 1
    place = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
    try:
        return len({Path(place.format(processor)).read_text() for processor in mine})
    except OSError:
        return len(mine)


@lru_cache(maxsize=1)
def _quota() -> int:
    """Processors' worth of time that a container grants, rounded up."""
    try:
        group = Path("/proc/self/cgroup").read_text().rsplit("::", 1)[1].strip()
        limit, period = Path(f"/sys/fs/cgroup{group}/cpu.max").read_text().split()
        return math.ceil(int(limit) / int(period))
    except (OSError, ValueError, IndexError):  # no limit, or none that is told there
        return NO_LIMIT


# Threads.

Work = Callable[[int], None]
"""The work of one thread, given its rank: compiled code that shares a list of tasks.

All of the work is done when rank 0 returns, whether other threads took part or not. A thread that
comes later finds nothing to do, and uses only memory that the work itself keeps alive.
"""

CALLS = np.zeros(1, np.int64)
"""Counts calls of shared work, for helpers that look out for the next one."""


class _Helper:
    """A thread that is kept from call to call."""

    def __init__(self, rank: int) -> None:
        self.rank = rank
        self.work: Work | None = None
        self.ended = False
        self.asked: SimpleQueue[None] = SimpleQueue()
        self.thread = threading.Thread(target=self._serve, name=f"diffqas-{rank}", daemon=True)
        self.thread.start()

    def ask(self, work: Work) -> None:
        """Ask for work(rank)."""
        self.work = work
        self.asked.put(None)

    def end(self) -> None:
        """Ask for no more."""
        self.ended = True
        self.asked.put(None)

    def _serve(self) -> None:
        while not self.ended:
            self.asked.get()
            # An earlier call's work is no more wanted: a later one's may be found in its place.
            work, self.work = self.work, None
            if work is not None:
                work(self.rank)
            del work  # what it holds is not kept while this thread waits


class _Team:
    """The helpers of a process, and who uses them now."""

    def __init__(self) -> None:
        self.busy = threading.Lock()
        self.helpers: list[_Helper] = []

    def of(self, count: int) -> list[_Helper]:
        """So many helpers."""
        while len(self.helpers) < count:
            self.helpers.append(_Helper(len(self.helpers) + 1))
        return self.helpers[:count]


_team = _Team()


def _forget() -> None:
    """A forked process has none of its parent's threads, and perhaps a lock that nobody holds."""
    global _team
    _team = _Team()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


@atexit.register
def _end() -> None:
    """Helpers are gone before Python is: in compiled code they would come back to none."""
    CALLS[0] += 1  # for those who look out for a call
    for helper in _team.helpers:
        helper.end()
    for helper in _team.helpers:
        helper.thread.join(timeout=1)


def together(work: Work, threads: int) -> None:
    """Call work(rank) here for rank 0, and in kept threads for the ranks up to `threads`.

    While another thread of Python uses the kept ones, this one works alone. Helpers are not waited
    for: rank 0 returns when all is done.
    """
    team = _team
    if threads <= 1 or not team.busy.acquire(blocking=False):
        work(0)
        return
    helpers: list[_Helper] = []
    try:
        helpers = team.of(threads - 1)
        for helper in helpers:
            helper.ask(work)
        work(0)
    except BaseException:
        # Interrupted before all was done, perhaps: helpers may still be at work in this memory.
        memory.forget_workspace()
        raise
    finally:
        for helper in helpers:
            helper.work = None
        team.busy.release()


def threads_worth(work: int, per_thread: int, most: int = NO_LIMIT) -> int:
    """Threads worth waking for so much work: one more for every `per_thread` of it, at most `most`.

    How many cores there are is asked only where there is work for several.
    """
    worth = min(most, 1 + work // per_thread)
    return min(working_cores(), worth) if worth > 1 else 1


def shared(part: Callable[[int, int], None], count: int, threads: int) -> None:
    """Call part(first, last) for so many shares of 0..count, each in one of the threads.

    A share is taken by whoever has time; an error in one of them is raised here when all are done.
    """
    threads = min(threads, count)
    if threads <= 1:
        part(0, count)
        return
    cuts = [count * index // threads for index in range(threads + 1)]
    shares, errors, done = iter(range(threads)), list[BaseException](), threading.Semaphore(0)

    def work(rank: int) -> None:
        # The next number of a range is one step, so that no two threads take the same.
        for index in shares:
            try:
                part(cuts[index], cuts[index + 1])
            except BaseException as error:
                errors.append(error)
            finally:
                done.release()
        if rank == 0:
            for _ in range(threads):
                done.acquire()

    together(work, threads)
    if errors:
        raise errors[0]
