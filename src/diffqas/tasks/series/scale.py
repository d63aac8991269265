"""The scale and units of a series: models see it scaled, people want to see its own units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffqas.storage import FINITE, TEXT, Entries, Json

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class SeriesScale:
    """The values of a series that -1 and 1 in the samples stand for.

    Attributes:
        values: the name of the series.
        low, high: these values in its own units; -1 and 1 if nothing was scaled.

    >>> SeriesScale("level", 10.0, 30.0).unscaled(np.array([-1.0, 0.0, 1.0])).tolist()
    [10.0, 20.0, 30.0]
    """

    values: str
    low: float
    high: float

    @property
    def scaled(self) -> bool:
        """Whether models see other numbers than people."""
        return (self.low, self.high) != (-1.0, 1.0)

    def unscaled(self, samples: Floats) -> Floats:
        """Samples or predictions in the series' own units."""
        # Halved one by one: the difference of two values near the limit of float64 would overflow.
        return self.high / 2 + self.low / 2 + (self.high / 2 - self.low / 2) * samples

    def to_json(self) -> Json:
        """As result.json and predictions.pt hold it."""
        return {"values": self.values, "low": self.low, "high": self.high}

    @classmethod
    def within(cls, entries: Entries) -> SeriesScale | None:
        """The scale that a stored object holds; None of a version that stored none.

        Raises:
            RunError: an entry of it is missing or of the wrong kind.
        """
        found = entries.perhaps_inner("scale")
        if found is None:
            return None
        return cls(found.one("values", TEXT), found.one("low", FINITE), found.one("high", FINITE))


@dataclass(frozen=True, eq=False)
class SeriesUnits:
    """How corrections of a linear part become values of the series.

    Attributes:
        base: (samples,), the predictions without the network, in the series' own units.
        unit: the value that 1 stands for in targets and predictions.
        correction: the part of a prediction that is added.
    """

    base: Floats
    unit: float
    correction: float = 1.0

    def truth(self, targets: Floats) -> Floats:
        """Targets (..., samples) as values of the series."""
        return self.base + self.unit * targets

    def predicted(self, predictions: Floats) -> Floats:
        """Predictions (..., samples) as values of the series."""
        return self.base + self.unit * self.correction * predictions
