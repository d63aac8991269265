"""Amplitudes of many circuits and samples, on their way through the gates.

They stand as (circuits, 2**n, B), where the circuits are all candidates at all sets of angles. An
entangler then moves whole rows of samples, and a matrix that the samples share acts on its qubits
where they are. Where every sample has matrices of its own, as in an encoding, samples change places
with basis states for the time being.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffqas.simulator.encoded.plan import EncodedPlan
from diffqas.simulator.kept import kept

BLOCK = 2**14
"""Numbers that are transposed at once on a CPU: what its fastest caches hold."""


def transpose(numbers: Tensor, result: Tensor) -> None:
    """Write (batch, a, b) as (batch, b, a)."""
    samples = min(numbers.shape[1:])
    if numbers.device.type != "cpu" or numbers[0].numel() <= BLOCK or samples == 1:
        result.copy_(numbers.mT)
        return
    # Strides of a power of two send all numbers of a column to the same place of the caches, so
    # that each is fetched anew for every sample. Blocks stay until all samples are done.
    wide = numbers.shape[2] > numbers.shape[1]
    step = max(1, BLOCK // samples)
    for start in range(0, max(numbers.shape[1:]), step):
        part = slice(start, start + step)
        if wide:
            result[:, part].copy_(numbers[:, :, part].mT)
        else:
            result[:, :, part].copy_(numbers[:, part].mT)


def few_columns(split: Tensor) -> bool:
    """Whether matrices on (circuits, before, 2**g, rest) should not be repeated for all before."""
    return split.shape[1] > 1 and split.shape[3] < split.shape[2]


def overlaps(above: Tensor, below: Tensor) -> Tensor:
    """Sums over all other qubits and samples: twice (circuits, before, 2**g, rest) -> matrices."""
    if few_columns(below):
        rows = [each.transpose(1, 2).flatten(2) for each in (above, below)]
        return rows[0] @ rows[1].mH
    return (above @ below.mH).sum(1)


class Map(NamedTuple):
    """An entangling layer of all candidates, or its inverse: new[s] = signs[s] * old[sources[s]].

    The places s run over (candidates, 2**n).
    """

    sources: Tensor
    """(candidates * 2**n,)"""
    signs: Tensor | None
    """(candidates * 2**n, 1)"""


class Maps(NamedTuple):
    """What the entanglers of all candidates do, and how they are undone."""

    enter: Map
    leave: Map


class Amplitudes:
    """Amplitudes that move to and fro between two places in memory.

    Allocating them anew for every gate costs page faults.
    """

    def __init__(self, columns: Tensor) -> None:
        """Begin with a copy of amplitudes (circuits, 2**n, B)."""
        self._full = columns.clone(memory_format=torch.contiguous_format)
        self._empty = torch.empty_like(self._full)

    def columns(self) -> Tensor:
        """The amplitudes, (circuits, 2**n, B)."""
        return self._full

    def entangle(self, layer: Map) -> None:
        """Apply a map to each circuit."""
        places, samples = len(layer.sources), self._full.shape[2]
        full, result = (each.view(-1, places, samples) for each in (self._full, self._empty))
        torch.index_select(full, 1, layer.sources, out=result)
        if layer.signs is not None:
            result.mul_(layer.signs)
        self._swap()

    def turn(self, matrix: Tensor, before: int) -> Tensor:
        """Apply a matrix that samples share to neighbouring qubits.

        Args:
            matrix: (circuits, 2**g, 2**g).
            before: how many qubits there are before the group.

        Returns:
            The amplitudes, (circuits, 2**before, 2**g, rest).
        """
        count, size = matrix.shape[:2]
        shape = count, 2**before, size, self._full[0].numel() // (2**before * size)
        full, result = (each.view(shape) for each in (self._full, self._empty))
        if few_columns(full):
            moved = full.transpose(1, 2)
            product = matrix @ moved.reshape(count, size, -1)
            result.copy_(product.view(moved.shape).transpose(1, 2))
        else:
            # Of one circuit this repeats nothing in memory.
            repeated = matrix.unsqueeze(1).expand(-1, 2**before, -1, -1).reshape(-1, size, size)
            torch.bmm(repeated, full.flatten(0, 1), out=result.flatten(0, 1))
        self._swap()
        return result

    def turn_samples(self, matrices: Sequence[Tensor]) -> Iterator[Tensor]:
        """Apply matrices of each sample to all groups of qubits, the last group first.

        Args:
            matrices: (circuits * B, 2**g, 2**g) of each group.

        Yields:
            Behind each matrix the amplitudes, (circuits * B, 2**g, rest).
        """
        circuits, size, samples = self._full.shape
        transpose(self._full, self._empty.view(circuits, samples, size))
        self._swap()
        for matrix in matrices:
            # A product M @ X^T moves the last group to the front: after all groups, the qubits
            # are in order again.
            count, size_of_group = matrix.shape[:2]
            result = self._empty.view(count, size_of_group, -1)
            torch.bmm(matrix, self._full.view(count, -1, size_of_group).mT, out=result)
            self._swap()
            yield result
        transpose(
            self._full.view(circuits, samples, size), self._empty.view(circuits, size, samples)
        )
        self._swap()

    def _swap(self) -> None:
        self._full, self._empty = self._empty, self._full


def entangler_maps(plan: EncodedPlan, like: Tensor) -> Maps:
    """The entanglers of all candidates, on the device of `like`."""
    return _maps(plan, like.dtype, str(like.device))


@kept(maxsize=32)
def _maps(plan: EncodedPlan, dtype: torch.dtype, device: str) -> Maps:
    rows = [circuit.entangler for circuit in plan.circuits]
    first = 2**plan.n * np.arange(len(rows))[:, None]
    sources = plan.sources[rows]
    # The map is undone by old[t] = signs[p] * new[p] with p the place where t is the source.
    back = np.argsort(sources, axis=1)

    def on_device(array: NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(array.ravel()).to(device)

    enter, leave = on_device(sources + first), on_device(back + first)
    if plan.signs is None:
        return Maps(Map(enter, None), Map(leave, None))
    signs = plan.signs[rows]
    undone = np.take_along_axis(signs, back, axis=1)
    turned, returned = (on_device(each).to(dtype).unsqueeze(1) for each in (signs, undone))
    return Maps(Map(enter, turned), Map(leave, returned))
