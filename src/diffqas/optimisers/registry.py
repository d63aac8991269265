"""The optimisers by the words of the command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from diffqas.errors import choose, require
from diffqas.optimisers.choice import Optimiser
from diffqas.optimisers.descent import Adam, RMSProp
from diffqas.optimisers.kalman import Kalman
from diffqas.optimisers.soap import SOAP

OPTIMISERS: Mapping[str, type[Optimiser]] = MappingProxyType(
    {kind.name: kind for kind in (Adam, RMSProp, SOAP, Kalman)}
)
"""The classes by their words; a new one goes here."""


def as_optimiser(optimiser: str | Optimiser, known: Iterable[Optimiser] = ()) -> Optimiser:
    """Make an optimiser from its name; an optimiser is returned as it is.

    Args:
        optimiser: a word of `OPTIMISERS`, or an optimiser.
        known: optimisers to choose from first; the one with that name is returned.

    Raises:
        ArgumentError: the name is unknown, or it is no optimiser.

    >>> as_optimiser("rmsprop")
    RMSProp(lr=0.01, alpha=0.99, eps=1e-08)
    """
    if not isinstance(optimiser, str):
        right = isinstance(optimiser, Optimiser)
        require(right, "optimizer", "be a name or an optimiser", repr(optimiser))
        return optimiser
    kind = OPTIMISERS[choose(optimiser, OPTIMISERS, "optimizer")]
    return next((one for one in known if one.name == optimiser), kind())
