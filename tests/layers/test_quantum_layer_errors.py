"""Wrong arguments of a searched layer: one line each, which names the argument and the rule."""

import copy
import math

import pytest
import torch
import torch.nn.utils.prune

from diffqas import QLSTM_SPACE, Candidate, Diagonal, Hermitian, PauliStrings, QuantumLayer, Z
from diffqas.errors import ArgumentError
from diffqas.layers import HybridModel

FEW = tuple(QLSTM_SPACE[:3])
SIZES = {"inputs": 3, "outputs": 2, "depth": 2, "candidates": FEW}


def refused(match, call):
    with pytest.raises(ArgumentError, match=match) as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"inputs": 0}, "`inputs` must be a whole number of at least 1, but got 0"),
        ({"inputs": 3.0}, "`inputs` must be a whole number"),
        ({"inputs": True}, "`inputs` must be a whole number"),
        ({"outputs": -1}, "`outputs` must be a whole number"),
        ({"outputs": math.nan}, "`outputs` must be a whole number"),
        ({"qubits": 0}, "`qubits` must be a whole number"),
        ({"qubits": 27}, "`qubits` must be at most 26, but got 27"),
        ({"depth": 0}, "`depth` must be a whole number"),
        ({"depth": 3, "uploads": 2}, "`uploads` must divide the depth, 3"),
        ({"uploads": 0}, "`uploads` must be a whole number"),
        ({"outputs": 4}, "`outputs` must be at most the number of observables, 3"),
        ({"observables": Z((0,))}, "`outputs` must be at most the number of observables, 1"),
        ({"observables": Z((0, 3))}, "`observables` must read qubits of 0..2"),
        ({"observables": PauliStrings(("ZZ", "XX"))}, "one letter for each of 3 qubits"),
        ({"observables": PauliStrings(("ZZZ",))}, "`outputs` must be at most"),
        ({"observables": Diagonal(4)}, "`locality` must be at most the number of qubits, 3"),
        ({"observables": Hermitian(4)}, "`locality` must be at most the number of qubits, 3"),
        ({"observables": "z"}, "`observables` must be an object of Z, PauliStrings, .*got 'z'"),
        ({"observables": Z}, "`observables` must be an object of Z"),
        ({"input_scale": "train"}, "`input_scale` must be one of fixed, trained, .*'trained'"),
        ({"relaxation": "soft"}, "`relaxation` must be one of raw, softmax, gumbel"),
        ({"sharing": "both"}, "`sharing` must be one of shared, separate"),
        ({"structure": "gate"}, "`structure` must be one of layer, output"),
        ({"init_std": math.nan}, "`init_std` must be a finite number of at least 0, but got nan"),
        ({"init_std": -1.0}, "`init_std` must be a finite number of at least 0"),
        ({"init_std": math.inf}, "`init_std` must be a finite number of at least 0"),
        ({"rates": [1.0]}, "`rates` must be a dict such as"),
        ({"rates": {"angle": 1.0}}, "`rates` must be one of angles, structure, .*'angles'"),
        ({"rates": {"angles": math.nan}}, "`rates` must be finite numbers of at least 0"),
        ({"candidates": []}, "`candidates` must hold at least one"),
        ({"candidates": [Candidate()]}, "`candidates` must encode data, but got Ent-RY"),
        ({"candidates": "ry"}, "`candidates` must be a sequence of Candidate objects"),
        (
            {"candidates": [Candidate(entangler=[(0, 5)], encoding="ry")]},
            "`entangler` must use qubits 0..2",
        ),
    ],
    ids=str,
)
def test_arguments(choices, message):
    refused(message, lambda: QuantumLayer(**{**SIZES, **choices}))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.zeros(4), r"`x` must have the shape \(..., 3\), but got \(4,\)"),
        (torch.zeros(2, 1), r"`x` must have the shape \(..., 3\)"),
        (torch.zeros(()), r"`x` must have the shape \(..., 3\), but got \(\)"),
        (torch.zeros(2, 3, dtype=torch.float64), "`x` must be a torch.float32 tensor like the"),
        (torch.zeros(2, 3, dtype=torch.int64), "`x` must be a torch.float32 tensor like the"),
        (torch.zeros(2, 3, dtype=torch.float16), "`x` must be a torch.float32 tensor like the"),
        (torch.zeros(2, 3, device="meta"), "`x` must be on the device of the angles, cpu"),
        ([0.0, 0.0, 0.0], "`x` must be a torch.float32 tensor like the angles, but got list"),
        (None, "`x` must be a torch.float32 tensor like the angles, but got NoneType"),
    ],
    ids=str,
)
def test_inputs(x, message):
    refused(message, lambda: QuantumLayer(**SIZES)(x))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_layer_of_half_precision(dtype):
    layer = QuantumLayer(**SIZES).to(dtype)
    x = torch.zeros(2, 3, dtype=dtype)
    refused(f"`layer` must have float32 or float64 numbers, but got {dtype}", lambda: layer(x))


