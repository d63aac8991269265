"""The kernels as one differentiable function of inputs, angles, weights and coefficients."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffqas.simulator.autograd import Context, Dims, MapInfo, once_only
from diffqas.simulator.compiled import available
from diffqas.simulator.cotangents import fold, unfold
from diffqas.simulator.encoded.plan import EncodedPlan
from diffqas.simulator.encoded.terms import DIAGONAL

LANES = 8
"""Samples that a kernel works on at once."""

MIN_WORK_PER_THREAD = 2**20
"""Amplitudes times layers that are worth the start of a thread: about a millisecond."""

MAX_KEPT = 2**26
"""Numbers of final states that are kept for the way back; beyond, they are computed again."""

AXES = {"rx": 0, "ry": 1, "rz": 2}


class Kernel(NamedTuple):
    """What the kernels know of a plan; per candidate unless said otherwise."""

    n: int
    depth: int
    layers: int
    """Behind each upload."""
    real: bool
    hadamard: NDArray[np.int64]
    encodings: NDArray[np.int64]
    """(candidates, rotations), axes of the encoding; -1 is none."""
    rotations: NDArray[np.int64]
    """(candidates, r), axes of a layer's rotations; -1 is none."""
    entangler: NDArray[np.int64]
    sources: NDArray[np.int64]
    """(entanglers, 2**n)"""
    signs: NDArray[np.int64]
    """(entanglers, 2**n), or no signs."""
    back: NDArray[np.int64]
    """(entanglers, 2**n), sources and signs of the inverse."""
    back_signs: NDArray[np.int64]
    strings: NDArray[np.int64]
    """(outputs, K), the bits of each Z-string that is read."""


def serves(plan: EncodedPlan, tensor: Tensor) -> bool:
    """Whether there is machine code for a plan and tensors like this one."""
    return tensor.device.type == "cpu" and plan.terms.probabilities and available()


@lru_cache(maxsize=64)
def _kernel(plan: EncodedPlan, r: int) -> Kernel:
    circuits = plan.circuits
    signs, back = np.ones((len(plan.sources), 0), np.int64), plan.sources.argsort(1)
    back_signs = signs
    if plan.signs is not None:
        signs, back_signs = plan.signs, np.take_along_axis(plan.signs, back, 1)
    most = max(len(circuit.encodings) for circuit in circuits)
    return Kernel(
        plan.n,
        plan.depth,
        plan.layers,
        plan.real,
        np.array([circuit.hadamard for circuit in circuits], np.int64),
        np.stack([_axes(circuit.encodings, most) for circuit in circuits]),
        np.stack([_axes(circuit.rotations, r) for circuit in circuits]),
        np.array([circuit.entangler for circuit in circuits], np.int64),
        np.ascontiguousarray(plan.sources, np.int64),
        np.ascontiguousarray(signs, np.int64),
        back,
        np.ascontiguousarray(back_signs, np.int64),
        _strings(plan),
    )


def _axes(names: tuple[str, ...], length: int) -> NDArray[np.int64]:
    axes = np.full(length, -1, np.int64)
    axes[: len(names)] = [AXES[name] for name in names]
    return axes


def _strings(plan: EncodedPlan) -> NDArray[np.int64]:
    """Z-strings that each output is a sum of, (outputs, K)."""
    terms = plan.terms
    if terms.kind == DIAGONAL:
        return np.stack([_inside(window, plan.n) for window in terms.windows])
    # Of a Pauli string of Z and I the last entry: all its qubits.
    whole = np.array([_inside(window, plan.n)[-1] for window in terms.windows])
    if terms.numbers is None:
        return whole.reshape(-1, 1)
    return np.tile(whole, (terms.outputs, 1))


def _inside(window: tuple[int, ...], n: int) -> NDArray[np.int64]:
    """Z-strings on subsets of a window's qubits; subset a holds the qubits of the bits of a."""
    subsets = np.arange(2 ** len(window))
    strings = np.zeros_like(subsets)
    for place, qubit in enumerate(reversed(window)):
        strings |= (subsets >> place & 1) << (n - 1 - qubit)
    return strings


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


class _Outputs(torch.autograd.Function):
    """Outputs (G, candidates or 1, B, outputs), and the final states, which have no derivative."""

    @staticmethod
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
        wanted = ctx.needs_input_grad[1:]
        return None, *_gradients(ctx.plan, wanted, *ctx.saved_tensors, upstream[0])


