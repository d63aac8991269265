"""The README's table from the cells of `diffqas study table-2`: median (lowest .. highest) of the
seeds.

python studies/readme_table.py
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "table-2" / "cells"
DATASETS = {
    "bessel": "Bessel",
    "damped-shm": "damped SHM",
    "delayed-control": "delayed control",
    "narma5": "NARMA-5",
    "narma10": "NARMA-10",
}
PAPER = ("the paper's search, one seed", "paper")
ROWS = {
    "**search**": "search-raw",
    "**the same, its circuits move drawn weights**": "search-from-drawn-weights",
    PAPER[0]: PAPER[1],
    "the same search by Adam": "search-raw-by-adam",
    "no circuit: uniform distribution": "uniform-distribution",
    "classical hashed vector": "hashed-vector",
    "classical random subspace": "random-subspace",
    "an ordinary LSTM of hidden size 4": "ordinary-small-network",
    "the LSTM trained directly by Adam": "direct-lstm-by-adam",
    "the LSTM trained directly by the filter": "direct-lstm",
    "least squares on the window": "least-squares",
}


def short(value: float) -> str:
    """Two digits, without zeros in the exponent.

    >>> short(4.43e-07), short(0.00085)
    ('4.4e-7', '8.5e-4')
    """
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def figure(values: list[float]) -> str:
    """Median and range; the range with one digit."""
    if len(values) == 1:
        return short(values[0])
    low, high = (f"{limit(values):.0e}".replace("e-0", "e-") for limit in (min, max))
    return f"{short(statistics.median(values))} ({low} .. {high})"


def table(folder: Path = RESULTS) -> list[str]:
    """Lines of Markdown; a cell that is not computed is a dash, a row without any is left out."""
    lines = [
        f"| | trained numbers | {' | '.join(DATASETS.values())} |",
        "|---" * (len(DATASETS) + 2) + "|",
    ]
    for title, word in ROWS.items():
        figures, counts = [], set()
        for dataset in DATASETS:
            file = folder / dataset / f"{'search-raw' if word == PAPER[1] else word}.json"
            if not file.exists():
                figures.append("–")
                continue
            cell = json.loads(file.read_text())
            counts.add(cell["trainable"])
            figures.append(short(cell["paper"]) if word == PAPER[1] else figure(cell["test_mse"]))
        if not counts:
            continue
        count = f"{counts.pop():,}" if len(counts) == 1 else "–"
        lines.append(f"| {title} | {count} | {' | '.join(figures)} |")
    return lines


if __name__ == "__main__":
    print("\n".join(table()))
