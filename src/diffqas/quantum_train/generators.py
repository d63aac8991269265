"""The generators by name: circuits, and classical generators with as many numbers.

| name | what writes the weights | what is trained |
|---|---|---|
| circuits | the mapping, from bits and probabilities | angles, structural weights, mapping |
| uniform | the mapping, from bits alone | mapping |
| hashed | a vector whose entries the weights share | vector |
| subspace | a vector, along random directions | vector |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from diffqas.architecture import angle_shape
from diffqas.circuits import SearchSpace
from diffqas.errors import ArgumentError, require, whole
from diffqas.quantum_train.anchor import ANCHORED
from diffqas.quantum_train.mapping import LinearMapping, Mapping
from diffqas.quantum_train.scale import Scale
from diffqas.quantum_train.vectors import HashedMapping, SubspaceMapping, VectorMapping
from diffqas.simulator import MAX_QUBITS

CIRCUITS, UNIFORM, HASHED, SUBSPACE = "circuits", "uniform", "hashed", "subspace"
GENERATORS = (CIRCUITS, HASHED, SUBSPACE, UNIFORM)
VECTORS: dict[str, Callable[[int], VectorMapping]] = {
    HASHED: HashedMapping,
    SUBSPACE: SubspaceMapping,
}


@dataclass(frozen=True)
class Sizes:
    """All that decides how many numbers a generator trains.

    Attributes:
        weights: p, the number of weights that are written.
        depth: the layers of the circuits.
        candidates: the search space.
        sharing: `"shared"` or `"separate"` angles.
        per_layer: whether every layer has its own structural weights.
        mapping: the mapping from basis states to weights.
        chunk: the weights written by each basis state.
        generator: one of `GENERATORS`; `for_generator` sets it.
    """

    weights: int
    depth: int
    candidates: SearchSpace
    sharing: str
    per_layer: bool
    mapping: Mapping
    chunk: int
    generator: str = CIRCUITS

    @property
    def n(self) -> int:
        """Qubits."""
        return qubits_for(self.weights, self.chunk)

    def for_generator(self, generator: str, numbers: int | None) -> Sizes:
        """The sizes for one of `GENERATORS` that trains at most so many numbers.

        Args:
            generator: one of `GENERATORS`. For circuits the depth is changed, for `"uniform"` the
                chunk; for the other two the mapping, which becomes the vector.
            numbers: the most numbers. None: circuits and `"uniform"` stay as they are, and a vector
                gets as many numbers as the circuits have, or as there are weights, if fewer.

        Raises:
            ArgumentError: so few numbers are not possible, or a vector would be longer than the
                weights.
        """
        if generator in VECTORS:
            if numbers is None:
                require(whole(self.depth), "depth", "be at least 1", self.depth)
                numbers = min(self.trained(), self.weights)
            rule = f"be at most the {self.weights:,} weights that are written"
            require(numbers <= self.weights, "numbers", rule, f"{numbers:,}")
            return replace(self, generator=generator, mapping=VECTORS[generator](numbers))
        chosen = replace(self, generator=generator)
        if numbers is None:
            return chosen
        if generator == CIRCUITS:
            return chosen._deepest(numbers)
        return chosen._largest_chunk(numbers)

    def trained(self) -> int:
        """Trainable numbers: of circuits and mapping, of the mapping alone, or of the vector."""
        if isinstance(self.mapping, VectorMapping):
            return self.mapping.numbers
        if self.generator != CIRCUITS:
            return mapping_numbers(self.mapping, self.n, self.chunk)
        angles = torch.Size(angle_shape(self.candidates, self.depth, self.n)).numel()
        structure = len(self.candidates)
        if self.sharing == "separate":
            angles *= len(self.candidates)
        if self.per_layer:
            structure *= self.depth
        return angles + structure + mapping_numbers(self.mapping, self.n, self.chunk)

    def _deepest(self, numbers: int) -> Sizes:
        one = replace(self, depth=1)
        two = replace(self, depth=2)
        least = one.trained()
        rule = f"be at least {least} for these circuits, as many as with one layer"
        require(numbers >= least, "numbers", rule, numbers)
        # Every further layer adds as many as the second one.
        return replace(self, depth=1 + (numbers - least) // (two.trained() - least))

    def _largest_chunk(self, numbers: int) -> Sizes:
        require(self.chunk == 1, "chunk", "be left out where numbers are given", self.chunk)
        least = mapping_numbers(self.mapping, self.n, self.chunk)
        rule = f"be at least {least} for this mapping, as many as with a chunk of 1"
        require(numbers >= least, "numbers", rule, numbers)
        # With fewer qubits a chunk is larger. On so many qubits the count is linear in the chunk.
        for n in range(1, self.n + 1):
            one = mapping_numbers(self.mapping, n, 1)
            each = mapping_numbers(self.mapping, n, 2) - one
            chunk = min(self._longest(n), 1 + (numbers - one) // each)
            if chunk >= 1 and qubits_needed(self.weights, chunk) == n:
                return replace(self, chunk=chunk)
        return self

    def _longest(self, n: int) -> int:
        """The largest chunk that leaves n qubits, or more."""
        if n == 1:
            return self.weights
        return max(1, -(-self.weights // 2 ** (n - 1)) - 1)


def mapping_numbers(mapping: Mapping, n: int, chunk: int) -> int:
    """Trainable numbers of a mapping; the global random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        made = mapping.make(n, chunk)
    return sum(parameter.numel() for parameter in made.parameters())


