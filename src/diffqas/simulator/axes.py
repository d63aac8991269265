"""A state's axes, one per qubit, in whatever order the last gate left them."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor


class Axes:
    """Amplitudes (..., 2**k, columns) of k qubits, with two leading dimensions.

    A product of a small matrix with the axes of its qubits leaves these in front. They stay there:
    an order is put right once, at the end.
    """

    def __init__(self, full: Tensor, qubits: Iterable[int]) -> None:
        self._full, self._order = full, list(qubits)
        self._columns = full.shape[-1]

    def apply(self, matrix: Tensor, qubits: tuple[int, ...]) -> tuple[Tensor, Tensor]:
        """Apply (..., 2**q, 2**q) to so many qubits; gives (..., 2**q, rest) before and after."""
        rest = [q for q in self._order if q not in qubits]
        ordered = self._permuted([*qubits, *rest])
        before = ordered.reshape(*ordered.shape[:2], 2 ** len(qubits), -1)
        # The axes of `qubits` are now the rows of one matrix product; all others are its columns.
        self._full = matrix @ before
        return before, self._full

    def in_order(self) -> Tensor:
        """Amplitudes with the lowest qubit as most significant bit, (..., 2**k, columns)."""
        ordered = self._permuted(sorted(self._order))
        return ordered.reshape(*ordered.shape[:2], -1, self._columns)

    def _permuted(self, order: list[int]) -> Tensor:
        split = self._full.reshape(*self._full.shape[:2], *[2] * len(order), self._columns)
        axes = [2 + self._order.index(q) for q in order]
        self._order = order
        return split.permute(0, 1, *axes, -1)
