"""The findings of an audit of a search space: a table, a picture, a CSV file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from diffqas.architecture import Audit, haar_floor, log_haar_masses
from diffqas.circuits import AnyCandidate
from diffqas.reports.console import plain_text
from diffqas.reports.layout import heading
from diffqas.reports.pictures import Floats, blank, boxes_for_missing_signs, clean
from diffqas.reports.words import number
from diffqas.storage import csv_content, write_atomically
from diffqas.text import mathtext

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RGBA: TypeAlias = tuple[float, float, float, float]
Colors: TypeAlias = dict[AnyCandidate, RGBA]
"""Colour by candidate, of those that are not constant."""
GREY, NAMES_GREY = "0.6", "0.45"
"""Rings may be pale; text must be darker to be read."""
NEAR = 0.03
"""Points closer than this share of the axes share a label."""
LOWEST = 1e-4
"""Expressibilities below are drawn here: the axis is logarithmic."""
CROWDED = 0.95
"""Share of Haar-random pairs in the first bin beyond which the histogram tells little apart."""

TEXT_COLUMNS = ("candidate", "kind", "same as")
NUMBER_COLUMNS = ("direc-\ntions", "expr.", "Q", "gradient\nvariance", "log2 per\nqubit", "step")
STYLES = ("-o", "--s", ":^")
"""Lines and markers in turn, for those who cannot tell the colours apart."""


def audit_table(audits: Sequence[Audit], numbers: Sequence[int], samples: int) -> RenderableType:
    """A table of an audit with one line per candidate, and notes below it.

    Args:
        audits: the audits, all of circuits of one size.
        numbers: the numbers of the candidates in their space, counted from 1.
        samples: how many pairs of states were drawn; it decides the floor of expressibility.
    """
    # Candidates with the same reason share a letter; each reason stands once, below the table.
    marks: dict[str, str] = {}
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("", justify="right", no_wrap=True)
    for column in TEXT_COLUMNS:
        table.add_column(column, justify="left", no_wrap=True)
    for column in NUMBER_COLUMNS:
        table.add_column(column, justify="right", no_wrap=True)
    for place, audit in zip(numbers, audits, strict=True):
        mark = marks.setdefault(audit.finding.reason, chr(ord("a") + len(marks)))
        style = ""
        if audit.finding.constant:
            style = "dim"
        table.add_row(str(place), *map(plain_text, _cells(audit, mark)), style=style)
    notes = [plain_text(f"{mark}  {reason}", style="dim") for reason, mark in marks.items()]
    return Group(table, *notes, _summary(audits, samples))


def _cells(audit: Audit, mark: str) -> list[str]:
    """A candidate's line, in the order of `TEXT_COLUMNS` and `NUMBER_COLUMNS`."""
    finding = audit.finding
    same_as, slope = "", ""
    if finding.duplicate_of is not None:
        same_as = finding.duplicate_of.name
    if audit.slope is not None:
        slope = f"{audit.slope:+.2f}"
    _, variance = audit.gradient_variance[-1]  # on the most qubits
    return [
        audit.candidate.name,
        f"{finding.kind} {mark}",
        same_as,
        f"{audit.directions} of {audit.angles}",
        f"{audit.expressibility:.3f}",
        f"{audit.entanglement:.3f}",
        number(variance),
        slope,
        f"{100 * audit.cost:.0f} %",
    ]


def _summary(audits: Sequence[Audit], samples: int) -> Text:
    """How many candidates are constant, and what a reader must know to read the figures."""
    n, depth = audits[0].n, audits[0].depth
    constant = sum(audit.finding.constant for audit in audits)
    verb, qubits = "are", f"{n} qubits"
    if constant == 1:
        verb = "is"
    if n == 1:
        qubits = "1 qubit"
    # Even Haar-random states do not reach 0, because the histogram has finitely many pairs.
    floor = f"{haar_floor(2**n, samples):.3f}"
    facts = [
        f"; {qubits}, depth {depth}.",
        f"Of {samples} pairs of Haar-random states, expressibility would be {floor}.",
        "Steps are this machine's: the candidate alone against the whole space.",
    ]
    # Haar fidelities F have the density (N - 1)(1 - F)^(N - 2) with N = 2^n: most are near 0.
    first_bin = math.exp(log_haar_masses(2**n)[0])
    if first_bin > CROWDED:
        facts.append(f"On {n} qubits nearly all Haar fidelities lie in the first bin:")
        facts.append("near 0, expressibility says little.")
    text = Text(f"{constant} of {len(audits)} {verb} constant whatever the angles", style="bold")
    text.append(" ".join(facts), style="not bold")
    return text


def audit_figure(audits: Sequence[Audit], title: str) -> Figure:
    """A picture: expressibility against entangling capability, and gradient variance by qubits.

    Constants are grey rings. They have no gradient, so the right panel leaves them out.
    """
    from matplotlib import colormaps

    figure = blank(11, 4.6)
    left, right = figure.subplots(1, 2)
    live = [audit for audit in audits if not audit.finding.constant]
    palette = colormaps["tab10"]
    colors: Colors = {}
    for index, audit in enumerate(live):
        colors[audit.candidate] = palette(index % 10)
    _draw_capabilities(left, audits, colors)
    _draw_variances(right, live, colors)
    for axes in (left, right):
        clean(axes)
    if len(live) < len(audits):
        title += "; grey: constant probabilities"
    heading(figure, title)
    return figure


