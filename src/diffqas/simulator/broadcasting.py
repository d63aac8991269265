"""Samples that share angles, and angles that share samples, as one batch without copies."""

from __future__ import annotations

import math

from torch import Tensor


def _kind(inputs: int, angles: int) -> str:
    """The kind of a dimension by its sizes: `sample`, `set` or `batch`."""
    if inputs == 1 and angles > 1:
        return "set"
    if angles == 1 and inputs > 1:
        return "sample"
    return "batch"


class Alignment:
    """Leading dimensions of inputs and angles that broadcast, sorted into three kinds.

    A dimension that both have is a batch; one that only the inputs have (the angles have 1 there)
    counts samples that share angles; one that only the angles have counts sets of angles that share
    samples.

    >>> align = Alignment((4, 1, 10), (3, 1))  # 4 and 10 samples, 3 sets
    >>> align.kinds
    (['sample', 'set', 'sample'], [4, 3, 10])
    """

    def __init__(self, inputs: tuple[int, ...], angles: tuple[int, ...]) -> None:
        dims = max(len(inputs), len(angles))
        self._inputs = (1,) * (dims - len(inputs)) + inputs
        self._angles = (1,) * (dims - len(angles)) + angles
        names, sizes = [], []
        for a, b in zip(self._inputs, self._angles, strict=True):
            names.append(_kind(a, b))
            sizes.append(max(a, b))
        self.kinds = names, sizes

    def _order(self) -> list[int]:
        names = self.kinds[0]
        # Batches first: what follows is one product per entry of a batch.
        order: list[int] = []
        for kind in ("batch", "set", "sample"):
            order += [i for i, name in enumerate(names) if name == kind]
        return order

    def _sizes(self, kind: str) -> list[int]:
        return [size for name, size in zip(*self.kinds, strict=True) if name == kind]

    def samples(self, inputs: Tensor) -> Tensor:
        """Inputs (..., n) as (batch, samples, n)."""
        full = inputs.reshape(*self._inputs, inputs.shape[-1])
        full = full.permute(*self._order(), -1)
        return full.reshape(math.prod(self._sizes("batch")), -1, inputs.shape[-1])

    def sets(self, angles: Tensor) -> Tensor:
        """Angles (..., a, b, c, d) as (batch, sets, a, b, c, d).

        One set of angles is the last four dimensions.
        """
        full = angles.reshape(*self._angles, *angles.shape[-4:])
        full = full.permute(*self._order(), -4, -3, -2, -1)
        return full.reshape(math.prod(self._sizes("batch")), -1, *angles.shape[-4:])

    def restored(self, results: Tensor) -> Tensor:
        """Results (batch, sets, samples, a, b) in the leading dimensions' order: (..., a, b)."""
        order = self._order()
        full = results.reshape(*(self.kinds[1][i] for i in order), *results.shape[-2:])
        back = sorted(range(len(order)), key=order.__getitem__)
        return full.permute(*back, -2, -1)
