"""Twelve networks that no recipe was looked for on, each trained in a loop of its owner's.

    python benchmarks/own_networks.py tune      # rates of the controls, on training data alone
    python benchmarks/own_networks.py           # five fresh seeds: two hours of one core; goes on
    python benchmarks/own_networks.py table     # of the results that are there

Each pair of network and data (`own/pairs.py`) is trained directly; as an ordinary small network of
the same kind with as many numbers as the generators have; and with its weights written by
generators of about 500 numbers: a hashed vector, circuits by `recipe="auto"`, and circuits by the
rule of version 0.1.0. Both generators are trained by `model.optimizer(steps)` at its own rate.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
from rich.console import Console
from rich.table import Table
from torch import nn

from diffqas import QuantumTrain
from own import PAIRS, Pair
from own.data import Data
from own.pairs import count, score, train
from report import describe, write_json

RESULTS = Path(__file__).parent / "results"
ROWS, RATES = RESULTS / "own_networks.jsonl", RESULTS / "own_networks_rates.json"

GRIDS = {
    "direct": (0.003, 0.01, 0.03),
    "small": (0.003, 0.01, 0.03),
    "hashed, tuned": (0.03, 0.1, 0.3),
}
"""Rates among which `tune` chooses. The other rules have one."""

RULES = ("direct", "small", "hashed, tuned", "hashed", "circuits", "0.1.0")
TUNING_SEED, ADAM_LR = 100, 0.03


class Row(NamedTuple):
    """One training."""

    pair: str
    rule: str
    seed: int
    lr: float | None
    numbers: int
    score: float
    seconds: float


def prepared(rule: str, pair: Pair, lr: float | None) -> tuple[nn.Module, torch.optim.Optimizer]:
    """A fresh model and its optimiser, as the pages say that one should train it."""
    if rule in ("direct", "small"):
        model = pair.network() if rule == "direct" else pair.small(pair.numbers)
        return model, adam([{"params": list(model.parameters()), "lr": lr}], pair.steps)
    numbers, target = pair.numbers, pair.network()
    if rule == "0.1.0":
        model = QuantumTrain(target, numbers=numbers)
        return model, torch.optim.Adam(model.parameter_groups(lr=0.01))
    kind = "circuits" if rule == "circuits" else "hashed"
    model = QuantumTrain(target, generator=kind, numbers=numbers, recipe="auto")
    if pair.load is None:  # policies have Adam, as is usual there
        return model, adam(model.parameter_groups(lr=lr or ADAM_LR), pair.steps)
    return model, model.optimizer(pair.steps, lr)


def adam(groups: list[dict[str, Any]], steps: int) -> torch.optim.Optimizer:
    """Adam with the schedule that the generators have, too."""
    optimizer = torch.optim.Adam(groups)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    optimizer.register_step_post_hook(lambda *_: schedule.step())
    return optimizer


def measured(name: str, rule: str, seed: int, lr: float | None, data: Data | None) -> Row:
    """One training and its score."""
    pair = PAIRS[name]
    torch.manual_seed(seed)
    model, optimizer = prepared(rule, pair, lr)
    began = time.process_time()
    train(pair, data, model, optimizer, seed)
    seconds = time.process_time() - began
    found = score(pair, data, model)
    return Row(name, rule, seed, lr, count(model), round(found, 5), round(seconds, 2))


def tune(names: list[str]) -> None:
    """Choose the rates of the controls on a held-out fifth of the training part."""
    chosen = json.loads(RATES.read_text())["rates"] if RATES.exists() else {}
    for name in names:
        load = PAIRS[name].load
        data = load().held_out() if load else None
        for rule, grid in GRIDS.items():
            if rule in chosen.get(name, {}):
                continue
            rows = [measured(name, rule, TUNING_SEED, lr, data) for lr in grid]
            chosen.setdefault(name, {})[rule] = max(rows, key=lambda row: row.score).lr
            print(name, rule, [(row.lr, row.score) for row in rows], flush=True)
            write_json(RATES, describe(sys.argv) | {"seed": TUNING_SEED, "rates": chosen})


def finished() -> list[Row]:
    """Rows that are there already."""
    lines = ROWS.read_text().splitlines() if ROWS.exists() else []
    return [Row(**json.loads(line)) for line in lines]


def wanted(names: list[str], seeds: list[int]) -> Iterator[tuple[str, str, int]]:
    """Pair, rule and seed of what is not there yet, seed by seed."""
    done = {(row.pair, row.rule, row.seed) for row in finished()}
    for seed in seeds:
        for name in names:
            for rule in RULES:
                if (name, rule, seed) not in done:
                    yield name, rule, seed


def run(names: list[str], seeds: list[int]) -> None:
    """Train what is missing, and write each row at once."""
    rates = json.loads(RATES.read_text())["rates"]
    for name, rule, seed in wanted(names, seeds):
        load = PAIRS[name].load
        row = measured(name, rule, seed, rates[name].get(rule), load() if load else None)
        with ROWS.open("a") as file:
            file.write(json.dumps(row._asdict()) + "\n")
        print(*row, flush=True)


def table() -> Table:
    """Medians with the least and greatest score; the gain in parts of the hashed vector's."""
    shown = Table(title="Scores: median (least .. greatest) of the seeds")
    for title in ("pair", "unit", *RULES, "gain / hashed"):
        shown.add_column(title, justify="left" if title == "pair" else "right")
    rows = finished()
    for name, pair in PAIRS.items():
        cells, medians = [], {}
        for rule in RULES:
            scores = [row.score for row in rows if (row.pair, row.rule) == (name, rule)]
            if not scores:
                cells.append("-")
                continue
            medians[rule] = statistics.median(scores)
            cells.append(f"{medians[rule]:.3g} ({min(scores):.3g} .. {max(scores):.3g})")
        gain = "-"
        if {"hashed, tuned", "circuits"} <= medians.keys():
            whole = medians["hashed, tuned"] - pair.trivial
            gain = f"{(medians['circuits'] - pair.trivial) / whole:.2f}"
        shown.add_row(name, pair.unit, *cells, gain)
    return shown


def main() -> None:
    """Tune, run or show."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="?", choices=("run", "tune", "table"), default="run")
    parser.add_argument("--pairs", nargs="+", default=[""], help="parts of names")
    parser.add_argument("--seeds", nargs="+", type=int, default=[5, 6, 7, 8, 9])
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    names = [name for name in PAIRS if any(part in name for part in chosen.pairs)]
    if chosen.what == "tune":
        tune(names)
    elif chosen.what == "run":
        run(names, chosen.seeds)
    Console(width=200).print(table())


if __name__ == "__main__":
    main()
