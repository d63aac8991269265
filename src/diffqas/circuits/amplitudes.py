"""Amplitudes of a circuit whose angles are numbers, computed by numpy gate by gate.

This code is slow and obvious. For everything that is computed more than once there is
`diffqas.simulator`.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterable
from functools import reduce
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from diffqas.circuits.gate import GATES, Gate
from diffqas.circuits.observables import AnyObservables, PauliStrings, Z

Complex: TypeAlias = NDArray[np.complex128]
Floats: TypeAlias = NDArray[np.float64]

PAULIS: dict[str, Complex] = {
    "I": np.eye(2, dtype=complex),
    "X": np.array([[0, 1], [1, 0]], dtype=complex),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1.0 + 0j, -1]),
}
_PHASES = {"z": 1.0, "s": 0.5, "sdg": -0.5, "t": 0.25, "tdg": -0.25}
"""Phases of |1>, in units of pi."""


def statevector(gates: Iterable[Gate], n: int) -> Complex:
    """Final amplitudes (2**n,) after gates that act on |0..0>; all angles must be numbers.

    >>> statevector([Gate("x", (1,))], 2).real.tolist()
    [0.0, 1.0, 0.0, 0.0]
    """
    state = np.zeros([2] * n, complex)
    state[(0,) * n] = 1
    for gate in gates:
        kind = GATES[gate.name]
        controls, targets = gate.qubits[: kind.controls], gate.qubits[kind.controls :]
        # The base acts where all controls are 1, on the axes of its targets.
        part = tuple(1 if q in controls else slice(None) for q in range(n))
        kept = [q for q in range(n) if q not in controls]
        axes = [kept.index(q) for q in targets]
        k = len(axes)
        matrix = _base(kind.base, [float(str(angle)) for angle in gate.angles])
        tensor = matrix.reshape([2] * (2 * k))
        acted = np.tensordot(tensor, state[part], (range(k, 2 * k), axes))
        state[part] = np.moveaxis(acted, range(k), axes)
    return state.reshape(-1)


def _base(base: str, angles: list[float]) -> Complex:
    """The matrix of a gate without its controls."""
    if base in ("x", "y"):
        return PAULIS[base.upper()]
    if base == "h":
        return (PAULIS["X"] + PAULIS["Z"]) / math.sqrt(2)
    if base == "sx":
        return ((1 + 1j) * PAULIS["I"] + (1 - 1j) * PAULIS["X"]) / 2
    if base == "swap":
        return np.eye(4, dtype=complex)[[0, 2, 1, 3]]
    if base in _PHASES:
        return np.diag([1, cmath.exp(1j * math.pi * _PHASES[base])])
    if base == "p":
        return np.diag([1, cmath.exp(1j * angles[0])])
    if base == "u3":
        # exp(i (phi + lambda)/2) RZ(phi) RY(theta) RZ(lambda)
        theta, phi, lam = angles
        turned = _turn("Z", phi) @ _turn("Y", theta) @ _turn("Z", lam)
        return cmath.exp(0.5j * (phi + lam)) * turned
    return _turn(base[1:].upper(), angles[0])


def _turn(string: str, angle: float) -> Complex:
    """exp(-i angle/2 P) of a Pauli string."""
    pauli = reduce(np.kron, [PAULIS[letter] for letter in string])
    return math.cos(angle / 2) * np.eye(len(pauli)) - 1j * math.sin(angle / 2) * pauli


def readings(state: Complex, n: int, outputs: int, observables: AnyObservables) -> Floats:
    """The numbers from which the outputs are computed, (numbers,).

    They are means of Z and of Pauli strings. For trained observables on windows they are the
    marginal probabilities, or the real and imaginary parts of the reduced density matrices.
    """
    if isinstance(observables, Z):
        strings = ["I" * q + "Z" + "I" * (n - 1 - q) for (q,) in observables.supports(n, outputs)]
        return np.array([_mean(state, string) for string in strings])
    if isinstance(observables, PauliStrings):
        strings = observables.strings if observables.trained else observables.strings[:outputs]
        return np.array([_mean(state, string) for string in strings])
    parts: list[Floats] = []
    for window in observables.supports(n, outputs):
        rho = reduced(state, window, n)
        if observables.diagonal:
            parts.append(rho.diagonal().real)
        else:
            parts += [rho.real.reshape(-1), rho.imag.reshape(-1)]
    return np.concatenate(parts)


def reduced(state: Complex, window: tuple[int, ...], n: int) -> Complex:
    """The reduced density matrix of some qubits, the first one most significant."""
    front = np.moveaxis(state.reshape([2] * n), window, range(len(window)))
    flat = front.reshape(2 ** len(window), -1)
    return flat @ flat.conj().T


def _mean(state: Complex, string: str) -> float:
    gates = [Gate(letter.lower(), (q,)) for q, letter in enumerate(string) if letter != "I"]
    acted = state.reshape([2] * len(string))
    for gate in gates:
        (q,) = gate.qubits
        acted = np.moveaxis(np.tensordot(PAULIS[gate.name.upper()], acted, (1, q)), 0, q)
    return float(np.vdot(state, acted.reshape(-1)).real)
