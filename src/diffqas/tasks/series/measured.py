"""A measured series that comes with the package: yearly sunspot numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from diffqas.tasks.series.signals import Floats

SUNSPOTS_CSV = Path(__file__).parent / "data" / "sunspots.csv"
"""Columns `year` and `sunspots`; source and licence (public domain) stand in the README beside it."""


def sunspots() -> Floats:
    """Return the yearly mean sunspot numbers of 1700 to 2008, shape (309,).

    >>> values = sunspots()
    >>> len(values), values.max(), 1700 + int(values.argmax())
    (309, np.float64(190.2), 1957)
    """
    return np.loadtxt(SUNSPOTS_CSV, delimiter=",", skiprows=1, usecols=1)
