"""Samples that are views of other tensors: columns, transposed, expanded, every second one."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn.functional import mse_loss

from diffqas import search
from diffqas.quantum_train import RECIPES
from diffqas.tasks import Settings, Split, Task

TABLE = torch.randn(40, 4, generator=torch.Generator().manual_seed(0))

VIEWS = {
    "column": (TABLE[:, :3], TABLE[:, 3]),
    "transposed": (TABLE.T.contiguous().T[:, :3], TABLE.T.contiguous()[3]),
    "every second": (TABLE.repeat_interleave(2, 0)[::2, :3], TABLE.repeat(1, 2)[:, 7]),
    "expanded": (TABLE[:, :1].expand(-1, 3), torch.tensor(0.5).expand(40)),
}


def task_of(inputs: torch.Tensor, targets: torch.Tensor) -> Task:
    settings = {"default": Settings(RECIPES["default"], depth=1, epochs=1, batch_size=10)}
    train, test = Split(inputs[:30], targets[:30]), Split(inputs[30:], targets[30:])
    network = lambda: nn.Sequential(nn.Linear(3, 1), nn.Flatten(0))  # noqa: E731
    return Task("views", train, test, network, mse_loss, {"mse": mse_loss}, settings)


def copies(task: Task) -> Task:
    parts = {
        name: Split(part.inputs.clone().contiguous(), part.targets.clone().contiguous())
        for name, part in task.parts.items()
    }
    return replace(task, **parts)


@pytest.mark.parametrize("name", VIEWS)
def test_views_are_trained_as_their_copies(name, tmp_path):
    task = task_of(*VIEWS[name])
    assert task.checksum() == copies(task).checksum()
    run = search(task, output=tmp_path / "views", quiet=True)
    again = search(copies(task), output=tmp_path / "copies", quiet=True)
    assert run.result["test_mse"] == again.result["test_mse"]
