"""Random search: architectures by lot, none twice."""

from __future__ import annotations

from typing import ClassVar

from diffqas.strategies.ledger import Trial
from diffqas.strategies.searcher import Ground, Searcher


class RandomSearch(Searcher):
    """What every other searcher has to beat."""

    name: ClassVar[str] = "random"

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._left = ground.draw.permutation(len(ground.space)).tolist()

    def ask(self) -> Trial | None:
        """The next one of a random order."""
        if not self._left:
            return None
        return self.whole(self._left.pop())

    def tell(self, trial: Trial, loss: float) -> None:
        """Nothing is learned from it."""
