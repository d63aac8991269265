"""Regularised evolution: the best of a random few has a child, and the oldest one dies."""

from __future__ import annotations

from collections import deque
from typing import ClassVar

from diffqas.strategies.by_lot import unseen
from diffqas.strategies.ledger import Trial
from diffqas.strategies.searcher import Ground, Searcher

POPULATION = 16
SAMPLE = 4
"""Of the population that compete for a child (Real et al. 2019, arXiv 1802.01548)."""


class Evolution(Searcher):
    """Ageing evolution with one mutated gene per child.

    The first architectures are the `starts` of the ground, or random ones if it names none.

    A child is drawn among the neighbours of its parent that have not been trained yet. If all of
    them have been trained, a random architecture takes its place.
    """

    name: ClassVar[str] = "evolution"

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._alive: deque[tuple[int, float]] = deque()
        self._seen: set[int] = set()

    def ask(self) -> Trial | None:
        """The first ones by lot, then children."""
        if len(self._seen) == self.ground.space.size:
            return None
        first = len(self.ground.starts) or POPULATION
        chosen = self._by_lot() if len(self._seen) < first else self._child()
        self._seen.add(chosen)
        return self.whole(chosen)

    def tell(self, trial: Trial, loss: float) -> None:
        """The new one lives, the oldest one dies."""
        self._seen.add(trial.architecture)
        self._alive.append((trial.architecture, loss))
        if len(self._alive) > POPULATION:
            self._alive.popleft()

    def _child(self) -> int:
        draw = self.ground.draw
        places = draw.choice(len(self._alive), min(SAMPLE, len(self._alive)), replace=False)
        parent, _ = min((self._alive[place] for place in places), key=lambda each: each[1])
        fresh = [each for each in self.ground.space.neighbours(parent) if each not in self._seen]
        if not fresh:
            return self._by_lot()
        return int(draw.choice(fresh))

    def _by_lot(self) -> int:
        return unseen(self.ground.space, self._seen, self.ground.draw)