class _Gradients(torch.autograd.Function):
    """The gradients as a function that vmap can call; it has no derivative of its own."""

    @staticmethod
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
        sets, samples = inputs.shape[:2]
        count = sets * samples
        given = _given(plan, inputs, angles, weights, coefficients)
        rows = [
            angles.new_empty(count if wanted[0] else 0, given[0].shape[2]),
            angles.new_empty(count, *given[2].shape[1:]),
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
            found[3] = _of_numbers(plan, _summed(to_coefficients, samples))
        return tuple(found)

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


def _summed(rows: Tensor, samples: int) -> Tensor:
    """Rows of samples, added up for each set; many small numbers lose digits in float32."""
    total = rows.unflatten(0, (-1, samples)).sum(1, dtype=torch.float64)
    return total.to(rows.dtype)


def _of_numbers(plan: EncodedPlan, to_strings: Tensor) -> Tensor:
    """The gradient of the trained numbers, given that of the strings' coefficients."""
    each = to_strings.unflatten(-1, (plan.terms.outputs, -1))
    return _transformed(each) if plan.terms.kind == DIAGONAL else each


def _transformed(numbers: Tensor) -> Tensor:
    """WHT / 2**k of (sets, outputs, 2**k); the matrix is symmetric, so it also pulls back."""
    from diffqas.simulator.encoded.kernels.spectrum import walsh_rows  # needs the compiler

    rows = numbers / numbers.shape[-1]
    walsh_rows(rows.view(-1, numbers.shape[-1]).numpy())
    return rows


def _given(
    plan: EncodedPlan,
    inputs: Tensor,
    angles: Tensor,
    weights: Tensor | None,
    coefficients: Tensor | None,
) -> list[Tensor]:
    """Arguments of the kernels, from `input_cos` to `coefficients`."""
    half_inputs = 0.5 * inputs.flatten(2)
    half_angles = 0.5 * angles.flatten(2)
    if weights is None:
        weights = angles.new_ones(1, 1, len(plan.circuits))
    if coefficients is None:
        coefficients = angles.new_ones(1, plan.terms.outputs, 1)
    elif plan.terms.kind == DIAGONAL:
        coefficients = _transformed(coefficients.contiguous())
    return [
        half_inputs.cos(),
        half_inputs.sin(),
        half_angles.cos(),
        half_angles.sin(),
        weights,
        coefficients.flatten(1).unsqueeze(1),
    ]


def _chunks(count: int) -> int:
    return -(-count // LANES)


def _kept(plan: EncodedPlan, count: int) -> tuple[int, int, int]:
    """The shape of the final states, without chunks if they are too large to be kept."""
    numbers = LANES * 2**plan.n * (1 if plan.real else 2)
    shape = _chunks(count), len(plan.circuits), numbers
    return shape if shape[0] * shape[1] * shape[2] <= MAX_KEPT else (0, 0, 0)


def _run(name: str, plan: EncodedPlan, r: int, count: int, *tensors: Tensor) -> None:
    """Call a kernel, the chunks shared by torch's threads."""
    from diffqas.simulator.encoded.kernels import states  # needs the compiler

    kernel: Callable[..., None] = getattr(states, name)
    known, chunks = _kernel(plan, r), _chunks(count)
    # Kernels write into the arrays' memory, which they share with the tensors.
    arrays = [tensor.detach().contiguous().numpy() for tensor in tensors]

    def part(first: int, last: int) -> None:
        kernel(known, first, last, *arrays)

    threads = _threads(chunks, LANES * len(plan.circuits) * plan.depth * 2**plan.n)
    if threads == 1:
        return part(0, chunks)
    # The kernels hold no lock, so that threads run side by side.
    cuts = [chunks * index // threads for index in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(part, cuts[:-1], cuts[1:]))
    return None


def _threads(chunks: int, work: int) -> int:
    """Threads worth starting for so many chunks, each with `work` amplitudes times layers."""
    return min(torch.get_num_threads(), chunks, 1 + chunks * work // MIN_WORK_PER_THREAD)


def _folded(count: int, dims: Dims, tensors: list[Tensor | None]) -> list[Tensor | None]:
    """`fold` of tensors of which some may be missing."""
    there = [place for place, tensor in enumerate(tensors) if tensor is not None]
    held = [tensor for tensor in tensors if tensor is not None]
    folded: list[Tensor | None] = [None] * len(tensors)
    for place, tensor in zip(there, fold(count, [dims[k] for k in there], held), strict=True):
        folded[place] = tensor
    return folded
