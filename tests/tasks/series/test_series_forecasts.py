"""Forecasts of several steps against exact recurrences and slow loops."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from diffqas.errors import ArgumentError
from diffqas.tasks.series import (
    SeriesLSTM,
    forecast,
    forecast_errors,
    free_run,
    least_squares,
    linear_coefficients,
    load_series,
    persistence,
    scaled_windows,
    windows,
)

NOISE = np.random.default_rng(0).normal(size=60).cumsum()


def recurrence(coefficients, start, count):
    """s[t] = b + a_1 s[t-1] + a_2 s[t-2] + ..., in plain Python."""
    intercept, *lags = coefficients
    values = list(start)
    while len(values) < count:
        values.append(intercept + sum(a * values[-k] for k, a in enumerate(lags, start=1)))
    return values


def model_of(coefficients):
    intercept, *lags = coefficients
    return lambda x: intercept + sum(a * x[:, -k] for k, a in enumerate(lags, start=1))


def last(x):
    return x[:, -1]


RECURRENCES = [(0.3, 0.9), (0.0, -1.0), (0.1, 1.8, -0.95), (0.0, 0.5, 0.3)]


@pytest.mark.parametrize("coefficients", RECURRENCES)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-4)])
def test_an_exact_recurrence_is_continued(coefficients, dtype, tolerance):
    series = recurrence(coefficients, [0.7, -0.2][: len(coefficients) - 1], 40)
    known = torch.tensor(series[6:10], dtype=dtype)
    values = forecast(model_of(coefficients), known, 30)
    assert (values.shape, values.dtype) == ((30,), dtype)
    np.testing.assert_allclose(values, series[10:], rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("coefficients", RECURRENCES[:1] + RECURRENCES[2:])
def test_least_squares_finds_a_recurrence_and_forecasts_it(coefficients):
    series = np.array(recurrence(coefficients, [0.7, -0.2][: len(coefficients) - 1], 40))
    lags = len(coefficients) - 1
    errors = forecast_errors(last, scaled_windows(series, lags, name="exact"), horizon=8)
    np.testing.assert_allclose(errors.least_squares, 0, atol=1e-8)
    assert errors.window == lags
    assert errors.persistence.min() > 1e-6


@given(
    seed=st.integers(0, 99),
    batch=st.integers(1, 5),
    length=st.integers(1, 5),
    steps=st.integers(1, 7),
)
def test_the_batch_is_as_a_slow_loop(seed, batch, length, steps):
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(length, 1, generator=generator, dtype=torch.float64)
    window = torch.randn(batch, length, generator=generator, dtype=torch.float64)
    expected = []
    for row in window.tolist():
        for _ in range(steps):
            row.append(float(torch.tanh(torch.tensor(row[-length:], dtype=torch.float64) @ weight)))
        expected.append(row[length:])
    before = window.clone()
    values = forecast(lambda x: torch.tanh(x @ weight), window, steps)  # predictions (batch, 1)
    np.testing.assert_allclose(values, expected, atol=1e-12)
    assert torch.equal(window, before)


def test_a_network_forecasts_without_a_graph():
    torch.manual_seed(0)
    model = SeriesLSTM()
    window = torch.rand(3, 4)
    values = forecast(model, window, 2)
    assert not values.requires_grad
    torch.testing.assert_close(values[:, 0], model(window).detach())
    again = torch.cat([window[:, 1:], values[:, :1]], dim=1)
    torch.testing.assert_close(values[:, 1], model(again).detach())


def test_a_forecast_that_runs_away_is_returned():
    assert forecast(lambda x: 1e30 * x[:, -1], torch.ones(4), 3).tolist() == [
        pytest.approx(1e30),
        np.inf,
        np.inf,
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"window": torch.zeros(2, 4, 1)}, r"`window` must have the shape .*got \(2, 4, 1\)"),
        ({"window": torch.tensor(1.0)}, r"`window` must have the shape"),
        ({"window": torch.zeros(0, 4)}, r"`window` must have the shape"),
        ({"window": torch.zeros(0)}, r"`window` must have the shape"),
        (
            {"window": torch.zeros(4, dtype=torch.int64)},
            r"`window` must hold floating-point numbers",
        ),
        ({"window": torch.tensor([1.0, float("nan")])}, r"`window` must hold finite numbers"),
        ({"window": torch.tensor([1.0, float("-inf")])}, r"`window` must hold finite numbers"),
        ({"steps": 0}, r"`steps` must be an integer of at least 1, but got 0"),
        ({"steps": 2.0}, r"`steps` must be an integer"),
        (
            {"model": lambda x: x},
            r"`model` must predict one value for each of 2 windows, but got \(2, 4\)",
        ),
        ({"model": lambda x: x[:, -1:].T}, r"`model` must predict one value .*got \(1, 2\)"),
        ({"model": lambda x: x.mean()}, r"`model` must predict one value .*got \(\)"),
    ],
)
def test_forecast_refuses(change, message):
    with pytest.raises(ArgumentError, match=message):
        forecast(**{"model": last, "window": torch.zeros(2, 4), "steps": 3, **change})


@pytest.mark.parametrize("scaling", ["whole", "train"])
def test_errors_are_those_of_a_slow_loop(scaling):
    data = scaled_windows(NOISE, name="noise", scaling=scaling)
    torch.manual_seed(0)
    models = [SeriesLSTM().double(), SeriesLSTM().double()]
    errors = forecast_errors(models, data, horizon=7)
    fitted = linear_coefficients(data)
    predictors = [
        *(lambda x, m=model: m(torch.tensor([x], dtype=torch.float64)).item() for model in models),
        lambda x: x[-1],
        lambda x: fitted[0] + np.dot(fitted[1:], x),
    ]
    rows = [*errors.models, errors.persistence, errors.least_squares]
    scaled = (NOISE - data.low) / (data.high - data.low) * 2 - 1
    for predict, row in zip(predictors, rows, strict=True):
        squares = [[] for _ in range(7)]
        for origin in range(data.boundary, data.count):
            known = scaled[origin : origin + 4].tolist()
            for step in range(min(7, data.count - origin)):
                known.append(predict(known[-4:]))
                value = data.low + (known[-1] + 1) / 2 * (data.high - data.low)
                squares[step].append((value - NOISE[origin + 4 + step]) ** 2)
        np.testing.assert_allclose(row, [np.sqrt(np.mean(s)) for s in squares], rtol=1e-9)
        assert errors.origins.tolist() == [len(s) for s in squares]


@pytest.mark.parametrize("name", ["sunspots", "bessel", "narma5-response"])
def test_one_step_is_the_test_error(name):
    data = load_series(name)
    errors = forecast_errors(last, data, horizon=1)
    assert errors.models.shape == (1, 1)
    assert (
        errors.models[0]
        == errors.persistence
        == pytest.approx(data.unit * persistence(data) ** 0.5)
    )
    assert errors.least_squares == pytest.approx(data.unit * least_squares(data) ** 0.5)


def test_a_free_run_starts_at_the_boundary_in_own_units():
    line = 10.0 + 3.0 * np.arange(30)
    data = scaled_windows(line, name="line")
    runs = free_run([lambda x: 2 * x[:, -1] - x[:, -2], last], data)
    truth = line[data.boundary + 4 : data.count + 4]
    np.testing.assert_allclose(runs, [truth, np.full(len(truth), line[data.boundary + 3])])
    assert free_run(last, data, 50).shape == (1, 50)  # beyond the end of the series


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_modules_are_given_their_own_dtype(dtype):
    data = windows(NOISE)
    model = nn.Sequential(nn.Linear(4, 1)).to(dtype)
    runs = free_run(model, data, 3)
    assert runs.dtype == np.float64
    expected = forecast(model, torch.from_numpy(data.inputs[data.boundary]).to(dtype), 3)
    np.testing.assert_array_equal(runs[0], expected.double())


def test_errors_that_run_away_are_infinite_and_others_are_not():
    errors = forecast_errors(
        [lambda x: 1e200 * x[:, -1].clamp(min=1.0), last], windows(NOISE), horizon=4
    )
    assert np.isinf(errors.models[0]).all()
    np.testing.assert_array_equal(errors.models[1], errors.persistence)


@pytest.mark.parametrize("measure", [free_run, forecast_errors])
@pytest.mark.parametrize("name", ["narma5", "narma10"])
def test_a_drive_cannot_be_fed_back(measure, name):
    message = (
        "`data` must predict the series that its windows show, "
        f".*'{name}', whose windows show the drive u"
    )
    with pytest.raises(ArgumentError, match=message):
        measure(last, load_series(name))
    assert np.isfinite(free_run(last, load_series(f"{name}-response"))).all()


@pytest.mark.parametrize("horizon", [0, 21, 1.0])
def test_horizons_that_cannot_be_measured(horizon):
    data = windows(NOISE)
    assert len(data.test[1]) == 19
    with pytest.raises(ArgumentError, match="`horizon` must be"):
        forecast_errors(last, data, horizon)
    with pytest.raises(ArgumentError, match="`horizon` must be at most 19"):
        forecast_errors(last, data)


def test_no_model_is_told():
    with pytest.raises(ArgumentError, match="`models` must hold at least one model"):
        free_run([], windows(NOISE))
