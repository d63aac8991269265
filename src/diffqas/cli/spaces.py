"""Candidates as typed at the command line: numbers or names of a table, files of one's own."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from diffqas.circuits import ENCODED_SPACE, AnyCandidate, QasmAnsatz, SearchSpace, read_qasm
from diffqas.errors import ArgumentError, require

QASM_SUFFIXES = (".qasm", ".qasm3")
METAVAR = "NUMBER|NAME|FILE.qasm ..."
ENCODED = "encoded"
"""The word for all of `ENCODED_SPACE`, of which a search with --model vqc takes a few by itself."""
RULE_OF_ENCODED = "be encoded with --model vqc only"


def typed_candidates(words: Sequence[str], table: SearchSpace) -> dict[int, AnyCandidate]:
    """The typed candidates by their numbers; the whole table if none is typed.

    Those of the table are numbered from 1 on, and files come after them. `encoded` stands for all
    480 circuits of `ENCODED_SPACE`. Names are those that `diffqas candidates` prints, in small or
    capital letters.

    >>> from diffqas.circuits import TABLE_I
    >>> [candidate.name for candidate in typed_candidates(["8", "h-ring-ry"], TABLE_I).values()]
    ['Ent-RY', 'H-Ring-RY']

    Raises:
        ArgumentError: a number is beyond the table, a word is none of these, or a candidate is
            typed twice.
        DataError: a file cannot be used.
    """
    if not words:
        return dict(enumerate(table, 1))
    found: list[tuple[int, AnyCandidate]] = []
    files = 0
    for word in words:
        if word.lower() == ENCODED:
            require(table is ENCODED_SPACE, "candidates", RULE_OF_ENCODED, repr(word))
            found += enumerate(table, 1)
        elif word.lower().endswith(QASM_SUFFIXES):
            files += 1
            found.append((len(table) + files, read_qasm(word)))
        else:
            number = _number(word, table)
            found.append((number, table[number - 1]))
    SearchSpace(candidate for _, candidate in found)  # tells of one that is typed twice
    return dict(found)


def _number(word: str, table: SearchSpace) -> int:
    """The number in the table of a candidate that is typed by its number or name."""
    if re.fullmatch(r"-?\d+", word):
        rule = f"be between 1 and {len(table)}"
        require(1 <= int(word) <= len(table), "candidates", rule, word)
        return int(word)
    numbers = {candidate.name.lower(): number for number, candidate in enumerate(table, 1)}
    if word.lower() in numbers:
        return numbers[word.lower()]
    near = difflib.get_close_matches(word.lower(), numbers, n=1)
    hint = f" (did you mean {table[numbers[near[0]] - 1].name!r}?)" if near else ""
    rule = f"be names, numbers from 1 to {len(table)} or files FILE.qasm"
    raise ArgumentError(f"Argument `candidates` must {rule}, but got {word!r}{hint}.")


def qubits_of(candidates: Sequence[AnyCandidate], usual: int) -> int:
    """Qubits of the first file, if there is one."""
    for candidate in candidates:
        if isinstance(candidate, QasmAnsatz):
            return candidate.n
    return usual
