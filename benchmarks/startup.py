"""CPU time until a command or an import is there, beside that of Python itself and of torch.

    python benchmarks/startup.py
    python benchmarks/startup.py --rounds 11

Each command is a fresh process. User and system seconds are counted, as the kernel reports them, so
that waiting for other programs does not count. The commands run in turn, round after round; a round
that is not counted goes before, which fills the caches of the disk and of Python. One small
finished run is listed and shown: what is measured is the program, not the size of a run.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from report import describe, write_json

PYTHON = "python -c pass"
TORCH = "import torch"
PROGRAM = "from diffqas.cli import main; main()"
"""What the installed script `diffqas` does; so the benchmark needs no script on the path."""


def commands(run: Path) -> dict[str, list[str]]:
    """What is measured, by the name in the table: words behind `python`."""
    return {
        PYTHON: ["-c", "pass"],
        TORCH: ["-c", "import torch"],
        "diffqas --version": ["-c", PROGRAM, "--version"],
        "diffqas --help": ["-c", PROGRAM, "--help"],
        "diffqas runs": ["-c", PROGRAM, "runs", str(run.parent)],
        "diffqas show RUN": ["-c", PROGRAM, "show", str(run)],
        "import diffqas": ["-c", "import diffqas"],
        "import diffqas; diffqas.QuantumTrain": ["-c", "import diffqas; diffqas.QuantumTrain"],
    }


def cpu_seconds(words: list[str]) -> float:
    """User and system seconds of a process and of what it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    user = after.ru_utime - before.ru_utime
    system = after.ru_stime - before.ru_stime
    return user + system


def train_a_run(folder: Path) -> None:
    """A finished run of one epoch, to be listed and shown."""
    words = ["search", "bessel", "--epochs", "1", "--depth", "1", "--output", str(folder)]
    finished = subprocess.run([sys.executable, "-c", PROGRAM, *words], capture_output=True)
    if finished.returncode != 0:
        sys.exit(finished.stderr.decode())


def measure(run: Path, rounds: int) -> dict[str, list[float]]:
    """CPU seconds of every command in every round."""
    chosen = commands(run)
    seconds: dict[str, list[float]] = {name: [] for name in chosen}
    for number in range(rounds + 1):
        for name, words in chosen.items():
            found = cpu_seconds(words)
            if number > 0:
                seconds[name].append(found)
    return seconds


def main() -> None:
    """Measure, print the table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    results = Path(__file__).parent / "results"
    parser.add_argument("--out", type=Path, default=results / "startup.json")
    args = parser.parse_args()

    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "bessel"
        train_a_run(run)
        seconds = measure(run, args.rounds)

    medians = {name: statistics.median(each) for name, each in seconds.items()}
    rows = []
    table = Table("", "CPU s", f"/ {PYTHON}", f"/ {TORCH}")
    for name, median in medians.items():
        to_python = median / medians[PYTHON]
        to_torch = median / medians[TORCH]
        rows.append(
            {
                "command": name,
                "cpu_seconds": seconds[name],
                "median": median,
                "to_python": to_python,
                "to_torch": to_torch,
            }
        )
        table.add_row(name, f"{median:.2f}", f"{to_python:.1f}", f"{to_torch:.2f}")
    write_json(args.out, {**describe(sys.argv), "rounds": args.rounds, "rows": rows})
    Console().print(table)


if __name__ == "__main__":
    main()
