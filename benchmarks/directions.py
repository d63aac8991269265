"""How many independent directions each generator moves its network in, and what error it ends at.

    python benchmarks/directions.py                       # goes on; half an hour of one core
    python benchmarks/directions.py table                 # of the results that are there
    python benchmarks/directions.py picture               # docs/pictures/directions.png
    python benchmarks/directions.py --datasets bessel --seeds 3

Rows are those of `diffqas study table-2` that train as many numbers as the search, or fewer, with
its LSTM as the target. J is the derivative of all outputs on the training windows by the trained
numbers, each in units of its optimiser's step. Three figures of its singular values s say how many
directions there are: the rank (s above 1e-3 of the largest), the participation
(sum s^2)^2 / sum s^4, and the share of sum s^2 that the largest one has. They are taken before and
after the training of the default recipe.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import torch
from scipy.stats import spearmanr
from torch import Tensor

from diffqas.optimisers import Population
from diffqas.studies import STUDIES, TrainedRow
from diffqas.studies.datasets import load_data, make_task
from diffqas.tasks import Settings
from diffqas.training import Training

RESULTS = Path(__file__).with_name("results") / "directions.jsonl"
PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "directions.png"
SERIES = ("bessel", "damped-shm", "narma5", "narma10", "delayed-control")
ROWS = (
    "search raw",
    "search from drawn weights",
    "candidate 1",
    "candidate 6",
    "candidate 12",
    "frozen circuit",
    "larger mapping of as many numbers",
    "hashed vector",
    "random subspace",
)
FIRST_SEED = 300
"""None of the tables' seeds."""

SMALL = 1e-3
MOST_WINDOWS = 200
"""Rows of J for each seed, evenly taken: more than there are numbers."""


class Spectrum(NamedTuple):
    """What is told of the singular values of one Jacobian."""

    rank: int
    participation: float
    largest: float


def jacobian(population: Population, inputs: Tensor) -> Tensor:
    """(seeds, outputs, numbers) by central differences, a number of all seeds at a time."""
    columns = []
    for group in population.parameter_groups(1.0):
        for parameter in group["params"]:
            entries = parameter.detach().flatten(1)
            for index in range(entries.shape[1]):
                here = entries[:, index].clone()
                size = 1e-5 * max(1.0, here.abs().max().item())
                ends = []
                for side in (size, -size):
                    entries[:, index] = here + side
                    ends.append(population(inputs).flatten(1))
                entries[:, index] = here
                columns.append((ends[0] - ends[1]) / (2 * size) * group["lr"])
    return torch.stack(columns, -1)


def spectrum(matrix: Tensor) -> Spectrum:
    """Of one seed's Jacobian."""
    squares = torch.linalg.svdvals(matrix).square()
    rank = int((squares > SMALL**2 * squares[0]).sum())
    total = squares.sum()
    participation = total.square() / squares.square().sum()
    return Spectrum(rank, round(participation.item(), 2), round((squares[0] / total).item(), 4))


@torch.no_grad()
def spectra(population: Population, inputs: Tensor) -> list[Spectrum]:
    """One for each seed."""
    return [spectrum(each) for each in jacobian(population, inputs)]


