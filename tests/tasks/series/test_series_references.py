import numpy as np
import pytest

from diffqas.errors import ArgumentError
from diffqas.tasks.series import (
    constant,
    least_squares,
    load_series,
    persistence,
    references,
    response_persistence,
    windows,
)


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("bessel", "1.2e-08"),
        ("damped-shm", "9.5e-08"),
        ("delayed-control", "2.9e-12"),
        ("narma5", "5.42e-06"),
        ("narma10", "1.25e-05"),
    ],
)
def test_least_squares(name, published):
    digits = len(published.split("e")[0]) - 2
    assert f"{least_squares(load_series(name)):.{digits}e}" == published


@pytest.mark.parametrize(
    ("name", "hidden", "seen"), [("narma5", "3.8e-06", "5e-03"), ("narma10", "2.4e-06", "8e-03")]
)
def test_persistence_of_narma_comes_in_both_kinds(name, hidden, seen):
    data = load_series(name)
    assert f"{response_persistence(data):.1e}" == hidden
    assert f"{persistence(data):.0e}" == seen
    assert f"{persistence(load_series(name + '-response')):.1e}" == hidden
    rows = [row for row in references(data) if row.name == "persistence"]
    assert [row.sees for row in rows] == [
        "the drive u",
        "the last response, which the model can't see",
    ]


def test_a_series_that_is_seen_has_one_kind_of_persistence():
    data = load_series("bessel")
    rows = references(data)
    assert [row.name for row in rows] == ["constant", "persistence", "least squares"]
    assert [row.test_mse for row in rows] == [
        constant(data),
        persistence(data),
        least_squares(data),
    ]
    with pytest.raises(ArgumentError, match="`data` must have a response apart from its inputs"):
        response_persistence(data)


def test_references_of_a_straight_line():
    data = windows(np.arange(20.0))  # targets 4..18, of which the first 10 train
    assert persistence(data) == 1
    assert least_squares(data) == pytest.approx(0, abs=1e-20)
    assert constant(data) == pytest.approx(np.mean((np.arange(14, 19) - 8.5) ** 2))


def test_least_squares_stands_windows_without_full_rank():
    data = windows(np.tile([1.0, 2.0], 20))
    assert least_squares(data) == pytest.approx(0, abs=1e-20)
