"""Circuits as one autograd function whose memory does not grow with depth.

A layer is a permutation of the basis states (its CNOTs) followed by one 2x2 unitary per qubit. The
unitaries of a few neighbouring qubits are merged into one matrix and applied by a matrix product.
The backward pass undoes each layer and stores none of them: the adjoint of a layer is its inverse,
so state and cotangent go back through the circuit together.

There are two layouts, "rows" (batch, columns, 2**n) and "columns" (batch, 2**n, columns). The
columns of a batch entry are states that share their unitaries: candidates that differ only in
entangler or start. A matrix product M @ X^T moves the group of qubits that it acts on to the front.
After all groups, of which the last one comes first, rows have become columns. The gather of the
next layer turns columns into rows again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
import torch
from torch import Tensor

from diffqas.circuits import Cnot, inverse_permutation, permutation
from diffqas.simulator.autograd import BackwardOnly, Context, Dims, MapInfo, once_only
from diffqas.simulator.cotangents import fold, mapped
from diffqas.simulator.kept import kept
from diffqas.simulator.rotations import group_sizes, merge

Columns: TypeAlias = tuple[tuple[Cnot, ...], ...]
"""The CNOTs that each column's layers begin with."""


def evolve(unitaries: Tensor, layers: Sequence[tuple[Cnot, ...]], start: Tensor) -> Tensor:
    """Final states of circuits that share their unitaries.

    Args:
        unitaries: (batch, depth, n, 2, 2), real or complex. They must be unitary, as the backward
            pass relies on it.
        layers: for each column the CNOTs with which its layers begin.
        start: (batch or 1, 2**n, columns), the start states in the dtype of `unitaries`.

    Returns:
        Amplitudes (batch, 2**n, columns), differentiable once in `unitaries`.
    """
    return _Evolution.apply(unitaries, tuple(layers), start)


class _EvolutionContext(Context, Protocol):
    layers: Columns


