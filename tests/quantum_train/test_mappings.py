"""Mappings against a slow, obvious loop over the basis states: values, gradients, copies, counts,
memory.
"""

import pytest
import torch
from torch import nn

from diffqas.errors import ArgumentError
from diffqas.quantum_train import (
    LinearMapping,
    Lockstep,
    MLPMapping,
    QuantumTrain,
    TensorTrainMapping,
    as_mapping,
)

CODES = {"signed": {"0": -1.0, "1": 1.0}, "binary": {"0": 0.0, "1": 1.0}}
CHOICES = [LinearMapping(), MLPMapping((4,)), MLPMapping((5, 3), gain=2.0), MLPMapping((3, 2, 4))]
EVERY = [*CHOICES, TensorTrainMapping(1), TensorTrainMapping(3)]
exact = {"rtol": 1e-12, "atol": 1e-12}
close = {"rtol": 1e-9, "atol": 1e-9}


def layers_of(mapping):
    """Weights and biases from the first layer to the last."""
    if isinstance(mapping.choice, LinearMapping):
        return [(mapping.weight, mapping.bias)]
    return list(zip(mapping.weights, mapping.biases, strict=True))


def by_hand(mapping, scaled):
    """One basis state after the other through the layers, its bits written out."""
    rows = []
    for state in range(2**mapping.n):
        bits = [CODES[mapping.bits][bit] for bit in format(state, f"0{mapping.n}b")]
        values = torch.cat([torch.tensor(bits, dtype=torch.float64), scaled[state : state + 1]])
        layers = layers_of(mapping)
        for index, (weight, bias) in enumerate(layers):
            values = nn.functional.linear(values, weight, bias)
            if index < len(layers) - 1:
                values = torch.tanh(values)
        rows.append(values)
    return torch.cat(rows)


@pytest.mark.parametrize("choice", CHOICES, ids=str)
@pytest.mark.parametrize("bits", CODES)
@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("chunk", [1, 3])
def test_values_and_gradients_are_those_of_the_loop(choice, bits, n, chunk):
    mapping = choice.make(n, chunk, bits).double()
    scaled = torch.randn(2**n, dtype=torch.float64, requires_grad=True)
    fast, slow = mapping(scaled), by_hand(mapping, scaled)
    torch.testing.assert_close(fast, slow, **exact)
    inputs = [scaled, *mapping.parameters()]
    cotangent = torch.randn_like(slow)
    expected = torch.autograd.grad(slow, inputs, cotangent)
    for got, want in zip(torch.autograd.grad(fast, inputs, cotangent), expected, strict=True):
        torch.testing.assert_close(got, want, **close)
        assert want.abs().max() > 0


@pytest.mark.parametrize("choice", EVERY, ids=str)
@pytest.mark.parametrize("lead", [(3,), (2, 3)])
def test_copies_are_independent(choice, lead):
    stacked = choice.make(4, 2, "binary").double().stacked(lead).double()
    scaled = torch.randn(*lead, 16, dtype=torch.float64)
    together = stacked(scaled)
    assert together.shape == (*lead, 32)
    for place in [(0,) * len(lead), tuple(size - 1 for size in lead)]:
        alone = choice.make(4, 2, "binary").double()
        alone.load_state_dict(
            {name: tensor[place] for name, tensor in stacked.state_dict().items()}
        )
        torch.testing.assert_close(together[place], alone(scaled[place]), **exact)


@pytest.mark.parametrize("sharing", ["shared", "separate"])
@pytest.mark.parametrize("choice", EVERY[1:], ids=str)
def test_models_in_lockstep_train_as_each_by_itself(one_case, choice, sharing):
    case = one_case("mlp")
    models = [case.model(mapping=choice, chunk=3, sharing=sharing) for _ in range(3)]
    population = Lockstep(models)
    for _ in range(5):
        outputs = []
        for trained in (population, *models):
            # Plain gradient steps: no optimiser that would hide the size of a gradient.
            trained.zero_grad()
            output = trained(case.x)
            (output - 1).square().mean(tuple(range(-2, 0))).sum().backward()
            with torch.no_grad():
                for parameter in trained.generator.parameters():
                    parameter -= 0.1 * parameter.grad
            outputs.append(output.detach())
        torch.testing.assert_close(outputs[0], torch.stack(outputs[1:]), **close)
    fresh = [case.model(mapping=choice, chunk=3, sharing=sharing) for _ in range(3)]
    population.write_back(fresh)
    for model, alone in zip(fresh, models, strict=True):
        torch.testing.assert_close(model(case.x), alone(case.x), **close)


def test_models_of_different_mappings_are_no_population(one_case):
    case = one_case("mlp")
    with pytest.raises(ArgumentError, match="`models` must differ in their numbers only"):
        Lockstep([case.model(mapping=MLPMapping((width,))) for width in (3, 4)])


