"""A wrong argument is told at the door, in one line, before anything big is made."""

import numpy as np
import pytest
import torch
from torch import nn

from diffqas.circuits import Candidate
from diffqas.errors import ArgumentError
from diffqas.quantum_train import DimensionScale, Lockstep, QuantumTrain, TanhScale


def choice(argument, wrong, options, right):
    return {
        argument: wrong
    }, f"`{argument}` must be one of {options}, but got {wrong!r} (did you mean {right!r}?)."


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"depth": 0}, "`depth` must be at least 1, but got 0."),
        ({"depth": "5"}, "`depth` must be at least 1, but got 5."),
        ({"chunk": 0}, "`chunk` must be at least 1, but got 0."),
        ({"chunk": 2.0}, "`chunk` must be at least 1, but got 2.0."),
        (
            {"candidates": []},
            "`candidates` must hold at least one Candidate, but got an empty list.",
        ),
        (
            {"candidates": [Candidate(encoding="rx")]},
            "`candidates` must encode no data, but got RX/Ent-RY.",
        ),
        (
            {"candidates": [Candidate(entangler="cz-ring")]},
            "`entangler` must be made of CNOTs here (a QuantumLayer takes others, too), but got "
            "'cz-ring'.",
        ),
        ({"scale": 5}, "`scale` must be a name or a function of (p, n), but got 5."),
        ({"recipe": 5}, "`recipe` must be a name or a Recipe, but got 5."),
        ({"relaxation": 5}, "`relaxation` must be a name or a relaxation, but got 5."),
        ({"mapping": 5}, "`mapping` must be a name or a mapping, but got 5."),
        ({"parameters": []}, "`target` must have at least one trainable parameter, but got none."),
        choice("relaxation", "softmx", "raw, softmax, gumbel", "softmax"),
        choice("sharing", "share", "shared, separate", "shared"),
        choice("mapping", "linar", "linear, mlp, mps", "linear"),
        choice("scale", "dimensions", "raw, dimension, tanh", "dimension"),
        choice("start", "targets", "none, target, drawn, own", "target"),
        choice("bits", "sign", "signed, binary", "signed"),
        choice("recipe", "papers", "paper, default, auto", "paper"),
        choice("parameters", "wieght", "weight, bias", "weight"),
    ],
)
@pytest.mark.parametrize("start", [{}, {"start": "none"}], ids=["", "none"])
def test_wrong_choices(choices, start, message):
    with pytest.raises(ArgumentError) as error:
        QuantumTrain(nn.Linear(3, 2), **start | choices)
    assert str(error.value) == f"Argument {message}"


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (lambda: nn.Linear, "be a torch.nn.Module, but got type."),
        (lambda: torch.relu, "be a torch.nn.Module, but got builtin_function_or_method."),
        (lambda: None, "be a torch.nn.Module, but got NoneType."),
        (nn.ReLU, "have at least one trainable parameter, but got none."),
        (
            lambda: nn.Linear(3, 2).requires_grad_(False),
            "have at least one trainable parameter, but got none.",
        ),
        (
            lambda: nn.Linear(3, 2).half(),
            "have parameters of one dtype, float32 or float64 (half precision has too few digits "
            "for probabilities near 2**-n and for undoing the layers), but got torch.float16.",
        ),
        (
            lambda: nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1).double()),
            "have parameters of one dtype, float32 or float64, "
            "but got torch.float32, torch.float64.",
        ),
    ],
)
def test_wrong_targets(target, message):
    with pytest.raises(ArgumentError) as error:
        QuantumTrain(target())
    assert str(error.value) == f"Argument `target` must {message}"


@pytest.mark.parametrize(
    ("chunk", "outputs", "most"),
    [(1, 2**12 + 1, "67,108,864"), (3, 3 * 2**12 + 1, "201,326,592"), (1, 2**40, "67,108,864")],
)
def test_too_many_weights_are_told_before_memory_is_taken(chunk, outputs, most):
    target = nn.Linear(2**14, outputs, bias=False, device="meta")
    with pytest.raises(ArgumentError) as error:
        QuantumTrain(target, chunk=chunk)
    rule = f"have at most {most} weights at chunk {chunk} (raise `chunk`)"
    assert str(error.value) == f"Argument `target` must {rule}, but got {2**14 * outputs:,}."


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DimensionScale(0.0), "`limit` must be positive or None, but got 0.0."),
        (lambda: TanhScale(-1.0), "`gain` must be positive, but got -1.0."),
        (lambda: TanhScale("1"), "`gain` must be positive, but got 1."),
        (
            lambda: Lockstep([]),
            "`models` must hold at least one QuantumTrain, but got an empty list.",
        ),
        (
            lambda: Lockstep([nn.Linear(3, 2)]),
            "`models` must be of QuantumTrain, but got Linear.",
        ),
        (
            lambda: Lockstep([QuantumTrain(nn.Linear(3, 2), depth=depth) for depth in (1, 2)]),
            "`models` must differ in their numbers only, but got 2 kinds of shapes.",
        ),
    ],
)
def test_wrong_parts(make, message):
    with pytest.raises(ArgumentError) as error:
        make()
    assert str(error.value) == f"Argument {message}"


@pytest.mark.parametrize("recipe", ["default", "auto"])
@pytest.mark.parametrize(
    ("scale", "message"),
    [
        (lambda p, n: p[:2], r"`scale` must give a tensor .* \(8,\), but got the shape \(2,\)"),
        (lambda p, n: 1.0, "`scale` must give a tensor .* but got float"),
        (lambda p, n: p.log() / 0, "`scale` must give finite numbers of p"),
    ],
)
def test_scales_of_ones_own_that_are_none(scale, message, recipe):
    with pytest.raises(ArgumentError, match=message):
        QuantumTrain(nn.Linear(3, 2), depth=1, scale=scale, recipe=recipe)


def test_a_scale_of_ones_own_may_divide_by_the_spread():
    model = QuantumTrain(nn.Linear(3, 2), depth=1, scale=lambda p, n: (p - p.mean()) / p.std())
    assert model(torch.zeros(4, 3)).isfinite().all()


def test_an_integer_of_numpy_is_printed_as_one():
    with pytest.raises(ArgumentError, match=r"`depth` must be at least 1, but got np.int64\(3\)."):
        QuantumTrain(nn.Linear(3, 2), depth=np.int64(3))
