"""RY circuits on a card: one autograd function, reversible as the one of plain torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from diffqas.circuits import Candidate, Cnot, inverse_permutation, permutation
from diffqas.simulator.autograd import BackwardOnly, Context, Dims, MapInfo, once_only
from diffqas.simulator.card import kernels
from diffqas.simulator.card.launch import launch
from diffqas.simulator.card.passes import TILE_BITS, passes
from diffqas.simulator.cotangents import fold, unfold
from diffqas.simulator.kept import kept


class Columns(NamedTuple):
    """The circuits that are computed together, and the largest tile."""

    layers: tuple[tuple[Cnot, ...], ...]
    hadamards: tuple[bool, ...]
    tile_bits: int = TILE_BITS


class Tables(NamedTuple):
    """What the kernels need to know of the circuits."""

    enter: Tensor
    """(entanglers, 2**n): amplitude i behind the CNOTs of a layer is the one of this index."""
    leave: Tensor
    """The inverse."""
    which: Tensor
    """(columns,): a column's row in the two."""
    hadamard: Tensor
    """(columns,): 1 where the start is |+..+>."""


def amplitudes(
    candidates: Sequence[Candidate], angles: Tensor, tile_bits: int = TILE_BITS
) -> Tensor:
    """Final amplitudes (batch, candidates, 2**n) of RY circuits.

    Args:
        candidates: circuits whose only rotation is RY.
        angles: (batch, candidates or 1, depth, n), the sum of each qubit's angles in a layer.
        tile_bits: qubits that a program holds on chip; smaller ones are for tests.
    """
    n = angles.shape[-1]
    layers = tuple(candidate.cnots(n) for candidate in candidates)
    columns = Columns(layers, tuple(c.hadamard for c in candidates), tile_bits)
    own = angles.expand(-1, len(candidates), -1, -1)
    found = _Circuits.apply(columns, own)
    assert isinstance(found, Tensor)
    return found


class _CircuitsContext(Context, Protocol):
    columns: Columns


class _Circuits(BackwardOnly):
    @staticmethod
    def forward(columns: Columns, angles: Tensor) -> Tensor:
        return _evolved(columns, angles)

    @staticmethod
    def setup_context(
        ctx: _CircuitsContext, inputs: tuple[Columns, Tensor], output: Tensor
    ) -> None:
        ctx.columns, angles = inputs
        ctx.save_for_backward(angles, output)

    @staticmethod
    def vmap(info: MapInfo, in_dims: Dims, *args: Any) -> tuple[Tensor, int]:
        columns, angles = args
        (many,) = fold(info.batch_size, in_dims[1:], (angles,))
        results = _Circuits.apply(columns, many)
        assert isinstance(results, Tensor)
        return results.unflatten(0, (info.batch_size, -1)), 0

    @staticmethod
    def backward(ctx: _CircuitsContext, *cotangents: Tensor) -> tuple[None, Tensor]:
        return None, _undone(ctx.columns, *ctx.saved_tensors, cotangents[0])


class _Undone(BackwardOnly):
    """The angles' gradients as a function of the cotangents, so that vmap takes many at once."""

    @staticmethod
    def forward(columns: Columns, angles: Tensor, output: Tensor, cotangents: Tensor) -> Tensor:
        return _slopes(columns, angles, output, cotangents)

    @staticmethod
    def setup_context(
        ctx: Context, inputs: tuple[Columns, Tensor, Tensor, Tensor], output: Tensor
    ) -> None:
        pass

    @staticmethod
    def vmap(info: MapInfo, in_dims: Dims, *args: Any) -> tuple[Tensor, int]:
        columns, *tensors = args
        # A state and one cotangent walk back together: many cotangents are many states.
        folded = fold(info.batch_size, in_dims[1:], tensors)
        (result,), _ = unfold(info.batch_size, (_undone(columns, *folded),))
        return result, 0

    @staticmethod
    def backward(ctx: Context, *_: Tensor) -> None:
        raise once_only("Probabilities and mixtures")


def _undone(columns: Columns, *tensors: Tensor) -> Tensor:
    found = _Undone.apply(columns, *tensors)
    assert isinstance(found, Tensor)
    return found


