"""The Kalman filter as an optimiser of torch."""

import copy
import math

import pytest
import torch
from torch import nn
from torch.nn.functional import mse_loss

from diffqas import QuantumTrain
from diffqas.errors import ArgumentError
from diffqas.optim import Kalman
from diffqas.optimisers import Kalman as Choice
from diffqas.optimisers import Problem
from diffqas.quantum_train import Lockstep

torch.manual_seed(1)
X, Y = torch.randn(40, 6), torch.randn(40, 2)
Y = 0.3 * Y + torch.stack([X.sum(1).sin(), X[:, 0] * X[:, 1]], 1)


def made(**choices):
    torch.manual_seed(0)
    return QuantumTrain(nn.Linear(6, 2).double(), depth=2, **choices)


def rows_of(index):
    return slice(10 * (index % 4), 10 * (index % 4) + 10)


def steps(model, optimizer, count, start=0, scheduler=None):
    losses = []
    for index in range(start, start + count):
        x, y = X[rows_of(index)].double(), Y[rows_of(index)]
        losses.append(optimizer.step(lambda x=x, y=y: model(x) - y))
        if scheduler is not None:
            scheduler.step()
    return losses


def numbers(model):
    return torch.cat([number.detach().flatten() for number in model.parameters()])


def optimizer_of(model, **choices):
    return Kalman(model.parameter_groups(lr=1.0), steps=40, steps_per_epoch=4, **choices)


@pytest.mark.parametrize("recipe", ["default", "auto"])
def test_it_is_the_filter_of_the_runs(recipe):
    model, alone = made(recipe=recipe), made(recipe=recipe)
    together = Lockstep([alone])
    choice = Choice(measurement_noise=(10.0, 0.1), forget_epochs=2.0)
    targets = Y.double()
    run = choice.make(together, Problem(mse_loss, targets, 4))
    optimizer = optimizer_of(
        model,
        measurement_noise=choice.measurement_noise,
        forget_epochs=choice.forget_epochs,
        variance=targets.var(correction=0).item(),
    )
    none = torch.zeros(1, dtype=torch.bool)
    for index in range(12):
        rows = rows_of(index)
        (loss,) = steps(model, optimizer, 1, index)
        expected = run.step(X[rows].double(), targets[rows], index / 40, none)
        assert loss == pytest.approx(expected.item(), rel=1e-6)
    together.write_back([alone])
    torch.testing.assert_close(numbers(model), numbers(alone), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("sign", [1, -1])
def test_on_a_linear_model_it_is_recursive_least_squares(sign):
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(3, 7, 4, generator=draw).double()
    y = torch.randn(3, 7, generator=draw).double()
    weight = nn.Parameter(torch.zeros(4, dtype=torch.float64))
    optimizer = Kalman(
        [weight],
        steps=3,
        lr=2.0,
        measurement_noise=(0.3, 0.3),
        forget_epochs=math.inf,
        variance=1.0,
        noise_floor=False,
    )
    for rows, values in zip(x, y, strict=True):
        optimizer.step(lambda rows=rows, values=values: sign * (rows @ weight - values))
    every, values = x.flatten(0, 1), y.flatten()
    precision = torch.eye(4) / 2.0**2 + every.T @ every / 0.3
    expected = torch.linalg.solve(precision, every.T @ values / 0.3)
    torch.testing.assert_close(weight.detach(), expected)


def test_forgetting_weighs_old_batches_less_until_the_end():
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(4, 5, 3, generator=draw).double()
    y = torch.randn(4, 5, generator=draw).double()
    weight = nn.Parameter(torch.zeros(3, dtype=torch.float64))
    choices = {"measurement_noise": (1.0, 1.0), "variance": 1.0, "noise_floor": False}
    optimizer = Kalman([weight], steps=4, forget_epochs=2.0, steps_per_epoch=4, **choices)
    precision, moment = torch.eye(3).double(), torch.zeros(3).double()
    for index, (rows, values) in enumerate(zip(x, y, strict=True)):
        optimizer.step(lambda rows=rows, values=values: rows @ weight - values)
        kept = 1 - (1 - index / 4) / 8
        precision, moment = precision + rows.T @ rows, moment + rows.T @ values
        expected = torch.linalg.solve(precision, moment)
        torch.testing.assert_close(weight.detach(), expected)
        precision, moment = kept * precision, kept * moment


@pytest.mark.parametrize("recipe", ["default", "auto"])
def test_it_learns(recipe):
    model = made(recipe=recipe)
    losses = steps(model, optimizer_of(model), 40)
    assert sum(losses[-4:]) < 0.8 * sum(losses[:4])


def test_a_checkpoint_continues_to_the_bit(tmp_path):
    model = made()
    optimizer = optimizer_of(model)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 40)
    steps(model, optimizer, 10, scheduler=scheduler)
    parts = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
    torch.save({name: part.state_dict() for name, part in parts.items()}, tmp_path / "state.pt")
    steps(model, optimizer, 10, 10, scheduler)

    again = made()
    other = optimizer_of(again)
    later = torch.optim.lr_scheduler.CosineAnnealingLR(other, 40)
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    for name, part in {"model": again, "optimizer": other, "scheduler": later}.items():
        part.load_state_dict(state[name])
    steps(again, other, 10, 10, later)
    assert torch.equal(numbers(model), numbers(again))


