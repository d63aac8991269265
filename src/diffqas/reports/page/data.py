"""The content of a report's page as plain data: numbers and texts, no HTML."""

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
        label: the name of the line in the legend.
        x, y: the points, of the same length; None is a gap.
        low, high: the edges of a band around the line; empty if there is none.
        role: what decides the colour: `"truth"`, `"prediction"`, `"boundary"` or `"grey"`. If it is
            empty, the number of the line decides.
        dash: whether the line is dashed.
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
        title: the heading.
        across: the name of the horizontal axis.
        lines: the lines.
        log: whether the vertical axis is logarithmic.
        percent: whether the values are shares, to be shown in percent.
        boundary: where the test part begins; None if nowhere.
        units: the units of the values, if the title does not name them.
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
        """The title with the units."""
        if self.percent:
            return f"{self.title} (%)"
        if self.units:
            return f"{self.title} {self.units}"
        return self.title


@dataclass(frozen=True)
class Place:
    """The structural weights of one place in the model, such as a gate.

    Attributes:
        name: the name of the place; empty if there is only one.
        candidates: the names of the candidates.
        constant: which of them are the same whatever their angles are.
        values: the weights (steps, candidates), the medians over the seeds.
    """

    name: str
    candidates: Sequence[str]
    constant: Sequence[bool]
    values: Sequence[Numbers]


@dataclass(frozen=True)
class Weights:
    """The structural weights in the course of the training.

    Attributes:
        unit: what a step counts, `"epoch"` or `"episode"`.
        steps: the numbers of the steps.
        places: the places in the model, one or several.
    """

    unit: str
    steps: Sequence[int]
    places: Sequence[Place]


@dataclass(frozen=True)
class Table:
    """A table of texts.

    Attributes:
        head: the headings; empty if there are none.
        rows: the rows, all of the same length.
        strong: the number of the row that matters most; None if there is none.
        numeric: the numbers of the columns with figures.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    strong: int | None = None
    numeric: Sequence[int] = ()


@dataclass(frozen=True)
class Circuit:
    """One circuit that was found.

    Attributes:
        name: the name of its file.
        qasm: its text in OpenQASM.
        caption: which candidate it is.
        drawing: one of its layers in characters, or every different layer; empty if it cannot be
            drawn.
        further: whether it is the circuit of a seed other than the first.
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
        name: the name of the run folder.
        task, model: what the search was on, and the kind of model.
        summary: a sentence with the main figure, and one on the best of the simpler models.
        finished: whether the run has come to its end.
        tiles: the main figures by their names.
        results: the figures beside those of others; None if there are no figures yet.
        charts: the figures over the epochs.
        weights: the structural weights; None if none are recorded yet.
        predictions: one chart for each stored epoch, by the epoch.
        circuits: the circuits that were found.
        trials: what a searcher trained before; None if no searcher chose the circuit.
        ranking, leaders: all candidates by what they contribute, and the best of each place; None
            if they are not known yet.
        ranked_by: what the candidates are sorted by.
        settings, versions: names and values.
        command: the command that repeats the run; empty if there is none.
        remarks: what the command leaves out.
        failures: why seeds were frozen.
        stuck: how it was seen that seeds had learnt nothing at first.
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
        """Whether the run is one of agents, whose charts show rewards over the episodes."""
        return bool(self.charts) and self.charts[0].key.startswith(REWARD)

    @property
    def predictions_have_bands(self) -> bool:
        """Whether the charts of predictions have bands over several seeds."""
        lines = [line for chart in self.predictions.values() for line in chart.lines]
        return any(line.low for line in lines)


def plain(values: ArrayLike) -> Numbers:
    """Numbers with five significant digits for JSON; those that are not finite become None.

    >>> plain([0.123456789, float("nan")])
    [0.12346, None]
    """
    numbers: Numbers = []
    for number in np.asarray(values, dtype=float).ravel().tolist():
        # JSON knows neither NaN nor infinity.
        numbers.append(float(f"{number:.5g}") if np.isfinite(number) else None)
    return numbers


def thinned(count: int, most: int = MOST_POINTS) -> list[int]:
    """The places of at most `most` of `count` entries, including the first and the last.

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

    Seeds that have diverged have no finite value at a step and are left out there.

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
    """The numbers, with a gap where all seeds are masked."""
    return plain(np.ma.filled(masked, np.nan))
