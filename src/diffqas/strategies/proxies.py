"""Training-free scores of every architecture of a space: what is known before any training.

They are the four of `diffqas audit`, and look at no data set. Where a circuit takes data, its
inputs are drawn by lot as its angles are.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffqas.architecture import haar_divergence, meyer_wallach
from diffqas.circuits import PauliStrings
from diffqas.simulator import layered_amplitudes, observed
from diffqas.strategies.catalogue import Scores
from diffqas.strategies.spaces import EncodedSpace, LayeredSpace, TabulatedSpace

Floats: TypeAlias = NDArray[np.float64]

STATES = 400
"""States by lot, the first half of which is compared with the second."""
POINTS = 32
"""Places at which gradients are taken."""
RANK_POINTS = 8
"""Samples whose outputs a Jacobian has as its rows, at one set of angles."""
TOLERANCE = 1e-9
"""Singular values below this share of the largest count as zero."""


def scores(space: TabulatedSpace, proxy: str) -> Scores:
    """Score all architectures of a space by one of `PROXIES`."""
    started = time.process_time()
    if isinstance(space, EncodedSpace):
        found = _ENCODED[proxy](space)
    else:
        assert isinstance(space, LayeredSpace)
        found = _LAYERED[proxy](space)
    return Scores(found, time.process_time() - started)


def _points(space: EncodedSpace, count: int) -> tuple[Tensor, Tensor]:
    """Inputs (count, uploads, qubits), and angles (count, depth, qubits, r) that all share."""
    draw = np.random.default_rng(0)
    rows = draw.uniform(0, 2 * math.pi, (count, 1, space.qubits))
    shape = (count, space.depth, space.qubits, space.candidates.angles_per_qubit)
    angles = torch.from_numpy(draw.uniform(0, 2 * math.pi, shape))
    return torch.from_numpy(rows).expand(-1, space.uploads, -1), angles


def _strings(space: EncodedSpace) -> tuple[str, ...]:
    """All Pauli strings but the identity, which says nothing."""
    every = ("".join(each) for each in itertools.product("IXYZ", repeat=space.qubits))
    return tuple(every)[1:]


def _pauli_vectors(space: EncodedSpace, strings: tuple[str, ...]) -> Tensor:
    """Expectations in every state, (architectures, states, strings)."""
    inputs, angles = _points(space, STATES)
    found = [
        observed(
            space.candidates[start : start + 48],
            inputs,
            _own(space, start, angles),
            PauliStrings(strings),
            outputs=len(strings),
            uploads=space.uploads,
        )
        for start in range(0, len(space), 48)
    ]
    return torch.cat(found, dim=1).transpose(0, 1)


def _own(space: EncodedSpace, start: int, angles: Tensor) -> Tensor:
    """The first rotations' angles, as many as a part of the space needs."""
    needed = space.candidates[start : start + 48].angles_per_qubit
    few = angles[..., :needed]
    return few.squeeze(-1) if needed == 1 else few


@torch.no_grad()
def _expressed(space: EncodedSpace) -> Floats:
    """Of states rho = (1 + sum_P v_P P) / 2**n a fidelity is (1 + v . v') / 2**n."""
    first, second = _pauli_vectors(space, _strings(space)).chunk(2, dim=1)
    overlaps = (1 + (first * second).sum(-1)) / 2**space.qubits
    each = [haar_divergence(values.clamp(0, 1).numpy(), 2**space.qubits) for values in overlaps]
    return -np.array(each)


@torch.no_grad()
def _entangled(space: EncodedSpace) -> Floats:
    """Q = 2 (1 - mean_q Tr rho_q**2), with Tr rho_q**2 = (1 + |Bloch vector of q|**2) / 2."""
    single = tuple(word for word in _strings(space) if word.count("I") == space.qubits - 1)
    lengths = _pauli_vectors(space, single).square().sum(-1)
    purities = (1 + lengths / space.qubits) / 2
    return (2 * (1 - purities)).mean(1).numpy()


def _shifted(space: EncodedSpace, inputs: Tensor, angles: Tensor) -> Tensor:
    """Jacobians d outputs / d angles, (architectures, samples, outputs, depth n r).

    Every angle enters one rotation: dy/dt = (y(t + pi/2) - y(t - pi/2)) / 2, exactly.
    """
    columns: list[Tensor] = []
    shape = angles.shape[-3:]
    for place in range(math.prod(shape)):
        shift = torch.zeros(math.prod(shape), dtype=angles.dtype)
        shift[place] = math.pi / 2
        ahead, behind = (
            observed(
                space.candidates,
                inputs,
                angles + sign * shift.view(shape),
                space.observables,
                outputs=len(space.observables.strings),
                uploads=space.uploads,
            )
            for sign in (1, -1)
        )
        columns.append((ahead - behind) / 2)
    return torch.stack(columns, dim=-1).transpose(0, 1)


