"""`diffqas candidates`."""

from __future__ import annotations

from dataclasses import dataclass

from rich.columns import Columns
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from diffqas.circuits import TABLE_I, draw, findings
from diffqas.errors import require

DRAWN = 4


@dataclass
class Candidates:
    """Draw the twelve candidates, and say which are constant or duplicates, and why."""

    qubits: int = DRAWN
    """Qubits; what is a duplicate can depend on them. At most 8 are drawn."""

    def run(self) -> None:
        """Print one panel per candidate and a summary."""
        require(1 <= self.qubits <= 64, "qubits", "be between 1 and 64", self.qubits)
        console = Console()
        known = findings(TABLE_I, self.qubits)
        panels = []
        for index, finding in enumerate(known, 1):
            body = Text(draw(finding.candidate, min(self.qubits, 8)))
            body.append(f"\n{finding.reason}", style="red" if finding.constant else "green")
            if finding.duplicate_of is not None:
                body.append(f"\nthe same as {finding.duplicate_of.name}", style="red")
            title = f"{index}  {finding.candidate.name}"
            panels.append(
                Panel(body, title=title, width=max(46, console.width // 2 - 2), style="dim" * finding.constant)
            )
        console.print(Columns(panels))
        constants = [str(index) for index, finding in enumerate(known, 1) if finding.constant]
        same = sum(finding.duplicate_of is not None for finding in known)
        console.print(
            f"[bold]{len(constants)} of {len(known)} are constant whatever their angles[/] ({', '.join(constants)}), "
            f"{same} repeat an earlier one at equal angles. Constants are never simulated.",
            highlight=False,
        )
        console.print(
            "[dim]Layers in brackets repeat; ● controls X. H-…-RY is …-RY with the first layer's angles shifted by "
            "pi/2, so with angles of their own those two are one family.[/]",
            highlight=False,
        )
