"""One factor at a time: which settings train the series tasks best, judged on held-out training
windows.

The last fifth of the training windows is held out for the choice; the test part is never looked at.

    python studies/series_recipe.py [--only NAME ...]

Every line of `--out` is one setting on one series: validation MSE after the last epoch per seed. A
setting that stands there already is not run again. Ends with the table as Markdown.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from diffqas.architecture import Gumbel, Raw, Softmax
from diffqas.choices import adjusted
from diffqas.quantum_train import DimensionScale, Rates, RawScale, TanhScale
from diffqas.studies import populations
from diffqas.studies.rows import TrainedRow
from diffqas.tasks.series import load_series
from diffqas.tasks.series.task import SERIES_RECIPES, series_task
from diffqas.tasks.settings import Settings
from one_factor import errors, searches, study

KALMAN = SERIES_RECIPES["default"]
ADAM = adjusted(KALMAN, optimizer="adam")
"""The model's choices were made with Adam, before the filter was tried."""


def model(**changes: object) -> Settings:
    """Adam's settings with another choice about the model."""
    return replace(ADAM, generator=replace(ADAM.generator, **changes))


def filtered(**changes: object) -> Settings:
    """The Kalman filter's settings with other priors."""
    return replace(KALMAN, generator=replace(KALMAN.generator, **changes))


VARIANTS: dict[str, Settings] = {
    "Kalman filter": KALMAN,
    "Kalman; noise from 10": adjusted(KALMAN, noise=(10.0, 1e-3)),
    "Kalman; noise from 1": adjusted(KALMAN, noise=(1.0, 1e-3)),
    "Kalman; noise from 1000": adjusted(KALMAN, noise=(1000.0, 1e-3)),
    "Kalman; noise down to 0.1": adjusted(KALMAN, noise=(100.0, 0.1)),
    "Kalman; constant noise 1": adjusted(KALMAN, noise=(1.0, 1.0)),
    "Kalman; memory 1.5": adjusted(KALMAN, memory=1.5),
    "Kalman; memory 6": adjusted(KALMAN, memory=6.0),
    "Kalman; memory 1000": adjusted(KALMAN, memory=1000.0),
    "Kalman; priors 1, 1, 1": filtered(rates=Rates()),
    "Kalman; priors 3, 3, 3": filtered(rates=Rates(3.0, 3.0, 3.0)),
    "Kalman; bits -1/+1": filtered(bits="signed"),
    "Kalman; start: none": filtered(start="none"),
    "Kalman; angles: spread 0.01": filtered(init_std=0.01),
    "Kalman; relaxation: softmax": filtered(relaxation=Softmax()),
    "Kalman; scale: dimension, cut at 32": filtered(scale=DimensionScale(32.0)),
    "Adam": ADAM,
    "paper recipe": SERIES_RECIPES["paper"],
    "Adam; bits -1/+1": model(bits="signed"),
    "Adam; start: none": model(start="none"),
    "Adam; scale: raw": model(scale=RawScale()),
    "Adam; scale: dimension, no cut": model(scale=DimensionScale(None)),
    "Adam; scale: dimension, cut at 32": model(scale=DimensionScale(32.0)),
    "Adam; scale: dimension, cut at 8": model(scale=DimensionScale(8.0)),
    "Adam; scale: tanh, gain 0.25": model(scale=TanhScale(0.25)),
    "Adam; angles: spread 0.01": model(init_std=0.01),
    "Adam; angles: spread 0.3": model(init_std=0.3),
    "Adam; relaxation: raw from 0.4": model(relaxation=Raw(0.4)),
    "Adam; relaxation: softmax": model(relaxation=Softmax()),
    "Adam; relaxation: softmax, structure 10x": model(
        relaxation=Softmax(), rates=Rates(3.0, 10.0, 1.0)
    ),
    "Adam; relaxation: gumbel, structure 10x": model(
        relaxation=Gumbel(), rates=Rates(3.0, 10.0, 1.0)
    ),
    "Adam; rates 1, 1, 1": model(rates=Rates()),
    "Adam; rates 10, 1, 1": model(rates=Rates(10.0, 1.0, 1.0)),
    "Adam; rates 3, 3, 1": model(rates=Rates(3.0, 3.0, 1.0)),
    "Adam; rates 3, 1, 0.3": model(rates=Rates(3.0, 1.0, 0.3)),
    "Adam; lr 0.005": adjusted(ADAM, lr=0.005),
    "Adam; lr 0.02": adjusted(ADAM, lr=0.02),
    "Adam; constant learning rate": replace(ADAM, schedule="constant"),
    "RMSProp": adjusted(ADAM, optimizer="rmsprop"),
    "Adam, beta2 0.9": adjusted(ADAM, betas=(0.9, 0.9)),
    "Adam, beta2 0.999": adjusted(ADAM, betas=(0.9, 0.999)),
}


CONTROLS = [
    TrainedRow(f"{name}; prior {prior:g}", "control", KALMAN, partial(populate, rate=prior))
    for name, populate in (
        ("hashed vector", populations.hashed),
        ("random subspace", populations.subspace),
    )
    for prior in (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
]
"""Classical generators: the deviation of their numbers before training, for the filter."""


if __name__ == "__main__":
    study(
        "One factor at a time: which settings train the series tasks best.",
        [*searches(VARIANTS), *CONTROLS],
        ("bessel", "damped-shm", "narma5", "narma10"),
        lambda dataset, _: series_task(load_series(dataset).holdout()),
        errors,
        "mse",
        out=Path("studies/results/series_recipe.jsonl"),
        seeds=8,
    )
