"""Adapters side by side, each with at most so many trained numbers: rows for any trained network.

The first row writes LoRA matrices by circuits. Beside it stand the same mapping without circuits,
or on circuits that stay as they are drawn, a vector in place of circuits, and what people use:
LoRA, VeRA and UniLoRA as peft has them, biases, and the head.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from torch import nn

from diffqas.errors import require
from diffqas.optimisers import Adam, Population
from diffqas.quantum_train import CIRCUITS, RECIPES, UNIFORM, MLPMapping, QuantumTrain
from diffqas.quantum_train import Mapping as WeightMapping
from diffqas.reports import Terminal, save_figure
from diffqas.storage import storable, write_atomically
from diffqas.studies import adapted
from diffqas.studies.adapted import Adaptation
from diffqas.studies.adapter_curves import adapters_figure
from diffqas.studies.adapters import (
    Adapters,
    WrittenAdapters,
    adapter_training,
)
from diffqas.studies.cell import Cell
from diffqas.studies.entries import NamedRow
from diffqas.studies.metric import ACCURACY, Metric
from diffqas.studies.rows import ReferenceRow, Row, TrainedRow
from diffqas.studies.study import Study
from diffqas.tasks import Settings, Task
from diffqas.text import markdown
from diffqas.training import choose_rate, seeded

TABLE, PICTURE = "adapters.md", "adapters.png"

CHUNK = 8
"""Weights written by each basis state where the mapping is linear."""
MOST_LINEAR = 2_048
"""Numbers up to which they are angles: more layers of a circuit would take long."""
LARGE_CHUNK, LARGE_DEPTH, GAIN = 16, 15, 5.0
"""Beyond them a perceptron has most of the numbers, and the circuits so many layers."""

SETTINGS = Settings(
    RECIPES["auto"],
    depth=LARGE_DEPTH,
    epochs=2,
    batch_size=25,
    optimizer=Adam(0.01),
    schedule="cosine",
    shuffle=True,
)
"""Of all rows: Adam at a rate that falls to zero, times the factor of the row."""


@storable
@dataclass(frozen=True)
class Factors:
    """Learning rates of a row relative to the settings', by the count of numbers.

    Attributes:
        numbers: counts of numbers.
        rates: a factor for each.
    """

    numbers: tuple[int, ...]
    rates: tuple[float, ...]

    def __post_init__(self) -> None:
        fits = len(self.numbers) == len(self.rates)
        require(fits, "rates", f"be {len(self.numbers)} factors, one per count", self.rates)

    def of(self, numbers: int) -> float | None:
        """The factor for a count of numbers; None where none is given."""
        if numbers not in self.numbers:
            return None
        return self.rates[self.numbers.index(numbers)]


USUAL = {
    "circuits": 100.0,
    "frozen circuits": 30.0,
    "no circuit": 30.0,
    "no circuit, larger mapping": 100.0,
    "hashed vector": 100.0,
    "LoRA of the rank that fits": 1.0,
    "VeRA of the rank that fits": 10.0,
    "UniLoRA": 10.0,
    "biases": 1.0,
    "head": 10.0,
    "all weights": 0.1,
}
"""Rates of the rows relative to the settings', near which the best is looked for."""
BEHIND_A_PERCEPTRON = {"circuits": 1.0, "frozen circuits": 1.0, "no circuit": 3.0}
"""The same beyond `MOST_LINEAR` numbers, where a perceptron has most of them: at the rates that
angles have it does not learn, and held-out loss tells too little to find the way down.
"""
TRIED = (0.3, 1.0, 3.0)
"""Factors on them, where no rate is given."""
BEYOND = 6
"""More of them, one at a time while the best is the least or the greatest."""

Make = Callable[[Task, Settings, Sequence[int], float], Population]
Network = Callable[[Adaptation], nn.Module]


