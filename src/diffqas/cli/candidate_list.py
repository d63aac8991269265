"""Circuits with data as a table: which are blind, fixed, constant or equal, and why."""

from __future__ import annotations

from collections.abc import Sequence

from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from diffqas.circuits import (
    Ansatz,
    AnyCandidate,
    AnyObservables,
    Diagonal,
    EncodedFinding,
    Hermitian,
    PauliStrings,
    Z,
    draw,
    encoded_findings,
)
from diffqas.reports import Terminal, plain_text
from diffqas.text import visible_lines

TRAINED = {"diagonal": Diagonal, "hermitian": Hermitian}
"""Observables whose windows have a locality."""

HOW = {
    "residues": (
        "Decided by exact arithmetic modulo a prime, at random places: wrong with a chance below "
        "1e-10."
    ),
    "rules": "Decided by rules for every size: what no rule proves dead or equal counts as live.",
    "measured": "Circuits of your own are measured at random places; nothing is proved of them.",
}
"""How findings are known, where they are not proved by Pauli strings."""


def typed_observables(words: Sequence[str], locality: int) -> AnyObservables:
    """Read what is measured, as typed: `z`, `diagonal`, `hermitian`, or Pauli strings.

    >>> typed_observables(["diagonal"], 3)
    Diagonal(locality=3, windows='sliding')
    >>> typed_observables(["ZZI", "ixx"], 2).strings
    ('ZZI', 'IXX')

    Raises:
        ArgumentError: a word is none of these.
    """
    if tuple(words) == ("z",):
        return Z()
    if len(words) == 1 and words[0] in TRAINED:
        return TRAINED[words[0]](locality)
    return PauliStrings(tuple(word.upper() for word in words))


def found_with_progress(
    console: Terminal,
    candidates: Sequence[AnyCandidate],
    n: int,
    depth: int,
    outputs: int,
    uploads: int,
    observables: AnyObservables,
) -> list[EncodedFinding]:
    """Find what is known of the candidates, with a progress bar on a terminal."""
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("candidates", total=len(candidates))
        return encoded_findings(
            candidates,
            n,
            depth,
            outputs,
            uploads=uploads,
            observables=observables,
            told=lambda done: bar.update(task, completed=done),
        )


def list_findings(
    console: Terminal,
    known: dict[int, EncodedFinding],
    n: int,
    depth: int,
    outputs: int,
    uploads: int = 1,
    observables: AnyObservables | None = None,
) -> None:
    """Print a table with one line per candidate, by its number, and the reasons as notes below.

    A user's own circuits are drawn first.
    """
    for index, finding in known.items():
        if isinstance(finding.candidate, Ansatz):
            console.say(plain_text(f"{index}  {finding.candidate.name}"))
            console.say(visible_lines(draw(finding.candidate, n, uploads)))
    notes: dict[str, str] = {}

    def marks(*reasons: str) -> str:
        return " ".join(notes.setdefault(reason, chr(ord("a") + len(notes))) for reason in reasons)

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("", "candidate", "sees inputs", "trains", "same function as", "why"):
        table.add_column(heading, justify="right" if not heading else "left", no_wrap=True)
    for index, finding in known.items():
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
    found = list(known.values())
    live = sum(finding.live for finding in found)
    blind = sum(not finding.sees for finding in found)
    fixed = sum(not finding.trains for finding in found)
    constant = sum(finding.constant is not None for finding in found)
    different = sum(finding.duplicate_of is None for finding in found)
    read = "1 output" if outputs == 1 else f"{outputs} outputs"
    if uploads > 1:
        read = f"{uploads} uploads, {read}"
    if observables is not None and observables != Z():
        read = f"{read} by {observables}"
    rest = (
        f" on {n} qubits, depth {depth}, {read}: {blind} see no input, {fixed} have no trainable "
        f"effect, {constant} are constant; {different} different functions at equal angles."
    )
    console.say(Text.assemble((f"{live} of {len(found)} see their input and train", "bold"), rest))
    both = sum(finding.live and finding.duplicate_of is None for finding in found)
    if observables is not None:
        console.say(Text.assemble((f"{both} different live circuits.", "bold")))
    for way, sentence in HOW.items():
        if any(finding.known_by == way for finding in found):
            console.say(sentence, style="dim")


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
