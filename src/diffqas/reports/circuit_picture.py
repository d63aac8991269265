"""A circuit as a picture: what is done once at the start, and one layer."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from diffqas.circuits import AnyCandidate, Gate, columns, gate_list, labels
from diffqas.reports.pictures import blank

MOST_QUBITS, MOST_COLUMNS = 24, 40
"""What a picture can hold; the rest is said in words."""
BOX, DOT = 0.36, 4.5
LAYER_COLOR, GATE_COLOR, FIXED_COLOR = "0.95", "#cfe0f3", "0.88"


def circuit_figure(candidate: AnyCandidate, n: int, depth: int) -> Figure:
    """The gates at the start, then those of one layer in a box that says how often it is repeated.

    Gates in blue turn by angles that are learned. Of many qubits the first `MOST_QUBITS` are drawn,
    of a long layer the first `MOST_COLUMNS` columns; gates that reach beyond are left out, and the
    title says so.

    Args:
        candidate: the circuit.
        n: qubits.
        depth: layers.
    """
    shown = min(n, MOST_QUBITS)
    found = gate_list(candidate, n)
    start, layer = ([gate for gate in gates if max(gate.qubits) < shown] for gates in found)
    first, all_columns = columns(start), columns(layer)
    body = all_columns[:MOST_COLUMNS]
    width = len(first) + len(body) + 2.5
    figure = blank(max(4.0, 0.55 * width + 0.8), max(1.6, 0.42 * shown + 0.9))
    axes = figure.subplots()
    left = len(first) + 0.5
    axes.add_patch(
        Rectangle((left, -0.7), len(body) + 0.4, shown + 0.4, color=LAYER_COLOR, zorder=0)
    )
    axes.text(left + len(body) + 0.5, -0.55, f"x {depth}", va="center", fontsize=10)
    for q in range(shown):
        axes.plot((-0.2, width - 0.6), (q, q), color="0.55", linewidth=0.8, zorder=1)
        axes.text(-0.3, q, f"q{q}", ha="right", va="center", fontsize=9)
    for index, column in enumerate(first):
        _column(axes, index + 0.3, column)
    for index, column in enumerate(body):
        _column(axes, left + 0.7 + index, column)
    axes.set_xlim(-1, width)
    axes.set_ylim(shown - 0.2, -1)
    axes.set_aspect("equal")
    axes.axis("off")
    cut = [f"the first {shown} of {n} qubits"] * (shown < n)
    cut += [f"the first {MOST_COLUMNS} of {len(all_columns)} columns"] * (
        len(body) < len(all_columns)
    )
    note = f" ({', '.join(cut)})" if cut else ""
    title = f"{candidate.name}, {n} qubits, depth {depth}{note}"
    axes.set_title(title, loc="left", fontsize=10, parse_math=False)
    return figure


def _column(axes: Axes, x: float, column: list[Gate]) -> None:
    for gate in column:
        marks = labels(gate)
        if len(marks) > 1:
            axes.plot((x, x), (min(marks), max(marks)), color="0.2", linewidth=1, zorder=2)
        color = (
            FIXED_COLOR if gate.angle is None or isinstance(gate.angle, float | int) else GATE_COLOR
        )
        for q, mark in marks.items():
            if mark == "●":
                axes.plot(x, q, "o", color="0.2", markersize=DOT, zorder=3)
            elif mark != "┼":
                _box(axes, x, q, mark, color)


def _box(axes: Axes, x: float, q: int, mark: str, color: str) -> None:
    """A named square; an angle that is fixed stands below the name."""
    axes.add_patch(
        Rectangle(
            (x - BOX, q - BOX), 2 * BOX, 2 * BOX, facecolor=color, edgecolor="0.3", lw=0.7, zorder=3
        )
    )
    text = mark.replace("(", "\n").rstrip(")")
    axes.text(
        x,
        q,
        text,
        ha="center",
        va="center",
        fontsize=7 if len(text) < 4 else 5.5,
        zorder=4,
        linespacing=0.9,
    )
