"""What a finished search says of the cost of its circuits on a device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from diffqas.devices import ALL
from diffqas.reports.words import spread
from diffqas.storage import COUNT, NUMBER, TEXT, Entries, list_of, or_null


@dataclass(frozen=True)
class CostFacts:
    """The counts of all candidates, and the count that is expected of the mixture.

    Attributes:
        count: what is counted, a word of `diffqas.devices.COSTS`.
        coupling: where it is counted: `"all"`, a coupling map or a backend.
        weight: the weight of the penalty in the search; 0 if costs were counted only.
        expected: the expected count for each seed; None for a seed that diverged.
        largest: the largest count among the candidates that are run.
        candidates: the counts of all candidates, by name.
    """

    count: str
    coupling: str
    weight: float
    expected: tuple[float | None, ...]
    largest: int
    candidates: Mapping[str, int]

    @classmethod
    def within(cls, entries: Entries) -> CostFacts | None:
        """Read the entry `cost` of result.json; None if there is none.

        Raises:
            RunError: the entry is not as it should be.
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
        """What is counted and where, in words.

        >>> CostFacts("two-qubit-gates", "line", 0.0, (4.5,), 9, {}).unit
        'two-qubit gates on line'
        """
        words = "two-qubit gates" if self.count == "two-qubit-gates" else "steps of depth"
        return words if self.coupling == ALL else f"{words} on {self.coupling}"

    def in_words(self, leader: str | None) -> str:
        """One line with the expected count, the count of the leading candidate, and the weight.

        Args:
            leader: the name of the leading candidate; None if several places have leaders.

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
