"""A candidate circuit as plain frozen data, without simulation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from diffqas.circuits.entanglers import (
    Cnot,
    cnots,
    entangler_title,
    entangling,
    normalise_entangler,
)
from diffqas.circuits.gate import Gate
from diffqas.errors import ArgumentError, choose, require
from diffqas.storage import storable

ROTATIONS = ("rx", "ry", "rz")


@storable
@dataclass(frozen=True)
class Candidate:
    """A homogeneous circuit: Hadamards once, then layers of an entangler followed by rotations.

    The circuit starts in |0..0>. Each of its `depth` layers applies the entangler and then, on
    every qubit, the rotations in the order given (arXiv 2505.09653, Fig. 3 and Table I).

    Args:
        hadamard: put a Hadamard gate on every qubit before the first layer.
        entangler: a name of `ENTANGLERS`, as `"ent"` (brick), `"ring"`, `"chain"`, `"star"`,
            `"all"`, `"none"`, `"cz-ring"`, or a list of (control, target) pairs of CNOTs.
        rotation: `"rx"`, `"ry"`, `"rz"`, or a tuple of them, applied from left to right.
        encoding: rotation that encodes one input per qubit before the first layer, or a tuple of
            rotations by the same input, applied from left to right; None encodes no data.

    Raises:
        ArgumentError: an unknown entangler, rotation or encoding, or another type.

    >>> Candidate(entangler="ring", rotation="rx").name
    'Ring-RX'
    >>> Candidate(hadamard=True, rotation=("rz", "ry", "rz")).name
    'H-Ent-RZ.RY.RZ'
    >>> Candidate(hadamard=True, rotation="rz", encoding="ry").name
    'H-RY/Ent-RZ'
    >>> Candidate(entangler="cz-ring", encoding=("ry", "rz")).name
    'RY.RZ/CZ-Ring-RY'
    """

    hadamard: bool = False
    entangler: str | Sequence[Sequence[int]] = "ent"
    rotation: str | tuple[str, ...] = "ry"
    encoding: str | tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        flag = isinstance(self.hadamard, bool)
        require(flag, "hadamard", "be True or False", repr(self.hadamard))
        object.__setattr__(self, "entangler", normalise_entangler(self.entangler))
        object.__setattr__(self, "rotation", _checked(self.rotation, "rotation"))
        if self.encoding is not None:
            object.__setattr__(self, "encoding", _checked(self.encoding, "encoding"))

    @property
    def rotations(self) -> tuple[str, ...]:
        """The rotations of one qubit in one layer, in the order in which they act."""
        return _listed(self.rotation)

    @property
    def encodings(self) -> tuple[str, ...]:
        """The rotations of one qubit by its input, in the order in which they act; may be empty."""
        if self.encoding is None:
            return ()
        return _listed(self.encoding)

    @property
    def encodes(self) -> bool:
        """Whether the circuit takes data."""
        return self.encoding is not None

    @property
    def rotations_per_qubit(self) -> int:
        """Angles of one qubit in one layer."""
        return len(self.rotations)

    def cnots(self, n: int) -> tuple[Cnot, ...]:
        """CNOTs (control, target) of one layer on `n` qubits, in the order in which they act.

        Raises:
            ArgumentError: the entangler has other gates than CNOTs, or does not fit `n` qubits.
        """
        return cnots(normalise_entangler(self.entangler), n)

    def entangling(self, n: int) -> tuple[Gate, ...]:
        """The two-qubit gates of one layer on `n` qubits, in the order in which they act.

        Raises:
            ArgumentError: the entangler does not fit `n` qubits.

        >>> [gate.name for gate in Candidate(entangler="cz-ring").entangling(3)]
        ['cz', 'cz', 'cz']
        """
        return entangling(normalise_entangler(self.entangler), n)

    @property
    def name(self) -> str:
        """A short readable name, e.g. `H-Ent-RY`; different candidates have different names."""
        entangler = entangler_title(normalise_entangler(self.entangler))
        body = f"{entangler}-{'.'.join(self.rotations).upper()}"
        if self.encodes:
            body = f"{'.'.join(self.encodings).upper()}/{body}"
        return f"H-{body}" if self.hadamard else body


def _listed(rotations: str | Sequence[str]) -> tuple[str, ...]:
    """One rotation or several as a tuple."""
    if isinstance(rotations, str):
        return (rotations,)
    return tuple(rotations)


def _checked(rotations: object, argument: str) -> str | tuple[str, ...]:
    """A single rotation by its name, several as a tuple, so that equal circuits are equal."""
    if not isinstance(rotations, (str, tuple, list)):
        raise ArgumentError(
            f"Argument `{argument}` must be a name or a tuple of names, but got {rotations!r}."
        )
    listed = _listed(rotations)
    require(len(listed) >= 1, argument, "name at least one rotation", "none")
    for rotation in listed:
        choose(rotation, ROTATIONS, argument)
    return listed[0] if len(listed) == 1 else listed
