"""A search space is a finite sequence of different candidates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import product
from typing import Generic, TypeAlias, TypeVar, cast, overload

from diffqas.circuits.ansatz import Ansatz, checked_name
from diffqas.circuits.candidate import Candidate
from diffqas.errors import require
from diffqas.text import html_table

AnyCandidate: TypeAlias = Candidate | Ansatz
"""A candidate of the papers' kind, or a user's own circuit."""

C = TypeVar("C", bound=AnyCandidate, covariant=True)


class SearchSpace(Sequence[C], Generic[C]):
    """An immutable sequence of candidates, each at most once.

    Raises:
        ArgumentError: no candidates, something that is no candidate, a candidate twice, or two
            candidates of the same name.

    >>> space = SearchSpace([Candidate(rotation="rx"), Candidate(rotation=("rz", "ry"))])
    >>> space.names, space.angles_per_qubit
    (('Ent-RX', 'Ent-RZ.RY'), 2)
    """

    def __init__(self, candidates: Iterable[C]) -> None:
        listed = isinstance(candidates, Iterable) and not isinstance(candidates, str)
        _require(listed, "be a sequence of Candidate objects", repr(candidates))
        given = tuple(candidates)
        _require(len(given) >= 1, "hold at least one Candidate", "an empty list")
        for candidate in given:
            proper = isinstance(candidate, (Candidate, Ansatz))
            _require(proper, "hold Candidate objects only", repr(candidate))
            if isinstance(candidate, Ansatz):
                checked_name(candidate)
        twice = sorted({c.name for c in given if given.count(c) > 1})
        _require(not twice, "hold each candidate at most once", f"{', '.join(twice)} twice")
        # Results, rankings and files call candidates by their names.
        names = [c.name for c in given]
        alike = sorted({name for name in names if names.count(name) > 1})
        _require(not alike, "have different names", f"{', '.join(alike)} twice")
        self._candidates = given
        self._hash: int | None = None

    @overload
    def __getitem__(self, index: int) -> C: ...
    @overload
    def __getitem__(self, index: slice) -> SearchSpace[C]: ...
    def __getitem__(self, index: int | slice) -> C | SearchSpace[C]:
        if isinstance(index, slice):
            return SearchSpace(self._candidates[index])
        return self._candidates[index]

    def __len__(self) -> int:
        return len(self._candidates)

    def __iter__(self) -> Iterator[C]:
        return iter(self._candidates)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SearchSpace) and self._candidates == other._candidates

    def __hash__(self) -> int:
        # A space is a key of tables that are asked for in every step of training.
        if self._hash is None:
            self._hash = hash(self._candidates)
        return self._hash

    def __reduce__(self) -> tuple[type[SearchSpace[C]], tuple[tuple[C, ...]]]:
        # Hashes of texts differ from process to process, so that a copy makes its own.
        return SearchSpace, (self._candidates,)

    def __repr__(self) -> str:
        return f"SearchSpace({', '.join(self.names)})"

    def _repr_html_(self) -> str:
        """What a notebook shows: a row for each candidate."""
        rows = [(number, name) for number, name in enumerate(self.names, 1)]
        return html_table(("", "candidate"), rows, f"search space of {len(self)}")

    @property
    def names(self) -> tuple[str, ...]:
        """The candidates' names, in order."""
        return tuple(candidate.name for candidate in self._candidates)

    @cached_property
    def angles_per_qubit(self) -> int:
        """Angles of one qubit in one layer: the most that any candidate needs.

        A candidate that needs fewer uses the first ones.
        """
        return max(candidate.rotations_per_qubit for candidate in self._candidates)


def _require(condition: bool, rule: str, got: str) -> None:
    require(condition, "candidates", rule, got)


def as_space(candidates: SearchSpace[C] | Iterable[C] | C | str) -> SearchSpace[C]:
    """Make a search space from a space, a word of `SPACES`, one candidate or several candidates.

    Raises:
        ArgumentError: an unknown word, or as in `SearchSpace`.

    >>> len(as_space("encoded"))
    480
    """
    if isinstance(candidates, SearchSpace):
        return candidates
    if isinstance(candidates, str):
        words = " or ".join(map(repr, SPACES))
        rule = f"be a sequence of Candidate objects, or {words}"
        _require(candidates in SPACES, rule, repr(candidates))
        return cast("SearchSpace[C]", SPACES[candidates])
    # One candidate stands for a space of itself, as in `probabilities(candidate, angles)`.
    if isinstance(candidates, (Candidate, Ansatz)):
        return SearchSpace([candidates])
    return SearchSpace(candidates)


TABLE_I = SearchSpace(
    Candidate(hadamard, entangler, rotation)
    for hadamard, entangler, rotation in product((True, False), ("ent", "ring"), ("rx", "ry", "rz"))
)
"""The twelve candidates of DiffQAS-QT in the paper's order (arXiv 2505.09653, Table I)."""

QLSTM_SPACE = SearchSpace(
    Candidate(hadamard, entangler, rotation, encoding)
    for hadamard, encoding, entangler, rotation in product(
        (True, False), ("ry", "rz", "rx"), ("ent", "ring"), ("ry", "rz", "rx")
    )
)
"""The 36 candidates of one gate of DiffQAS-QLSTM (arXiv 2508.14955): six encodings, six variational
parts each.
"""

ENCODED_SPACE = SearchSpace(
    Candidate(hadamard, entangler, rotation, encoding)
    for (hadamard, encoding), entangler, rotation in product(
        # From |+> RX encodes nothing and from |0> RZ does not; what is left are these, and both
        # axes one after the other.
        (
            *((False, "ry"), (False, "rx"), (False, ("ry", "rz"))),
            *((True, "ry"), (True, "rz"), (True, ("ry", "rz"))),
        ),
        ("ent", "ring", "chain", "star", "all", "none", "cz-ring", "cz-all"),
        (
            *("ry", "rx"),
            *(("rx", "ry"), ("ry", "rx"), ("rx", "rz"), ("ry", "rz"), ("rz", "rx"), ("rz", "ry")),
            *(("rz", "ry", "rz"), ("rx", "ry", "rz")),
        ),
    )
)
"""480 candidates with data encoding: six encodings, eight entanglers, ten sequences of rotations.

No rule that holds at every size calls one of them dead: encodings without effect are left out, and
so is RZ as the only rotation, which does not change the expectations of Z.
`diffqas candidates --model vqc` tells which of them are the same function at a given size.
"""

SPACES = {"qlstm": QLSTM_SPACE, "encoded": ENCODED_SPACE}
"""The search spaces of candidates with data, by their words."""
