"""The slow, obvious simulator: dense 2**n x 2**n matrices, gate by gate.

Every fast form is tested against it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

import torch
from torch import Tensor

from diffqas.circuits import (
    GATES,
    Angle,
    Ansatz,
    AnyCandidate,
    Candidate,
    Gate,
    InputSlot,
    SearchSpace,
    Slot,
    ansatz_gates,
    as_space,
)
from diffqas.errors import require

PAULI = {
    "rx": torch.tensor([[0, 1], [1, 0]], dtype=torch.complex128),
    "ry": torch.tensor([[0, -1j], [1j, 0]], dtype=torch.complex128),
    "rz": torch.tensor([[1, 0], [0, -1]], dtype=torch.complex128),
}
_IDENTITY = torch.eye(2, dtype=torch.complex128)
_HADAMARD = torch.tensor([[1, 1], [1, -1]], dtype=torch.complex128) / 2**0.5
_PROJECTORS = torch.diag_embed(_IDENTITY)


def embedded(qubits: dict[int, Tensor], n: int) -> Tensor:
    """Kronecker product over all qubits, qubit 0 first, the identity where nothing is given."""
    return reduce(torch.kron, [qubits.get(q, _IDENTITY) for q in range(n)])


def _rotation(axis: str, angle: Tensor) -> Tensor:
    return torch.cos(angle / 2) * _IDENTITY - 1j * torch.sin(angle / 2) * PAULI[axis]


def dense_gate(gate: Gate, row: Tensor, n: int) -> Tensor:
    """The matrix (2**n, 2**n) of any gate of `GATES`.

    The angles are (n, r) of one layer, or (n, 1) of one upload of data. The matrix is made of
    exponentials of Pauli strings, with projectors for controls.
    """
    kind = GATES[gate.name]
    turns = [_turn(angle, row) for angle in gate.angles]
    controls, targets = gate.qubits[: kind.controls], gate.qubits[kind.controls :]
    # Controlled U = U P + (1 - P), with P the projector on all controls being 1.
    acted = _base(kind.base, turns, targets, n)
    on = embedded(dict.fromkeys(controls, _PROJECTORS[1]), n)
    return acted @ on + torch.eye(2**n, dtype=on.dtype) - on


def _turn(angle: Angle, row: Tensor) -> Tensor:
    if isinstance(angle, Slot):
        return angle.factor * row[angle.qubit, angle.index] + angle.offset
    if isinstance(angle, InputSlot):
        # Gates of an upload are given its encoding angles in the place of a layer's.
        return angle.factor * row[angle.index, 0] + angle.offset
    return torch.as_tensor(float(angle), dtype=torch.float64)


def _base(base: str, turns: list[Tensor], targets: tuple[int, ...], n: int) -> Tensor:
    def pauli(axis: str) -> Tensor:
        return embedded(dict.fromkeys(targets, PAULI[f"r{axis}"]), n)

    def power(axis: str, angle: float | Tensor, phase: float | Tensor) -> Tensor:
        half_angle = torch.as_tensor(angle / 2, dtype=torch.float64)
        shift = torch.as_tensor(phase, dtype=torch.float64)
        identity = torch.eye(2**n, dtype=torch.complex128)
        turned = torch.cos(half_angle) * identity - 1j * torch.sin(half_angle) * pauli(axis)
        return turned * torch.exp(1j * shift)

    # Every gate is a Pauli string, a sum of them, or exp(-i angle/2 P) times a phase.
    half, quarter = torch.pi / 2, torch.pi / 4
    if base == "h":
        return (pauli("x") + pauli("z")) / 2**0.5
    if base == "swap":
        return (torch.eye(2**n) + pauli("x") + pauli("y") + pauli("z")) / 2
    if base in ("x", "y", "z"):
        return pauli(base)
    if base == "u3":
        theta, phi, lam = turns
        return power("z", phi, phi / 2) @ power("y", theta, 0.0) @ power("z", lam, lam / 2)
    if base[0] == "r":
        return power(base[-1], turns[0], 0.0)
    if base == "sx":
        return power("x", half, quarter)
    if base == "p":
        return power("z", turns[0], turns[0] / 2)
    angle = {"s": 1, "sdg": -1, "t": 0.5, "tdg": -0.5}[base] * half
    return power("z", angle, angle / 2)


def dense_state(candidate: AnyCandidate, angles: Tensor, inputs: Tensor | None = None) -> Tensor:
    """Final amplitudes of one circuit, complex128 (2**n,).

    Angles are (depth, n) or (depth, n, r), inputs (n,).

    Raises:
        ArgumentError: the candidate encodes data, and no inputs are given.
    """
    if inputs is None:
        require(not candidate.encodes, "candidates", "encode no data", candidate.name)
    angles = angles if angles.dim() == 3 else angles.unsqueeze(-1)
    n = angles.shape[1]
    state = torch.zeros(2**n, dtype=torch.complex128)
    state[0] = 1
    if isinstance(candidate, Ansatz):
        start, layer, _ = ansatz_gates(candidate, n)
        for gate in start:
            state = dense_gate(gate, angles[0], n) @ state
        for row in angles:
            for gate in layer:
                state = dense_gate(gate, row, n) @ state
        return state
    if candidate.hadamard:
        state = embedded(dict.fromkeys(range(n), _HADAMARD), n) @ state
    if candidate.encodes and inputs is not None:
        for q in range(n):
            for axis in candidate.encodings:
                state = embedded({q: _rotation(axis, inputs[q])}, n) @ state
    for layer in angles:
        state = _layer(candidate, layer, state)
    return state


def _layer(candidate: Candidate, angles: Tensor, state: Tensor) -> Tensor:
    """One layer at angles (n, r)."""
    n = len(angles)
    for gate in candidate.entangling(n):
        state = dense_gate(gate, angles, n) @ state
    for q in range(n):
        for axis, angle in zip(candidate.rotations, angles[q], strict=False):
            state = embedded({q: _rotation(axis, angle)}, n) @ state
    return state


def dense_layers(candidates: Iterable[Candidate], angles: Tensor) -> Tensor:
    """Final amplitudes of a circuit with a candidate per layer, complex128 (2**n,).

    Angles are (depth, n, r).

    The first candidate decides whether Hadamards stand before the layers.
    """
    layers = list(candidates)
    state = dense_state(layers[0], angles[:1])
    for candidate, angle in zip(layers[1:], angles[1:], strict=True):
        state = _layer(candidate, angle, state)
    return state


def dense_probabilities(candidates: SearchSpace | Iterable[AnyCandidate], angles: Tensor) -> Tensor:
    """The values that `probabilities` must give, float64 (len(candidates), 2**n).

    Angles are (depth, n) or (depth, n, r).

    >>> from diffqas.circuits import Candidate
    >>> angles = torch.tensor([[0.0, torch.pi]])
    >>> dense_probabilities([Candidate(rotation="ry")], angles).round().abs().tolist()
    [[0.0, 1.0, 0.0, 0.0]]
    """
    states = torch.stack([dense_state(candidate, angles) for candidate in as_space(candidates)])
    return states.real.square() + states.imag.square()


def dense_expectations(
    candidates: SearchSpace | Iterable[AnyCandidate], inputs: Tensor, angles: Tensor, outputs: int
) -> Tensor:
    """The values that `expectations` must give, float64 (len(candidates), k).

    Inputs are (n,), angles (depth, n) or (depth, n, r).

    >>> from diffqas.circuits import Candidate
    >>> space, inputs = [Candidate(encoding="ry")], torch.tensor([torch.pi, 0.0])
    >>> dense_expectations(space, inputs, torch.zeros(1, 2), 2).round().tolist()
    [[-1.0, -1.0]]
    """
    n = len(inputs)
    observables = [embedded({q: PAULI["rz"]}, n) for q in range(outputs)]
    states = [dense_state(candidate, angles, inputs) for candidate in as_space(candidates)]
    return torch.stack(
        [torch.stack([(state.conj() @ (z @ state)).real for z in observables]) for state in states]
    )
