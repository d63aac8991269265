"""`diffqas show`, and the tables that it prints of several runs and of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from diffqas.errors import require
from diffqas.reports import duration
from diffqas.runs import RunsCompared, RunSummary, compare_runs
from diffqas.searches import files_of, kinds_for, show
from diffqas.storage import RunFolder, understood
from diffqas.studies import CONTENTS as STUDY_CONTENTS
from diffqas.studies import is_study, paired_tests, stored_study, terminal_tables

CONTENTS = {
    "predictions.png": "prediction against truth over the epochs",
    "structural_weights.png": "the candidates' weights over the epochs",
    "curves.png": "figures over the epochs",
    "rewards.png": "rewards over the episodes",
    "episodes.safetensors": "reward and steps of every episode",
    "play.gif": "an episode of the policy",
    "forecast.png": "forecasts of several steps, and their errors",
    "forecast.csv": "the errors, all seeds",
    "network*.safetensors": "the network as exported, network*.json says how to rebuild it",
    "network*.onnx": "the network for programs without PyTorch",
    "generator*.safetensors": "the numbers and choices that regenerate the network",
    "report.html": "all of it as one page",
    "result.json": "all figures",
    "metrics.jsonl": "figures as they came",
    "tensorboard": "the same for TensorBoard",
}
"""What the files of a run folder are, whatever the kind of its model."""

LONGEST = 60
"""Characters of a setting that are shown."""


@dataclass
class Show:
    """Print a finished run; of several what differs between them, with paired tests; of a study its
    tables.
    """

    folders: Annotated[
        tyro.conf.Positional[tuple[Path, ...]],
        tyro.conf.arg(metavar="RUN ...", help="Run folders, or one study's."),
    ]

    def run(self) -> None:
        """Print what the folders hold; nothing is computed."""
        console = Console()
        require(len(self.folders) >= 1, "runs", "name at least one run folder", "none")
        first, *others = self.folders
        if others:
            show_runs(self.folders, console)
        elif is_study(first):
            show_study(first, console)
        else:
            show_run(first, console)


def show_run(path: Path, console: Console) -> None:
    """Print the result of one finished run, and what lies in its folder."""
    folder = RunFolder(path)
    result = folder.load_result()
    with understood(folder.result):
        show(result, console, folder.result)
        print_folder(console, path, result)


def print_folder(console: Console, folder: Path, result: dict[str, Any]) -> None:
    """Print what lies in a run folder."""
    console.print(f"\n[bold]{folder}[/]", highlight=False)
    for name, meaning in {
        **files_of(
            kinds_for("environment" if "mean_reward" in result else "plain")[result["model"]]
        ),
        **CONTENTS,
    }.items():
        if any(folder.glob(name)):
            console.print(f"  {name:24} [dim]{meaning}[/]", highlight=False)


def show_runs(paths: Sequence[Path], console: Console) -> None:
    """Print what differs between several runs, with paired tests of their figures."""
    for path in paths:
        require(not is_study(path), "runs", "be runs (a study is shown alone)", path)
    compared = compare_runs(paths)
    tests = [pair.sentence for pair in paired_tests(compared.runs)]
    console.print(comparison_report(compared, tests))


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
        table.add_row(Text(name), *(Text(_shortened(text)) for text in texts))
    return table


def _shortened(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}..."


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
    cells = "1 finished cell" if count == 1 else f"{count} finished cells"
    console.print(f"{cells}; the whole study: `{study.command}`", highlight=False)
    console.print(f"\n[bold]{path}[/]", highlight=False, soft_wrap=True)
    for name, meaning in STUDY_CONTENTS.items():
        if (path / name).exists():
            console.print(f"  {name:12} [dim]{meaning}[/]", highlight=False)