def rated(
    task: Task,
    settings: Settings,
    seeds: Sequence[int],
    make: Make,
    name: str,
    factors: Factors | None,
) -> Population:
    """A population at its rate, or at the one that held-out training samples choose."""

    def populate(some: Sequence[int], factor: float) -> Population:
        return make(task, settings, some, factor)

    numbers = adaptation_of(task).numbers
    given = None if factors is None else factors.of(numbers)
    if given is not None:
        return populate(seeds, given)
    tried = [usual_rate(name, numbers) * factor for factor in TRIED]
    return populate(seeds, choose_rate(populate, task, settings, tried, BEYOND))


def usual_rate(name: str, numbers: int) -> float:
    """The rate near which a row's best one is looked for.

    >>> usual_rate("circuits", 1_024), usual_rate("circuits", 10_240), usual_rate("head", 10_240)
    (100.0, 1.0, 10.0)
    """
    if numbers > MOST_LINEAR and name in BEHIND_A_PERCEPTRON:
        return BEHIND_A_PERCEPTRON[name]
    return USUAL[name]


def adaptation_of(task: Task) -> Adaptation:
    """What a task of an adaptation adapts."""
    assert isinstance(task.target, Adaptation)
    return task.target


def ordinary(
    task: Task,
    settings: Settings,
    seeds: Sequence[int],
    name: str,
    factors: Factors | None = None,
) -> Population:
    """Networks of which some parameters are trained as they are, one of `ORDINARY`."""

    def make(task: Task, settings: Settings, seeds: Sequence[int], factor: float) -> Adapters:
        one = partial(ORDINARY[name], adaptation_of(task))
        return Adapters([seeded(seed, one, task) for seed in seeds], factor)

    return rated(task, settings, seeds, make, name, factors)


def written(
    task: Task,
    settings: Settings,
    seeds: Sequence[int],
    name: str,
    generator: str,
    frozen: bool = False,
    larger: bool = False,
    factors: Factors | None = None,
) -> Population:
    """LoRA matrices that a generator writes.

    Args:
        task: what is learnt.
        settings: how.
        seeds: one model each.
        name: of the row.
        generator: one of `GENERATORS`.
        frozen: leave the circuits as they are drawn; the mapping alone learns.
        larger: of `"uniform"`, give the mapping as many numbers as fit, in place of the circuits'.
        factors: of the rates.
    """

    def make(
        task: Task, settings: Settings, seeds: Sequence[int], factor: float
    ) -> WrittenAdapters:
        one = partial(written_model, adaptation_of(task), settings, generator, larger)
        models = [seeded(seed, one, task) for seed in seeds]
        if frozen:
            for model in models:
                model.circuits.requires_grad_(False)
        return WrittenAdapters(models, factor)

    return rated(task, settings, seeds, make, name, factors)


def written_model(
    adaptation: Adaptation, settings: Settings, generator: str, larger: bool = False
) -> QuantumTrain:
    """One model that writes LoRA matrices with at most the adaptation's numbers.

    Raises:
        ArgumentError: more numbers than weights to write, or fewer than the generator has.
    """
    target, count = adaptation(), adaptation.numbers
    made = partial(QuantumTrain, target, parameters="*lora_*", recipe=settings.generator)
    by_mapping = generator == CIRCUITS or (generator == UNIFORM and not larger)
    if not by_mapping:
        return made(generator=generator, numbers=count)
    if count > MOST_LINEAR:
        mapping = widest_mapping(made, count)
        return made(generator=generator, mapping=mapping, chunk=LARGE_CHUNK, depth=LARGE_DEPTH)
    chunk = CHUNK if count >= LEAST_CHUNKED else 1
    if generator == UNIFORM:
        return made(generator=generator, chunk=chunk)
    return made(generator=generator, chunk=chunk, numbers=count)


LEAST_CHUNKED = 512
"""Numbers from which on a mapping of chunks leaves enough of them to the angles."""


