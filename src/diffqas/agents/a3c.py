"""Asynchronous advantage actor-critic (Mnih et al. 2016): one process for every environment."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import ClassVar

import torch

from diffqas.agents.networks import SeparateAgents
from diffqas.agents.settings import AgentSettings
from diffqas.agents.task import EnvironmentTask
from diffqas.agents.training import AgentTraining
from diffqas.agents.worker import Counters, Job, Report, work
from diffqas.errors import RunError
from diffqas.simulator import working_cores
from diffqas.storage import State

EPISODES_PER_RECORD = 100
PATIENCE = 3.0
"""Seconds that workers have to end by themselves."""


@dataclass
class Worker:
    """A process with the pipe of its reports, its number, and whether it has reported yet."""

    process: SpawnProcess
    pipe: Connection
    number: int
    begun: bool = False


class AsyncTraining(AgentTraining[SeparateAgents]):
    """A training by processes that share the numbers, one process for every environment.

    A worker acts with a copy of the numbers and changes the shared ones; a worker that dies is
    replaced. The seeds train one after the other, each with `settings.places` processes. What the
    processes do depends on how the machine shares its time among them, so no two trainings are the
    same.
    """

    anytime: ClassVar[bool] = True

    def __init__(
        self,
        population: SeparateAgents,
        task: EnvironmentTask,
        settings: AgentSettings,
        seeds: list[int],
    ) -> None:
        super().__init__(population, task, settings, seeds)
        if torch.device(task.device).type != "cpu":
            raise RunError(
                "The algorithm a3c runs on the CPU only: give --device cpu, or --algorithm a2c."
            )
        population.share_memory()
        self.adam.share()
        self.row: int | None = None
        self.counters = Counters.start(0, 0)
        self.workers: list[Worker] = []
        self.hired = 0
        self._lost = 0  # workers since the last record
        self._before = 0  # updates of the seeds that have had their episodes

    def _until_next_record(self) -> None:
        row = self.active.index(True)
        if row != self.row:
            self._begin(row)
        goal, self._lost = self.log.counts[row] + EPISODES_PER_RECORD, 0
        while self.active[row] and self.log.counts[row] < goal:
            self._listen(row, timeout=0.5)
        if not self.active[row]:
            self.close()
        self.updates = self._before + int(self.counters.updates)

    def _begin(self, row: int) -> None:
        self.close()
        self.row = row
        self.counters = Counters.start(self.log.counts[row], int(self.adam.steps[row]))
        self._before = self.updates - int(self.counters.updates)
        for _ in range(self.settings.places):
            self._hire()

    def _hire(self) -> None:
        """Start one more worker."""
        assert self.row is not None
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe(duplex=False)
        # The number of a worker decides its episodes. A run that is continued must not repeat the
        # episodes of before.
        number = self.hired + len(self.log.rewards[self.row]) * 1_000
        job = Job(
            self.population[self.row],
            self.adam.row(self.row),
            self.counters,
            self.task.identity,
            self.settings,
            self.seeds[self.row],
            number,
            max(1, working_cores() // self.settings.places),
        )
        process = context.Process(
            target=work, args=(job, there), name=f"worker {self.hired}", daemon=True
        )
        with _main_left_out(), _interrupts_held_back():
            process.start()
        there.close()
        self.workers.append(Worker(process, here, self.hired))
        self.hired += 1

    def _listen(self, row: int, timeout: float) -> None:
        """Take in reports, and replace workers that have ended."""
        sources: list[Connection | int] = []
        for worker in self.workers:
            sources += [worker.pipe, worker.process.sentinel]
        ready = wait(sources, timeout)
        heard = [w for w in self.workers if w.pipe in ready or w.process.sentinel in ready]
        for worker in heard:
            # This is asked before the reports are read, so that a last report is still in the pipe.
            ended = not worker.process.is_alive()
            self._take(row, worker)
            if ended and self.active[row]:
                self._replace(worker)

    def _take(self, row: int, worker: Worker) -> None:
        try:
            while worker.pipe.poll():
                report: Report = worker.pipe.recv()
                worker.begun = True
                self.log.add(row, report.ended)
                if report.entropy == report.entropy:
                    self.entropy[row] = report.entropy
                if report.diverged:
                    self._drop(row, report.trouble or "")
                elif report.trouble:
                    raise RunError(f"A worker gave up: {report.trouble}")
        except (EOFError, OSError):
            pass  # it ended in the middle of a report

    def _replace(self, worker: Worker) -> None:
        self.workers.remove(worker)
        worker.pipe.close()
        worker.process.join(PATIENCE)
        code = worker.process.exitcode or 0
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        self._lost += 1
        if self._lost > 2 * self.settings.places:
            raise RunError(
                f"The workers keep dying ({how}). Try fewer --workers, or --algorithm a2c."
            )
        self.remarks.append(f"worker {worker.number} died ({how}) and was replaced")
        self._hire()

    def close(self) -> None:
        """End the workers and read their last reports; kill those that do not end in time."""
        # First all are told to stop, then all are waited for within one time limit, and only then
        # are processes killed.
        self.counters.stop.fill_(1)
        deadline = time.monotonic() + PATIENCE
        for worker in self.workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if self.row is not None:
                with suppress(RunError):  # it no longer matters why a worker gave up
                    self._take(self.row, worker)
        if self.row is not None:
            self.updates = self._before + int(self.counters.updates)
        for worker in self.workers:
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.pipe.close()
            worker.process.close()
        self.workers, self.row = [], None

    def state_dict(self) -> State:
        """As `AgentTraining.state_dict`, with the number of workers that have been started."""
        return super().state_dict() | {"hired": self.hired}

    def load_state_dict(self, state: State) -> None:
        """Continue from a state, as `AgentTraining.load_state_dict`."""
        super().load_state_dict(state)
        self.hired = state["hired"]


@contextmanager
def _main_left_out() -> Iterator[None]:
    """Keep a new process from running the parent's main script again.

    Running it costs seconds, and nothing in it is needed. What `spawn` runs depends on these two
    names of the main module.
    """
    main = sys.modules["__main__"]
    kept = {name: getattr(main, name) for name in ("__file__", "__spec__") if hasattr(main, name)}
    try:
        main.__spec__ = None
        if "__file__" in kept:
            del main.__file__
        yield
    finally:
        for name, value in kept.items():
            setattr(main, name, value)


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Keep Ctrl-C from new processes: the parent receives it and ends the others in order."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # as it starts, it would let the signal through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
