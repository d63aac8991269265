import io

import pytest
import torch
from torch import Tensor

from diffqas.agents.adam import FlatAdam

RATES = torch.tensor([3.0, 3.0, 1.0, 0.5, 0.5], dtype=torch.float64)
BETAS, EPS = (0.92, 0.999), 1e-8
BOTH = torch.ones(2, dtype=torch.bool)


def gradients(steps: int, seeds: int = 2) -> Tensor:
    drawn = torch.randn(
        steps, seeds, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
    )
    return drawn * torch.tensor([1e-6, 1.0, 100.0, 1e-9, 0.0], dtype=torch.float64)


def started(seeds: int = 2) -> FlatAdam:
    return FlatAdam.start(RATES, seeds, BETAS, EPS)


def content(adam: FlatAdam) -> list[Tensor]:
    return [tensor.clone() for tensor in adam.state_dict().values()]


def test_twenty_steps_are_those_of_torch():
    lrs = torch.tensor([0.01, 0.3], dtype=torch.float64)
    adam, place = started(), torch.ones(2, 5, dtype=torch.float64)
    theirs = [[torch.nn.Parameter(part.clone()) for part in row.split([2, 1, 2])] for row in place]
    optimisers = [
        torch.optim.Adam(
            [{"params": [p], "lr": rate} for p, rate in zip(row, (3.0, 1.0, 0.5), strict=True)],
            betas=BETAS,
            eps=EPS,
        )
        for row in theirs
    ]
    for step, gradient in enumerate(gradients(20)):
        lr = lrs * (1 - step / 40)
        place = place + adam.step(gradient, lr, BOTH)
        for seed, (row, optimiser) in enumerate(zip(theirs, optimisers, strict=True)):
            for group, rate in zip(optimiser.param_groups, (3.0, 1.0, 0.5), strict=True):
                group["lr"] = rate * lr[seed].item()
            for parameter, part in zip(row, gradient[seed].split([2, 1, 2]), strict=True):
                parameter.grad = part
            optimiser.step()
        expected = torch.stack([torch.cat([p.detach() for p in row]) for row in theirs])
        torch.testing.assert_close(place, expected, rtol=1e-12, atol=1e-14)
    assert adam.steps.tolist() == [20, 20]


def test_a_seed_that_is_left_out_changes_nothing():
    adam, alone = started(3), started(3)
    lr, middle = torch.full((3,), 0.1, dtype=torch.float64), torch.tensor([True, False, True])
    for gradient in gradients(3, seeds=3):
        adam.step(gradient, lr, torch.ones(3, dtype=torch.bool))
        alone.step(gradient, lr, torch.ones(3, dtype=torch.bool))
    before = content(adam)
    for gradient in gradients(4, seeds=3):
        everybody = alone.step(gradient, lr, torch.ones(3, dtype=torch.bool))
        gradient[1] = torch.nan
        change = adam.step(gradient, lr, middle)
        assert change[1].tolist() == 5 * [0.0]
        assert torch.equal(change[::2], everybody[::2])
    for now, then, other in zip(content(adam), before, content(alone), strict=True):
        assert torch.equal(now[1], then[1])
        assert torch.equal(now[::2], other[::2])
    assert adam.steps.tolist() == [7, 3, 7]


def test_before_its_first_step_a_seed_that_is_left_out_stays_at_zero():
    adam = started()
    change = adam.step(gradients(1)[0], torch.ones(2, dtype=torch.float64), ~BOTH)
    assert not change.any()
    assert not any(tensor.any() for tensor in content(adam))


def test_a_row_is_the_same_memory():
    adam, alone = started(), started()
    lr = torch.tensor([0.1, 0.2], dtype=torch.float64)
    for gradient in gradients(3):
        expected = alone.step(gradient, lr, torch.tensor([False, True]))
        change = adam.row(1).step(gradient[1:], lr[1:], BOTH[1:])
        assert torch.equal(change[0], expected[1])
    for mine, other in zip(content(adam), content(alone), strict=True):
        assert torch.equal(mine, other)
    assert adam.steps.tolist() == [0, 3]


def test_shared_memory_is_shared_with_the_rows():
    adam = started()
    adam.share()
    row = adam.row(0)
    assert all(tensor.is_shared() for tensor in (row.rates, row.first, row.second, row.steps))
    row.step(gradients(1)[0, :1], torch.ones(1, dtype=torch.float64), BOTH[:1])
    assert adam.steps.tolist() == [1, 0]


def test_a_stored_state_goes_on_bit_equal():
    adam, again, lr = started(), started(), torch.tensor([0.1, 0.2], dtype=torch.float64)
    first, last = gradients(10).split(5)
    for gradient in first:
        adam.step(gradient, lr, BOTH)
        again.step(gradient + 1, lr, ~BOTH)
    row = again.row(1)
    file = io.BytesIO()
    torch.save(adam.state_dict(), file)
    file.seek(0)
    again.load_state_dict(torch.load(file, weights_only=True))
    for gradient in last:
        assert torch.equal(adam.step(gradient, lr, BOTH), again.step(gradient, lr, BOTH))
    assert torch.equal(
        row.first, adam.first[1:]
    )  # a row that was given away before shows what was loaded


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_numbers_decide_the_dtype(dtype):
    adam = FlatAdam.start(RATES.to(dtype), 2, BETAS, EPS)
    change = adam.step(gradients(1)[0].to(dtype), torch.ones(2, dtype=dtype), BOTH)
    assert change.dtype == adam.first.dtype == adam.steps.dtype == dtype
