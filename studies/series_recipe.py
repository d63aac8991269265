"""One factor at a time: which settings train the series tasks best, judged on held-out training
windows.

The last fifth of the training windows is held out for the choice; the test part is never looked at.

    diffqas study studies/series_recipe.py:SERIES_RECIPE [--rows ROW ...] [--datasets DATASET ...]
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from diffqas.architecture import Gumbel, Raw, Softmax
from diffqas.choices import adjusted
from diffqas.quantum_train import DimensionScale, Rates, RawScale, TanhScale
from diffqas.studies import TrainedRow, populations
from diffqas.tasks import SERIES_RECIPES, Settings
from one_factor import Changes, searches, study

KALMAN: Changes = {
    "Kalman filter": {},
    "Kalman; noise from 10": {"noise": (10.0, 1e-3)},
    "Kalman; noise from 1": {"noise": (1.0, 1e-3)},
    "Kalman; noise from 1000": {"noise": (1000.0, 1e-3)},
    "Kalman; noise down to 0.1": {"noise": (100.0, 0.1)},
    "Kalman; constant noise 1": {"noise": (1.0, 1.0)},
    "Kalman; memory 1.5": {"memory": 1.5},
    "Kalman; memory 6": {"memory": 6.0},
    "Kalman; memory 1000": {"memory": 1000.0},
    "Kalman; priors 1, 1, 1": {"rates": Rates()},
    "Kalman; priors 3, 3, 3": {"rates": Rates(3.0, 3.0, 3.0)},
    "Kalman; bits -1/+1": {"bits": "signed"},
    "Kalman; start: none": {"start": "none"},
    "Kalman; angles: spread 0.01": {"spread": 0.01},
    "Kalman; relaxation: softmax": {"relaxation": Softmax()},
    "Kalman; scale: dimension, cut at 32": {"scale": DimensionScale(32.0)},
}

ADAM: Changes = {
    "Adam; bits -1/+1": {"bits": "signed"},
    "Adam; start: none": {"start": "none"},
    "Adam; scale: raw": {"scale": RawScale()},
    "Adam; scale: dimension, no cut": {"scale": DimensionScale(None)},
    "Adam; scale: dimension, cut at 32": {"scale": DimensionScale(32.0)},
    "Adam; scale: dimension, cut at 8": {"scale": DimensionScale(8.0)},
    "Adam; scale: tanh, gain 0.25": {"scale": TanhScale(0.25)},
    "Adam; angles: spread 0.01": {"spread": 0.01},
    "Adam; angles: spread 0.3": {"spread": 0.3},
    "Adam; relaxation: raw from 0.4": {"relaxation": Raw(0.4)},
    "Adam; relaxation: softmax": {"relaxation": Softmax()},
    "Adam; relaxation: softmax, structure 10x": {
        "relaxation": Softmax(),
        "rates": Rates(3.0, 10.0, 1.0),
    },
    "Adam; relaxation: gumbel, structure 10x": {
        "relaxation": Gumbel(),
        "rates": Rates(3.0, 10.0, 1.0),
    },
    "Adam; rates 1, 1, 1": {"rates": Rates()},
    "Adam; rates 10, 1, 1": {"rates": Rates(10.0, 1.0, 1.0)},
    "Adam; rates 3, 3, 1": {"rates": Rates(3.0, 3.0, 1.0)},
    "Adam; rates 3, 1, 0.3": {"rates": Rates(3.0, 1.0, 0.3)},
    "Adam; lr 0.005": {"lr": 0.005},
    "Adam; lr 0.02": {"lr": 0.02},
    "Adam; constant learning rate": {"schedule": "constant"},
    "RMSProp": {"optimizer": "rmsprop"},
    "Adam, beta2 0.9": {"betas": (0.9, 0.9)},
    "Adam, beta2 0.999": {"betas": (0.9, 0.999)},
}
"""The model's choices were made with Adam, before the filter was tried."""

PRIORS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
"""Of the classical generators: the deviation of their numbers before training, for the filter."""


def rows(kalman: Settings) -> list[TrainedRow]:
    """The recipe, what changes it, the same under Adam, and the classical generators."""
    adam = adjusted(kalman, optimizer="adam")
    paper = replace(SERIES_RECIPES["paper"], epochs=kalman.epochs, depth=kalman.depth)
    return [
        *searches(kalman, KALMAN),
        *searches(adam, {"Adam": {}}),
        *searches(paper, {"paper recipe": {}}),
        *searches(adam, ADAM),
        *(
            TrainedRow(f"{name}; prior {prior:g}", "control", kalman, partial(make, rate=prior))
            for name, make in (
                ("hashed vector", populations.hashed),
                ("random subspace", populations.subspace),
            )
            for prior in PRIORS
        ),
    ]


SERIES_RECIPE = study(
    rows, ("bessel", "damped-shm", "narma5", "narma10"), SERIES_RECIPES["default"], seeds=8
)
