"""Generated tensors start with the mean and spread that the target's own initialisation gave it."""

import pytest
import torch
from torch import nn

from diffqas.architecture import RELAXATIONS
from diffqas.quantum_train import QuantumTrain


class Odd(nn.Module):
    """Zeros, ones, single numbers and ordinary tensors side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(0.3 * torch.randn(7, 9) - 2.0)
        self.zeros = nn.Parameter(torch.zeros(11))
        self.ones = nn.Parameter(torch.ones(6))
        self.large = nn.Parameter(torch.full((4, 3), -250.0))
        self.single = nn.Parameter(torch.tensor([0.7]))
        self.scalar = nn.Parameter(torch.tensor(-1.5))
        self.nothing = nn.Parameter(torch.zeros(1))
        self.empty = nn.Parameter(torch.empty(0, 3))


@pytest.mark.parametrize("relaxation", RELAXATIONS)
@pytest.mark.parametrize(
    "choices",
    [{}, {"chunk": 3}, {"bits": "binary"}, {"scale": "raw"}, {"sharing": "separate"}],
    ids=str,
)
def test_tensors_start_with_the_targets_mean_and_spread(relaxation, choices):
    target = Odd().double()
    generated = QuantumTrain(target, depth=3, relaxation=relaxation, **choices).eval().generate()
    for name, tensor in target.named_parameters():
        like, got = tensor.detach(), generated[name].detach()
        if name == "empty":
            assert got.shape == (0, 3)
            continue
        torch.testing.assert_close(got.mean(), like.mean(), rtol=1e-9, atol=1e-9)
        if name in ("single", "scalar", "nothing"):
            continue
        spread = (
            like.std(correction=0) if name == "weight" else torch.tensor(0.02, dtype=torch.float64)
        )
        torch.testing.assert_close(got.std(correction=0), spread, rtol=1e-9, atol=1e-9)


def test_gain_and_offset_are_numbers():
    generator = QuantumTrain(Odd(), depth=1).generator
    assert generator.gain.isfinite().all()
    assert generator.offset.isfinite().all()


def test_spreads_of_every_target_are_its_own(case):
    target = case.make()
    generated = QuantumTrain(target, depth=2).generate()
    wide = [
        name
        for name, p in target.named_parameters()
        if name in generated and p.std(correction=0) > 0
    ]
    assert wide
    for name in wide:
        like = target.get_parameter(name)
        torch.testing.assert_close(generated[name].mean(), like.mean(), rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(
            generated[name].std(correction=0), like.std(correction=0), rtol=1e-9, atol=1e-9
        )


@pytest.mark.parametrize("value", [0.5, -3.0, 0.0])
def test_a_target_of_one_number_starts_there_with_a_gain_of_its_size(value):
    target = nn.Linear(1, 1, bias=False).double()
    target.weight.data.fill_(value)
    model = QuantumTrain(target, depth=1)
    assert model.generate()["weight"].item() == pytest.approx(value, abs=1e-12)
    assert model.generator.gain.item() == pytest.approx(abs(value) or 0.02)


def test_single_numbers_move_with_the_mapping_as_far_as_the_others():
    model = QuantumTrain(Odd().double(), depth=2)
    before = model.generate()["single"].item()
    with torch.no_grad():
        model.generator.mapping.bias += 0.1
    assert 1e-3 < abs(model.generate()["single"].item() - before) < 1


def test_no_start_leaves_the_output_of_the_mapping(case):
    generator = case.model(start="none").generator
    assert torch.equal(generator.gain, torch.ones_like(generator.gain))
    assert torch.equal(generator.offset, torch.zeros_like(generator.offset))
    torch.testing.assert_close(generator(), generator.raw())


def test_the_start_uses_no_numbers_of_the_random_generator():
    states = []
    for start in ("none", "target"):
        torch.manual_seed(3)
        QuantumTrain(nn.Linear(3, 2), depth=2, start=start, relaxation="gumbel")
        states.append(torch.get_rng_state())
    assert torch.equal(*states)
