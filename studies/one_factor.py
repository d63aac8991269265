"""One factor at a time: settings in rows, data sets in columns, every cell a line of a file that
can be continued.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from diffqas.studies import populations
from diffqas.studies.rows import Populate, TrainedRow
from diffqas.tasks import Settings, Task
from diffqas.training import Training

FIRST_SEED = 100
"""The studies' seeds begin at 0: what was chosen here was not chosen on them."""


def searches(
    variants: Mapping[str, Settings], populate: Populate = populations.search
) -> list[TrainedRow]:
    """The search with each of these settings."""
    return [TrainedRow(name, "search", settings, populate) for name, settings in variants.items()]


def validate(row: TrainedRow, task: Task, seeds: int) -> dict[str, Any]:
    """Train on a task whose test part is held-out training samples; figures after the last epoch,
    one per seed.
    """
    numbers = list(range(FIRST_SEED, FIRST_SEED + seeds))
    here = row.on(task.to("cpu", torch.float32))
    population = row.populate(here, row.settings, numbers)
    started = time.perf_counter()
    *_, last = Training(population, here, row.settings, numbers).epochs()
    figures = {
        name.replace("test_", "validation_"): values for name, values in last.metrics.items()
    }
    return figures | {"seeds": numbers, "seconds": round(time.perf_counter() - started, 1)}


def study(
    description: str,
    variants: Sequence[TrainedRow],
    datasets: Sequence[str],
    load: Callable[[str, argparse.Namespace], Task],
    figure: Callable[[Sequence[float]], str],
    metric: str,
    out: Path,
    seeds: int,
    arguments: Callable[[argparse.ArgumentParser], object] = lambda parser: None,
) -> None:
    """Run what is missing, print a line each, then the table as Markdown.

    Args:
        description: of the command line.
        variants: what to train.
        datasets: columns.
        load: (data set, chosen arguments) -> task.
        figure: the validation metric of all seeds as it stands in a cell.
        metric: its name.
        out: file of lines, if no other is chosen.
        seeds: how many, if no other number is chosen.
        arguments: adds arguments of its own.
    """
    names = [variant.name for variant in variants]
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--out", type=Path, default=out)
    parser.add_argument("--datasets", nargs="+", choices=datasets, default=list(datasets))
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--seeds", type=int, default=seeds)
    arguments(parser)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    lines = chosen.out.read_text().splitlines() if chosen.out.exists() else []
    done = {(row["dataset"], row["setting"]) for row in map(json.loads, lines)}
    for dataset in chosen.datasets:
        missing = [
            row for row in variants if row.name in chosen.only and (dataset, row.name) not in done
        ]
        task = load(dataset, chosen) if missing else None
        for variant in missing:
            assert task is not None
            row = {"dataset": dataset, "setting": variant.name} | validate(
                variant, task, chosen.seeds
            )
            with chosen.out.open("a") as file:
                file.write(json.dumps(row) + "\n")
            print(
                f"{dataset:20} {variant.name:36} {figure(row[f'validation_{metric}'])}", flush=True
            )
    rows = [json.loads(line) for line in chosen.out.read_text().splitlines()]
    print(table(rows, names, figure, f"validation_{metric}"))


def table(
    rows: Sequence[Mapping[str, Any]],
    order: Sequence[str],
    figure: Callable[[Sequence[float]], str],
    key: str,
) -> str:
    """A row per setting, a column per data set, as Markdown."""
    datasets = list(dict.fromkeys(row["dataset"] for row in rows))
    figures = {(row["setting"], row["dataset"]): figure(row[key]) for row in rows}
    head = f"| setting | {' | '.join(datasets)} |\n|{'---|' * (len(datasets) + 1)}"
    known = [name for name in order if any((name, data) in figures for data in datasets)]
    body = [
        f"| {name} | {' | '.join(figures.get((name, data), '') for data in datasets)} |"
        for name in known
    ]
    return "\n".join([head, *body])


def errors(values: Sequence[float]) -> str:
    """Median (worst) of squared errors.

    >>> errors([1e-6, 3e-6, 2e-5])
    '3.0e-06 (2e-05)'
    """
    return f"{statistics.median(values):.1e} ({max(values):.0e})"


def percents(values: Sequence[float]) -> str:
    """Median (worst) of accuracies.

    >>> percents([0.97, 0.955, 0.98])
    '97.00 % (95.50)'
    """
    return f"{100 * statistics.median(values):.2f} % ({100 * min(values):.2f})"
