import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from diffqas.errors import ArgumentError, DataError
from diffqas.tasks.series import bessel, damped_shm, delayed_control, narma, scale_to_unit


def test_bessel_obeys_its_integral():
    angle = (
        (np.arange(4000) + 0.5) * np.pi / 4000
    )  # the midpoint rule is exact for a periodic integrand
    x = np.linspace(2, 100, 256)[:, None]
    integral = np.cos(2 * angle - x * np.sin(angle)).mean(axis=1)
    np.testing.assert_allclose(bessel(), integral, atol=1e-13)


def test_pendulum_agrees_with_small_runge_kutta_steps():
    def slope(state):
        return np.array([state[1], -0.15 * state[1] - 9.81 * np.sin(state[0])])

    state, step, velocities = np.array([0.0, 3.0]), 20 / 239 / 40, [3.0]
    for _ in range(239):
        for _ in range(40):
            a = slope(state)
            b = slope(state + step / 2 * a)
            c = slope(state + step / 2 * b)
            d = slope(state + step * c)
            state = state + step / 6 * (a + 2 * b + 2 * c + d)
        velocities.append(state[1])
    np.testing.assert_allclose(damped_shm(), velocities, atol=1e-7)


def test_delayed_control_at_pulse_centres():
    series = delayed_control()
    for k in range(10):
        neighbours = np.exp(-40.0) * (2 - (k == 0))
        expected = (1 + neighbours) * np.exp(-2 * k / 16)
        assert series[200 + 200 * k] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("order", [1, 5, 10])
def test_narma_agrees_with_its_formula_term_by_term(order):
    drive, response = narma(order)

    def at(values, t):
        return values[t] if t >= 0 else 0.0

    t = np.arange(300)
    waves = [np.sin(2 * np.pi * f * t / 300) for f in (2.11, 3.73, 4.11)]
    np.testing.assert_allclose(drive, 0.1 * (waves[0] * waves[1] * waves[2] + 1), rtol=1e-12)
    for t in range(299):
        total = sum(at(response, t - j) for j in range(order))
        expected = (
            0.3 * response[t]
            + 0.05 * response[t] * total
            + 1.5 * at(drive, t - order + 1) * drive[t]
            + 0.1
        )
        assert response[t + 1] == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("order", [0, -1, 2.5, 21])
def test_narma_refuses_other_orders(order):
    with pytest.raises(ArgumentError, match="`order` must be an integer from 1 to 20"):
        narma(order)


@pytest.mark.parametrize("signal", [bessel, damped_shm, delayed_control])
def test_every_call_gives_a_fresh_array_of_doubles(signal):
    first, second = signal(), signal()
    assert first.dtype == np.float64
    assert not np.shares_memory(first, second)
    np.testing.assert_array_equal(first, second)


FINITE = st.floats(-1e300, 1e300)


@given(arrays.arrays(np.float64, st.integers(2, 20), elements=FINITE))
def test_scaling_fills_the_unit_range_or_refuses(series):
    try:
        scaled = scale_to_unit(series)
    except DataError:
        assert series.max() == series.min() or not np.isfinite(series.max() - series.min())
    else:
        assert scaled.min() == -1
        assert scaled.max() == 1
        assert (np.diff(scaled[np.argsort(series)]) >= 0).all()


def test_scaling_over_a_leading_part():
    scaled = scale_to_unit(np.array([2.0, 4.0, 3.0, 8.0]), over=3)
    assert scaled.tolist() == [-1.0, 1.0, 0.0, 5.0]


@pytest.mark.parametrize(
    ("series", "over", "words"),
    [
        ([1.0, 1.0, 1.0], None, "constant; there"),
        ([1.0, 1.0, 2.0], 2, "constant over its first 2 values"),
        ([1.0, np.nan], None, "NaN or infinite"),
        ([1.0, np.inf], None, "NaN or infinite"),
        ([-1.7e308, 1.7e308], None, "too widely"),
        ([0.0, 5e-324, 1e308], 2, "too widely"),
    ],
)
def test_scaling_refuses_bad_data(series, over, words):
    with pytest.raises(DataError, match=words):
        scale_to_unit(np.array(series), over)


@pytest.mark.parametrize(("shape", "over"), [((1,), None), ((3, 2), None), ((3,), 1), ((3,), 4)])
def test_scaling_refuses_bad_arguments(shape, over):
    with pytest.raises(ArgumentError):
        scale_to_unit(np.arange(np.prod(shape), dtype=float).reshape(shape), over)
