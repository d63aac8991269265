"""The products of cosines and sines of inputs that outputs of small circuits are made of.

An output is a sum of few strings (`diffqas.simulator.pauli_plan`), each of which shows one product
of factors 1, cos or sin of the inputs. Where every sample has angles of its own, no two samples
share coefficients, and only the products that occur are worth computing: each is an earlier one
times one factor.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffqas.simulator.pauli_plan import Plan, Size, pauli_plan


class Monomials(NamedTuple):
    """Products in an order in which each comes behind the one that it is made of."""

    parents: NDArray[np.int64]
    """The product that each is made of; the first one is 1 and made of none."""
    factors: NDArray[np.int64]
    """The factor beside it: q for cos of input q, n + q for its sine."""
    reads: NDArray[np.int64]
    """The product that each row of `Plan.slots` shows."""


@lru_cache(maxsize=32)
def monomials_of(size: Size) -> Monomials:
    """The products of a size that has a plan."""
    plan = pauli_plan(size)
    assert plan is not None
    return _monomials(plan, size.n)


def _monomials(plan: Plan, n: int) -> Monomials:
    places: dict[tuple[int, ...], int] = {(): 0}
    parents, factors = [0], [0]
    reads: list[int] = []
    for feature in plan.features.tolist():
        product: tuple[int, ...] = ()
        for q in range(n):
            # The factors are the digits of base three, qubit 0 the highest: 1, cos, sin.
            digit = feature // 3 ** (n - 1 - q) % 3
            if digit == 0:
                continue
            factor = q if digit == 1 else n + q
            parent = places[product]
            product = (*product, factor)
            if product not in places:
                places[product] = len(parents)
                parents.append(parent)
                factors.append(factor)
        reads.append(places[product])
    return Monomials(*(np.array(column, np.int64) for column in (parents, factors, reads)))


def arithmetic(size: Size) -> int:
    """Operations on a sample, about: rotations, products and strings that are read."""
    plan = pauli_plan(size)
    assert plan is not None
    return 4 * len(plan.pairs) + 2 * len(monomials_of(size).parents) + 2 * len(plan.slots)
