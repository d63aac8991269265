"""A quantum LSTM with a head: what it predicts, what is trained, at what rate."""

import pytest
import torch

from diffqas import QLSTM, QLSTM_SPACE
from diffqas.errors import ArgumentError
from diffqas.layers import Forecaster

FEW = QLSTM_SPACE[:4]


def test_the_prediction_is_the_head_of_the_last_state(normal):
    model = Forecaster(QLSTM(1, 2, 1, FEW, num_layers=2)).double()
    x = normal(1, 3, 4)
    output, _ = model.cell(x.unsqueeze(-1))
    torch.testing.assert_close(model(x), output[:, -1] @ model.head.weight[0] + model.head.bias)


@pytest.mark.parametrize(
    ("choices", "total", "groups"),
    [
        ({}, 4 * 4 * 6 + 16 + 3, ["angles", "structure", "head"]),
        ({"reservoir": True}, 16 + 3, ["structure", "head"]),
        ({"candidates": FEW[0]}, 4 * 6 + 3, ["angles", "head"]),
    ],
    ids=str,
)
def test_counts_are_those_of_the_groups(choices, total, groups):
    model = Forecaster(
        QLSTM(1, 2, **{"depth": 2, "candidates": FEW, **choices}), {"structure": 3.0}
    )
    report = model.parameter_report()
    assert (report.total, report.head) == (total, 3)
    assert "+ 3 head" in str(report)
    assert sum(p.numel() for p in model.parameters() if p.requires_grad) == total
    found = {group["name"]: group for group in model.parameter_groups(0.1)}
    assert list(found) == groups
    assert sum(p.numel() for group in found.values() for p in group["params"]) == total
    assert {name: group["lr"] for name, group in found.items()} == pytest.approx(
        {name: 0.3 if name == "structure" else 0.1 for name in groups}
    )


def test_a_cell_that_reads_more_than_a_series_is_refused():
    with pytest.raises(
        ArgumentError, match="`cell` must read one value per moment, but got input_size 2"
    ):
        Forecaster(QLSTM(2, 2, 1, FEW))
