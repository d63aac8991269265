"""How the numbers of a searched layer are shown, in a line and in a notebook's table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from diffqas.text import html_table


@dataclass(frozen=True)
class Count:
    """The count of trained numbers of one kind.

    Attributes:
        number: how many numbers there are.
        word: the word after the number in a line.
        name: the name of the row in a table.
    """

    number: int
    word: str
    name: str


class Counts(ABC):
    """The base class of reports: trained numbers by their kinds, and numbers that are frozen.

    Attributes:
        circuit: the number of trained angles theta.
        structure: the number of trained structural weights w.
        frozen: the number of numbers that are not trained.
    """

    circuit: int
    structure: int
    frozen: int

    @property
    @abstractmethod
    def others(self) -> tuple[Count, ...]:
        """What is trained beside the circuits; a line leaves out kinds without numbers."""

    @property
    @abstractmethod
    def size(self) -> str:
        """How large the circuits are, in few words."""

    @property
    def total(self) -> int:
        """Trainable numbers in all."""
        return self.circuit + self.structure + sum(count.number for count in self.others)

    def _repr_html_(self) -> str:
        """What a notebook shows: a row for each kind of number."""
        rows = [
            ("angles", self.circuit),
            ("structural weights", self.structure),
            *((count.name, count.number) for count in self.others),
            ("trainable numbers", self.total),
            ("frozen numbers", self.frozen),
        ]
        return html_table((), [(name, f"{number:,}") for name, number in rows], self.size)

    def __str__(self) -> str:
        text = f"{self.total:,} trainable numbers: "
        text += f"{self.circuit:,} angles + {self.structure:,} structural"
        for count in self.others:
            if count.number:
                text += f" + {count.number:,} {count.word}"
        if self.frozen:
            text += f", {self.frozen:,} more frozen"
        return f"{text}, {self.size}"
