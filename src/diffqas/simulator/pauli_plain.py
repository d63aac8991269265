"""The plane rotations of `pauli_plan` in plain torch, on any device.

The programs of a part go step by step together.

What a part holds is (slots, circuits): the slots of all its outputs below each other, one column
per circuit, that is per entry of the batch and, with angles of their own, per candidate.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from diffqas.simulator.kept import kept
from diffqas.simulator.pauli_plan import Plan, Size, pauli_plan


class Part(NamedTuple):
    """One part of a plan, for all outputs at once."""

    members: Tensor
    starts: Tensor
    """Slots that begin with 1."""
    slots: int
    steps: list[tuple[int, Tensor]]
    """Angle and slots, all p before all q."""
    rows: Tensor
    """Slots that are read."""
    columns: Tensor
    """Whose they are, counted among the members."""
    places: Tensor
    """(candidate, output, feature) of each, in one number."""
    signs: Tensor


def coefficients(size: Size, angles: Tensor, weights: Tensor, output: Tensor) -> None:
    """Coefficients as the compiled function of this name gives them, on any device.

    Angles are (batch, candidates or 1, depth * n * r).
    """
    flat = output.view(len(output), -1)
    for part in parts(size, str(angles.device)):
        held, _, _ = _evolved(part, angles)
        flat.index_add_(
            1, _wrapped(part.places, flat), _read(part, held, angles) * _weights(part, weights)
        )


def gradients(
    size: Size, angles: Tensor, weights: Tensor, upstream: Tensor
) -> tuple[Tensor, Tensor]:
    """Gradients of angles and weights, given that of the output."""
    to_angles, to_weights = torch.zeros_like(angles), torch.zeros_like(weights)
    flat = upstream.reshape(len(upstream), -1)
    for part in parts(size, str(angles.device)):
        held, cos, sin = _evolved(part, angles)
        above = flat[:, _wrapped(part.places, flat)]
        own = part.members[part.columns]
        to_weights.index_add_(1, own, _read(part, held, angles) * above)
        cotangents = (above * _weights(part, weights) * part.signs.to(above.dtype)).t()
        count = held.shape[1] // len(angles)
        back = held.new_zeros(len(held), count, len(angles))
        back.view(-1, len(angles)).index_add_(0, _places(part, count), cotangents)
        turned = _undone(part, held, back.view(held.shape), cos, sin)
        per_candidate = turned.view(-1, count, len(angles)).permute(2, 1, 0)
        where = part.members if angles.shape[1] > 1 else part.members.new_zeros(1)
        to_angles.index_add_(1, where, per_candidate)
    return to_angles, to_weights


def _evolved(part: Part, angles: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Final slots (slots, circuits), cosines and sines (angles, circuits).

    The circuits run over (candidate, batch).
    """
    own = angles if angles.shape[1] == 1 else angles[:, part.members]
    columns = own.permute(2, 1, 0).flatten(1)
    cos, sin = columns.cos(), columns.sin()
    held = columns.new_zeros(part.slots, columns.shape[1])
    held.index_fill_(0, part.starts, 1)
    for angle, slots in part.steps:
        held.index_copy_(0, slots, _turned(held.index_select(0, slots), cos[angle], sin[angle]))
    return held, cos, sin


def _undone(part: Part, held: Tensor, back: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Walk back to the start on slots and cotangents together; gradients (angles, circuits)."""
    turned = torch.zeros_like(cos)
    both = torch.stack((held, back), dim=1)
    for angle, slots in reversed(part.steps):
        pairs = both.index_select(0, slots)
        p, q = pairs.unflatten(0, (2, -1))
        # With p, q behind the rotation and to_p, to_q their cotangents: d(p, q)/d angle = (q, -p),
        # so the angle's gradient is sum(to_p q - to_q p). Index 0 holds slots, 1 cotangents.
        turned[angle] = (p[:, 1] * q[:, 0] - q[:, 1] * p[:, 0]).sum(0)
        both.index_copy_(0, slots, _turned(pairs, cos[angle], -sin[angle]))
    return turned


def _turned(pairs: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """All p, then all q: p, q become cos p + sin q, cos q - sin p."""
    half = len(pairs) // 2
    result = pairs * cos
    result[:half].addcmul_(pairs[half:], sin)
    result[half:].addcmul_(pairs[:half], sin, value=-1)
    return result


def _read(part: Part, held: Tensor, angles: Tensor) -> Tensor:
    """Coefficients (batch, reads)."""
    count = held.shape[1] // len(angles)
    found = held.view(-1, len(angles)).index_select(0, _places(part, count))
    return found.t() * part.signs.to(held.dtype)


def _places(part: Part, count: int) -> Tensor:
    """Where the reads stand among (slots, candidates)."""
    if count == 1:  # shared angles: all candidates read the same
        return part.rows
    return part.rows * count + part.columns


def _weights(part: Part, weights: Tensor) -> Tensor:
    return weights[:, part.members[part.columns]]


def _wrapped(places: Tensor, flat: Tensor) -> Tensor:
    """Places without the candidate, where the output has one row for all candidates."""
    return places % flat.shape[1]


@kept(maxsize=32)
def parts(size: Size, device: str) -> tuple[Part, ...]:
    """The parts of a plan as tensors."""
    plan = pauli_plan(size)
    assert plan is not None
    return tuple(_part(plan, size, part, device) for part in range(len(plan.jobs)))


def _part(plan: Plan, size: Size, part: int, device: str) -> Part:
    jobs, r = plan.jobs[part], size.space.angles_per_qubit
    starts = np.cumsum([0, *jobs[:, 2]])
    turns: dict[int, list[np.ndarray]] = {}
    for offset, (first, last, _) in zip(starts, jobs, strict=False):
        for angle, start, stop in plan.steps[first:last]:
            turns.setdefault(int(angle), []).append(plan.pairs[start:stop] + offset)

    # The circuit's last rotation first. Rotations of different qubits in one layer commute, so each
    # angle turns the slots of all outputs at once.
    def order(angle: int) -> tuple[int, int, int]:
        layer, rest = divmod(angle, size.n * r)
        return -layer, rest // r, -(rest % r)

    steps = []
    for angle in sorted(turns, key=order):
        (slots,) = _tensors([np.concatenate(turns[angle]).T.ravel()], device)
        steps.append((angle, slots))
    members = np.flatnonzero(plan.part == part)
    reads = []
    for column, j in enumerate(members):
        for k in range(size.outputs):
            rows = slice(*plan.reads[j, k])
            places = (j * size.outputs + k) * 3**size.n + plan.features[rows].astype(np.int64)
            reads.append(
                (
                    starts[k] + plan.slots[rows],
                    np.full_like(places, column),
                    places,
                    plan.signs[rows],
                )
            )
    rows, columns, places, signs = _tensors(
        [np.concatenate(each) for each in zip(*reads, strict=True)], device
    )
    own, firsts = _tensors([members, starts[:-1]], device)
    return Part(own, firsts, int(starts[-1]), steps, rows, columns, places, signs)


def _tensors(arrays: Iterable[np.ndarray], device: str) -> list[Tensor]:
    return [torch.from_numpy(array.astype(np.int64)).to(device) for array in arrays]
