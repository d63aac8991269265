"""Test accuracy on ten classes against the number of trainable numbers, beside classical generators
of as many.

`IMAGES_CURVE` is measured on the test part. Settings were chosen with `IMAGES_CURVE_HELD_OUT`
alone, whose test part is a fifth of the training images:

    diffqas study studies/images_curve.py:IMAGES_CURVE --data-dir data --datasets mnist
    diffqas study studies/images_curve.py:IMAGES_CURVE_HELD_OUT --data-dir data --datasets mnist

All rows on MNIST write the 109,386 weights of the network 784-128-64-10.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from torch import nn

import ten_classes
from diffqas import Candidate
from diffqas.errors import RunError
from diffqas.quantum_train import (
    HashedWeights,
    Lockstep,
    Mapping,
    MLPMapping,
    RandomSubspace,
)
from diffqas.reports import Terminal
from diffqas.studies import ACCURACY, Cell, Row, Study, TrainedRow, load_data, populations
from diffqas.studies.datasets import Data
from diffqas.tasks import ImageData, Settings, Task, image_task
from diffqas.training import make_models, seeded
from one_factor import TABLE, write_lines
from ten_classes import DATASETS, HASHED_RATE, Point

GIB = 2**30
MEMORY = 4.0
"""GiB that the directions of a subspace may take."""

SUBSPACE_RATE = 300.0

POINTS: dict[int, Point] = {
    **ten_classes.POINTS,
    1500: Point(MLPMapping((18,), gain=5.0), chunk=56, depth=15),
    2000: Point(MLPMapping((25,), gain=5.0), chunk=56, depth=15),
    5000: Point(MLPMapping((36,), gain=5.0), chunk=112, depth=15),
}
"""By budget; the exact count of a row stands in its cell."""

SETTINGS = replace(
    ten_classes.SETTINGS, generator=replace(ten_classes.SETTINGS.generator, order="index")
)
"""Of all rows; the depth is that of the budget."""


def search(
    task: Task, settings: Settings, seeds: Sequence[int], mapping: Mapping, chunk: int
) -> Lockstep:
    """All twelve candidates."""
    return Lockstep(make_models(task, settings, seeds, mapping=mapping, chunk=chunk))


def no_circuit(
    task: Task, settings: Settings, seeds: Sequence[int], mapping: Mapping, chunk: int
) -> Lockstep:
    """The same mapping on the uniform distribution for ever."""
    uniform = [Candidate(True, "ent", "rx")]
    models = make_models(task, settings, seeds, candidates=uniform, mapping=mapping, chunk=chunk)
    population = Lockstep(models)
    population.circuits.requires_grad_(False)
    return population


def hashed(
    task: Task, settings: Settings, seeds: Sequence[int], mapping: Mapping, chunk: int
) -> HashedWeights:
    """As many numbers as the search has, shared by all weights."""
    count = _count(task, settings, mapping, chunk)
    return HashedWeights(_targets(task, seeds), seeds, count, HASHED_RATE)


def subspace(
    task: Task, settings: Settings, seeds: Sequence[int], mapping: Mapping, chunk: int
) -> RandomSubspace:
    """As many random directions as the search has numbers.

    Raises:
        RunError: they take more memory than they may.
    """
    count = _count(task, settings, mapping, chunk)
    targets = _targets(task, seeds)
    weights = sum(parameter.numel() for parameter in targets[0].parameters())
    size = 4 * count * weights * len(seeds) / GIB
    if size > MEMORY:
        raise RunError(
            f"The directions of {len(seeds)} seeds take {size:.1f} GiB, more than {MEMORY:g}. "
            "Give fewer --seeds."
        )
    return RandomSubspace(targets, seeds, count, SUBSPACE_RATE)


POPULATIONS = {
    "search": search,
    "no circuit": no_circuit,
    "hashed": hashed,
    "subspace": subspace,
}


def _count(task: Task, settings: Settings, mapping: Mapping, chunk: int) -> int:
    (model,) = make_models(task, settings, [0], mapping=mapping, chunk=chunk)
    return model.parameter_report().total


def _targets(task: Task, seeds: Sequence[int]) -> list[nn.Module]:
    return [seeded(seed, task.target, task) for seed in seeds]


def rows(settings: Settings, recipe: str) -> list[Row]:
    """Four ways to spend each budget, and the network itself, which has none."""
    result: list[Row] = []
    for budget, point in sorted(POINTS.items()):
        chosen = replace(settings, depth=point.depth)
        for name, populate in POPULATIONS.items():
            spent = partial(populate, mapping=point.mapping, chunk=point.chunk)
            group = "search" if name == "search" else "control"
            result.append(TrainedRow(f"{name} {budget}", group, chosen, spent))
    result.append(TrainedRow("direct", "control", settings, populations.direct))
    return result


def load(dataset: str, data_dir: str | Path | None, held_out: bool = False) -> Data:
    """The images as a task; with `held_out` a fifth of the training images is the test part.

    The network is the papers', which has no filter.
    """
    data = load_data(dataset, data_dir)
    assert isinstance(data, ImageData)
    return image_task(data.holdout(0.2) if held_out else data)


def write_table(folder: Path, cells: Sequence[Cell], console: Terminal) -> None:
    """Write the table of all finished cells, and print it."""
    write_lines(folder / TABLE, table(cells), console)


def table(cells: Sequence[Cell]) -> Iterator[str]:
    """Median (lowest .. highest) accuracy over the seeds, a row per cell, as lines of Markdown."""
    yield "| numbers | row | accuracy, % | seeds |"
    yield "|---|---|---|---|"
    for cell in cells:
        values = [100 * value for value in cell.figures[ACCURACY.test] if value is not None]
        if values:
            text = f"{statistics.median(values):.2f} ({min(values):.2f} .. {max(values):.2f})"
            yield f"| {cell.trainable:,} | {cell.row} | {text} | {len(values)} |"


IMAGES_CURVE = Study(
    rows, DATASETS, ACCURACY, lambda: {"default": SETTINGS}, load=load, more=write_table
)
IMAGES_CURVE_HELD_OUT = replace(IMAGES_CURVE, load=partial(load, held_out=True))
