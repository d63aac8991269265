"""One factor at a time: which settings train the quantum LSTM best, judged on held-out training
windows.

The search with one set of angles for each gate (270 numbers) on two series; the same as a
reservoir; and by Adam with one for each candidate (4,470 numbers, too many for the filter). The
last fifth of the training windows is held out for the choice; the test part is never looked at.

    python studies/qlstm_recipe.py [--only NAME ...]

Every line of `--out` is one setting on one series: validation MSE after the last epoch per seed. A
setting that stands there already is not run again. Ends with the table as Markdown.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from diffqas.choices import adjusted
from diffqas.kinds.qlstm import QLSTM_RECIPES, QLSTMKind
from diffqas.quantum_train import Rates
from diffqas.studies import populations
from diffqas.tasks import Settings
from diffqas.tasks.series import load_series
from diffqas.tasks.series.task import series_task
from one_factor import errors, searches, study

EPOCHS = 30
"""Fewer than the recipe has: the order of the settings shows early, and a step of the filter takes
ten of Adam's.
"""


def settings(
    optimizer: str, angles: float = 1.0, spread: float = 1.0, **changes: object
) -> Settings:
    """The default recipe with these choices; `angles` is their rate, or the standard deviation of
    their prior.
    """
    recipe = replace(
        QLSTM_RECIPES["default"].generator, init_std=spread, rates=Rates(angles=angles)
    )
    return adjusted(
        QLSTM_RECIPES["default"], recipe=recipe, optimizer=optimizer, epochs=EPOCHS, **changes
    )


VARIANTS: dict[str, Settings] = {
    "Adam": settings("adam"),
    "Adam; angles: spread 0.01": settings("adam", spread=0.01),
    "Adam; lr 0.03": settings("adam", lr=0.03),
    "Adam; angles at 3 times the rate": settings("adam", angles=3.0),
    "paper recipe": replace(QLSTM_RECIPES["paper"], epochs=EPOCHS),
    "Kalman filter": settings("kalman"),
    "Kalman; prior of the angles 0.3": settings("kalman", angles=0.3),
    "Kalman; prior of the angles 3": settings("kalman", angles=3.0),
    "Kalman; angles: spread 0.01": settings("kalman", spread=0.01),
    "Kalman; angles: spread 0.1": settings("kalman", spread=0.1),
    "Kalman; noise from 1": settings("kalman", noise=(1.0, 1e-3)),
}

RESERVOIR: dict[str, Settings] = {
    "reservoir; Kalman filter": settings("kalman"),
    "reservoir; Kalman; angles: spread 0.01": settings("kalman", spread=0.01),
}

NON_SHARED: dict[str, Settings] = {
    "non-shared; Adam": settings("adam"),
    "non-shared; Adam; lr 0.03": settings("adam", lr=0.03),
}


if __name__ == "__main__":
    study(
        "One factor at a time: which settings train the quantum LSTM best.",
        [
            *searches(VARIANTS, partial(populations.of_kind, kind=QLSTMKind(sharing="shared"))),
            *searches(
                RESERVOIR,
                partial(populations.of_kind, kind=QLSTMKind(sharing="shared", reservoir=True)),
            ),
            *searches(NON_SHARED, partial(populations.of_kind, kind=QLSTMKind())),
        ],
        ("bessel", "narma10"),
        lambda dataset, _: series_task(load_series(dataset).holdout()),
        errors,
        "mse",
        out=Path("studies/results/qlstm_recipe.jsonl"),
        seeds=3,
    )
