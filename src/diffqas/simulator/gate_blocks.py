"""The matrices of a list of gates, neighbouring gates merged into blocks of a few qubits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from diffqas.circuits import Angle, Gate, InputSlot, Slot
from diffqas.simulator.fusion import blocks, merged
from diffqas.simulator.gate_matrices import fixed_matrix, turning_matrices
from diffqas.simulator.kept import index_on, kept, numbers_on


def block_matrices(
    gates: Sequence[Gate], angles: Tensor
) -> tuple[tuple[tuple[int, ...], ...], list[Tensor]]:
    """Blocks of the gates: their qubits, and matrices (batch or 1, depth or 1, 2**k, 2**k).

    Args:
        gates: of one layer, or of one upload of the data.
        angles: (batch, depth, n, r); of gates that encode data the inputs (batch, uploads, n, 1).
    """
    places, matrices = tuple(gate.qubits for gate in gates), _matrices(gates, angles)
    found = blocks(places)
    return tuple(block.qubits for block in found), [
        merged(block, places, matrices) for block in found
    ]


def _matrices(gates: Sequence[Gate], angles: Tensor) -> list[Tensor]:
    """Matrices of each gate, (batch or 1, depth or 1, 2**k, 2**k).

    Turning gates of one name are computed together.
    """
    # One call for all gates of a name: small matrices cost by the call, not by their size.
    result: list[Tensor | None] = [None] * len(gates)
    turning: dict[str, list[int]] = {}
    for place, gate in enumerate(gates):
        if gate.learned or gate.encodes:
            turning.setdefault(gate.name, []).append(place)
        else:
            result[place] = _constant(gate, angles.dtype, str(angles.device))
    for name, places in turning.items():
        slots = tuple(_slot(angle) for place in places for angle in gates[place].angles)
        chosen = _chosen(slots, angles.shape[-1], angles.dtype, str(angles.device))
        own = angles.flatten(-2).index_select(-1, chosen.places)
        per_gate = (own * chosen.factors + chosen.offsets).unflatten(-1, (len(places), -1))
        together = turning_matrices(name, per_gate)
        for place, matrices in zip(places, together.unbind(2), strict=True):
            result[place] = matrices
    return [matrices for matrices in result if matrices is not None]


def _slot(angle: Angle) -> Slot:
    """The slot of any angle among those of a qubit."""
    if isinstance(angle, Slot):
        return angle
    if isinstance(angle, InputSlot):
        return Slot(angle.index, 0, angle.factor, angle.offset)
    # A fixed angle beside a learned one: an angle times 0, and an offset.
    return Slot(0, 0, factor=0.0, offset=float(angle))


class _Slots(NamedTuple):
    """Where angles stand among (n, r), flattened, and what becomes of them."""

    places: Tensor
    factors: Tensor
    offsets: Tensor


@kept(maxsize=256)
def _chosen(slots: tuple[Slot, ...], r: int, dtype: torch.dtype, device: str) -> _Slots:
    """Kept on the device: a copy from the host in every step would make it wait."""
    return _Slots(
        index_on(device, *(slot.qubit * r + slot.index for slot in slots)),
        numbers_on(device, dtype, *(slot.factor for slot in slots)),
        numbers_on(device, dtype, *(slot.offset for slot in slots)),
    )


@kept(maxsize=256)
def _constant(gate: Gate, dtype: torch.dtype, device: str) -> Tensor:
    """Matrix (1, 1, 2**k, 2**k) of a gate whose angles, if it has some, are fixed numbers."""
    like = torch.empty(0, dtype=dtype, device=device)
    if gate.angle is None:
        return fixed_matrix(gate.name, like)[None, None]
    numbers = [_slot(angle).offset for angle in gate.angles]
    return turning_matrices(gate.name, like.new_tensor([[numbers]]))
