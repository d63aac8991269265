"""Test accuracy on ten classes against the number of trainable numbers, beside controls of as many.

    diffqas study studies/ten_classes.py:TEN_CLASSES --data-dir data --datasets mnist

All rows on MNIST but the ordinary small networks write the 109,386 weights of 784-128-64-10, behind
the filter of the images' recipe and in its order of basis states; the rows `plain` have neither.
Every row has a learning rate of its own, chosen by one rule: on a held-out fifth of the training
images, by seeds that no table has (`choose_rate`). `TEN_CLASSES_HELD_OUT` has such a fifth in the
place of the test part; the budgets' mappings and depths were chosen with it.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from diffqas import Candidate, QuantumTrain
from diffqas.circuits import TABLE_I
from diffqas.kinds import ordinary_networks
from diffqas.optimisers import Adam, DirectLockstep, Population
from diffqas.quantum_train import (
    DimensionScale,
    HashedWeights,
    Lockstep,
    MLPMapping,
    ParameterReport,
    Rates,
    Recipe,
)
from diffqas.reports import Terminal
from diffqas.studies import ACCURACY, Cell, Group, Row, Study, TrainedRow, compare, load_data
from diffqas.studies.datasets import Data
from diffqas.studies.entries import Entry
from diffqas.tasks import ImageData, Settings, Task, image_task, recipe_target
from diffqas.training import choose_rate, make_models, seeded
from figures_5_7 import paper_mlp
from one_factor import TABLE, write_lines

DATASETS = ("mnist", "fashion-mnist", "digits")
CONSTANT = (Candidate(True, "ent", "rx"),)
"""A circuit that gives the uniform distribution whatever its angles are."""
HASHED_RATE = 200.0
"""Of the hashed vector's numbers, relative to the base rate; factors on it are tried."""
FACTORS, FURTHER = (0.3, 1.0, 3.0), 2
"""Factors on the rate that are tried for every row, and how many more are, while the best is the
least or the greatest.
"""


@dataclass(frozen=True)
class Point:
    """How a budget of trainable numbers is spent.

    Attributes:
        mapping: of one hidden layer.
        chunk: weights that a basis state writes.
        depth: layers of the circuits.
    """

    mapping: MLPMapping
    chunk: int
    depth: int


POINTS: dict[int, Point] = {
    300: Point(MLPMapping((8,), gain=10.0), chunk=8, depth=6),
    1000: Point(MLPMapping((24,), gain=10.0), chunk=16, depth=15),
    3000: Point(MLPMapping((39,), gain=5.0), chunk=56, depth=15),
    10000: Point(MLPMapping((44,), gain=5.0), chunk=196, depth=15),
}
"""By budget; the exact count of a row stands in its cell."""

PLAIN = 300
"""The budget that is spent without filter and order, too."""

SETTINGS = Settings(
    Recipe(
        scale=DimensionScale(32.0),
        bits="signed",
        rates=Rates(angles=30, structure=30, mapping=20),
        order="shuffled",
    ),
    depth=15,
    epochs=20,
    batch_size=100,
    optimizer=Adam(1e-3, betas=(0.9, 0.95)),
    schedule="cosine",
    shuffle=True,
)
"""Of all rows; the depth is that of the budget."""


def search(
    task: Task, settings: Settings, seeds: Sequence[int], mapping: MLPMapping, chunk: int
) -> Population:
    """All twelve candidates."""
    make = partial(_search, task, settings, mapping, chunk)
    return _tuned(make, task, settings, seeds)


def no_circuit(
    task: Task, settings: Settings, seeds: Sequence[int], mapping: MLPMapping, chunk: int
) -> Population:
    """The uniform distribution for ever, and a mapping of as many numbers as the search has.

    Its hidden layer has as many units more as the search has numbers in circuits.
    """
    wide = _widened(task, settings, mapping, chunk)
    make = partial(_search, task, settings, wide, chunk, candidates=CONSTANT)
    return _tuned(make, task, settings, seeds)


def hashed(
    task: Task, settings: Settings, seeds: Sequence[int], mapping: MLPMapping, chunk: int
) -> Population:
    """As many numbers as the search has, shared by all weights."""
    count = _count(task, settings, mapping, chunk)
    return _tuned(partial(_hashed, task, count), task, settings, seeds)


def ordinary(
    task: Task, settings: Settings, seeds: Sequence[int], mapping: MLPMapping, chunk: int
) -> Population:
    """A network by itself of at most as many weights as the search has numbers."""
    return ordinary_networks(task, settings, seeds, _count(task, settings, mapping, chunk))


def direct(task: Task, settings: Settings, seeds: Sequence[int]) -> Population:
    """The network itself, all of its weights trained."""
    return _tuned(partial(_direct, task), task, settings, seeds)


POPULATIONS = {
    "search": search,
    "no circuit": no_circuit,
    "hashed": hashed,
    "ordinary small network": ordinary,
}


def _tuned(
    make: Callable[[Sequence[int], float], Population],
    task: Task,
    settings: Settings,
    seeds: Sequence[int],
) -> Population:
    # In shorter trials large rates look good that end a whole training at chance.
    return make(seeds, choose_rate(make, task, settings, FACTORS, beyond=FURTHER, shorter=2))


def _search(
    task: Task,
    settings: Settings,
    mapping: MLPMapping,
    chunk: int,
    seeds: Sequence[int],
    rate: float,
    candidates: Sequence[Candidate] = TABLE_I,
) -> Lockstep:
    models = _models(task, settings, mapping, chunk, seeds, rate, candidates)
    population = Lockstep(models)
    # No angle of the constant does anything.
    population.circuits.requires_grad_(candidates is not CONSTANT)
    return population


