"""Observables as terms: real quadratic forms of the final state, whose weighted sums are outputs.

Every output is sum over terms t and numbers a of coefficient[t, a] * form[t, a](state). A term is
read on a window of a few qubits, first one most significant:

- `strings`: one form, the expectation of a Pauli string;
- `diagonal`: 2**k forms, the probabilities of the window's basis states;
- `hermitian`: 4**k forms of the window's reduced density matrix rho, such that the coefficients
  are the real numbers of a Hermitian matrix H and the sum is Tr(H rho).

The 4**k numbers of H stand in this order: its 2**k diagonal entries, then the real parts of the
entries above the diagonal, row by row, then their imaginary parts in the same order.
"""

from __future__ import annotations

from dataclasses import dataclass

from diffqas.circuits import AnyObservables, Diagonal, PauliStrings, Z

STRINGS, DIAGONAL, HERMITIAN = "strings", "diagonal", "hermitian"


@dataclass(frozen=True, eq=False)
class Terms:
    """What is read of a state, and how it becomes outputs."""

    n: int
    outputs: int
    kind: str
    """`strings`, `diagonal` or `hermitian`."""
    windows: tuple[tuple[int, ...], ...]
    """The qubits of each term; of a string those with a letter other than I."""
    letters: tuple[str, ...]
    """Of strings the letters on these qubits, else empty."""
    numbers: tuple[int, ...] | None
    """Shape of the trained numbers, (outputs, K). None: term k is output k."""

    @property
    def probabilities(self) -> bool:
        """Whether the probabilities of the basis states say all."""
        if self.kind == STRINGS:
            return not set("".join(self.letters)) & {"X", "Y"}
        return self.kind == DIAGONAL


def terms_of(observables: AnyObservables, n: int, outputs: int) -> Terms:
    """The terms of checked observables."""
    numbers = observables.numbers(n, outputs)
    # All trained strings enter every output; of all others the first ones are read.
    windows = observables.supports(n, outputs)
    if isinstance(observables, Z):
        return Terms(n, outputs, STRINGS, windows, ("Z",) * outputs, numbers)
    if isinstance(observables, PauliStrings):
        strings = observables.strings[: len(windows)]
        letters = tuple(string.replace("I", "") for string in strings)
        return Terms(n, outputs, STRINGS, windows, letters, numbers)
    kind = DIAGONAL if isinstance(observables, Diagonal) else HERMITIAN
    return Terms(n, outputs, kind, windows, (), numbers)
