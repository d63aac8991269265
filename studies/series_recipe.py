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

KALMAN = SETTINGS["default"]
ADAM = replace(KALMAN, optimizer="adam")
"""The model's choices were made with Adam, before the filter was tried."""


def model(**changes: object) -> Settings:
    """Adam's settings with another choice about the model."""
    return replace(ADAM, recipe=replace(ADAM.recipe, **changes))


def filtered(**changes: object) -> Settings:
    """The Kalman filter's settings with other priors."""
    return replace(KALMAN, recipe=replace(KALMAN.recipe, **changes))


VARIANTS: dict[str, Settings] = {
    "Kalman filter": KALMAN,
    "Kalman; noise from 10": replace(KALMAN, noise=(10.0, 1e-3)),
    "Kalman; noise from 1": replace(KALMAN, noise=(1.0, 1e-3)),
    "Kalman; noise from 1000": replace(KALMAN, noise=(1000.0, 1e-3)),
    "Kalman; noise down to 0.1": replace(KALMAN, noise=(100.0, 0.1)),
    "Kalman; constant noise 1": replace(KALMAN, noise=(1.0, 1.0)),
    "Kalman; memory 1.5": replace(KALMAN, memory=1.5),
    "Kalman; memory 6": replace(KALMAN, memory=6.0),
    "Kalman; memory 1000": replace(KALMAN, memory=1000.0),
    "Kalman; priors 1, 1, 1": filtered(rates=Rates()),
    "Kalman; priors 3, 3, 3": filtered(rates=Rates(3.0, 3.0, 3.0)),
    "Kalman; bits -1/+1": filtered(bits="signed"),
    "Kalman; start: none": filtered(start="none"),
    "Kalman; angles: spread 0.01": filtered(spread=0.01),
    "Kalman; relaxation: softmax": filtered(relaxation=Softmax()),
    "Adam": ADAM,
    "paper recipe": SETTINGS["paper"],
    "Adam; bits -1/+1": model(bits="signed"),
    "Adam; start: none": model(start="none"),
    "Adam; scale: raw": model(scale=RawScale()),
    "Adam; scale: dimension, no cut": model(scale=DimensionScale(None)),
    "Adam; scale: dimension, cut at 32": model(scale=DimensionScale(32.0)),
    "Adam; scale: dimension, cut at 8": model(scale=DimensionScale(8.0)),
    "Adam; scale: tanh, gain 0.25": model(scale=TanhScale(0.25)),
    "Adam; angles: spread 0.01": model(spread=0.01),
    "Adam; angles: spread 0.3": model(spread=0.3),
    "Adam; relaxation: raw from 0.4": model(relaxation=Raw(0.4)),
    "Adam; relaxation: softmax": model(relaxation=Softmax()),
    "Adam; relaxation: softmax, structure 10x": model(relaxation=Softmax(), rates=Rates(3.0, 10.0, 1.0)),
    "Adam; relaxation: gumbel, structure 10x": model(relaxation=Gumbel(), rates=Rates(3.0, 10.0, 1.0)),
    "Adam; rates 1, 1, 1": model(rates=Rates()),
    "Adam; rates 10, 1, 1": model(rates=Rates(10.0, 1.0, 1.0)),
    "Adam; rates 3, 3, 1": model(rates=Rates(3.0, 3.0, 1.0)),
    "Adam; rates 3, 1, 0.3": model(rates=Rates(3.0, 1.0, 0.3)),
    "Adam; lr 0.005": replace(ADAM, lr=0.005),
    "Adam; lr 0.02": replace(ADAM, lr=0.02),
    "Adam; constant learning rate": replace(ADAM, schedule="constant"),
    "RMSProp": replace(ADAM, optimizer="rmsprop"),
    "Adam, beta2 0.9": replace(ADAM, betas=(0.9, 0.9)),
    "Adam, beta2 0.999": replace(ADAM, betas=(0.9, 0.999)),
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
