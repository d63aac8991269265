"""Circuits whose layers differ from each other, batched and differentiable.

Plain torch can compute all of them. If the layers are given, and the rotations of each layer are
about one axis, the kernels of `compiled` are used instead.

A layer is a candidate's entangler followed by its rotations. The candidate of the first layer also
decides whether the circuit starts with Hadamards. For a differentiable choice, the amplitudes after
a layer are a weighted sum of the results of every candidate's layer. With one-hot weights, as in
straight-through estimation, this is one circuit. With other weights the sum is no circuit and need
not have norm 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from diffqas.circuits import Candidate, Cnot, inverse_permutation
from diffqas.simulator import compiled
from diffqas.simulator.born import squared
from diffqas.simulator.eager import eager
from diffqas.simulator.kept import index_on, kept
from diffqas.simulator.rotations import group_sizes, merge, qubit_unitaries


@eager
def layered_probabilities(
    candidates: Sequence[Candidate], angles: Tensor, choice: Tensor, weights: Tensor | None = None
) -> Tensor:
    """Probabilities of circuits with a candidate for each layer.

    Args:
        candidates: the candidates for a layer, circuits without data encoding.
        angles: radians, (batch, depth, n, r), where r is at least the number of rotations per qubit
            of every candidate.
        choice: the index of each layer's candidate, (batch, depth).
        weights: (batch, depth, candidates), one-hot at `choice`, if the gradient in them is wanted;
            None otherwise. With weights the layers of all candidates are computed, as the gradient
            tells what a small weight of another candidate would add.

    Returns:
        Probabilities (batch, 2**n) in the dtype of `angles`, differentiable in `angles` and
        `weights`.

    >>> ry, rx = Candidate(rotation="ry"), Candidate(rotation="rx")
    >>> angles = torch.tensor([[[[torch.pi / 2]], [[torch.pi / 2]]]])
    >>> layered_probabilities([ry, rx], angles, torch.tensor([[0, 1]])).round(decimals=3).tolist()
    [[0.5, 0.5]]
    """
    if weights is None and compiled.serves_layers(candidates, angles):
        return compiled.layered_probabilities(candidates, angles, choice)
    if weights is None:
        return squared(layered_amplitudes(candidates, angles, choice))
    return squared(_weighted(candidates, angles, weights))


def layered_amplitudes(candidates: Sequence[Candidate], angles: Tensor, choice: Tensor) -> Tensor:
    """Final states of circuits with a candidate for each layer, complex, (batch, 2**n).

    Args:
        candidates: as in `layered_probabilities`.
        angles: as in `layered_probabilities`.
        choice: as in `layered_probabilities`; only the chosen layers are computed.
    """
    n = angles.shape[2]
    device = str(angles.device)
    rotation, _, start = (index_on(device, *kind) for kind in zip(*_kinds(candidates), strict=True))
    sources = _sources(tuple(candidate.cnots(n) for candidate in candidates), n, str(angles.device))
    unitaries = _unitaries(candidates, angles)
    rows, layers = (torch.arange(size, device=angles.device) for size in angles.shape[:2])
    # Of every layer the rotations of its own candidate.
    matrices = _merged(unitaries[rows[:, None], layers, rotation[choice]])
    state = _starts(unitaries, n)[start[choice[:, 0]]]
    for layer, chosen in enumerate(choice.unbind(1)):
        permuted = state.gather(1, sources[chosen])
        state = _rotated(permuted, [matrix[:, layer] for matrix in matrices])
    return state


def _weighted(candidates: Sequence[Candidate], angles: Tensor, weights: Tensor) -> Tensor:
    """Amplitudes (batch, 2**n), every layer a weighted sum over the candidates.

    Candidates with the same rotations are summed before these act:
    R_1 (w_1 P_1 + w_2 P_2) x + R_2 (..) x, with P_j the permutations of the entanglers.
    """
    n = angles.shape[2]
    entanglers = list(dict.fromkeys(candidate.cnots(n) for candidate in candidates))
    sources = _sources(tuple(entanglers), n, str(angles.device))
    unitaries = _unitaries(candidates, angles)
    rotations, count = unitaries.shape[2], len(entanglers)
    matrices = _merged(unitaries)
    # Before the first layer there are two states: without and with Hadamards.
    state = _starts(unitaries, n).expand(len(angles), 2, -1)
    for layer, weight in enumerate(weights.unbind(1)):
        before = state.shape[1]
        inputs = state[:, :, sources].flatten(1, 2)  # (batch, before * entanglers, 2**n)
        table = _table(tuple(candidates), n, before, weights.dtype, str(weights.device))
        parts = (weight @ table).unflatten(-1, (rotations, before * count))
        # The weights are real and the states complex: a product on pairs (re, im) costs half.
        pairs = parts @ torch.view_as_real(inputs).flatten(2)
        mixed = torch.view_as_complex(pairs.unflatten(-1, (-1, 2)))
        # Rotations are linear: states that share them are summed first and turned once.
        own = [matrix[:, layer].flatten(0, 1) for matrix in matrices]
        turned = _rotated(mixed.flatten(0, 1), own)
        state = turned.unflatten(0, (-1, rotations)).sum(1, keepdim=True)
    return state.squeeze(1)


@kept(maxsize=64)
def _table(
    candidates: tuple[Candidate, ...], n: int, before: int, dtype: torch.dtype, device: str
) -> Tensor:
    """Which weight goes where: (candidates, rotations * states before the layer * entanglers).

    Kept on the device, where filling it anew would be a copy from the host for each candidate.
    """
    entanglers = list(dict.fromkeys(candidate.cnots(n) for candidate in candidates))
    count, rotations = len(entanglers), len(_different_rotations(candidates))
    table = torch.zeros(len(candidates), rotations * before * count, dtype=dtype)
    for index, (rotation, _, start) in enumerate(_kinds(candidates)):
        # Behind the first layer there is one state, whatever the candidate starts with.
        row = rotation * before + min(start, before - 1)
        table[index, row * count + entanglers.index(candidates[index].cnots(n))] = 1
    return table.to(device)


def _kinds(candidates: Sequence[Candidate]) -> list[tuple[int, int, int]]:
    """Of each candidate the number of its rotations, its own number, and 1 if it has Hadamards.

    Rotations are numbered where they first appear.
    """
    rotations = _different_rotations(candidates)
    kinds = []
    for index, candidate in enumerate(candidates):
        place = rotations.index(candidate.rotations)
        kinds.append((place, index, int(candidate.hadamard)))
    return kinds


def _different_rotations(candidates: Sequence[Candidate]) -> list[tuple[str, ...]]:
    return list(dict.fromkeys(candidate.rotations for candidate in candidates))


def _unitaries(candidates: Sequence[Candidate], angles: Tensor) -> Tensor:
    """(batch, depth, different rotations, n, 2, 2), complex."""
    kinds = [qubit_unitaries(rotations, angles) for rotations in _different_rotations(candidates)]
    single = angles.dtype == torch.float32
    dtype = torch.complex64 if single else torch.complex128
    return torch.stack([unitaries.to(dtype) for unitaries in kinds], dim=2)


def _starts(like: Tensor, n: int) -> Tensor:
    """|0..0> and |+..+>, (2, 2**n)."""
    states = like.new_zeros(2, 2**n)
    states[0, :1].fill_(1)
    states[1].fill_(0.5 ** (n / 2))
    return states


@kept(maxsize=64)
def _sources(layers: tuple[tuple[Cnot, ...], ...], n: int, device: str) -> Tensor:
    """Where each amplitude comes from under the CNOTs of a layer, (layers, 2**n)."""
    # New amplitude i was amplitude P^-1(i).
    rows = [torch.tensor(inverse_permutation(pairs, n)) for pairs in layers]
    return torch.stack(rows).to(device)


def _merged(unitaries: Tensor) -> list[Tensor]:
    """One matrix (..., 2**g, 2**g) per group of qubits of unitaries (..., n, 2, 2)."""
    return [merge(part) for part in unitaries.split(group_sizes(unitaries.shape[-3]), dim=-3)]


def _rotated(states: Tensor, matrices: Sequence[Tensor]) -> Tensor:
    """One matrix (batch, 2**g, 2**g) per group of qubits on states (batch, 2**n)."""
    for matrix in matrices:
        # The group acts in front and goes to the back: after all groups the order is the old one.
        states = (matrix @ states.unflatten(1, (matrix.shape[-1], -1))).transpose(1, 2).flatten(1)
    return states