@pytest.mark.parametrize(
    ("choice", "numbers"),
    [
        (LinearMapping(), lambda n, chunk: chunk * (n + 2)),
        (MLPMapping((16,)), lambda n, chunk: 16 * (n + 2) + chunk * 17),
        (MLPMapping((5, 3)), lambda n, chunk: 5 * (n + 2) + 3 * 6 + chunk * 4),
        (TensorTrainMapping(1), lambda n, chunk: 2 * (n + chunk)),
        (TensorTrainMapping(3), lambda n, chunk: 6 * (1 + 3 * (n - 1) + chunk)),
    ],
    ids=["linear", "16", "5-3", "bond-1", "bond-3"],
)
@pytest.mark.parametrize(("chunk", "qubits"), [(1, 11), (3, 10), (112, 4), (5000, 1)])
def test_counts_are_exact(choice, numbers, chunk, qubits):
    target = nn.Linear(35, 50, bias=False)  # 1,750 weights
    model = QuantumTrain(target, depth=2, mapping=choice, chunk=chunk)
    report = model.parameter_report()
    assert (report.qubits, report.mapping, report.target) == (qubits, numbers(qubits, chunk), 1750)
    (group,) = [group for group in model.parameter_groups(1.0) if group["name"] == "mapping"]
    assert sum(parameter.numel() for parameter in group["params"]) == report.mapping
    assert sum(parameter.numel() for parameter in model.parameters()) == report.total
    assert f"{report.mapping:,} mapping" in str(report)


def test_a_name_stands_for_its_default():
    model = QuantumTrain(nn.Linear(3, 2), depth=1, mapping="mlp")
    assert model.generator.mapping.choice == MLPMapping(hidden=(16,)) == as_mapping("mlp")
    assert QuantumTrain(nn.Linear(3, 2), depth=1).generator.mapping.choice == LinearMapping()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("choice", EVERY[1:], ids=str)
def test_tensors_start_with_the_targets_mean_and_spread(choice, dtype):
    target = nn.Sequential(nn.Linear(20, 30), nn.Tanh(), nn.Linear(30, 2)).to(dtype)
    model = QuantumTrain(target, depth=2, mapping=choice, chunk=7)
    for name, tensor in model.generate().items():
        like = target.get_parameter(name).detach()
        assert tensor.dtype == dtype
        torch.testing.assert_close(tensor.detach().mean(), like.mean(), rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(
            tensor.detach().std(correction=0), like.std(correction=0), rtol=1e-4, atol=1e-5
        )


def test_a_larger_gain_tells_more_states_apart():
    n, chunk = 8, 512

    def directions(gain):
        mapping = MLPMapping((64,), gain=gain).make(n, chunk, "binary").double()
        rows = mapping(torch.ones(2**n, dtype=torch.float64)).detach().reshape(2**n, chunk)
        squares = torch.linalg.svdvals(rows - rows.mean(0)).square()
        return float(
            squares.sum().square() / squares.square().sum()
        )  # how many directions share the spread

    # Units that are linear in the bits span n directions, however many there are.
    assert directions(1.0) < n < 11 < directions(30.0)


def test_the_gradient_keeps_one_number_per_unit_and_state():
    n, width = 12, 16
    mapping = MLPMapping((width,)).make(n)
    kept = {}

    def pack(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        weights = mapping(torch.rand(2**n, requires_grad=True))
    assert weights.shape == (2**n,)
    units = 4 * width * 2**n
    assert units <= sum(kept.values()) < 1.2 * units


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: MLPMapping(()),
            "`hidden` must be one or more widths of at least 1, as a tuple, but got ().",
        ),
        (
            lambda: MLPMapping((4, 0)),
            "`hidden` must be one or more widths of at least 1, as a tuple, but got (4, 0).",
        ),
        (
            lambda: MLPMapping(16),
            "`hidden` must be one or more widths of at least 1, as a tuple, but got 16.",
        ),
        (lambda: TensorTrainMapping(0), "`bond` must be a whole number of at least 1, but got 0."),
        (
            lambda: TensorTrainMapping(2.0),
            "`bond` must be a whole number of at least 1, but got 2.0.",
        ),
        (lambda: MLPMapping(gain=0.0), "`gain` must be positive, but got 0.0."),
        (lambda: MLPMapping(gain=float("inf")), "`gain` must be positive, but got inf."),
        (lambda: MLPMapping().make(3, 0), "`chunk` must be at least 1, but got 0."),
        (
            lambda: MLPMapping().make(3, 1, "sign"),
            "`bits` must be one of signed, binary, but got 'sign'",
        ),
    ],
)
def test_wrong_choices_are_told(make, message):
    with pytest.raises(ArgumentError) as error:
        make()
    assert str(error.value).startswith(f"Argument {message}")
