"""Circuits of one's own with data: any gates, in memory that does not grow with depth or uploads.

The gates of the start, of one upload and of one layer are merged into blocks of a few qubits. The
backward pass undoes block after block, as in `diffqas.simulator.general`; here every sample has
matrices of its own where it is encoded, and shares the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from diffqas.circuits import Ansatz, ansatz_gates
from diffqas.simulator.axes import Axes
from diffqas.simulator.encoded.folded import Wanted, call
from diffqas.simulator.gate_blocks import block_matrices


def ansatz_states(ansatz: Ansatz, inputs: Tensor, angles: Tensor) -> Tensor:
    """Final states (G, 1, 2**n, B), complex, differentiable once.

    Args:
        ansatz: a circuit with data.
        inputs: (G, B, uploads, n).
        angles: (G, depth, n, r).
    """
    sets, samples, uploads, n = inputs.shape
    depth = angles.shape[1]
    gates = ansatz_gates(ansatz, n)
    at_start, once = block_matrices(gates.start, angles)
    # One "set of angles" per sample, whose layers are the uploads.
    in_upload, encodings = block_matrices(gates.encoding, inputs.flatten(0, 1).unsqueeze(-1))
    in_layer, layers = block_matrices(gates.layer, angles)
    shared = [matrices.unsqueeze(1) for matrices in (*once, *layers)]
    own = [_of_samples(matrices, sets, samples) for matrices in encodings]
    blocks = _Blocks(n, samples, uploads, depth, at_start, in_upload, in_layer)
    together = (*shared[: len(once)], *own, *shared[len(once) :])
    # All tensors need the leading dimension of the sets.
    return call(_Circuit(blocks), *(each.expand(sets, *each.shape[1:]) for each in together))


def _of_samples(matrices: Tensor, sets: int, samples: int) -> Tensor:
    """(G * B or 1, uploads or 1, ...) as (G or 1, B or 1, uploads or 1, ...)."""
    if len(matrices) == 1 and sets * samples > 1:
        return matrices.unsqueeze(1)
    return matrices.unflatten(0, (sets, samples))


class _Step(NamedTuple):
    place: int
    """Of the block's matrices."""
    turn: int
    """Upload or layer."""
    qubits: tuple[int, ...]


@dataclass(frozen=True)
class _Blocks:
    """The qubits of all blocks, in the order in which their matrices are given."""

    n: int
    samples: int
    uploads: int
    depth: int
    start: tuple[tuple[int, ...], ...]
    upload: tuple[tuple[int, ...], ...]
    layer: tuple[tuple[int, ...], ...]

    def steps(self) -> Iterator[_Step]:
        """The blocks in the order in which they act."""
        yield from self._turn(0, self.start, 0)
        layers = self.depth // self.uploads
        for upload in range(self.uploads):
            yield from self._turn(len(self.start), self.upload, upload)
            for layer in range(upload * layers, (upload + 1) * layers):
                yield from self._turn(len(self.start) + len(self.upload), self.layer, layer)

    def _turn(self, first: int, blocks: tuple[tuple[int, ...], ...], turn: int) -> Iterator[_Step]:
        for place, qubits in enumerate(blocks, first):
            yield _Step(place, turn, qubits)


@dataclass(frozen=True)
class _Circuit:
    blocks: _Blocks

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        """Final states of matrices (G, B or 1, uploads or depth or 1, 2**k, 2**k)."""
        n, samples = self.blocks.n, self.blocks.samples
        start = tensors[0].new_zeros(len(tensors[0]), samples, 2**n, 1)
        start[:, :, 0] = 1
        state = Axes(start, range(n))
        for step in self.blocks.steps():
            state.apply(_at(tensors[step.place], step.turn), step.qubits)
        return (state.in_order().transpose(1, 3),)

    def kept(self, tensors: Sequence[Tensor]) -> Sequence[Tensor]:
        """All."""
        return tensors

    def backward(
        self, wanted: Wanted, kept: Sequence[Tensor], results: Sequence[Tensor], upstream: Tensor
    ) -> tuple[Tensor, ...]:
        """The gradients of the wanted matrices."""
        qubits = range(self.blocks.n)
        state = Axes(results[0].transpose(1, 3), qubits)
        cotangent = Axes(upstream.transpose(1, 3), qubits)
        gradients = [torch.zeros_like(matrices) for matrices in kept]
        for step in reversed(list(self.blocks.steps())):
            adjoint = _at(kept[step.place], step.turn).mH
            _, before = state.apply(adjoint, step.qubits)
            after, _ = cotangent.apply(adjoint, step.qubits)
            if wanted[step.place]:
                # y = U x: dL/dU = sum lambda_y x*, over the samples if they share U.
                found = after @ before.mH
                into = _at(gradients[step.place], step.turn)
                into += found.sum_to_size(into.shape)
        wished = zip(wanted, gradients, strict=True)
        return tuple(gradient for want, gradient in wished if want)


def _at(matrices: Tensor, turn: int) -> Tensor:
    """Matrices of one upload or layer, (G, B or 1, 2**k, 2**k)."""
    if matrices.shape[2] == 1:  # without angles: the same every time
        turn = 0
    return matrices[:, :, turn]
