"""CPU seconds of training steps: seeds in lockstep beside the same seeds one after the other, in
one run, one core.

    python benchmarks/lockstep.py --seeds 2 10

Series task of 1,781 weights at (11, 10), batches of ten. Blocks of steps of both ways are
interleaved; the ratio is the median over rounds. The engines are plain torch (DIFFQAS_COMPILED=0)
and the compiled kernels.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from statistics import median

import torch

from diffqas.quantum_train import Lockstep
from diffqas.searches.data_sets import load_task
from diffqas.training import Training, make_models
from report import describe, engines, write_json


def trainings(optimizer: str, groups: list[list[int]]) -> list[Training[Lockstep]]:
    """One training for each group of seeds."""
    task = load_task("bessel").to("cpu", torch.float32)
    settings = replace(task.settings("default"), optimizer=optimizer)
    return [
        Training(Lockstep(make_models(task, settings, seeds)), task, settings, seeds)
        for seeds in groups
    ]


def seconds(trainings: list[Training[Lockstep]], steps: int) -> float:
    """CPU seconds of `steps` steps of every training, one training after the other."""
    started = time.process_time()
    for training in trainings:
        training.population.train()
        inputs, targets = training.task.train.inputs, training.task.train.targets
        for step in islice(cycle(range(training.steps_per_epoch)), steps):
            batch = slice(10 * step, 10 * step + 10)
            training._step(inputs[batch], targets[batch], step)
    return time.process_time() - started


def compare(optimizer: str, count: int, steps: int, rounds: int) -> dict:
    """Median seconds per seed and step of both ways, and the median of their ratio over rounds."""
    seeds = list(range(count))
    together, apart = (
        trainings(optimizer, [seeds]),
        trainings(optimizer, [[seed] for seed in seeds]),
    )
    seconds(together, 3), seconds(apart, 3)
    pairs = [(seconds(together, steps), seconds(apart, steps)) for _ in range(rounds)]
    ratios = [a / b for a, b in pairs]
    return {
        "optimizer": optimizer,
        "seeds": count,
        "lockstep_seconds_per_seed_and_step": median(a for a, _ in pairs) / (steps * count),
        "alone_seconds_per_step": median(b for _, b in pairs) / (steps * count),
        "lockstep_over_alone": median(ratios),
        "lockstep_over_alone_range": [min(ratios), max(ratios)],
    }


def main() -> None:
    """Measure, print and write every row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[2, 5, 10, 20])
    parser.add_argument("--optimizers", nargs="+", default=["adam", "kalman"])
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results" / "lockstep.json"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for engine in engines():
        for optimizer in options.optimizers:
            for count in options.seeds:
                row = {"engine": engine} | compare(optimizer, count, options.steps, options.rounds)
                rows.append(row)
                together, alone = (
                    row["lockstep_seconds_per_seed_and_step"],
                    row["alone_seconds_per_step"],
                )
                print(
                    f"{engine:8} {optimizer:7} {count:3} seeds: "
                    f"{1e3 * together:6.2f} ms per seed and step together, "
                    f"{1e3 * alone:6.2f} ms alone, ratio {row['lockstep_over_alone']:.2f}",
                    flush=True,
                )
    write_json(options.out, describe(sys.argv) | {"n": 11, "depth": 10, "rows": rows})


if __name__ == "__main__":
    main()
