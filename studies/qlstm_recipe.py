"""One factor at a time: which settings train the quantum LSTM best, judged on held-out training
windows.

The rows are the search with one set of angles for each gate (270 numbers), the same as a reservoir,
and, by Adam, the search with one set for each candidate (4,470 numbers, too many for the filter).
The last fifth of the training windows is held out for the choice; the test part is never used.

    diffqas study studies/qlstm_recipe.py:QLSTM_RECIPE [--rows ROW ...] [--datasets DATASET ...]
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from diffqas.choices import adjusted
from diffqas.kinds import QLSTM_RECIPES, QLSTMKind
from diffqas.quantum_train import Rates
from diffqas.studies import TrainedRow, populations
from diffqas.tasks import Settings
from one_factor import Changes, searches, study

EPOCHS = 30
"""Fewer than the recipe has: the order of the settings shows early, and a step of the filter takes
ten of Adam's.
"""

ADAM: Changes = {
    "Adam": {},
    "Adam; angles: spread 0.01": {"spread": 0.01},
    "Adam; lr 0.03": {"lr": 0.03},
    "Adam; angles at 3 times the rate": {"rates": Rates(angles=3.0)},
}

KALMAN: Changes = {
    "Kalman filter": {},
    "Kalman; prior of the angles 0.3": {"rates": Rates(angles=0.3)},
    "Kalman; prior of the angles 3": {"rates": Rates(angles=3.0)},
    "Kalman; angles: spread 0.01": {"spread": 0.01},
    "Kalman; angles: spread 0.1": {"spread": 0.1},
    "Kalman; noise from 1": {"noise": (1.0, 1e-3)},
}

RESERVOIR: Changes = {
    "reservoir; Kalman filter": {},
    "reservoir; Kalman; angles: spread 0.01": {"spread": 0.01},
}

NON_SHARED: Changes = {
    "non-shared; Adam": {},
    "non-shared; Adam; lr 0.03": {"lr": 0.03},
}


def rows(kalman: Settings) -> list[TrainedRow]:
    """Shared angles by both optimisers, a reservoir by the filter, angles of their own by Adam."""
    adam = adjusted(kalman, optimizer="adam")
    paper = replace(QLSTM_RECIPES["paper"], epochs=kalman.epochs, depth=kalman.depth)
    shared = partial(populations.of_kind, kind=QLSTMKind(sharing="shared"))
    reservoir = partial(populations.of_kind, kind=QLSTMKind(sharing="shared", reservoir=True))
    non_shared = partial(populations.of_kind, kind=QLSTMKind())
    return [
        *searches(adam, ADAM, shared),
        *searches(paper, {"paper recipe": {}}, shared),
        *searches(kalman, KALMAN, shared),
        *searches(kalman, RESERVOIR, reservoir),
        *searches(adam, NON_SHARED, non_shared),
    ]


DEFAULT = replace(QLSTM_RECIPES["default"], epochs=EPOCHS)
QLSTM_RECIPE = study(rows, ("bessel", "narma10"), DEFAULT, seeds=3)
