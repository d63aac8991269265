"""A user's own candidates as a space that searchers can move in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar, TypeVar

from diffqas.circuits import AnyCandidate, Candidate
from diffqas.strategies.spaces import ArchitectureSpace, Gene

T = TypeVar("T")


class ListedSpace(ArchitectureSpace):
    """Candidates in their order; those of a product have its factors as genes.

    If the candidates are all combinations of encodings (with their starts), entanglers and
    rotations, in this order as in `ENCODED_SPACE`, a neighbour differs in one of the three. Of
    others there is a single gene, the candidate.

    Args:
        candidates: of one search.

    >>> from diffqas import ENCODED_SPACE, TABLE_I
    >>> ListedSpace(ENCODED_SPACE).sizes, ListedSpace(TABLE_I[:5]).sizes
    ((6, 8, 10), (5,))
    """

    name: ClassVar[str] = "listed"

    def __init__(self, candidates: Sequence[AnyCandidate]) -> None:
        self.candidates = tuple(candidates)

    @property
    def genes(self) -> tuple[Gene, ...]:
        """The factors of a product, or one gene."""
        return self._genes

    @cached_property
    def _genes(self) -> tuple[Gene, ...]:
        names = tuple(candidate.name for candidate in self.candidates)
        alone = (Gene("candidate", names),)
        plain = [each for each in self.candidates if isinstance(each, Candidate)]
        if len(plain) < len(names):
            return alone
        starts = _different([(each.hadamard, each.encodings) for each in plain])
        entanglers = _different([each.entangler for each in plain])
        rotations = _different([each.rotations for each in plain])
        product = [
            (*start, entangler, own)
            for start in starts
            for entangler in entanglers
            for own in rotations
        ]
        found = [(each.hadamard, each.encodings, each.entangler, each.rotations) for each in plain]
        if product != found:
            return alone
        factors = {"encoding": starts, "entangler": entanglers, "rotations": rotations}
        return tuple(Gene(name, tuple(map(str, values))) for name, values in factors.items())

    def title(self, number: int) -> str:
        """The candidate's name."""
        return self.candidates[number].name


def _different(values: Sequence[T]) -> list[T]:
    return list(dict.fromkeys(values))
