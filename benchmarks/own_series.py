"""What a search on a series of one's own comes to by default, beside simple predictors.

    python benchmarks/own_series.py          # ten series, five seeds each: minutes of one core
    python benchmarks/own_series.py table    # of the results that are there, as on the page
    python benchmarks/own_series.py --series passengers --seeds 1

Each series (`ten_series.py`) is written as a CSV file and searched as a person does it, with no
choice made by hand: `diffqas search series --csv FILE --column value --seeds 5`. Results that are
there are not made again.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np

import diffqas
from report import describe, write_json
from ten_series import TEN, Floats, MadeSeries

RESULTS = Path(__file__).parent / "results" / "own_series.json"
SEEDS = 5
ORDERS = (4, 13)
"""Of least squares on the values as they are, beside that of the window which the run prints."""
TARGET = "linear part alone"


def written(made: MadeSeries, path: Path) -> None:
    """A CSV file with the values, and months or numbers beside them."""
    lines = ["month,value" if made.monthly else "row,value"]
    for index, value in enumerate(made.make()):
        row = f"{1949 + index // 12}-{index % 12 + 1:02}" if made.monthly else f"{index}"
        lines.append(f"{row},{value:.10g}")
    path.write_text("\n".join(lines) + "\n")


def least_squares(values: Floats, order: int) -> float:
    """Test error of a linear model of so many values, fitted to the first 67 per cent."""
    cut = int(0.67 * len(values))
    windows = np.lib.stride_tricks.sliding_window_view(values, order)[:-1]
    seen = np.column_stack([np.ones(len(windows)), windows])
    goal = values[order:]
    train = cut - order
    found, *_ = np.linalg.lstsq(seen[:train], goal[:train], rcond=None)
    return float(np.mean((seen[train:] @ found - goal[train:]) ** 2))


def measured(name: str, seeds: int) -> dict[str, object]:
    """One search, and every simple predictor beside it."""
    made = TEN[name]
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / f"{name}.csv"
        written(made, file)
        run = diffqas.search(
            "series", csv=file, column="value", seeds=seeds, output=Path(place) / "run", quiet=True
        )
        config = json.loads((run.folder / "config.json").read_text())
    result = run.result
    simple = {row["name"]: row["value"] for row in result["references"]}
    for order in ORDERS:
        simple[f"least squares of {order}"] = least_squares(made.make(), order)
    small = result["baselines"][0]
    return {
        "series": name,
        "chosen": config["run"]["series"],
        "test_mse": result["test_mse"],
        "linear_part": simple.pop(TARGET),
        "simple": simple,
        "small": {key: small[key] for key in ("name", "values", "seconds")},
        "seconds": result["seconds"],
    }


def table(rows: list[dict]) -> list[str]:
    """Test errors as shares of the best simple predictor's, as on the page."""
    lines = [
        "| series | | best simple predictor | test MSE | this run | linear part | LSTM | network |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        best = min(row["simple"], key=row["simple"].get)
        unit = row["simple"][best]
        own = [value / unit for value in row["test_mse"]]
        small = [value / unit for value in row["small"]["values"] if value is not None]
        cells = [
            row["series"],
            TEN[row["series"]].what,
            best,
            f"{unit:.3g}",
            spread(own),
            f"{row['linear_part'] / unit:.3g}",
            spread(small),
            f"{row['chosen']['correction']:.2f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    ratios = [ratio(row) for row in rows]
    lines.append("")
    lines.append(f"Median {statistics.median(ratios):.3f}, highest {max(ratios):.3f}.")
    return lines


def ratio(row: dict) -> float:
    """The median test error over the seeds by that of the best simple predictor."""
    return statistics.median(row["test_mse"]) / min(row["simple"].values())


def spread(values: list[float]) -> str:
    """Median, lowest and highest; once where they are the same."""
    figures = (min(values), statistics.median(values), max(values))
    low, middle, high = (f"{each:.3g}" for each in figures)
    return middle if low == high else f"{middle} ({low} .. {high})"


def main() -> None:
    """Measure what is not there yet, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="?", choices=["table"])
    parser.add_argument("--series", nargs="+", choices=list(TEN), default=list(TEN))
    parser.add_argument("--seeds", type=int, default=SEEDS)
    options = parser.parse_args()
    rows = json.loads(RESULTS.read_text())["rows"] if RESULTS.exists() else []
    there = {row["series"] for row in rows if len(row["test_mse"]) == options.seeds}
    for name in options.series if options.what is None else []:
        if name in there:
            continue
        rows = [row for row in rows if row["series"] != name] + [measured(name, options.seeds)]
        rows.sort(key=lambda row: list(TEN).index(row["series"]))
        write_json(RESULTS, {"machine": describe(sys.argv), "rows": rows})
        print(
            f"{name}: {ratio(next(row for row in rows if row['series'] == name)):.3f}", flush=True
        )
    print("\n".join(table(rows)))


if __name__ == "__main__":
    main()
