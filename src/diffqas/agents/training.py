"""What both algorithms have in common in the training of agents."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar, Generic, TypeVar

import torch
from torch import Tensor

from diffqas.agents.adam import FlatAdam
from diffqas.agents.episode_log import LAST, LAST_OF_STEPS, WINDOW, EpisodeLog
from diffqas.agents.networks import Agents, SeparateAgents
from diffqas.agents.settings import AgentSettings
from diffqas.agents.task import EnvironmentTask
from diffqas.architecture import governed_draws, seed_draws
from diffqas.errors import RunError
from diffqas.reports import AgentRecord
from diffqas.storage import COUNT, DURATION, Entries, State

P = TypeVar("P", Agents, SeparateAgents)


class AgentTraining(ABC, Generic[P]):
    """A training of agents that can be stopped after any record and continued.

    Args:
        population: the agents of all seeds.
        task: the environment.
        settings: how to train.
        seeds: one number per agent; they decide every random choice.

    Attributes:
        epoch: the number of records so far.
        updates: the number of updates so far.
        seconds: the time spent so far, in this process and in earlier ones.
        failures: for each seed that diverged, the reason.
        log: the episodes.
        remarks: lines for a person about what has happened since the list was last emptied.
    """

    unit: ClassVar[str] = "episode"
    anytime: ClassVar[bool] = False
    """Both mean the same as in `diffqas.training.Training`."""

    def __init__(
        self, population: P, task: EnvironmentTask, settings: AgentSettings, seeds: list[int]
    ) -> None:
        self.population = population
        self.task = task
        self.settings = settings
        self.seeds = seeds
        self.epoch = 0
        self.updates = 0
        self.seconds = 0.0
        self.failures: dict[int, str] = {}
        self.log = EpisodeLog(len(seeds), settings.episodes)
        self.entropy = torch.full((len(seeds),), torch.nan)
        self.adam = FlatAdam.start(population.rates, len(seeds), settings.betas, settings.eps)
        self.remarks: list[str] = []
        if task.cut is not None:
            self.remarks.append(
                f"The environment {task.identity} sets no time limit: "
                f"episodes are cut after {task.cut:,} steps."
            )

    @property
    def metrics(self) -> dict[str, list[float | None]]:
        """The figures of result.json, by their names, one entry per seed.

        `mean_reward`, `success_rate` and `mean_length` are means over the `last` episodes, or over
        all if there are fewer; they are None for seeds that failed. `episodes` and `steps` count
        what every seed has done.
        """
        figures = self.log.figures(self.last)
        return {
            "mean_reward": self._of_sound_seeds(figures["reward"]),
            "success_rate": self._of_sound_seeds(figures["success"]),
            "mean_length": self._of_sound_seeds(figures["length"]),
            "episodes": [float(count) for count in self.log.counts],
            "steps": [float(steps) for steps in self.log.steps],
        }

    @property
    def last(self) -> int:
        """How many episodes at the end the figures are means of."""
        return LAST if self.settings.most_steps is None else LAST_OF_STEPS

    def _of_sound_seeds(self, values: list[float]) -> list[float | None]:
        pairs = zip(self.seeds, values, strict=True)
        return [None if seed in self.failures else value for seed, value in pairs]

    @property
    def finished(self) -> bool:
        """Whether no seed trains any more: each has had its episodes or steps, or has failed."""
        return not any(self.active)

    @property
    def progress(self) -> float:
        """How far the slowest seed that still trains has come, from 0 to 1."""
        pairs = zip(self.seeds, self._shares, strict=True)
        shares = [min(1.0, share) for seed, share in pairs if seed not in self.failures]
        return min(shares, default=1.0)

    @property
    def _shares(self) -> list[float]:
        """For each seed the share done of its episodes or of its steps, whichever is larger."""
        settings = self.settings
        of_episodes = [count / settings.episodes for count in self.log.counts]
        if settings.most_steps is None:
            return of_episodes
        of_steps = [steps / settings.most_steps for steps in self.log.steps]
        return [max(both) for both in zip(of_episodes, of_steps, strict=True)]

    @property
    def active(self) -> list[bool]:
        """For each seed whether it still trains."""
        shares = zip(self.seeds, self._shares, strict=True)
        return [share < 1 and seed not in self.failures for seed, share in shares]

    def epochs(self) -> Iterator[AgentRecord]:
        """Train until no seed is left to train, and yield a record now and then.

        Raises:
            RunError: the loss of every seed became NaN or infinite.
        """
        while not self.finished:
            started = time.perf_counter()
            # A user's environment may draw from the global generators.
            with governed_draws(torch.device(self.task.device)):
                seed_draws(self.seeds[0], self.epoch)
                self._until_next_record()
            self.seconds += time.perf_counter() - started
            self.epoch += 1
            yield self._record()

    @abstractmethod
    def _until_next_record(self) -> None:
        """Train until the next record is due."""

    def close(self) -> None:
        """Close environments and processes."""

    def _record(self) -> AgentRecord:
        return AgentRecord(
            epoch=self.epoch,
            updates=self.updates,
            episodes=self.log.counts,
            steps=list(self.log.steps),
            **self.log.figures(WINDOW),
            entropy=self.entropy.tolist(),
            structural_weights=self.population.structural_weights.tolist(),
        )

    def _drop(self, index: int, reason: str) -> None:
        """Freeze a seed that diverged; stop when none is left."""
        seed = self.seeds[index]
        if seed not in self.failures:
            self.failures[seed] = reason
            self.remarks.append(f"Seed {seed} is frozen, the others go on: {reason}.")
        if len(self.failures) == len(self.seeds):
            raise RunError(
                f"Training diverged: seed {self.seeds[index]}: {reason}. "
                "Try a lower learning rate (--lr)."
            )

    def state_dict(self) -> State:
        """Everything that is needed to continue, in plain tensors, numbers and dicts."""
        return {
            "epoch": self.epoch,
            "updates": self.updates,
            "seconds": self.seconds,
            "seeds": self.seeds,
            "failures": self.failures,
            "log": self.log.state_dict(),
            "entropy": self.entropy,
            "population": self.population.state_dict(),
            "optimizer": self.adam.state_dict(),
        }

    def load_state_dict(self, state: State) -> None:
        """Continue from what `state_dict` gave."""
        progress = Entries.of(state, "the checkpoint")
        self.epoch, self.updates = progress.one("epoch", COUNT), progress.one("updates", COUNT)
        self.seconds = progress.one("seconds", DURATION)
        self.failures, self.entropy = dict(state["failures"]), state["entropy"]
        self.log.load_state_dict(state["log"])
        self.population.load_state_dict(state["population"])
        self.adam.load_state_dict(state["optimizer"])


def schedule(settings: AgentSettings, episodes: Tensor) -> tuple[Tensor, Tensor]:
    """The learning rate and the entropy weight after so many episodes, both shaped as `episodes`.

    Both fall linearly over `settings.decay` episodes: the rate to `settings.floor` times its start,
    and the weight to zero.
    """
    done = (episodes.double() / settings.decay).clamp(max=1)
    lr = settings.lr * (1 - (1 - settings.floor) * done)
    entropy_weight = settings.entropy * (1 - done)
    return lr, entropy_weight
