"""Successive halving: many architectures for a few epochs, the better ones for longer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import ClassVar

from diffqas.strategies.by_lot import shuffled
from diffqas.strategies.ledger import Trial
from diffqas.strategies.searcher import Ground, Searcher

ETA = 3
"""Of so many one goes on; the checkpoints grow by the same factor (arXiv 1502.07943)."""


class SuccessiveHalving(Searcher):
    """Brackets of random architectures, of which a third goes on at every checkpoint.

    With four checkpoints a bracket has 27 architectures: 27 are trained to the first checkpoint, 9
    to the second, 3 to the third, and 1 to the last. If trainings continue from their checkpoints,
    that costs as much as about three whole trainings. The `starts` of the ground come first.
    """

    name: ClassVar[str] = "halving"

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._left = self._order()
        self._rung = 0
        self._waiting: list[int] = []
        self._shown: list[tuple[float, int]] = []

    def starts(self) -> list[Trial]:
        """No trainings, because the ground's `starts` take part in the first bracket."""
        return []

    def _order(self) -> Iterator[int]:
        first = self.ground.starts
        yield from first
        for chosen in shuffled(self.ground.space, self.ground.draw):
            if chosen not in first:
                yield chosen

    @property
    def width(self) -> int:
        """Architectures of a bracket."""
        return ETA ** (len(self.ground.checkpoints) - 1)

    def ask(self) -> Trial | None:
        """The next one of a rung; after it the best third, or a new bracket."""
        if not self._waiting:
            self._promote()
        if not self._waiting:
            return None
        return Trial(self._waiting.pop(), self.ground.checkpoints[self._rung])

    def tell(self, trial: Trial, loss: float) -> None:
        """Take note of it in its rung."""
        self._shown.append((loss, trial.architecture))

    def _promote(self) -> None:
        last = len(self.ground.checkpoints) - 1
        if self._shown and self._rung < last:
            best = sorted(self._shown)[: max(1, len(self._shown) // ETA)]
            self._waiting = [architecture for _, architecture in reversed(best)]
            self._rung += 1
        else:
            self._waiting = list(islice(self._left, self.width))
            self._rung = 0
        self._shown = []
