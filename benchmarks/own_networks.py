"""Twelve networks that no recipe was looked for on, each trained in a loop of its owner's.

    python benchmarks/own_networks.py                            # five seeds, about two hours
    python benchmarks/own_networks.py --pairs wine --seeds 2
    python benchmarks/own_networks.py --table                    # of what is there already

Each pair of network and data is trained directly; as an ordinary small network with as many numbers
as the generators have; and with its weights written by generators of about 500 numbers: a hashed
vector, circuits by `recipe="auto"`, and circuits by the rule of version 0.1.0. Results are written
one by one, and a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path

import torch
from own import PAIRS, Pair
from own.pairs import count, score, train
from rich.console import Console
from rich.table import Table
from torch import nn

from diffqas import QuantumTrain
from diffqas.quantum_train import RECIPES, Rates
from own.hashed import Hashed

RESULTS = Path(__file__).parent / "results" / "own_networks.jsonl"
RULES = ("direct", "small", "hashed", "circuits", "0.1.0")


def prepared(rule: str, pair: Pair, lr: float) -> tuple[nn.Module, torch.optim.Optimizer]:
    """A fresh model and its optimiser, as the pages say that one should train it."""
    rule, _, optim = rule.partition("@")
    name, _, changes = rule.partition(":")
    def recommended(groups, steps):
        if optim == "adam": return _adam(groups, lr, steps)
        from diffqas.optim import recommended
        return recommended(groups, steps)
    if name in ("direct", "small"):
        model = pair.network() if name == "direct" else pair.small(pair.numbers)
        return model, _adam(list(model.parameters()), lr, pair.steps)
    target = pair.network()
    if name == "hashed":
        model = Hashed(target, pair.numbers)
        return model, recommended([{"params": [model.vector], "lr": lr}], pair.steps)
    qubits = (count(target) - 1).bit_length()
    depth = max(1, (pair.numbers - 12 - (qubits + 2)) // qubits)
    if name == "0.1.0":
        model = QuantumTrain(target, depth=depth, recipe="default")
        return model, torch.optim.Adam(model.parameter_groups(lr=lr))
    recipe = replace(RECIPES["auto"], **eval(f"dict({changes})"))
    model = QuantumTrain(target, depth=depth, recipe=recipe)
    return model, recommended(model.parameter_groups(lr), pair.steps)


def _adam(numbers, lr: float, steps: int) -> torch.optim.Optimizer:
    """Adam with the schedule that the generators have, too."""
    optimizer = torch.optim.Adam(numbers, lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    optimizer.register_step_post_hook(lambda *_: schedule.step())
    return optimizer


def measured(name: str, rule: str, lr: float, seed: int) -> dict[str, object]:
    """One training."""
    pair = PAIRS[name]
    torch.manual_seed(seed)
    model, optimizer = prepared(rule, pair, lr)
    began = time.process_time()
    train(pair, model, optimizer, seed)
    seconds = round(time.process_time() - began, 2)
    found = {"pair": name, "rule": rule, "lr": lr, "seed": seed, "numbers": count(model)}
    return found | {"score": round(score(pair, model), 5), "seconds": seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", nargs="+", default=[""])
    parser.add_argument("--rules", nargs="+", default=list(RULES))
    parser.add_argument("--rates", nargs="+", type=float, default=[0.01])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--out", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    lines = chosen.out.read_text().splitlines() if chosen.out.exists() else []
    done = {tuple(json.loads(line)[key] for key in ("pair", "rule", "lr", "seed")) for line in lines}
    for seed in chosen.seeds:
        for name in PAIRS:
            if not any(part in name for part in chosen.pairs):
                continue
            for rule in chosen.rules:
                for lr in chosen.rates:
                    if (name, rule, lr, seed) in done:
                        continue
                    row = measured(name, rule, lr, seed)
                    with chosen.out.open("a") as file:
                        file.write(json.dumps(row) + "\n")
                    print(row, flush=True)


if __name__ == "__main__":
    main()
