"""A user's own circuits with data, examined at random places: nothing is proved of them.

Outputs are computed at random inputs and angles, and again with one input, or all angles, changed.
An output that does not change by more than `SMALL` counts as independent.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from diffqas.circuits.amplitudes import Floats, readings, statevector
from diffqas.circuits.ansatz import Ansatz
from diffqas.circuits.evidence import Evidence
from diffqas.circuits.gates import operations
from diffqas.circuits.observables import AnyObservables, PauliStrings, Z

SMALL = 1e-9
PLACES = 2
MAX_MEASURED_QUBITS = 10
"""Qubits up to which circuits are measured."""


@lru_cache(maxsize=256)
def measured_evidence(
    ansatz: Ansatz,
    n: int,
    depth: int,
    outputs: int,
    uploads: int,
    observables: AnyObservables,
) -> Evidence:
    """What the outputs of a circuit with data depend on, by values at random places."""
    draw = np.random.default_rng(0)
    seen, trains, marks = np.zeros(n, bool), False, []
    for _ in range(PLACES):
        inputs = draw.uniform(-np.pi, np.pi, (2, uploads, n))
        angles = draw.uniform(-np.pi, np.pi, (2, depth, n, ansatz.rotations_per_qubit))
        same = np.broadcast_to(inputs[0, 0], (uploads, n))

        def values(data: Floats, theta: Floats) -> Floats:
            gates = operations(ansatz, theta.tolist(), uploads=uploads, encodings=data.tolist())
            return readings(statevector(gates, n), n, outputs, observables)

        here = values(same, angles[0])
        for q in range(n):
            other = same.copy()
            other[:, q] = inputs[1, 0, q]
            seen[q] |= _differ(values(other, angles[0]), here)
        trains |= _differ(values(same, angles[1]), here)
        marks += np.round(values(inputs[0], angles[0]) / SMALL).astype(np.int64).tolist()
    constant = None
    if not seen.any() and not trains:
        constant = _whole(marks[: len(marks) // PLACES], observables)
    inputs_seen = tuple(np.flatnonzero(seen).tolist())
    return Evidence(inputs_seen, trains, constant, tuple(marks))


def _differ(values: Floats, others: Floats) -> bool:
    return bool(np.abs(values - others).max() > SMALL)


def _whole(marks: list[int], observables: AnyObservables) -> tuple[int, ...]:
    """Values of constant outputs; none where a number is trained, or where they are no integers."""
    if not isinstance(observables, (Z, PauliStrings)) or observables.numbers(1, 1) is not None:
        return ()
    values = [mark * SMALL for mark in marks]
    if any(abs(value - round(value)) > 2 * SMALL for value in values):
        return ()
    return tuple(round(value) for value in values)
