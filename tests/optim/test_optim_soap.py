"""SOAP as an optimiser of torch."""

import copy
import math

import pytest
import torch
from torch import nn
from torch.nn.functional import mse_loss

from diffqas import QuantumTrain
from diffqas.errors import ArgumentError
from diffqas.optim import SOAP
from diffqas.optim.eigenbasis import EigenbasisAdam
from diffqas.optimisers import SOAP as Choice
from diffqas.optimisers import Problem
from diffqas.quantum_train import Lockstep


def made():
    torch.manual_seed(0)
    return QuantumTrain(nn.Linear(6, 2), depth=2)


torch.manual_seed(1)
X, Y = torch.randn(40, 6), torch.randn(40, 2)


def steps(model, optimizer, count, start=0, scheduler=None):
    for index in range(start, start + count):
        rows = slice(10 * (index % 4), 10 * (index % 4) + 10)
        optimizer.zero_grad()
        mse_loss(model(X[rows]), Y[rows]).backward()
        optimizer.step()
        if scheduler is not None:
            scheduler.step()


def numbers(model):
    return torch.cat([number.detach().flatten() for number in model.parameters()])


def test_it_is_the_optimiser_of_the_runs():
    model, alone = made(), made()
    together = Lockstep([alone])
    run = Choice(lr=0.01).make(together, Problem(mse_loss, Y, 4))
    optimizer = SOAP(model.parameter_groups(lr=0.01))
    none = torch.zeros(1, dtype=torch.bool)
    for index in range(30):
        rows = slice(10 * (index % 4), 10 * (index % 4) + 10)
        optimizer.zero_grad()
        mse_loss(model(X[rows]), Y[rows]).backward()
        optimizer.step()
        run.step(X[rows], Y[rows], 0.0, none)
    together.write_back([alone])
    torch.testing.assert_close(numbers(model), numbers(alone), rtol=1e-4, atol=1e-6)


def test_a_checkpoint_continues_to_the_bit(tmp_path):
    model = made()
    optimizer = SOAP(model.parameter_groups(lr=0.01))
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 40)
    steps(model, optimizer, 20, scheduler=scheduler)
    parts = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
    torch.save({name: part.state_dict() for name, part in parts.items()}, tmp_path / "state.pt")
    steps(model, optimizer, 20, 20, scheduler)

    again = made()
    other = SOAP(again.parameter_groups(lr=0.01))
    later = torch.optim.lr_scheduler.CosineAnnealingLR(other, 40)
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    for name, part in {"model": again, "optimizer": other, "scheduler": later}.items():
        part.load_state_dict(state[name])
    steps(again, other, 20, 20, later)
    assert torch.equal(numbers(model), numbers(again))


def test_a_step_without_a_finite_gradient_is_left_out():
    model = made()
    optimizer = SOAP(model.parameter_groups(lr=0.01))
    steps(model, optimizer, 3)
    before, state = numbers(model).clone(), copy.deepcopy(optimizer.state_dict())
    optimizer.zero_grad()
    (mse_loss(model(X), Y) * torch.inf).backward()
    optimizer.step()
    assert torch.equal(numbers(model), before)
    assert optimizer.state_dict()["shared"]["steps"] == state["shared"]["steps"]


def test_scaled_clipped_and_accumulated_gradients():
    model = made()
    optimizer = SOAP(model.parameter_groups(lr=0.01))
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
    for part in (slice(0, 20), slice(20, 40)):
        scaler.scale(mse_loss(model(X[part]), Y[part]) / 2).backward()
    scaler.unscale_(optimizer)
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    before = numbers(model).clone()
    scaler.step(optimizer)
    scaler.update()
    assert not torch.equal(numbers(model), before)


def test_a_closure_gives_its_loss():
    model = made()
    optimizer = SOAP(model.parameter_groups(lr=0.01))

    def closure():
        optimizer.zero_grad()
        loss = mse_loss(model(X), Y)
        loss.backward()
        return loss

    first = optimizer.step(closure)
    for _ in range(30):
        last = optimizer.step(closure)
    assert last < first


def test_groups_keep_their_rates():
    still, moving = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    optimizer = SOAP([{"params": [still], "lr": 1e-9}, {"params": [moving], "lr": 0.1}], warm_up=1)
    (still.sum() + moving.sum()).backward()
    optimizer.step()
    assert (still - 1).abs().max() < 1e-8 < (moving - 1).abs().min()


