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
from collections.abc import Callable
from pathlib import Path

import torch

from diffqas import Candidate
from diffqas.quantum_train import Lockstep
from diffqas.tasks import Task
from diffqas.tasks.registry import load_task
from diffqas.training import DirectLockstep, Population, Training, make_models

SERIES = ("bessel", "damped-shm", "delayed-control", "narma5", "narma10")


def search(task: Task, recipe: str, seeds: list[int]) -> Population:
    """The search over all twelve candidates: 135 trainable numbers."""
    return Lockstep(make_models(task, task.settings(recipe), seeds))


def uniform(task: Task, recipe: str, seeds: list[int]) -> Population:
    """No circuit: a candidate that always gives the uniform distribution. Weights are linear in their bits."""
    return Lockstep(make_models(task, task.settings(recipe), seeds, candidates=[Candidate(True, "ent", "rx")]))


def frozen(task: Task, recipe: str, seeds: list[int]) -> Population:
    """A random circuit and random angles that stay as they are: the mapping alone learns, 13 numbers."""
    models = make_models(task, task.settings(recipe), seeds)
    for model in models:
        model.circuits.requires_grad_(False)
    return Lockstep(models)


def direct(task: Task, recipe: str, seeds: list[int]) -> Population:
    """The 1,781-parameter LSTM itself, trained with the same optimiser and schedule."""
    networks = []
    for seed in seeds:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            networks.append(task.target())
    return DirectLockstep(networks)


ROWS: dict[str, tuple[Callable[[Task, str, list[int]], Population], str]] = {
    "search, default recipe": (search, "default"),
    "search, paper recipe": (search, "paper"),
    "uniform distribution, default recipe": (uniform, "default"),
    "uniform distribution, paper recipe": (uniform, "paper"),
    "frozen random circuit, default recipe": (frozen, "default"),
    "LSTM trained directly, default schedule": (direct, "default"),
}


def measure(row: str, dataset: str, seeds: list[int]) -> dict[str, object]:
    """Train one row on one series; figures after the last epoch."""
    make, recipe = ROWS[row]
    task = load_task(dataset).to("cpu", torch.float32)
    settings = task.settings(recipe)
    started = time.perf_counter()
    population = make(task, recipe, seeds)
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
