import pytest
import torch
from torch.func import functional_call, vmap

from diffqas.errors import ArgumentError
from diffqas.tasks.series import SeriesLSTM


def gate_by_gate(model, x):
    """The slow, obvious form: each gate on cat(x, h), one sample and one step at a time."""
    predictions = []
    for sample in x:
        h = c = torch.zeros(model.hidden_size, dtype=x.dtype)
        for value in sample:
            v = torch.cat([value, h])
            f, i, o = (torch.sigmoid(gate(v)) for gate in (model.forget, model.input, model.output))
            c = f * c + i * torch.tanh(model.candidate(v))
            h = o * torch.tanh(c)
        predictions.append(model.head(h)[0])
    return torch.stack(predictions)


def make(seed=0, **sizes):
    torch.manual_seed(seed)
    return SeriesLSTM(**sizes).double()


def test_parameters():
    shapes = {name: tuple(p.shape) for name, p in SeriesLSTM().named_parameters()}
    gates = ("forget", "input", "candidate", "output")
    expected = {
        f"{g}.{kind}": shape
        for g in gates
        for kind, shape in (("weight", (20, 21)), ("bias", (20,)))
    }
    assert shapes == {**expected, "head.weight": (1, 20), "head.bias": (1,)}
    assert list(shapes)[:8] == list(expected)
    assert sum(p.numel() for p in SeriesLSTM().parameters()) == 1781


@pytest.mark.parametrize(("features", "hidden", "steps"), [(1, 20, 4), (1, 3, 1), (2, 5, 7)])
def test_agrees_with_the_gate_by_gate_form(features, hidden, steps):
    model = make(input_size=features, hidden_size=hidden)
    x = torch.randn(6, steps, features, dtype=torch.float64)
    fast, slow = model(x), gate_by_gate(model, x)
    torch.testing.assert_close(fast, slow, rtol=0, atol=1e-14)
    parameters = list(model.parameters())
    cotangent = torch.randn(6, dtype=torch.float64)
    got = torch.autograd.grad(fast @ cotangent, parameters)
    wanted = torch.autograd.grad(slow @ cotangent, parameters, materialize_grads=True)
    for a, b in zip(got, wanted, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-13)


def test_agrees_with_torchs_lstm():
    model = make()
    other = torch.nn.LSTM(1, 20, batch_first=True).double()
    gates = (model.input, model.forget, model.candidate, model.output)  # torch's own order
    with torch.no_grad():
        weight = torch.cat([gate.weight for gate in gates])
        other.weight_ih_l0.copy_(weight[:, :1])
        other.weight_hh_l0.copy_(weight[:, 1:])
        other.bias_ih_l0.copy_(torch.cat([gate.bias for gate in gates]))
        other.bias_hh_l0.zero_()
    x = torch.randn(6, 9, 1, dtype=torch.float64)
    expected = model.head(other(x)[0][:, -1]).squeeze(-1)
    torch.testing.assert_close(model(x), expected, rtol=0, atol=1e-13)


def test_windows_may_come_without_a_feature_dimension():
    model, x = make(), torch.randn(6, 4, dtype=torch.float64)
    assert model(x).shape == (6,)
    torch.testing.assert_close(model(x), model(x.unsqueeze(-1)), rtol=0, atol=0)


def test_many_seeds_under_vmap_are_the_seeds_alone():
    models = [make(seed) for seed in range(3)]
    x = torch.randn(5, 4, dtype=torch.float64)
    stacked = {
        name: torch.stack(
            [dict(m.named_parameters())[name].detach() for m in models]
        ).requires_grad_()
        for name, _ in models[0].named_parameters()
    }
    together = vmap(lambda parameters: functional_call(models[0], parameters, (x,)))(stacked)
    alone = torch.stack([model(x) for model in models])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-14)
    together.square().sum().backward()
    alone.square().sum().backward()
    for name, values in stacked.items():
        gradients = [dict(m.named_parameters())[name].grad for m in models]
        torch.testing.assert_close(values.grad, torch.stack(gradients), rtol=0, atol=1e-13)


def test_gradients_by_differences():
    model = make(hidden_size=2)
    x = torch.randn(3, 4, dtype=torch.float64)
    names = [name for name, _ in model.named_parameters()]
    values = tuple(p.detach().requires_grad_() for p in model.parameters())
    assert torch.autograd.gradcheck(
        lambda *p: functional_call(model, dict(zip(names, p, strict=True)), (x,)), values
    )


@pytest.mark.parametrize("shape", [(4,), (3, 0), (3, 4, 2), (3, 4, 1, 1)])
def test_refuses_other_shapes(shape):
    with pytest.raises(ArgumentError, match=r"`x` must have the shape \(batch, window, 1\)"):
        SeriesLSTM()(torch.zeros(shape))


def test_refuses_features_that_are_not_there():
    with pytest.raises(ArgumentError, match="`x`"):
        SeriesLSTM(input_size=2)(torch.zeros(3, 2))


@pytest.mark.parametrize("sizes", [{"input_size": 0}, {"hidden_size": -1}])
def test_refuses_empty_sizes(sizes):
    with pytest.raises(ArgumentError, match=f"`{next(iter(sizes))}` must be at least 1"):
        SeriesLSTM(**sizes)
