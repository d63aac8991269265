"""One process of an asynchronous training: its environment, and its steps on shared numbers."""

from __future__ import annotations

import copy
import multiprocessing
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection

import numpy as np
import torch
from torch import Tensor

from diffqas.agents.adam import FlatAdam
from diffqas.agents.arena import Arena
from diffqas.agents.networks import Agents
from diffqas.agents.rollouts import experience
from diffqas.agents.settings import AgentSettings
from diffqas.agents.training import schedule
from diffqas.errors import DiffqasError
from diffqas.optimisers import move_numbers
from diffqas.simulator import using_cores
from diffqas.training import first_fault

REPORT_SECONDS = 0.25


@dataclass
class Counters:
    """Numbers that all processes see, each a tensor () of int64 in shared memory.

    Attributes:
        episodes: how many episodes have ended.
        updates: how many updates there have been.
        stop: not zero once the workers shall end.
    """

    episodes: Tensor
    updates: Tensor
    stop: Tensor

    @classmethod
    def start(cls, episodes: int, updates: int) -> Counters:
        """Make the counters before the workers begin."""
        return cls(*(torch.tensor(value).share_memory_() for value in (episodes, updates, 0)))


@dataclass(frozen=True)
class Job:
    """What a worker is given.

    Attributes:
        agents: the agents of one seed, in shared memory.
        adam: their optimiser, in shared memory.
        counters: the counters, in shared memory.
        identity: the id of the environment.
        settings: how to train.
        seed: the seed of the agents.
        number: the number of the worker, which no worker before had.
        cores: how many cores compute the circuits.
    """

    agents: Agents
    adam: FlatAdam
    counters: Counters
    identity: str
    settings: AgentSettings
    seed: int
    number: int
    cores: int


@dataclass(frozen=True)
class Report:
    """What a worker reports from time to time.

    Attributes:
        ended: (reward, steps) of the episodes that have ended.
        entropy: the policy's entropy in nats.
        trouble: why the worker gives up; None if it does not.
        diverged: whether it gives up because its loss is not finite.
    """

    ended: tuple[tuple[float, int], ...] = ()
    entropy: float = float("nan")
    trouble: str | None = None
    diverged: bool = False


def work(job: Job, pipe: Connection) -> None:
    """Train until the parent says stop, or until the parent is gone."""
    # The parent may end before it has read all that is written.
    with using_cores(job.cores), suppress(BrokenPipeError, EOFError):
        try:
            _work(job, pipe)
        except (BrokenPipeError, EOFError):
            raise
        except DiffqasError as error:
            pipe.send(Report(trouble=str(error)))
        except Exception as error:
            pipe.send(Report(trouble=f"{type(error).__name__}: {' '.join(str(error).split())}"))
        pipe.close()
    os._exit(0)  # to take Python and torch down in order would take longer than anybody waits


def _work(job: Job, pipe: Connection) -> None:
    parent = multiprocessing.parent_process()
    shared, settings, counters = job.agents, job.settings, job.counters
    local = copy.deepcopy(shared)
    arena = Arena(job.identity, [job.seed], 1, first=job.number)
    one = torch.ones(1, dtype=torch.bool)
    shared.see(torch.as_tensor(arena.observations), one)
    pipe.send(Report())
    ended: list[tuple[float, int]] = []
    spoken, update = time.monotonic(), 0
    while not counters.stop and (parent is None or parent.is_alive()):
        _copy(shared, local)
        progress = min(1.0, counters.episodes.item() / settings.episodes)
        local.advance(progress, int(counters.updates), [job.seed])
        lr, weight = schedule(settings, counters.episodes.reshape(1))
        shape = (settings.steps, 1, 1)
        generator = np.random.default_rng([job.seed, job.number, update])
        draws = torch.from_numpy(generator.random(shape))
        found = experience(local, arena, settings, draws, [True], weight)
        if not found.sound.all():
            tensor = first_fault(local, 0, found.losses[0].item(), found.gradient)
            trouble = f"{found.fault(0)} at update {int(counters.updates) + 1} (first in {tensor})"
            pipe.send(Report(trouble=trouble, diverged=True))
            return
        # There are no locks. Two steps that overlap are a little noise, but a lock that a killed
        # process holds would stop all (Recht et al. 2011, Hogwild).
        move_numbers(
            shared.parameters_in_order, job.adam.step(found.gradient, lr.to(found.gradient), one)
        )
        shared.see(found.observations, one)
        counters.updates += 1
        update += 1
        counters.episodes += len(arena.finished[0])
        ended += arena.finished[0]
        arena.finished[0].clear()
        if ended and time.monotonic() - spoken > REPORT_SECONDS:
            pipe.send(Report(tuple(ended), found.entropy.item()))
            ended.clear()
            spoken = time.monotonic()
    if ended:
        pipe.send(Report(tuple(ended)))


@torch.no_grad()
def _copy(shared: Agents, local: Agents) -> None:
    for mine, theirs in zip(local.parameters_in_order, shared.parameters_in_order, strict=True):
        mine.copy_(theirs)
    local.mean.copy_(shared.mean)