def _evolved(columns: Columns, angles: Tensor) -> Tensor:
    """Final amplitudes (batch, columns, 2**n)."""
    batch, count, depth, n = angles.shape
    rows = batch * count
    tables = _tables(columns, n, str(angles.device))
    cos, sin = _half_angles(angles)
    # Of |+..+>; a tensor, since a number given to a kernel is one of single precision.
    amplitude = angles.new_full((1,), 0.5 ** (n / 2))
    found = angles.new_empty(batch, count, 2**n)
    steps = passes(n, columns.tile_bits)
    if len(steps) == 1:
        launch(
            kernels.ry_whole,
            (rows,),
            found,
            tables.enter,
            tables.which,
            tables.hadamard,
            cos,
            sin,
            amplitude,
            count,
            depth,
            N=n,
        )
        return found
    spare = torch.empty_like(found)
    for layer in range(depth):
        for place, step in enumerate(steps):
            first = place == 0
            # A pass that gathers reads all over the state, so it writes to another one.
            source, target = (found, spare) if first else (found, found)
            launch(
                kernels.ry_pass,
                (rows, 2**n // step.tile),
                source,
                target,
                tables.enter,
                tables.which,
                tables.hadamard,
                cos,
                sin,
                amplitude,
                count,
                depth,
                layer,
                n,
                2**n,
                LOW=step.low,
                BITS=step.bits,
                SIDE=step.side,
                START=first and layer == 0,
                GATHER=first and layer > 0,
            )
            if first:
                found, spare = spare, found
    return found


def _slopes(columns: Columns, angles: Tensor, output: Tensor, cotangents: Tensor) -> Tensor:
    """Gradients of the angles, in their shape."""
    batch, count, depth, n = angles.shape
    rows = batch * count
    tables = _tables(columns, n, str(angles.device))
    cos, sin = _half_angles(angles)
    output, cotangents = output.contiguous(), cotangents.contiguous()
    steps = passes(n, columns.tile_bits)
    if len(steps) == 1:
        slopes = angles.new_empty(batch, count, depth, n)
        launch(
            kernels.ry_whole_back,
            (rows,),
            output,
            cotangents,
            tables.leave,
            tables.which,
            cos,
            sin,
            slopes,
            count,
            depth,
            N=n,
        )
        return slopes
    # Each pass has its own number of tiles; the others of its qubits' rows stay zero.
    tiles = max(2**n // step.tile for step in steps)
    parts = angles.new_zeros(batch, count, depth, n, tiles)
    states, spare = output, (torch.empty_like(output), torch.empty_like(output))
    y, spare_y = cotangents, (torch.empty_like(output), torch.empty_like(output))
    for layer in range(depth - 1, -1, -1):
        for place, step in enumerate(steps):
            # Nothing is written where it is still read, and the output is left as it is.
            flip = 1 if states is spare[0] else 0
            target, target_y = spare[flip], spare_y[flip]
            launch(
                kernels.ry_pass_back,
                (rows, 2**n // step.tile),
                states,
                y,
                target,
                target_y,
                tables.leave,
                tables.which,
                cos,
                sin,
                parts,
                count,
                depth,
                layer,
                tiles,
                n,
                2**n,
                LOW=step.low,
                BITS=step.bits,
                SIDE=step.side,
                # The CNOTs of the layer above are undone first.
                GATHER=place == 0 and layer < depth - 1,
            )
            states, y = target, target_y
    return parts.sum(-1)


def _half_angles(angles: Tensor) -> tuple[Tensor, Tensor]:
    half = (angles / 2).contiguous()
    return half.cos(), half.sin()


@kept(maxsize=32)
def _tables(columns: Columns, n: int, device: str) -> Tables:
    distinct = list(dict.fromkeys(columns.layers))
    enter = np.stack([inverse_permutation(pairs, n) for pairs in distinct])
    leave = np.stack([permutation(pairs, n) for pairs in distinct])
    which = [distinct.index(pairs) for pairs in columns.layers]
    arrays = (enter, leave, np.array(which), np.array(columns.hadamards))
    return Tables(*(torch.from_numpy(each.astype(np.int32)).to(device) for each in arrays))
