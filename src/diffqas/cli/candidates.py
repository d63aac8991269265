"""`diffqas candidates`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import tyro
from rich.columns import Columns
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from diffqas.circuits import (
    QLSTM_SPACE,
    TABLE_I,
    Ansatz,
    AnyCandidate,
    EncodedFinding,
    draw,
    encoded_findings,
    findings,
)
from diffqas.cli.spaces import METAVAR, qubits_of, typed_candidates
from diffqas.errors import require
from diffqas.reports import Terminal, plain_text
from diffqas.text import visible, visible_lines

DRAWN = 4
WIDEST = {"qt": 64, "qlstm": 26}


@dataclass
class Candidates:
    """Show the candidate circuits, and say which are constant, dead or duplicates, and why."""

    candidates: Annotated[
        tuple[str, ...],
        tyro.conf.arg(
            metavar=METAVAR, help="qt: only these, 1 to 12, their names, or files of your own."
        ),
    ] = ()
    model: Literal["qt", "qlstm"] = "qt"
    """The twelve circuits that write weights, or the 36 with data encoding of a gate of the quantum
    LSTM.
    """
    qubits: int | None = None
    """Qubits; what is dead or a duplicate can depend on them. 4, or 6 of the quantum LSTM. At most
    8 are drawn.
    """
    depth: int = 5
    """Layers; decides, with the qubits, how far an output of the quantum LSTM sees."""
    outputs: int | None = None
    """Qubits that the quantum LSTM reads; all but one, if not given."""

    def run(self) -> None:
        """Print the candidates and a summary."""
        fits = not self.candidates or self.model == "qt"
        require(fits, "candidates", "go with the model qt", self.model)
        typed = typed_candidates(self.candidates, TABLE_I)
        usual = qubits_of(list(typed.values()), DRAWN) if self.model == "qt" else 6
        n = usual if self.qubits is None else self.qubits
        widest = WIDEST[self.model]
        require(1 <= n <= widest, "qubits", f"be between 1 and {widest}", n)
        if self.model == "qt":
            _drawn(Terminal(), n, typed)
            return
        outputs = max(1, n - 1) if self.outputs is None else self.outputs
        known = encoded_findings(QLSTM_SPACE, n, self.depth, outputs)
        _listed(Terminal(), known, n, self.depth, outputs)


def _drawn(console: Terminal, n: int, typed: dict[int, AnyCandidate]) -> None:
    """One panel per candidate, by its number."""
    known = findings(list(typed.values()), n)
    panels = []
    constants = []
    for index, finding in zip(typed, known, strict=True):
        own = isinstance(finding.candidate, Ansatz)
        drawn = n if own else min(n, 8)
        body = Text(visible_lines(draw(finding.candidate, drawn)), no_wrap=own, overflow="ellipsis")
        body.append(f"\n{finding.reason}", style="red" if finding.constant else "green")
        if finding.duplicate_of is not None:
            twin = visible(finding.duplicate_of.name)
            body.append(f"\nthe same as {twin}", style="red")
        title = plain_text(f"{index}  {finding.candidate.name}")
        width = console.width if own else max(46, console.width // 2 - 2)
        style = "none"
        if finding.constant:
            style = "dim"
            constants.append(str(index))
        panels.append(Panel(body, title=title, width=width, style=style))
    console.print(Columns(panels))
    which = f" ({', '.join(constants)})" if constants else ""
    same = sum(finding.duplicate_of is not None for finding in known)
    head = f"{len(constants)} of {len(known)} are constant whatever their angles"
    rest = f"{which}, {same} repeat an earlier one at equal angles. Constants are never simulated."
    console.say(Text.assemble((head, "bold"), rest))
    console.say(
        "Layers in brackets repeat; ● controls X. H-…-RY is …-RY with the first layer's angles "
        "shifted by pi/2, so with angles of their own those two are one family.",
        style="dim",
    )


def _listed(
    console: Terminal, known: list[EncodedFinding], n: int, depth: int, outputs: int
) -> None:
    """One line per candidate with data encoding; reasons, which repeat, as notes below."""
    notes: dict[str, str] = {}

    def marks(*reasons: str) -> str:
        return " ".join(notes.setdefault(reason, chr(ord("a") + len(notes))) for reason in reasons)

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("", "candidate", "sees inputs", "trains", "same function as", "why"):
        table.add_column(heading, justify="right" if not heading else "left", no_wrap=True)
    for index, finding in enumerate(known, 1):
        value = _value(finding)
        twin = ""
        if finding.duplicate_of is not None:
            twin = f"{finding.duplicate_of.name} ({marks(finding.likeness)})"
        said = [part for part in (marks(*finding.reasons), value) if part]
        why = ", ".join(said) or "live"
        trains = "yes" if finding.trains else "no"
        table.add_row(
            str(index),
            finding.candidate.name,
            _sees(finding, n),
            trains,
            twin,
            why,
            style=_style(finding),
        )
    console.print(table)
    for reason, mark in notes.items():
        console.say(Text.assemble((mark, "dim"), f"  {reason}"))
    live = sum(finding.live for finding in known)
    blind = sum(not finding.sees for finding in known)
    fixed = sum(not finding.trains for finding in known)
    constant = sum(finding.constant is not None for finding in known)
    different = sum(finding.duplicate_of is None for finding in known)
    read = "1 output" if outputs == 1 else f"{outputs} outputs"
    rest = (
        f" on {n} qubits, depth {depth}, {read}: {blind} see no input, {fixed} have no trainable "
        f"effect, {constant} are constant; {different} different functions at equal angles."
    )
    console.say(Text.assemble((f"{live} of {len(known)} see their input and train", "bold"), rest))


def _value(finding: EncodedFinding) -> str:
    """What a constant candidate always gives; nothing of another."""
    if finding.constant is None:
        return ""
    return f"always {', '.join(map(str, sorted(set(finding.constant))))}"


def _sees(finding: EncodedFinding, n: int) -> str:
    """How many of the inputs a candidate sees."""
    if len(finding.inputs) == n:
        return "all"
    if finding.sees:
        return f"{len(finding.inputs)} of {n}"
    return "none"


def _style(finding: EncodedFinding) -> str:
    """The colour of a candidate's line."""
    if finding.live:
        return "green"
    return "yellow" if finding.constant is None else "red"
