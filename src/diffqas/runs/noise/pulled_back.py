"""The exact outputs of a circuit whose gates are followed by errors, as a function of its inputs.

Z of each qubit is pulled back through the circuit, gate by gate from its end, to where the inputs
are encoded. A depolarising error shrinks every operator on its qubits and leaves the trace. It
commutes with all gates on its qubit alone, so only the number of pulses between two CNOTs counts,
which is that of `diffqas.devices.error_gates`. Before the first CNOT the qubits are in a product
state; each factor is a sum of a constant, cos x and sin x of the qubit's input.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from diffqas.circuits import Gate, InputSlot
from diffqas.devices import MOST_PULSES, TWO_QUBITS, pulses_of
from diffqas.errors import require
from diffqas.simulator import gate_states

Operators: TypeAlias = NDArray[np.complex128]
"""Of n qubits, (operators, 2, ..., 2, 2, ..., 2): n axes of rows, then n of columns."""


def damped_outputs(gates: Sequence[Gate], n: int, outputs: int, rate: float) -> NDArray[np.float64]:
    """The coefficients (outputs, 3**n) of <Z> of the first qubits, in the order of `features`.

    Args:
        gates: the gates, all on one qubit except CNOTs; each qubit has one `InputSlot`, before all
            CNOTs.
        n: the number of qubits.
        outputs: how many qubits are read.
        rate: the rate of errors after pulses; after CNOTs it is `TWO_QUBITS` times as large.
    """
    encoded = max(place for place, gate in enumerate(gates) if gate.encodes)
    front, behind = gates[: encoded + 1], gates[encoded + 1 :]
    known = all(len(gate.qubits) == 1 for gate in front)
    require(known, "gates", "encode before all CNOTs", "a CNOT in front of an input")
    found = _z_of(n, outputs)
    for qubits, matrix, kept in reversed(list(_steps(front, behind, n, rate))):
        if matrix is not None:
            found = _pulled(found, matrix, qubits, n)
        found = _faded(found, kept, qubits, n)
    for qubit in range(n):
        parts = _encoded([gate for gate in front if gate.qubits == (qubit,)])
        # tr(O rho): the rows of O meet the columns of rho. Axes of this qubit come first each time.
        found = np.tensordot(found, parts, axes=([1, 1 + n - qubit], [2, 1]))
    return found.real.reshape(outputs, -1)


def _steps(
    front: Sequence[Gate], behind: Sequence[Gate], n: int, rate: float
) -> list[tuple[tuple[int, ...], Operators | None, float]]:
    """Qubits, matrix and the share that errors behind it leave, in the order in which they act.

    Without a matrix: the errors of pulses, of which some lie before the inputs.
    """
    waiting = [0] * n
    found: list[tuple[tuple[int, ...], Operators | None, float]] = []

    def settle(qubit: int) -> None:
        found.append(((qubit,), None, (1 - rate) ** waiting[qubit]))
        waiting[qubit] = 0

    def wait(gate: Gate) -> None:
        (qubit,) = gate.qubits
        waiting[qubit] = min(MOST_PULSES, waiting[qubit] + pulses_of(gate))

    for gate in front:
        wait(gate)
    for gate in behind:
        if len(gate.qubits) == 1:
            wait(gate)
            found.append((gate.qubits, _matrix(gate), 1.0))
            continue
        for qubit in gate.qubits:
            settle(qubit)
        found.append((gate.qubits, _matrix(gate), max(0.0, 1 - TWO_QUBITS * rate)))
    for qubit in range(n):
        settle(qubit)
    return found


def _z_of(n: int, outputs: int) -> Operators:
    """Z of each of the first qubits."""
    states = np.arange(2**n)
    signs = [1 - 2 * (states >> (n - 1 - qubit) & 1) for qubit in range(outputs)]
    return np.stack([np.diag(own.astype(complex)) for own in signs]).reshape(-1, *[2] * (2 * n))


def _matrix(gate: Gate) -> Operators:
    """Of a gate on k qubits, (2**k, 2**k), column by column from what it makes of a basis state."""
    k = len(gate.qubits)
    there = replace(gate, qubits=tuple(range(k)))
    columns: list[Operators] = []
    for state in range(2**k):
        flips = [Gate("x", (qubit,)) for qubit in range(k) if state >> (k - 1 - qubit) & 1]
        columns.append(gate_states([*flips, there], k, torch.zeros(1, 0))[0].numpy())
    return np.stack(columns, axis=1)


def _encoded(front: Sequence[Gate]) -> Operators:
    """The state of one qubit as a sum of three matrices times 1, cos x and sin x, (3, 2, 2)."""
    own = [_of_first(gate) for gate in front]
    states = gate_states(own, 1, torch.tensor([[0.0], [np.pi / 2], [np.pi]])).numpy()
    zero, quarter, half = np.einsum("si,sj->sij", states, states.conj())
    constant = (zero + half) / 2
    return np.stack([constant, (zero - half) / 2, quarter - constant])


def _of_first(gate: Gate) -> Gate:
    """The same gate on qubit 0, by input 0."""
    angles = [
        replace(angle, index=0) if isinstance(angle, InputSlot) else angle for angle in gate.angles
    ]
    return replace(gate, qubits=(0,)).with_angles(angles)


def _pulled(found: Operators, matrix: Operators, qubits: Sequence[int], n: int) -> Operators:
    """U^dagger O U."""
    k = len(qubits)
    tensor = matrix.reshape([2] * (2 * k))
    rows, columns = ([1 + by + qubit for qubit in qubits] for by in (0, n))
    left = np.tensordot(tensor.conj(), found, axes=(range(k), rows))
    found = np.moveaxis(left, range(k), rows)
    right = np.tensordot(found, tensor, axes=(columns, range(k)))
    return np.moveaxis(right, range(-k, 0), columns)


def _faded(found: Operators, kept: float, qubits: Sequence[int], n: int) -> Operators:
    """O times a share, and in place of the rest its mean on these qubits."""
    if kept == 1:
        return found
    k = len(qubits)
    axes = [1 + by + qubit for by in (0, n) for qubit in qubits]
    last = np.moveaxis(found, axes, range(-2 * k, 0))
    flat = last.reshape(*last.shape[: -2 * k], 2**k, 2**k)
    mean = np.einsum("...ii->...", flat) / 2**k
    rest = (1 - kept) * mean[..., None, None] * np.eye(2**k)
    return np.moveaxis((kept * flat + rest).reshape(last.shape), range(-2 * k, 0), axes)
