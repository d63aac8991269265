"""Circuits with a candidate of a list in every layer, as a space that searchers can move in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import dropwhile
from typing import ClassVar

import numpy as np

from diffqas.architecture import as_layer, in_short
from diffqas.circuits import Candidate, SearchSpace, groups
from diffqas.strategies.spaces import ArchitectureSpace, Gene


class LayersSpace(ArchitectureSpace):
    """One gene for each layer, and no circuit twice.

    Behind the first layer candidates that differ in their Hadamards alone are the same layer. In
    the first one those are the same that differ in their entangler alone: CNOTs leave |0..0> and
    |+..+> as they are.

    Args:
        candidates: what a layer can be, with CNOTs alone.
        depth: layers.
        n: qubits.

    >>> from diffqas import TABLE_I
    >>> space = LayersSpace(TABLE_I, depth=10, n=11)
    >>> space.sizes[:3], space.size == 6**10, len(space.homogeneous)
    ((6, 6, 6), True, 6)
    >>> space.title(space.homogeneous[0]), space.layers(space.homogeneous[0])[:3]
    ('10 H-Ent-RY', [1, 7, 7])
    """

    name: ClassVar[str] = "layers"

    def __init__(self, candidates: Sequence[Candidate], depth: int, n: int) -> None:
        self.candidates: SearchSpace[Candidate] = SearchSpace(candidates)
        self.depth, self.n = depth, n
        self._as_layers = tuple(map(as_layer, candidates))
        first: dict[tuple[bool, tuple[str, ...]], list[int]] = {}
        later: dict[Candidate, int] = {}
        for place, each in enumerate(candidates):
            first.setdefault((each.hadamard, each.rotations), []).append(place)
            later.setdefault(self._as_layers[place], place)
        self._first = list(first.values())
        # Of equal layers the one without Hadamards, as which it is named, if it is there.
        self._later = [
            candidates.index(layer) if layer in candidates else place
            for layer, place in later.items()
        ]

    @property
    def genes(self) -> tuple[Gene, ...]:
        """The layers from first to last."""
        return self._genes

    @cached_property
    def _genes(self) -> tuple[Gene, ...]:
        starts = tuple(self.candidates[same[0]].name for same in self._first)
        layers = tuple(self._as_layers[place].name for place in self._later)
        others = [Gene(f"layer {number}", layers) for number in range(2, self.depth + 1)]
        return (Gene("layer 1", starts), *others)

    def layers(self, number: int) -> list[int]:
        """Places of an architecture's layers among the candidates, (depth,)."""
        start, *values = self.values(number)
        others = [self._later[value] for value in values]
        # Whatever entangler it has, the first layer is the same: that of the next one, if possible.
        alike = self._first[start]
        if others:
            own = self.candidates[others[0]].entangler
            alike = sorted(alike, key=lambda place: self.candidates[place].entangler != own)
        return [alike[0], *others]

    def circuit(self, number: int) -> tuple[Candidate, ...]:
        """The candidate of every layer; Hadamards count in the first one alone."""
        first, *others = self.layers(number)
        return (self.candidates[first], *(self._as_layers[place] for place in others))

    def title(self, number: int) -> str:
        """The layers from first to last, equal neighbours together."""
        return in_short(self.circuit(number))

    def neighbours(self, number: int) -> list[int]:
        """As of every space, without constants."""
        return [each for each in super().neighbours(number) if not self.constant(each)]

    def drawn(self, draw: np.random.Generator) -> int:
        """An architecture by lot that is no constant."""
        while True:
            chosen = super().drawn(draw)
            if not self.constant(chosen):
                return chosen

    def constant(self, number: int) -> bool:
        """Whether the probabilities are provably the same for all angles."""
        circuit = self.circuit(number)
        # CNOTs and RZ leave |0..0> as it is, CNOTs and RX |+..+>, up to a phase. What follows and
        # has RZ alone permutes probabilities.
        neutral = {"rx"} if circuit[0].hadamard else {"rz"}
        moving = dropwhile(lambda layer: set(layer.rotations) == neutral, circuit)
        return all(set(layer.rotations) == {"rz"} for layer in moving)

    @cached_property
    def homogeneous(self) -> tuple[int, ...]:
        """Circuits of one candidate that is no constant, of equal ones the first."""
        found: list[int] = []
        for same in groups(self.candidates, self.n):
            circuit = self.of(same[0])
            if not self.constant(circuit):
                found.append(circuit)
        return tuple(dict.fromkeys(found))

    def of(self, place: int) -> int:
        """The circuit that has one candidate in all layers."""
        start = next(index for index, same in enumerate(self._first) if place in same)
        layers = [self._as_layers[each] for each in self._later]
        later = layers.index(self._as_layers[place])
        return self.number([start, *[later] * (self.depth - 1)])
