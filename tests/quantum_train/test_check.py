"""What `model.check` says of models that learn and of such that do not."""

import copy
import math
import warnings

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from diffqas import TABLE_I, QuantumTrain
from diffqas.errors import ArgumentError
from diffqas.optim import SOAP
from diffqas.quantum_train import Rates, Recipe

torch.manual_seed(0)
X, LABELS, VALUES = torch.randn(60, 13), torch.arange(60) % 3, torch.randn(60, 3)


def deep():
    return nn.Sequential(
        nn.Linear(13, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3)
    )


def made(target=None, depth=30, **choices):
    torch.manual_seed(0)
    return QuantumTrain(deep() if target is None else target, depth=depth, **choices)


def test_a_network_that_the_steps_kill():
    report = made().check(X, LABELS, cross_entropy, lr=0.02)
    assert not report.healthy
    outputs, units = report.findings
    assert "The outputs hardly depend on the inputs any more after 20 steps" in outputs
    assert "64 of 64 units of 3 (ReLU)" in units
    assert "One step of the mapping moves the outputs by" in units
    assert "recipe='auto' measures the rates" in units
    assert str(report).endswith(units)


def test_the_remedies_help():
    report = made().check(X, LABELS, cross_entropy, lr=0.02)
    lower = report.base_rate * 0.1 / max(group.outputs for group in report.groups)
    assert made().check(X, LABELS, cross_entropy, lr=lower).healthy
    assert made(recipe="auto").check(X, LABELS, cross_entropy).healthy


@pytest.mark.parametrize("optimizer", [torch.optim.Adam, SOAP])
@pytest.mark.parametrize("recipe", ["default", "auto"])
def test_a_healthy_model(recipe, optimizer):
    model = made(nn.Sequential(nn.Linear(13, 8), nn.Tanh(), nn.Linear(8, 3)), 3, recipe=recipe)
    report = model.check(X, VALUES, mse_loss, optimizer=optimizer)
    assert report.findings == ()
    assert report.verdict == "Nothing was found that keeps it from learning."
    assert report.loss_later < report.loss
    assert [group.name for group in report.groups] == ["angles", "structure", "mapping"]
    assert all(group.weights > 0 and group.outputs > 0 for group in report.groups)
    assert "6 write the same whatever their angles" in str(report)


@pytest.mark.parametrize(
    "target",
    [
        nn.Sequential(nn.Linear(13, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 3)),
        nn.Sequential(nn.Unflatten(1, (13, 1)), nn.GRU(1, 3, batch_first=True)),
    ],
    ids=["batch norm and dropout", "outputs in a tuple"],
)
def test_nothing_changes(target):
    model = made(target, 2)

    def loss(outputs, targets):
        outputs = outputs[0][:, -1] if isinstance(outputs, tuple) else outputs
        return mse_loss(outputs, targets)

    before, training = copy.deepcopy(model.state_dict()), model.training
    state = torch.get_rng_state()
    first = model.check(X, VALUES, loss)
    assert torch.equal(state, torch.get_rng_state())
    assert model.training == training
    for name, tensor in model.state_dict().items():
        if isinstance(tensor, torch.Tensor):
            assert torch.equal(tensor, before[name]), name
    assert all(number.grad is None for number in model.parameters())
    assert model.check(X, VALUES, loss) == first


def test_weights_unlike_the_targets_own():
    report = made(depth=2, recipe="paper").check(X, LABELS, cross_entropy, lr=1e-4)
    (finding, *_) = report.findings
    assert finding.startswith("The weights written for 0.weight spread ")
    assert "Use start='target', 'drawn' or 'own'." in finding
    tensor = report.tensors[0]
    written = made(depth=2, recipe="paper").generate()["0.weight"].detach()
    assert tensor.spread == pytest.approx(float(written.std(correction=0)))
    torch.manual_seed(0)
    assert tensor.own == pytest.approx(float(deep()[0].weight.detach().std(correction=0)))


def test_candidates_that_all_are_constant():
    report = made(depth=2, candidates=[TABLE_I[0], TABLE_I[8]]).check(
        X, LABELS, cross_entropy, lr=1e-4
    )
    assert "The angles will not learn: their gradient is 0" in report.findings[0]
    assert "All candidates write the same whatever their angles" in report.findings[1]


def test_rates_of_zero():
    recipe = Recipe(rates=Rates(structure=0.0))
    report = made(depth=2, recipe=recipe).check(X, LABELS, cross_entropy, lr=1e-3)
    assert report.findings == ("The structure stay as they are: their rate is 0.",)


def test_steps_that_are_too_small():
    report = made(depth=2).check(X, LABELS, cross_entropy, lr=1e-9)
    (finding,) = report.findings
    assert "stays at" in finding
    assert "Raise the learning rate." in finding


def test_a_rising_loss():
    target = nn.Linear(13, 3)
    report = made(target, 2).check(X, VALUES, mse_loss, lr=50.0)
    (finding,) = report.findings
    assert finding.startswith("The loss of the batch rises from")
    assert "a learning rate of" in finding


