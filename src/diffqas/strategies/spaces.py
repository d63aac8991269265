"""Spaces of architectures as strings of genes, each with the values that a searcher can choose.

An architecture is one value for each gene. It is known by its number, the mixed-radix number of its
values with the last gene as the fastest, so that a table holds it as a row.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import ClassVar

import numpy as np

from diffqas.circuits import (
    ENCODED_SPACE,
    Candidate,
    PauliStrings,
    SearchSpace,
    encoded_findings,
)
from diffqas.errors import require, whole


@dataclass(frozen=True)
class Gene:
    """One choice of an architecture.

    Attributes:
        name: what is chosen.
        values: the words that it can have.
    """

    name: str
    values: tuple[str, ...]


class ArchitectureSpace(ABC):
    """A finite space in which a searcher moves: its architectures all have the same genes."""

    name: ClassVar[str]
    """Word of the space in files and messages."""

    @property
    @abstractmethod
    def genes(self) -> tuple[Gene, ...]:
        """The genes, in order."""

    @abstractmethod
    def title(self, number: int) -> str:
        """The name of an architecture, for people."""

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """How many values each gene has."""
        return tuple(len(gene.values) for gene in self.genes)

    @cached_property
    def size(self) -> int:
        """How many architectures there are, also beyond what `len` can tell."""
        return math.prod(self.sizes)

    def __len__(self) -> int:
        return self.size

    @cached_property
    def titles(self) -> tuple[str, ...]:
        """Names of all architectures, by their numbers."""
        return tuple(self.title(number) for number in range(len(self)))

    def values(self, number: int) -> tuple[int, ...]:
        """The places of an architecture's values, gene by gene.

        Raises:
            ArgumentError: there is no such architecture.
        """
        known = whole(number, 0) and number < self.size
        require(known, "architecture", f"be a number from 0 to {self.size - 1}", number)
        places: list[int] = []
        left = int(number)
        for size in reversed(self.sizes):
            left, place = divmod(left, size)
            places.append(place)
        return tuple(reversed(places))

    def number(self, values: Sequence[int]) -> int:
        """The architecture of given values, the inverse of `values`.

        Raises:
            ArgumentError: a value that its gene does not have.
        """
        pairs = zip(values, self.sizes, strict=False)
        fits = len(values) == len(self.sizes) and all(0 <= value < size for value, size in pairs)
        require(fits, "values", f"be one place for each of {len(self.sizes)} genes", values)
        found = 0
        for value, size in zip(values, self.sizes, strict=True):
            found = found * size + int(value)
        return found

    def find(self, title: str) -> int:
        """The architecture of a name.

        Raises:
            ArgumentError: no architecture has that name.
        """
        known = title in self.titles
        require(known, "architecture", f"be a name of the space {self.name}", repr(title))
        return self.titles.index(title)

    def neighbours(self, number: int) -> list[int]:
        """All architectures that differ in one gene, those of the first gene first."""
        own = self.values(number)
        found: list[int] = []
        for place, size in enumerate(self.sizes):
            for value in range(size):
                if value != own[place]:
                    found.append(self.number((*own[:place], value, *own[place + 1 :])))
        return found

    def drawn(self, draw: np.random.Generator) -> int:
        """A random architecture; all have the same probability."""
        if self.size < 2**63:
            return int(draw.integers(self.size))
        return self.number([int(draw.integers(size)) for size in self.sizes])


class TabulatedSpace(ArchitectureSpace):
    """A space for which there are tables; its circuits have a size, so gates can be counted."""

    @abstractmethod
    def two_qubit_gates(self, number: int) -> int:
        """Two-qubit gates of the whole circuit."""

    @abstractmethod
    def angles(self, number: int) -> int:
        """Trained angles of the whole circuit."""

    @property
    @abstractmethod
    def first_equal(self) -> tuple[int, ...]:
        """For every architecture the first one that is the same function of data and angles."""

    @cached_property
    def different(self) -> tuple[int, ...]:
        """Architectures that repeat no earlier one."""
        return tuple(number for number in range(len(self)) if self.first_equal[number] == number)


ENCODED_QUBITS = 4
ENCODED_DEPTH = 2
ENCODED_UPLOADS = 2


class EncodedSpace(TabulatedSpace):
    """The 480 circuits with data of `ENCODED_SPACE` on four qubits.

    The inputs are encoded twice, with one layer behind each encoding, and Z is measured on every
    qubit and on every pair of neighbours on the ring.

    >>> space = EncodedSpace()
    >>> len(space), len(space.different), space.title(0)
    (480, 462, 'RY/Ent-RY')
    >>> space.values(479), len(space.neighbours(479))
    ((5, 7, 9), 21)
    """

    name = "encoded"
    qubits = ENCODED_QUBITS
    depth = ENCODED_DEPTH
    uploads = ENCODED_UPLOADS
    candidates: SearchSpace[Candidate] = ENCODED_SPACE
    observables = PauliStrings(
        ("ZIII", "IZII", "IIZI", "IIIZ", "ZZII", "IZZI", "IIZZ", "ZIIZ"),
    )

    @property
    def genes(self) -> tuple[Gene, ...]:
        """Encoding with its start, entangler, rotations: the factors of `ENCODED_SPACE`."""
        return _encoded_genes()

    def title(self, number: int) -> str:
        """The candidate's name."""
        return self.candidates[number].name

    def two_qubit_gates(self, number: int) -> int:
        """The number of two-qubit gates in all layers."""
        return self.depth * len(self.candidates[number].entangling(self.qubits))

    def angles(self, number: int) -> int:
        """The number of trained angles in all layers."""
        return self.depth * self.qubits * self.candidates[number].rotations_per_qubit

    @property
    def first_equal(self) -> tuple[int, ...]:
        """By exact arithmetic modulo a prime, see `encoded_findings`."""
        return _encoded_first_equal()


