"""The findings of an audit of circuits with data, as a table and a CSV file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table

from diffqas.architecture import EncodedAudit
from diffqas.reports.console import plain_text
from diffqas.storage import csv_content, write_atomically

KNOWN = {"strings": "proof", "rules": "rules", "residues": "proof", "measured": "measured"}
"""How a finding is known, in a word."""

NOTES = {
    "residues": (
        "A proof by exact arithmetic modulo a prime at random places is wrong with a chance below "
        "1e-10."
    ),
    "rules": "Rules hold for every size; what none of them decides counts as live.",
    "measured": "Circuits of your own are measured at random places; nothing is proved of them.",
}
HEAD = (
    "by inputs and by angles: standard deviation of an output over random ones; gradient: root "
    "mean square derivative in an angle."
)
HEADINGS = (
    *("number", "candidate", "sees_inputs", "trains", "duplicate_of", "reason", "known_by"),
    *("by_inputs", "by_angles", "gradient"),
)


def encoded_audit_table(audits: Mapping[int, EncodedAudit], size: str) -> RenderableType:
    """A table of an audit of circuits with data, one line per candidate by its number.

    Each reason stands once, below the table.

    Args:
        audits: the audits by the numbers of the candidates, all of circuits of one size.
        size: that size in words.
    """
    marks: dict[str, str] = {}
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for column in ("", "candidate", "kind", "same as", "known\nby"):
        table.add_column(column, justify="left" if column else "right", no_wrap=True)
    for column in ("by\ninputs", "by\nangles", "gradient"):
        table.add_column(column, justify="right", no_wrap=True)
    for number, audit in audits.items():
        finding = audit.finding
        twin = "" if finding.duplicate_of is None else finding.duplicate_of.name
        figures = (audit.by_inputs, audit.by_angles, audit.gradient)
        table.add_row(
            str(number),
            plain_text(finding.candidate.name),
            _kind(audit, marks),
            plain_text(twin),
            KNOWN[finding.known_by],
            *(f"{figure:.3f}" for figure in figures),
            style=None if finding.live and not twin else "dim",
        )
    notes = [f"{mark}  {reason}" for reason, mark in marks.items()]
    ways = {audit.finding.known_by for audit in audits.values()}
    notes += [note for way, note in NOTES.items() if way in ways]
    notes.append(HEAD)
    unlike = sum(not audit.agrees for audit in audits.values())
    if unlike:
        notes.append(f"{unlike} were measured not to move in what no rule decides.")
    live = [audit for audit in audits.values() if audit.finding.live]
    different = sum(audit.finding.duplicate_of is None for audit in live)
    head = f"{len(live)} of {len(audits)} are live, {different} of them different; {size}."
    return Group(table, plain_text(head), *map(plain_text, notes))


def _kind(audit: EncodedAudit, marks: dict[str, str]) -> str:
    finding = audit.finding
    if finding.live:
        return "live"
    kind = "constant"
    if finding.constant is None:
        kind = "fixed" if finding.sees else "blind"
    letters = [marks.setdefault(reason, chr(ord("a") + len(marks))) for reason in finding.reasons]
    return " ".join((kind, *letters))


def save_encoded_audit(audits: Mapping[int, EncodedAudit], path: Path) -> None:
    """Write all figures of an audit of circuits with data as CSV."""
    rows: list[tuple[object, ...]] = [HEADINGS]
    for number, audit in audits.items():
        finding = audit.finding
        twin = "" if finding.duplicate_of is None else finding.duplicate_of.name
        said = (finding.candidate.name, finding.sees, finding.trains, twin, finding.reason)
        figures = (audit.by_inputs, audit.by_angles, audit.gradient)
        rows.append((number, *said, finding.known_by, *figures))
    write_atomically(path, csv_content(rows).encode())
