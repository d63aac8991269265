"""A search space is a finite sequence of different candidates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import overload

from diffqas.circuits.candidate import Candidate
from diffqas.errors import require


class SearchSpace(Sequence[Candidate]):
    """An immutable sequence of candidates, each at most once.

    >>> space = SearchSpace([Candidate(rotation="rx"), Candidate(rotation=("rz", "ry"))])
    >>> space.names, space.angles_per_qubit
    (('Ent-RX', 'Ent-RZ.RY'), 2)
    """

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        rule = "be a sequence of Candidate objects"
        require(
            isinstance(candidates, Iterable) and not isinstance(candidates, str), "candidates", rule, repr(candidates)
        )
        given = tuple(candidates)
        require(len(given) >= 1, "candidates", "hold at least one Candidate", "an empty list")
        for candidate in given:
            require(isinstance(candidate, Candidate), "candidates", "hold Candidate objects only", repr(candidate))
        twice = sorted({c.name for c in given if given.count(c) > 1})
        require(not twice, "candidates", "hold each candidate at most once", f"{', '.join(twice)} twice")
        self._candidates = given

    @overload
    def __getitem__(self, index: int) -> Candidate: ...
    @overload
    def __getitem__(self, index: slice) -> SearchSpace: ...
    def __getitem__(self, index: int | slice) -> Candidate | SearchSpace:
        if isinstance(index, slice):
            return SearchSpace(self._candidates[index])
        return self._candidates[index]

    def __len__(self) -> int:
        return len(self._candidates)

    def __iter__(self) -> Iterator[Candidate]:
        return iter(self._candidates)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SearchSpace) and self._candidates == other._candidates

    def __hash__(self) -> int:
        return hash(self._candidates)

    def __repr__(self) -> str:
        return f"SearchSpace({', '.join(self.names)})"

    @property
    def names(self) -> tuple[str, ...]:
        """The candidates' names, in order."""
        return tuple(candidate.name for candidate in self._candidates)

    @property
    def angles_per_qubit(self) -> int:
        """Angles of one qubit in one layer: the most that any candidate needs; the others use the first ones."""
        return max(len(candidate.rotations) for candidate in self._candidates)


def as_space(candidates: SearchSpace | Iterable[Candidate] | Candidate) -> SearchSpace:
    """Accept a space, one candidate or any iterable of candidates where a space is meant."""
    if isinstance(candidates, SearchSpace):
        return candidates
    if isinstance(candidates, Candidate):
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
"""The 36 candidates of one gate of DiffQAS-QLSTM (arXiv 2508.14955): six encodings, six variational parts each."""