@cache
def _encoded_genes() -> tuple[Gene, ...]:
    names = [name.rpartition("/") for name in EncodedSpace.candidates.names]
    layers = [layer.rpartition("-") for _, _, layer in names]
    words = {
        "encoding": [encoding for encoding, _, _ in names],
        "entangler": [entangler for entangler, _, _ in layers],
        "rotations": [rotations for _, _, rotations in layers],
    }
    return tuple(Gene(name, tuple(dict.fromkeys(every))) for name, every in words.items())


@cache
def _encoded_first_equal() -> tuple[int, ...]:
    space = EncodedSpace
    found = encoded_findings(
        space.candidates,
        space.qubits,
        space.depth,
        len(space.observables.strings),
        uploads=space.uploads,
        observables=space.observables,
    )
    names = space.candidates.names
    return tuple(names.index((each.duplicate_of or each.candidate).name) for each in found)


LAYERED_QUBITS = 8
LAYERED_PERIODS = 15
ENTANGLERS = ("ent", "ring", "chain", "star")
AXES = ("ry", "rx", "rz")


class LayeredSpace(TabulatedSpace):
    """288 circuits without data whose even and odd layers are chosen one by one, on eight qubits.

    A circuit starts in |0..0> or with Hadamards. Fifteen times an odd layer and an even layer
    follow, each an entangler and one rotation on every qubit: 4 x 3 choices for either.

    >>> space = LayeredSpace()
    >>> len(space), space.title(0), space.values(287)
    (288, '|0> Ent-RY Ent-RY', (1, 3, 2, 3, 2))
    >>> space.angles(0), space.two_qubit_gates(0)
    (240, 210)
    """

    name = "layered"
    qubits = LAYERED_QUBITS
    depth = 2 * LAYERED_PERIODS
    layers: SearchSpace[Candidate] = SearchSpace(
        Candidate(hadamard, entangler, axis)
        for hadamard in (False, True)
        for entangler in ENTANGLERS
        for axis in AXES
    )
    """What a layer can be; Hadamards count in the first one."""

    @property
    def genes(self) -> tuple[Gene, ...]:
        """The start, then entangler and axis of odd and of even layers."""
        return (
            Gene("start", ("|0>", "|+>")),
            Gene("odd entangler", ENTANGLERS),
            Gene("odd axis", AXES),
            Gene("even entangler", ENTANGLERS),
            Gene("even axis", AXES),
        )

    def pair(self, number: int) -> tuple[int, int]:
        """Places of the odd and of the even layer in `layers`, the odd one with the start."""
        start, *layer = self.values(number)
        kinds = len(ENTANGLERS) * len(AXES)
        odd = start * kinds + layer[0] * len(AXES) + layer[1]
        return odd, layer[2] * len(AXES) + layer[3]

    def places(self, number: int) -> list[int]:
        """Of every layer its place in `layers`, (depth,)."""
        return list(self.pair(number)) * LAYERED_PERIODS

    def title(self, number: int) -> str:
        """The start, the odd and the even layer."""
        start, odd_entangler, odd_axis, even_entangler, even_axis = self.values(number)
        words = [self.genes[0].values[start]]
        for entangler, axis in ((odd_entangler, odd_axis), (even_entangler, even_axis)):
            words.append(f"{ENTANGLERS[entangler].title()}-{AXES[axis].upper()}")
        return " ".join(words)

    def two_qubit_gates(self, number: int) -> int:
        """The number of two-qubit gates in all layers."""
        odd, even = (self.layers[place] for place in self.pair(number))
        once = len(odd.entangling(self.qubits)) + len(even.entangling(self.qubits))
        return LAYERED_PERIODS * once

    def angles(self, number: int) -> int:
        """One for each qubit and layer, whatever is chosen."""
        return self.depth * self.qubits

    @property
    def first_equal(self) -> tuple[int, ...]:
        """Itself: equal ones are not looked for, since constants are a part of what is learned."""
        return tuple(range(len(self)))


SPACES: dict[str, TabulatedSpace] = {
    space.name: space for space in (EncodedSpace(), LayeredSpace())
}
"""The spaces that tables exist of."""
