"""A regression of your own: a table, a network, a loss, two figures, and what a plain method
reaches.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from diffqas.quantum_train import RECIPES
from diffqas.tasks import Reference, Settings, Split, Task


def network() -> nn.Module:
    """The network whose 669 weights a circuit writes."""
    return nn.Sequential(
        nn.Linear(5, 32), nn.Tanh(), nn.Linear(32, 14), nn.Tanh(), nn.Linear(14, 1), nn.Flatten(0)
    )


def rmse(prediction: Tensor, targets: Tensor) -> Tensor:
    """Root mean squared error."""
    return mse_loss(prediction, targets).sqrt()


def r2(prediction: Tensor, targets: Tensor) -> Tensor:
    """Share of the targets' variance that is explained."""
    return 1 - mse_loss(prediction, targets) / targets.var(correction=0)


def friedman() -> Task:
    """200 rows to learn from, 100 to test."""
    table = torch.from_numpy(
        np.loadtxt(Path(__file__).with_name("data.csv"), np.float32, delimiter=",", skiprows=1)
    )
    inputs, targets = 2 * table[:, :5] - 1, table[:, 5]
    targets = (targets - targets[:200].mean()) / targets[:200].std()
    train, test = Split(inputs[:200], targets[:200]), Split(inputs[200:], targets[200:])
    columns = torch.cat([inputs, torch.ones(300, 1)], 1)
    plane = columns @ torch.linalg.lstsq(columns[:200], targets[:200, None]).solution
    return Task(
        name="friedman",
        train=train,
        test=test,
        target=network,
        loss=mse_loss,
        metrics={"r2": r2, "rmse": rmse},
        higher=("r2",),
        recipes={
            "default": Settings(
                RECIPES["default"], depth=6, epochs=60, batch_size=20, optimizer="kalman"
            )
        },
        references=[
            Reference(
                "least squares", float(r2(plane[200:, 0], test.targets)), "a plane, 6 numbers"
            )
        ],
    )
