"""Priors of the classical controls, judged on held-out training windows as the default recipe was.

A control's rate is the standard deviation of its numbers before training, as the Kalman filter sees it.

The last fifth of the training windows is held out for the choice; the test part is never looked at.

    python studies/control_rates.py --out studies/results/control_rates.jsonl

Every line of the output is one rate on one series: validation MSE after the last epoch per seed. What stands
there already is not run again.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections import defaultdict
from functools import partial
from pathlib import Path

import torch

from diffqas.studies import populations
from diffqas.tasks.series import load_series
from diffqas.tasks.series.task import SETTINGS, series_task
from diffqas.training import Training

KINDS = {"hashed": populations.hashed, "subspace": populations.subspace}
RATES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
SERIES = ("bessel", "damped-shm", "narma5", "narma10")
SEEDS = list(range(100, 108))


def validate(kind: str, rate: float, dataset: str) -> dict[str, object]:
    """Train on the first four fifths of the training windows; errors on the last fifth after the last epoch."""
    task = series_task(load_series(dataset).holdout()).to("cpu", torch.float32)
    settings = SETTINGS["default"]
    population = partial(KINDS[kind], rate=rate)(task, settings, SEEDS)
    *_, last = Training(population, task, settings, SEEDS).epochs()
    errors = last.metrics["test_mse"]
    head = {"kind": kind, "rate": rate, "dataset": dataset, "median": statistics.median(errors), "worst": max(errors)}
    return head | {"validation_mse": errors, "train_mse": last.metrics["train_mse"], "seeds": SEEDS}


def main() -> None:
    """Run what is missing, then print each rate's geometric mean over the series."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("studies/results/control_rates.jsonl"))
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    lines = chosen.out.read_text().splitlines() if chosen.out.exists() else []
    found = [json.loads(line) for line in lines]
    done = {(row["kind"], row["rate"], row["dataset"]) for row in found}
    missing = [(k, r, d) for k in KINDS for r in RATES for d in SERIES if (k, r, d) not in done]
    for kind, rate, dataset in missing:
        found.append(validate(kind, rate, dataset))
        with chosen.out.open("a") as file:
            file.write(json.dumps(found[-1]) + "\n")
        print(f"{kind:10} {rate:6} {dataset:12} median {found[-1]['median']:.2e}", flush=True)
    medians = defaultdict(list)
    for row in found:
        medians[row["kind"], row["rate"]].append(row["median"])
    for (kind, rate), values in sorted(medians.items()):
        print(f"{kind:10} {rate:6} geometric mean {statistics.geometric_mean(values):.2e} over {len(values)} series")


if __name__ == "__main__":
    main()
