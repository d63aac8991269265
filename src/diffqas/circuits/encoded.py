"""Findings about a candidate with data encoding that need no simulation.

A circuit of `depth` layers is pulled back string by string (`diffqas.circuits.paulis`); an encoding
shows some of the strings that are reached (`diffqas.circuits.encodings`). An output depends on an
input if a string that is shown has there a letter that varies; it depends on the angles if the way
to a string that is shown has a branch.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from diffqas.circuits.candidate import Candidate
from diffqas.circuits.encodings import ONE, shown
from diffqas.circuits.fingerprint import fingerprint
from diffqas.circuits.paulis import Program, programs
from diffqas.circuits.permutations import apply_cnots
from diffqas.circuits.search_space import SearchSpace, as_space
from diffqas.errors import require


@dataclass(frozen=True)
class EncodedFinding:
    """What is known about one candidate with data encoding, for one circuit size."""

    candidate: Candidate
    inputs: tuple[int, ...]
    """Qubits whose input some output depends on."""
    trains: bool
    """Whether some output depends on the angles."""
    constant: tuple[int, ...] | None
    """Values of the outputs where they depend on nothing, else None."""
    reasons: tuple[str, ...]
    """Why it sees no input, why it does not train; empty if it does both."""
    duplicate_of: Candidate | None
    """An earlier candidate that is the same function of inputs and (shared) angles."""
    likeness: str
    """Why it is that function; empty without duplicate."""

    @property
    def sees(self) -> bool:
        """Whether some output depends on some input."""
        return bool(self.inputs)

    @property
    def live(self) -> bool:
        """Whether the outputs depend on inputs and on angles."""
        return self.sees and self.trains

    @property
    def reason(self) -> str:
        """The finding in one line: `live`, or the reasons and the constant value."""
        values = sorted(set(self.constant or ()))
        return "; ".join((*self.reasons, *(f"always {value}" for value in values))) or "live"


def blind(candidate: Candidate) -> str | None:
    """Why no circuit of this kind sees its input, whatever its size; None if no rule says so."""
    axes = set(candidate.rotations)
    if candidate.hadamard and candidate.encoding == "rx":
        return "blind: RX leaves |+> alone, the input only turns a global phase"
    if not candidate.hadamard and candidate.encoding == "rz":
        return "blind: RZ leaves |0> alone, the input only turns a global phase"
    if candidate.hadamard and candidate.encoding == "rz" and axes == {"rz"}:
        return "blind: outputs stay Z-strings, whose mean is 0 on qubits that RZ turned from |+>"
    return None


def untrainable(candidate: Candidate) -> str | None:
    """Why the angles of this kind never matter, whatever the size; None if no rule says so."""
    axes = set(candidate.rotations)
    if axes == {"rz"}:
        return (
            "fixed: CNOTs take Z-strings to Z-strings and RZ commutes with them, "
            "the angles drop out"
        )
    if candidate.hadamard and candidate.encoding == "rx" and axes == {"rx"}:
        return "fixed: CNOTs and RX leave |+..+> alone, the angles only turn a global phase"
    return None


def encoded_findings(
    candidates: SearchSpace | Iterable[Candidate], n: int, depth: int, outputs: int
) -> list[EncodedFinding]:
    """Dead candidates and duplicates of a space, in the space's order.

    Exact while an output is at most `paulis.MAX_STRINGS` strings (eight qubits at any depth, more
    in shallow circuits); beyond, a candidate is called blind, fixed or a duplicate only by rules
    that hold at every size.

    Args:
        candidates: circuits with data encoding.
        n: qubits.
        depth: layers.
        outputs: how many qubits are read, the first ones.

    Raises:
        ArgumentError: a candidate without encoding, or a size below 1.

    >>> from diffqas.circuits import QLSTM_SPACE
    >>> found = encoded_findings(QLSTM_SPACE, 6, 5, 5)
    >>> sum(not f.sees for f in found), sum(not f.trains for f in found), sum(f.live for f in found)
    (14, 14, 16)
    """
    space = as_space(candidates)
    for name, value in (("n", n), ("depth", depth), ("outputs", outputs)):
        require(isinstance(value, int) and value >= 1, name, "be at least 1", value)
    require(outputs <= n, "outputs", f"be at most the number of qubits, {n}", outputs)
    return list(_findings(space, n, depth, outputs))


@lru_cache(maxsize=32)  # a ranking asks for each gate and each seed
def _findings(space: SearchSpace, n: int, depth: int, outputs: int) -> tuple[EncodedFinding, ...]:
    first: dict[Hashable, Candidate] = {}
    result = []
    for candidate in space:
        require(candidate.encodes, "candidates", "encode data", candidate.name)
        found = programs(candidate.cnots(n), candidate.rotations, n, depth, outputs)
        if found is None:
            inputs, trains, constant = _by_rules(candidate, n, outputs)
            mark = _structure(candidate, n)
        else:
            inputs, trains, constant = _by_strings(candidate, found, n)
            mark = fingerprint(candidate, found, n)
        if constant is not None:
            # Constants are equal whatever makes them.
            mark = constant
        original = first.setdefault(mark, candidate)
        copy = original is not candidate
        result.append(
            EncodedFinding(
                candidate,
                inputs,
                trains,
                constant,
                _reasons(candidate, bool(inputs), trains),
                original if copy else None,
                _likeness(candidate, original, constant, n) if copy else "",
            )
        )
    return tuple(result)


def _by_strings(
    candidate: Candidate, found: list[Program], n: int
) -> tuple[tuple[int, ...], bool, tuple[int, ...] | None]:
    """Inputs that are seen, whether the angles matter, and constants, from the reached strings."""
    # No coefficient vanishes for all angles (see `paulis`), so what is reached and shown counts.
    seen, trains, values = np.zeros(n, bool), False, []
    for each in found:
        strings = shown(candidate, each.x, each.z, n)
        seen |= (strings.features != ONE).any(0)
        # Before the first branch there is one string, after it every way has branched.
        trains |= len(each.pairs) > 0 and len(strings.slots) > 0
        values.append(int((each.sign[strings.slots] * strings.signs).sum()))
    constant = not seen.any() and not trains
    return tuple(np.flatnonzero(seen).tolist()), trains, tuple(values) if constant else None


def _by_rules(
    candidate: Candidate, n: int, outputs: int
) -> tuple[tuple[int, ...], bool, tuple[int, ...] | None]:
    sees, trains = blind(candidate) is None, untrainable(candidate) is None
    seen = tuple(range(n)) if sees else ()
    if sees or trains:
        return seen, trains, None
    # Z-strings of |0..0> are 1, those of qubits turned from |+> are 0.
    value = int(not candidate.hadamard)
    return seen, trains, (value,) * outputs


def _structure(candidate: Candidate, n: int) -> Hashable:
    """A mark of the circuit's function: equal marks mean equal functions at every depth.

    It is made of the encoding, the rotations and the map of a layer.
    """
    encoding = (candidate.hadamard, candidate.encoding)
    # RX and RY turn |0> to Bloch vectors that differ by a turn about Z, which Z-strings never
    # show; RZ and CNOTs make nothing else of an output.
    if encoding == (False, "rx") and set(candidate.rotations) == {"rz"}:
        encoding = (False, "ry")
    return encoding, candidate.rotations, _layer(candidate, n)


def _layer(candidate: Candidate, n: int) -> tuple[int, ...]:
    """One layer's CNOTs as a map over GF(2): the images of the unit vectors say all."""
    return tuple(apply_cnots(1 << np.arange(n), candidate.cnots(n), n).tolist())


def _reasons(candidate: Candidate, sees: bool, trains: bool) -> tuple[str, ...]:
    small = "at this size no string of an output that its encoding shows has"
    reasons: list[str] = []
    if not sees:
        reasons.append(blind(candidate) or f"blind: {small} a letter that varies")
    if not trains:
        reasons.append(untrainable(candidate) or f"fixed: {small} an angle")
    return tuple(reasons)


def _likeness(
    candidate: Candidate, original: Candidate, constant: tuple[int, ...] | None, n: int
) -> str:
    if constant is not None:
        return "the same constant"
    if {candidate.encoding, original.encoding} == {"rx", "ry"} and set(candidate.rotations) == {
        "rz"
    }:
        return "from |0>, RX and RY encoding show the same <Z> = cos v"
    if candidate.entangler != original.entangler and _layer(candidate, n) == _layer(original, n):
        return "the two entanglers are the same map"
    return "equal strings with equal coefficients"
