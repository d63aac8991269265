"""The kernels as one differentiable function of inputs, angles, weights and coefficients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from diffqas.simulator import cores
from diffqas.simulator.autograd import (
    BackwardOnly,
    Context,
    Dims,
    MapInfo,
    once_only,
    plain_numbers,
    signed,
)
from diffqas.simulator.compiled import available
from diffqas.simulator.cotangents import fold, unfold
from diffqas.simulator.encoded.kernel_plan import kernel_of
from diffqas.simulator.encoded.plan import EncodedPlan
from diffqas.simulator.encoded.strings import coefficients_of, gradient_of_numbers, strings_of

LANES = 8
"""Samples that a kernel works on at once."""

MIN_WORK_PER_THREAD = 2**18
"""Amplitudes times layers that are worth waking a thread: about half a millisecond."""

MAX_KEPT = 2**26
"""Numbers of final states that are kept for the way back; beyond, they are computed again."""

MAX_SEEN = 2**18
"""Correlations of a state, 2**n for each mask, beyond which plain torch, which goes from window to
window, is faster."""


def serves(plan: EncodedPlan, tensor: Tensor) -> bool:
    """Whether there is machine code for a plan and tensors like this one."""
    if tensor.device.type != "cpu" or not available():
        return False
    masks = len(strings_of(plan.terms).masks)
    return masks == 1 or masks * 2**plan.n <= MAX_SEEN


def outputs(
    plan: EncodedPlan,
    inputs: Tensor,
    angles: Tensor,
    weights: Tensor | None,
    coefficients: Tensor | None,
) -> Tensor:
    """The canonical result; the shapes stand in `plan`."""
    if weights is not None and weights.shape[1] == 1:
        return _applied(plan, inputs, angles, weights, coefficients).squeeze(1)
    each = _applied(plan, inputs, angles, None, coefficients)
    if weights is None:
        return each
    return torch.einsum("grc,gcbr->gbr", weights, each)


def _applied(plan: EncodedPlan, *tensors: Tensor | None) -> Tensor:
    return _Outputs.apply(plan, *tensors)[0]


class _PlanContext(Context, Protocol):
    plan: EncodedPlan


class _Outputs(BackwardOnly):
    """Outputs (G, candidates or 1, B, outputs), and the final states, which have no derivative."""

    @staticmethod
    @signed
    def forward(
        plan: EncodedPlan,
        inputs: Tensor,
        angles: Tensor,
        weights: Tensor | None,
        coefficients: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        sets, samples = inputs.shape[:2]
        rows = len(plan.circuits) if weights is None else 1
        output = angles.new_empty(sets, rows, samples, plan.terms.outputs)
        finals = angles.new_empty(_kept(plan, sets * samples))
        given = _given(plan, inputs, angles, weights, coefficients)
        _run("forward", plan, angles.shape[-1], sets * samples, *given, finals, output)
        return output, finals

    @staticmethod
    def setup_context(
        ctx: _PlanContext,
        inputs: tuple[EncodedPlan, Tensor, Tensor, Tensor | None, Tensor | None],
        output: tuple[Tensor, Tensor],
    ) -> None:
        ctx.plan, *tensors = inputs
        ctx.save_for_backward(*tensors, output[1])
        ctx.mark_non_differentiable(output[1])
        ctx.set_materialize_grads(False)

    @staticmethod
    def vmap(info: MapInfo, in_dims: Dims, *args: Any) -> tuple[tuple[Tensor, ...], Dims]:
        plan, *tensors = args
        found = _applied(plan, *_folded(info.batch_size, in_dims[1:], tensors))
        # What was kept belongs to the inner call, whose backward pass finds it there.
        nothing = found.new_empty(info.batch_size, 0)
        return (found.unflatten(0, (info.batch_size, -1)), nothing), (0, 0)

    @staticmethod
    def backward(ctx: _PlanContext, *upstream: Tensor | None) -> tuple[Tensor | None, ...]:
        if upstream[0] is None:
            return None, None, None, None, None
        gradients = _numbers if plain_numbers() else _gradients
        inputs, angles, weights, coefficients, finals = ctx.saved_tensors
        given = inputs, angles, weights, coefficients, finals, upstream[0]
        return None, *gradients(ctx.plan, ctx.needs_input_grad[1:], *given)


class _Gradients(BackwardOnly):
    """The gradients as a function that vmap can call; it has no derivative of its own."""

    @staticmethod
    @signed
    def forward(
        plan: EncodedPlan,
        wanted: tuple[bool, ...],
        inputs: Tensor,
        angles: Tensor,
        weights: Tensor | None,
        coefficients: Tensor | None,
        finals: Tensor,
        upstream: Tensor,
    ) -> tuple[Tensor | None, ...]:
        return _numbers(plan, wanted, inputs, angles, weights, coefficients, finals, upstream)

    @staticmethod
    def setup_context(ctx: Context, inputs: tuple[Any, ...], output: Any) -> None:
        pass

    @staticmethod
    def vmap(info: MapInfo, in_dims: Dims, *args: Any) -> tuple[tuple[Tensor | None, ...], Dims]:
        # The final states that a call kept are of no use to many; they are computed again.
        plan, wanted, *tensors, _, upstream = args
        dims = (*in_dims[2:-2], in_dims[-1])
        *values, upstream = _folded(info.batch_size, dims, [*tensors, upstream])
        assert upstream is not None
        found = _gradients(plan, wanted, *values, upstream.new_empty(0, 0, 0), upstream)
        many = [None if one is None else unfold(info.batch_size, [one])[0][0] for one in found]
        return tuple(many), tuple(None if one is None else 0 for one in many)

    @staticmethod
    def backward(ctx: Context, *_: Tensor) -> None:
        raise once_only("Outputs of encoded circuits")


def _gradients(
    plan: EncodedPlan, wanted: tuple[bool, ...], *tensors: Tensor | None
) -> tuple[Tensor | None, ...]:
    found = _Gradients.apply(plan, wanted, *tensors)
    assert isinstance(found, tuple)
    return found


def _numbers(
    plan: EncodedPlan,
    wanted: tuple[bool, ...],
    inputs: Tensor,
    angles: Tensor,
    weights: Tensor | None,
    coefficients: Tensor | None,
    finals: Tensor,
    upstream: Tensor,
) -> tuple[Tensor | None, ...]:
    """The wanted gradients of inputs, angles, weights and coefficients."""
    sets, samples = inputs.shape[:2]
    count = sets * samples
    given = _given(plan, inputs, angles, weights, coefficients)
    rows = [
        angles.new_empty(count if wanted[0] else 0, given[0].shape[2]),
        angles.new_empty(count if wanted[1] else 0, *given[2].shape[1:]),
        angles.new_empty(count, len(plan.circuits)),
        angles.new_empty(count if wanted[3] else 0, given[5].shape[2]),
    ]
    _run("backward", plan, angles.shape[-1], count, *given, finals, upstream, *rows)
    to_inputs, to_angles, to_weights, to_coefficients = rows
    found: list[Tensor | None] = [None, None, None, None]
    if wanted[0]:
        found[0] = to_inputs.view(inputs.shape)
    if wanted[1]:
        found[1] = _summed(to_angles, samples).view(angles.shape)
    if wanted[2]:
        found[2] = _summed(to_weights, samples).unsqueeze(1)
    if wanted[3]:
        above = _summed(to_coefficients, samples).unflatten(-1, (plan.terms.outputs, -1))
        found[3] = gradient_of_numbers(plan.terms, above)
    return tuple(found)


def _summed(rows: Tensor, samples: int) -> Tensor:
    """Rows of samples, added up for each set; many small numbers lose digits in float32."""
    # Torch would wake threads for such a sum, which then stand in the way of the kernels' own.
    numbers = rows.numpy().reshape(-1, samples, *rows.shape[1:])
    total = numbers.sum(axis=1, dtype=np.float64)
    return torch.from_numpy(total.astype(numbers.dtype))


def _given(
    plan: EncodedPlan,
    inputs: Tensor,
    angles: Tensor,
    weights: Tensor | None,
    coefficients: Tensor | None,
) -> list[Tensor]:
    """Arguments of the kernels, from `input_cos` to `coefficients`."""
    if weights is None:
        weights = angles.new_ones(1, 1, len(plan.circuits))
    signed_coefficients = coefficients_of(plan.terms, coefficients, angles)
    return [
        *_of_half(inputs),
        *_of_half(angles),
        weights,
        signed_coefficients.flatten(1).unsqueeze(1),
    ]


def _of_half(angles: Tensor) -> tuple[Tensor, Tensor]:
    """Cosines and sines of half the angles, the numbers of an entry in a row."""
    # Torch's own would wake its threads, which go on waiting where the kernels' should work.
    half = 0.5 * angles.flatten(2).numpy(force=True)
    return torch.from_numpy(np.cos(half)), torch.from_numpy(np.sin(half))


def _chunks(count: int) -> int:
    return -(-count // LANES)


def _kept(plan: EncodedPlan, count: int) -> tuple[int, int, int]:
    """The shape of the final states, without chunks if they are too large to be kept."""
    numbers = LANES * 2**plan.n * (1 if plan.real else 2)
    shape = _chunks(count), len(plan.circuits), numbers
    return shape if shape[0] * shape[1] * shape[2] <= MAX_KEPT else (0, 0, 0)


def _run(name: str, plan: EncodedPlan, r: int, count: int, *tensors: Tensor) -> None:
    """Call a kernel, the chunks shared by threads."""
    from diffqas.simulator.encoded.kernels import states  # needs the compiler

    kernel: Callable[..., None] = getattr(states, name)
    known, chunks = kernel_of(plan, r), _chunks(count)
    # Kernels write into the arrays' memory, which they share with the tensors.
    arrays = [tensor.detach().contiguous().numpy() for tensor in tensors]

    def part(first: int, last: int) -> None:
        kernel(known, first, last, *arrays)

    threads = _threads(chunks, LANES * len(plan.circuits) * plan.depth * 2**plan.n)
    # The kernels hold no lock, so that threads run side by side.
    cores.shared(part, chunks, threads)


def _threads(chunks: int, work: int) -> int:
    """Threads worth waking for so many chunks, each with `work` amplitudes times layers."""
    return cores.threads_worth(chunks * work, MIN_WORK_PER_THREAD, chunks)


def _folded(count: int, dims: Dims, tensors: list[Tensor | None]) -> list[Tensor | None]:
    """`fold` of tensors of which some may be missing."""
    there = [place for place, tensor in enumerate(tensors) if tensor is not None]
    held = [tensor for tensor in tensors if tensor is not None]
    folded: list[Tensor | None] = [None] * len(tensors)
    for place, tensor in zip(there, fold(count, [dims[k] for k in there], held), strict=True):
        folded[place] = tensor
    return folded
