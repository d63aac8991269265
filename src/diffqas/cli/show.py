"""`diffqas show`, and the tables that it prints of several runs and of a study."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from diffqas.errors import require
from diffqas.reports import RunResult, Terminal, duration, plain_text
from diffqas.runs import RunSummary, is_study
from diffqas.searches import files_of, report_of
from diffqas.storage import RunFolder, understood

if TYPE_CHECKING:
    from diffqas.runs import RunsCompared

# One finished run is printed without torch, matplotlib and scipy, which take two seconds to
# import. What compares several runs or a study needs them, and is imported where it is called.

CONTENTS = {
    "predictions.png": "prediction against truth over the epochs",
    "structural_weights.png": "the candidates' weights over the epochs",
    "curves.png": "figures over the epochs",
    "rewards.png": "rewards over the episodes",
    "episodes.safetensors": "reward and steps of every episode",
    "play.gif": "an episode of the policy",
    "forecast.png": "forecasts of several steps, and their errors",
    "forecast.csv": "the errors, all seeds",
    "forecast-future.png": "the next values with an interval",
    "forecast-future.csv": "the same, all seeds",
    "predicted.csv": "new rows, with what is predicted",
    "network*.safetensors": "the network as exported, network*.json says how to rebuild it",
    "network*.onnx": "the network for programs without PyTorch",
    "routed": "circuits as a device runs them",
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
    """Print a finished run, the differences between several runs, or the tables of a study."""

    folders: Annotated[
        tyro.conf.Positional[tuple[Path, ...]],
        tyro.conf.arg(metavar="RUN ...", help="Run folders, or the folder of one study."),
    ]

    def run(self) -> None:
        """Print what the folders hold; nothing is computed."""
        console = Terminal()
        require(len(self.folders) >= 1, "runs", "name at least one run folder", "none")
        first, *others = self.folders
        if others:
            show_runs(self.folders, console)
        elif is_study(first):
            show_study(first, console)
        else:
            show_run(first, console)


def show_run(path: Path, console: Terminal) -> None:
    """Print the result of one finished run, and what lies in its folder."""
    folder = RunFolder(path)
    content = folder.load_result()
    with understood(folder.result):
        result = RunResult.from_json(content, folder.result)
        report = report_of(result)
    # Outside: a terminal that cannot be written to is no fault of the file.
    _print_report(result, report, path, console)


def print_run(result: RunResult, folder: Path, console: Terminal) -> None:
    """Print a finished run, and what lies in its folder."""
    _print_report(result, report_of(result), folder, console)


def _print_report(
    result: RunResult, report: RenderableType, folder: Path, console: Terminal
) -> None:
    console.print(report)
    console.print()
    console.say(folder, style="bold")
    for name, meaning in (files_of(result) | CONTENTS).items():
        if any(folder.glob(name)):
            console.say(Text.assemble(f"  {name:24} ", (meaning, "dim")))
    console.print()
    console.say("next", style="bold")
    commands = next_commands(result, folder)
    width = max(len(command) for command, _ in commands)
    for command, meaning in commands:
        console.say(Text.assemble(f"  {command:{width}}  ", (meaning, "dim")))


def next_commands(result: RunResult, folder: Path) -> list[tuple[str, str]]:
    """What can be done with a finished run, each with what comes of it."""
    place = shlex.quote(str(folder))
    commands = [(f"diffqas report {place}", "the run as one HTML page")]
    if result.corrects is not None:
        commands.insert(0, (f"diffqas forecast {place}", "the next values, with an interval"))
    if result.samples == "table":
        commands.insert(0, (f"diffqas predict {place} ROWS.csv", "the labels of new rows"))
    if result.agents is not None:
        commands.insert(0, (f"diffqas play {place}", "the policy plays an episode"))
    if result.model == "qt":
        commands.append((f"diffqas export {place}", "the network for programs without diffqas"))
    if result.model == "vqc":
        circuits = f"diffqas export {place} --format circuits"
        commands.append((circuits, "the circuits, and a script that runs them"))
    return commands


def show_runs(paths: Sequence[Path], console: Terminal) -> None:
    """Print what differs between several runs, with paired tests of their figures."""
    from diffqas.runs import compare_runs
    from diffqas.studies import paired_tests

    for path in paths:
        require(not is_study(path), "runs", "be runs (a study is shown alone)", path)
    compared = compare_runs(paths)
    tests = [pair.sentence for pair in paired_tests(compared.runs)]
    console.print(comparison_report(compared, tests))


def comparison_report(compared: RunsCompared, sentences: Sequence[str]) -> RenderableType:
    """Results side by side, tests, settings and versions that differ."""
    results = _table("", compared.runs)
    for what, texts in _results(compared.runs).items():
        results.add_row(what, *map(plain_text, texts))
    parts: list[RenderableType] = [results, Text(""), *map(plain_text, sentences), Text("")]
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
        table.add_row(plain_text(name), *(plain_text(_shortened(text)) for text in texts))
    return table


def _shortened(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}..."


def _table(title: str, runs: Sequence[RunSummary]) -> Table:
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    table.add_column("", style="dim", no_wrap=True)
    for run in runs:
        table.add_column(plain_text(run.name), overflow="fold")
    return table


def show_study(path: Path, console: Terminal) -> None:
    """Print the tables of a study's finished cells."""
    from diffqas.studies import CONTENTS as STUDY_CONTENTS
    from diffqas.studies import stored_study, terminal_tables

    study = stored_study(path)
    for fault in study.faults:
        console.say(fault, style="yellow")
    if study.comparisons:
        console.print(terminal_tables(study.comparisons, console.width))
    count = len(study.cells)
    cells = "1 finished cell" if count == 1 else f"{count} finished cells"
    console.say(f"{cells}; the whole study: `{study.command}`")
    console.print()
    console.say(path, style="bold")
    for name, meaning in STUDY_CONTENTS.items():
        if (path / name).exists():
            console.say(Text.assemble(f"  {name:12} ", (meaning, "dim")))
