"""The rows of `diffqas study pareto`: searches with penalties on two-qubit gates.

Each strength L of the penalty gives a point: the error against the expected two-qubit gates of a
run of the device. The front consists of the points that no other point beats. The candidates differ
in their entangler, because those of Table I hardly differ in cost if all qubits are coupled.

    diffqas study pareto                            # Quantum-Train, on series
    diffqas study studies/pareto.py:LAYERS          # a searched layer, on tables
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from diffqas.circuits import Candidate, SearchSpace
from diffqas.devices import circuit_cost
from diffqas.kinds import VQC_RECIPES, AnyKind, QuantumTrainKind, VQCKind
from diffqas.reports import Terminal, number, save_figure
from diffqas.storage import read_json, write_atomically
from diffqas.studies import ACCURACY, Cell, Row, Study, TrainedRow, populations
from diffqas.tasks import SERIES_RECIPES, Settings, Task, load_named, table_task

STRENGTHS = (0.0, 0.1, 0.3, 1.0, 3.0)
"""L; the first is the search without a penalty, which all others are compared with."""
COUPLING = "line"
QUBITS = 11
"""Of the 1,781 weights of a series' network."""
ENTANGLERS, ROTATIONS = ("none", "chain", "ent", "ring", "star"), ("rx", "ry")
SPACE = SearchSpace(
    Candidate(entangler=entangler, rotation=rotation)
    for entangler, rotation in product(ENTANGLERS, ROTATIONS)
)
LAYER_SPACE = SearchSpace(
    Candidate(entangler=entangler, rotation=rotation, encoding="ry")
    for entangler, rotation in product(ENTANGLERS, ROTATIONS)
)
"""The same for circuits that read their samples."""
TABLES = {"iris": (4, 1), "wine": (8, 2)}
"""Qubits of a searched layer on a table, and how many encodings its columns make."""
TABLE, PICTURE = "pareto.md", "pareto-{}.png"
SQUARED_ERROR, ERROR = "test MSE, median", "test rows told wrongly, mean"


@dataclass(frozen=True)
class Point:
    """A strength on a data set.

    Attributes:
        strength: L.
        error: median test MSE; of a table the mean share of test rows that are told wrongly.
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
    base = settings.by("soap")
    return _rows(base, QuantumTrainKind(candidates=tuple(SPACE)), has_target=True)


def layer_rows(settings: Settings, recipe: str) -> list[Row]:
    """The same of a searched layer, whose recipe has SOAP."""
    kind = VQCKind(candidates=tuple(LAYER_SPACE), baselines=False)
    return _rows(settings, kind, has_target=False)


def _rows(settings: Settings, kind: AnyKind, *, has_target: bool) -> list[Row]:
    base = replace(settings, cost="two-qubit-gates", coupling=COUPLING)
    return [
        TrainedRow(
            _name(strength),
            "search",
            replace(base, cost_weight=strength),
            partial(populations.of_kind, kind=kind),
            ranked=True,
            has_target=has_target,
        )
        for strength in STRENGTHS
    ]


def _name(strength: float) -> str:
    """The row of a strength.

    >>> _name(0.3)
    'two-qubit gates, L = 0.3'
    """
    return f"two-qubit gates, L = {strength:g}"


def gate_counts(dataset: str, depth: int) -> list[int]:
    """Two-qubit gates of the candidates on a data set."""
    space, qubits, encodings = SPACE, QUBITS, 1
    if dataset in TABLES:
        space, (qubits, encodings) = LAYER_SPACE, TABLES[dataset]
    costs = [
        circuit_cost(candidate, qubits, depth * encodings, encodings, COUPLING)
        for candidate in space
    ]
    return [cost.two_qubit_gates for cost in costs]


def error_of(cell: Cell) -> float:
    """As `Point.error`."""
    if cell.dataset in TABLES:
        shares = [share for share in cell.figures["test_accuracy"] if share is not None]
        return 1 - statistics.fmean(shares)
    return statistics.median(error for error in cell.figures["test_mse"] if error is not None)


def points(cells: Sequence[Cell], depth: int) -> list[Point]:
    """A point for each row that has finished seeds, by its strength."""
    strengths = {_name(strength): strength for strength in STRENGTHS}
    found: list[Point] = []
    for cell in cells:
        structure = cell.structure
        if structure is None or not cell.finished:
            continue
        counts = gate_counts(cell.dataset, depth)
        expected: list[float] = []
        for place in cell.finished:
            sizes = [abs(weight) for weight in structure.weights[place]]
            weighed = sum(size * count for size, count in zip(sizes, counts, strict=True))
            expected.append(weighed / sum(sizes))
        leading = [counts[structure.leading[place]] for place in cell.finished]
        found.append(
            Point(
                strengths[cell.row],
                error_of(cell),
                statistics.median(expected),
                statistics.median(leading),
            )
        )
    return sorted(found, key=lambda point: point.strength)


def table(dataset: str, found: Sequence[Point]) -> Iterator[str]:
    """The points of a data set as lines of Markdown."""
    yield f"## {dataset}"
    yield ""
    error = ERROR if dataset in TABLES else SQUARED_ERROR
    yield f"| L | {error} | expected two-qubit gates | of the leading candidate | front |"
    yield "|---:|---:|---:|---:|---|"
    for point in found:
        front = "" if point.beaten(found) else "yes"
        gates = f"{point.expected:.1f} | {point.leading:g}"
        error = f"{100 * point.error:.2f} %" if dataset in TABLES else number(point.error)
        yield f"| {point.strength:g} | {error} | {gates} | {front} |"
    yield ""


def figure(dataset: str, found: Sequence[Point]) -> Figure:
    """Error against two-qubit gates, the front joined by a line."""
    picture = Figure(figsize=(5.5, 4.3), layout="constrained")
    axes = picture.subplots()
    front = sorted((point.expected, point.error) for point in found if not point.beaten(found))
    gates, errors = [gates for gates, _ in front], [error for _, error in front]
    axes.plot(gates, errors, color="tab:blue", label="front: beaten by no other point")
    expected, all_errors = [p.expected for p in found], [p.error for p in found]
    points_label = "a search each; L: strength of the penalty on gates"
    axes.plot(expected, all_errors, "o", color="tab:blue", label=points_label)
    for point in found:
        place = (point.expected, point.error)
        axes.annotate(f"L = {point.strength:g}", place, (4, 4), textcoords="offset points")
    # Room for the words beside the outermost points.
    axes.margins(0.15)
    if dataset in TABLES:
        axes.set_ylim(0, 1.2 * max(point.error for point in found) + 1e-3)
        axes.yaxis.set_major_formatter(PercentFormatter(1))
    else:
        axes.set_yscale("log")
    axes.set_xlabel(f"expected two-qubit gates, routed to a {COUPLING}")
    axes.set_ylabel(ERROR if dataset in TABLES else SQUARED_ERROR)
    axes.set_title(dataset)
    picture.legend(loc="outside lower center", frameon=False, fontsize=9)
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


def load(dataset: str, data_dir: str | Path | None) -> Task:
    """The first fold of a table."""
    return table_task(load_named(dataset))


def samples(dataset: str) -> int:
    """Its training rows."""
    return len(load(dataset, None).train)


LAYERS = Study(
    layer_rows,
    tuple(TABLES),
    metric=ACCURACY,
    recipes=lambda: VQC_RECIPES,
    load=load,
    samples=samples,
    more=write_fronts,
)
