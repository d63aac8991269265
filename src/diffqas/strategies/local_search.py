"""Local search: move to a better neighbour as long as there is one, then start anew."""

from __future__ import annotations

from typing import ClassVar

from diffqas.strategies.by_lot import unseen
from diffqas.strategies.ledger import Trial
from diffqas.strategies.searcher import Ground, Searcher


class LocalSearch(Searcher):
    """First improvement: neighbours in random order, and the first better one is the new centre.

    Without a predictor this is hard to beat on tables (White et al. 2021, arXiv 2005.02960).
    """

    name: ClassVar[str] = "local"

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._seen: set[int] = set()
        self._centre: tuple[int, float] | None = None
        self._waiting: list[int] = []

    def ask(self) -> Trial | None:
        """A neighbour of the centre, or a new start where none is left."""
        while self._waiting:
            chosen = self._waiting.pop()
            if chosen not in self._seen:
                return self._taken(chosen)
        if len(self._seen) == self.ground.space.size:
            return None
        self._centre = None
        return self._taken(unseen(self.ground.space, self._seen, self.ground.draw))

    def tell(self, trial: Trial, loss: float) -> None:
        """Move the centre to what is better."""
        self._seen.add(trial.architecture)
        if self._centre is not None and loss >= self._centre[1]:
            return
        self._centre = (trial.architecture, loss)
        around = self.ground.space.neighbours(trial.architecture)
        self._waiting = self.ground.draw.permutation(around).tolist()

    def _taken(self, architecture: int) -> Trial:
        self._seen.add(architecture)
        return self.whole(architecture)
