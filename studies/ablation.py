"""The rows of `diffqas study ablation`: the search with one factor changed at a time."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from diffqas.choices import adjusted
from diffqas.quantum_train import DimensionScale, Rates, RawScale, TanhScale
from diffqas.studies import Row, Study, TrainedRow, populations
from diffqas.tasks import Settings

CHANGES: Mapping[str, Mapping[str, object]] = {
    "depth 5": {"depth": 5},
    "depth 10": {"depth": 10},
    "depth 15": {"depth": 15},
    "bits -1/+1": {"bits": "signed"},
    "bits 0/1": {"bits": "binary"},
    "scale p": {"scale": RawScale()},
    "scale 2^n p": {"scale": DimensionScale(None)},
    "scale 2^n p cut at 32": {"scale": DimensionScale(32.0)},
    "scale tanh": {"scale": TanhScale()},
    "start of the target": {"start": "target"},
    "start of the mapping": {"start": "none"},
    "angles start within 0.01": {"spread": 0.01},
    "angles start within 1": {"spread": 1.0},
    "one rate": {"rates": Rates()},
    "angles at 3 times the rate": {"rates": Rates(angles=3.0)},
    "Kalman filter": {"optimizer": "kalman"},
    "Kalman filter with less noise": {"optimizer": "kalman", "noise": (1.0, 1e-3)},
    "Kalman filter with constant noise": {"optimizer": "kalman", "noise": (1.0, 1.0)},
    "Kalman filter with a longer memory": {"optimizer": "kalman", "memory": 12.0},
    "Adam": {"optimizer": "adam", "lr": 0.01, "schedule": "cosine", "betas": (0.9, 0.95)},
    "Adam with beta2 0.999": {
        "optimizer": "adam",
        "lr": 0.01,
        "schedule": "cosine",
        "betas": (0.9, 0.999),
    },
    "Adam at a constant rate": {
        "optimizer": "adam",
        "lr": 0.01,
        "schedule": "constant",
        "betas": (0.9, 0.95),
    },
    "RMSProp": {"optimizer": "rmsprop", "lr": 0.01, "schedule": "constant"},
    "best epoch on a held-out fifth": {"select": "best"},
}
"""Changed options by the name of the row."""


def rows(settings: Settings, recipe: str) -> list[Row]:
    """The recipe itself, then every row that differs from it in one factor."""
    result: list[Row] = [TrainedRow(f"search {recipe}", "search", settings, populations.search)]
    separate = partial(populations.search, sharing="separate")
    # Ten times the numbers are a hundred times the covariance.
    work = 8.0 if settings.optimizer.name == "kalman" else 1.3
    result.append(TrainedRow("separate angles", "search", settings, separate, work=work))
    seen = [settings]
    for name, options in CHANGES.items():
        changed = adjusted(settings, **options)
        # A value that the recipe already has makes no row of its own.
        if changed in seen:
            continue
        seen.append(changed)
        work = 0.3 + 0.7 * changed.depth / settings.depth
        if changed.optimizer.name != "kalman":
            work *= 0.25
        result.append(TrainedRow(name, "search", changed, populations.search, work=work))
    return result


STUDY = Study(rows)
