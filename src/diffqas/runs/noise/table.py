"""The figures of measured circuits by shots and by errors, as a table, as CSV and as Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from diffqas.devices import Cost
from diffqas.reports import number, plain_text, text_of
from diffqas.storage import csv_content
from diffqas.text import markdown

SHARE = 0.1
"""A figure has arrived when it is as near to the exact one as this share of it."""
ON_DEVICES = ("backend", "sampler", "estimator", "pennylane")
"""Sweeps of a device with a name: simulated, and what it gave itself."""
SWEEPS = ("exact", "shots", "depolarising", "readout", *ON_DEVICES)


@dataclass(frozen=True)
class NoiseRow:
    """The figures under one disturbance.

    Attributes:
        mixture: which candidates are mixed, and how: `"search"`, `"search, drawn"` or `"top-<k>"`.
        sweep: what was changed, one of `SWEEPS`.
        level: by how much it was changed: the shots of each circuit, a rate, or the name of a
            backend. It is empty for the exact figures.
        circuits: how many circuits are measured for one network, (seeds,).
        figures: the figures (seeds, repeats) by metric.
        shots: the shots of each circuit on a backend. None means infinitely many, or that `level`
            counts them.
    """

    mixture: str
    sweep: str
    level: float | str
    circuits: tuple[int, ...]
    figures: dict[str, tuple[tuple[float, ...], ...]]
    shots: int | None = None

    @property
    def counted(self) -> int | None:
        """The shots of each circuit; None means infinitely many."""
        return int(self.level) if self.sweep == "shots" else self.shots

    def values(self, metric: str) -> list[float]:
        """The figures of all seeds and repeats, for one metric."""
        return [value for seed in self.figures[metric] for value in seed]

    def median(self, metric: str) -> float:
        """The median of a metric over all seeds and repeats."""
        return statistics.median(self.values(metric))


@dataclass(frozen=True)
class CandidateCost:
    """What a candidate's circuit costs on a backend that it was routed to."""

    backend: str
    candidate: str
    cost: Cost


@dataclass(frozen=True)
class NoiseReport:
    """All figures of one run.

    Attributes:
        task: the name of the data set.
        metrics: the metrics of the task; tables and pictures have the first one.
        seeds: the seeds of the models.
        rows: the figures.
        notes: what a reader must know to repeat them.
        part: the part of the data that was scored; empty for agents.
        costs: the costs of the measured candidates on each backend.
    """

    task: str
    metrics: tuple[str, ...]
    seeds: tuple[int, ...]
    rows: tuple[NoiseRow, ...]
    notes: tuple[str, ...]
    part: str = "test"
    costs: tuple[CandidateCost, ...] = ()

    @property
    def label(self) -> str:
        """The name of the first metric, as people read it."""
        return f"{self.part} {self.metric}".lstrip()

    @property
    def metric(self) -> str:
        """The name of the first metric."""
        return self.metrics[0]

    @property
    def mixtures(self) -> list[str]:
        """Names of the mixtures, in order."""
        return list(dict.fromkeys(row.mixture for row in self.rows))

    def of(self, mixture: str, sweep: str) -> list[NoiseRow]:
        """Rows of a mixture and a sweep, in order."""
        return [row for row in self.rows if (row.mixture, row.sweep) == (mixture, sweep)]

    def exact(self, mixture: str) -> NoiseRow:
        """The row without any disturbance."""
        return self.of(mixture, "exact")[0]

    def enough(self, mixture: str) -> int | None:
        """The fewest shots from which on the median stays within `SHARE` of the exact one.

        It is None if no tried number of shots is enough.
        """
        truth = self.exact(mixture).median(self.metric)
        found = None
        for row in reversed(self.of(mixture, "shots")):
            if not abs(row.median(self.metric) - truth) <= SHARE * abs(truth):
                break
            found = int(row.level)
        return found


