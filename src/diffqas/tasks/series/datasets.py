"""The named series: the five of the papers, the two NARMA series seen through their own past, and a
measured one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import get_args

from diffqas.errors import choose
from diffqas.tasks.series.measured import sunspots
from diffqas.tasks.series.signals import Floats, bessel, damped_shm, delayed_control, narma
from diffqas.tasks.series.windows import Scaling, SeriesData, scaled_windows, windows

THE_DRIVE = "the drive u"
THE_RESPONSE = "the response y"


def _scaled(signal: Callable[[], Floats], name: str, scaling: Scaling) -> SeriesData:
    return scaled_windows(signal(), name=name, scaling=scaling)


def _narma_from_drive(order: int, name: str, _: Scaling) -> SeriesData:
    drive, response = narma(order)
    return windows(drive, response, name=name, sees=THE_DRIVE)


def _narma_from_response(order: int, name: str, _: Scaling) -> SeriesData:
    return windows(narma(order)[1], name=name, sees=THE_RESPONSE)


SERIES: Mapping[str, Callable[[str, Scaling], SeriesData]] = MappingProxyType(
    {
        "bessel": partial(_scaled, bessel),
        "damped-shm": partial(_scaled, damped_shm),
        "delayed-control": partial(_scaled, delayed_control),
        "narma5": partial(_narma_from_drive, 5),
        "narma10": partial(_narma_from_drive, 10),
        "narma5-response": partial(_narma_from_response, 5),
        "narma10-response": partial(_narma_from_response, 10),
        "sunspots": partial(_scaled, sunspots),
    }
)
"""Loader of each named series, in the order of the papers' tables."""


def load_series(name: str, *, scaling: Scaling = "whole") -> SeriesData:
    """Return the windows (length 4) of a named series.

    All but NARMA are scaled to [-1, 1] (`scaling` as in `scaled_windows`). NARMA is unscaled, as in
    the papers, so there `scaling` changes nothing: "narma5" and "narma10" predict the response y
    from a window of the drive u, the "-response" ones from a window of y itself (easier, and not
    the papers' task).

    Raises:
        ArgumentError: unknown `name` or `scaling`; the nearest known word is suggested.

    >>> data = load_series("bessel")
    >>> data.inputs.shape, data.boundary, data.sees
    ((251, 4), 168, 'the series itself')
    """
    choose(name, SERIES, "dataset")
    choose(scaling, get_args(Scaling), "scaling")
    return SERIES[name](name, scaling)
