"""Numbers that the host decides anew for every step, such as a learning rate."""

from __future__ import annotations

from typing import TypeAlias

import torch
from torch import Tensor

from diffqas.optim.graphs import records

Number: TypeAlias = float | Tensor
"""A number, or a tensor () in float64 on the device."""


class HostNumbers:
    """The host's numbers of the present step, in the form in which the step reads them.

    On the CPU they are numbers of Python. A recorded step would keep the values from the recording,
    so on a card they are in its memory, always in the same place.

    >>> HostNumbers(2, torch.device("cpu"))(0.5, 2.0)
    (0.5, 2.0)
    """

    def __init__(self, count: int, device: torch.device) -> None:
        self._places: tuple[Tensor, ...] = ()
        if records(device):
            self._places = tuple(torch.zeros(count, dtype=torch.float64, device=device))

    def __call__(self, *numbers: float) -> tuple[Number, ...]:
        """The numbers as the step gets them."""
        for place, number in zip(self._places, numbers, strict=False):
            # An argument of a kernel, not a copy from the host's memory.
            place.fill_(number)
        return self._places or numbers
