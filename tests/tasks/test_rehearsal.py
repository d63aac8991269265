"""A task that cannot be searched is refused before anything is trained, in words that name its
field.
"""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from diffqas.errors import DiffqasError
from diffqas.quantum_train import RECIPES
from diffqas.tasks import Settings, Split, Task
from diffqas.tasks.rehearsal import rehearse

x = torch.rand(20, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
PART = Split(x, x.sum(1, keepdim=True))
SETTINGS = {"default": Settings(RECIPES["default"], depth=1, epochs=1, batch_size=10)}
TASK = Task("own", PART, PART, lambda: nn.Linear(3, 1), mse_loss, {"mse": mse_loss}, SETTINGS)


class Window(nn.Linear):
    def forward(self, input):
        return super().forward(input).squeeze(-1)


def test_sound_tasks_pass_and_leave_the_random_state():
    labels = Split(torch.zeros(9, 4, dtype=torch.long), torch.arange(9) % 3)
    words = replace(
        TASK,
        train=labels,
        test=labels,
        target=lambda: nn.Sequential(nn.Embedding(5, 2), nn.Flatten(), nn.Linear(8, 3)),
        loss=cross_entropy,
        metrics={"cross-entropy": cross_entropy, "R²": lambda p, t: p.mean()},
    )
    before = torch.get_rng_state()
    for task in (TASK, words, replace(TASK, train=Split(x[:1], x[:1, :1]))):
        rehearse(task)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "../up"}, "`name` must be a plain word"),
        ({"name": ""}, "`name` must be a plain word"),
        ({"kind": "serie"}, "`kind` must be one of series, images, table, plain, but got 'serie'"),
        ({"metrics": {}}, "`metrics` must hold at least one figure"),
        ({"metrics": {"a/b": mse_loss}}, "`metrics` must have plain names"),
        ({"recipes": {}}, "`recipes` must hold settings"),
        ({"target": lambda: 3}, "`target` must make a network, an nn.Module, but got a int"),
        (
            {"target": lambda: nn.LSTM(3, 1)},
            "`target` must give a tensor with one prediction per sample, but got a tuple",
        ),
        ({"target": lambda: nn.Flatten(0)}, "one prediction per sample, but got the shape"),
        ({"kind": "series"}, r"`target` must give predictions \(samples,\)"),
        (
            {"loss": lambda p, t: (p - t).square()},
            r"`loss` must give a tensor with a single number \(loss\)",
        ),
        ({"loss": lambda p, t: float(mse_loss(p, t))}, "`loss` must .*, but got a float"),
        ({"loss": lambda p, t: mse_loss(p.detach(), t)}, "`loss` must be differentiable"),
        (
            {"metrics": {"mse": mse_loss, "mae": lambda p, t: 0.5}},
            r"\(metric mae\), but got a float",
        ),
        ({"target": lambda: Window(3, 1)}, r"shapes \(8,\) and \(8, 1\)"),
    ],
)
def test_faults_are_named(changes, words):
    with pytest.raises(DiffqasError, match=words):
        rehearse(replace(TASK, **changes))
