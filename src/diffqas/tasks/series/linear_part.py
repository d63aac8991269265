"""The linear part of a prediction: ridge regression, its penalty chosen by leaving one out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diffqas.tasks.series.series_data import Floats

PENALTIES = np.concatenate([[0.0], np.logspace(-12, 2, 57)])
"""Candidates, relative to the square of the largest singular value."""


@dataclass(frozen=True, eq=False)
class LinearPart:
    """The function ``intercept + features @ coefficients``.

    Attributes:
        intercept: a number.
        coefficients: (features,).
    """

    intercept: float
    coefficients: Floats

    def __call__(self, features: Floats) -> Floats:
        """Predictions (count,) of features (count, ...), flattened behind the first dimension."""
        return self.intercept + features.reshape(len(features), -1) @ self.coefficients


def ridge(features: Floats, targets: Floats) -> LinearPart:
    """The ridge regression whose leave-one-out error is the smallest.

    With the singular values s of the centred features and their left vectors U, the fit of the
    penalty a is ``mean + U f U^T (y - mean)`` with ``f = s^2 / (s^2 + a)``. Leaving sample i out
    changes its residual to ``(y_i - fit_i) / (1 - h_i)`` with the leverage ``h_i = 1/n + sum_j
    U_ij^2 f_j`` (PRESS), so that no fit is made twice.

    Args:
        features: (count, ...), flattened behind the first dimension.
        targets: (count,).

    >>> line = ridge(np.arange(6.0)[:, None], 3.0 * np.arange(6.0) + 2.0)
    >>> round(line.intercept, 6), line.coefficients.round(6)
    (2.0, array([3.]))
    """
    flat = features.reshape(len(features), -1)
    centre, mean = flat.mean(axis=0), float(targets.mean())
    left, sizes, right = np.linalg.svd(flat - centre, full_matrices=False)
    squares = sizes**2
    largest = float(squares.max(initial=0.0))
    if largest == 0.0:
        return LinearPart(mean, np.zeros(flat.shape[1]))
    # Directions that rounding alone made have no say, whatever the penalty is.
    seen = squares > largest * (np.finfo(np.float64).eps * max(flat.shape)) ** 2
    left, sizes, right, squares = left[:, seen], sizes[seen], right[seen], squares[seen]
    projected = left.T @ (targets - mean)
    best_error, best = np.inf, squares + largest
    for penalty in PENALTIES:
        damped = squares + penalty * largest
        filtered = squares / damped
        fit = mean + left @ (filtered * projected)
        leverage = 1 / len(flat) + (left**2 * filtered).sum(axis=1)
        # A sample that decides its own fit alone cannot be left out.
        free = np.maximum(1 - leverage, 1e-9)
        error = float(np.mean(((targets - fit) / free) ** 2))
        if error < best_error:
            best_error, best = error, damped
    coefficients = right.T @ (sizes / best * projected)
    return LinearPart(mean - float(centre @ coefficients), coefficients)
