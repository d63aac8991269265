"""Features of the inputs that an encoding shows of a Pauli string.

After the Hadamards, if any, and one rotation by its input v, a qubit has a Bloch vector r(v). The
expectation of a Pauli string is the product of the components that belong to its letters. So each
letter contributes 1, cos v or sin v with a sign, or the expectation is zero and the string hidden.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from diffqas.circuits.candidate import Candidate
from diffqas.circuits.paulis import Ints

ONE, COS, SIN, HIDDEN = range(4)
"""The possible contributions of a letter; `HIDDEN` stands for zero."""

# Bloch vectors: from |0>, RX(v) gives (0, -sin v, cos v) and RY(v) (sin v, 0, cos v);
# from |+>, RY(v) gives (cos v, 0, -sin v) and RZ(v) (cos v, sin v, 0).
# RZ leaves |0> where it is, RX leaves |+>.
SHOWN: dict[tuple[bool, str], dict[str, tuple[int, int]]] = {
    (False, "rx"): {"Y": (SIN, -1), "Z": (COS, 1)},
    (False, "ry"): {"Z": (COS, 1), "X": (SIN, 1)},
    (False, "rz"): {"Z": (ONE, 1)},
    (True, "rx"): {"X": (ONE, 1)},
    (True, "ry"): {"X": (COS, 1), "Z": (SIN, -1)},
    (True, "rz"): {"X": (COS, 1), "Y": (SIN, 1)},
}
"""By (hadamard, encoding): the letters that are shown, each as (feature, sign)."""


class Shown(NamedTuple):
    """Strings that an encoding shows."""

    slots: Ints
    """The places of these strings among those that were given."""
    features: Ints
    """(strings, n) of ONE, COS, SIN."""
    signs: Ints


def shown(candidate: Candidate, x: Ints, z: Ints, n: int) -> Shown:
    """Those of the strings (x, z) on `n` qubits that the encoded state shows.

    A string is shown if its expectation in that state is not zero for all inputs.

    # XI, IY
    >>> seen = shown(Candidate(encoding="ry"), np.array([0b10, 0b01]), np.array([0b00, 0b01]), 2)
    >>> seen.slots.tolist(), seen.features.tolist(), seen.signs.tolist()
    ([0], [[2, 0]], [1])
    """
    letters = SHOWN[candidate.hadamard, str(candidate.encoding)]
    # A letter's number is 2 * (its bit in x) + (its bit in z).
    table = np.array([(ONE, 1), *(letters.get(letter, (HIDDEN, 1)) for letter in "ZXY")])
    shifts = np.arange(n - 1, -1, -1)
    found = table[2 * (x[:, None] >> shifts & 1) + (z[:, None] >> shifts & 1)]
    slots = np.flatnonzero((found[..., 0] != HIDDEN).all(1))
    return Shown(slots, found[slots, :, 0], found[slots, :, 1].prod(1))