def _hashed(task: Task, count: int, seeds: Sequence[int], rate: float) -> HashedWeights:
    targets = [seeded(seed, task.target, task) for seed in seeds]
    return HashedWeights(targets, seeds, count, rate * HASHED_RATE)


def _direct(task: Task, seeds: Sequence[int], rate: float) -> DirectLockstep:
    return DirectLockstep([seeded(seed, task.target, task) for seed in seeds], rate)


def _models(
    task: Task,
    settings: Settings,
    mapping: MLPMapping,
    chunk: int,
    seeds: Sequence[int],
    rate: float = 1.0,
    candidates: Sequence[Candidate] = TABLE_I,
) -> list[QuantumTrain]:
    rates = settings.generator.rates
    chosen = Rates(rates.angles * rate, rates.structure * rate, rates.mapping * rate)
    return make_models(
        task,
        replace(settings, generator=replace(settings.generator, rates=chosen)),
        seeds,
        candidates=candidates,
        mapping=mapping,
        chunk=chunk,
    )


def _count(task: Task, settings: Settings, mapping: MLPMapping, chunk: int) -> int:
    return _report(task, settings, mapping, chunk).total


def _report(task: Task, settings: Settings, mapping: MLPMapping, chunk: int) -> ParameterReport:
    (model,) = _models(task, settings, mapping, chunk, [0])
    return model.parameter_report()


def _widened(task: Task, settings: Settings, mapping: MLPMapping, chunk: int) -> MLPMapping:
    """The most hidden units with which a mapping alone has no more numbers than the search."""
    budget = _count(task, settings, mapping, chunk)
    while True:
        wider = replace(mapping, hidden=(mapping.hidden[0] + 1,))
        if _report(task, settings, wider, chunk).mapping > budget:
            return mapping
        mapping = wider


def rows(settings: Settings, recipe: str) -> list[Row]:
    """Four ways to spend each budget, and the network itself, which has none."""
    result: list[Row] = []
    for budget, point in POINTS.items():
        chosen = replace(settings, depth=point.depth)
        for name, populate in POPULATIONS.items():
            spent = partial(populate, mapping=point.mapping, chunk=point.chunk)
            written = populate is not ordinary
            result.append(
                TrainedRow(f"{name} {budget}", _group(name), chosen, spent, has_target=written)
            )
        if budget == PLAIN:
            result += _plain(chosen, point)
    result.append(TrainedRow("direct", "control", settings, direct))
    return result


def _plain(settings: Settings, point: Point) -> list[Row]:
    """Without the filter, and with basis states in the order of the index."""
    chosen = replace(settings, generator=replace(settings.generator, order="index"))
    return [
        TrainedRow(
            f"{name} {PLAIN}, plain",
            _group(name),
            chosen,
            partial(POPULATIONS[name], mapping=point.mapping, chunk=point.chunk),
            network=paper_mlp,
        )
        for name in ("search", "no circuit", "hashed")
    ]


def load(dataset: str, data_dir: str | Path | None, held_out: bool = False) -> Data:
    """The images as a task; with `held_out` a fifth of the training images is the test part."""
    data = load_data(dataset, data_dir)
    assert isinstance(data, ImageData)
    target = recipe_target(dataset, "default")
    return image_task(data.holdout(0.2) if held_out else data, target=target)


def write_table(folder: Path, cells: Sequence[Cell], console: Terminal) -> None:
    """Write the table of all finished cells, and print it."""
    write_lines(folder / TABLE, table(cells), console)


def table(cells: Sequence[Cell]) -> Iterator[str]:
    """Accuracies, a row per cell, with tests against the search of the same budget, as Markdown.

    The tests are sign flips over paired seeds, adjusted by Holm over the other rows of the budget.
    """
    yield "| data set | numbers | row | accuracy, % | seeds | search - row, points | p (Holm) | s |"
    yield "|---|---|---|---|---|---|---|---|"
    for dataset in dict.fromkeys(cell.dataset for cell in cells):
        for budget in (*POINTS, None):
            here = [cell for cell in cells if cell.dataset == dataset]
            yield from _of_budget([cell for cell in here if budget_of(cell.row) == budget], budget)


def budget_of(row: str) -> int | None:
    """The budget that a row's name tells.

    >>> budget_of("no circuit 300, plain"), budget_of("direct")
    (300, None)
    """
    found = re.search(r"\d+", row)
    return int(found.group()) if found else None


def _of_budget(cells: Sequence[Cell], budget: int | None) -> Iterator[str]:
    search = f"search {budget}"
    tested: dict[str, Entry] = {}
    if search in [cell.row for cell in cells]:
        compared = compare(cells, search, metric=ACCURACY)
        tested = {entry.row: entry for entry in compared.others}
    for cell in cells:
        values = [100 * value for value in cell.figures[ACCURACY.test] if value is not None]
        if not values:
            continue
        text = f"{statistics.median(values):.2f} ({min(values):.2f} .. {max(values):.2f})"
        entry = tested.get(cell.row)
        gap = f"{entry.ratio:+.2f}" if entry and entry.ratio is not None else ""
        p = f"{entry.p_holm:.3f}" if entry and entry.p_holm is not None else ""
        yield (
            f"| {cell.dataset} | {cell.trainable:,} | {cell.row} | {text} | {len(values)} "
            f"| {gap} | {p} | {cell.seconds:.0f} |"
        )


def _group(name: str) -> Group:
    return "search" if name == "search" else "control"


TEN_CLASSES = Study(
    rows, DATASETS, ACCURACY, lambda: {"default": SETTINGS}, load=load, more=write_table
)
TEN_CLASSES_HELD_OUT = replace(
    TEN_CLASSES, load=partial(load, held_out=True), first_seed=100, seeds=3
)
