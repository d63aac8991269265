"""A circuit as a picture: the gates that come once at the start, and one layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from diffqas.circuits import AnyCandidate, Gate, columns, gate_list, labels
from diffqas.reports.layout import in_lines
from diffqas.reports.pictures import blank
from diffqas.text import mathtext

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_QUBITS, MOST_COLUMNS = 24, 40
"""As much as a picture can hold; the rest is said in words."""
TITLE_SIGNS = 10
"""That fit into an inch of the title."""
BOX, DOT = 0.36, 4.5
LAYER_COLOR, GATE_COLOR, FIXED_COLOR = "0.95", "#cfe0f3", "0.88"


def circuit_figure(candidate: AnyCandidate, n: int, depth: int, whose: str = "") -> Figure:
    """Draw the gates at the start and one layer, in a box that says how often it is repeated.

    Gates with learned angles are blue. At most `MOST_QUBITS` qubits and `MOST_COLUMNS` columns of a
    layer are drawn. Gates that reach beyond are left out, and the title says so.

    Args:
        candidate: the circuit.
        n: the number of qubits.
        depth: the number of layers.
        whose: words at the end of the title, such as the seed that found the circuit.
    """
    from matplotlib.patches import Rectangle

    shown = min(n, MOST_QUBITS)
    start, layer, encoding = gate_list(candidate, n)
    first = columns(_within((*start, *encoding), shown))
    all_columns = columns(_within(layer, shown))
    body = all_columns[:MOST_COLUMNS]
    width = len(first) + len(body) + 2.5
    figure = blank(max(4.0, 0.55 * width + 0.8), max(1.6, 0.42 * shown + 0.9))
    axes = figure.subplots()
    left = len(first) + 0.5
    layer_box = Rectangle((left, -0.7), len(body) + 0.4, shown + 0.4, color=LAYER_COLOR, zorder=0)
    axes.add_patch(layer_box)
    axes.text(left + len(body) + 0.5, -0.55, f"x {depth}", va="center", fontsize=10)
    for q in range(shown):
        axes.plot((-0.2, width - 0.6), (q, q), color="0.55", linewidth=0.8, zorder=1)
        axes.text(-0.3, q, f"q{q}", ha="right", va="center", fontsize=9)
    for index, column in enumerate(first):
        _column(axes, index + 0.3, column)
    for index, column in enumerate(body):
        _column(axes, left + 0.7 + index, column)
    axes.set_xlim(-1, width)
    axes.set_ylim(shown - 0.2, -1)  # the first qubit on top, as circuits are drawn
    axes.set_aspect("equal")
    axes.axis("off")
    cut: list[str] = []
    if shown < n:
        cut.append(f"the first {shown} of {n} qubits")
    if len(body) < len(all_columns):
        cut.append(f"the first {len(body)} of {len(all_columns)} columns")
    title = f"{candidate.name}, {n} qubits, depth {depth}"
    if whose:
        title += f"; {whose}"
    # The title may be as wide as the picture; what is wider would be cut at the edge.
    signs = int(figure.get_figwidth() * TITLE_SIGNS)
    lines = [in_lines(title, signs)]
    if cut:
        lines.append(in_lines(f"({', '.join(cut)})", signs))
    axes.set_title("\n".join(lines), loc="left", fontsize=10)
    return figure


def _within(gates: Sequence[Gate], shown: int) -> list[Gate]:
    """Those gates whose qubits are all drawn."""
    return [gate for gate in gates if max(gate.qubits) < shown]


def _column(axes: Axes, x: float, column: list[Gate]) -> None:
    """Draw gates that act at the same time, one above the other."""
    for gate in column:
        marks = labels(gate)
        if len(marks) > 1:
            axes.plot((x, x), (min(marks), max(marks)), color="0.2", linewidth=1, zorder=2)
        # A fixed angle is a number; a learned angle is a slot or a name.
        fixed = all(isinstance(angle, float | int) for angle in gate.angles)
        color = GATE_COLOR
        if fixed:
            color = FIXED_COLOR
        for q, mark in marks.items():
            if mark == "●":
                axes.plot(x, q, "o", color="0.2", markersize=DOT, zorder=3)
            elif mark != "┼":  # the wire of a qubit that the gate only passes
                _box(axes, x, q, mark, color)


def _box(axes: Axes, x: float, q: int, mark: str, color: str) -> None:
    """Draw a square with a name; a fixed angle stands below the name."""
    from matplotlib.patches import Rectangle

    corner, side = (x - BOX, q - BOX), 2 * BOX
    square = Rectangle(corner, side, side, facecolor=color, edgecolor="0.3", lw=0.7, zorder=3)
    axes.add_patch(square)
    name, _, angle = mark.rstrip(")").partition("(")
    text = mathtext(name)
    if angle:
        text += f"\n{mathtext(angle)}"
    size = 7.0
    if len(text) >= 4:
        size = 5.5
    axes.text(x, q, text, ha="center", va="center", fontsize=size, zorder=4, linespacing=0.9)
