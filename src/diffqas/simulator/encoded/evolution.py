"""Final states of encoded circuits, in memory that does not grow with depth or uploads.

All gates are unitary, so the backward pass undoes them instead of having stored what was before
them: state and cotangent walk back through the circuit together. The unitaries of a few
neighbouring qubits are merged into one matrix.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from diffqas.simulator.encoded.amplitudes import Amplitudes, Map, entangler_maps, overlaps
from diffqas.simulator.encoded.folded import Wanted, call
from diffqas.simulator.encoded.plan import EncodedPlan
from diffqas.simulator.reversible import reduced
from diffqas.simulator.rotations import group_sizes, merge

WIDEST_ENCODING = 3
"""Qubits whose encodings are merged: every sample has matrices of its own."""


def evolved(plan: EncodedPlan, starts: Tensor, encodings: Tensor, layers: Tensor) -> Tensor:
    """Final states (G, candidates, 2**n, B), differentiable once.

    Args:
        plan: of the candidates.
        starts: states behind the first upload, (G, candidates, 2**n, B).
        encodings: unitaries of the other uploads, (G, candidates, B, uploads - 1, n, 2, 2).
        layers: unitaries (G, candidates, depth, n, 2, 2).
    """
    return call(_Evolution(plan), starts, encodings, layers)


@dataclass(frozen=True)
class _Evolution:
    plan: EncodedPlan

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        """The final states."""
        starts, encodings, layers = tensors
        maps = entangler_maps(self.plan, layers)
        state = Amplitudes(starts.flatten(0, 1))
        for layer in range(self.plan.depth):
            upload = self._upload_before(layer)
            if upload is not None:
                for _ in state.turn_samples(self._encoding(encodings, upload)):
                    pass
            state.entangle(maps.enter)
            for matrix, before in self._groups(layers, layer):
                state.turn(matrix, before)
        return (state.columns().view(starts.shape),)

    def kept(self, tensors: Sequence[Tensor]) -> Sequence[Tensor]:
        """The unitaries; the starts are found again by walking back."""
        return tensors[1:]

    def backward(
        self, wanted: Wanted, kept: Sequence[Tensor], results: Sequence[Tensor], upstream: Tensor
    ) -> tuple[Tensor, ...]:
        """The gradients of starts and unitaries."""
        encodings, layers = kept
        maps = entangler_maps(self.plan, layers)
        pair = _Pair(results[0].flatten(0, 1), upstream.flatten(0, 1))
        to_layers: list[Tensor] = []
        to_encodings: list[Tensor] = []
        for layer in reversed(range(self.plan.depth)):
            found = [pair.undo(*group, wanted[2]) for group in self._groups(layers, layer)]
            to_layers.append(torch.cat(found, dim=1))
            pair.disentangle(maps.leave)
            upload = self._upload_before(layer)
            if upload is not None:
                matrices = self._encoding(encodings, upload)
                to_encodings.append(pair.undo_samples(matrices, wanted[1]))
        gradients = []
        if wanted[0]:
            gradients.append(pair.cotangent.columns().view(upstream.shape))
        if wanted[1]:
            gradients.append(_of_unitaries(encodings, to_encodings))
        if wanted[2]:
            gradients.append(_of_unitaries(layers, to_layers))
        return tuple(gradients)

    def _upload_before(self, layer: int) -> int | None:
        """The upload before a layer, counted without the first one, which made the starts."""
        upload, rest = divmod(layer, self.plan.layers)
        return upload - 1 if upload > 0 and rest == 0 else None

    def _encoding(self, encodings: Tensor, upload: int) -> list[Tensor]:
        """Matrices (circuits * B, 2**g, 2**g) of an upload, the last group of qubits first."""
        unitaries = encodings[:, :, :, upload].flatten(0, 2)
        groups = unitaries.split(_narrow_groups(self.plan.n), dim=1)
        return [merge(group) for group in reversed(groups)]

    def _groups(self, layers: Tensor, layer: int) -> Iterator[tuple[Tensor, int]]:
        """Matrices (circuits, 2**g, 2**g) of a layer, and how many qubits there are before each."""
        unitaries, before = layers[:, :, layer].flatten(0, 1), 0
        for group in unitaries.split(group_sizes(self.plan.n), dim=1):
            yield merge(group), before
            before += group.shape[1]


class _Pair:
    """A state and its cotangent on their way back.

    Where y = U x, dL/dU = sum lambda_y x* = U sum lambda_x x*, with x and lambda_x as they are in
    front of the gate. The sums for the single qubits of a group are partial traces of the group's.
    They may be taken while other groups are not undone yet: their unitaries cancel in the trace.
    """

    def __init__(self, state: Tensor, cotangent: Tensor) -> None:
        self.state, self.cotangent = Amplitudes(state), Amplitudes(cotangent)

    def undo(self, matrix: Tensor, before: int, wanted: bool) -> Tensor:
        """Undo a matrix; sums (circuits, g, 2, 2), none if they are not wanted."""
        x = self.state.turn(matrix.mH, before)
        above = self.cotangent.turn(matrix.mH, before)
        if not wanted:
            return matrix.new_empty(len(matrix), 0, 2, 2)
        return reduced(overlaps(above, x))

    def undo_samples(self, matrices: Sequence[Tensor], wanted: bool) -> Tensor:
        """Undo an encoding; sums (circuits * B, n, 2, 2), none if they are not wanted."""
        adjoints = [matrix.mH for matrix in matrices]
        found = []
        walks = (each.turn_samples(adjoints) for each in (self.state, self.cotangent))
        for x, above in zip(*walks, strict=True):
            if wanted:
                found.append(reduced(above @ x.mH))
        if not wanted:
            return matrices[0].new_empty(len(matrices[0]), 0, 2, 2)
        return torch.cat(found[::-1], dim=1)

    def disentangle(self, leave: Map) -> None:
        """Undo an entangler."""
        self.state.entangle(leave)
        self.cotangent.entangle(leave)


def _of_unitaries(unitaries: Tensor, backwards: list[Tensor]) -> Tensor:
    """The gradient of unitaries (..., steps, n, 2, 2), given the sums of each step, last first."""
    if not backwards:
        return torch.zeros_like(unitaries)
    sums = torch.stack(backwards[::-1], dim=1)
    return unitaries @ sums.view(unitaries.shape)


def _narrow_groups(n: int) -> list[int]:
    """Split n qubits into groups of at most `WIDEST_ENCODING`, as even as possible."""
    count = -(-n // WIDEST_ENCODING)
    return [n // count + (place < n % count) for place in range(count)]
