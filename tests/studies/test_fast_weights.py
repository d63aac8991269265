"""The study of fast weights: what its rows are, and that they run, in lockstep as alone."""

from dataclasses import replace

import pytest
import torch

import fast_weights
from diffqas.kinds import QFWP_RECIPES
from diffqas.optimisers import RMSProp
from diffqas.studies import Plan, TrainedRow
from diffqas.studies.measure import measure

FULL = Plan("fast-weights")
SHORT = Plan("fast-weights", seeds=2, epochs=1, depth=1)

COUNTS = {
    "fast weights": 147,
    "fast weights, latent 18": 267,
    "slow network written by circuits": 97,
    "fast weights, latent 4": 99,
    "frozen equal structural weights": 111,
    "frozen drawn structural weights": 111,
    "one circuit": 111,
    "one circuit, the paper's recipe": 111,
    "slow network, no circuit": 145,
    "quantum LSTM shared, hidden 4": 141,
    "quantum LSTM shared, hidden 5": 270,
    "LSTM, hidden 5": 146,
    "LSTM, hidden 7": 260,
}


def trained(plan):
    return [row for row in plan.rows if isinstance(row, TrainedRow)]


def test_the_rows_and_their_order():
    assert [row.name for row in trained(FULL)] == list(COUNTS)
    assert FULL.rows[0].group == "search"
    assert len(FULL.jobs()) == 5 * (len(COUNTS) + 3) + 2


@pytest.mark.parametrize("name", COUNTS)
def test_numbers_at_the_tables_size(name):
    row = next(row for row in trained(FULL) if row.name == name)
    cell, _ = measure("fast-weights", replace(row, trains=False), "narma5", [0])
    assert cell.trainable == COUNTS[name]


@pytest.mark.parametrize("row", trained(SHORT), ids=lambda row: row.slug)
def test_every_row_runs_and_a_seed_in_company_is_the_seed_alone(row):
    settings = replace(row.settings, batch_size=60)
    row = replace(row, settings=settings)
    both, _ = measure("fast-weights", row, "narma5", [0, 1])
    alone, _ = measure("fast-weights", row, "narma5", [1])
    assert not both.failures
    assert alone.figures["test_mse"][0] == pytest.approx(both.figures["test_mse"][1], rel=1e-3)


def test_the_public_codes_circuit_by_the_public_codes_recipe():
    row = FULL.row("one-circuit-the-paper-s-recipe")
    assert row.settings == QFWP_RECIPES["paper"]
    assert row.settings.optimizer == RMSProp(lr=0.01, alpha=0.99, eps=1e-8)
    assert row.circuit == "H-RY/Ent-RY"
    names = [row.name for row in Plan("fast-weights", "paper").rows]
    assert "one circuit" in names
    assert "one circuit, the paper's recipe" not in names


def test_drawn_weights_are_the_seeds_own():
    task = fast_weights.STUDY.load("narma5", None)
    row = FULL.row("frozen-drawn-structural-weights")
    from diffqas.studies.datasets import make_task

    populations = [row.populate(make_task(task), row.settings, seeds) for seeds in ([3, 4], [4])]
    drawn = [population.structural_weights for population in populations]
    assert torch.equal(drawn[0][1], drawn[1][0])
    assert not torch.equal(drawn[0][0], drawn[0][1])


def test_without_a_circuit_the_fast_layer_is_ordinary():
    network = fast_weights.OrdinaryFastLayer(2, 3)
    x = torch.tensor([[0.5, -1.0]])
    written = network.slow(x.unsqueeze(-1))[0].sum(0)
    neurons = torch.tanh(written[0] * -1.0 + written[1])
    torch.testing.assert_close(network(x)[0], network.head(neurons)[0])
