"""Which basis state writes which weight."""

from __future__ import annotations

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