def test_a_schedule_multiplies_the_changes_of_its_group():
    still, free = made(), made()
    optimizer = optimizer_of(still)
    torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.25)
    before = numbers(still).clone()
    steps(still, optimizer, 1)
    steps(free, optimizer_of(free), 1)
    torch.testing.assert_close(numbers(still) - before, 0.25 * (numbers(free) - before))


def test_rates_are_standard_deviations_of_the_prior():
    wide, narrow = nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(2))
    fixed = nn.Parameter(torch.zeros(2))
    rates = {wide: 2.0, narrow: 0.5, fixed: 0.0}
    groups = [{"params": [number], "lr": rate} for number, rate in rates.items()]
    optimizer = Kalman(groups, steps=1)
    optimizer.step(lambda: wide + narrow + fixed - 1)
    # Of two numbers that are measured together each takes its share of the prior variance.
    torch.testing.assert_close(wide.detach(), 16 * narrow.detach())
    assert torch.equal(fixed.detach(), torch.zeros(2))


def test_numbers_without_a_gradient_stay():
    network = nn.Sequential(nn.Linear(6, 3), nn.Tanh(), nn.Linear(3, 2)).double()
    network[0].requires_grad_(False)
    optimizer = Kalman(network.parameters(), steps=10)
    before = copy.deepcopy(network)
    steps(network, optimizer, 3)
    network[2].requires_grad_(False)
    network[0].requires_grad_(True)
    kept = network[2].weight.detach().clone()
    assert torch.equal(network[0].weight, before[0].weight)
    steps(network, optimizer, 3)
    assert torch.equal(network[2].weight, kept)
    assert not torch.equal(network[0].weight, before[0].weight)


def test_parameters_that_nothing_depends_on_stay():
    used, unused = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(3))
    Kalman([used, unused], steps=2).step(lambda: used - 3)
    assert torch.equal(unused.detach(), torch.ones(3))
    assert not torch.equal(used.detach(), torch.ones(2))


def test_residuals_that_are_not_finite_are_left_out():
    model = made()
    optimizer = optimizer_of(model)
    steps(model, optimizer, 3)
    before = numbers(model).clone()
    assert math.isnan(optimizer.step(lambda: (model(X.double()) - Y) * math.nan))
    assert torch.equal(numbers(model), before)
    assert math.isfinite(steps(model, optimizer, 1)[0])
    assert not torch.equal(numbers(model), before)


def test_a_network_that_vmap_cannot_run_backward():
    torch.manual_seed(0)
    target = nn.LSTM(1, 2, batch_first=True)
    model = QuantumTrain(target, depth=2)
    series = torch.randn(4, 5, 1)
    optimizer = Kalman(model.parameter_groups(lr=1.0), steps=3)
    losses = [optimizer.step(lambda: model(series)[0][:, -1] - 0.3) for _ in range(3)]
    assert losses[-1] < losses[0]


def test_parts_of_a_batch_are_one():
    whole, parts = made(), made()
    steps(whole, optimizer_of(whole), 1)
    x, y = X[:10].double(), Y[:10]
    few = [(x[:4], y[:4]), (x[4:], y[4:])]
    optimizer_of(parts).step(lambda: torch.cat([parts(a) - b for a, b in few]))
    torch.testing.assert_close(numbers(whole), numbers(parts))


def test_gradient_scaling_is_refused():
    model = made()
    optimizer = optimizer_of(model)
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
    scaler.scale(mse_loss(model(X.double()), Y.double())).backward()
    with pytest.raises(ArgumentError, match="without `backward` and GradScaler"):
        scaler.step(optimizer)


@pytest.mark.parametrize(
    ("closure", "message"),
    [
        (lambda weight: None, "give a tensor of residuals.*, but got NoneType"),
        (lambda weight: weight.sum(), r"one for each value that is predicted, but got the shape"),
        (lambda weight: weight[:0], r"but got the shape \(0,\)"),
        (lambda weight: weight.detach(), "computed from the parameters"),
        (lambda weight: weight.to(torch.complex64), "real numbers, but got torch.complex64"),
    ],
)
def test_what_is_no_residuals(closure, message):
    weight = nn.Parameter(torch.ones(2))
    with pytest.raises(ArgumentError, match=message):
        Kalman([weight], steps=1).step(lambda: closure(weight))


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"lr": math.nan}, "`lr` must be a positive number, but got nan"),
        ({"steps": 0}, "`steps` must be a positive integer"),
        ({"steps_per_epoch": 0.5}, "`steps_per_epoch` must be a positive integer"),
        ({"measurement_noise": (1.0, 0.0)}, "`measurement_noise` must be two positive variances"),
        ({"measurement_noise": (1.0,)}, "`measurement_noise` must be two positive variances"),
        ({"forget_epochs": math.nan}, "`forget_epochs` must be positive"),
        ({"variance": 0.0}, "`variance` must be a positive number"),
    ],
)
def test_wrong_choices(choices, message):
    with pytest.raises(ArgumentError, match=message):
        Kalman([nn.Parameter(torch.ones(2))], **({"steps": 1} | choices))


def test_too_many_numbers():
    with pytest.raises(ArgumentError, match="`params` must hold at most 4,096 numbers"):
        Kalman([nn.Parameter(torch.ones(4097))], steps=1)