def check_vector(
    generator: str,
    sizes: Sizes,
    scale: str | Scale | None,
    bits: str | None,
    order: str | None,
) -> None:
    """Refuse choices that are none of a vector's, where they are given.

    Raises:
        ArgumentError: such a choice.
    """
    chosen = {
        "mapping": sizes.mapping != LinearMapping(),
        "chunk": sizes.chunk != 1,
        "scale": scale is not None,
        "bits": bits is not None,
        "order": order is not None,
    }
    for name, given in chosen.items():
        require(not given, name, "go with the generator circuits or uniform", generator)


def subspace_start(asked: str | None, usual: str) -> str:
    """The start of a random subspace, which moves weights away from values of their own.

    Args:
        asked: what was asked for.
        usual: the recipe's.

    Raises:
        ArgumentError: a start without such values.
    """
    if asked is None:
        return usual if usual in ANCHORED else "drawn"
    if asked not in ANCHORED:
        raise ArgumentError(
            "Argument `start` must be drawn or own for the generator subspace, whose vector starts "
            f"at 0, but got {asked!r}."
        )
    return asked


def qubits_needed(weights: int, chunk: int) -> int:
    """The number of qubits as in `qubits_for`, also beyond the limit of the simulator.

    >>> qubits_needed(2**30, chunk=1)
    30
    """
    chunks = -(-weights // chunk)
    return max(1, (chunks - 1).bit_length())


def qubits_for(weights: int, chunk: int) -> int:
    """The qubits n = max(1, ceil(log2(ceil(p / chunk)))), with a basis state for every chunk.

    Raises:
        ArgumentError: the chunk is below 1, or there are too many weights for the simulator.

    >>> qubits_for(1781, chunk=1), qubits_for(1781, chunk=16), qubits_for(1, chunk=1)
    (11, 7, 1)
    """
    require(whole(chunk), "chunk", "be at least 1", chunk)
    n = qubits_needed(weights, chunk)
    limit = f"have at most {2**MAX_QUBITS * chunk:,} weights at chunk {chunk} (raise `chunk`)"
    require(n <= MAX_QUBITS, "target", limit, f"{weights:,}")
    return n


def check_per_layer(generator: str, sharing: str, start: str, *, given: bool) -> None:
    """Refuse choices that do not go with a candidate in every layer.

    Args:
        generator: as in `QuantumTrain`.
        sharing: as in `QuantumTrain`.
        start: as in `QuantumTrain`.
        given: whether the layers are given and not searched.

    Raises:
        ArgumentError: there is such a choice.
    """
    rule = "be {} in a search of every layer"
    require(generator == CIRCUITS, "generator", rule.format("circuits"), generator)
    require(sharing == "shared", "sharing", rule.format("shared"), sharing)
    # Values that the weights move away from belong to one circuit.
    fits = given or start not in ANCHORED
    require(fits, "start", rule.format("none or target"), start)
