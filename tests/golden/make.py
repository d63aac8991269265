"""Make the fixtures of the golden tests again, or store the formats of this version.

    python tests/golden/make.py fixtures               # all kinds
    python tests/golden/make.py fixtures series-soap   # some of them
    python tests/golden/make.py formats                # what this version leaves on disks

Fixtures are made again when a change of the figures is meant. Formats stay as they are:
they are what people have on their disks. A version that writes other files stores them in a folder
of its own beside those of the older ones.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from recording import (
    FIXTURES,
    FORMATS,
    HERE,
    call,
    environment,
    listed,
    make,
    quiet,
    record,
    search,
    shown,
    text_of,
)
from safetensors.torch import save_file
from torch import nn

import diffqas
from diffqas.cli import main
from kinds import COMMANDS, KINDS, STORED, STUDY

LEFT_OUT = ("*.png", "*.gif", "*.tex", "tensorboard", "figures")
"""Of stored folders: what is large, and read by no command that a test calls."""

STOPPED_AFTER = 2
"""Epochs whose checkpoint a stopped run has; its metrics have one more."""
PATIENCE = 1.5
"""Seconds before a line of metrics, so that its epoch leaves a checkpoint."""

ELSEWHERE = "/GOLDEN"
"""Stands in stored files for the folder of the task's file."""


def make_fixtures(names: Sequence[str]) -> None:
    """Run kinds, and write what they gave."""
    FIXTURES.mkdir(exist_ok=True)
    for name in names:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "run"
            make(name, folder)
            fixture = {"call": call(name), "environment": environment(), **record(folder)}
        (FIXTURES / f"{name}.json").write_text(text_of(fixture), "utf-8")
        print(name)


def make_formats() -> None:
    """Store folders and files as this version writes them."""
    place = FORMATS / diffqas.__version__
    place.mkdir(parents=True)
    for name in STORED:
        _store_runs(name, place / "runs" / name)
        print(name)
    _store_generators(place / "generators")
    _store_network(place / "runs" / "series" / "finished", place / "networks")
    _store_study(place / "study")
    runs, study = place / "runs", place / "study"
    expected = {
        "environment": environment(),
        "runs": listed(runs),
        "shown": {name: shown(runs / name / "finished") for name in STORED},
        "study": listed(study),
        "shown_study": shown(study),
    }
    (place / "expected.json").write_text(text_of(expected), "utf-8")


def _store_runs(name: str, place: Path) -> None:
    """The folder of a finished run, and of one that was killed."""
    with tempfile.TemporaryDirectory() as folder:
        search(STORED[name], Path(folder) / "finished")
        command = [sys.executable, __file__, "stopped", name, str(Path(folder) / "unfinished")]
        stopped = subprocess.run(command, check=False)
        assert stopped.returncode == -signal.SIGKILL
        shutil.copytree(folder, place, ignore=shutil.ignore_patterns(*LEFT_OUT))
    for config in place.glob("*/config.json"):
        text = config.read_text("utf-8")
        config.write_text(text.replace(str(HERE), ELSEWHERE), "utf-8")


def stop(name: str, folder: Path) -> None:
    """Search until this process kills itself.

    Some epochs leave checkpoints, one more its line of metrics alone.
    """
    dump: Callable[..., str] = json.dumps

    def patient(value: Any, *args: Any, **kwargs: Any) -> str:
        if isinstance(value, dict) and "structural_weights" in value:
            if value["epoch"] > STOPPED_AFTER + 1:
                os.kill(os.getpid(), signal.SIGKILL)
            if value["epoch"] <= STOPPED_AFTER:
                time.sleep(PATIENCE)
        return dump(value, *args, **kwargs)

    json.dumps = patient
    search(STORED[name], folder)


def network() -> nn.Module:
    """What the stored generators write."""
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 2))


GENERATORS: dict[str, dict[str, Any]] = {
    "default": {"depth": 3},
    "choices": {
        "depth": 2,
        "relaxation": "gumbel",
        "sharing": "separate",
        "mapping": "mps",
        "chunk": 4,
        "order": "shuffled",
    },
    "paper": {"depth": 1, "recipe": "paper", "mapping": "mlp"},
}
"""Arguments of `QuantumTrain`."""


def _store_generators(place: Path) -> None:
    """Files of generators, and beside each the weights that it writes."""
    place.mkdir()
    for seed, (name, choices) in enumerate(GENERATORS.items()):
        torch.manual_seed(seed)
        model = diffqas.QuantumTrain(network(), **choices)
        model.save_generator(place / f"{name}.safetensors")
        save_file(model.export().state_dict(), place / f"{name}.weights.safetensors")


def _store_network(run: Path, place: Path) -> None:
    """The network of a run as `diffqas export` writes it, and what it gives for some inputs."""
    place.mkdir()
    file = place / "series.safetensors"
    with quiet():
        main(["export", str(run), "--output", str(file)])
    inputs = torch.linspace(-1, 1, 20).reshape(5, 4)
    with torch.no_grad():
        outputs = diffqas.load_network(file)(inputs)
    save_file({"inputs": inputs, "outputs": outputs}, place / "series.samples.safetensors")


def _store_study(place: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "study"
        with quiet():
            main([*STUDY, "--output", str(made)])
        shutil.copytree(made, place, ignore=shutil.ignore_patterns(*LEFT_OUT))


def run() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    steps = parser.add_subparsers(dest="step", required=True)
    fixtures = steps.add_parser("fixtures", help="what runs of every kind give")
    every = [*KINDS, *COMMANDS]
    fixtures.add_argument("kind", nargs="*", help="only these: " + ", ".join(every))
    steps.add_parser("formats", help="folders and files as this version writes them")
    stopped = steps.add_parser("stopped", help="a run that kills itself; used by `formats`")
    stopped.add_argument("name")
    stopped.add_argument("folder", type=Path)
    given = parser.parse_args()
    if given.step == "fixtures":
        make_fixtures(given.kind or every)
    elif given.step == "formats":
        make_formats()
    else:
        stop(given.name, given.folder)


if __name__ == "__main__":
    run()
