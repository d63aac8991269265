"""Neighbouring gates as one: few products with small matrices in place of many with tiny ones."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from diffqas.simulator.axes import Axes

WIDEST = 4
"""The most qubits of a block, chosen for the least time on a CPU."""


class Block(NamedTuple):
    """Gates that become one matrix.

    Attributes:
        qubits: that it acts on, rising.
        members: places of its gates in their list, in the order in which they act.
    """

    qubits: tuple[int, ...]
    members: tuple[int, ...]


@lru_cache(maxsize=256)
def blocks(gates: tuple[tuple[int, ...], ...], widest: int = WIDEST) -> tuple[Block, ...]:
    """Sort gates, given by their qubits, into blocks of at most `widest` qubits.

    A single gate may have more qubits.

    A gate may enter any block behind which no block shares a qubit with it.

    >>> blocks(((0,), (1,), (0, 1), (1, 2), (2,)), 2)
    (Block(qubits=(0, 1), members=(0, 1, 2)), Block(qubits=(1, 2), members=(3, 4)))
    """
    found: list[tuple[set[int], list[int]]] = []
    for place, qubits in enumerate(gates):
        shared = [index for index, (held, _) in enumerate(found) if not held.isdisjoint(qubits)]
        # Gates on disjoint qubits commute, so a gate may move to the front past every block that
        # shares no qubit with it, and into the last one that does. The first with room takes it.
        earliest = shared[-1] if shared else 0
        for held, members in found[earliest:]:
            if len(held.union(qubits)) <= widest:
                held.update(qubits)
                members.append(place)
                break
        else:
            found.append((set(qubits), [place]))
    return tuple(Block(tuple(sorted(held)), tuple(members)) for held, members in found)


def merged(block: Block, gates: Sequence[tuple[int, ...]], matrices: Sequence[Tensor]) -> Tensor:
    """Product of a block's gates: (batch or 1, depth or 1, 2**k, 2**k) each, and so the result."""
    # The identity's columns, each sent through the gates, are the columns of their product.
    size = 2 ** len(block.qubits)
    like = matrices[block.members[0]]
    state = Axes(torch.eye(size, dtype=like.dtype, device=like.device)[None, None], block.qubits)
    for place in block.members:
        state.apply(matrices[place], gates[place])
    return state.in_order()
