"""The papers' recipe beside ours: published figures, and medians (lowest .. highest) of ten seeds
by either recipe, from the committed cells.

python studies/paper_table.py
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from readme_table import DATASETS, figure, short

RESULTS = Path(__file__).parent / "results"
SERIES = {
    "**search**": "search-raw",
    "candidate 2": "candidate-2",
    "candidate 5": "candidate-5",
    "candidate 7": "candidate-7",
    "candidate 8": "candidate-8",
    "candidate 10": "candidate-10",
    "candidate 11": "candidate-11",
    "no circuit: uniform distribution": "uniform-distribution",
    "classical hashed vector": "hashed-vector",
    "an ordinary LSTM of hidden size 4": "ordinary-small-network",
    "the LSTM trained directly": "direct-lstm",
}


@dataclass(frozen=True)
class Line:
    """One recipe of one row.

    Attributes:
        recipe: as the table names it.
        study: the committed folder.
        published: whether the figures are the paper's, which stand in every cell.
    """

    recipe: str
    study: str
    published: bool = False


SERIES_LINES = (
    Line("published, one run", "table-2", published=True),
    Line("the paper's", "table-2-paper"),
    Line("ours", "table-2"),
)


def series_table() -> list[str]:
    """Lines of Markdown; figures that nobody has are a dash."""
    lines = [
        f"| | numbers | recipe | {' | '.join(DATASETS.values())} |",
        "|---" * (len(DATASETS) + 3) + "|",
    ]
    for title, word in SERIES.items():
        shown = title
        for line in SERIES_LINES:
            cells = [_cell(line.study, dataset, word) for dataset in DATASETS]
            figures = [_figure(cell, line) for cell in cells]
            if set(figures) == {"–"}:
                continue
            counts = {cell["trainable"] for cell in cells if cell is not None}
            count = f"{counts.pop():,}" if not line.published else ""
            lines.append(f"| {shown} | {count} | {line.recipe} | {' | '.join(figures)} |")
            shown = ""
    return lines


def _cell(study: str, dataset: str, word: str) -> dict | None:
    path = RESULTS / study / "cells" / dataset / f"{word}.json"
    return json.loads(path.read_text()) if path.exists() else None


def _figure(cell: dict | None, line: Line) -> str:
    if cell is None:
        return "–"
    if line.published:
        return "–" if cell["paper"] is None else short(cell["paper"])
    return figure(cell["test_mse"])


if __name__ == "__main__":
    print("\n".join(series_table()))
