"""A seed in company under the Kalman filter, bit by bit what it is alone."""

import pytest
import torch

from diffqas.searches import prepare, search
from diffqas.searches.session import make_training

COMPANIES = ([1, 2], [3, 1, 7], list(range(10)))
MODELS = {
    "lstm": {"depth": 2},
    "deep": {"depth": 5},
    "perceptron": {"depth": 1, "mapping": "mlp"},
    "tensor train": {"depth": 1, "mapping": "mps"},
    "separate": {"depth": 1, "sharing": "separate"},
    "gumbel": {"depth": 1, "relaxation": "gumbel"},
    "shots": {"depth": 1, "shots": 100},
    "large batch": {"depth": 1, "batch_size": 150},
    "quantum lstm": {"depth": 1, "model": "qlstm", "sharing": "shared", "hidden_size": 2},
}


def begun(seeds, choices):
    """A training after three steps on one batch."""
    found = prepare("bessel", seeds=seeds, optimizer="kalman", **choices)
    training, _ = make_training(found.config, found.task)
    size, train = found.config.settings.batch_size, training.task.train
    training.population.train()
    losses = [training._step(train.inputs[:size], train.targets[:size], step) for step in range(3)]
    return training, torch.stack(losses)


@pytest.mark.parametrize("choices", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("seeds", COMPANIES, ids=len)
def test_a_seed_in_company_is_computed_as_alone(seeds, choices):
    """Bit by bit: round-off grows tenfold in an epoch."""
    (alone, own), (together, losses) = begun([1], choices), begun(seeds, choices)
    row = seeds.index(1)
    assert torch.equal(own[:, 0], losses[:, row])
    for mine, theirs in zip(
        alone.optimisation.parameters, together.optimisation.parameters, strict=True
    ):
        assert torch.equal(mine[0], theirs[row])
    assert torch.equal(alone._predictions()[0], together._predictions()[row])


def test_a_run_in_company_ends_as_alone(tmp_path):
    figures = []
    for seeds in ([3, 1, 7], [1]):
        run = search(
            "bessel", seeds=seeds, depth=2, epochs=10, quiet=True, output=tmp_path / str(len(seeds))
        )
        figures.append(run.result["test_mse"][seeds.index(1)])
    assert figures[0] == figures[1]
