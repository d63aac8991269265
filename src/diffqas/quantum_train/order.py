"""Which basis state writes which weight."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

ORDERS = ("index", "shuffled")

_ODD = (0x9E3779B1, 0x85EBCA77)
"""Odd factors are one-to-one modulo a power of two; these have well mixed bits (2**32 / the golden ratio, a prime)."""


def basis_states(order: str, n: int, count: int) -> Tensor:
    """The basis states that write the first `count` weights, or chunks of them, (count,), all different.

    Neighbouring indices share most of their bits, and so, often, their probabilities: in the order of the index
    neighbouring weights are alike. `"shuffled"` takes the states in a fixed order that looks random, the same for
    every seed and on every machine.

    >>> basis_states("index", 3, 5).tolist(), basis_states("shuffled", 3, 8).tolist()
    ([0, 1, 2, 3, 4], [0, 6, 7, 4, 3, 5, 1, 2])
    """
    states = torch.arange(count)
    if order == "shuffled":
        for odd in _ODD:
            states = states * odd & (2**n - 1)
            states = states ^ (states >> (n + 1) // 2)
    return states


class Reordered(torch.autograd.Function):
    """The rows (..., states, chunk) in another order.

    As `index_select` with all of them, whose derivative adds up where this one, being one-to-one, only puts back: at 17
    qubits that is a tenth of a training step. Derivatives forward, of higher order and under vmap exist too.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(rows: Tensor, states: Tensor, places: Tensor) -> Tensor:
        """Row i of the result is row states[i]; row j of `rows` comes to places[j]."""
        return rows.index_select(-2, states)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        """Keep the permutation."""
        ctx.save_for_backward(*inputs[1:])
        ctx.save_for_forward(*inputs[1:])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        """Back to their places."""
        states, places = ctx.saved_tensors
        return reordered(gradients[0], places, states), None, None

    @staticmethod
    def jvp(ctx: Any, *tangents: Tensor) -> Tensor:
        """As the values."""
        return reordered(tangents[0], *ctx.saved_tensors)


def reordered(rows: Tensor, states: Tensor, places: Tensor) -> Tensor:
    """Rows (..., states, chunk) by a permutation `states` and its inverse `places`."""
    result = Reordered.apply(rows, states, places)
    assert isinstance(result, Tensor)
    return result
