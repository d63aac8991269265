"""Gradients through any target reach angles, structure and mapping, by finite differences."""

import pytest
import torch

STEP = 1e-6


def central_difference(function, parameter, direction):
    with torch.no_grad():
        start = parameter.clone()
        parameter.copy_(start + STEP * direction)
        above = function()
        parameter.copy_(start - STEP * direction)
        below = function()
        parameter.copy_(start)
    return float((above - below) / (2 * STEP))


@pytest.mark.parametrize("training", [True, False])
def test_gradients_equal_finite_differences(case, training):
    check(case, case.model().train(training))


@pytest.mark.parametrize(
    "choices",
    [
        {"relaxation": "softmax"},
        {"sharing": "separate"},
        {"chunk": 3, "bits": "binary"},
        {"scale": "tanh"},
        {"recipe": "paper"},
    ],
    ids=str,
)
def test_gradients_equal_finite_differences_for_other_choices(one_case, choices):
    case = one_case("mlp")
    check(case, case.model(**choices))


def check(case, model):
    with torch.no_grad():  # away from the start, where the structural weights are alike
        model.circuits.structure += 0.3 * torch.randn_like(model.circuits.structure)
    cotangent = torch.randn_like(model(case.x))

    def loss():
        return (model(case.x) * cotangent).sum()

    loss().backward()
    generator = model.generator
    for parameter in (
        model.circuits.angles,
        model.circuits.structure,
        *generator.mapping.parameters(),
    ):
        direction = torch.randn_like(parameter)
        slope = float((parameter.grad * direction).sum())
        assert abs(slope) > 1e-8
        assert slope == pytest.approx(
            central_difference(loss, parameter, direction), rel=1e-5, abs=1e-8
        )
