"""A recorded step of one's own: warm-up, static inputs, repetition, and the ways back."""

import copy

import pytest
import torch
from torch import nn

import diffqas
from diffqas.errors import ArgumentError
from diffqas.optim import SOAP, CaptureWarning, Kalman


def problem():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    x = torch.randn(12, 7, 3, dtype=torch.float64)
    return model, x, x.sum(-1, keepdim=True).sin()


def adam(model):
    return torch.optim.Adam(model.parameters(), lr=0.05, capturable=True, foreach=True)


def ordinary_step(model, optimizer):
    def step(x, y):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def trained(step, model, x, y):
    losses = [step(x[k], y[k]) for k in range(len(x))]
    return torch.stack(losses), [p.detach() for p in model.parameters()]


def test_a_recorded_step_trains_as_the_step_itself(recorders):
    model, x, y = problem()
    twin = copy.deepcopy(model)
    step = diffqas.capture(ordinary_step(model, adam(model)), warm_up=2)
    found = trained(step, model, x, y)
    expected = trained(ordinary_step(twin, adam(twin)), twin, x, y)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)
    (recorder,) = recorders
    assert recorder.warmed == 2
    assert [one.replays for one in recorder.recordings] == [10]


def test_inputs_of_another_shape_are_recorded_apart(recorders):
    model, x, y = problem()
    twin = copy.deepcopy(model)
    batches = [few for k in range(6) for few in ((x[k], y[k]), (x[k, :2], y[k, :2]))]
    step, plain = (
        diffqas.capture(ordinary_step(model, adam(model)), warm_up=2),
        ordinary_step(twin, adam(twin)),
    )
    for batch in batches:
        torch.testing.assert_close(step(*batch), plain(*batch), rtol=1e-12, atol=0)
    (recorder,) = recorders
    assert recorder.warmed == 4
    assert [one.replays for one in recorder.recordings] == [4, 4]


def test_a_step_that_reads_back_runs_as_it_is_with_one_line_of_reason(recorders):
    model, x, y = problem()
    inner = ordinary_step(model, adam(model))

    def step(x, y):
        loss = inner(x, y)
        assert loss.item() >= 0
        return loss

    fast = diffqas.capture(step, warm_up=1)
    fast(x[0], y[0])
    with pytest.warns(CaptureWarning, match=r"^The step runs without a CUDA graph: .*\.$") as told:
        losses = [fast(x[k], y[k]).item() for k in range(1, 12)]
    assert len(told) == 1
    assert "_local_scalar_dense" in fast.reason
    assert losses[-1] < losses[0]


def test_a_recording_has_no_effect_of_its_own(recorders):
    weight = torch.zeros(3)
    step = diffqas.capture(lambda x: weight.add_(x).sum(), warm_up=1)
    sums = [step(torch.ones(3)).item() for _ in range(4)]
    assert sums == [3, 6, 9, 12]


def test_results_are_not_overwritten_by_the_next_step(recorders):
    step = diffqas.capture(lambda x: {"twice": (2 * x, [x + 1])}, warm_up=1)
    results = [step(torch.full((2,), float(k))) for k in range(4)]
    assert [found["twice"][0].tolist() for found in results] == [[2.0 * k] * 2 for k in range(4)]
    assert [found["twice"][1][0][0].item() for found in results] == [1, 2, 3, 4]


def test_too_many_shapes_run_as_they_are(recorders):
    step = diffqas.capture(lambda x: x.sum(), warm_up=1)
    sizes = [size for size in range(1, 11) for _ in range(2)]
    with pytest.warns(CaptureWarning, match="more than 8 different shapes"):
        found = [step(torch.ones(size)).item() for size in sizes]
    assert found == sizes


def test_on_the_cpu_a_captured_step_is_the_step(capsys):
    seen = []
    step = diffqas.capture(lambda x: seen.append(x) or x)
    x = torch.ones(2)
    assert step(x) is x
    assert seen == [x]


def test_a_step_without_tensors_needs_a_device(recorders):
    with pytest.raises(ArgumentError, match="Argument `device` must be given"):
        diffqas.capture(lambda: None)()
    total = torch.zeros(())
    step = diffqas.capture(lambda: total.add_(1), device="cpu", warm_up=1)
    assert [step().item() for _ in range(4)] == [1, 2, 3, 4]


