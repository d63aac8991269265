"""The interface of every searcher: it asks for a training, and is told the loss."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np

from diffqas.strategies.ledger import ROUNDING, Ledger, Outcome, Trial
from diffqas.strategies.spaces import ArchitectureSpace

Evaluate: TypeAlias = Callable[[Trial], Outcome]
"""Trains what is asked for, or looks it up."""


@dataclass(frozen=True, eq=False)
class Ground:
    """What a searcher is told before it begins.

    Attributes:
        space: the space of architectures.
        checkpoints: the epochs after which the loss of a training is known, ascending.
        draw: the generator for all random choices.
        starts: the architectures that are trained before all others, each once.
    """

    space: ArchitectureSpace
    checkpoints: Sequence[int]
    draw: np.random.Generator
    starts: Sequence[int] = ()

    @property
    def epochs(self) -> int:
        """Of a whole training."""
        return self.checkpoints[-1]


class Searcher(ABC):
    """Chooses what is trained next, from what earlier trainings showed.

    Args:
        ground: the space, and where randomness comes from.
    """

    name: ClassVar[str]
    """Word of the command line."""
    seconds: float = 0.0
    """CPU seconds that were spent before the first training."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground

    def starts(self) -> list[Trial]:
        """The whole trainings of the ground's `starts`, which come before all others."""
        return [self.whole(architecture) for architecture in self.ground.starts]

    @abstractmethod
    def ask(self) -> Trial | None:
        """The next training; None: everything has been seen."""

    @abstractmethod
    def tell(self, trial: Trial, loss: float) -> None:
        """Take note of the validation loss of a trial that was asked for."""

    def whole(self, architecture: int) -> Trial:
        """A training of an architecture to the last epoch."""
        return Trial(architecture, self.ground.epochs)


def run_searcher(
    searcher: Searcher, evaluate: Evaluate, budget: float, continued: bool = True
) -> Ledger:
    """Search until the budget is spent or the space is exhausted.

    Args:
        searcher: a fresh one.
        evaluate: trains what is asked for, or looks it up.
        budget: how many whole trainings the search may cost; the last training may exceed this by
            less than one.
        continued: as of `Ledger`.

    Returns:
        What was trained and what it cost; `best` is the pick.
    """
    ledger = Ledger(searcher.ground.epochs, continued)
    ledger.charge(searcher.seconds)
    waiting = deque(searcher.starts())
    while ledger.evaluations < budget - ROUNDING:
        trial = waiting.popleft() if waiting else searcher.ask()
        if trial is None:
            break
        outcome = evaluate(trial)
        ledger.enter(trial, outcome)
        searcher.tell(trial, outcome.loss)
    return ledger
