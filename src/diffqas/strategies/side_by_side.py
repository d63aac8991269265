"""Every architecture of the space at once, side by side, the worst ones dropped on the way."""

from __future__ import annotations

from typing import ClassVar

from diffqas.strategies.halving import SuccessiveHalving


class SideBySide(SuccessiveHalving):
    """One bracket as wide as the space: all to the first checkpoint, the best third to the next.

    No mixture is made: each architecture has angles and a head of its own and is judged by its own
    loss, so that none is large because others are small. What makes it cheap is that a batch of
    hundreds of small circuits costs little more than one of them.
    """

    name: ClassVar[str] = "side-by-side"

    @property
    def width(self) -> int:
        """The whole space."""
        return self.ground.space.size
