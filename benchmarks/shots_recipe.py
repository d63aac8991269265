"""What makes Quantum-Train bear finite shots: one change at a time, on held-out training windows.

    python benchmarks/shots_recipe.py [NAME ...] [--epochs 20] [--output FILE]

Searches Bessel with seeds 100 to 102, whose results no table shows, on the first four fifths of its
training windows, and measures what was found on the last fifth: the test part is not looked at. A
line of JSON for each change: trained numbers, and median, lowest and highest MSE over seeds and ten
draws each, by shots of each circuit.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from diffqas import search
from diffqas.architecture import Shots
from diffqas.quantum_train import Lockstep
from diffqas.runs import noise_run
from diffqas.searches.data_sets import load_task
from diffqas.tasks import Task

SEEDS = [100, 101, 102]
HELD_OUT = 0.2
MEASURED = [10**4, 10**5, 10**6, 10**7]
MILLION = 10**6

CHANGES: dict[str, dict[str, Any]] = {
    "1e6 shots": {"shots": MILLION},
    "1e5 shots": {"shots": 10**5},
    "1e4 shots, rising to 1e6": {"shots": MILLION, "first": 10**4},
    "chunk 4": {"shots": MILLION, "chunk": 4},
    "chunk 16": {"shots": MILLION, "chunk": 16},
    "chunk 16, exact": {"chunk": 16},
    "chunk 64": {"shots": MILLION, "chunk": 64},
    "depth 18": {"shots": MILLION, "depth": 18},
    "mps": {"shots": MILLION, "mapping": "mps"},
}
"""Options of `diffqas.search` by name; `first` are the shots of the first step."""


def rising(first: int, last: int) -> None:
    """Let the shots of all later searches of this process grow from step to step, by a factor."""
    before = Lockstep.advance

    def advance(self: Lockstep, progress: float, step: int, seeds: Sequence[int]) -> None:
        self.generator.circuits.shots = Shots(round(first * (last / first) ** progress))
        before(self, progress, step, seeds)

    Lockstep.advance = advance


def measured(task: Task, name: str, epochs: int, folder: Path) -> dict[str, Any]:
    """The figures of one change."""
    options = dict(CHANGES[name])
    first = options.pop("first", None)
    if first is not None:
        rising(first, options["shots"])
    run = search(task, seeds=SEEDS, epochs=epochs, output=folder, quiet=True, **options)
    report = noise_run(run.folder, shots=MEASURED, top_k=[], task=task)
    rows = [report.exact("search"), *report.of("search", "shots")]
    figures: dict[str, list[float]] = {}
    for row in rows:
        values = row.values("mse")
        figures[f"{row.level:.0e}" if row.level else "exact"] = [
            statistics.median(values),
            min(values),
            max(values),
        ]
    return {
        "name": name,
        "options": CHANGES[name],
        "epochs": epochs,
        "seeds": SEEDS,
        "trained": run.result["trainable_parameters"],
        "mse": figures,
    }


def main() -> None:
    """Measure the changes that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results")
    given = parser.parse_args()
    whole = load_task("bessel").with_validation(HELD_OUT)
    task = replace(whole, test=whole.validation, validation=None)
    # What changes the shots of all later searches comes last.
    names = sorted(given.names or CHANGES, key=lambda name: "first" in CHANGES[name])
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            line = measured(task, name, given.epochs, Path(folder) / "run")
        print(json.dumps(line), flush=True)
        with (given.output / "shots_recipe.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
