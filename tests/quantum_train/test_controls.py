"""Classical generators: counts, starts, independence of the seeds."""

import pytest
import torch
from torch import nn

from diffqas.errors import ArgumentError
from diffqas.quantum_train.controls import HashedWeights, RandomSubspace
from diffqas.quantum_train.layout import find_layout

KINDS = [HashedWeights, RandomSubspace]
SEEDS = [4, 0, 9]
COUNT = 13


def target(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 9), nn.Tanh(), nn.Linear(9, 2)).double()


def population(kind, seeds=SEEDS, count=COUNT, **choices):
    return kind([target(seed) for seed in seeds], seeds, count, **choices)


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def kind(request):
    return request.param


def train(model, optimizer, steps=20):
    draw = torch.Generator().manual_seed(1)
    x, y = (torch.randn(7, width, generator=draw, dtype=torch.float64) for width in (4, 2))
    optimizer = optimizer(model.parameter_groups(0.05))
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = (model(x) - y).square().mean((1, 2))
        loss.sum().backward()
        optimizer.step()
        losses.append(loss.detach())
    return torch.stack(losses)


@pytest.mark.parametrize("optimizer", [torch.optim.Adam, torch.optim.RMSprop])
def test_twenty_steps_together_are_twenty_steps_alone(kind, optimizer):
    together = population(kind)
    losses = train(together, optimizer)
    for index, seed in enumerate(SEEDS):
        alone = population(kind, [seed])
        torch.testing.assert_close(
            losses[:, index : index + 1], train(alone, optimizer), rtol=1e-9, atol=1e-9
        )
        torch.testing.assert_close(together.vector[index], alone.vector[0], rtol=1e-9, atol=1e-9)
    assert (losses[-1] < losses[0]).all()


def test_each_seed_trains_count_numbers_and_each_number_matters(kind):
    model = population(kind, rate=3.0)
    (group,) = model.parameter_groups(0.01)
    assert group["lr"] == pytest.approx(0.03)
    assert [tuple(tensor.shape) for tensor in group["params"]] == [(len(SEEDS), COUNT)]
    assert group["params"] == list(model.parameters())
    model.weights().square().sum().backward()
    assert (model.vector.grad != 0).all()


def test_seeds_differ_and_the_global_random_state_stays(kind):
    targets = [target(0), target(0)]
    before = torch.get_rng_state()
    model = kind(targets, [1, 2], COUNT)
    assert torch.equal(torch.get_rng_state(), before)
    with torch.no_grad():
        model.vector.copy_(model.vector + 1)
    assert not torch.allclose(*model.weights().detach())


def test_hashed_weights_start_with_the_targets_mean_and_spread():
    model = population(HashedWeights, count=30)
    for seed, weights in zip(SEEDS, model.weights().detach(), strict=True):
        layout = model.skeleton.layout
        for written, own in zip(
            weights.split(layout.sizes), target(seed).parameters(), strict=True
        ):
            torch.testing.assert_close(written.mean(), own.detach().mean())
            torch.testing.assert_close(written.std(correction=0), own.detach().std(correction=0))


def test_hashed_weights_share_each_number_evenly():
    model = population(HashedWeights)
    size = find_layout(target(0)).size
    for entry in model.entry:
        uses = torch.bincount(entry, minlength=COUNT)
        assert uses.min() >= size // COUNT
        assert uses.max() <= -(-size // COUNT)


def test_the_subspace_starts_at_the_targets_own_start_with_directions_of_length_one():
    model = population(RandomSubspace)
    x = torch.randn(5, 4, dtype=torch.float64)
    torch.testing.assert_close(model(x), torch.stack([target(seed)(x) for seed in SEEDS]))
    torch.testing.assert_close(
        model.directions.norm(dim=-1), torch.ones(len(SEEDS), COUNT, dtype=torch.float64)
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ([target(0)], [0, 1], COUNT),
            "`targets` must be one network per seed, but got 1 networks",
        ),
        (([target(0)], [0], 0), "`count` must be between 1 and the 65 weights, but got 0"),
        (([target(0)], [0], 66), "`count` must be between 1 and the 65 weights, but got 66"),
        (([nn.BatchNorm1d(3)], [0], 1), "`targets` must have no buffers, but got BatchNorm1d"),
        (
            ([nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2).requires_grad_(False))], [0], 1),
            "no frozen parameters",
        ),
    ],
)
def test_wrong_arguments_are_told(kind, arguments, words):
    with pytest.raises(ArgumentError, match=words):
        kind(*arguments)
