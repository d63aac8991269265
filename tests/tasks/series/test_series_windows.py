import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from diffqas.errors import ArgumentError
from diffqas.tasks.series import SeriesData, scaled_windows, windows


@given(values=st.integers(9, 200), length=st.integers(1, 6))
def test_windows_follow_the_protocol(values, length):
    series = np.random.default_rng(values).normal(size=values)
    data = windows(series, length=length)
    expected = [(series[i : i + length], series[i + length]) for i in range(values - length - 1)]
    np.testing.assert_array_equal(data.inputs, [x for x, _ in expected])
    np.testing.assert_array_equal(data.targets, [y for _, y in expected])
    assert data.boundary == int(0.67 * len(expected))
    assert (data.window, data.offset, data.last_response) == (length, length, None)
    assert len(data.train[0]) == data.boundary
    assert len(data.train[1]) + len(data.test[1]) == data.count == len(expected)


def test_windows_of_a_drive_keep_the_last_response():
    drive, response = np.arange(20.0), np.arange(20.0) * 10
    data = windows(drive, response, name="x", sees="the drive")
    assert data.inputs[3].tolist() == [3, 4, 5, 6]
    assert data.targets[3] == 70
    assert data.last_response is not None
    assert data.last_response[3] == 60
    assert (data.name, data.sees) == ("x", "the drive")


def test_arrays_are_the_callers_own():
    series = np.arange(20.0)
    data = windows(series, series)
    assert data.last_response is not None
    for array in (data.inputs, data.targets, data.last_response):
        assert not np.shares_memory(array, series)
        torch.from_numpy(array)  # warns, and so fails, if the array is read-only


def test_holdout_never_touches_the_test_part():
    data = windows(np.arange(100.0), np.arange(100.0) * 2)
    inner = data.holdout(0.2)
    assert inner.count == data.boundary == 63
    assert inner.boundary == 63 - 13
    np.testing.assert_array_equal(inner.inputs, data.train[0])
    np.testing.assert_array_equal(inner.targets, data.train[1])
    assert inner.last_response is not None
    assert len(inner.last_response) == inner.count


@given(fraction=st.floats(0.001, 0.999), values=st.integers(9, 100))
def test_holdout_leaves_both_parts_filled(fraction, values):
    inner = windows(np.arange(float(values))).holdout(fraction)
    assert 1 <= inner.boundary < inner.count


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan")])
def test_holdout_refuses_other_fractions(fraction):
    with pytest.raises(ArgumentError, match="`fraction` must be between 0 and 1"):
        windows(np.arange(30.0)).holdout(fraction)


def test_holdout_needs_two_training_windows():
    with pytest.raises(ArgumentError, match="at least 2 training windows"):
        windows(np.arange(7.0)).holdout()


def test_scaling_by_the_training_part_sees_no_later_value():
    series = np.random.default_rng(0).normal(size=60)
    changed = series.copy()
    data = scaled_windows(series, name="noise", scaling="train")
    last = data.boundary - 1 + data.offset  # the last value that training touches
    assert np.abs(np.r_[data.train[0].ravel(), data.train[1]]).max() == 1
    changed[last + 1 :] += 50
    again = scaled_windows(changed, name="noise", scaling="train")
    np.testing.assert_array_equal(data.train[0], again.train[0])
    np.testing.assert_array_equal(data.train[1], again.train[1])
    changed[last] += 50
    assert not np.array_equal(
        scaled_windows(changed, name="noise", scaling="train").train[0], data.train[0]
    )


@pytest.mark.parametrize("scaling", ["whole", "train"])
def test_scaling_can_be_undone(scaling):
    series = 100 + np.random.default_rng(0).normal(size=60)
    series[[-2, -3]] = 90, 120  # the extremes stand in the test part
    data = scaled_windows(series, name="noise", scaling=scaling)
    np.testing.assert_allclose(data.unscaled(data.inputs)[:, 0], series[: data.count], rtol=1e-14)
    np.testing.assert_allclose(data.unscaled(data.targets), series[4 : 4 + data.count], rtol=1e-14)
    touched = series if scaling == "whole" else series[: data.boundary + 4]
    assert (data.low, data.high, data.unit) == (
        touched.min(),
        touched.max(),
        (touched.max() - touched.min()) / 2,
    )
    inner = data.holdout()
    np.testing.assert_array_equal(
        inner.unscaled(inner.targets), data.unscaled(data.targets)[: inner.count]
    )


def test_what_was_not_scaled_stays_as_it_is():
    series = np.random.default_rng(0).normal(size=30)
    data = windows(series)
    np.testing.assert_array_equal(data.unscaled(data.targets), series[4:29])
    assert data.unit == 1


def test_unknown_scaling_is_refused():
    with pytest.raises(
        ArgumentError, match=r"`scaling` must be one of whole, train.*'trian'.*mean 'train'"
    ):
        scaled_windows(np.arange(30.0), name="x", scaling="trian")


@pytest.mark.parametrize(
    ("inputs", "targets", "length", "argument"),
    [
        (np.arange(6.0), None, 4, "inputs_series"),
        (np.ones((9, 2)), None, 4, "inputs_series"),
        (np.arange(9.0), np.arange(8.0), 4, "targets_series"),
        (np.arange(9.0), None, 0, "length"),
        (np.arange(9.0), None, 1.5, "length"),
    ],
)
def test_windows_refuses_bad_arguments(inputs, targets, length, argument):
    with pytest.raises(ArgumentError, match=f"Argument `{argument}` must"):
        windows(inputs, targets, length)


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": np.ones(5)},
        {"targets": np.ones(4)},
        {"boundary": 0},
        {"boundary": 5},
        {"last_response": np.ones(4)},
        {"low": 1.0},
    ],
)
def test_data_refuses_parts_that_do_not_fit(change):
    data = SeriesData("x", np.ones((5, 4)), np.ones(5), boundary=3)
    with pytest.raises(ArgumentError, match=f"Argument `{next(iter(change))}` must"):
        dataclasses.replace(data, **change)


def test_data_is_frozen():
    data = windows(np.arange(30.0))
    with pytest.raises(dataclasses.FrozenInstanceError):
        data.boundary = 3  # pyright: ignore[reportAttributeAccessIssue]
