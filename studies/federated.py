"""What clients that keep their samples reach by averaging their numbers, and what has to travel for
it.

    python studies/federated.py bessel
    python studies/federated.py digits --classes 1 5

Rows: the search, and the network itself trained directly, each with all samples in one place and at
clients, with the default recipe of the data set (by Adam too, where that is not what it has). Every
line of `--out` is one row with a figure per seed; a line that stands there already is not computed
again. Ends with the table as Markdown.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from diffqas.choices import adjusted
from diffqas.optimisers import DirectLockstep, Population
from diffqas.optimisers.population import trained_tensors
from diffqas.quantum_train import Lockstep
from diffqas.searches.data_sets import load_task
from diffqas.tasks import Settings, Task
from diffqas.training import Federated, FederatedTraining, Training, make_models, seeded

DIRECT_LR = {"series": 0.01, "images": 0.001}
"""Of the directly trained networks: the paper recipe's, by the kind of task."""

Row = tuple[str, Settings, bool, Federated | None]
"""Name, settings, whether the network is trained directly, clients."""


def rows(task: Task, clients: int, epochs: int | None) -> Iterator[Row]:
    """What is compared."""
    own = task.settings("default")
    own = replace(own, epochs=own.epochs if epochs is None else epochs)
    adam = adjusted(own, optimizer="adam")
    ways = [Federated(clients, 1, "contiguous" if task.kind == "series" else "iid")]
    if own.epochs % 5 == 0:
        ways.append(replace(ways[0], local_epochs=5))
    if task.kind == "images":
        ways.append(Federated(clients, 1, "label"))
    models = [(f"search, {own.optimizer.name}", own, False)]
    if own.optimizer.name != "adam":
        models.append(("search, adam", adam, False))
    models.append(("direct, adam", adjusted(adam, lr=DIRECT_LR[task.kind]), True))
    for name, settings, direct in models:
        yield name, settings, direct, None
        for way in ways:
            yield name, settings, direct, way


def populate(task: Task, settings: Settings, seeds: Sequence[int], direct: bool) -> Population:
    """The models of a row."""
    if direct:
        return DirectLockstep([seeded(seed, task.target, task) for seed in seeds])
    return Lockstep(make_models(task, settings, seeds))


def measure(task: Task, row: Row, seeds: list[int]) -> dict[str, Any]:
    """Train one row."""
    name, settings, direct, way = row
    started = time.perf_counter()
    population = populate(task, settings, seeds, direct)
    training = (
        Training(population, task, settings, seeds)
        if way is None
        else FederatedTraining(population, task, settings, seeds, way)
    )
    for _ in training.epochs():
        pass
    return {
        "model": name,
        "clients": None if way is None else [way.clients, way.local_epochs, way.split],
        "numbers": sum(tensor[0].numel() for tensor in trained_tensors(population)),
        "epochs": settings.epochs,
        **training.metrics,
        **training.facts,
        "seconds": round(time.perf_counter() - started, 1),
    }


def key(name: str, way: Federated | None, epochs: int, seeds: int) -> list[Any]:
    """What tells one line of the file from another."""
    return [
        name,
        None if way is None else [way.clients, way.local_epochs, way.split],
        epochs,
        seeds,
    ]


def table(lines: Sequence[dict[str, Any]], metric: str) -> str:
    """The lines as Markdown."""
    out = [
        f"| model | samples | numbers | bytes in all | test {metric} | s |",
        "|---|---|---|---|---|---|",
    ]
    for line in lines:
        values = line[f"test_{metric}"]
        figures = (statistics.median(values), min(values), max(values))
        low = " .. ".join(
            f"{value:.2%}" if metric == "accuracy" else f"{value:.1e}" for value in figures[1:]
        )
        middle = f"{figures[0]:.2%}" if metric == "accuracy" else f"{figures[0]:.1e}"
        where, sent = "in one place", "–"
        if line["clients"] is not None:
            clients, local, split = line["clients"]
            where = f"{clients} clients, {split}, {local} local epoch{'s' * (local != 1)}"
            sent = f"{line['federated']['bytes']:,}"
        out.append(
            f"| {line['model']} | {where} | {line['numbers']:,} | {sent} | {middle} ({low}) | "
            f"{line['seconds']:.0f} |"
        )
    return "\n".join(out)


def main() -> None:
    """Compute what is missing, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset")
    parser.add_argument("--classes", type=int, nargs="+")
    parser.add_argument("--target")
    parser.add_argument("--data-dir")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    task = load_task(
        options.dataset, classes=options.classes, data_dir=options.data_dir, target=options.target
    )
    assert isinstance(task, Task)
    task = task.to("cpu", torch.float32)
    out = options.out or Path(f"studies/results/federated-{options.dataset}.jsonl")
    known = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    metric = next(iter(task.metrics))
    seeds, lines = list(range(options.seeds)), []
    for row in rows(task, options.clients, options.epochs):
        name, settings, _, way = row
        wanted = key(name, way, settings.epochs, len(seeds))
        old = [
            line
            for line in known
            if [line["model"], line["clients"], line["epochs"], len(line[f"test_{metric}"])]
            == wanted
        ]
        line = old[0] if old else measure(task, row, seeds)
        lines.append(line)
        if not old:
            out.parent.mkdir(parents=True, exist_ok=True)
            with out.open("a") as file:
                file.write(json.dumps(line) + "\n")
            print(table([line], metric).splitlines()[-1], flush=True)
    print(table(lines, metric))


if __name__ == "__main__":
    main()
