"""Architectures in the order of a training-free score."""

from __future__ import annotations

from typing import ClassVar

from diffqas.strategies.catalogue import Scores
from diffqas.strategies.ledger import Trial
from diffqas.strategies.searcher import Ground, Searcher


class ProxyOrder(Searcher):
    """A searcher that trains architectures in the order of a score, the highest score first.

    The scores of the whole space are paid for before the first training. Architectures with equal
    scores come in random order.

    Args:
        ground: as of `Searcher`.
        scores: of every architecture.
    """

    name: ClassVar[str] = "proxy"

    def __init__(self, ground: Ground, scores: Scores) -> None:
        super().__init__(ground)
        self.seconds = scores.seconds
        lot = ground.draw.permutation(len(ground.space))
        rising = lot[scores.values[lot].argsort(kind="stable")]
        self._left = rising.tolist()

    def ask(self) -> Trial | None:
        """The one with the highest score that is left."""
        if not self._left:
            return None
        return self.whole(self._left.pop())

    def tell(self, trial: Trial, loss: float) -> None:
        """The order is fixed."""
