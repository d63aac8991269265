"""What clients that keep their samples reach by averaging their numbers, and what has to travel for
it.

    diffqas study studies/federated.py:FEDERATED_SERIES --datasets bessel
    diffqas study studies/federated.py:FEDERATED_IMAGES --datasets digits-1-5

The rows are the search, and the network itself trained directly, each with all samples in one place
and at clients. They use the default recipe of the data set, and also Adam if the recipe has another
optimiser.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from diffqas.choices import adjusted
from diffqas.reports import Terminal
from diffqas.studies import (
    ACCURACY,
    IMAGES,
    MSE,
    SERIES,
    Cell,
    Metric,
    Row,
    Study,
    TrainedRow,
    populations,
)
from diffqas.tasks import IMAGE_RECIPES, SERIES_RECIPES, Settings
from diffqas.training import Federated
from one_factor import TABLE, write_lines

CLIENTS = 4


@dataclass(frozen=True)
class Kind:
    """What differs between series and images.

    Attributes:
        splits: who has which samples, the usual way first.
        direct_lr: of the networks that are trained directly, the paper recipe's.
        figure: a test figure as it stands in the table.
    """

    splits: tuple[str, ...]
    direct_lr: float
    figure: str


OF_SERIES = Kind(("contiguous",), 0.01, ".1e")
OF_IMAGES = Kind(("iid", "label"), 0.001, ".2%")


def rows(settings: Settings, recipe: str, kind: Kind) -> list[Row]:
    """What is compared: every model with all samples in one place, then at clients."""
    adam = adjusted(settings, optimizer="adam")
    name = settings.optimizer.name
    models = [TrainedRow(f"search, {name}", "search", settings, populations.search)]
    if name != "adam":
        models.append(TrainedRow("search, adam", "search", adam, populations.search))
    direct = adjusted(adam, lr=kind.direct_lr)
    models.append(TrainedRow("direct, adam", "control", direct, populations.direct))
    ways = list(_ways(kind, settings.epochs))
    result: list[Row] = []
    for model in models:
        result.append(replace(model, name=f"{model.name}; in one place"))
        for way in ways:
            result.append(replace(model, name=f"{model.name}; {_words(way)}", federated=way))
    return result


def _ways(kind: Kind, epochs: int) -> Iterator[Federated]:
    usual, *others = kind.splits
    yield Federated(CLIENTS, 1, usual)
    # Rounds of five local epochs fill the training only then.
    if epochs % 5 == 0:
        yield Federated(CLIENTS, 5, usual)
    for split in others:
        yield Federated(CLIENTS, 1, split)


def _words(way: Federated) -> str:
    plural = "s" if way.local_epochs > 1 else ""
    return f"{way.clients} clients, {way.split}, {way.local_epochs} local epoch{plural}"


def table(cells: Sequence[Cell], metric: Metric, kind: Kind) -> Iterator[str]:
    """Median (lowest .. highest) of the test figure and what was sent, as lines of Markdown."""
    yield f"| model | samples | numbers | bytes in all | test {metric.name} | s |"
    yield "|---|---|---|---|---|---|"
    for cell in cells:
        model, _, where = cell.row.partition("; ")
        values = [value for value in cell.figures[metric.test] if value is not None]
        if not values:
            continue
        figures = (statistics.median(values), min(values), max(values))
        middle, low, high = (format(figure, kind.figure) for figure in figures)
        sent = f"{cell.federated.bytes:,}" if cell.federated else "–"
        result = f"{middle} ({low} .. {high}) | {cell.seconds or 0.0:.0f}"
        yield f"| {model} | {where} | {cell.trainable:,} | {sent} | {result} |"


def write_table(
    folder: Path, cells: Sequence[Cell], console: Terminal, metric: Metric, kind: Kind
) -> None:
    """Write one table for every data set, and print it."""
    for dataset in dict.fromkeys(cell.dataset for cell in cells):
        own = [cell for cell in cells if cell.dataset == dataset]
        name = TABLE.replace(".", f"-{dataset}.")
        write_lines(folder / name, table(own, metric, kind), console)


FEDERATED_SERIES = Study(
    partial(rows, kind=OF_SERIES),
    SERIES,
    MSE,
    recipes=lambda: {"default": SERIES_RECIPES["default"]},
    more=partial(write_table, metric=MSE, kind=OF_SERIES),
)
FEDERATED_IMAGES = Study(
    partial(rows, kind=OF_IMAGES),
    ("digits-1-5", *IMAGES),
    ACCURACY,
    recipes=lambda: {"default": IMAGE_RECIPES["default"]},
    more=partial(write_table, metric=ACCURACY, kind=OF_IMAGES),
)
