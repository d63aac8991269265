"""Random search: architectures by lot, none twice."""

from __future__ import annotations

from typing import ClassVar

from diffqas.strategies.by_lot import MOST_LISTED, shuffled
from diffqas.strategies.ledger import Trial
from diffqas.strategies.searcher import Ground, Searcher


class RandomSearch(Searcher):
    """Random search, which every other searcher has to beat."""

    name: ClassVar[str] = "random"

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._seen: set[int] = set()
        self._left = shuffled(ground.space, ground.draw)
        if ground.space.size <= MOST_LISTED:
            # From behind, as in the replays that are published.
            self._left = reversed(list(self._left))

    def ask(self) -> Trial | None:
        """The next one of a random order."""
        for chosen in self._left:
            if chosen not in self._seen:
                return self.whole(chosen)
        return None

    def tell(self, trial: Trial, loss: float) -> None:
        """Remember only that the architecture has been trained."""
        self._seen.add(trial.architecture)