@torch.no_grad()
def _gradients(space: EncodedSpace) -> Floats:
    jacobians = _shifted(space, *_points(space, POINTS))
    return jacobians.var(1, correction=0).sum((-2, -1)).numpy()


@torch.no_grad()
def _ranks(space: EncodedSpace) -> Floats:
    inputs, angles = _points(space, RANK_POINTS)
    rows = _shifted(space, inputs, angles[:1].expand(RANK_POINTS, -1, -1, -1)).flatten(1, 2)
    values = torch.linalg.svdvals(rows)
    least = TOLERANCE * values[:, :1].clamp(min=TOLERANCE)
    return (values > least).sum(1).double().numpy()


def _layered_angles(space: LayeredSpace, count: int) -> Tensor:
    """(count, depth, qubits, 1), float64."""
    draw = np.random.default_rng(0)
    shape = (count, space.depth, space.qubits, 1)
    return torch.from_numpy(draw.uniform(0, 2 * math.pi, shape))


def _layered_states(space: LayeredSpace, number: int, angles: Tensor) -> Tensor:
    """(count, 2**qubits), complex."""
    choice = torch.tensor(space.places(number)).expand(len(angles), -1)
    return layered_amplitudes(space.layers, angles, choice)


@torch.no_grad()
def _layered_expressed(space: LayeredSpace) -> Floats:
    angles = _layered_angles(space, STATES)
    found: list[float] = []
    for number in range(len(space)):
        first, second = _layered_states(space, number, angles).chunk(2)
        overlaps = (first.conj() * second).sum(-1).abs().square().clamp(max=1)
        found.append(-haar_divergence(overlaps.numpy(), 2**space.qubits))
    return np.array(found)


@torch.no_grad()
def _layered_entangled(space: LayeredSpace) -> Floats:
    angles = _layered_angles(space, POINTS)
    every = [_layered_states(space, number, angles) for number in range(len(space))]
    return np.array([meyer_wallach(states).mean() for states in every])


def _layered_gradients(space: LayeredSpace) -> Floats:
    """Of <Z> of the first qubit, which probabilities tell."""
    points = _layered_angles(space, POINTS)
    signs = torch.ones(2**space.qubits, dtype=points.dtype)
    signs[2 ** (space.qubits - 1) :] = -1
    found: list[float] = []
    for number in range(len(space)):
        leaf = points.clone().requires_grad_()
        values = _layered_states(space, number, leaf).abs().square() @ signs
        (gradient,) = torch.autograd.grad(values.sum(), leaf)
        found.append(float(gradient.var(0).sum()))
    return np.array(found)


def _layered_ranks(space: LayeredSpace) -> Floats:
    """Of all probabilities at one set of angles, by reverse mode."""
    angles = _layered_angles(space, 1)
    sizes = angles.shape[1:]
    found: list[float] = []
    for number in range(len(space)):
        leaf = angles.clone().requires_grad_()
        probabilities = _layered_states(space, number, leaf).abs().square().squeeze(0)
        rows = torch.eye(len(probabilities), dtype=leaf.dtype)

        def pull(row: Tensor, values: Tensor = probabilities, at: Tensor = leaf) -> Tensor:
            return torch.autograd.grad(values, at, row, retain_graph=True)[0]

        jacobian = torch.func.vmap(pull, chunk_size=64)(rows).reshape(len(rows), math.prod(sizes))
        values = torch.linalg.svdvals(jacobian)
        found.append(float((values > TOLERANCE * max(float(values[0]), TOLERANCE)).sum()))
    return np.array(found)


_ENCODED: Mapping[str, Callable[[EncodedSpace], Floats]] = {
    "expressibility": _expressed,
    "entanglement": _entangled,
    "gradient": _gradients,
    "rank": _ranks,
}
_LAYERED: Mapping[str, Callable[[LayeredSpace], Floats]] = {
    "expressibility": _layered_expressed,
    "entanglement": _layered_entangled,
    "gradient": _layered_gradients,
    "rank": _layered_ranks,
}
