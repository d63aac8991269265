"""Test accuracy on ten-class MNIST against the number of trainable numbers, beside classical
generators of as many.

    python studies/images_curve.py --data-dir data              # after the last epoch, on the test
    part python studies/images_curve.py --data-dir data --validate   # a fifth of the training
    images in its place

All rows write the 109,386 weights of the network 784-128-64-10. Every line of `--out` is one row
with a figure per seed; a line that stands there already is not computed again. Ends with the table
as Markdown. Settings were chosen with `--validate` alone, which never reads the test part.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from diffqas import Candidate
from diffqas.optimisers import Adam, DirectLockstep, Population
from diffqas.quantum_train import DimensionScale, Lockstep, Mapping, MLPMapping, Rates, Recipe
from diffqas.quantum_train.controls import HashedWeights, RandomSubspace
from diffqas.storage import decode, encode
from diffqas.tasks import Settings, Task
from diffqas.tasks.images import load_images
from diffqas.tasks.images.task import image_task
from diffqas.training import Training, make_models, seeded

GIB = 2**30


@dataclass(frozen=True)
class Point:
    """How a budget of trainable numbers is spent, and its relative learning rates."""

    mapping: Mapping
    chunk: int
    depth: int
    rates: Rates
    bits: str = "signed"


FAST = Rates(angles=30, structure=30, mapping=20)
POINTS: dict[int, Point] = {
    300: Point(MLPMapping((8,), gain=10.0), chunk=8, depth=6, rates=FAST),
    1000: Point(MLPMapping((24,), gain=10.0), chunk=16, depth=15, rates=FAST),
    1500: Point(MLPMapping((18,), gain=5.0), chunk=56, depth=15, rates=FAST),
    2000: Point(MLPMapping((25,), gain=5.0), chunk=56, depth=15, rates=FAST),
    3000: Point(MLPMapping((39,), gain=5.0), chunk=56, depth=15, rates=FAST),
    5000: Point(MLPMapping((36,), gain=5.0), chunk=112, depth=15, rates=FAST),
    10000: Point(MLPMapping((44,), gain=5.0), chunk=196, depth=15, rates=FAST),
}
"""By budget; the exact count of a row stands in its line."""

HASHED_RATE, SUBSPACE_RATE = 200.0, 300.0


def settings_of(point: Point, epochs: int) -> Settings:
    """Adam from 1e-3 to zero along a cosine; all that a row's models need but the mapping."""
    recipe = Recipe(scale=DimensionScale(32.0), bits=point.bits, rates=point.rates)
    return Settings(
        recipe,
        depth=point.depth,
        epochs=epochs,
        batch_size=100,
        optimizer=Adam(1e-3, betas=(0.9, 0.95)),
        schedule="cosine",
        shuffle=True,
    )


def populate(
    row: str, task: Task, point: Point, settings: Settings, seeds: Sequence[int]
) -> Population:
    """The population of a row.

    search: all twelve candidates. no-circuit: the same mapping on the uniform distribution for
    ever. hashed, subspace: as many numbers as the search has, without a circuit. direct: the
    network itself.
    """
    choices = {"mapping": point.mapping, "chunk": point.chunk}
    if row == "search":
        return Lockstep(make_models(task, settings, seeds, **choices))
    if row == "no-circuit":
        population = Lockstep(
            make_models(task, settings, seeds, candidates=[Candidate(True, "ent", "rx")], **choices)
        )
        population.circuits.requires_grad_(False)
        return population
    targets = _targets(task, seeds)
    if row == "direct":
        return DirectLockstep(targets)
    count = make_models(task, settings, [0], **choices)[0].parameter_report().total
    if row == "hashed":
        return HashedWeights(targets, seeds, count, HASHED_RATE)
    return RandomSubspace(targets, seeds, count, SUBSPACE_RATE)


ROWS = ("search", "no-circuit", "hashed", "subspace", "direct")


def _targets(task: Task, seeds: Sequence[int]) -> list[nn.Module]:
    return [seeded(seed, task.target, task) for seed in seeds]


def measure(
    row: str, task: Task, point: Point, settings: Settings, seeds: list[int]
) -> dict[str, Any]:
    """Train one row; figures after the last epoch."""
    started = time.perf_counter()
    population = populate(row, task.to("cpu", torch.float32), point, settings, seeds)
    count = sum(
        p.numel() for group in population.parameter_groups(1.0) for p in group["params"]
    ) // len(seeds)
    here = task.train.inputs.device
    assert isinstance(population, nn.Module)
    *_, last = Training(population.to(here), task, settings, seeds).epochs()
    figures = {name: last.metrics[name] for name in ("test_accuracy", "train_accuracy")}
    return {"trainable": count, **figures, "seconds": round(time.perf_counter() - started, 1)}


