"""The six circuits chosen by hand; two are constants, and train as the published ones did."""

import pytest
import torch

from diffqas import QLSTM, QLSTM_SPACE
from diffqas.layers import BASELINES
from diffqas.tasks.series import load_series


def test_names():
    assert {name: candidate.name for name, candidate in BASELINES.items()} == {
        "C1": "H-RY/Ent-RY",
        "C2": "H-RZ/Ent-RY",
        "C3": "H-RZ/Ent-RZ",
        "C4": "H-RY/Ent-RZ",
        "C5": "H-RX/Ent-RZ",
        "C6": "H-RX/Ent-RY",
    }
    assert set(BASELINES.values()) <= set(QLSTM_SPACE)


@pytest.mark.parametrize("name", BASELINES)
def test_only_two_are_always_zero(name, normal):
    cell = QLSTM(1, 5, candidates=[BASELINES[name]], spread=1.0).double()
    values = cell.circuits[0]()(3 * normal(1, 1, 20, 6))
    assert values.shape == (4, 20, 5)
    assert (values.count_nonzero() == 0) == (name in ("C3", "C5"))


@pytest.mark.parametrize("name", ["C3", "C5"])
def test_training_a_constant_gives_the_published_error(name):
    data = load_series("bessel")
    torch.manual_seed(0)
    cell, head = QLSTM(1, 5, candidates=[BASELINES[name]]).double(), torch.nn.Linear(5, 1).double()
    optimiser = torch.optim.RMSprop(
        [*cell.parameter_groups(0.01), {"params": head.parameters()}], 0.01, 0.99, 1e-8
    )
    inputs, targets = (torch.from_numpy(part) for part in data.train)

    def loss(x, y):
        return torch.nn.functional.mse_loss(head(cell(x.unsqueeze(-1))[0][:, -1]).squeeze(-1), y)

    for _ in range(100):
        for x, y in zip(inputs.split(10), targets.split(10), strict=True):
            optimiser.zero_grad()
            loss(x, y).backward()
            optimiser.step()
    test = loss(*(torch.from_numpy(part) for part in data.test))
    assert round(test.item(), 6) == 0.023947
