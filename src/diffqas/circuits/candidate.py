"""A candidate circuit as plain frozen data, without simulation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from diffqas.circuits.entanglers import Cnot, cnots, normalise_entangler
from diffqas.errors import choose, require
from diffqas.storage import storable

ROTATIONS = ("rx", "ry", "rz")


@storable
@dataclass(frozen=True)
class Candidate:
    """A homogeneous circuit: Hadamards once, then layers of an entangler followed by rotations.

    The circuit starts in |0..0>. Each of its `depth` layers applies the CNOTs of the entangler and
    then, on every qubit, the rotations in the order given (arXiv 2505.09653, Fig. 3 and Table I).

    Args:
        hadamard: put a Hadamard gate on every qubit before the first layer.
        entangler: `"ent"` (brick), `"ring"`, `"chain"`, `"none"`, or a list of (control, target)
            pairs.
        rotation: `"rx"`, `"ry"`, `"rz"`, or a tuple of them, applied from left to right.
        encoding: rotation that encodes one input per qubit before the first layer; None encodes no
            data.

    Raises:
        ArgumentError: an unknown entangler or rotation.

    >>> Candidate(entangler="ring", rotation="rx").name
    'Ring-RX'
    >>> Candidate(hadamard=True, rotation=("rz", "ry", "rz")).name
    'H-Ent-RZ.RY.RZ'
    >>> Candidate(hadamard=True, rotation="rz", encoding="ry").name
    'H-RY/Ent-RZ'
    """

    hadamard: bool = False
    entangler: str | Sequence[Sequence[int]] = "ent"
    rotation: str | tuple[str, ...] = "ry"
    encoding: str | None = None

    def __post_init__(self) -> None:
        flag = isinstance(self.hadamard, bool)
        require(flag, "hadamard", "be True or False", repr(self.hadamard))
        object.__setattr__(self, "entangler", normalise_entangler(self.entangler))
        kind = isinstance(self.rotation, (str, tuple, list))
        require(kind, "rotation", "be a name or a tuple of names", repr(self.rotation))
        rotations = self.rotations
        require(len(rotations) >= 1, "rotation", "name at least one rotation", "none")
        for rotation in rotations:
            choose(rotation, ROTATIONS, "rotation")
        object.__setattr__(self, "rotation", rotations[0] if len(rotations) == 1 else rotations)
        if self.encoding is not None:
            choose(self.encoding, ROTATIONS, "encoding")

    @property
    def rotations(self) -> tuple[str, ...]:
        """The rotations of one qubit in one layer, in the order in which they act."""
        if isinstance(self.rotation, str):
            return (self.rotation,)
        return tuple(self.rotation)

    @property
    def rotations_per_qubit(self) -> int:
        """Angles of one qubit in one layer."""
        return len(self.rotations)

    def cnots(self, n: int) -> tuple[Cnot, ...]:
        """CNOTs (control, target) of one layer on `n` qubits, in the order in which they act."""
        return cnots(normalise_entangler(self.entangler), n)

    @property
    def name(self) -> str:
        """A short readable name, e.g. `H-Ent-RY`; different candidates have different names."""
        if isinstance(self.entangler, str):
            entangler = self.entangler.capitalize()
        else:
            # Different lists of CNOTs need different names, for results are filed under them.
            pairs = [f"{control}>{target}" for control, target in self.entangler]
            entangler = f"CX({','.join(pairs)})"
        body = f"{entangler}-{'.'.join(self.rotations).upper()}"
        if self.encoding is not None:
            body = f"{self.encoding.upper()}/{body}"
        return f"H-{body}" if self.hadamard else body