def _draw_capabilities(axes: Axes, audits: Sequence[Audit], colors: Colors) -> None:
    """A point for each candidate, a ring for a constant one."""
    for audit in audits:
        x, y = audit.entanglement, _height(audit)
        if audit.finding.constant:
            axes.plot(x, y, "o", color=GREY, markersize=10, fillstyle="none")
        else:
            axes.plot(x, y, "o", color=colors[audit.candidate], markersize=6)
    axes.set_yscale("log")
    axes.set_xlim(-0.05, 1.3)  # room for the names of constants
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
    axes.margins(y=0.12)
    _draw_names(axes, audits, colors)
    axes.set_xlabel("entangling capability, mean Q")
    axes.set_ylabel("expressibility (nats; 0: Haar-random)")


def _draw_variances(axes: Axes, live: Sequence[Audit], colors: Colors) -> None:
    """A line for each candidate that learns."""
    ticks: set[int] = set()
    for index, audit in enumerate(live):
        sizes = [size for size, _ in audit.gradient_variance]
        variances = [variance for _, variance in audit.gradient_variance]
        color, name = colors[audit.candidate], audit.candidate.name
        style = STYLES[index % len(STYLES)]
        axes.plot(sizes, variances, style, color=color, markersize=4, label=mathtext(name))
        ticks.update(sizes)
    if live:
        # With base 2 a barren plateau is a straight line; its slope is the bits lost per qubit.
        axes.set_yscale("log", base=2)
        axes.set_xticks(sorted(ticks))
        axes.legend(frameon=False, fontsize=8)
    axes.set_xlabel("qubits")
    axes.set_ylabel("variance of the gradient of <Z> (sum over angles)")


def _height(audit: Audit) -> float:
    """Where a candidate stands on the logarithmic axis, which has no 0."""
    return max(LOWEST, audit.expressibility)


@dataclass
class _Label:
    """One label for the candidates at a place; the place is in shares of the axes."""

    place: Floats
    constant: bool
    members: list[Audit]

    def takes(self, place: Floats, constant: bool) -> bool:
        """Whether a point is so near that two labels would lie on each other."""
        return self.constant == constant and abs(place - self.place).max() < NEAR

    def text(self) -> str:
        """The names, two in a line."""
        names = [mathtext(audit.candidate.name) for audit in self.members]
        lines = [", ".join(names[start : start + 2]) for start in range(0, len(names), 2)]
        return ",\n".join(lines)


def _draw_names(axes: Axes, audits: Sequence[Audit], colors: Colors) -> None:
    """Names beside the points.

    Points that nearly coincide share one label if none of them is constant, or all are.
    """
    for label in _labels(axes, audits):
        first = label.members[0]
        color: str | RGBA = NAMES_GREY
        if not label.constant:
            color = colors[first.candidate]
        # Names stand on the side where the panel has room; the side of constants is kept free.
        side, shift = "right", -7
        if label.constant or first.entanglement < 0.5:
            side, shift = "left", 7
        axes.annotate(
            label.text(),
            (label.place[0], label.place[1]),
            xycoords="axes fraction",
            xytext=(shift, 0),
            textcoords="offset points",
            ha=side,
            va="center",
            fontsize=8,
            color=color,
        )


def _labels(axes: Axes, audits: Sequence[Audit]) -> list[_Label]:
    """The labels, in the order of their first points."""
    with boxes_for_missing_signs():
        axes.figure.canvas.draw()  # the limits are known only after that
    points = [(audit.entanglement, _height(audit)) for audit in audits]
    places = axes.transAxes.inverted().transform(axes.transData.transform(points))
    labels: list[_Label] = []
    for place, audit in zip(places, audits, strict=True):
        constant = audit.finding.constant
        for label in labels:
            if label.takes(place, constant):
                label.members.append(audit)
                break
        else:
            labels.append(_Label(place, constant, [audit]))
    return labels


def save_audit(audits: Sequence[Audit], numbers: Sequence[int], path: Path) -> None:
    """Write all figures of an audit as CSV, one line per candidate.

    The gradient variance at each number of qubits has a column of its own.
    """
    sizes = sorted({size for audit in audits for size, _ in audit.gradient_variance})
    names = ["number", "candidate", "constant", "reason", "duplicate_of"]
    names += ["qubits", "depth", "directions", "angles"]
    names += ["expressibility", "entanglement"]
    names += [f"gradient_variance_{size}" for size in sizes]
    names += ["log2_variance_per_qubit", "seconds", "cost"]
    rows: list[list[object]] = [[*names]]
    for place, audit in zip(numbers, audits, strict=True):
        rows.append([place, *_figures(audit, sizes)])
    write_atomically(path, csv_content(rows).encode())


def _figures(audit: Audit, sizes: Sequence[int]) -> list[object]:
    """A candidate's line in the file; an entry of None is left empty there."""
    finding = audit.finding
    variances = dict(audit.gradient_variance)
    duplicate_of = None
    if finding.duplicate_of is not None:
        duplicate_of = finding.duplicate_of.name
    row: list[object] = [audit.candidate.name, finding.constant, finding.reason, duplicate_of]
    row += [audit.n, audit.depth, audit.directions, audit.angles]
    row += [audit.expressibility, audit.entanglement]
    row += [variances.get(size) for size in sizes]
    row += [audit.slope, audit.seconds, audit.cost]
    return row