def measured(name: str, dataset: str, seeds: Sequence[int]) -> list[dict[str, object]]:
    """Train all seeds of a row together, and look at J before and after."""
    study = STUDIES["table-2"]
    settings = study.recipes()["default"]
    row = next(each for each in study.rows(settings, "default") if each.name == name)
    assert isinstance(row, TrainedRow)
    assert isinstance(row.settings, Settings)
    # In double precision, so that small singular values are those of J.
    task = make_task(load_data(dataset), "default").to("cpu", torch.float64)
    population = row.populate(task, row.settings, seeds)
    groups = population.parameter_groups(1.0)
    numbers = sum(each.numel() for group in groups for each in group["params"]) // len(seeds)
    windows = task.train.inputs
    windows = windows[:: max(1, len(windows) // MOST_WINDOWS)]
    before = spectra(population, windows)
    began = time.process_time()
    training = Training(population, task, row.settings, seeds)
    *_, last = training.epochs()
    seconds = round((time.process_time() - began) / len(seeds), 2)
    after = spectra(population, windows)
    return [
        {
            "row": name,
            "dataset": dataset,
            "seed": seed,
            "numbers": numbers,
            "before": before[place],
            "after": after[place],
            "test_mse": last.metrics["test_mse"][place],
            "seconds": seconds,
        }
        for place, seed in enumerate(seeds)
    ]


def finished() -> list[dict[str, Any]]:
    """The results that are there."""
    if not RESULTS.exists():
        return []
    return [json.loads(line) for line in RESULTS.read_text().splitlines()]


def table() -> str:
    """Medians of the seeds in Markdown, and how directions and errors go together."""
    cells: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for one in finished():
        cells[one["row"], one["dataset"]].append(one)
    lines = ["| row | series | numbers | rank | directions | largest | at the end | test MSE |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    for (row, dataset), found in cells.items():
        before, after = (
            [median(one[when][place] for one in found) for place in range(3)]
            for when in ("before", "after")
        )
        lines.append(
            f"| {row} | {dataset} | {found[0]['numbers']} | {before[0]:.0f} | {before[1]:.1f} | "
            f"{before[2]:.2f} | {after[0]:.0f}, {after[1]:.1f}, {after[2]:.2f} | "
            f"{median(one['test_mse'] for one in found):.1e} |"
        )
    return "\n".join([*lines, "", *correlations(cells)])


def correlations(cells: Mapping[tuple[str, str], Sequence[dict[str, Any]]]) -> Iterator[str]:
    """Spearman's correlation of each figure with the error, over the rows of a series."""
    yield "| Spearman with the test MSE | " + " | ".join(SERIES) + " |"
    yield "|---" * (len(SERIES) + 1) + "|"
    for when in ("before", "after"):
        for place, name in enumerate(Spectrum._fields):
            words = []
            for dataset in SERIES:
                found = [each for (_, series), each in cells.items() if series == dataset]
                if len(found) < len(ROWS):
                    words.append("-")
                    continue
                figures = [median(one[when][place] for one in each) for each in found]
                errors = [median(one["test_mse"] for one in each) for each in found]
                alike = len(set(figures)) == 1
                words.append("-" if alike else f"{spearmanr(figures, errors).statistic:.2f}")
            yield f"| {name} {when} | " + " | ".join(words) + " |"


def picture() -> None:
    """Errors against the rank of J after the training, one colour per row, one panel per series."""
    found = finished()
    series = [name for name in SERIES if any(one["dataset"] == name for one in found)]
    figure, panels = plt.subplots(1, len(series), figsize=(11, 3.4), layout="constrained")
    for panel, dataset in zip(panels, series, strict=True):
        for name in ROWS:
            if name == "candidate 1":
                continue  # the same model as candidate 6, whose points would hide its own
            own = [one for one in found if (one["row"], one["dataset"]) == (name, dataset)]
            ranks = [one["after"][0] for one in own]
            errors = [one["test_mse"] for one in own]
            label = "candidates 1 and 6" if name == "candidate 6" else name
            panel.scatter(ranks, errors, s=18, label=label)
        panel.set(yscale="log", title=dataset, xlabel="independent directions")
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("test MSE")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False, fontsize=8)
    figure.savefig(PICTURE, dpi=150)


def main() -> None:
    """Measure what is missing, or show."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="?", choices=("run", "table", "picture"), default="run")
    parser.add_argument("--datasets", nargs="+", choices=SERIES, default=SERIES)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=ROWS)
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    done = {(one["row"], one["dataset"]) for one in finished()}
    for dataset in chosen.datasets if chosen.what == "run" else ():
        for row in chosen.rows:
            if (row, dataset) in done:
                continue
            seeds = range(FIRST_SEED, FIRST_SEED + chosen.seeds)
            found = measured(row, dataset, list(seeds))
            with RESULTS.open("a") as file:
                file.writelines(json.dumps(one) + "\n" for one in found)
            print(*(json.dumps(one) for one in found), sep="\n", flush=True)
    if chosen.what == "picture":
        picture()
    print(table())


if __name__ == "__main__":
    main()
