"""Circuits whose layers differ as one differentiable function of compiled code."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffqas.circuits import Candidate, Cnot, apply_cnots
from diffqas.simulator import memory
from diffqas.simulator.autograd import BackwardOnly, Context, Dims, MapInfo, signed
from diffqas.simulator.compiled import layer_kernels
from diffqas.simulator.compiled.function import arrays_of, groups_of, shared, threads_for
from diffqas.simulator.compiled.plan import orders, permutations
from diffqas.simulator.compiled.pullback import pulled_back
from diffqas.simulator.cotangents import fold, unfold

Candidates = tuple[Candidate, ...]

_AXES = {"ry": layer_kernels.RY, "rx": layer_kernels.RX, "rz": layer_kernels.RZ}


class Plan(NamedTuple):
    """Per candidate, unless said otherwise."""

    axis: NDArray[np.int64]
    """About which all of its rotations are."""
    used: NDArray[np.int64]
    """How many of a qubit's angles it uses; they add up."""
    hadamard: NDArray[np.bool_]
    order: NDArray[np.int64]
    """Where its CNOTs stand in the following arrays; their inverse stands one further."""
    blocks: NDArray[np.int64]
    """As of `diffqas.simulator.compiled.plan.Plan`; so are the next two."""
    pieces: NDArray[np.int64]
    offsets: NDArray[np.int64]
    ones: NDArray[np.uint8]
    """(permutations, 2**n): how many ones the place has to which a permutation takes basis state b,
    modulo 4; the first row is that of b itself.
    """


@lru_cache(maxsize=16)
def plan(candidates: Candidates, n: int) -> Plan:
    """The arrays that describe layers to the kernels."""
    cnots = [candidate.cnots(n) for candidate in candidates]
    distinct = list(dict.fromkeys(cnots))
    every = orders(distinct)
    blocks, pieces, offsets = permutations(every, n)
    return Plan(
        axis=np.array([_AXES[candidate.rotations[0]] for candidate in candidates]),
        used=np.array([len(candidate.rotations) for candidate in candidates]),
        hadamard=np.array([candidate.hadamard for candidate in candidates]),
        order=np.array([1 + 2 * distinct.index(pairs) for pairs in cnots]),
        blocks=blocks,
        pieces=pieces,
        offsets=offsets,
        # An order of CNOTs says where an amplitude comes from; from behind it says where to.
        ones=np.stack([_ones(order[::-1], n) for order in every]),
    )


def _ones(order: tuple[Cnot, ...], n: int) -> NDArray[np.uint8]:
    places = apply_cnots(np.arange(2**n), order, n)
    found = np.zeros(2**n, np.uint8)
    for bit in range(n):
        found += (places >> bit & 1).astype(np.uint8)
    return np.bitwise_and(found, 3, dtype=np.uint8)


def probabilities(candidates: Candidates, angles: Tensor, choice: Tensor) -> Tensor:
    """Probabilities (batch, 2**n) for angles (batch, depth, n, r) and layers (batch, depth)."""
    return _Layered.apply(candidates, angles, choice)[0]


class _LayeredContext(Context, Protocol):
    candidates: Candidates


class _Layered(BackwardOnly):
    """Return the final amplitudes, too: the backward pass starts from them.

    They have no derivative.
    """

    @staticmethod
    @signed
    def forward(candidates: Candidates, angles: Tensor, choice: Tensor) -> tuple[Tensor, Tensor]:
        batch, depth, n, _ = angles.shape
        amplitudes = memory.lent((batch, 2, 2**n), angles)
        output = angles.new_empty(batch, 2**n)
        threads = min(batch, threads_for(batch, 2 * depth * 2**n))
        given = arrays_of((angles, choice, amplitudes, output))
        given.append(memory.workspace((threads, 4, 2**n), given[0].dtype))
        shared(layer_kernels.forward, threads, 1, plan(candidates, n), *given)
        return output, amplitudes

    @staticmethod
    def setup_context(
        ctx: _LayeredContext,
        inputs: tuple[Candidates, Tensor, Tensor],
        output: tuple[Tensor, Tensor],
    ) -> None:
        ctx.candidates, angles, choice = inputs
        ctx.save_for_backward(angles, choice, output[1])
        ctx.mark_non_differentiable(output[1])
        ctx.set_materialize_grads(False)

    @staticmethod
    def vmap(info: MapInfo, in_dims: Dims, *args: Any) -> tuple[tuple[Tensor, ...], Dims]:
        candidates, *tensors = args
        results = _Layered.apply(candidates, *fold(info.batch_size, in_dims[1:], tensors))
        assert isinstance(results, tuple)
        return unfold(info.batch_size, results)

    @staticmethod
    def backward(ctx: _LayeredContext, *upstream: Tensor | None) -> tuple[Tensor | None, ...]:
        if upstream[0] is None:
            return None, None, None
        (to_angles,) = pulled_back(
            _gradients, ctx.candidates, False, *ctx.saved_tensors, upstream[0]
        )
        return None, to_angles, None


def _gradients(
    candidates: Candidates,
    many: bool,
    angles: Tensor,
    choice: Tensor,
    amplitudes: Tensor,
    upstream: Tensor,
) -> tuple[Tensor]:
    """Gradients (batch, depth, n, r), or (batch, m, depth, n, r) if there are many cotangents."""
    batch, depth, n, _ = angles.shape
    m = upstream.shape[1] if many else 1
    groups = groups_of(batch, m, 2 * depth * 2**n)
    tensors = (angles, choice, amplitudes)
    if groups > 1:
        tensors = tuple(tensor.repeat_interleave(groups, 0) for tensor in tensors)
    rows = upstream.reshape(batch * groups, m // groups, 2**n)
    # Sums over amplitudes lose digits in float32.
    found = torch.zeros(batch * groups, m // groups, *angles.shape[1:], dtype=torch.float64)
    threads = min(batch * groups, threads_for(batch * m, 2 * depth * 2**n))
    given = arrays_of((*tensors, rows, found))
    walked = (threads, 2, 2, 1 + m // groups, 2**n)
    given.append(memory.workspace(walked, given[0].dtype))
    given.append(np.empty((threads, 3, 2**n), given[0].dtype))
    shared(layer_kernels.backward, threads, 1, plan(candidates, n), *given)
    lead = upstream.shape[: 1 + many]
    return (found.reshape(*lead, *angles.shape[1:]).to(angles.dtype),)
