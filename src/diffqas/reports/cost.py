"""What a finished search says of the cost of its circuits on a device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from diffqas.devices import ALL
from diffqas.reports.words import spread
from diffqas.storage import COUNT, NUMBER, TEXT, Entries, list_of, or_null


@dataclass(frozen=True)
class CostFacts:
    """Counts of all candidates, and what the mixture's shares of them come to.

    Attributes:
        count: what is counted, a word of `diffqas.devices.COSTS`.
        coupling: where, `"all"`, a coupling map or a backend.
        weight: of the penalty in the search; 0: costs were counted, not weighed.
        expected: the expected count of each seed; None of a seed that diverged.
        largest: of the candidates that are run.
        candidates: counts by name.
    """

    count: str
    coupling: str
    weight: float
    expected: tuple[float | None, ...]
    largest: int
    candidates: Mapping[str, int]

    @classmethod
    def within(cls, entries: Entries) -> CostFacts | None:
        """The entry `cost` of result.json; None where there is none.

        Raises:
            RunError: it is not as it should be.
        """
        found = entries.perhaps_inner("cost")
        if found is None:
            return None
        return cls(
            count=found.one("count", TEXT),
            coupling=found.one("coupling", TEXT),
            weight=found.one("weight", NUMBER),
            expected=found.one("expected", list_of(or_null(NUMBER))),
            largest=found.one("largest", COUNT),
            candidates=found.inner("candidates").every(COUNT),
        )

    @property
    def unit(self) -> str:
        """What is counted, in words, and where.

        >>> CostFacts("two-qubit-gates", "line", 0.0, (4.5,), 9, {}).unit
        'two-qubit gates on line'
        """
        words = "two-qubit gates" if self.count == "two-qubit-gates" else "steps of depth"
        return words if self.coupling == ALL else f"{words} on {self.coupling}"

    def in_words(self, leader: str | None) -> str:
        """One line: the expected count, that of the leading candidate, and the weight.

        Args:
            leader: its name; None of several places with leaders of their own.

        >>> facts = CostFacts("depth", "all", 0.1, (4.5,), 9, {"Ring-RY": 9})
        >>> facts.in_words("Ring-RY")
        'Cost: 4.5 steps of depth expected, Ring-RY 9, at most 9; weight 0.1 in the search.'
        """
        parts = [f"{spread(self.expected)} {self.unit} expected"]
        if leader is not None and leader in self.candidates:
            parts.append(f"{leader} {self.candidates[leader]:,}")
        parts.append(f"at most {self.largest:,}")
        weighed = f"weight {self.weight:g} in the search" if self.weight else "not weighed"
        return f"Cost: {', '.join(parts)}; {weighed}."
