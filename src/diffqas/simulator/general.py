"""Circuits of any gates, as one autograd function whose memory does not grow with depth.

Neighbouring gates of a layer are merged into blocks of a few qubits, for all layers at once; a
block is a small matrix that meets the state's axes of its qubits. The backward pass undoes block
after block, so that state and cotangents walk back through the circuit together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol, TypeAlias

import torch
from torch import Tensor

from diffqas.circuits import Ansatz, ansatz_gates
from diffqas.simulator.autograd import BackwardOnly, Context, Dims, MapInfo, once_only
from diffqas.simulator.axes import Axes
from diffqas.simulator.born import squared
from diffqas.simulator.cotangents import fold, mapped
from diffqas.simulator.gate_blocks import block_matrices


class Plan(NamedTuple):
    """Which qubits the blocks act on, at the start and in each of `depth` layers."""

    n: int
    depth: int
    start: tuple[tuple[int, ...], ...]
    layer: tuple[tuple[int, ...], ...]

    def steps(self) -> Iterator[tuple[int, int, tuple[int, ...]]]:
        """Place of the block's matrices, layer and qubits, in the order in which the blocks act."""
        for place, qubits in enumerate(self.start):
            yield place, 0, qubits
        for layer in range(self.depth):
            for place, qubits in enumerate(self.layer, len(self.start)):
                yield place, layer, qubits


def amplitudes(ansatz: Ansatz, angles: Tensor) -> Tensor:
    """Final states, complex (batch, 2**n), for angles (batch, depth, n, r); differentiable once."""
    batch, depth, n = angles.shape[:3]
    start, layer, _ = ansatz_gates(ansatz, n)
    at_start, once = block_matrices(start, angles)
    in_layer, repeated = block_matrices(layer, angles)
    dtype = torch.complex128 if angles.dtype == torch.float64 else torch.complex64
    zero = torch.zeros(batch, 2**n, dtype=dtype, device=angles.device)
    zero[:, :1].fill_(1)
    plan = Plan(n, depth, at_start, in_layer)
    state = _Circuit.apply(plan, zero, *once, *repeated)
    assert isinstance(state, Tensor)
    return state


def probabilities(ansatz: Ansatz, angles: Tensor) -> Tensor:
    """Probabilities (batch, 2**n) for angles (batch, depth, n, r); differentiable once."""
    return squared(amplitudes(ansatz, angles))


Task: TypeAlias = tuple[Plan, tuple[int, ...]]
"""A circuit's plan, and the places of the matrices whose gradients are wanted."""


class _CircuitContext(Context, Protocol):
    plan: Plan


class _Circuit(BackwardOnly):
    @staticmethod
    def forward(plan: Plan, start: Tensor, *matrices: Tensor) -> Tensor:
        state = Axes(start[:, None, :, None], range(plan.n))
        for place, layer, qubits in plan.steps():
            state.apply(_at(matrices[place], layer), qubits)
        return state.in_order().flatten(1)

    @staticmethod
    def setup_context(
        ctx: _CircuitContext, inputs: tuple[Plan, *tuple[Tensor, ...]], output: Tensor
    ) -> None:
        ctx.plan, _, *matrices = inputs
        ctx.save_for_backward(*matrices, output)

    @staticmethod
    def vmap(info: MapInfo, in_dims: Dims, *args: Any) -> tuple[Tensor, int]:
        plan, *tensors = args
        results = _Circuit.apply(plan, *fold(info.batch_size, in_dims[1:], tensors))
        assert isinstance(results, Tensor)
        return results.unflatten(0, (info.batch_size, -1)), 0

    @staticmethod
    def backward(ctx: _CircuitContext, *cotangents: Tensor) -> tuple[Tensor | None, ...]:
        *matrices, output = ctx.saved_tensors
        learned = tuple(place for place in range(len(matrices)) if ctx.needs_input_grad[place + 2])
        task = ctx.plan, learned
        found = _undone(task, *matrices, output, cotangents[0].unsqueeze(1))
        gradients: list[Tensor | None] = [None] * len(matrices)
        for place, gradient in zip(learned, found, strict=True):
            gradients[place] = gradient.squeeze(1)
        return None, None, *gradients


class _Undone(BackwardOnly):
    """Gradients of the learned matrices, (batch, m, depth, 2**k, 2**k), for m cotangents.

    The cotangents are (batch, m, 2**n).

    It has no derivative of its own.
    """

    @staticmethod
    def forward(task: Task, *tensors: Tensor) -> tuple[Tensor, ...]:
        plan, learned = task
        *matrices, output, cotangents = tensors
        both = torch.cat((output.unsqueeze(1), cotangents), dim=1)
        together = Axes(both.unsqueeze(-1), range(plan.n))
        gradients: dict[int, list[Tensor]] = {place: [] for place in learned}
        for place, layer, qubits in reversed(list(plan.steps())):
            after, before = together.apply(_at(matrices[place], layer).mH, qubits)
            # A block maps `before` to `after` = U `before`. Here it was undone, and `apply` gives
            # the cotangents behind it and the state in front: dL/dU = sum lambda_after before*.
            if place in gradients:
                gradients[place].append(after[:, 1:] @ before[:, :1].mH)
        return tuple(torch.stack(layers[::-1], dim=2) for layers in gradients.values())

    @staticmethod
    def setup_context(
        ctx: Context, inputs: tuple[Task, *tuple[Tensor, ...]], output: tuple[Tensor, ...]
    ) -> None:
        pass

    @staticmethod
    def vmap(info: MapInfo, in_dims: Dims, *args: Any) -> tuple[tuple[Tensor, ...], Dims]:
        task, *tensors = args

        def gradients(_: bool, *tensors: Tensor) -> tuple[Tensor, ...]:
            return _undone(task, *tensors)

        results, dim = mapped(gradients, True, info.batch_size, in_dims[1:], *tensors)
        return results, (dim,) * len(results)

    @staticmethod
    def backward(ctx: Context, *_: Tensor) -> None:
        raise once_only("Probabilities and mixtures")


def _undone(task: Task, *tensors: Tensor) -> tuple[Tensor, ...]:
    found = _Undone.apply(task, *tensors)
    assert isinstance(found, tuple)
    return found


def _at(matrices: Tensor, layer: int) -> Tensor:
    """Matrices of one layer, (batch or 1, 1, 2**k, 2**k)."""
    if matrices.shape[1] == 1:  # without angles: the same in every layer
        layer = 0
    return matrices[:, layer].unsqueeze(1)
