"""The mixture against the weighted sum of probabilities, and the rules for its weights."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from diffqas.circuits import TABLE_I
from diffqas.errors import ArgumentError
from diffqas.simulator import mixture, probabilities


@given(data=st.data())
def test_the_mixture_is_the_weighted_sum(data, problems, normal, assert_same):
    space, angles, separate = data.draw(problems("mixed"))
    rows = probabilities(space, angles, separate=separate)
    weights = normal(data.draw(st.integers(0, 2**20)), *rows.shape[:-1]).requires_grad_()
    expected = (weights.unsqueeze(-1) * rows).sum(-2)
    assert_same(mixture(space, angles, weights, separate=separate), expected, angles, weights)


@pytest.mark.parametrize(
    ("lead", "separate"), [((), False), ((2,), False), ((2, 3), False), ((2,), True)]
)
def test_the_mixture_of_table_i_is_the_weighted_sum(lead, separate, normal, assert_same):
    angles = normal(1, *lead, *([12] if separate else []), 3, 4).requires_grad_()
    weights = normal(2, *lead, 12).requires_grad_()
    expected = (weights.unsqueeze(-1) * probabilities(TABLE_I, angles, separate=separate)).sum(-2)
    assert expected.shape == (*lead, 16)
    assert_same(mixture(TABLE_I, angles, weights, separate=separate), expected, angles, weights)


def test_one_weight_of_one_picks_its_candidate(normal):
    angles = normal(3, 2, 3)
    for index, expected in enumerate(probabilities(TABLE_I, angles)):
        weights = torch.eye(12, dtype=torch.float64)[index]
        torch.testing.assert_close(mixture(TABLE_I, angles, weights), expected, rtol=0, atol=1e-14)


def test_weights_of_each_leading_entry_stay_with_it(normal):
    angles, weights = normal(4, 2, 3, 3), normal(5, 2, 12)
    both = mixture(TABLE_I, angles, weights)
    for index in range(2):
        torch.testing.assert_close(
            both[index], mixture(TABLE_I, angles[index], weights[index]), rtol=0, atol=1e-14
        )


def test_float32_stays_float32(normal):
    angles, weights = normal(6, 4, 5).float(), normal(7, 12).float()
    result = mixture(TABLE_I, angles, weights)
    assert result.dtype == torch.float32
    torch.testing.assert_close(
        result.double(), mixture(TABLE_I, angles.double(), weights.double()), rtol=0, atol=1e-5
    )


@pytest.mark.parametrize(
    ("weights", "angles", "separate", "message"),
    [
        ((11,), (2, 3), False, "Argument `weights` must have the shape (12,), but got (11,)."),
        ((), (2, 3), False, "Argument `weights` must have the shape (12,), but got ()."),
        ((12,), (5, 2, 3), False, "Argument `weights` must have the shape (5, 12), but got (12,)."),
        (
            (12, 5),
            (5, 2, 3),
            False,
            "Argument `weights` must have the shape (5, 12), but got (12, 5).",
        ),
        (
            (12, 12),
            (12, 2, 3),
            True,
            "Argument `weights` must have the shape (12,), but got (12, 12).",
        ),
    ],
)
def test_weights_of_the_wrong_shape_are_told(weights, angles, separate, message):
    with pytest.raises(ArgumentError) as error:
        mixture(TABLE_I, torch.zeros(angles), torch.zeros(weights), separate=separate)
    assert str(error.value) == message


def test_angles_are_checked_as_for_probabilities():
    with pytest.raises(
        ArgumentError, match=r"^Argument `angles` must have the shape \(\.\.\., depth, n\) "
    ):
        mixture(TABLE_I, torch.zeros(0, 3), torch.zeros(12))


@pytest.mark.parametrize(
    "weights", [torch.zeros(12), torch.zeros(12, dtype=torch.int64), [0.0] * 12]
)
def test_weights_of_another_kind_are_told(weights):
    with pytest.raises(
        ValueError,
        match=r"^Argument `weights` must be a torch\.float64 tensor like `angles`, but got",
    ):
        mixture(TABLE_I, torch.zeros(2, 3, dtype=torch.float64), weights)