def test_parameters_without_a_gradient_stay():
    used, unused = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(3))
    optimizer = SOAP([used, unused], warm_up=1)
    used.sum().backward()
    optimizer.step()
    assert torch.equal(unused.detach(), torch.ones(3))
    assert not torch.equal(used.detach(), torch.ones(2))


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"lr": 0.0}, "`lr` must be a positive number, but got 0.0."),
        ({"lr": "0.1"}, "`lr` must be a positive number, but got 0.1."),
        ({"betas": (0.9, 1.0)}, "`betas` must lie in"),
        ({"betas": 0.9}, "`betas` must lie in .* each of the two, but got 0.9"),
        ({"betas": (0.9, 0.9, 0.9)}, "`betas` must lie in .* each of the two"),
        ({"warm_up": "3"}, "`warm_up` must be a positive integer, but got '3'."),
        ({"warm_up": 0}, "`warm_up` must be a positive integer, but got 0."),
    ],
)
def test_wrong_choices(choices, message):
    with pytest.raises(ArgumentError, match=message.replace("[", r"\[")):
        SOAP([nn.Parameter(torch.ones(2))], **choices)


@pytest.mark.parametrize("rate", [math.nan, math.inf, -1.0])
def test_rates_of_groups_are_numbers(rate):
    group = {"params": [nn.Parameter(torch.ones(2))], "lr": rate}
    with pytest.raises(ArgumentError, match="`lr` must be a finite number of at least 0 in every"):
        SOAP([group])


def test_some_rate_is_positive():
    with pytest.raises(ArgumentError, match="`lr` must be positive in a group"):
        SOAP([{"params": [nn.Parameter(torch.ones(2))], "lr": 0.0}])


def test_too_many_numbers():
    with pytest.raises(ArgumentError, match="`params` must hold at most 2,048 numbers"):
        SOAP([nn.Parameter(torch.ones(2049))])


def test_groups_are_given_at_the_start():
    optimizer = SOAP([nn.Parameter(torch.ones(2))])
    with pytest.raises(ArgumentError, match="`param_group` must be given at the start"):
        optimizer.add_param_group({"params": [nn.Parameter(torch.ones(2))]})


@pytest.mark.parametrize(("depth", "kind"), [(2, SOAP), (600, torch.optim.Adam)])
def test_a_model_recommends_one(depth, kind):
    model = QuantumTrain(nn.Linear(6, 2), depth=depth)
    optimizer = model.optimizer(steps=3)
    assert isinstance(optimizer, kind)
    rates = []
    for _ in range(5):
        optimizer.zero_grad()
        model(X).sum().backward()
        optimizer.step()
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == sorted(rates, reverse=True)
    assert rates[2] == rates[4] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("depth", [2, 600])
def test_a_checkpoint_brings_the_schedule_of_a_recommended_one(depth):
    model = QuantumTrain(nn.Linear(6, 2), depth=depth)
    optimizer = model.optimizer(steps=8)
    steps(model, optimizer, 4)
    again = model.optimizer(steps=8)
    again.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    steps(model, optimizer, 1)
    steps(model, again, 1)
    rates = [group["lr"] for group in again.param_groups]
    assert rates == [group["lr"] for group in optimizer.param_groups]
    assert rates[0] == pytest.approx(0.03 * 0.5 * (1 + math.cos(math.pi * 5 / 8)))


def test_a_recommended_one_learns():
    model = QuantumTrain(nn.Linear(6, 2), depth=4, recipe="auto")
    optimizer = model.optimizer(steps=200, lr=0.03)
    first = mse_loss(model(X), Y).item()
    steps(model, optimizer, 200)
    assert mse_loss(model(X), Y).item() < 0.9 * first


def test_the_base_rate_suits_the_recipe():
    few = {"default": 0.01, "auto": 0.24}
    for recipe, lr in few.items():
        model = QuantumTrain(nn.Linear(6, 2), depth=2, recipe=recipe)
        given = model.optimizer(steps=9).param_groups[0]["lr"]
        assert given == pytest.approx(model.parameter_groups(lr)[0]["lr"])
    model = QuantumTrain(nn.Linear(6, 2), depth=600, recipe="auto")
    given = model.optimizer(steps=9).param_groups[0]["lr"]
    assert given == pytest.approx(model.parameter_groups(0.03)[0]["lr"])


def test_steps_are_counted():
    with pytest.raises(ArgumentError, match="`steps` must be a positive integer"):
        made().optimizer(steps=0)


@pytest.mark.parametrize("capturable", [False, True])
@pytest.mark.parametrize(
    ("count", "expected"),
    [(4, [*range(1, 21), 30, 40]), (513, [1, 2, 4, 8, 16, 20, 40])],
)
def test_a_basis_of_many_numbers_is_found_seldom(monkeypatch, count, expected, capturable):
    found = []
    monkeypatch.setattr(EigenbasisAdam, "turn", lambda adam: found.append(adam.steps))
    number = torch.nn.Parameter(torch.zeros(count))
    optimizer = SOAP([number], lr=0.1, capturable=capturable)
    for _ in range(41):
        number.grad = torch.ones(count)
        optimizer.step()
        if capturable:
            optimizer.refresh()
    assert found == expected


def test_a_frozen_model_has_no_optimiser():
    with pytest.raises(ArgumentError, match="`model` must have numbers that learn"):
        made().requires_grad_(False).optimizer(steps=10)
