"""Findings about a candidate with data encoding that need no simulation of quantum states.

An output is pulled back through the `depth` layers as a sum of Pauli strings
(`diffqas.circuits.paulis`). Only some of these strings have an expectation other than zero in the
encoded state, that is, the encoding shows them (`diffqas.circuits.encodings`). An output depends on
an input if a string that is shown has a letter on that qubit whose expectation varies with the
input. It depends on the angles if the pull-back to such a string has a branch.

With several uploads of the data, several rotations by one input, CZs or observables other than Z,
the outputs are computed exactly in a finite field instead (`diffqas.circuits.residues`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from diffqas.circuits.ansatz import Ansatz
from diffqas.circuits.candidate import Candidate
from diffqas.circuits.encoded_rules import (
    blind,
    likeness,
    made_of_cnots,
    rule_evidence,
    untrainable,
)
from diffqas.circuits.encodings import ONE, shown
from diffqas.circuits.evidence import MEASURED, RESIDUES, RULES, STRINGS, Evidence
from diffqas.circuits.fingerprint import fingerprint
from diffqas.circuits.gates import gate_list
from diffqas.circuits.measured import MAX_MEASURED_QUBITS, measured_evidence
from diffqas.circuits.observables import AnyObservables, Z
from diffqas.circuits.paulis import Program, programs
from diffqas.circuits.residues import MAX_RESIDUE_QUBITS, residue_evidence
from diffqas.circuits.search_space import AnyCandidate, SearchSpace, as_space
from diffqas.errors import require


@dataclass(frozen=True)
class EncodedFinding:
    """What is known about one candidate with data encoding, for one circuit size."""

    candidate: AnyCandidate
    inputs: tuple[int, ...]
    """The encoding angles, counted by qubits, on which some output depends."""
    trains: bool
    """Whether some output depends on the angles."""
    constant: tuple[int, ...] | None
    """The values of the outputs if they depend on nothing, else None."""
    reasons: tuple[str, ...]
    """Why it sees no input, and why it does not train; empty if it does both."""
    duplicate_of: AnyCandidate | None
    """An earlier candidate that is the same function of inputs and (shared) angles."""
    likeness: str
    """Why the two are the same function; empty without a duplicate."""
    known_by: str = STRINGS
    """How this is known. `strings` and `rules` are proofs. `residues` is wrong with a probability
    below 1e-10. `measured` means values of a user's own circuit at random places.
    """

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


def encoded_findings(
    candidates: SearchSpace | Iterable[AnyCandidate],
    n: int,
    depth: int,
    outputs: int,
    *,
    uploads: int = 1,
    observables: AnyObservables | None = None,
    told: Callable[[int], None] | None = None,
) -> list[EncodedFinding]:
    """Find dead candidates and duplicates of a space, one finding per candidate, in its order.

    The `known_by` of a finding says how it is known:

    - Candidates with one rotation per input and with CNOTs, whose first qubits are measured by Z
      after one upload, are decided by their Pauli strings. This is exact while an output has at
      most `paulis.MAX_STRINGS` strings: up to eight qubits at any depth, more in shallow circuits.
    - All other candidates are decided by arithmetic modulo a prime, up to 10 qubits, and a user's
      own circuits are measured at random places.
    - In larger circuits, only rules that hold at every size call a candidate blind, fixed or a
      duplicate.

    Args:
        candidates: circuits with data encoding.
        n: the number of qubits.
        depth: the number of layers of the whole circuit.
        outputs: how many observables are read; these are the first ones.
        uploads: how often the data is encoded, each time before equally many layers.
        observables: what is measured; None stands for `Z()`. If their numbers are trained, a
            finding holds whatever the values of these numbers.
        told: a function that is called after each candidate with the number of those done.

    Raises:
        ArgumentError: a candidate has no encoding or does not fit the qubits, a size is below 1,
            the layers are no multiple of the uploads, or the observables do not fit.

    >>> from diffqas.circuits import QLSTM_SPACE
    >>> found = encoded_findings(QLSTM_SPACE, 6, 5, 5)
    >>> sum(not f.sees for f in found), sum(not f.trains for f in found), sum(f.live for f in found)
    (14, 14, 16)
    """
    space = as_space(candidates)
    for name, value in (("n", n), ("depth", depth), ("outputs", outputs), ("uploads", uploads)):
        require(isinstance(value, int) and value >= 1, name, "be at least 1", value)
    if observables is None:
        require(outputs <= n, "outputs", f"be at most the number of qubits, {n}", outputs)
    rule = f"be a multiple of the uploads, {uploads}"
    require(depth % uploads == 0, "depth", rule, depth)
    for candidate in space:
        require(candidate.encodes, "candidates", "encode data", candidate.name)
        gate_list(candidate, n)  # tells of one that does not fit n qubits
    measured = Z() if observables is None else observables.checked(n, outputs)
    question = Question(n, depth, outputs, uploads, measured)
    way = _way(space, question)
    first: dict[Hashable, AnyCandidate] = {}
    result = []
    for number, candidate in enumerate(space, 1):
        result.append(_finding(candidate, question, way, first))
        if told is not None:
            told(number)
    return result


class Question(NamedTuple):
    """What is asked of a circuit: its size, and what is measured."""

    n: int
    depth: int
    outputs: int
    uploads: int
    observables: AnyObservables


def _way(space: SearchSpace, question: Question) -> str:
    """How the candidates of a space are examined: all in the same way, so that marks compare."""
    plain = [each for each in space if isinstance(each, Candidate)]
    simple = all(len(each.encodings) == 1 and made_of_cnots(each) for each in plain)
    if simple and question.uploads == 1 and question.observables == Z():
        return STRINGS
    return RESIDUES if question.n <= MAX_RESIDUE_QUBITS else RULES


def _finding(
    candidate: AnyCandidate, question: Question, way: str, first: dict[Hashable, AnyCandidate]
) -> EncodedFinding:
    """What is known of one candidate, and the first one of its kind, which is noted in `first`."""
    if isinstance(candidate, Ansatz) and question.n <= MAX_MEASURED_QUBITS:
        known_by, found = MEASURED, measured_evidence(candidate, *question)
    elif isinstance(candidate, Ansatz):
        # No rule knows the circuit, so none calls it dead.
        known_by, found = RULES, Evidence(tuple(range(question.n)), True, None, candidate)
    else:
        known_by, found = _known(candidate, question, way)
    # Constants are equal whatever makes them; with trained numbers their marks tell them apart.
    mark = found.constant or (known_by, found.mark)
    original = first.setdefault(mark, candidate)
    copy = original is not candidate
    alike = ""
    if copy and isinstance(candidate, Candidate) and isinstance(original, Candidate):
        why = SAME[known_by]
        alike = likeness(candidate, original, found.constant, question.n) or why
    elif copy:
        alike = SAME[MEASURED]
    return EncodedFinding(
        candidate,
        found.inputs,
        found.trains,
        found.constant,
        _reasons(candidate, found, question, known_by),
        original if copy else None,
        alike,
        known_by,
    )


@lru_cache(maxsize=4096)  # a ranking asks for each gate and each seed
def _known(candidate: Candidate, question: Question, way: str) -> tuple[str, Evidence]:
    n, depth, outputs, uploads, observables = question
    if way == RESIDUES:
        return RESIDUES, residue_evidence(candidate, n, depth, outputs, uploads, observables)
    if way == STRINGS:
        found = programs(candidate.cnots(n), candidate.rotations, n, depth, outputs)
        if found is not None:
            return STRINGS, _by_strings(candidate, found, n)
    return RULES, rule_evidence(candidate, n, outputs, uploads, observables)


def _by_strings(candidate: Candidate, found: list[Program], n: int) -> Evidence:
    """Inputs that are seen, whether the angles matter, and constants, from the reached strings."""
    # No coefficient vanishes for all angles (see `paulis`), so what is reached and shown counts.
    seen, trains, values = np.zeros(n, bool), False, []
    for each in found:
        strings = shown(candidate, each.x, each.z, n)
        seen |= (strings.features != ONE).any(0)
        # Before the first branch there is one string, after it every way has branched.
        trains |= len(each.pairs) > 0 and len(strings.slots) > 0
        values.append(int((each.sign[strings.slots] * strings.signs).sum()))
    constant = None
    if not seen.any() and not trains:
        constant = tuple(values)
    inputs = tuple(np.flatnonzero(seen).tolist())
    return Evidence(inputs, trains, constant, fingerprint(candidate, found, n))


SAME = {
    STRINGS: "equal strings with equal coefficients",
    RULES: "equal encodings, layers and rotations",
    RESIDUES: "equal outputs in exact arithmetic",
    MEASURED: "equal values at random inputs and angles",
}
"""Why two candidates are the same function where no rule says so, by how it is known."""

SMALL = {
    STRINGS: (
        "at this size no string of an output that its encoding shows has a letter that varies",
        "at this size no string of an output that its encoding shows has an angle",
    ),
    RESIDUES: (
        "at this size no output changes with an input",
        "at this size no output changes with an angle",
    ),
    MEASURED: (
        "measured: no output changes with an input",
        "measured: no output changes with an angle",
    ),
}
"""Why a candidate is blind or fixed where no rule says so, by how it is known."""


def _reasons(
    candidate: AnyCandidate, found: Evidence, question: Question, known_by: str
) -> tuple[str, ...]:
    observables, uploads = question.observables, question.uploads
    no_input, no_angle = SMALL.get(known_by, ("", ""))
    rules: tuple[str | None, str | None] = None, None
    if isinstance(candidate, Candidate):
        rules = (
            blind(candidate, observables, uploads),
            untrainable(candidate, observables, uploads),
        )
    reasons: list[str] = []
    if not found.inputs:
        reasons.append(rules[0] or f"blind: {no_input}")
    if not found.trains:
        reasons.append(rules[1] or f"fixed: {no_angle}")
    return tuple(reasons)