def test_inputs_of_stacked_layers():
    together = QuantumLayer.stacked([QuantumLayer(**SIZES) for _ in range(2)])
    refused(r"`x` must have the shape \(2, ..., 3\)", lambda: together(torch.zeros(4, 3)))
    refused("`layer` must be a single one", together.ranking)
    rule = "`layers` must be as many as were stacked, 2, but got 1"
    refused(rule, lambda: together.write_back([QuantumLayer(**SIZES)]))
    refused("`layer` must be a single one", together.discretize)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"k": 0}, "`k` must be between 1 and"),
        ({"k": 4}, "`k` must be between 1 and"),
        ({"k": 1.0}, "`k` must be between 1 and"),
        ({"by": "weights"}, "`by` must be one of weight, perturbation"),
        ({"by": "perturbation"}, "`loss` must be a function without arguments"),
        ({"by": "perturbation", "loss": 1.0}, "`loss` must be a function without arguments"),
        ({"by": "perturbation", "loss": lambda: math.nan}, "`loss` must give a finite number"),
        ({"loss": lambda: 1.0}, "`loss` must be left out unless by='perturbation'"),
        (
            {"by": "perturbation", "loss": lambda: 1.0, "x": torch.zeros(3, 3)},
            "`x` must be left out unless by='weight'",
        ),
        ({"x": torch.zeros(3)}, r"`x` must have the shape \(samples, 3\)"),
        ({"x": torch.zeros(1, 3)}, "`x` must hold at least two samples"),
        ({"x": torch.full((4, 3), math.nan)}, "`x` must be finite, but got inf or nan"),
        ({"x": torch.zeros(4, 2)}, r"`x` must have the shape \(..., 3\)"),
    ],
)
def test_discretize(arguments, message):
    refused(message, lambda: QuantumLayer(**SIZES).discretize(**arguments))


@pytest.mark.parametrize(
    ("added", "message"),
    [
        ([0.0], "`added` must be a torch.float32 tensor like the angles, but got list"),
        (torch.zeros(4, 2, 3).double(), "`added` must be a torch.float32 tensor"),
        (torch.zeros(2, 3), r"`added` must have the shape \(4, 2, 3\), angles for each sample"),
    ],
    ids=range(3),
)
def test_angles_of_samples(added, message):
    refused(message, lambda: QuantumLayer(**SIZES)(torch.zeros(4, 3), added))


@pytest.mark.parametrize("lr", ["0.1", None, True, [0.1], -1.0, math.nan, torch.zeros(2)], ids=repr)
def test_rates(lr):
    refused(
        "`lr` must be a finite number of at least 0",
        lambda: QuantumLayer(**SIZES).parameter_groups(lr),
    )


@pytest.mark.parametrize("loss", ["0.1", None, math.nan, torch.zeros(3)], ids=repr)
def test_losses(loss):
    layer = QuantumLayer(**SIZES)
    refused(
        "`loss` must give a finite number, but got",
        lambda: layer.ranking("perturbation", loss=lambda: loss),
    )


def test_stacked():
    layer = QuantumLayer(**SIZES)
    refused("`layers` must hold at least one", lambda: QuantumLayer.stacked([]))
    refused(
        "`layers` must be searched layers of one kind, but got Linear",
        lambda: QuantumLayer.stacked([layer, torch.nn.Linear(3, 2)]),
    )
    assert QuantumLayer.stacked(layer for _ in range(2)).lead == (2,)
    refused("`layers` must be a list of searched layers", lambda: QuantumLayer.stacked(layer))


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_numbers_that_are_not_finite_choose_nothing(number):
    layer = QuantumLayer(**SIZES)
    with torch.no_grad():
        layer.structure[0, 1] = number
    refused("`model` must have finite numbers to keep candidates by", layer.discretize)
    assert "nan" in str(layer.ranking()["all"]) or "inf" in str(layer.ranking()["all"])


@pytest.mark.parametrize("structure", ["layer", "output"])
def test_the_loss_of_another_model_chooses_nothing(structure):
    layer = QuantumLayer(**SIZES, structure=structure)
    other, x = copy.deepcopy(layer), torch.ones(4, 3)
    rule = "`loss` must run the model that this layer is part of, but got the same loss without"
    refused(rule, lambda: layer.discretize(by="perturbation", loss=lambda: other(x).sum()))
    # One of two outputs that the loss reads is enough.
    layer.ranking(by="perturbation", loss=lambda: layer(x)[:, 0].sum())


@pytest.mark.parametrize("progress", ["half", math.nan, -0.1, 3.0, None])
def test_progress(progress):
    layer = QuantumLayer(**SIZES)
    refused("`progress` must be between 0 and 1", lambda: setattr(layer, "progress", progress))


def test_groups_of_a_pruned_layer():
    layer = QuantumLayer(**SIZES)
    torch.nn.utils.prune.l1_unstructured(layer, "angles", 1)
    refused("`angles` must be trained by its `parameters", lambda: layer.parameter_groups(0.1))
    torch.optim.Adam(layer.parameters())


def test_no_layer_without_memory():
    with torch.device("meta"):
        refused("`layer` must be made where tensors have memory", lambda: QuantumLayer(**SIZES))


def test_a_linear_front_needs_the_size_of_a_sample():
    layer = QuantumLayer(**SIZES)
    rule = "`size` must be the numbers of a sample for a linear front, but got None"
    refused(rule, lambda: HybridModel(layer, classes=2, front="linear"))