def report_table(report: NoiseReport) -> RenderableType:
    """A table with one line per mixture and disturbance, and how many shots are enough."""
    table = Table(
        title=plain_text(f"{report.task}: {report.label}, measured circuits"),
        title_justify="left",
        box=None,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for heading in HEADINGS:
        table.add_column(
            heading, justify="left" if heading in HEADINGS[:2] else "right", no_wrap=True
        )
    for cells in _lines(report):
        table.add_row(*map(plain_text, cells), style="bold" if cells[1] == "exact" else "")
    parts: list[RenderableType] = [table, Text("")]
    if report.costs:
        parts += [_cost_table(report), Text("")]
    return Group(
        *parts,
        *map(plain_text, _enough(report)),
        *(plain_text(note, style="dim") for note in report.notes),
    )


def _cost_table(report: NoiseReport) -> Table:
    """What the measured candidates cost on the backends."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in COST_HEADINGS:
        justify = "left" if heading in COST_HEADINGS[:2] else "right"
        table.add_column(heading, justify=justify, no_wrap=True)
    for cells in _cost_lines(report):
        table.add_row(*map(plain_text, cells))
    return table


def _cost_lines(report: NoiseReport) -> Iterator[list[str]]:
    for row in report.costs:
        counts = [f"{row.cost.two_qubit_gates:,}", f"{row.cost.depth:,}"]
        yield [row.backend, row.candidate, *counts]


def report_markdown(report: NoiseReport) -> str:
    """The same table as Markdown."""
    lines = [f"# {markdown(report.task)}: {markdown(report.label)}, measured circuits", ""]
    lines += [_cells(HEADINGS), _cells(["---"] * 2 + ["---:"] * (len(HEADINGS) - 2))]
    lines += (_cells([*map(markdown, cells)]) for cells in _lines(report))
    if report.costs:
        lines += ["", _cells(COST_HEADINGS), _cells(["---", "---", "---:", "---:"])]
        lines += (_cells([*map(markdown, cells)]) for cells in _cost_lines(report))
    lines += ["", *(f"- {markdown(line)}" for line in (*_enough(report), *report.notes))]
    return "\n".join(lines) + "\n"


def report_csv(report: NoiseReport) -> str:
    """Every figure in full: one line per mixture, disturbance, seed and repeat."""
    names = ["mixture", "sweep", "level", "circuits", "total_shots", "seed", "repeat"]
    lines: list[list[object]] = [
        [*names, *(f"{report.part}_{metric}".lstrip("_") for metric in report.metrics)]
    ]
    for row in report.rows:
        for index, seed in enumerate(report.seeds):
            circuits = row.circuits[index]
            total = "" if row.counted is None else row.counted * circuits
            for repeat in range(len(row.figures[report.metric][index])):
                values = [row.figures[metric][index][repeat] for metric in report.metrics]
                where = [row.mixture, row.sweep, row.level, circuits, total, seed, repeat]
                lines.append([*where, *values])
    return csv_content(lines)


COST_HEADINGS = ("routed to", "candidate", "two-qubit gates", "depth")
HEADINGS = ("mixture", "disturbance", "all shots", "median", "lowest", "highest", "/ exact")


def _lines(report: NoiseReport) -> Iterator[list[str]]:
    text = text_of(report.metric)
    for mixture in report.mixtures:
        truth = report.exact(mixture).median(report.metric)
        for sweep in SWEEPS:
            for row in report.of(mixture, sweep):
                values, median = row.values(report.metric), row.median(report.metric)
                ratio = number(median / truth) if truth else ""
                cells = [
                    row.mixture,
                    in_words(row),
                    _total(row),
                    text(median),
                    text(min(values)),
                    text(max(values)),
                    ratio,
                ]
                yield cells


def in_words(row: NoiseRow) -> str:
    """What was changed and by how much, in words.

    >>> in_words(NoiseRow("search", "shots", 1000, (6,), {}))
    '1,000 shots'
    >>> in_words(NoiseRow("search", "readout", 0.01, (6,), {}))
    'readout 0.01'
    >>> in_words(NoiseRow("search", "backend", "generic", (6,), {}, 4096))
    'backend generic, 4,096 shots'
    """
    if row.sweep == "exact":
        return "exact"
    if row.sweep == "shots":
        return f"{powers(int(row.level))} shots"
    # A backend is known by its name, an error by its rate.
    level = row.level if isinstance(row.level, str) else f"{row.level:g}"
    found = f"{row.sweep} {level}"
    return found if row.shots is None else f"{found}, {powers(row.shots)} shots"


def powers(count: int) -> str:
    """A count, with three digits if it is long.

    >>> powers(1000), powers(60_000), powers(25_000_000), powers(10**12)
    ('1,000', '6e4', '2.5e7', '1e12')
    """
    if count < 10_000:
        return f"{count:,}"
    return f"{count:.3g}".replace("e+0", "e").replace("e+", "e")


def _total(row: NoiseRow) -> str:
    if row.counted is None:
        return ""
    low, high = (pick(row.circuits) * row.counted for pick in (min, max))
    return powers(low) if low == high else f"{powers(low)} .. {powers(high)}"


def _enough(report: NoiseReport) -> Iterable[str]:
    for mixture in report.mixtures:
        tried = report.of(mixture, "shots")
        if not tried:
            continue
        found, where = report.enough(mixture), f"{100 * SHARE:.0f} % of the exact median"
        if found is None:
            most = powers(int(tried[-1].level))
            yield f"{mixture}: not within {where} with {most} shots of each circuit."
        else:
            yield f"{mixture}: within {where} from {powers(found)} shots of each circuit on."


def _cells(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
