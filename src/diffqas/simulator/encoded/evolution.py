"""Final states of encoded circuits, in memory that does not grow with depth or uploads.

All gates are unitary, so the backward pass undoes them instead of having stored what was before
them: state and cotangent walk back through the circuit together. The unitaries of a few
neighbouring qubits are merged into one matrix.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from diffqas.simulator.encoded.amplitudes import Amplitudes, entangler_maps, start_rows
from diffqas.simulator.encoded.folded import Wanted, call
from diffqas.simulator.encoded.plan import EncodedPlan
from diffqas.simulator.reversible import reduced
from diffqas.simulator.rotations import group_sizes, merge

WIDEST_ENCODING = 3
"""Qubits whose encodings are merged: every sample has matrices of its own."""

ENCODING, LAYER = 0, 1


def evolved(plan: EncodedPlan, encodings: Tensor, layers: Tensor) -> Tensor:
    """Final states (G, candidates, B, 2**n), differentiable once.

    Args:
        plan: of the candidates.
        encodings: unitaries (G, candidates, B, uploads, n, 2, 2).
        layers: unitaries (G, candidates, depth, n, 2, 2).
    """
    return call(_Evolution(plan), encodings, layers)


class _Step(NamedTuple):
    kind: int
    """`ENCODING` or `LAYER`: the place of its unitaries among the tensors."""
    place: int
    """The upload of an encoding, else the layer."""


@dataclass(frozen=True)
class _Evolution:
    plan: EncodedPlan

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        """The final states."""
        encodings, layers = tensors
        sets, count, samples = encodings.shape[:3]
        start = start_rows(self.plan, layers)[None, :, None].expand(sets, -1, samples, -1)
        state = Amplitudes(start.flatten(0, 1))
        maps = entangler_maps(self.plan, layers)
        for step in self._steps():
            if step.kind == ENCODING:
                state.rows()
            else:
                state.entangle(maps.enter)
            for matrix in self._matrices(step, encodings, layers):
                state.turn(matrix)
            if step.kind == LAYER:
                state.now_columns()
        return (state.rows().view(sets, count, samples, -1),)

    def backward(
        self,
        wanted: Wanted,
        tensors: Sequence[Tensor],
        results: Sequence[Tensor],
        upstream: Tensor,
    ) -> tuple[Tensor, ...]:
        """The gradients of the unitaries."""
        encodings, layers = tensors
        state = Amplitudes(results[0].flatten(0, 1))
        cotangent = Amplitudes(upstream.flatten(0, 1))
        maps = entangler_maps(self.plan, layers)
        pairs: tuple[list[Tensor], list[Tensor]] = [], []
        for step in reversed(list(self._steps())):
            found = []
            for matrix in self._matrices(step, encodings, layers):
                before = state.turn(matrix.mH)
                above = cotangent.turn(matrix.mH)
                # dL/dU = sum lambda_y x* = U sum lambda_x x* where y = U x, with x, lambda_x as
                # they are in front of the gate.
                if wanted[step.kind]:
                    found.append(above @ before.mH)
            if wanted[step.kind]:
                # Those of single qubits are partial traces of a group's. They may be taken while
                # other groups are not undone yet: their unitaries cancel in the trace.
                parts = [reduced(group) for group in reversed(found)]
                pairs[step.kind].append(torch.cat(parts, dim=1))
            if step.kind == LAYER:
                for each in (state, cotangent):
                    each.now_columns()
                    each.entangle(maps.leave)
        gradients = []
        for unitaries, found in zip(tensors, pairs, strict=True):
            if found:
                stacked = torch.stack(found[::-1], dim=1)
                gradients.append(unitaries @ stacked.view(unitaries.shape))
        return tuple(gradients)

    def _steps(self) -> Iterator[_Step]:
        """What the circuits do, in order."""
        plan = self.plan
        for upload in range(plan.uploads):
            yield _Step(ENCODING, upload)
            for layer in range(upload * plan.layers, (upload + 1) * plan.layers):
                yield _Step(LAYER, layer)

    def _matrices(self, step: _Step, encodings: Tensor, layers: Tensor) -> list[Tensor]:
        """Merged matrices (circuits or circuits * B, 2**g, 2**g) of a step, last group first."""
        if step.kind == ENCODING:
            unitaries = encodings[:, :, :, step.place].flatten(0, 2)
            groups = _narrow_groups(self.plan.n)
        else:
            unitaries = layers[:, :, step.place].flatten(0, 1)
            groups = group_sizes(self.plan.n)
        return [merge(group) for group in reversed(unitaries.split(groups, dim=1))]


def _narrow_groups(n: int) -> list[int]:
    """Split n qubits into groups of at most `WIDEST_ENCODING`, as even as possible."""
    count = -(-n // WIDEST_ENCODING)
    return [n // count + (place < n % count) for place in range(count)]
