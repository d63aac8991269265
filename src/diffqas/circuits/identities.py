"""Findings about a candidate without simulation: constants, duplicates and the reason.

CNOTs permute basis states and do not change |0..0> and |+..+>. RZ adds phases, which do not change
probabilities unless another rotation mixes the states. RX changes |+> by a phase only. Hence half
of the candidates of Table I have constant probabilities.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from diffqas.circuits.ansatz import Ansatz, ansatz_gates
from diffqas.circuits.candidate import Candidate
from diffqas.circuits.permutations import apply_cnots
from diffqas.circuits.search_space import AnyCandidate, SearchSpace, as_space
from diffqas.circuits.takes_data import check_no_data
from diffqas.errors import require

UNIFORM, ZERO, WALSH, REAL, COMPLEX, GENERAL = (
    "uniform",
    "zero",
    "walsh",
    "real",
    "complex",
    "general",
)
"""The forms in which a candidate's probabilities are computed; the first two are constants."""

CONSTANTS = (UNIFORM, ZERO)


def form(candidate: AnyCandidate) -> str:
    """The cheapest exact form of the candidate's probabilities.

    - `uniform` and `zero` are constants: 2**-n everywhere, or 1 at |0..0>.
    - `walsh` has RX rotations only, from |0..0>.
    - `real` has RY rotations only, so that amplitudes are real.
    - `complex` is every other `Candidate`.
    - `general` is a user's own circuit, which is computed gate by gate and not analysed.

    Raises:
        ArgumentError: the candidate encodes data, so that its form depends on the data.

    >>> [form(Candidate(hadamard=h, rotation=r)) for h in (True, False) for r in ("rx", "ry", "rz")]
    ['uniform', 'real', 'uniform', 'walsh', 'real', 'zero']
    """
    check_no_data([candidate], "candidate")
    if isinstance(candidate, Ansatz):
        return GENERAL
    axes = set(candidate.rotations)
    if axes == {"ry"}:
        # exp(-i t/2 Y) is a real matrix, and so are CNOTs and Hadamards.
        return REAL
    if axes == {"rz"}:
        # Diagonal gates and permutations only: |amplitude|^2 is permuted, which neither |0..0>
        # (CNOTs fix it) nor equal amplitudes show.
        return UNIFORM if candidate.hadamard else ZERO
    if axes == {"rx"}:
        # |+..+> is an eigenvector of every X and is fixed by CNOTs. From |0..0>, CNOTs take
        # X-strings to X-strings, which commute: one Walsh-Hadamard transform diagonalises all.
        return UNIFORM if candidate.hadamard else WALSH
    return COMPLEX


_REASONS = {
    (UNIFORM, "rx"): "CNOTs and RX leave |+..+> alone: always the uniform distribution",
    (UNIFORM, "rz"): "CNOTs permute and RZ adds phases, which |amplitude|^2 hides: always uniform",
    (ZERO, "rz"): "CNOTs and RZ leave |0..0> alone up to a phase: always |0..0>",
    (WALSH, "rx"): "live: commuting X-strings, one Walsh-Hadamard transform whatever the depth",
    (REAL, "ry"): "live: real amplitudes",
}

_OWN = "own circuit, not analysed: an audit with 0 directions would show a constant"


@dataclass(frozen=True)
class Finding:
    """What is known about one candidate of a space on `n` qubits."""

    candidate: AnyCandidate
    form: str
    reason: str
    duplicate_of: AnyCandidate | None

    @property
    def constant(self) -> bool:
        """Whether the probabilities are the same for every angle."""
        return self.form in CONSTANTS

    @property
    def kind(self) -> str:
        """`constant` or `live`, or `own` for a user's own circuit, where neither is proved."""
        if self.constant:
            return "constant"
        return "own" if self.form == GENERAL else "live"


def signature(candidate: AnyCandidate, n: int) -> Hashable:
    """A key of the candidate: equal keys mean equal probabilities for all (shared) angles."""
    if isinstance(candidate, Ansatz):
        ansatz_gates(candidate, n)  # tells of one that does not fit n qubits
        return candidate
    kind = form(candidate)
    if kind in CONSTANTS:
        return kind
    # The layer is linear over GF(2): the images of the n unit vectors say all.
    units = 1 << np.arange(n)
    layer = apply_cnots(units, candidate.cnots(n), n)
    if (layer == units).all() and kind in (WALSH, REAL) and not candidate.hadamard:
        # Without entanglement RX|0> and RY|0> have equal probabilities.
        return "product", len(candidate.rotations)
    return kind, candidate.hadamard, candidate.rotations, tuple(layer.tolist())


def _reason(kind: str, candidate: Candidate) -> str:
    return _REASONS.get((kind, candidate.rotations[0]), "live: general complex amplitudes")


def findings(candidates: SearchSpace | Sequence[AnyCandidate], n: int) -> list[Finding]:
    """Find constants and duplicates of a space on `n` qubits, one finding per candidate, in order.

    A duplicate gives the same probabilities as an earlier candidate at the same angles.

    Raises:
        ArgumentError: a candidate encodes data or does not fit `n` qubits.

    >>> from diffqas.circuits import TABLE_I
    >>> [i for i, finding in enumerate(findings(TABLE_I, 5), 1) if finding.constant]
    [1, 3, 4, 6, 9, 12]
    """
    require(n >= 1, "n", "be at least 1 qubit", n)
    first: dict[Hashable, AnyCandidate] = {}
    result = []
    for candidate in as_space(candidates):
        kind = form(candidate)
        reason = _OWN if isinstance(candidate, Ansatz) else _reason(kind, candidate)
        original = first.setdefault(signature(candidate, n), candidate)
        result.append(Finding(candidate, kind, reason, None if original is candidate else original))
    return result


def groups(
    candidates: SearchSpace | Sequence[AnyCandidate], n: int, *, shared: bool = True
) -> list[list[int]]:
    """Indices of candidates with equal probabilities for all angles, in order of first appearance.

    If every candidate has its own angles (`shared=False`), only the constants are equal.

    >>> from diffqas.circuits import TABLE_I
    >>> groups(TABLE_I, 5)
    [[0, 2, 3, 5], [1], [4], [6], [7], [8, 11], [9], [10]]
    """
    merged: dict[Hashable, list[int]] = {}
    for index, candidate in enumerate(as_space(candidates)):
        # Separate angles have different values, so that equal functions give different results.
        own = not shared and form(candidate) not in CONSTANTS
        merged.setdefault(index if own else signature(candidate, n), []).append(index)
    return list(merged.values())
