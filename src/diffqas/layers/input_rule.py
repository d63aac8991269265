"""Which input is encoded on which qubit, where there are fewer or more inputs than qubits."""

from __future__ import annotations

from dataclasses import dataclass

SCALES = ("fixed", "trained")
"""Factors of the inputs: 1, or one for each input and upload that is trained."""


@dataclass(frozen=True)
class InputRule:
    """Position p = c * qubits + q, qubit q of the c-th encoding of an upload, takes input p.

    The inputs are counted on from the beginning after the last one: p modulo `inputs`. So fewer
    inputs than qubits are repeated, and more inputs than qubits need several encodings, one after
    the other, in each upload.

    >>> InputRule(inputs=2, qubits=4).places  # input 0 on qubits 0 and 2
    (0, 1, 0, 1)
    >>> InputRule(inputs=5, qubits=4).encodings, InputRule(inputs=5, qubits=4).places
    (2, (0, 1, 2, 3, 4, 0, 1, 2))
    """

    inputs: int
    qubits: int

    @property
    def encodings(self) -> int:
        """Encodings of one upload, ceil(inputs / qubits)."""
        return -(-self.inputs // self.qubits)

    @property
    def places(self) -> tuple[int, ...]:
        """The input at each position, encoding by encoding."""
        return tuple(place % self.inputs for place in range(self.encodings * self.qubits))
