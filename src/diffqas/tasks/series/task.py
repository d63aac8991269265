"""A series as a task: windows in, next value out, a small LSTM as the target network."""

from __future__ import annotations

import torch
from torch.nn.functional import mse_loss

from diffqas.optimisers import SOAP, Adam, Kalman, RMSProp
from diffqas.quantum_train import RECIPES
from diffqas.tasks.series.lstm import SeriesLSTM
from diffqas.tasks.series.paper import TABLE_II
from diffqas.tasks.series.references import references
from diffqas.tasks.series.windows import SeriesData
from diffqas.tasks.settings import Settings
from diffqas.tasks.task import Reference, Split, Task

SNAPSHOTS = (1, 15, 30, 100)
"""Epochs that the papers draw (arXiv 2505.09653, Fig. 8-12)."""

SERIES_RECIPES = {
    # arXiv 2505.09653, VI-B1.
    "paper": Settings(
        RECIPES["paper"], depth=10, epochs=100, batch_size=10, optimizer=RMSProp(0.01)
    ),
    # Chosen on held-out training windows: docs/series.md.
    "default": Settings(
        RECIPES["default"],
        depth=10,
        epochs=100,
        batch_size=10,
        optimizer=Kalman(measurement_noise=(100.0, 1e-3), forget_epochs=3.0),
        schedule="cosine",
        others=(Adam(0.01, betas=(0.9, 0.95)), SOAP(0.01, betas=(0.9, 0.95))),
    ),
}


def series_task(data: SeriesData) -> Task:
    """The task of predicting a series' next value with an LSTM of 1,781 weights.

    >>> from diffqas.tasks.series import load_series
    >>> task = series_task(load_series("bessel"))
    >>> len(task.train), len(task.test), sum(p.numel() for p in task.target().parameters())
    (168, 83, 1781)
    """
    train, test = (
        Split(*(torch.from_numpy(part.copy()) for part in half)) for half in (data.train, data.test)
    )
    rows = [Reference(row.name, row.test_mse, f"sees {row.sees}") for row in references(data)]
    if data.name in TABLE_II:
        rows.insert(
            0,
            Reference(
                "paper, search", TABLE_II[data.name].search, "arXiv 2505.09653, Table II, one seed"
            ),
        )
    return Task(
        name=data.name,
        train=train,
        test=test,
        target=SeriesLSTM,
        loss=mse_loss,
        metrics={"mse": mse_loss},
        recipes=SERIES_RECIPES,
        references=rows,
        kind="series",
        snapshot_epochs=SNAPSHOTS,
    )
