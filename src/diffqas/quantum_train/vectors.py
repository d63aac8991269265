"""Classical generators: every weight follows from a vector of trained numbers, without a circuit.

Circuits are compared with them, and often they are the better choice (docs/controls.md). Each is a
mapping that uses only the number of a basis state and not its probability. Its fixed random part
follows from a seed, by arithmetic that is equal on every machine, so that a file needs only the
seed and the trained numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from diffqas.errors import require, whole
from diffqas.quantum_train.anchor import SEEDS, normals
from diffqas.quantum_train.mapping import Mapping, WeightMap
from diffqas.storage import storable

VECTOR_RATE = 10.0
"""Learning rate of the vector relative to that of a recipe's mapping: its numbers are near 1, those
of the weights that they write ten times smaller (chosen on held-out samples, studies/table_2.py).
"""

MOST_DIRECTIONS = 2**27
"""Entries of the random directions of a subspace, 0.5 GiB in single precision."""


class VectorMapping(Mapping):
    """A choice whose trained numbers are one vector.

    Attributes:
        numbers: length of the vector.
    """

    numbers: int


@storable
@dataclass(frozen=True)
class HashedMapping(VectorMapping):
    """kappa_i = sign(i) v[h(i)] for every weight i: HashedNets (arXiv 1504.04788).

    The functions h and sign are fixed and look random. Within every block of `numbers` weights each
    weight has another entry of v, so that all entries are used equally often, up to one.

    Raises:
        ArgumentError: `numbers` is no positive integer.

    >>> sum(v.numel() for v in HashedMapping(numbers=35).make(n=7).parameters())
    35
    """

    numbers: int

    generator: ClassVar[str] = "hashed"

    def __post_init__(self) -> None:
        require(whole(self.numbers), "numbers", "be a whole number of at least 1", self.numbers)

    def make(
        self, n: int, chunk: int = 1, bits: str = "signed", lead: tuple[int, ...] = ()
    ) -> WeightMap:
        """Make the mapping's module, as `Mapping.make`."""
        return HashedMap(self, n, chunk, bits, lead)


@storable
@dataclass(frozen=True)
class SubspaceMapping(VectorMapping):
    """kappa = P v with fixed random directions P, v from 0 (Li et al. 2018, arXiv 1804.08838).

    The entries of P are normal with variance 1 / `numbers`: numbers v of size 1 write weights of
    size 1.

    Raises:
        ArgumentError: `numbers` is no positive integer, or the directions do not fit in memory.
    """

    numbers: int

    generator: ClassVar[str] = "subspace"

    def __post_init__(self) -> None:
        require(whole(self.numbers), "numbers", "be a whole number of at least 1", self.numbers)

    def make(
        self, n: int, chunk: int = 1, bits: str = "signed", lead: tuple[int, ...] = ()
    ) -> WeightMap:
        """Make the mapping's module, as `Mapping.make`."""
        most = MOST_DIRECTIONS // (2**n * chunk)
        rule = f"be at most {most} for a subspace of so many weights (or take the generator hashed)"
        require(self.numbers <= most, "numbers", rule, self.numbers)
        return SubspaceMap(self, n, chunk, bits, lead)


class VectorMap(WeightMap):
    """A module with a trained vector (*lead, numbers), a seed, and what follows from the seed."""

    seed: Tensor

    def __init__(
        self, choice: VectorMapping, n: int, chunk: int, bits: str, lead: tuple[int, ...]
    ) -> None:
        super().__init__(choice, n, chunk, bits)
        self.numbers, self.count = choice.numbers, 2**n * chunk
        self.vector = nn.Parameter(torch.zeros(*lead, choice.numbers))
        self.register_buffer("seed", torch.randint(SEEDS, lead))
        self.register_load_state_dict_post_hook(_draw_again)

    def drawn(self, draw: Callable[[int], Tensor]) -> Tensor:
        """What a function draws from the seed of each copy, (*lead, ...)."""
        each = torch.stack([draw(seed) for seed in self.seed.flatten().tolist()])
        return each.reshape(*self.seed.shape, *each.shape[1:])

    def draw(self) -> None:
        """Make anew what follows from the seed."""
        raise NotImplementedError


def _draw_again(module: nn.Module, _: object) -> None:
    """Numbers that were loaded bring another seed with them."""
    assert isinstance(module, VectorMap)
    module.draw()


class HashedMap(VectorMap):
    """The module of a `HashedMapping`."""

    entry: Tensor
    sign: Tensor

    def __init__(
        self, choice: HashedMapping, n: int, chunk: int, bits: str, lead: tuple[int, ...]
    ) -> None:
        super().__init__(choice, n, chunk, bits, lead)
        nn.init.normal_(self.vector)
        for name in ("entry", "sign"):
            self.register_buffer(name, torch.zeros(0), persistent=False)
        self.draw()

    def draw(self) -> None:
        """The entry and the sign of every weight."""
        self.entry = self.drawn(self._entries).to(self.vector.device)
        # Another seed than the entries': those must not tell the sign.
        signs = self.drawn(lambda seed: normals(seed + 1, self.count).sign())
        self.sign = signs.to(self.vector)

    def _entries(self, seed: int) -> Tensor:
        # Sorted keys are a permutation of every block of `numbers` weights; the last block, which
        # may be a part of one, takes the first of its permutation.
        blocks = -(-self.count // self.numbers)
        keys = normals(seed, blocks * self.numbers).reshape(blocks, self.numbers)
        return keys.argsort(dim=-1, stable=True).flatten()[: self.count]

    def copies(self) -> dict[str, Tensor]:
        """What has leading dimensions and is no part of the state."""
        return {"entry": self.entry, "sign": self.sign}

    def forward(self, scaled: Tensor) -> Tensor:
        """Weights (..., 2**n * chunk), whatever the scaled probabilities."""
        return self.vector.gather(-1, self.entry) * self.sign


class SubspaceMap(VectorMap):
    """The module of a `SubspaceMapping`."""

    directions: Tensor

    def __init__(
        self, choice: SubspaceMapping, n: int, chunk: int, bits: str, lead: tuple[int, ...]
    ) -> None:
        super().__init__(choice, n, chunk, bits, lead)
        self.register_buffer("directions", torch.zeros(0), persistent=False)
        self.draw()

    def draw(self) -> None:
        """The directions, (*lead, numbers, 2**n * chunk)."""
        self.directions = self.drawn(self._rows).to(self.vector)

    def _rows(self, seed: int) -> Tensor:
        # Row by row: in double precision all at once would take many times the memory.
        # In single precision always, so that a model that was cast and one that was made in double
        # precision have the same ones.
        rows = [normals(seed + row, self.count).float() for row in range(self.numbers)]
        return torch.stack(rows) / math.sqrt(self.numbers)

    def copies(self) -> dict[str, Tensor]:
        """What has leading dimensions and is no part of the state."""
        return {"directions": self.directions}

    def forward(self, scaled: Tensor) -> Tensor:
        """Weights (..., 2**n * chunk), whatever the scaled probabilities."""
        if self.vector.dim() == 1:
            return self.vector @ self.directions
        # One product per copy: several times faster than a batched one, and a copy gets the same
        # numbers in any company.
        pairs = zip(self.vector, self.directions, strict=True)
        return torch.stack([vector @ rows for vector, rows in pairs])
