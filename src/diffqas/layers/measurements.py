"""How a device measures observables: in which bases, and how outputs follow from the bits.

A device gives bits of all qubits, in one basis at a time. An observable on a few qubits is a
Hermitian matrix V diag(values) V^dagger. So the qubits are turned by V^dagger, and each result
counts with its eigenvalue. For a Pauli string V is a gate on each qubit; a diagonal needs no turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from diffqas.circuits import AnyObservables, Hermitian, PauliStrings

Support: TypeAlias = tuple[int, ...]
"""The qubits that an observable acts on, the first one most significant."""
Values: TypeAlias = NDArray[np.float64]
Matrix: TypeAlias = NDArray[np.complex128]


class Reading(NamedTuple):
    """One part of an output: the mean of `values` over the bits of some qubits."""

    output: int
    qubits: Support
    values: Values
    """Of every result on these qubits, (2**k,), the first qubit most significant."""


class Turn(NamedTuple):
    """A change of basis before the measurement: V^dagger on some qubits."""

    qubits: Support
    matrix: Matrix
    """(2**k, 2**k), the first qubit most significant."""


@dataclass
class Setting:
    """One basis that all qubits are measured in, and all that is read in it."""

    basis: dict[int, str] = field(default_factory=dict)
    """What a qubit is turned to, by qubit; those that are not named stay as they are."""
    turns: list[Turn] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)

    def fits(self, wanted: Mapping[int, str]) -> bool:
        """Whether no qubit is measured in another basis already."""
        return all(self.basis.get(qubit, basis) == basis for qubit, basis in wanted.items())

    def outputs(self, results: Mapping[str, float], count: int) -> Values:
        """What this setting adds to each of `count` outputs.

        Args:
            results: counts or probabilities by bit string, qubit 0 on the left.
            count: outputs.
        """
        total = sum(results.values())
        found = np.zeros(count)
        for bits, weight in results.items():
            for reading in self.readings:
                index = int("0" + "".join(bits[qubit] for qubit in reading.qubits), 2)
                found[reading.output] += weight / total * reading.values[index]
        return found

    def table(self, n: int, count: int) -> Values:
        """What each result of all qubits adds to each output, (2**n, count).

        `outputs` as one matrix: a row of frequencies times this table.
        """
        found = np.zeros((2**n, count))
        states = np.arange(2**n)
        for reading in self.readings:
            index = np.zeros(2**n, int)
            for qubit in reading.qubits:
                # Qubit 0 is the most significant bit of a basis state.
                index = 2 * index + (states >> (n - 1 - qubit) & 1)
            found[:, reading.output] += reading.values[index]
        return found


def settings(
    observables: AnyObservables, n: int, outputs: int, numbers: Values | None
) -> list[Setting]:
    """The bases in which all outputs can be read, as few as are found in one pass.

    Args:
        observables: what is measured.
        n: qubits.
        outputs: how many, the first observables.
        numbers: the trained numbers, shaped as `observables.numbers(n, outputs)`.

    >>> [setting.basis for setting in settings(PauliStrings(("ZI", "IX", "XI")), 2, 3, None)]
    [{0: 'Z', 1: 'X'}, {0: 'X'}]
    """
    supports = observables.supports(n, outputs)
    found: list[Setting] = []
    for place, qubits in enumerate(supports):
        if isinstance(observables, PauliStrings):
            letters = observables.strings[place].replace("I", "")
            basis = dict(zip(qubits, letters, strict=True))
            setting = _setting(found, basis)
            for qubit in qubits:
                _turn(setting, (qubit,), basis[qubit], _LETTERS[basis[qubit]])
            values = parity(len(qubits))
            if numbers is None:
                setting.readings.append(Reading(place, qubits, values))
                continue
            for output in range(outputs):
                shared = Reading(output, qubits, numbers[output, place] * values)
                setting.readings.append(shared)
        elif isinstance(observables, Hermitian):
            assert numbers is not None
            # A matrix of its own on every window: only windows apart go together.
            setting = _setting(found, dict.fromkeys(qubits, f"eigenvectors {place}"))
            eigenvalues, vectors = np.linalg.eigh(hermitian(numbers[place]))
            _turn(setting, qubits, f"eigenvectors {place}", vectors.conj().T)
            setting.readings.append(Reading(place, qubits, eigenvalues))
        else:
            setting = _setting(found, dict.fromkeys(qubits, "Z"))
            setting.basis |= dict.fromkeys(qubits, "Z")
            values = parity(1) if numbers is None else numbers[place]
            setting.readings.append(Reading(place, qubits, values))
    return found


_HADAMARD = np.array([[1, 1], [1, -1]], complex) / np.sqrt(2)
_LETTERS = {"X": _HADAMARD, "Y": _HADAMARD @ np.diag([1, -1j]), "Z": np.eye(2, dtype=complex)}
"""V^dagger of each Pauli matrix: H X H = Z, and (H S^dagger) Y (H S^dagger)^dagger = Z."""


def _setting(found: list[Setting], basis: Mapping[int, str]) -> Setting:
    """The first setting that goes with a basis, or a new one."""
    for setting in found:
        if setting.fits(basis):
            return setting
    found.append(Setting())
    return found[-1]


def _turn(setting: Setting, qubits: Support, name: str, matrix: Matrix) -> None:
    """Measure qubits of a setting in a basis, if they are not yet."""
    known = all(setting.basis.get(qubit) == name for qubit in qubits)
    if known:
        return
    setting.basis |= dict.fromkeys(qubits, name)
    if name != "Z":
        setting.turns.append(Turn(qubits, matrix))


def parity(count: int) -> Values:
    """Eigenvalues of Z on each of `count` qubits, (2**count,): -1 where an odd number is 1.

    >>> parity(2).tolist()
    [1.0, -1.0, -1.0, 1.0]
    """
    values = np.ones(1)
    for _ in range(count):
        values = np.concatenate([values, -values])
    return values


def hermitian(numbers: Values) -> Matrix:
    """The matrix of 4**k real numbers: the diagonal, then real and imaginary parts above it.

    >>> hermitian(np.array([1.0, 2.0, 3.0, 4.0])).tolist()
    [[(1+0j), (3+4j)], [(3-4j), (2+0j)]]
    """
    size = round(len(numbers) ** 0.5)
    above = np.triu_indices(size, 1)
    pairs = len(above[0])
    matrix = np.zeros((size, size), complex)
    matrix[above] = numbers[size : size + pairs] + 1j * numbers[size + pairs :]
    matrix += matrix.conj().T
    matrix[np.diag_indices(size)] = numbers[:size]
    return matrix
