"""A search that trains all architectures at once, side by side, and drops the worst on the way."""

from __future__ import annotations

from typing import ClassVar

from diffqas.strategies.halving import SuccessiveHalving


class SideBySide(SuccessiveHalving):
    """Successive halving with a single bracket that is as wide as the space.

    All architectures are trained to the first checkpoint, and the best third to the next. There is
    no mixture: each architecture has its own angles and its own head and is judged by its own loss,
    so none looks good because others look bad. It is cheap because a batch of hundreds of small
    circuits costs little more than one of them.
    """

    name: ClassVar[str] = "side-by-side"

    @property
    def width(self) -> int:
        """The whole space."""
        return self.ground.space.size