def widest_mapping(made: Callable[..., QuantumTrain], numbers: int) -> WeightMapping:
    """The perceptron with the most hidden units with which circuits have at most so many numbers.

    Raises:
        ArgumentError: one unit is too many.
    """

    def count(hidden: int) -> int:
        mapping = MLPMapping((hidden,), gain=GAIN)
        model = made(generator=CIRCUITS, mapping=mapping, chunk=LARGE_CHUNK, depth=LARGE_DEPTH)
        return model.parameter_report().total

    # Every further unit has as many numbers as the second one.
    least, next_one = count(1), count(2)
    require(numbers >= least, "numbers", f"be at least {least} for circuits", numbers)
    return MLPMapping((1 + (numbers - least) // (next_one - least),), gain=GAIN)


ORDINARY: dict[str, Network] = {
    "LoRA of the rank that fits": adapted.lora,
    "VeRA of the rank that fits": adapted.vera,
    "UniLoRA": adapted.unilora,
    "biases": adapted.biases,
    "head": adapted.head,
    "all weights": adapted.whole_network,
}
"""What people adapt networks by, none of it written by a generator."""

NAMED = (
    NamedRow("LoRA", "lora of the rank"),
    NamedRow("one hashed vector", "hashed"),
    NamedRow("the mapping without circuits", "no circuit"),
)


@dataclass(frozen=True)
class Columns:
    """The columns of a study of adapters: every data set with every count of numbers.

    Attributes:
        datasets: names of the data sets.
        numbers: counts of numbers that an adapter may train.
    """

    datasets: tuple[str, ...]
    numbers: tuple[int, ...]

    def names(self, least: int = 0) -> tuple[str, ...]:
        """Names of the columns with at least so many numbers.

        >>> Columns(("mnist",), (128, 1024)).names(least=650)
        ('mnist-1024',)
        """
        counts = [count for count in self.numbers if count >= least]
        return tuple(f"{name}-{count}" for name in self.datasets for count in counts)

    @staticmethod
    def parts(column: str) -> tuple[str, int]:
        """Data set and numbers of a column."""
        name, _, count = column.rpartition("-")
        return name, int(count)


def adaptation_rows(
    settings: Settings,
    columns: Columns,
    head_numbers: int,
    factors: Mapping[str, Factors] | None = None,
) -> list[Row]:
    """The rows of a study of adapters, circuits first.

    Args:
        settings: of the training.
        columns: of the study.
        head_numbers: of the layer that gives the outputs: where they are too many, the row is not.
        factors: of the rates, by the rows' names; where there are none, every cell chooses its own
            on held-out training samples.
    """

    def factor(name: str) -> Factors | None:
        return None if factors is None else factors.get(name)

    def row(name: str, **how: str | bool) -> TrainedRow:
        group = "search" if name == "circuits" else "control"
        populate = partial(written, name=name, factors=factor(name), **how)
        return TrainedRow(name, group, settings, populate, training=adapter_training)

    rows: list[Row] = [
        row("circuits", generator="circuits"),
        row("frozen circuits", generator="circuits", frozen=True),
        row("no circuit", generator="uniform"),
        row("no circuit, larger mapping", generator="uniform", larger=True),
        row("hashed vector", generator="hashed"),
    ]
    least = {"head": head_numbers, "all weights": max(columns.numbers)}
    for name in ORDINARY:
        rows.append(
            TrainedRow(
                name,
                "control",
                settings,
                partial(ordinary, name=name, factors=factor(name)),
                datasets=columns.names(least.get(name, 0)),
                training=adapter_training,
            )
        )
    rows.append(ReferenceRow("not adapted", as_it_is, 0))
    return rows


@torch.no_grad()
def as_it_is(task: Task) -> float:
    """The first figure of the network as it was, on the test part."""
    network = adaptation_of(task).base.eval()
    figure = next(iter(task.metrics.values()))
    return float(figure(network(task.test.inputs), task.test.targets))


def adapted_task(
    task: Task, base: nn.Module, modules: Sequence[str], head: str, numbers: int
) -> Task:
    """A task whose target is a trained network to be adapted.

    Args:
        task: samples, loss and figures.
        base: the trained network.
        modules: last parts of the names of the linear layers that are adapted.
        head: name of the layer that gives the outputs.
        numbers: how many an adapter may train.
    """
    adaptation = Adaptation(base, tuple(modules), head, numbers)
    of_one_rank = sum(one.in_features + one.out_features for one in adaptation.layers.values())
    # More weights than numbers, so that a generator has something to write.
    rank = max(LEAST_RANK, -(-int(MORE_WEIGHTS * numbers) // of_one_rank))
    return replace(task, target=replace(adaptation, rank=rank))


LEAST_RANK, MORE_WEIGHTS = 4, 1.6
"""LoRA matrices that are written have this rank, or so many times as many weights as numbers."""


def adaptation_study(
    tasks: Mapping[str, Task],
    base: nn.Module,
    modules: Sequence[str],
    head: str,
    numbers: Sequence[int] = (128, 1_024),
    settings: Settings = SETTINGS,
    metric: Metric = ACCURACY,
) -> Study:
    """A study of a trained network of one's own: circuits that write its LoRA matrices, and all
    controls.

    The rate of every row is chosen in every cell, on held-out training samples and by seeds that
    the table does not show.

    Args:
        tasks: by name, samples, loss and figures; their targets are not looked at.
        base: the trained network; it is never changed.
        modules: last parts of the names of the linear layers that are adapted, such as `"query"`.
        head: name of the layer that gives the outputs, such as `"classifier"`.
        numbers: how many an adapter may train, a column each for every task.
        settings: of the training.
        metric: what is compared, the first of the tasks' metrics.

    Raises:
        ArgumentError: layers that the network does not have, or numbers that no LoRA fits.
        DataError: peft is not installed.
    """
    for count in numbers:
        # Told before anything is trained, not by one cell after the other.
        adapted.lora(Adaptation(base, tuple(modules), head, count))
    columns = Columns(tuple(tasks), tuple(numbers))
    head_numbers = sum(one.numel() for one in base.get_submodule(head).parameters())

    def load(column: str, data_dir: str | Path | None) -> Task:
        name, count = columns.parts(column)
        return adapted_task(tasks[name], base, modules, head, count)

    def rows(chosen: Settings, recipe: str) -> list[Row]:
        return adaptation_rows(chosen, columns, head_numbers)

    return Study(
        rows,
        columns.names(),
        metric,
        lambda: {"default": settings},
        load=load,
        samples=lambda column: len(tasks[columns.parts(column)[0]].train),
        more=write_adapters,
        named=NAMED,
    )


def write_adapters(folder: Path, cells: Sequence[Cell], console: Terminal) -> None:
    """Write the table and the picture of all finished cells, and print the table."""
    text = "\n".join(adapters_table(cells)) + "\n"
    write_atomically(folder / TABLE, text.encode())
    save_figure(adapters_figure(cells, ACCURACY), folder / PICTURE)
    console.print(text, soft_wrap=True)


def adapters_table(cells: Sequence[Cell]) -> Iterator[str]:
    """Median (lowest .. highest) accuracy over the seeds, size and time of a step, as Markdown."""
    yield "| data set and most numbers | row | numbers | accuracy, % | bytes | ms per step |"
    yield "|---|---|---|---|---|---|"
    for cell in cells:
        values = [100 * value for value in cell.figures[ACCURACY.test] if value is not None]
        if not values:
            continue
        text = f"{statistics.median(values):.1f}"
        if len(values) > 1:
            text += f" ({min(values):.1f} .. {max(values):.1f})"
        cost = "| |"
        if cell.adapter is not None:
            cost = f"| {cell.adapter.bytes:,} | {1000 * cell.adapter.seconds_per_step:.1f} |"
        names = f"| {markdown(cell.dataset)} | {markdown(cell.row)} | {cell.trainable:,} "
        yield f"{names}| {text} {cost}"
