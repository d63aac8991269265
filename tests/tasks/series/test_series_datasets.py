import numpy as np
import pytest
import torch

from diffqas.errors import ArgumentError
from diffqas.tasks.series import SERIES, TABLE_II, load_series, narma

PAPER_SERIES = ["bessel", "damped-shm", "delayed-control", "narma5", "narma10"]

# The published errors of a model whose output is only its bias (arXiv 2508.14955, circuits C3 and
# C5).
BIAS_ONLY = dict(zip(PAPER_SERIES, [0.023947, 0.046938, 0.084120, 0.000273, 0.000188], strict=True))


def train_bias(data, start, epochs=100):
    """RMSProp (lr 0.01, alpha 0.99, eps 1e-8) on the MSE of a bias; batches of 10 in order, the
    last one short.
    """
    targets = data.train[1]
    means = [targets[i : i + 10].mean() for i in range(0, len(targets), 10)]
    bias, square = start, 0.0
    for _ in range(epochs):
        for mean in means:
            gradient = 2 * (bias - mean)
            square = 0.99 * square + 0.01 * gradient * gradient
            bias -= 0.01 * gradient / (square**0.5 + 1e-8)
    return bias


# 0 and the ends of nn.Linear's range for 5 inputs, 1/sqrt(5): by the last epoch the start is
# forgotten.
@pytest.mark.parametrize("start", [0.0, -0.447, 0.447])
@pytest.mark.parametrize("name", PAPER_SERIES)
def test_trained_bias_gives_the_published_error(name, start):
    data = load_series(name)
    test_mse = np.mean((train_bias(data, start) - data.test[1]) ** 2)
    assert round(test_mse, 6) == BIAS_ONLY[name]


def test_trained_bias_agrees_with_torch():
    data = load_series("bessel")
    targets = torch.from_numpy(data.train[1])
    bias = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.RMSprop([bias], lr=0.01, alpha=0.99, eps=1e-8)
    for _ in range(20):
        for batch in targets.split(10):
            optimiser.zero_grad()
            torch.nn.functional.mse_loss(bias.expand_as(batch), batch).backward()
            optimiser.step()
    assert bias.item() == pytest.approx(train_bias(data, 0.0, epochs=20), rel=1e-9)


@pytest.mark.parametrize(
    ("name", "values", "count", "boundary"),
    [
        ("bessel", 256, 251, 168),
        ("damped-shm", 240, 235, 157),
        ("delayed-control", 2200, 2195, 1470),
        ("narma5", 300, 295, 197),
        ("narma10", 300, 295, 197),
        ("narma5-response", 300, 295, 197),
        ("narma10-response", 300, 295, 197),
    ],
)
def test_counts(name, values, count, boundary):
    data = load_series(name)
    assert (data.count + 5, data.count, data.boundary) == (values, count, boundary)
    assert data.name == name
    assert data.inputs.shape == (count, 4)
    assert data.inputs.dtype == data.targets.dtype == np.float64


def test_narma_sees_the_drive_unscaled():
    drive, response = narma(5)
    data = load_series("narma5", scaling="train")
    assert data.sees == "the drive u"
    np.testing.assert_array_equal(data.inputs[7], drive[7:11])
    assert data.targets[7] == response[11]
    assert data.last_response is not None
    assert data.last_response[7] == response[10]


def test_narma_response_sees_its_own_past():
    _, response = narma(10)
    data = load_series("narma10-response")
    assert data.sees == "the response y"
    np.testing.assert_array_equal(data.inputs[7], response[7:11])
    assert data.last_response is None


@pytest.mark.parametrize("name", ["bessel", "damped-shm", "delayed-control"])
def test_scaling_choices(name):
    whole, train = load_series(name), load_series(name, scaling="train")
    assert np.abs(whole.inputs).max() <= 1
    assert np.abs(train.train[0]).max() <= 1
    slope, shift = np.polyfit(whole.targets, train.targets, 1)
    np.testing.assert_allclose(train.inputs, slope * whole.inputs + shift, atol=1e-12)


def test_unknown_name_is_told_with_the_nearest():
    with pytest.raises(ArgumentError, match=r"`dataset` must be one of bessel.*mean 'narma5'"):
        load_series("narma-5")


def test_unknown_scaling_is_told_for_narma_too():
    with pytest.raises(ArgumentError, match="`scaling`"):
        load_series("narma5", scaling="none")


def test_registry_cannot_be_changed():
    assert list(SERIES)[:5] == PAPER_SERIES
    with pytest.raises(TypeError):
        SERIES["x"] = load_series  # pyright: ignore[reportIndexIssue]


def test_published_table_repeats_the_rows_that_are_one_model():
    assert list(TABLE_II) == PAPER_SERIES
    for name, column in TABLE_II.items():
        rows = (None, *column.candidates)
        assert len(rows) == 13
        assert rows[9] == rows[12]
        if name != "delayed-control":
            assert rows[1] == rows[3] == rows[4] == rows[6]
    assert [column.search for column in TABLE_II.values()] == [
        0.00004,
        0.000036,
        0.00171,
        0.00005,
        0.000117,
    ]
    assert TABLE_II["damped-shm"].candidates[11 - 1] == 0.032072
