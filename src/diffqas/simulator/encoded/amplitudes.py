"""Amplitudes of many circuits and samples, on their way through the gates.

Layouts. "Rows" is (circuits, B, 2**n), "columns" (circuits, 2**n, B), where the circuits are all
candidates at all sets of angles. A product M @ X^T moves the last group of qubits to the front:
after all groups of a layer, whose matrices the samples share, rows have become columns, and the
gather of the next entangler turns them back on its way. The encoding of one sample is a product
within its row, and rows stay rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffqas.simulator.encoded.plan import EncodedPlan
from diffqas.simulator.kept import kept


class Map(NamedTuple):
    """An entangling layer, or its inverse: new[s] = signs[s] * old[sources[s]]."""

    sources: Tensor
    """(1, candidates, 1, 2**n)"""
    signs: Tensor | None
    """(1, candidates, 1, 2**n)"""


class Maps(NamedTuple):
    """What the entanglers of all candidates do, and how they are undone."""

    enter: Map
    leave: Map


class Amplitudes:
    """Amplitudes that move to and fro between two places in memory.

    Allocating them anew for every gate costs page faults.
    """

    def __init__(self, rows: Tensor) -> None:
        self._full = rows.clone(memory_format=torch.contiguous_format)
        self._empty = torch.empty_like(self._full)
        self._circuits, self._samples, self._size = rows.shape
        self._are_columns = False

    def rows(self) -> Tensor:
        """The amplitudes as (circuits, B, 2**n)."""
        ordered = self._as_rows()
        if self._are_columns:
            self._empty.view(ordered.shape).copy_(ordered)
            self._swap()
            self._are_columns = False
        return self._full.view(ordered.shape)

    def entangle(self, layer: Map) -> None:
        """Apply a map to each circuit; afterwards the amplitudes are rows."""
        rows = self._as_rows().unflatten(0, (-1, layer.sources.shape[1]))
        result = self._empty.view(rows.shape)
        torch.gather(rows, 3, layer.sources.expand(rows.shape), out=result)
        if layer.signs is not None:
            result.mul_(layer.signs)
        self._swap()
        self._are_columns = False

    def turn(self, matrix: Tensor) -> Tensor:
        """Apply a matrix to the last group of qubits, and move these to the front.

        Args:
            matrix: (circuits, 2**g, 2**g), or (circuits * B, 2**g, 2**g) of rows.

        Returns:
            The amplitudes, (circuits or circuits * B, 2**g, rest).
        """
        count, size = matrix.shape[:2]
        result = self._empty.view(count, size, -1)
        torch.bmm(matrix, self._full.view(count, -1, size).mT, out=result)
        self._swap()
        return result

    def now_columns(self) -> None:
        """Say that all groups of a layer were turned by matrices which the samples share."""
        self._are_columns = True

    def _as_rows(self) -> Tensor:
        if self._are_columns:
            return self._full.view(self._circuits, self._size, self._samples).mT
        return self._full.view(self._circuits, self._samples, self._size)

    def _swap(self) -> None:
        self._full, self._empty = self._empty, self._full


def start_rows(plan: EncodedPlan, like: Tensor) -> Tensor:
    """|0..0> or |+..+> of each candidate, (candidates, 2**n)."""
    return _starts(plan, like.dtype, str(like.device))


def entangler_maps(plan: EncodedPlan, like: Tensor) -> Maps:
    """The entanglers of each candidate, on the device of `like`."""
    return _maps(plan, like.dtype, str(like.device))


@kept(maxsize=32)
def _starts(plan: EncodedPlan, dtype: torch.dtype, device: str) -> Tensor:
    starts = torch.zeros(len(plan.circuits), 2**plan.n, dtype=dtype)
    for place, circuit in enumerate(plan.circuits):
        if circuit.hadamard:
            starts[place] = 0.5 ** (plan.n / 2)
        else:
            starts[place, 0] = 1
    return starts.to(device)


@kept(maxsize=32)
def _maps(plan: EncodedPlan, dtype: torch.dtype, device: str) -> Maps:
    rows = [circuit.entangler for circuit in plan.circuits]
    sources = plan.sources[rows]
    # The map is undone by old[t] = signs[p] * new[p] with p the place where t is the source.
    back = np.argsort(sources, axis=1)

    def on_device(array: NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(array)[None, :, None].to(device)

    if plan.signs is None:
        return Maps(Map(on_device(sources), None), Map(on_device(back), None))
    signs = plan.signs[rows]
    undone = np.take_along_axis(signs, back, axis=1)
    return Maps(
        Map(on_device(sources), on_device(signs).to(dtype)),
        Map(on_device(back), on_device(undone).to(dtype)),
    )
