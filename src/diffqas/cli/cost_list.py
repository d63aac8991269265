"""Candidates as a table of what they cost on a device, the cheapest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.table import Table

from diffqas.circuits import AnyCandidate
from diffqas.devices import ALL, circuit_cost
from diffqas.reports import Terminal, plain_text

AS_IT_STANDS = (
    "As it stands, all qubits coupled: gates on several qubits count for the CNOTs that they take, "
    "and every gate is a step."
)
ROUTED = (
    "Routed to {} by Qiskit's transpiler (level 1, seed 0), with generic numbers for all angles."
)


@dataclass(frozen=True)
class CostList:
    """A list of what candidates cost, with the count and the size of the circuits.

    Attributes:
        word: the word of `COSTS` by which the list is sorted.
        coupling: the name of a coupling map or of a backend.
        n, depth, uploads: the size of the circuits.
    """

    word: str
    coupling: str
    n: int
    depth: int
    uploads: int = 1

    def show(self, console: Terminal, candidates: Mapping[int, AnyCandidate]) -> None:
        """Print one line per candidate, by its number.

        Raises:
            ArgumentError, DataError: as of `circuit_cost`.
        """
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("", "candidate", "two-qubit gates", "depth"):
            justify = "left" if heading == "candidate" else "right"
            table.add_column(heading, justify=justify, no_wrap=True)
        costs = {
            number: circuit_cost(candidate, self.n, self.depth, self.uploads, self.coupling)
            for number, candidate in candidates.items()
        }
        for number in sorted(costs, key=lambda number: (costs[number].by(self.word), number)):
            cost = costs[number]
            name = plain_text(candidates[number].name)
            table.add_row(str(number), name, f"{cost.two_qubit_gates:,}", f"{cost.depth:,}")
        console.print(table)
        size = f"{self.n} qubits, depth {self.depth}"
        if self.uploads > 1:
            size = f"{size}, {self.uploads} uploads"
        how = AS_IT_STANDS if self.coupling == ALL else ROUTED.format(self.coupling)
        console.say(plain_text(f"On {size}. {how}"))
