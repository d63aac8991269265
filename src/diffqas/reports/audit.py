"""What an audit of a search space found: a table, a picture, a CSV file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from diffqas.architecture import Audit, haar_floor, log_haar_masses
from diffqas.reports.pictures import blank, clean
from diffqas.reports.terminal import number
from diffqas.storage import csv_content, write_atomically

GREY = "0.6"
NEAR = 0.03
"""Points closer than this share of the axes share a label."""
LOWEST = 1e-4
"""Expressibilities below are drawn here: the axis is logarithmic."""
CROWDED = 0.95
"""Share of Haar-random pairs in the first bin beyond which the histogram tells little apart."""


def audit_table(audits: Sequence[Audit], numbers: Sequence[int], samples: int) -> RenderableType:
    """One line per candidate, notes below.

    Args:
        audits: of one size.
        numbers: of the candidates in their space, counted from 1.
        samples: pairs of states that were drawn, for the floor of expressibility.
    """
    n, depth = audits[0].n, audits[0].depth
    notes: dict[str, str] = {}
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    left = ("", "candidate", "kind", "same as")
    for heading in (
        *left,
        "direc-\ntions",
        "expr.",
        "Q",
        "gradient\nvariance",
        "log2 per\nqubit",
        "step",
    ):
        table.add_column(heading, justify="left" if heading in left[1:] else "right", no_wrap=True)
    for place, audit in zip(numbers, audits, strict=True):
        finding, slope = audit.finding, audit.slope
        mark = notes.setdefault(finding.reason, chr(ord("a") + len(notes)))
        table.add_row(
            str(place),
            audit.candidate.name,
            f"{finding.kind} {mark}",
            "" if finding.duplicate_of is None else finding.duplicate_of.name,
            f"{audit.directions} of {audit.angles}",
            f"{audit.expressibility:.3f}",
            f"{audit.entanglement:.3f}",
            number(audit.gradient_variance[-1][1]),
            "" if slope is None else f"{slope:+.2f}",
            f"{100 * audit.cost:.0f} %",
            style="dim" if finding.constant else "",
        )
    lines = [Text(f"{mark}  {reason}", style="dim") for reason, mark in notes.items()]
    constant = sum(audit.finding.constant for audit in audits)
    verb = "is" if constant == 1 else "are"
    end = Text(f"{constant} of {len(audits)} {verb} constant whatever the angles", style="bold")
    floor = f"{haar_floor(2**n, samples):.3f}"
    facts = [
        f"; {n} {'qubit' if n == 1 else 'qubits'}, depth {depth}. Of {samples} pairs of Haar-random states, "
        f"expressibility would be {floor}.",
        "Steps are this machine's: the candidate alone against the whole space.",
    ]
    if math.exp(log_haar_masses(2**n)[0]) > CROWDED:
        facts.append(
            f"On {n} qubits nearly all Haar fidelities lie in the first bin: near 0, expressibility says little."
        )
    end.append(" ".join(facts), style="not bold")
    return Group(table, *lines, end)


def audit_figure(audits: Sequence[Audit], title: str) -> Figure:
    """Expressibility against entangling capability, and the gradient variance against the number of
    qubits.

    Constants are grey rings; they have no gradient, so the right panel leaves them out.
    """
    figure = blank(11, 4.6)
    left, right = figure.subplots(1, 2)
    live = [audit for audit in audits if not audit.finding.constant]
    colors: dict[Any, Any] = {
        audit.candidate: colormaps["tab10"](index % 10) for index, audit in enumerate(live)
    }
    for audit in audits:
        color = colors.get(audit.candidate, GREY)
        ring = (
            {"markersize": 10, "fillstyle": "none"} if audit.finding.constant else {"markersize": 6}
        )
        left.plot(audit.entanglement, max(LOWEST, audit.expressibility), "o", color=color, **ring)
    left.set_yscale("log")
    left.set_xlim(-0.05, 1.3)  # room for the names of constants
    left.set_xticks([0, 0.25, 0.5, 0.75, 1])
    left.margins(y=0.12)
    _labels(left, audits, colors)
    left.set_xlabel("entangling capability, mean Q")
    left.set_ylabel("expressibility (nats; 0: Haar-random)")
    for index, audit in enumerate(live):
        sizes, variances = zip(*audit.gradient_variance, strict=True)
        style = ("-o", "--s", ":^")[index % 3]
        right.plot(
            sizes,
            variances,
            style,
            color=colors[audit.candidate],
            markersize=4,
            label=audit.candidate.name,
        )
    if live:
        right.set_yscale("log", base=2)
        right.set_xticks(sorted({size for audit in live for size, _ in audit.gradient_variance}))
        right.legend(frameon=False, fontsize=8)
    right.set_xlabel("qubits")
    right.set_ylabel("variance of the gradient of <Z> (sum over angles)")
    for axes in (left, right):
        clean(axes)
    grey = "; grey: constant probabilities" if len(live) < len(audits) else ""
    figure.suptitle(title + grey, x=0.01, ha="left", fontsize=11, parse_math=False)
    return figure


def _labels(axes: Axes, audits: Sequence[Audit], colors: dict[Any, Any]) -> None:
    """Names beside the points; points that nearly coincide, all alive or all constant, share one
    label.
    """
    axes.figure.canvas.draw()  # limits are known only then
    points = [(audit.entanglement, max(LOWEST, audit.expressibility)) for audit in audits]
    places = axes.transAxes.inverted().transform(axes.transData.transform(points))
    groups: list[tuple[Any, bool, list[Audit]]] = []
    for place, audit in zip(places, audits, strict=True):
        constant = audit.finding.constant
        near = [
            names
            for other, kind, names in groups
            if kind == constant and abs(place - other).max() < NEAR
        ]
        if near:
            near[0].append(audit)
        else:
            groups.append((place, constant, [audit]))
    for place, constant, members in groups:
        names = [audit.candidate.name for audit in members]
        right = constant or members[0].entanglement < 0.5
        axes.annotate(
            ",\n".join(", ".join(names[start : start + 2]) for start in range(0, len(names), 2)),
            place,
            xycoords="axes fraction",
            xytext=(7 if right else -7, 0),
            textcoords="offset points",
            ha="left" if right else "right",
            va="center",
            fontsize=8,
            color="0.45" if constant else colors[members[0].candidate],
        )


def save_audit(audits: Sequence[Audit], numbers: Sequence[int], path: Path) -> None:
    """Write all figures as CSV, one line per candidate, the variances of each size in a column of
    its own.
    """
    sizes = sorted({size for audit in audits for size, _ in audit.gradient_variance})
    names = [
        "number",
        "candidate",
        "constant",
        "reason",
        "duplicate_of",
        "qubits",
        "depth",
        "directions",
        "angles",
    ]
    names += ["expressibility", "entanglement"]
    names += [f"gradient_variance_{size}" for size in sizes]
    names += ["log2_variance_per_qubit", "seconds", "cost"]
    rows: list[list[object]] = [[*names]]
    for place, audit in zip(numbers, audits, strict=True):
        finding, variances = audit.finding, dict(audit.gradient_variance)
        equal = finding.duplicate_of
        row: list[object] = [place, audit.candidate.name, finding.constant, finding.reason]
        row += [None if equal is None else equal.name]  # nothing is written of None
        row += [audit.n, audit.depth, audit.directions, audit.angles]
        row += [audit.expressibility, audit.entanglement]
        row += [variances.get(size) for size in sizes]
        row += [audit.slope, audit.seconds, audit.cost]
        rows.append(row)
    write_atomically(path, csv_content(rows).encode())
