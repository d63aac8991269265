"""The search on the five series beside its controls, ten seeds each, final epoch.

    python studies/series_controls.py

Every line of `--out` is one row on one series, with a figure per seed. A line that stands there already is
not computed again. Ends with the table as Markdown.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from diffqas import Candidate
from diffqas.quantum_train import Lockstep
from diffqas.studies import populations
from diffqas.tasks import Settings, Task
from diffqas.tasks.registry import load_task
from diffqas.training import Population, Training, make_models

SERIES = ("bessel", "damped-shm", "delayed-control", "narma5", "narma10")


def uniform(task: Task, settings: Settings, seeds: Sequence[int]) -> Population:
    """No circuit: a candidate that always gives the uniform distribution, its weight trained like the search's."""
    return Lockstep(make_models(task, settings, seeds, candidates=[Candidate(True, "ent", "rx")]))


ROWS: dict[str, tuple[Callable[[Task, Settings, Sequence[int]], Population], str]] = {
    "search, default recipe": (populations.search, "default"),
    "search, paper recipe": (populations.search, "paper"),
    "uniform distribution, default recipe": (uniform, "default"),
    "uniform distribution, paper recipe": (uniform, "paper"),
    "frozen random circuit, default recipe": (populations.frozen, "default"),
    "LSTM trained directly, default schedule": (populations.direct, "default"),
}


def measure(row: str, dataset: str, seeds: list[int]) -> dict[str, object]:
    """Train one row on one series; figures after the last epoch."""
    make, recipe = ROWS[row]
    task = load_task(dataset).to("cpu", torch.float32)
    settings = task.settings(recipe)
    started = time.perf_counter()
    population = make(task, settings, seeds)
    count = sum(p.numel() for group in population.parameter_groups(1.0) for p in group["params"]) // len(seeds)
    *_, last = Training(population, task, settings, seeds).epochs()
    return {
        "row": row,
        "dataset": dataset,
        "trainable": count,
        "seeds": seeds,
        "test_mse": last.metrics["test_mse"],
        "train_mse": last.metrics["train_mse"],
        "seconds": round(time.perf_counter() - started, 1),
    }


def table(lines: list[str]) -> str:
    """Median (lowest .. highest) test MSE over the seeds: a row per model, a column per series."""
    entries = [json.loads(line) for line in lines]
    figures = {(entry["row"], entry["dataset"]): entry for entry in entries}
    head = f"| test MSE | trainable | {' | '.join(SERIES)} |\n|{'---|' * (len(SERIES) + 2)}"
    body = []
    for row in dict.fromkeys(entry["row"] for entry in entries):
        cells = [figures.get((row, dataset)) for dataset in SERIES]
        count = next(cell["trainable"] for cell in cells if cell)
        texts = [_median_and_range(cell["test_mse"]) if cell else "" for cell in cells]
        body.append(f"| {row} | {count:,} | {' | '.join(texts)} |")
    return "\n".join([head, *body])


def _median_and_range(values: list[float]) -> str:
    return f"{statistics.median(values):.1e} ({min(values):.0e} .. {max(values):.0e})"


def main() -> None:
    """Compute what is missing, print a line each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("studies/results/series_controls.jsonl"))
    parser.add_argument("--datasets", nargs="+", default=list(SERIES), choices=SERIES)
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=list(ROWS))
    parser.add_argument("--seeds", type=int, default=10)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    lines = chosen.out.read_text().splitlines() if chosen.out.exists() else []
    done = {(entry["row"], entry["dataset"]) for entry in map(json.loads, lines)}
    for dataset in chosen.datasets:
        for row in chosen.rows:
            if (row, dataset) in done:
                continue
            entry = measure(row, dataset, list(range(chosen.seeds)))
            with chosen.out.open("a") as file:
                file.write(json.dumps(entry) + "\n")
            errors = entry["test_mse"]
            middle, worst = statistics.median(errors), max(errors)
            print(f"{dataset:16} {row:40} median {middle:.2e}  worst {worst:.2e}", flush=True)
    print(table(chosen.out.read_text().splitlines()))


if __name__ == "__main__":
    main()
