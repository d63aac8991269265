"""Which basis state writes which weight."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from diffqas.errors import choose
from diffqas.quantum_train.anchor import normals
from diffqas.simulator import Context

ORDERS = ("index", "shuffled", "signed")

_ODD = (0x9E3779B1, 0x85EBCA77)
"""Odd factors are one-to-one modulo a power of two; these have well mixed bits (2**32 / the golden
ratio, a prime).
"""

_SIGNS = 2
"""Seed of the signs: all models have the same, as they have the same order."""


class Order(nn.Module):
    """Put weights (..., 2**n * chunk) from the order of their basis states into another order.

    Neighbouring basis states share most of their bits, and often have similar probabilities. So in
    the order `"index"` neighbouring weights are alike. `"shuffled"` is a fixed order that looks
    random, the same for every seed and on every machine.

    `"signed"` is the shuffled order with a fixed sign for every basis state. Without signs some
    numbers (a bias, or the structural weights, as probabilities are positive) move all weights of a
    network up or down together. This changes a network's outputs more than anything else, because a
    layer's inputs are often positive and add up. With signs no number does this.

    Args:
        name: one of `ORDERS`.
        n: the number of qubits.

    Raises:
        ArgumentError: an unknown name.

    >>> Order("shuffled", 3)(torch.arange(16.0), chunk=2).tolist()[:6]
    [0.0, 1.0, 12.0, 13.0, 14.0, 15.0]
    """

    states: Tensor
    places: Tensor
    signs: Tensor

    def __init__(self, name: str, n: int) -> None:
        super().__init__()
        self.name = choose(name, ORDERS, "order")
        if name != "index":
            states = shuffled_states(n)
            self.register_buffer("states", states, persistent=False)
            self.register_buffer("places", states.argsort(), persistent=False)
        if name == "signed":
            signs = normals(_SIGNS, 2**n).sign().to(torch.get_default_dtype())
            self.register_buffer("signs", signs.unsqueeze(-1), persistent=False)

    def forward(self, weights: Tensor, chunk: int) -> Tensor:
        """The chunks of all basis states in this order, each as it is or with its sign."""
        if self.name == "index":
            return weights
        chunks = reordered(weights.unflatten(-1, (-1, chunk)), self.states, self.places)
        if self.name == "signed":
            chunks = chunks * self.signs
        return chunks.flatten(-2)

    def extra_repr(self) -> str:
        """Line shown by print(model)."""
        return self.name


def shuffled_states(n: int) -> Tensor:
    """A permutation of 0 .. 2**n - 1.

    >>> shuffled_states(3).tolist()
    [0, 6, 7, 4, 3, 5, 1, 2]
    """
    # Odd factors are invertible modulo 2**n, and x ^ (x >> k) is invertible: each round is a
    # permutation, and needs no generator that could change between versions.
    states = torch.arange(2**n)
    for odd in _ODD:
        states = (states * odd) & (2**n - 1)
        states = states ^ (states >> ((n + 1) // 2))
    return states


class Reordered(torch.autograd.Function):
    """The rows (..., states, chunk) in another order.

    As `index_select` with all of them, whose derivative adds up where this one, being one-to-one,
    only puts back: at 17 qubits that is a tenth of a training step. Derivatives forward, of higher
    order and under vmap exist too.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(rows: Tensor, states: Tensor, places: Tensor) -> Tensor:
        """Row i of the result is row states[i]; row j of `rows` comes to places[j]."""
        return rows.index_select(-2, states)

    @staticmethod
    def setup_context(ctx: Context, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        """Keep the permutation."""
        ctx.save_for_backward(*inputs[1:])
        ctx.save_for_forward(*inputs[1:])

    @staticmethod
    def backward(ctx: Context, *gradients: Tensor) -> tuple[Tensor, None, None]:
        """Back to their places."""
        states, places = ctx.saved_tensors
        return reordered(gradients[0], places, states), None, None

    @staticmethod
    def jvp(ctx: Context, *tangents: Tensor) -> Tensor:
        """Tangents are put in order as the values are."""
        return reordered(tangents[0], *ctx.saved_tensors)


def reordered(rows: Tensor, states: Tensor, places: Tensor) -> Tensor:
    """Rows (..., states, chunk) by a permutation `states` and its inverse `places`."""
    result = Reordered.apply(rows, states, places)
    assert isinstance(result, Tensor)
    return result