def identity(
    row: str, budget: int, settings: Settings, chosen: argparse.Namespace
) -> dict[str, Any]:
    """What a line of the results depends on; two lines with the same are one."""
    point = POINTS[budget]
    known = {
        "row": row,
        "images": chosen.images,
        "validate": chosen.validate,
        "epochs": chosen.epochs,
    }
    known |= {"seeds": list(range(chosen.first_seed, chosen.first_seed + chosen.seeds))}
    if row == "direct":
        return known | {"budget": None}
    rate = {"hashed": HASHED_RATE, "subspace": SUBSPACE_RATE}.get(row)
    spent = {
        "mapping": encode(point.mapping),
        "chunk": point.chunk,
        "settings": encode(settings),
        "rate": rate,
    }
    return known | {"budget": budget} | spent


def same(stored: dict[str, Any], known: dict[str, Any]) -> bool:
    """Whether a line of the results is that of a row, also one that version 0.1.0 wrote."""
    if "settings" in stored:
        stored = stored | {"settings": encode(decode(stored["settings"]))}
    return stored == json.loads(json.dumps(known))


def table(entries: Sequence[dict[str, Any]]) -> str:
    """Median (lowest .. highest) accuracy over the seeds, a row per line."""
    head = "| numbers | row | accuracy, % | seeds |\n|---|---|---|---|"
    body = []
    for entry in sorted(
        entries, key=lambda entry: (entry["budget"] or 10**9, ROWS.index(entry["row"]))
    ):
        values = [100 * value for value in entry["test_accuracy"]]
        text = f"{statistics.median(values):.2f} ({min(values):.2f} .. {max(values):.2f})"
        body.append(f"| {entry['trainable']:,} | {entry['row']} | {text} | {len(values)} |")
    return "\n".join([head, *body])


def load(chosen: argparse.Namespace) -> Task:
    """The images as a task, on the device; with `--validate` the test part is held-out training
    images.
    """
    data = load_images(chosen.dataset, data_dir=chosen.data_dir)
    if chosen.validate:
        data = data.holdout(0.2)
    if chosen.images is not None:
        few = chosen.images
        data = replace(
            data, train_images=data.train_images[:few], train_labels=data.train_labels[:few]
        )
    return image_task(data).to(chosen.device, torch.float32)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("studies/results/images_curve.jsonl"))
    parser.add_argument("--dataset", default="mnist", choices=["mnist", "fashion-mnist", "digits"])
    parser.add_argument(
        "--data-dir", type=Path, help="folder with the files; as in `diffqas search`"
    )
    parser.add_argument(
        "--validate",
        action="store_true",
        help="a fifth of the training images in place of the test",
    )
    parser.add_argument(
        "--budgets", nargs="+", type=int, default=list(POINTS), choices=list(POINTS)
    )
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=ROWS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--images", type=int, help="train on the first so many images only")
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--memory", type=float, default=4.0, help="GiB that the directions of a subspace may take"
    )
    return parser.parse_args()


def main() -> None:
    """Compute what is missing, print a line each."""
    chosen = arguments()
    torch.set_num_threads(1)
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    found = (
        [json.loads(line) for line in chosen.out.read_text().splitlines()]
        if chosen.out.exists()
        else []
    )
    task, wanted = load(chosen), []
    weights = sum(parameter.numel() for parameter in task.target().parameters())
    for budget in chosen.budgets:
        settings = settings_of(POINTS[budget], chosen.epochs)
        for row in chosen.rows:
            known = identity(row, budget, settings, chosen) | {"dataset": chosen.dataset}
            if known in wanted:  # the direct network has no budget
                continue
            wanted.append(known)
            if any(same(entry["identity"], known) for entry in found):
                continue
            size = 4 * budget * weights * chosen.seeds / GIB
            if row == "subspace" and size > chosen.memory:
                print(
                    f"{budget:6} subspace   left out: its directions take {size:.1f} GiB "
                    "(--memory, --seeds)"
                )
                continue
            entry = measure(row, task, POINTS[budget], settings, known["seeds"])
            found.append({"identity": known, "row": row, "budget": known["budget"]} | entry)
            with chosen.out.open("a") as file:
                file.write(json.dumps(found[-1]) + "\n")
            middle = 100 * statistics.median(entry["test_accuracy"])
            print(
                f"{entry['trainable']:6} {row:10} {middle:.2f} %  {entry['seconds']:.0f} s",
                flush=True,
            )
    print(
        table([entry for entry in found if any(same(entry["identity"], known) for known in wanted)])
    )


if __name__ == "__main__":
    main()
