"""Figures as text: with three digits, in percent, or as median and range over the seeds."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable


def number(value: float) -> str:
    """A figure as text with three digits.

    >>> number(0.0000412), number(0.0), number(0.954)
    ('4.12e-05', '0', '0.954')
    """
    if value == 0:
        return "0"
    if abs(value) < 0.01:
        return f"{value:.2e}"
    return f"{value:.3g}"


def percent(share: float) -> str:
    """A share of samples as text in percent.

    >>> percent(0.9965)
    '99.65 %'
    """
    return f"{100 * share:.2f} %"


def duration(seconds: float) -> str:
    """A time in seconds as text, in seconds, minutes or hours.

    >>> duration(42), duration(754), duration(9000)
    ('42 s', '13 min', '2.5 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def text_of(metric: str) -> Callable[[float], str]:
    """How figures of a metric are written: an accuracy in percent, all others as numbers."""
    if metric == "accuracy":
        return percent
    return number


def spread(values: Iterable[float | None], text: Callable[[float], str] = number) -> str:
    """The median and the range of a figure over the seeds; a seed that failed (None) is left out.

    >>> spread([3e-6, 1e-6, 2e-6]), spread([0.75, None], percent)
    ('2.00e-06 (1.00e-06 .. 3.00e-06, 3 seeds)', '75.00 %')
    """
    listed = [value for value in values if value is not None]
    if len(listed) == 1:
        return text(listed[0])
    if not listed:
        return "none"
    # The median and not the mean, so that one seed that ended badly does not move the figure.
    median = text(statistics.median(listed))
    return f"{median} ({text(min(listed))} .. {text(max(listed))}, {len(listed)} seeds)"
