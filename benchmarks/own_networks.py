"""Twelve networks that no recipe was looked for on, each trained in a loop of its owner's.

    python benchmarks/own_networks.py tune      # rates of the controls, on training data alone
    python benchmarks/own_networks.py           # five fresh seeds: two hours of one core; goes on
    python benchmarks/own_networks.py table     # of the results that are there, as on the page
    python benchmarks/own_networks.py --numbers 2000 --rules small "hashed, tuned" circuits

Each pair of network and data (`own/pairs.py`) is trained directly; as an ordinary small network of
the same kind with as many numbers as the generators have; and with its weights written by
generators of about 500 numbers: a hashed vector at a rate that was chosen for it, circuits by
`recipe="auto"` and `model.optimizer(steps)`, and circuits by the rule of version 0.1.0.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from diffqas import QuantumTrain
from own import PAIRS, Pair
from own.data import Data
from own.pairs import count, score, train
from own.results import RATES, ROWS, RULES, Row, finished, tables
from report import describe, write_json

GRIDS = {
    "direct": (0.003, 0.01, 0.03),
    "small": (0.003, 0.01, 0.03),
    "hashed, tuned": (0.03, 0.1, 0.3),
}
"""Rates among which `tune` chooses. The other rules have one."""

TUNING_SEED = 100
ADAM_LR = 0.08
"""Of circuits that write a policy; of 0.03, 0.08 and 0.2 the best median of seeds 100 to 103 (294,
367 and 151 moments; a hashed vector 259 at its 0.03).
"""

SEEDS = (5, 6, 7, 8, 9)
NUMBERS = 500


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


def measured(
    name: str, rule: str, seed: int, lr: float | None, data: Data | None, numbers: int = NUMBERS
) -> Row:
    """One training and its score."""
    pair = replace(PAIRS[name], numbers=numbers)
    torch.manual_seed(seed)
    model, optimizer = prepared(rule, pair, lr)
    began = time.process_time()
    train(pair, data, model, optimizer, seed)
    seconds = time.process_time() - began
    found = score(pair, data, model)
    trained = count(model)
    return Row(name, rule, seed, lr, trained, round(found, 5), round(seconds, 2), numbers)


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


def wanted(chosen: argparse.Namespace) -> Iterator[tuple[str, str, int]]:
    """Pair, rule and seed of what is not there yet, seed by seed."""
    done = {(row.pair, row.rule, row.seed) for row in finished() if row.asked == chosen.numbers}
    for seed in chosen.seeds:
        for name in names_of(chosen.pairs):
            for rule in chosen.rules:
                if (name, rule, seed) not in done:
                    yield name, rule, seed


def run(chosen: argparse.Namespace) -> None:
    """Train what is missing, and write each row at once."""
    rates = json.loads(RATES.read_text())["rates"]
    for name, rule, seed in wanted(chosen):
        load = PAIRS[name].load
        data, lr = load() if load else None, rates[name].get(rule)
        row = measured(name, rule, seed, lr, data, chosen.numbers)
        with ROWS.open("a") as file:
            file.write(json.dumps(row._asdict()) + "\n")
        print(*row, flush=True)


def names_of(parts: Sequence[str]) -> list[str]:
    """Pairs in whose names one of these parts is; all without parts."""
    return [name for name in PAIRS if not parts or any(part in name for part in parts)]


def main() -> None:
    """Tune, run or show."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="?", choices=("run", "tune", "table"), default="run")
    parser.add_argument("--pairs", nargs="+", default=[], help="parts of names")
    parser.add_argument("--rules", nargs="+", choices=(*RULES, "hashed"), default=RULES)
    parser.add_argument("--seeds", nargs="+", type=int, default=SEEDS)
    parser.add_argument("--numbers", type=int, default=NUMBERS)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    if chosen.what == "tune":
        tune(names_of(chosen.pairs))
    elif chosen.what == "run":
        run(chosen)
    for numbers in (NUMBERS, 2000):
        print(f"{numbers} numbers", *tables(numbers), sep="\n\n")


if __name__ == "__main__":
    main()
