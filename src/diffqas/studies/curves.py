"""Accuracy and loss over the epochs, every row of one data set: Figures 5 to 7 of arXiv 2505.09653
with controls.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from diffqas.reports import QUARTILES, Curve, curve_panels
from diffqas.studies.cell import Cell
from diffqas.studies.distribution import COLORS
from diffqas.studies.merging import joined

OTHERS = ("search", "control")
"""Groups below the candidates."""

PALETTE = (
    "#e07b00",
    "#2ca02c",
    "#c1272d",
    "#8a5aab",
    "#8c564b",
    "#e377c2",
    "#9a9a00",
    "#17becf",
    "#000000",
    "#e6b800",
    "#004c3f",
    "#f4a3a3",
)
"""Without blue, the search's colour, and grey, that of the constants."""
STYLES = ("-", "-.", ":")
"""Of lines whose colours are used up."""


def look_of(index: int) -> tuple[str, str]:
    """Colour and style of a row by its number, so that no two of a picture are alike."""
    return PALETTE[index % len(PALETTE)], STYLES[index // len(PALETTE) % len(STYLES)]


def curves_figure(cells: Sequence[Cell], part: str = "test") -> Figure:
    """Candidates above, other searches and controls below, the first search in both: medians and
    quartiles.

    Args:
        cells: cells of one data set that have curves, in the order of the table. Provably equal
            ones share a line, and seeds that failed are left out.
        part: `"test"` or `"train"`.
    """
    first, *others = _classes(cells)
    upper = [row for row in others if row[0].group not in OTHERS]
    lower = [row for row in others if row[0].group in OTHERS]
    rows = [_panels([first, *row], part) for row in (upper, lower) if row] or [
        _panels([first], part)
    ]
    seeds = len(first[0].seeds)
    counted = f"{seeds} seed" if seeds == 1 else f"{seeds} seeds"
    heading = f"{first[0].dataset}: {part} part, median and quartiles over {counted}"
    return curve_panels(rows, heading, QUARTILES)


def _classes(cells: Sequence[Cell]) -> list[list[Cell]]:
    """Cells of provably equal rows together, and those without a finished seed left out but for the
    first.
    """
    classes: dict[str, list[Cell]] = {}
    for cell in cells:
        if cell.finished or cell is cells[0]:
            classes.setdefault(cell.identical or f"row {cell.row}", []).append(cell)
    return list(classes.values())


def _panels(rows: Sequence[Sequence[Cell]], part: str) -> dict[str, list[Curve]]:
    panels: dict[str, list[Curve]] = {}
    for index, row in enumerate(rows):
        cell, name = row[0], joined([member.row for member in row])
        # Constants differ from live rows at a glance; the search is thicker than all others.
        look = (*look_of(index), 1.2)
        if cell.identical:
            look = ("0.5", ":" if cell.identical == "zero" else "--", 1.2)
        if index == 0:
            look = (COLORS["search"], "-", 2.4)
        for key, values in (cell.curves or {}).items():
            if key.startswith(f"{part}_") and cell.finished:
                known = np.array(values, dtype=np.float64)[:, cell.finished]
                panels.setdefault(key.removeprefix(f"{part}_"), []).append(
                    Curve(name, known, *look)
                )
    return panels
