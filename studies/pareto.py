"""The rows of `diffqas study pareto`: searches that weigh two-qubit gates, the more the dearer.

Each strength L of the penalty gives a point, error against the expected two-qubit gates of a run of
the device; the front is what no other point beats in both. Candidates differ in their entangler, as
Table I's hardly differ in what they cost where all qubits are coupled.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path

from matplotlib.figure import Figure

from diffqas.circuits import Candidate, SearchSpace
from diffqas.devices import circuit_cost
from diffqas.kinds import QuantumTrainKind
from diffqas.reports import Terminal, number, save_figure
from diffqas.storage import read_json, write_atomically
from diffqas.studies import Cell, Row, Study, TrainedRow, populations
from diffqas.tasks import SERIES_RECIPES, Settings

STRENGTHS = (0.0, 0.1, 0.3, 1.0, 3.0)
"""L; the first is the search without a penalty, which all others are compared with."""
COUPLING = "line"
QUBITS = 11
"""Of the 1,781 weights of a series' network."""
SPACE = SearchSpace(
    Candidate(entangler=entangler, rotation=rotation)
    for entangler, rotation in product(("none", "chain", "ent", "ring", "star"), ("rx", "ry"))
)
TABLE, PICTURE = "pareto.md", "pareto-{}.png"


@dataclass(frozen=True)
class Point:
    """A strength on a data set.

    Attributes:
        strength: L.
        error: median test MSE.
        expected: median of the expected two-qubit gates.
        leading: the median of those of the leading candidate.
    """

    strength: float
    error: float
    expected: float
    leading: float

    def beaten(self, others: Sequence[Point]) -> bool:
        """Whether another one is as good in error and gates, and better in one of them."""
        return any(
            other.error <= self.error
            and other.expected <= self.expected
            and (other.error, other.expected) != (self.error, self.expected)
            for other in others
        )


def rows(settings: Settings, recipe: str) -> list[Row]:
    """A search for each strength, by SOAP, to which a penalty can be added."""
    base = replace(settings.by("soap"), cost="two-qubit-gates", coupling=COUPLING)
    populate = partial(populations.of_kind, kind=QuantumTrainKind(candidates=tuple(SPACE)))
    return [
        TrainedRow(
            _name(strength),
            "search",
            replace(base, cost_weight=strength),
            populate,
            ranked=True,
        )
        for strength in STRENGTHS
    ]


def _name(strength: float) -> str:
    """The row of a strength.

    >>> _name(0.3)
    'two-qubit gates, L = 0.3'
    """
    return f"two-qubit gates, L = {strength:g}"


def points(cells: Sequence[Cell], depth: int) -> list[Point]:
    """A point for each row that has finished seeds, by its strength."""
    counts = [
        circuit_cost(candidate, QUBITS, depth, coupling=COUPLING).two_qubit_gates
        for candidate in SPACE
    ]
    strengths = {_name(strength): strength for strength in STRENGTHS}
    found: list[Point] = []
    for cell in cells:
        structure = cell.structure
        if structure is None or not cell.finished:
            continue
        expected: list[float] = []
        for place in cell.finished:
            sizes = [abs(weight) for weight in structure.weights[place]]
            weighed = sum(size * count for size, count in zip(sizes, counts, strict=True))
            expected.append(weighed / sum(sizes))
        errors = [error for error in cell.figures["test_mse"] if error is not None]
        leading = [counts[structure.leading[place]] for place in cell.finished]
        found.append(
            Point(
                strengths[cell.row],
                statistics.median(errors),
                statistics.median(expected),
                statistics.median(leading),
            )
        )
    return sorted(found, key=lambda point: point.strength)


def table(dataset: str, found: Sequence[Point]) -> Iterator[str]:
    """The points of a data set as lines of Markdown."""
    yield f"## {dataset}"
    yield ""
    yield "| L | test MSE, median | expected two-qubit gates | of the leading candidate | front |"
    yield "|---:|---:|---:|---:|---|"
    for point in found:
        front = "" if point.beaten(found) else "yes"
        gates = f"{point.expected:.1f} | {point.leading:g}"
        yield f"| {point.strength:g} | {number(point.error)} | {gates} | {front} |"
    yield ""


def figure(dataset: str, found: Sequence[Point]) -> Figure:
    """Error against two-qubit gates, the front joined by a line."""
    picture = Figure(figsize=(5.5, 4), layout="constrained")
    axes = picture.subplots()
    front = sorted((point.expected, point.error) for point in found if not point.beaten(found))
    axes.plot([gates for gates, _ in front], [error for _, error in front], color="tab:blue")
    for point in found:
        axes.plot(point.expected, point.error, "o", color="tab:blue")
        place = (point.expected, point.error)
        axes.annotate(f"L = {point.strength:g}", place, (4, 4), textcoords="offset points")
    axes.set_yscale("log")
    axes.set_xlabel(f"expected two-qubit gates, routed to a {COUPLING}")
    axes.set_ylabel("test MSE, median")
    axes.set_title(dataset)
    return picture


def write_fronts(folder: Path, cells: Sequence[Cell], console: Terminal) -> None:
    """Write a table of all data sets, and a picture of each."""
    depth = int(read_json(folder / "study.json")["settings"]["depth"])
    lines: list[str] = []
    for dataset in dict.fromkeys(cell.dataset for cell in cells):
        found = points([cell for cell in cells if cell.dataset == dataset], depth)
        if found:
            lines += table(dataset, found)
            save_figure(figure(dataset, found), folder / PICTURE.format(dataset))
    text = "\n".join(lines) + "\n"
    write_atomically(folder / TABLE, text.encode())
    console.print(text, soft_wrap=True)


STUDY = Study(
    rows,
    ("bessel", "narma5"),
    recipes=lambda: {"default": SERIES_RECIPES["default"]},
    more=write_fronts,
)