class _Evolution(BackwardOnly):
    @staticmethod
    def forward(unitaries: Tensor, layers: Columns, start: Tensor) -> Tensor:
        batch, _, n = unitaries.shape[:3]
        enter, _ = gather_indices(layers, n, str(unitaries.device))
        buffers = _Buffers(start.flatten(1).repeat(batch // len(start), 1))
        for matrices in _merged(unitaries):
            buffers.gather(enter)
            for matrix in matrices:
                buffers.rotate(matrix)
        return buffers.full.view(batch, 2**n, len(layers))

    @staticmethod
    def setup_context(
        ctx: _EvolutionContext, inputs: tuple[Tensor, Columns, Tensor], output: Tensor
    ) -> None:
        unitaries, ctx.layers, _ = inputs
        ctx.save_for_backward(unitaries, output)

    @staticmethod
    def vmap(info: MapInfo, in_dims: Dims, *args: Any) -> tuple[Tensor, int]:
        unitaries, layers, start = args
        many, starts = fold(info.batch_size, (in_dims[0], in_dims[2]), (unitaries, start))
        results = _Evolution.apply(many, layers, starts)
        assert isinstance(results, Tensor)
        return results.unflatten(0, (info.batch_size, -1)), 0

    @staticmethod
    def backward(ctx: _EvolutionContext, *cotangents: Tensor) -> tuple[Tensor, None, None]:
        unitaries, output = ctx.saved_tensors
        gradients = _undone(ctx.layers, unitaries, output, cotangents[0].unsqueeze(1))
        return gradients.squeeze(1), None, None


class _Undone(BackwardOnly):
    """The gradients of `evolve`, (batch, m, depth, n, 2, 2), as a function of m cotangents.

    The cotangents are (batch, m, 2**n, columns).

    It has no derivative of its own.
    """

    @staticmethod
    def forward(layers: Columns, unitaries: Tensor, output: Tensor, cotangents: Tensor) -> Tensor:
        batch, depth, n = unitaries.shape[:3]
        m = cotangents.shape[1]
        _, leave = gather_indices(layers, n, str(unitaries.device))
        # The state x and its cotangents y walk back together, as 1 + m neighbours in one batch.
        together = torch.cat((output.unsqueeze(1), cotangents), dim=1)
        buffers = _Buffers(together.transpose(2, 3).reshape(batch * (1 + m), -1))
        groups = [2**g for g in reversed(group_sizes(n))]
        correlations = [unitaries.new_empty(depth, batch, m * size, size) for size in groups]
        undo = _merged(unitaries, adjoints=1 + m)
        for layer in range(depth - 1, -1, -1):
            # A layer begins with its CNOTs: those of the layer above are undone first.
            if layer < depth - 1:
                buffers.gather(leave)
            for matrix, correlation in zip(undo[layer], correlations, strict=True):
                size = matrix.shape[1]
                x, y = (
                    buffers.rotate(matrix)
                    .view(batch, (1 + m) * size, -1)
                    .split((size, m * size), dim=1)
                )
                torch.bmm(y, x.mH, out=correlation[layer])
        # Those of single qubits are partial traces of a group's. They may be taken while other
        # groups of the layer are not undone yet: unitaries of other qubits cancel in the trace.
        parts = [reduced(group.unflatten(2, (m, -1))) for group in reversed(correlations)]
        pairs = torch.cat(parts, dim=3).movedim(0, 2)
        # y = U x per qubit: dL/dU = sum lambda_y x* = U sum lambda_x x*.
        return unitaries.unsqueeze(1) @ pairs

    @staticmethod
    def setup_context(
        ctx: Context, inputs: tuple[Columns, Tensor, Tensor, Tensor], output: Tensor
    ) -> None:
        pass

    @staticmethod
    def vmap(info: MapInfo, in_dims: Dims, *args: Any) -> tuple[Tensor, int]:
        layers, *tensors = args

        def gradients(_: bool, *tensors: Tensor) -> tuple[Tensor]:
            return (_undone(layers, *tensors),)

        (result,), dim = mapped(gradients, True, info.batch_size, in_dims[1:], *tensors)
        return result, dim

    @staticmethod
    def backward(ctx: Context, *_: Tensor) -> None:
        raise once_only("Probabilities and mixtures")


def _undone(layers: Columns, *tensors: Tensor) -> Tensor:
    found = _Undone.apply(layers, *tensors)
    assert isinstance(found, Tensor)
    return found


class _Buffers:
    """Amplitudes (batch, columns * 2**n) that move to and fro between two places in memory.

    Allocating them anew in every layer costs page faults, and leaves holes that the heap grows
    around.
    """

    def __init__(self, full: Tensor) -> None:
        self.full, self._empty = full, torch.empty_like(full)

    def gather(self, index: Tensor) -> None:
        """Permute the amplitudes of every batch entry."""
        torch.index_select(self.full, 1, index, out=self._empty)
        self._swap()

    def rotate(self, matrix: Tensor) -> Tensor:
        """Apply (batch, 2**g, 2**g) to the last g qubits, and move these to the front.

        The result is (batch, 2**g, rest).
        """
        batch, size = matrix.shape[:2]
        result = self._empty.view(batch, size, -1)
        torch.bmm(matrix, self.full.view(batch, -1, size).mT, out=result)
        self._swap()
        return result

    def _swap(self) -> None:
        self.full, self._empty = self._empty, self.full


def _merged(unitaries: Tensor, adjoints: int = 0) -> list[tuple[Tensor, ...]]:
    """Merged matrices of every layer, (batch, 2**g, 2**g) per group, the last group first.

    With `adjoints`, their inverses, so many neighbours in the batch: for a state and its
    cotangents.
    """
    groups = [
        merge(group) for group in reversed(unitaries.split(group_sizes(unitaries.shape[2]), dim=2))
    ]
    if adjoints:
        groups = [group.mH.repeat_interleave(adjoints, 0) for group in groups]
    return list(zip(*(group.unbind(1) for group in groups), strict=True))


def reduced(correlations: Tensor) -> Tensor:
    """Partial traces onto each qubit of a group: (..., 2**g, 2**g) -> (..., g, 2, 2)."""
    onto = _reduction(correlations.shape[-1], str(correlations.device)).to(correlations.dtype)
    return (correlations.flatten(-2) @ onto).unflatten(-1, (-1, 2, 2))


@kept(maxsize=32)
def _reduction(size: int, device: str) -> Tensor:
    """Matrix (size**2, 4 g) of all partial traces of a group of g qubits."""
    g = size.bit_length() - 1
    traces = np.zeros((size, size, g, 2, 2))
    for row in range(size):
        for q in range(g):
            bit = g - 1 - q
            a = row >> bit & 1
            traces[row, row, q, a, a] = traces[row, row ^ (1 << bit), q, a, 1 - a] = 1
    return torch.from_numpy(traces.reshape(size * size, 4 * g)).to(device, torch.float32)


@kept(maxsize=32)
def gather_indices(layers: Columns, n: int, device: str) -> tuple[Tensor, Tensor]:
    """Gathers that apply, and undo, the columns' permutations while turning columns into rows.

    Both read amplitudes laid out as columns, (2**n, columns), and write rows, (columns, 2**n).
    """
    enter = [inverse_permutation(pairs, n) for pairs in layers]
    leave = [permutation(pairs, n) for pairs in layers]
    column = np.arange(len(layers))[:, None]
    indices = (
        torch.from_numpy((np.stack(image) * len(layers) + column).ravel())
        for image in (enter, leave)
    )
    enter_index, leave_index = (index.to(device, torch.int32) for index in indices)
    return enter_index, leave_index
