"""What stands on a report's page, as plain data: numbers and texts, no HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

MOST_POINTS = 500
"""Points of a curve, and steps of a slider: longer ones are thinned out."""

PARAMETERS = "parameters"
"""Name of the main figure that is a sentence."""

REWARD = "reward"
"""Key of the chart of an agent, or its beginning, where the axis counts steps, not episodes."""

Numbers = list[float | None]


@dataclass(frozen=True)
class Line:
    """One line of a chart.

    Attributes:
        label: its name in the legend.
        x, y: of the same length; None is a gap.
        low, high: of a band around it; empty: none.
        role: what decides its colour, `"truth"`, `"prediction"`, `"boundary"` or `"grey"`; empty:
            by its number.
        dash: draw it dashed.
    """

    label: str
    x: Numbers
    y: Numbers
    low: Numbers = field(default_factory=list)
    high: Numbers = field(default_factory=list)
    role: str = ""
    dash: bool = False


@dataclass(frozen=True)
class Chart:
    """Lines over a common axis.

    Attributes:
        key: what is drawn; charts of several runs with the same key are comparable.
        title: heading.
        across: name of the horizontal axis.
        lines: the lines.
        log: logarithmic vertical axis.
        percent: values are shares, shown in percent.
        boundary: where the test part begins; None: nowhere.
        units: what values are measured in, if the title does not say it.
    """

    key: str
    title: str
    across: str
    lines: Sequence[Line]
    log: bool = False
    percent: bool = False
    boundary: float | None = None
    units: str = ""

    @property
    def heading(self) -> str:
        """The title with its unit."""
        if self.percent:
            return f"{self.title} (%)"
        if self.units:
            return f"{self.title} {self.units}"
        return self.title


@dataclass(frozen=True)
class Place:
    """Structural weights of one place in the model, such as a gate.

    Attributes:
        name: the place; empty where there is one.
        candidates: their names.
        constant: which of them are the same whatever their angles.
        values: (steps, candidates), the median over seeds.
    """

    name: str
    candidates: Sequence[str]
    constant: Sequence[bool]
    values: Sequence[Numbers]


@dataclass(frozen=True)
class Weights:
    """Structural weights as they changed.

    Attributes:
        unit: what a step counts, `"epoch"` or `"episode"`.
        steps: their numbers.
        places: one or several.
    """

    unit: str
    steps: Sequence[int]
    places: Sequence[Place]


@dataclass(frozen=True)
class Table:
    """A table of texts.

    Attributes:
        head: headings; empty: none.
        rows: of the same length.
        strong: number of the row that matters most; None: none.
        numeric: columns with figures.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    strong: int | None = None
    numeric: Sequence[int] = ()


@dataclass(frozen=True)
class Circuit:
    """One circuit.

    Attributes:
        name: of its file.
        qasm: its text.
        caption: which candidate it is.
        drawing: one of its layers in characters, or every different one; empty where it can't be
            drawn.
        further: it is not the first seed's.
    """

    name: str
    qasm: str
    caption: str = ""
    drawing: str = ""
    further: bool = False


@dataclass(frozen=True)
class RunPage:
    """Everything about one run.

    Attributes:
        name: the run folder's.
        task, model: what was searched, and what kind of model.
        summary: a sentence with the main figure, and one on the best of the simpler models.
        finished: whether the run came to its end.
        tiles: main figures by their names.
        results: figures beside those of others; None: no figures yet.
        charts: figures over the epochs.
        weights: None: nothing is recorded yet.
        predictions: one chart for each stored epoch.
        circuits: what was found.
        trials: what a searcher trained before; None: none chose the circuit.
        ranking, leaders: candidates by what they contribute, all and the best of each place; None:
            not known yet.
        ranked_by: what they are sorted by.
        settings, versions: names and values.
        command: line that repeats the run; empty: none does.
        remarks: what the command leaves out.
        failures: what became of seeds that were frozen.
        stuck: what was seen of seeds that had learnt nothing at first.
        notes: what the folder lacks.
    """

    name: str
    task: str
    model: str
    summary: str
    finished: bool
    tiles: Mapping[str, str] = field(default_factory=dict)
    results: Table | None = None
    charts: Sequence[Chart] = ()
    weights: Weights | None = None
    predictions: Mapping[int, Chart] = field(default_factory=dict)
    circuits: Sequence[Circuit] = ()
    trials: Table | None = None
    ranking: Table | None = None
    leaders: Table | None = None
    ranked_by: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    remarks: Sequence[str] = ()
    failures: Sequence[str] = ()
    stuck: Sequence[str] = ()
    notes: Sequence[str] = ()

    @property
    def counts_episodes(self) -> bool:
        """Whether the run is an agent's: its charts show rewards over the episodes."""
        return bool(self.charts) and self.charts[0].key.startswith(REWARD)

    @property
    def predictions_have_bands(self) -> bool:
        """Whether the predictions of several seeds are drawn."""
        lines = [line for chart in self.predictions.values() for line in chart.lines]
        return any(line.low for line in lines)


def plain(values: ArrayLike) -> Numbers:
    """Numbers with five digits, as JSON has them; what is no number becomes None.

    >>> plain([0.123456789, float("nan")])
    [0.12346, None]
    """
    numbers: Numbers = []
    for number in np.asarray(values, dtype=float).ravel().tolist():
        # JSON knows neither NaN nor infinity.
        numbers.append(float(f"{number:.5g}") if np.isfinite(number) else None)
    return numbers


def thinned(count: int, most: int = MOST_POINTS) -> list[int]:
    """Places of at most `most` entries of so many, the first and the last among them.

    >>> thinned(5), thinned(9, 3)
    ([0, 1, 2, 3, 4], [0, 4, 8])
    """
    if count <= most:
        return list(range(count))
    return sorted({round(float(at)) for at in np.linspace(0, count - 1, most)})


def band(
    label: str, x: Sequence[float], values: ArrayLike, role: str = "", dash: bool = False
) -> Line:
    """A line through the medians of values (steps, seeds), with a band over the seeds.

    Seeds that are no numbers at a step, having diverged, are left out there.

    >>> band("a", [1], [[1.0, 3.0, float("nan")]]).y
    [2.0]
    """
    array = np.asarray(values, dtype=float)
    kept = thinned(len(array))
    masked = np.ma.masked_invalid(array[kept])
    low: Numbers = []
    high: Numbers = []
    if array.shape[1] > 1:
        low = _filled(masked.min(axis=1))
        high = _filled(masked.max(axis=1))
    shown = plain([x[at] for at in kept])
    return Line(label, shown, _filled(np.ma.median(masked, axis=1)), low, high, role, dash)


def _filled(masked: ArrayLike) -> Numbers:
    """Numbers with a gap where all seeds were masked."""
    return plain(np.ma.filled(masked, np.nan))
