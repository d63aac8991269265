"""Rules that prove circuits with data dead, whatever their size, and the reasons in words.

Three facts are used. CNOTs, CZs and RZs change |0..0> by a phase at most. CNOTs and RXs change
|+..+> by a phase at most, but a CZ does more. And CNOTs, CZs and RZs map Z-strings to Z-strings.
"""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from diffqas.circuits.candidate import Candidate
from diffqas.circuits.entanglers import ENTANGLERS
from diffqas.circuits.evidence import Evidence
from diffqas.circuits.observables import AnyObservables, Diagonal, PauliStrings, Z
from diffqas.circuits.permutations import apply_cnots


def blind(
    candidate: Candidate, observables: AnyObservables | None = None, uploads: int = 1
) -> str | None:
    """Why no circuit of this kind sees its input, whatever its size; None if no rule says so.

    Args:
        candidate: a circuit with data encoding.
        observables: what is measured; None stands for Z.
        uploads: how often the data is encoded.
    """
    turns, axes = set(candidate.encodings), set(candidate.rotations)
    if candidate.hadamard and turns == {"rx"} and (uploads == 1 or _keeps_plus(candidate)):
        return "blind: RX leaves |+> alone, the input only turns a global phase"
    if not candidate.hadamard and turns == {"rz"} and (uploads == 1 or axes == {"rz"}):
        return "blind: RZ leaves |0> alone, the input only turns a global phase"
    flat = candidate.hadamard and turns == axes == {"rz"}
    if flat and reads_z_strings(observables):
        return "blind: outputs stay Z-strings, whose mean is 0 on qubits that RZ turned from |+>"
    return None


def untrainable(
    candidate: Candidate, observables: AnyObservables | None = None, uploads: int = 1
) -> str | None:
    """Why the angles of this kind never matter, whatever the size; None if no rule says so."""
    turns, axes = set(candidate.encodings), set(candidate.rotations)
    # With several uploads a rotation by an input stands between the angles and the outputs.
    straight = uploads == 1 or turns == {"rz"}
    if axes == {"rz"} and straight and reads_z_strings(observables):
        gates = "CNOTs" if made_of_cnots(candidate) else "CZs"
        return (
            f"fixed: {gates} take Z-strings to Z-strings and RZ commutes with them, "
            "the angles drop out"
        )
    if not candidate.hadamard and turns == axes == {"rz"}:
        return "fixed: no gate moves |0..0>, the angles only turn a global phase"
    if candidate.hadamard and turns == {"rx"} and _keeps_plus(candidate):
        return "fixed: CNOTs and RX leave |+..+> alone, the angles only turn a global phase"
    return None


def reads_z_strings(observables: AnyObservables | None) -> bool:
    """Whether only products of Z are measured; these follow from basis states' probabilities."""
    if observables is None or isinstance(observables, (Z, Diagonal)):
        return True
    strings = observables.strings if isinstance(observables, PauliStrings) else ("X",)
    return all(set(string) <= set("IZ") for string in strings)


def rule_evidence(
    candidate: Candidate, n: int, outputs: int, uploads: int, observables: AnyObservables
) -> Evidence:
    """What the rules say; a circuit that none of them names counts as live."""
    sees = blind(candidate, observables, uploads) is None
    trains = untrainable(candidate, observables, uploads) is None
    inputs = tuple(range(n)) if sees else ()
    constant = None
    if not sees and not trains:
        # Z of |0..0> is 1, Z of qubits turned from |+> is 0.
        plain = isinstance(observables, Z)
        constant = (int(not candidate.hadamard),) * outputs if plain else ()
    mark = constant or structure(candidate, n, uploads, observables)
    return Evidence(inputs, trains, constant, mark)


def structure(candidate: Candidate, n: int, uploads: int, observables: AnyObservables) -> Hashable:
    """A mark of the circuit's function: equal marks mean equal functions at every depth.

    It is made of the encoding, the rotations and the map of a layer.
    """
    encoding = (candidate.hadamard, candidate.encoding)
    fixed = untrainable(candidate, observables, uploads) is not None
    # RX and RY turn |0> to Bloch vectors that differ by a turn about Z, which Z-strings never
    # show; RZ and CNOTs make nothing else of an output.
    if encoding == (False, "rx") and uploads == 1 and fixed:
        encoding = (False, "ry")
    return encoding, candidate.rotations, entangler_mark(candidate, n)


def entangler_mark(candidate: Candidate, n: int) -> Hashable:
    """Equal for entanglers that are the same map on `n` qubits."""
    if not made_of_cnots(candidate):
        # CZs commute, and two of the same pair are none.
        pairs = [frozenset(gate.qubits) for gate in candidate.entangling(n)]
        return frozenset(pair for pair in pairs if pairs.count(pair) % 2)
    # CNOTs are linear over GF(2): the images of the unit vectors say all.
    return tuple(apply_cnots(1 << np.arange(n), candidate.cnots(n), n).tolist())


def likeness(
    candidate: Candidate, original: Candidate, constant: tuple[int, ...] | None, n: int
) -> str:
    """Why two candidates are the same function, in words; empty where no rule says so."""
    if constant is not None:
        return "the same constant"
    encodings = {candidate.encoding, original.encoding}
    if encodings == {"rx", "ry"} and set(candidate.rotations) == {"rz"}:
        return "from |0>, RX and RY encoding show the same <Z> = cos v"
    different = candidate.entangler != original.entangler
    if different and entangler_mark(candidate, n) == entangler_mark(original, n):
        return "the two entanglers are the same map"
    return ""


def _keeps_plus(candidate: Candidate) -> bool:
    """Whether the layers leave |+..+> alone."""
    return set(candidate.rotations) == {"rx"} and made_of_cnots(candidate)


def made_of_cnots(candidate: Candidate) -> bool:
    """Whether a candidate's entangler has no other gates than CNOTs, on any number of qubits."""
    if isinstance(candidate.entangler, str):
        return ENTANGLERS[candidate.entangler].gate == "cx"
    return True
