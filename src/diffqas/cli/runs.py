"""`diffqas resume` and `diffqas show`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro
from rich.console import Console

from diffqas.models import kinds_for
from diffqas.reports.result import show
from diffqas.runs import resume
from diffqas.training.files import understood
from diffqas.training.folder import RunFolder

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

    def run(self) -> None:
        """Train to the end, then print the result."""
        run = resume(self.folder)
        console = Console()
        console.print()
        show(run.result, console)
        print_folder(console, run.folder, run.result)


@dataclass
class Show:
    """Print a finished run."""

    folder: tyro.conf.Positional[Path]
    """The run folder."""

    def run(self) -> None:
        """Print result.json as tables."""
        console = Console()
        folder = RunFolder(self.folder)
        result = folder.load_result()
        with understood(folder.result):
            show(result, console)
            print_folder(console, self.folder, result)


def print_folder(console: Console, folder: Path, result: dict[str, Any]) -> None:
    """What lies in a run folder."""
    console.print(f"\n[bold]{folder}[/]", highlight=False)
    for name, meaning in {
        **kinds_for("environment" if "mean_reward" in result else "plain")[result["model"]].files,
        **CONTENTS,
    }.items():
        if any(folder.glob(name)):
            console.print(f"  {name:24} [dim]{meaning}[/]", highlight=False)
