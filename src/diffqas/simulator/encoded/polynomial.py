"""Outputs <Z> of circuits that encode once, as one function: polynomials of few inputs.

An output is a polynomial of degree one in each input's (1, cos, sin), whose coefficients depend on
the angles alone (`diffqas.simulator.pauli`). They are computed once per call and serve all samples;
a weighted sum of candidates has the weighted sum of their coefficients. All of it, and all
gradients, are one call of machine code each, and tensors are brought into shape inside: at a few
qubits, what torch does around a call takes longer than the call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Protocol, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffqas.circuits import AnyCandidate, AnyObservables, Candidate, SearchSpace, Z
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
from diffqas.simulator.encoded.monomials import Monomials, arithmetic, monomials_of
from diffqas.simulator.pauli_plan import Plan, Size, pauli_plan, threads_for

Array: TypeAlias = NDArray[Any]

MAX_QUBITS = 8
"""As of `heisenberg`: there are 3**n coefficients."""


@dataclass(frozen=True, eq=False)
class Call:
    """What the numbers of a call mean."""

    plan: Plan
    monomials: Monomials
    n: int
    candidates: int
    angles: int
    """Of one circuit."""
    sets: int
    """Sets of angles; all samples are shared by one set, or each set has samples of its own."""
    together: bool
    """Whether the candidates are added up, with their weights."""
    shape: tuple[int, ...]
    """Of the result."""

    def rows(self, outputs: Array) -> Array:
        """Outputs, or their cotangents, as (sets, rows, samples, outputs)."""
        rows = 1 if self.together else self.candidates
        return outputs.reshape(self.sets, rows, -1, self.shape[-1])


@lru_cache(maxsize=64)
def size_of(
    space: SearchSpace[AnyCandidate],
    observables: AnyObservables,
    outputs: int,
    uploads: int,
    depth: int,
    n: int,
) -> Size | None:
    """The size of circuits that are such polynomials; None if they are not, or are too large.

    They encode each input in one rotation, once, have no other entanglers than CNOTs, and Z is read
    on the first qubits.
    """
    if uploads > 1 or n > MAX_QUBITS or not isinstance(observables, Z):
        return None
    if observables.supports(n, outputs) != tuple((q,) for q in range(outputs)):
        return None
    members: list[Candidate] = []
    for candidate in space:
        if not isinstance(candidate, Candidate) or len(candidate.encodings) != 1:
            return None
        if any(gate.name != "cx" for gate in candidate.entangling(n)):
            return None
        members.append(candidate)
    size = Size(SearchSpace(members), depth, n, outputs)
    return None if pauli_plan(size) is None else size


def cheaper(size: Size, columns: int, inputs: Tensor, samples: int) -> bool:
    """Whether this way is open to tensors like these, and takes less arithmetic than the states.

    Args:
        size: of `size_of`.
        columns: angles per set, candidates or 1.
        inputs: for their device.
        samples: of one set.
    """
    if inputs.device.type != "cpu" or not available():
        return False
    plan = pauli_plan(size)
    assert plan is not None
    candidates = len(size.space)
    # Eight circuits of a part turn together; with shared angles a part is one circuit. A plane
    # rotation is a gate on a pair of amplitudes; real and imaginary parts of states count twice.
    alike = len(plan.jobs) if columns == 1 else candidates
    coefficients = len(plan.pairs) * alike / len(plan.jobs)
    evaluation = samples * size.outputs * 3**size.n
    states = 2 * samples * candidates * size.depth * size.n * 2**size.n
    sets = inputs.numel() // (samples * size.n)
    if samples > 1 or sets == 1:
        return coefficients + evaluation <= states
    # Every sample has angles of its own, and no two share coefficients. How many samples there are
    # must not matter: seeds in company are computed as each alone.
    if columns == 1:
        return arithmetic(size) <= states
    # Measured: that coefficients are begun anew for each sample costs as much as twelve evaluations
    # more, and a rotation of them seven times one of states, eight of which turn together.
    return 7 * coefficients + 13 * evaluation <= states


def outputs(size: Size, inputs: Tensor, angles: Tensor, weights: Tensor | None) -> Tensor:
    """Outputs at all samples.

    Args:
        size: candidates, depth, qubits and outputs; `pauli_plan` must have a plan of it.
        inputs: (sets, samples, n).
        angles: (sets, candidates or 1, depth, n, r).
        weights: (sets, R, candidates), or None; shapes as in `diffqas.simulator.encoded.plan`.

    Returns:
        (sets, samples, outputs), or without weights (sets, candidates, samples, outputs).
    """
    if weights is not None and weights.shape[-2] > 1:
        each = outputs(size, inputs, angles, None)
        return torch.einsum("grc,gcbr->gbr", weights, each)
    together = weights is not None
    rows = () if together else (len(size.space),)
    sets = len(angles)
    call = _call(size, sets, together, (sets, *rows, inputs.shape[-2], size.outputs))
    return applied(call, inputs, angles, weights)


def call_of_one(size: Size, lead: tuple[int, ...]) -> Call:
    """A call with one set of angles, for tensors as they came; its result is (*lead, outputs)."""
    return _call(size, 1, True, (*lead, size.outputs))


def _call(size: Size, sets: int, together: bool, shape: tuple[int, ...]) -> Call:
    plan = pauli_plan(size)
    assert plan is not None
    angles = size.depth * size.n * size.space.angles_per_qubit
    return Call(plan, monomials_of(size), size.n, len(size.space), angles, sets, together, shape)


def applied(call: Call, *tensors: Tensor | None) -> Tensor:
    """The result of a call on inputs, angles and weights, differentiable once in all of them."""
    found = _Polynomial.apply(call, *tensors)
    assert isinstance(found, Tensor)
    return found


class _CallContext(Context, Protocol):
    call: Call


class _Polynomial(BackwardOnly):
    @staticmethod
    @signed
    def forward(call: Call, inputs: Tensor, angles: Tensor, weights: Tensor | None) -> Tensor:
        from diffqas.simulator.encoded.kernels import own_angles, polynomials  # need the compiler

        given = _given(call, inputs, angles, weights)
        output = np.empty(call.shape, given[1].dtype)
        if apart(given):
            _share_samples(call, own_angles.forward, *given, call.rows(output))
        else:
            _share(call, polynomials.forward, *given, call.rows(output))
        return torch.from_numpy(output)

    @staticmethod
    def setup_context(
        ctx: _CallContext,
        inputs: tuple[Call, Tensor, Tensor, Tensor | None],
        output: Tensor,
    ) -> None:
        ctx.call, *tensors = inputs
        ctx.save_for_backward(*tensors)

    @staticmethod
    def vmap(info: MapInfo, in_dims: Dims, *args: Any) -> tuple[Tensor, int]:
        call, *tensors = args
        many, moved = _moved(info.batch_size, call, in_dims[1:], tensors)
        return applied(many, *moved).view(info.batch_size, *call.shape), 0

    @staticmethod
    def backward(ctx: _CallContext, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        gradients = _numbers if plain_numbers() else _gradients
        inputs, angles, weights = ctx.saved_tensors
        inputs_too = ctx.needs_input_grad[1]
        return None, *gradients(ctx.call, inputs_too, inputs, angles, weights, upstream[0])


class _Gradients(BackwardOnly):
    """The gradients as a function that vmap can call; it has no derivative of its own."""

    @staticmethod
    @signed
    def forward(
        call: Call,
        inputs_too: bool,
        inputs: Tensor,
        angles: Tensor,
        weights: Tensor | None,
        upstream: Tensor,
    ) -> tuple[Tensor | None, ...]:
        return _numbers(call, inputs_too, inputs, angles, weights, upstream)

    @staticmethod
    def setup_context(ctx: Context, inputs: tuple[Any, ...], output: Any) -> None:
        pass

    @staticmethod
    def vmap(info: MapInfo, in_dims: Dims, *args: Any) -> tuple[tuple[Tensor | None, ...], Dims]:
        call, inputs_too, *tensors, upstream = args
        many, moved = _moved(info.batch_size, call, in_dims[2:-1], tensors)
        above = _mapped(info.batch_size, in_dims[-1], upstream).reshape(many.shape)
        found = _gradients(many, inputs_too, *moved, above)
        results: list[Tensor | None] = []
        for one, dim, tensor in zip(found, in_dims[2:-1], tensors, strict=True):
            if one is None:
                results.append(None)
                continue
            shape = list(tensor.shape)
            if dim is not None:
                shape.pop(dim)
            results.append(one.view(info.batch_size, *shape))
        return tuple(results), tuple(None if one is None else 0 for one in results)

    @staticmethod
    def backward(ctx: Context, *_: Tensor) -> None:
        raise once_only("Outputs of encoded circuits")


def _gradients(call: Call, inputs_too: bool, *tensors: Tensor | None) -> tuple[Tensor | None, ...]:
    found = _Gradients.apply(call, inputs_too, *tensors)
    assert isinstance(found, tuple)
    return found


def _mapped(count: int, dim: int | None, tensor: Tensor) -> Tensor:
    """The mapped dimension first, whether a tensor has one or not."""
    if dim is None:
        return tensor.unsqueeze(0).expand(count, *tensor.shape)
    return tensor.movedim(dim, 0)


def _moved(
    count: int, call: Call, dims: Dims, tensors: list[Tensor | None]
) -> tuple[Call, list[Tensor | None]]:
    """Calls under vmap as one call of more sets."""
    sets = count * call.sets
    moved: list[Tensor | None] = []
    for dim, tensor in zip(dims, tensors, strict=True):
        if tensor is None:
            moved.append(None)
            continue
        rows = _mapped(count, dim, tensor)
        moved.append(rows.reshape(sets, *rows.shape[2:]) if call.sets > 1 else rows.contiguous())
    return replace(call, sets=sets, shape=(count, *call.shape)), moved


def _numbers(
    call: Call,
    inputs_too: bool,
    inputs: Tensor,
    angles: Tensor,
    weights: Tensor | None,
    upstream: Tensor,
) -> tuple[Tensor | None, ...]:
    """The gradients of inputs, if they are wanted, of angles and, if there are any, of weights."""
    from diffqas.simulator.encoded.kernels import own_angles, polynomials  # need the compiler

    given = _given(call, inputs, angles, weights)
    found = [np.empty_like(each) for each in given]
    if not inputs_too:
        found[0] = found[0][:0]
    above = call.rows(_numpy(upstream))
    if apart(given):
        _share_samples(call, own_angles.backward, *given, above, *found)
    else:
        _share(call, polynomials.backward, *given, above, *found)
    return (
        _tensor(found[0], inputs) if inputs_too else None,
        _tensor(found[1], angles),
        None if weights is None else _tensor(found[2], weights),
    )


def _share(call: Call, kernel: Callable[..., None], *arrays: Array) -> None:
    """Call a kernel on arrays whose first dimension is that of the sets, which threads share."""

    def part(first: int, last: int) -> None:
        # Gradients of inputs that nobody wants have no sets, of which a slice is nothing, too.
        kernel(call.plan, *(array[first:last] for array in arrays))

    features = arrays[0].shape[1] * 3**call.n * call.shape[-1]
    cores.shared(part, call.sets, threads_for(call.sets, features + len(call.plan.pairs)))


def _share_samples(call: Call, kernel: Callable[..., None], *arrays: Array) -> None:
    """As `_share`, where each sample is a set of angles and as many of them as lanes go together.

    A share begins where lanes begin, so that no thread computes lanes in vain.
    """
    from diffqas.simulator.compiled.vectors import LANES  # needs the compiler

    chunks = -(-call.sets // LANES)

    def part(first: int, last: int) -> None:
        rows = slice(LANES * first, LANES * last)
        kernel(call.plan, call.monomials, *(array[rows] for array in arrays))

    products = len(call.monomials.parents) + len(call.monomials.reads)
    work = LANES * (len(call.plan.pairs) + products)
    cores.shared(part, chunks, threads_for(chunks, work))


def _tensor(numbers: Array, like: Tensor) -> Tensor:
    return torch.from_numpy(numbers.reshape(like.shape))


Given: TypeAlias = tuple[Array, Array, Array]
"""Inputs (sets, samples, n), angles (sets, candidates or 1, angles) and weights."""


def apart(given: Given) -> bool:
    """Whether every sample has angles of its own, which all candidates share."""
    inputs, angles, _ = given
    return len(inputs) > 1 and inputs.shape[1] == angles.shape[1] == 1


def _given(call: Call, inputs: Tensor, angles: Tensor, weights: Tensor | None) -> Given:
    """Tensors as the kernels take them."""
    own = _numpy(angles).reshape(call.sets, -1, call.angles)
    shape = call.sets, call.candidates
    each = np.ones(shape, own.dtype) if weights is None else _numpy(weights).reshape(shape)
    return _numpy(inputs).reshape(call.sets, -1, call.n), own, each


def _numpy(tensor: Tensor) -> Array:
    """The numbers of a tensor, one after the other: for each way they lie there is other code."""
    return np.ascontiguousarray(tensor.numpy(force=True))