@pytest.mark.parametrize("warm_up", [0, 1.5, True])
def test_a_warm_up_is_a_positive_integer(warm_up):
    with pytest.raises(ArgumentError, match="Argument `warm_up` must be a positive integer"):
        diffqas.capture(lambda x: x, warm_up=warm_up)


def test_soap_is_recorded_and_turns_its_basis_between_the_steps(recorders):
    model, x, y = problem()
    twin = copy.deepcopy(model)

    def train(model, wrap):
        optimizer = SOAP(model.parameters(), lr=0.05, warm_up=3, capturable=True)
        step, losses = wrap(ordinary_step(model, optimizer)), []
        for k in range(12):
            losses.append(step(x[k], y[k]))
            optimizer.refresh()
        return torch.stack(losses), optimizer.state_dict()["shared"]

    losses, state = train(model, lambda step: diffqas.capture(step, warm_up=2))
    expected, of_twin = train(twin, lambda step: step)
    torch.testing.assert_close(losses, expected, rtol=1e-9, atol=0)
    assert state["steps"] == of_twin["steps"] == 12
    torch.testing.assert_close(state["covariance"], of_twin["covariance"], rtol=1e-9, atol=1e-12)


def test_a_capturable_soap_leaves_out_a_step_whose_gradient_is_no_number():
    weight = nn.Parameter(torch.tensor([1.0, -2.0], dtype=torch.float64))
    optimizer = SOAP([weight], lr=0.1, warm_up=1, capturable=True)
    for gradient in ([1.0, 0.5], [torch.nan, 1.0], [0.5, torch.inf]):
        before = weight.detach().clone()
        weight.grad = torch.tensor(gradient, dtype=torch.float64)
        optimizer.step()
        optimizer.refresh()
    assert torch.equal(weight, before)
    state = optimizer.state_dict()["shared"]
    assert state["steps"] == 1
    assert torch.isfinite(state["covariance"]).all()


def test_a_capturable_soap_is_soap_but_for_the_age_of_its_basis():
    # With one number there is but one basis, up to its sign.
    found = []
    for capturable in (False, True):
        weight = nn.Parameter(torch.tensor([3.0], dtype=torch.float64))
        optimizer = SOAP([weight], lr=0.1, warm_up=4, capturable=capturable)
        for _ in range(8):
            weight.grad = weight.detach() - 1
            optimizer.step()
            if capturable:
                optimizer.refresh()
        found.append(weight.item())
    assert found[0] == pytest.approx(found[1], rel=1e-12)


def test_a_kalman_filter_is_recorded(recorders):
    model, x, y = problem()
    twin, third = copy.deepcopy(model), copy.deepcopy(model)

    def train(model, wrap, **options):
        optimizer = Kalman(model.parameters(), steps=12, variance=0.5, **options)
        step = wrap(lambda x, y: optimizer.step(lambda: model(x) - y))
        return torch.stack([torch.as_tensor(step(x[k], y[k])) for k in range(12)]), optimizer

    found, optimizer = train(model, lambda s: diffqas.capture(s, warm_up=2), capturable=True)
    expected, _ = train(twin, lambda step: step, capturable=True)
    ordinary, _ = train(third, lambda step: step)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(found, ordinary.to(found), rtol=1e-6, atol=1e-9)
    assert optimizer.state_dict()["shared"]["done"] == 12
    assert recorders[0].recordings[0].replays == 10


def test_a_capturable_kalman_filter_must_know_the_variance():
    with pytest.raises(ArgumentError, match="Argument `variance` must be given"):
        Kalman([nn.Parameter(torch.ones(2))], steps=3, capturable=True)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a card")
def test_a_card_records_a_step_of_a_generator():
    torch.manual_seed(0)
    model = diffqas.QuantumTrain(nn.Linear(7, 5), depth=3).cuda()
    twin = copy.deepcopy(model)
    x, y = torch.randn(9, 4, 7, device="cuda"), torch.randn(9, 4, 5, device="cuda")
    step = diffqas.capture(ordinary_step(model, adam(model)))
    plain = ordinary_step(twin, adam(twin))
    for k in range(9):
        torch.testing.assert_close(step(x[k], y[k]), plain(x[k], y[k]), rtol=1e-4, atol=1e-6)
    assert step.reason is None
