"""What a search has cost: trainings of architectures and CPU seconds, in one account."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

ROUNDING = 1e-6
"""Sums of thirds may miss a whole number by this."""


class Trial(NamedTuple):
    """A training that a searcher asks for.

    Attributes:
        architecture: the number of the architecture in the space.
        epochs: how many epochs it is trained, one of the recipe's checkpoints.
        repetition: the number of the training of this architecture; another number starts anew.
    """

    architecture: int
    epochs: int
    repetition: int = 0


class Outcome(NamedTuple):
    """What a training showed.

    Attributes:
        loss: on the validation part.
        seconds: CPU seconds from its start.
    """

    loss: float
    seconds: float


class Line(NamedTuple):
    """An entry of the account.

    Attributes:
        trial: what was trained.
        loss: on the validation part.
        evaluations: trainings paid for so far, in whole ones.
        seconds: CPU seconds paid for so far.
    """

    trial: Trial
    loss: float
    evaluations: float
    seconds: float


@dataclass
class Ledger:
    """The account of one search.

    A training that continues from an earlier checkpoint costs only what it adds. A training that is
    asked for twice costs nothing the second time.

    Attributes:
        epochs: the epochs of a whole training.
        continued: whether a longer training continues from a shorter one. If not, it starts anew
            and is paid for as a whole.
        evaluations: the trainings so far, counted in whole ones: one of a third of the epochs is
            1/3.
        seconds: the CPU seconds so far.
        lines: one line for each trial, in order.

    >>> ledger = Ledger(epochs=54)
    >>> ledger.enter(Trial(3, 18), Outcome(0.5, 1.0))
    >>> ledger.enter(Trial(3, 54), Outcome(0.4, 3.0))
    >>> ledger.evaluations, ledger.seconds, ledger.best.architecture
    (1.0, 3.0, 3)
    """

    epochs: int
    continued: bool = True
    evaluations: float = 0.0
    seconds: float = 0.0
    lines: list[Line] = field(default_factory=list)
    _paid: dict[tuple[int, int], tuple[int, float]] = field(default_factory=dict)

    def enter(self, trial: Trial, outcome: Outcome) -> None:
        """Pay for a training and note what it showed."""
        key = (trial.architecture, trial.repetition)
        before, spent = self._paid.get(key, (0, 0.0))
        if not self.continued:
            before, spent = 0, 0.0
        if trial.epochs > before:
            self.evaluations += (trial.epochs - before) / self.epochs
            self.seconds += outcome.seconds - spent
            self._paid[key] = (trial.epochs, outcome.seconds)
        self.lines.append(Line(trial, outcome.loss, self.evaluations, self.seconds))

    def charge(self, seconds: float) -> None:
        """Pay for what is no training, such as a training-free score of every architecture."""
        self.seconds += seconds

    @property
    def best(self) -> Trial:
        """The trial with the lowest loss among those that were trained longest."""
        longest = max(line.trial.epochs for line in self.lines)
        final = [line for line in self.lines if line.trial.epochs == longest]
        return min(final, key=lambda line: line.loss).trial
