"""What `diffqas show` prints of several runs, and of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from diffqas.runs import RunsCompared, RunSummary
from diffqas.studies import CONTENTS, duration, stored_study, terminal_tables

LONGEST = 60
"""Characters of a setting that are shown."""


def comparison_report(compared: RunsCompared, sentences: Sequence[str]) -> RenderableType:
    """Results side by side, tests, settings and versions that differ."""
    results = _table("", compared.runs)
    for what, texts in _results(compared.runs).items():
        results.add_row(what, *map(Text, texts))
    parts: list[RenderableType] = [results, Text(""), *map(Text, sentences), Text("")]
    for title, rows in {"settings": compared.settings, "versions": compared.environment}.items():
        if rows:
            parts += [_differences(f"{title} that differ", rows, compared.runs), Text("")]
        else:
            parts.append(Text(f"No {title} differ.", style="dim"))
    return Group(*parts)


def _results(runs: Sequence[RunSummary]) -> Mapping[str, Sequence[str]]:
    return {
        "task": [run.task or "" for run in runs],
        "model": [run.model or "" for run in runs],
        "state": [run.progress for run in runs],
        "figure": [run.figure for run in runs],
        "trained": ["" if run.trainable is None else f"{run.trainable:,}" for run in runs],
        "time": ["" if run.seconds is None else duration(run.seconds) for run in runs],
    }


def _differences(
    title: str, rows: Mapping[str, Sequence[str]], runs: Sequence[RunSummary]
) -> Table:
    table = _table(title, runs)
    for name, texts in rows.items():
        table.add_row(
            Text(name),
            *(Text(text if len(text) <= LONGEST else f"{text[:LONGEST]}...") for text in texts),
        )
    return table


def _table(title: str, runs: Sequence[RunSummary]) -> Table:
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    table.add_column("", style="dim", overflow="fold")
    for run in runs:
        table.add_column(Text(run.name), overflow="fold")
    return table


def show_study(path: Path, console: Console) -> None:
    """Print the tables of a study's finished cells."""
    study = stored_study(path)
    for fault in study.faults:
        console.print(fault, style="yellow", highlight=False, markup=False, soft_wrap=True)
    if study.comparisons:
        console.print(terminal_tables(study.comparisons, console.width))
    count = len(study.cells)
    console.print(
        f"{count} finished cell{'s' * (count != 1)}; the whole study: `{study.command}`",
        highlight=False,
    )
    console.print(f"\n[bold]{path}[/]", highlight=False, soft_wrap=True)
    for name, meaning in CONTENTS.items():
        if (path / name).exists():
            console.print(f"  {name:12} [dim]{meaning}[/]", highlight=False)
