"""`diffqas resume` and `diffqas show`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console

from diffqas.cli.comparison import comparison_report, show_study
from diffqas.errors import require
from diffqas.runs import compare_runs, resume
from diffqas.searches import kinds_for, show
from diffqas.storage import RunFolder, understood
from diffqas.studies import is_study, paired_tests

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


@dataclass
class Resume:
    """Continue a run that was stopped; it ends as if it had never been."""

    folder: tyro.conf.Positional[Path]
    """The run folder."""
    task: str | None = None
    """FILE.py:NAME, if the run's task is one of your own and does not lie where it did."""

    def run(self) -> None:
        """Train to the end, then print the result."""
        run = resume(self.folder, task=self.task)
        console = Console()
        console.print()
        show(run.result, console)
        print_folder(console, run.folder, run.result)


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
            for folder in self.folders:
                require(not is_study(folder), "runs", "be runs (a study is shown alone)", folder)
            compared = compare_runs(self.folders)
            console.print(
                comparison_report(compared, [pair.sentence for pair in paired_tests(compared.runs)])
            )
        elif is_study(first):
            show_study(first, console)
        else:
            folder = RunFolder(first)
            result = folder.load_result()
            with understood(folder.result):
                show(result, console)
                print_folder(console, first, result)


def print_folder(console: Console, folder: Path, result: dict[str, Any]) -> None:
    """What lies in a run folder."""
    console.print(f"\n[bold]{folder}[/]", highlight=False)
    for name, meaning in {
        **kinds_for("environment" if "mean_reward" in result else "plain")[result["model"]].files,
        **CONTENTS,
    }.items():
        if any(folder.glob(name)):
            console.print(f"  {name:24} [dim]{meaning}[/]", highlight=False)
