"""The outputs of a searched layer as sums of Pauli strings, which estimators of devices take."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from diffqas.circuits import PAULIS, Hermitian, PauliStrings
from diffqas.errors import require
from diffqas.layers.found_circuits import trained_numbers
from diffqas.layers.measurements import Matrix, hermitian

if TYPE_CHECKING:
    from diffqas.layers.quantum_layer import QuantumLayer

MOST_LETTERS = 6
"""The most qubits of a trained observable, as a matrix on k qubits is a sum of 4**k strings."""


def pauli_sums(layer: QuantumLayer) -> list[dict[str, float]]:
    """The observable of each output as coefficients of Pauli strings, qubit 0 on the left.

    Args:
        layer: a single layer.

    Raises:
        ArgumentError: there are trained observables on more than `MOST_LETTERS` qubits.
    """
    observables, numbers = layer.observables, trained_numbers(layer)
    supports = observables.supports(layer.n, layer.outputs)
    found: list[dict[str, float]] = []
    for output in range(layer.outputs):
        if isinstance(observables, PauliStrings):
            own = {observables.strings[output]: 1.0}
            if numbers is not None:
                own = dict(zip(observables.strings, numbers[output].tolist(), strict=True))
        elif numbers is None:
            own = {_wide("Z", supports[output], layer.n): 1.0}
        else:
            rule = f"act on at most {MOST_LETTERS} qubits each where an estimator takes them"
            width = len(supports[output])
            require(width <= MOST_LETTERS, "observables", rule, width)
            matrix = np.diag(numbers[output]).astype(complex)
            if isinstance(observables, Hermitian):
                matrix = hermitian(numbers[output])
            parts = _decomposed(matrix)
            own = {_wide(word, supports[output], layer.n): part for word, part in parts.items()}
        found.append(own)
    return found


def _decomposed(matrix: Matrix) -> dict[str, float]:
    """A Hermitian matrix on k qubits as a sum of words of k letters.

    >>> _decomposed(np.diag([3.0 + 0j, 1.0]))
    {'I': 2.0, 'Z': 1.0}
    """
    k = len(matrix).bit_length() - 1
    found: dict[str, float] = {}
    for word in map("".join, product("IXYZ", repeat=k)):
        string = np.eye(1, dtype=complex)
        for letter in word:
            string = np.kron(string, PAULIS[letter])
        # Strings are orthogonal to each other: tr(P Q) is 2**k of equal ones, else 0.
        part = float(np.trace(string @ matrix).real) / 2**k
        if part != 0:
            found[word] = part
    return found


def _wide(word: str, qubits: tuple[int, ...], n: int) -> str:
    """A word on some qubits as a string on all of them."""
    letters = ["I"] * n
    for letter, qubit in zip(word, qubits, strict=True):
        letters[qubit] = letter
    return "".join(letters)
