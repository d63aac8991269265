"""One factor at a time: which settings train the series tasks best, judged on held-out training windows.

The last fifth of the training windows is held out for the choice; the test part is never looked at.

    python studies/series_recipe.py [--only NAME ...]

Every line of `--out` is one setting on one series: validation MSE after the last epoch per seed. A setting
that stands there already is not run again. Ends with the table as Markdown.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from dataclasses import replace
from pathlib import Path

import torch

from diffqas.architecture import Gumbel, Raw, Softmax
from diffqas.quantum_train import DimensionScale, Lockstep, Rates, RawScale, TanhScale
from diffqas.tasks.series import load_series
from diffqas.tasks.series.task import SETTINGS, series_task
from diffqas.tasks.settings import Settings
from diffqas.training import Training, make_models

BASE = SETTINGS["default"]


def model(**changes: object) -> Settings:
    """The default settings with another choice about the model."""
    return replace(BASE, recipe=replace(BASE.recipe, **changes))


VARIANTS: dict[str, Settings] = {
    "default": BASE,
    "paper recipe": SETTINGS["paper"],
    "bits -1/+1": model(bits="signed"),
    "start: none": model(start="none"),
    "scale: raw": model(scale=RawScale()),
    "scale: dimension, no cut": model(scale=DimensionScale(None)),
    "scale: dimension, cut at 32": model(scale=DimensionScale(32.0)),
    "scale: dimension, cut at 8": model(scale=DimensionScale(8.0)),
    "scale: tanh, gain 0.25": model(scale=TanhScale(0.25)),
    "angles: spread 0.01": model(spread=0.01),
    "angles: spread 0.3": model(spread=0.3),
    "relaxation: raw from 0.4": model(relaxation=Raw(0.4)),
    "relaxation: softmax": model(relaxation=Softmax()),
    "relaxation: softmax, structure 10x": model(relaxation=Softmax(), rates=Rates(3.0, 10.0, 1.0)),
    "relaxation: gumbel, structure 10x": model(relaxation=Gumbel(), rates=Rates(3.0, 10.0, 1.0)),
    "rates 1, 1, 1": model(rates=Rates()),
    "rates 10, 1, 1": model(rates=Rates(10.0, 1.0, 1.0)),
    "rates 3, 3, 1": model(rates=Rates(3.0, 3.0, 1.0)),
    "rates 3, 1, 0.3": model(rates=Rates(3.0, 1.0, 0.3)),
    "lr 0.005": replace(BASE, lr=0.005),
    "lr 0.02": replace(BASE, lr=0.02),
    "constant learning rate": replace(BASE, schedule="constant"),
    "RMSProp": replace(BASE, optimizer="rmsprop"),
    "Adam, beta2 0.9": replace(BASE, betas=(0.9, 0.9)),
    "Adam, beta2 0.999": replace(BASE, betas=(0.9, 0.999)),
}


def validate(dataset: str, settings: Settings, seeds: int) -> dict[str, object]:
    """Train on the first four fifths of the training windows; errors on the last fifth after the last epoch."""
    task = series_task(load_series(dataset).holdout()).to("cpu", torch.float32)
    numbers = list(range(100, 100 + seeds))
    population = Lockstep(make_models(task, settings, numbers))
    started = time.perf_counter()
    *_, last = Training(population, task, settings, numbers).epochs()
    errors = last.metrics["test_mse"]
    return {
        "median": statistics.median(errors),
        "worst": max(errors),
        "validation_mse": errors,
        "train_mse": last.metrics["train_mse"],
        "seeds": numbers,
        "seconds": round(time.perf_counter() - started, 1),
    }


def table(lines: list[str]) -> str:
    """Median (worst) validation MSE: a row per setting, a column per series."""
    rows = [json.loads(line) for line in lines]
    datasets = list(dict.fromkeys(row["dataset"] for row in rows))
    figures = {(row["setting"], row["dataset"]): f"{row['median']:.1e} ({row['worst']:.0e})" for row in rows}
    head = f"| setting | {' | '.join(datasets)} |\n|{'---|' * (len(datasets) + 1)}"
    settings = dict.fromkeys(row["setting"] for row in rows)
    body = [f"| {name} | {' | '.join(figures.get((name, data), '') for data in datasets)} |" for name in settings]
    return "\n".join([head, *body])


def main() -> None:
    """Run what is missing, print a line each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("studies/results/series_recipe.jsonl"))
    parser.add_argument("--datasets", nargs="+", default=["bessel", "damped-shm", "narma5", "narma10"])
    parser.add_argument("--only", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--seeds", type=int, default=8)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    lines = chosen.out.read_text().splitlines() if chosen.out.exists() else []
    done = {(row["dataset"], row["setting"]) for row in map(json.loads, lines)}
    for name in chosen.only:
        for dataset in chosen.datasets:
            if (dataset, name) in done:
                continue
            row = {"dataset": dataset, "setting": name} | validate(dataset, VARIANTS[name], chosen.seeds)
            with chosen.out.open("a") as file:
                file.write(json.dumps(row) + "\n")
            print(f"{dataset:16} {name:24} median {row['median']:.2e}  worst {row['worst']:.2e}", flush=True)
    print(table(chosen.out.read_text().splitlines()))


if __name__ == "__main__":
    main()
