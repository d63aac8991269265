"""What is measured of a circuit: Z, Pauli strings, and trained observables of a few qubits each.

An observable of one output acts on few qubits, its support. `Diagonal` and `Hermitian` are the
adaptive non-local observables of arXiv 2504.13414, 2501.05663 and 2605.15410: every output has a
matrix of its own on a window of `locality` qubits, whose numbers are trained.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, islice
from typing import ClassVar, TypeAlias, TypeVar

from diffqas.errors import ArgumentError, choose, require, whole
from diffqas.storage import storable

LETTERS = "IXYZ"
"""The letters of a Pauli string; a qubit with the letter I is not measured."""

WINDOWS = ("sliding", "pairwise")
"""The kinds of windows of `locality` qubits: those along the ring of qubits, or all sets."""

Support: TypeAlias = tuple[int, ...]
"""The qubits that an observable acts on, the first one most significant."""

T = TypeVar("T")


@storable
@dataclass(frozen=True)
class Z:
    """Z of single qubits, one output each; nothing is trained.

    Args:
        qubits: the qubits that are read, in the order of the outputs; None reads 0, 1, 2, ...

    Raises:
        ArgumentError: the qubits are not different, non-negative whole numbers.

    >>> Z().supports(3), Z((2, 0)).supports(3)
    (((0,), (1,), (2,)), ((2,), (0,)))
    """

    qubits: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.qubits is None:
            return
        qubits = _several(self.qubits, "qubits", "a tuple of qubits")
        proper = all(whole(q, 0) for q in qubits) and len(set(qubits)) == len(qubits)
        require(proper, "qubits", "be different, non-negative whole numbers", qubits)
        object.__setattr__(self, "qubits", qubits)

    def count(self, n: int) -> int:
        """How many observables there are on `n` qubits."""
        return n if self.qubits is None else len(self.qubits)

    def supports(self, n: int, outputs: int | None = None) -> tuple[Support, ...]:
        """The qubits of each observable, or of the first `outputs`."""
        qubits = range(n) if self.qubits is None else self.qubits
        return tuple((q,) for q in qubits[:outputs])

    def checked(self, n: int, outputs: int) -> Z:
        """These observables, once it is known that `outputs` of them can be read on `n` qubits.

        Raises:
            ArgumentError: they cannot.
        """
        _check_sizes(n, outputs)
        for q in self.qubits or ():
            require(q < n, "observables", f"read qubits of 0..{n - 1}", f"Z of qubit {q}")
        _check_count(self.count(n), outputs, self)
        return self

    def numbers(self, n: int, outputs: int) -> tuple[int, ...] | None:
        """Shape of the trained numbers: None, there are none."""
        return None


@storable
@dataclass(frozen=True)
class PauliStrings:
    """Products of X, Y and Z on several qubits, or trained sums of them.

    Args:
        strings: the strings, each with one letter of I, X, Y, Z per qubit, the first for qubit 0.
        trained: whether every output is a sum of all strings with its own trained coefficients; if
            not, output k is string k.

    Raises:
        ArgumentError: a string has other letters, the lengths differ, or a string is given twice.

    >>> PauliStrings(("ZZI", "IXX")).supports(3)
    ((0, 1), (1, 2))
    """

    strings: tuple[str, ...]
    trained: bool = False

    def __post_init__(self) -> None:
        strings = _several(self.strings, "strings", "a tuple of Pauli strings, as ('ZZI', 'IXX')")
        for string in strings:
            known = isinstance(string, str) and string != "" and set(string) <= set(LETTERS)
            require(known, "strings", "be made of the letters I, X, Y and Z", repr(string))
        even = len({len(string) for string in strings}) == 1
        require(even, "strings", "have one letter per qubit, all equally many", ", ".join(strings))
        different = len(set(strings)) == len(strings)
        require(different, "strings", "be different", ", ".join(strings))
        flag = isinstance(self.trained, bool)
        require(flag, "trained", "be True or False", repr(self.trained))
        object.__setattr__(self, "strings", strings)

    def count(self, n: int) -> int:
        """How many strings there are."""
        return len(self.strings)

    def supports(self, n: int, outputs: int | None = None) -> tuple[Support, ...]:
        """The qubits of each string, or of the first `outputs`; of trained sums those of all.

        They are the qubits with a letter other than I; the constant 1 has none.
        """
        wanted = self.strings if self.trained else self.strings[:outputs]
        return tuple(
            tuple(q for q, letter in enumerate(string) if letter != "I") for string in wanted
        )

    def checked(self, n: int, outputs: int) -> PauliStrings:
        """These observables, once it is known that `outputs` of them can be read on `n` qubits.

        Trained sums can be as many as wanted.

        Raises:
            ArgumentError: they cannot.
        """
        _check_sizes(n, outputs)
        first = self.strings[0]
        rule = f"have one letter for each of {n} qubits"
        require(len(first) == n, "observables", rule, f"the Pauli string {first}")
        if not self.trained:
            _check_count(self.count(n), outputs, self)
        return self

    def numbers(self, n: int, outputs: int) -> tuple[int, ...] | None:
        """Shape of the trained numbers, (outputs, strings); None where nothing is trained."""
        return (outputs, len(self.strings)) if self.trained else None


@dataclass(frozen=True)
class _Local:
    """Trained observables on windows of `locality` qubits."""

    locality: int
    windows: str = "sliding"

    def __post_init__(self) -> None:
        require(whole(self.locality), "locality", "be a whole number of at least 1", self.locality)
        choose(self.windows, WINDOWS, "windows")

    def count(self, n: int) -> int:
        """How many windows there are on `n` qubits."""
        return n if self.windows == "sliding" else math.comb(n, self.locality)

    def supports(self, n: int, outputs: int | None = None) -> tuple[Support, ...]:
        """The qubits of each window, or of the first `outputs`, the most significant qubit first.

        Sliding window k holds the qubits k, k + 1, ..., k + locality - 1, modulo n. Pairwise
        windows are all sets of `locality` qubits in lexicographic order.
        """
        return tuple(islice(self._windows(n), outputs))

    def _windows(self, n: int) -> Iterator[Support]:
        if self.windows == "pairwise":
            yield from combinations(range(n), self.locality)
            return
        for first in range(n):
            yield tuple((first + step) % n for step in range(self.locality))

    def _check(self, n: int, outputs: int) -> None:
        _check_sizes(n, outputs)
        rule = f"be at most the number of qubits, {n}"
        require(self.locality <= n, "locality", rule, self.locality)
        _check_count(self.count(n), outputs, self)


@storable
@dataclass(frozen=True)
class Diagonal(_Local):
    """A trained diagonal matrix on `locality` qubits for each output (arXiv 2605.15410).

    Output k is the sum of D[k, b] times the probability of b, over the 2**locality basis states b
    of window k. So it needs marginal probabilities only. The first qubit of a window is the most
    significant bit of b.

    Args:
        locality: qubits of a window.
        windows: `"sliding"` along the ring of qubits, or `"pairwise"`, all sets of qubits.

    Raises:
        ArgumentError: a locality below 1, or an unknown kind of windows.

    >>> Diagonal(2).supports(3), Diagonal(2).numbers(3, 3)
    (((0, 1), (1, 2), (2, 0)), (3, 4))
    """

    diagonal: ClassVar[bool] = True
    """Whether the matrices are diagonal."""

    def checked(self, n: int, outputs: int) -> Diagonal:
        """These observables, once it is known that `outputs` of them can be read on `n` qubits.

        Raises:
            ArgumentError: they cannot.
        """
        self._check(n, outputs)
        return self

    def numbers(self, n: int, outputs: int) -> tuple[int, ...] | None:
        """Shape of the trained numbers, (outputs, 2**locality)."""
        return outputs, 2**self.locality


@storable
@dataclass(frozen=True)
class Hermitian(_Local):
    """A trained Hermitian matrix on `locality` qubits for each output (arXiv 2504.13414).

    Output k is tr(H[k] rho[k]) with the reduced density matrix rho[k] of window k. H[k] is made of
    4**locality real numbers. With d = 2**locality, the first d are the diagonal. Then the real
    parts of the entries above it follow row by row, H[0, 1], H[0, 2], ..., H[d-2, d-1], and at the
    end their imaginary parts in the same order. Entries below the diagonal are the conjugates.

    Args:
        locality: qubits of a window.
        windows: `"sliding"` along the ring of qubits, or `"pairwise"`, all sets of qubits.

    Raises:
        ArgumentError: a locality below 1, or an unknown kind of windows.

    >>> Hermitian(2, "pairwise").supports(3), Hermitian(2).numbers(3, 3)
    (((0, 1), (0, 2), (1, 2)), (3, 16))
    """

    diagonal: ClassVar[bool] = False
    """Whether the matrices are diagonal."""

    def checked(self, n: int, outputs: int) -> Hermitian:
        """These observables, once it is known that `outputs` of them can be read on `n` qubits.

        Raises:
            ArgumentError: they cannot.
        """
        self._check(n, outputs)
        return self

    def numbers(self, n: int, outputs: int) -> tuple[int, ...] | None:
        """Shape of the trained numbers, (outputs, 4**locality)."""
        return outputs, 4**self.locality


AnyObservables: TypeAlias = Z | PauliStrings | Diagonal | Hermitian
"""What a circuit can be measured by."""


def _several(values: Iterable[T], argument: str, wanted: str) -> tuple[T, ...]:
    """Several values as a tuple; a text is one value, not its letters."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ArgumentError(f"Argument `{argument}` must be {wanted}, but got {values!r}.")
    found = tuple(values)
    require(len(found) >= 1, argument, f"be {wanted}", "none")
    return found


def _check_sizes(n: int, outputs: int) -> None:
    require(whole(n), "n", "be at least 1 qubit", n)
    require(whole(outputs), "outputs", "be a whole number of at least 1", outputs)


def _check_count(count: int, outputs: int, observables: AnyObservables | _Local) -> None:
    rule = f"be at most the number of observables, {count} of {observables}"
    require(outputs <= count, "outputs", rule, outputs)
