"""Expectations by simulating the encoded states, one per input.

It serves circuits too wide for their Pauli strings.

Every qubit starts as H|0> or |0>, turned by its input: a product state. Then layers of CNOTs, an
index permutation, and one unitary per qubit, merged over neighbours, act on the states of all
inputs together.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffqas.circuits import Candidate, Cnot, SearchSpace, blind, inverse_permutation, permutation
from diffqas.simulator.autograd import BackwardOnly, Context
from diffqas.simulator.born import squared
from diffqas.simulator.kept import kept, numbers_on, picked
from diffqas.simulator.rotations import group_sizes, merge, qubit_unitaries, rotation_matrices


def state_expectations(space: SearchSpace, inputs: Tensor, angles: Tensor, outputs: int) -> Tensor:
    """<Z> of the first qubits of every candidate for every input and every set of angles.

    Args:
        space: circuits with data encoding.
        inputs: (batch, samples, n).
        angles: (batch, sets, candidates or 1, depth, n, r).
        outputs: how many qubits are read.

    Returns:
        (batch, sets, samples, candidates, outputs).
    """
    n = inputs.shape[-1]
    kinds: dict[tuple[tuple[Cnot, ...], tuple[str, ...]], list[int]] = {}
    for index, candidate in enumerate(space):
        kind = candidate.cnots(n), candidate.rotations
        kinds.setdefault(kind, []).append(index)
    signs = _signs(n, outputs, inputs.dtype, str(inputs.device))
    order, blocks = [], []
    for (cnots, rotations), members in kinds.items():
        chosen = [space[index] for index in members]
        own = angles if angles.shape[2] == 1 else picked(angles, 2, members)
        start = torch.stack([_encoded(candidate, inputs) for candidate in chosen], dim=1)
        order += members
        found = _evolved(start, qubit_unitaries(rotations, own), cnots)
        # <Z_k> = sum over basis states of probability times the value of Z_k, 1 or -1.
        blocks.append(found @ signs)
    return picked(torch.cat(blocks, dim=-2), -2, np.argsort(order).tolist())


def _encoded(candidate: Candidate, inputs: Tensor) -> Tensor:
    """States (..., 2**n) in which the inputs (..., n) are encoded; complex, real numbers for RY."""
    if blind(candidate) is not None:
        # No gradient then, and no rounding where phases would cancel.
        inputs = torch.zeros_like(inputs)
    qubits = rotation_matrices(str(candidate.encoding), inputs)
    start = [0.5**0.5, 0.5**0.5] if candidate.hadamard else [1.0, 0.0]
    # The encoded state is the product of one vector per qubit.
    vectors = qubits @ numbers_on(str(qubits.device), qubits.dtype, *start)
    state = vectors[..., 0, :]
    for q in range(1, vectors.shape[-2]):
        state = (state.unsqueeze(-1) * vectors[..., q, :].unsqueeze(-2)).flatten(-2)
    if state.is_complex():
        return state
    return torch.complex(state, torch.zeros_like(state))


def _evolved(start: Tensor, unitaries: Tensor, cnots: tuple[Cnot, ...]) -> Tensor:
    """Probabilities (batch, sets, samples, candidates, 2**n) of circuits that share their CNOTs.

    Start states are complex (batch, candidates, samples, 2**n); unitaries are
    (batch, sets, candidates or 1, depth, n, 2, 2).
    """
    batch, count, samples, size = start.shape
    sets, own, depth, n = unitaries.shape[1:5]
    state = start.movedim(3, 2)
    if not unitaries.is_complex():  # a real circuit acts on real and imaginary parts alike
        state = torch.view_as_real(state).flatten(3)
    if own == 1:  # one circuit for all candidates: their states stand side by side
        state = state.transpose(1, 2).flatten(2).unsqueeze(1)
    # One circuit per row, its states as columns: a layer is then one product for all inputs.
    width = state.shape[-1]
    state = state.unsqueeze(1).expand(batch, sets, own, size, width).reshape(-1, size, width)
    layers = unitaries.flatten(0, 2)
    groups = [merge(group) for group in layers.split(group_sizes(n), dim=2)]
    for layer in range(depth):
        state = _permuted(state, cnots, n)
        rest = size * width
        for matrices in groups:
            # (.., axes before, the group's axes, axes behind): the group's matrix acts in place.
            width_of_group = matrices.shape[-1]
            rest //= width_of_group
            split = state.reshape(len(state), -1, width_of_group, rest)
            state = matrices[:, layer].unsqueeze(1) @ split
    state = state.reshape(batch, sets, own, size, count // own, -1)
    parts = squared(state).reshape(batch, sets, own, size, count // own, samples, -1).sum(-1)
    return parts.permute(0, 1, 5, 2, 4, 3).reshape(batch, sets, samples, count, size)


def _permuted(state: Tensor, cnots: tuple[Cnot, ...], n: int) -> Tensor:
    enter, leave = _indices(cnots, n, str(state.device))
    return _Gather.apply(state.reshape(len(state), 2**n, -1), enter, leave)


class _Gather(BackwardOnly):
    """A permutation of the basis states; the gradient is a gather again, by the inverse."""

    generate_vmap_rule = True

    @staticmethod
    def forward(state: Tensor, enter: Tensor, leave: Tensor) -> Tensor:
        return state.index_select(1, enter)

    @staticmethod
    def setup_context(ctx: Context, inputs: tuple[Tensor, Tensor, Tensor], output: Tensor) -> None:
        _, enter, leave = inputs
        ctx.save_for_backward(leave, enter)

    @staticmethod
    def backward(ctx: Context, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        # A permutation matrix is orthogonal: its transpose, which pulls back, is its inverse.
        pulled = _Gather.apply(upstream[0], *ctx.saved_tensors)
        assert isinstance(pulled, Tensor)
        return pulled, None, None


@kept(maxsize=32)
def _indices(cnots: tuple[Cnot, ...], n: int, device: str) -> tuple[Tensor, Tensor]:
    enter, leave = inverse_permutation(cnots, n), permutation(cnots, n)
    # Copies: the arrays are read-only, which torch's tensors can't be.
    return _index(enter, device), _index(leave, device)


def _index(array: NDArray[np.int64], device: str) -> Tensor:
    return torch.from_numpy(array.copy()).to(device)


@kept(maxsize=32)
def _signs(n: int, outputs: int, dtype: torch.dtype, device: str) -> Tensor:
    """(2**n, outputs): the value of Z of each of the first qubits in each basis state."""
    bits = torch.arange(2**n)[:, None] >> torch.arange(n - 1, n - 1 - outputs, -1) & 1
    return (1 - 2 * bits).to(device, dtype)
