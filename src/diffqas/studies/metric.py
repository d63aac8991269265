"""The figure that a study compares: how it is stored, which direction is better, how it is tested
and shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from diffqas.reports import number, percent
from diffqas.studies import statistics
from diffqas.studies.statistics import Floats, Interval

MISSING = "–"


@dataclass(frozen=True, eq=False)
class Metric:
    """A figure with one value per seed.

    Tests are made on differences of costs at equal seeds, row less search, hence positive where the
    search is better. The mean difference is reported as an effect: a ratio of geometric means, or
    percentage points.

    Attributes:
        name: as in the cells: `"mse"` for `test_mse` and `train_mse`.
        title: in tables and sentences.
        higher: whether more is better.
        cost: values to what is subtracted, less being better: the logarithm of an error, minus an
            accuracy; NaN of None.
        scale: of the axis on which values are drawn, matplotlib's word.
        text: a value as a person reads it.
        effect: heading of the effect's column.
        headings: names of an entry's fields in the CSV, where they are not the fields' own.
        tested: what the test rests on.
        meaning: what the effect's column says.
        unit: of a difference where more is better.
        unit_name: its name in a sentence.
    """

    name: str
    title: str
    higher: bool
    cost: Callable[[Sequence[float | None]], Floats]
    scale: str
    text: Callable[[float], str]
    effect: str
    headings: Mapping[str, str]
    tested: str
    meaning: str
    unit: float = 100.0
    unit_name: str = " percentage points"

    @property
    def test(self) -> str:
        """The entry of a cell with the values that are compared."""
        return f"test_{self.name}"

    @property
    def train(self) -> str:
        """The entry of a cell with the same on the training part."""
        return f"train_{self.name}"

    def mean_effect(self, differences: Floats) -> Interval:
        """The mean difference as a ratio or in percentage points, with its bootstrap interval.

        >>> import numpy as np
        >>> ACCURACY.mean_effect(np.array([0.25, 0.5])).value
        37.5
        """
        if not self.higher:
            return statistics.mean_ratio(differences)
        return Interval(*(self.unit * end for end in statistics.mean_interval(differences)))

    @property
    def no_effect(self) -> float:
        """The effect between equals; above it the search is better."""
        if self.higher:
            return 0.0
        return 1.0

    def worst(self, values: Sequence[float], median: float) -> float | None:
        """The worst value: an error relative to the median, an accuracy as it is; None where that
        says nothing.
        """
        if len(values) < 2:
            return None
        if self.higher:
            return min(values)
        # A median of exactly zero is no unit to measure by.
        if median <= 0:
            return None
        return max(values) / median

    def value_text(self, value: float | None) -> str:
        """A value, or a dash."""
        if value is None:
            return MISSING
        return self.text(value)

    def range_text(self, low: float | None, high: float | None) -> str:
        """Two ends, or a dash."""
        if low is None or high is None:
            return MISSING
        return f"{self.text(low)} .. {self.text(high)}"

    def worst_text(self, worst: float | None) -> str:
        """What `worst` gave."""
        if self.higher:
            return self.value_text(worst)
        return short(worst)

    def effect_text(self, effect: float | None) -> str:
        """One effect.

        >>> ACCURACY.effect_text(0.354), ACCURACY.effect_text(-0.001), MSE.effect_text(1234.5)
        ('+0.35', '0.00', '1230')
        """
        if effect is None or not self.higher:
            return short(effect)
        # Points have two digits as percentages have, plain figures four.
        digits = 2 if self.unit > 1 else 4
        text = f"{effect:+.{digits}f}"
        # What is rounded to nothing has no sign.
        return text[1:] if float(text) == 0 else text

    def in_words(self, effect: float) -> str:
        """A row against the search, for a sentence.

        >>> ACCURACY.in_words(0.354), ACCURACY.in_words(0.001)
        ("on average 0.35 percentage points below the search's", "on average equal to the search's")
        """
        if not self.higher:
            return f"on geometric average {short(effect)} times the search's error"
        if float(self.effect_text(effect)) == 0:
            return "on average equal to the search's"
        side = "below" if effect > 0 else "above"
        return f"on average {self.effect_text(abs(effect))[1:]}{self.unit_name} {side} the search's"


def short(value: float | None) -> str:
    """Three digits, with an exponent only from a million on or below a ten-thousandth.

    >>> short(1425.7), short(0.00195), short(None)
    ('1430', '0.00195', '–')
    """
    if value is None:
        return MISSING
    text = f"{value:.3g}"
    # `g` would write 1.43e+03.
    if 1000 <= abs(float(text)) < 1e6:
        return f"{float(text):.0f}"
    return text


def _minus(values: Sequence[float | None]) -> Floats:
    return -statistics.numbers(values)


MSE = Metric(
    name="mse",
    title="MSE",
    higher=False,
    cost=statistics.log_errors,
    scale="log",
    text=number,
    effect="row/search",
    headings=MappingProxyType({}),
    tested="log MSE",
    meaning="ratio of geometric means over paired seeds with its bootstrap interval, above 1 where "
    "the search is better. d_z: Cohen's d of the log differences",
)
"""The error of a series' predictions: positive, spread over decades, hence compared by its
logarithm.
"""

ACCURACY = Metric(
    name="accuracy",
    title="accuracy",
    higher=True,
    cost=_minus,
    scale="logit",
    text=percent,
    effect="search - row",
    headings=MappingProxyType(
        {
            "errors": "accuracies",
            "ratio": "points",
            "ratio_low": "points_low",
            "ratio_high": "points_high",
        }
    ),
    tested="accuracies",
    meaning="mean difference over paired seeds in percentage points with its bootstrap interval, "
    "above 0 where the search is better. d_z: Cohen's d of the differences",
)
"""The share of samples whose class is found."""

REWARD = Metric(
    name="reward",
    title="reward",
    higher=True,
    cost=_minus,
    scale="linear",
    text=lambda value: f"{value:.4f}",
    effect="search - row",
    headings=MappingProxyType(
        {
            "errors": "rewards",
            "ratio": "difference",
            "ratio_low": "difference_low",
            "ratio_high": "difference_high",
        }
    ),
    tested="rewards",
    meaning="mean difference over paired seeds with its bootstrap interval, above 0 where the "
    "search is better. d_z: Cohen's d of the differences",
    unit=1.0,
    unit_name="",
)
"""An agent's mean reward over episodes that all rows have."""


KNOWN = {metric.name: metric for metric in (MSE, ACCURACY, REWARD)}


def metric_of(name: str, higher: bool = False) -> Metric:
    """The metric of this name; of a task of your own one that is compared by its logarithm, or if
    more is better as is. In words, underscores are spaces.

    >>> rmse, share = metric_of("rmse"), metric_of("r2", higher=True)
    >>> metric_of("accuracy") is ACCURACY, rmse.cost([1.0]), share.cost([0.5])
    (True, array([0.]), array([-0.5]))
    """
    if name in KNOWN:
        return KNOWN[name]
    title = name.replace("_", " ")
    if higher:
        return replace(REWARD, name=name, title=title, text=number, tested=title)
    return replace(MSE, name=name, title=title, tested=f"log {title}")
