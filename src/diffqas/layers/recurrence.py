"""The recurrence of the quantum LSTM over a sequence, for one network or for several at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

State = tuple[Tensor, Tensor]
Gates = Callable[[Tensor], Tensor]
"""The four gates as functions of v, as of `GateCircuits.forward`."""

SQUASHES: dict[str, Callable[[Tensor], Tensor]] = {"none": lambda v: v, "arctan": torch.atan}
"""What makes angles, in radians, of v."""


def unroll(
    layers: Iterable[Callable[[], Gates]], x: Tensor, state: State, squash: str
) -> tuple[Tensor, State]:
    """Run layers on top of each other over a sequence, each reading the outputs of the one below.

    Args:
        layers: what gives each layer's gates as functions of v (`GateCircuits`); of stacked ones
            every shape below starts with their leading dimension.
        x: (batch, time, size).
        state: h and c before the first moment, (layers, batch, hidden) each: the layers come first
            in any case.
        squash: key of `SQUASHES`.

    Returns:
        h of the last layer at every moment, (batch, time, hidden), and h and c of every layer after
        the last.
    """
    last: list[State] = []
    for layer, h, c in zip(layers, *(part.unbind() for part in state), strict=True):
        gates, moments = layer(), []
        for moment in x.unbind(-2):
            h, c = _step(gates, SQUASHES[squash](torch.cat((moment, h), -1)), c)
            moments.append(h)
        x = torch.stack(moments, -2)
        last.append((h, c))
    h, c = (torch.stack(parts) for parts in zip(*last, strict=True))
    return x, (h, c)


def _step(gates: Gates, v: Tensor, c: Tensor) -> State:
    """One moment: f, i, o = sigmoid(QNN(v)), g = tanh(QNN(v)), c' = f c + i g, h' = o tanh(c')."""
    sigmoids, cell = gates(v.unsqueeze(-3)).split((3, 1), -3)
    f, i, o = torch.sigmoid(sigmoids).unbind(-3)
    c = f * c + i * torch.tanh(cell.squeeze(-3))
    return o * torch.tanh(c), c