def test_a_layer_that_lets_nothing_through():
    target = nn.Sequential(nn.Linear(13, 20), nn.Threshold(1e6, 0.0), nn.Linear(20, 3))
    report = made(target, 2).check(X, VALUES, mse_loss, lr=1e-3)
    assert any("The outputs are the same for every sample" in found for found in report.findings)
    assert any("20 of 20 units of 1 (Threshold)" in found for found in report.findings)


def test_what_functions_do_between_layers_is_seen():
    class Functional(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = nn.Linear(13, 20), nn.Linear(20, 3)

        def forward(self, x):
            return self.last(torch.relu(self.first(x) - 1e6))

    report = made(Functional(), 2).check(X, VALUES, mse_loss, lr=1e-3)
    assert any("20 of 20 units of last (what enters it)" in found for found in report.findings)


def test_inputs_that_are_not_finite():
    report = made(depth=2).check(X * math.nan, LABELS, cross_entropy)
    (finding,) = report.findings
    assert finding.startswith("The loss of the batch is nan before anything is trained.")


def test_a_gradient_that_is_not_finite():
    def loss(outputs, targets):
        return (outputs - outputs.detach()).abs().sqrt().mean()

    report = made(depth=2).check(X, LABELS, loss)
    (finding,) = report.findings
    assert "The gradient of angles, structure and mapping is not finite" in finding


def test_several_arguments():
    class Both(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(13, 3)

        def forward(self, x, scale):
            return self.layer(x) * scale

    report = made(Both(), 2).check((X, torch.ones(60, 1)), VALUES, mse_loss)
    assert report.healthy


def test_a_search_of_every_layer():
    report = made(nn.Linear(13, 3), 2, per_layer=True).check(X, VALUES, mse_loss, lr=1e-3)
    assert report.groups[0].name == "angles"
    assert report.silent == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lr": math.nan}, "`lr` must be a finite number of at least 0, but got nan"),
        ({"lr": -1.0}, "`lr` must be a finite number of at least 0, but got -1.0"),
        ({"inputs": X[:1]}, "`inputs` must hold at least two samples, but got 1"),
        ({"inputs": X.numpy()}, "`inputs` must be a tensor whose first dimension .* ndarray"),
        ({"loss": lambda a, b: a - b}, "`loss` must give a tensor with one number"),
        ({"loss": lambda a, b: 0.0}, "`loss` must give a tensor with one number.* got 0.0"),
        ({"loss": None}, "`loss` must be a function of outputs and targets, .* but got None"),
        ({"loss": nn.MSELoss}, "`loss` must be a function of outputs and targets"),
        ({"loss": lambda a, b: (a - b).detach().sum()}, "`loss` must be computed from the outputs"),
        ({"loss": lambda a, b: (a > b).sum()}, "`loss` must be computed from the outputs"),
        ({"optimizer": None}, "`optimizer` must make an optimiser of groups, .* but got None"),
        ({"optimizer": lambda groups: None}, "`optimizer` must make .* that makes NoneType"),
    ],
)
def test_wrong_arguments(change, message):
    given = {"inputs": X, "targets": VALUES, "loss": mse_loss} | change
    with pytest.raises(ArgumentError, match=message):
        made(nn.Linear(13, 3), 2).check(**given)


def test_rates_that_are_no_numbers_are_refused():
    with pytest.raises(ArgumentError, match="`angles_rate` must not be negative, but got nan"):
        Rates(angles=math.nan)
    with pytest.raises(ArgumentError, match="`lr` must be a finite number"):
        made(nn.Linear(13, 3), 2).parameter_groups(lr=math.inf)


def test_a_frozen_model_is_refused():
    model = made(nn.Linear(13, 3), 2).requires_grad_(False)
    with pytest.raises(ArgumentError, match="`model` must have numbers that are trained"):
        model.check(X, VALUES, mse_loss)


@pytest.mark.parametrize("around", [torch.no_grad, torch.inference_mode])
def test_the_check_has_gradients_wherever_it_is_asked_for(around):
    model = made(nn.Linear(13, 3), 2, recipe="auto")
    usual = model.check(X, VALUES, mse_loss)
    with around():
        assert model.check(X, VALUES, mse_loss) == usual


def test_an_optimiser_that_wants_a_closure_gets_one():
    model = made(nn.Linear(13, 3), 2, recipe="auto")

    def lbfgs(groups):
        return torch.optim.LBFGS([number for group in groups for number in group["params"]], 0.1)

    assert math.isfinite(model.check(X, VALUES, mse_loss, optimizer=lbfgs).loss)


def test_a_loss_of_all_pairs_is_refused():
    model = QuantumTrain(nn.Linear(4, 1), depth=2, recipe="auto")
    inputs, targets = torch.randn(8, 4), torch.randn(8)
    with pytest.raises(ArgumentError, match=r"`targets` must have .*\(8, 1\) and \(8,\)"):
        model.check(inputs, targets, nn.functional.mse_loss)
    model.check(inputs, targets[:, None], nn.functional.mse_loss)


def test_other_warnings_of_the_loss_are_passed_on():
    def loss(outputs, targets):
        warnings.warn("mine", stacklevel=2)
        return nn.functional.mse_loss(outputs, targets)

    model = QuantumTrain(nn.Linear(4, 1), depth=2, recipe="auto")
    with pytest.warns(UserWarning, match="mine"):
        model.check(torch.randn(8, 4), torch.randn(8, 1), loss)
