"""Tables as a task: columns in, one logit per class or a value out."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from diffqas.errors import require
from diffqas.optimisers import SOAP, Loss
from diffqas.tasks.auto import UNSIGNED
from diffqas.tasks.images import accuracy
from diffqas.tasks.settings import Settings
from diffqas.tasks.tables.table_data import Floats, Labels, TableData
from diffqas.tasks.task import Reference, Split, Task

HIDDEN = 32

TABLE_RECIPES = {
    # No paper searches on tables. The generator is the one for networks that nobody tuned for, by
    # the optimiser that goes with it: docs/training-needs.md. Order and scale are those that it had
    # when the rate was chosen, on a held-out fifth of the training rows of the four named tables:
    # docs/tables.md.
    "default": Settings(
        UNSIGNED,
        depth=15,
        epochs=60,
        batch_size=32,
        optimizer=SOAP(0.1),
        schedule="cosine",
        shuffle=True,
    ),
}


class TableMLP(nn.Sequential):
    """Two linear layers, features - 32 - outputs, with ReLU between.

    Rows (batch, features) -> logits (batch, outputs), or values (batch,) where `outputs` is None.

    Args:
        features: columns of the table.
        outputs: number of classes; None: one value.

    Raises:
        ArgumentError: `features` below 1.

    >>> [sum(p.numel() for p in TableMLP(13, outputs).parameters()) for outputs in (3, None)]
    [547, 481]
    >>> TableMLP(13)(torch.zeros(5, 13)).shape
    torch.Size([5])
    """

    def __init__(self, features: int, outputs: int | None = None) -> None:
        require(features >= 1, "features", "be at least 1", features)
        layers = [nn.Linear(features, HIDDEN), nn.ReLU()]
        if outputs is None:
            layers += [nn.Linear(HIDDEN, 1), nn.Flatten(0)]
        else:
            layers += [nn.Linear(HIDDEN, outputs)]
        super().__init__(*layers)


def table_task(data: TableData) -> Task:
    """The task of classifying rows, or of predicting their values.

    >>> from diffqas.tasks.tables import load_named
    >>> task = table_task(load_named("moons"))
    >>> len(task.train), len(task.test), list(task.metrics), task.class_names
    (320, 80, ['accuracy', 'loss'], ('upper', 'lower'))
    """
    classes = len(data.class_names) or None
    loss: Loss = mse_loss
    metrics: dict[str, Loss] = {"mse": mse_loss}
    if data.class_names:
        loss = cross_entropy
        metrics = {"accuracy": accuracy, "loss": cross_entropy}
    return Task(
        name=data.name,
        train=_split(data.train_inputs, data.train_targets),
        test=_split(data.test_inputs, data.test_targets),
        target=partial(TableMLP, len(data.feature_names), classes),
        loss=loss,
        metrics=metrics,
        recipes=TABLE_RECIPES,
        references=_references(data),
        kind="table",
        class_names=data.class_names,
        remarks=data.remarks,
    )


def _split(inputs: Floats, targets: Labels | Floats) -> Split:
    return Split(torch.from_numpy(inputs), torch.from_numpy(targets))


def _references(data: TableData) -> list[Reference]:
    """What a model reaches that does not look at the columns."""
    if not data.class_names:
        # The mean of the training rows is 0 after standardisation.
        error = float(np.mean(data.test_targets**2))
        return [Reference("mean", error, "the mean of the training part")]
    most = np.bincount(data.train_targets.astype(np.int64)).argmax()
    share = float(np.mean(data.test_targets == most))
    remark = "the most frequent class of the training part"
    return [Reference("majority class", share, remark)]
