"""Candidates as typed at the command line: numbers of a table, files of one's own."""

from __future__ import annotations

from collections.abc import Sequence

from diffqas.circuits import AnyCandidate, QasmAnsatz, SearchSpace, read_qasm
from diffqas.errors import ArgumentError, require

METAVAR = "NUMBER|FILE.qasm ..."


def typed_candidates(words: Sequence[str], table: SearchSpace) -> dict[int, AnyCandidate]:
    """Candidates by their number: those of the table from 1 on, files behind them; the whole table
    if none is typed.

    Raises:
        ArgumentError: a number beyond the table, a word that is neither, or a candidate that is
            typed twice.
        DataError: a file that cannot be used.
    """
    found: list[tuple[int, AnyCandidate]] = []
    for word in words or map(str, range(1, len(table) + 1)):
        if word.lstrip("-").isdecimal():
            require(
                1 <= int(word) <= len(table), "candidates", f"be between 1 and {len(table)}", word
            )
            found.append((int(word), table[int(word) - 1]))
        elif word.endswith(".qasm"):
            files = sum(number > len(table) for number, _ in found)
            found.append((len(table) + files + 1, read_qasm(word)))
        else:
            rule = f"be numbers from 1 to {len(table)} or files FILE.qasm"
            raise ArgumentError(f"Argument `candidates` must {rule}, but got {word!r}.")
    SearchSpace(candidate for _, candidate in found)  # tells of one that is typed twice
    return dict(found)


def qubits_of(candidates: Sequence[AnyCandidate], usual: int) -> int:
    """Qubits of the first file, if there is one."""
    return next(
        (candidate.n for candidate in candidates if isinstance(candidate, QasmAnsatz)), usual
    )
