"""The settings of one run, as they stand in config.json."""

from __future__ import annotations

import platform
import subprocess
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import torch

from diffqas.agents import AgentKind, AgentSettings, EnvironmentTask, QuantumAgentKind
from diffqas.choices import option
from diffqas.errors import RunError, require, whole
from diffqas.kinds import (
    AnyKind,
    FixedLayersKind,
    PerLayerKind,
    QFWPKind,
    QLSTMKind,
    QuantumTrainKind,
    VQCKind,
)
from diffqas.searches.data_choices import DataChoices
from diffqas.searches.data_sets import load_task
from diffqas.searches.kinds import STORED
from diffqas.simulator import compiled
from diffqas.storage import Json, decode, encode, read_json, typed
from diffqas.tasks import Settings, Task, TaskSource
from diffqas.training import Federated

FORMAT = 3
LAST_SEED = 2**40 - 1
"""The largest seed: what draws in a step is seeded by a million times this, in 64 bits."""
READABLE = (2, FORMAT)
"""Formats of config.json that are understood; in format 2 an optimiser was a word."""


STORED_KINDS = (
    AgentKind,
    FixedLayersKind,
    PerLayerKind,
    QFWPKind,
    QLSTMKind,
    QuantumAgentKind,
    QuantumTrainKind,
    VQCKind,
)
"""Whose choices a config.json may hold. A class is known to the codec from its import on, and the
rooms import their modules no sooner than a name of them is asked for.
"""


@dataclass(frozen=True)
class RunConfig(DataChoices):
    """Every choice of a run: those of `DataChoices`, and those below.

    Attributes:
        dataset: the name of the task.
        settings: how to train, including the recipe's choices.
        kind: the kind of model with its own choices.
        recipe: the name of the recipe that the settings started from.
        seeds: the seeds; each has one model.
        federated: the clients that keep their samples; None if all samples are in one place.
        device, dtype, threads: where and how it is computed; 0 threads stands for all cores that
            the process may use.
        own: where the task came from, if it is one of your own.
    """

    dataset: str
    settings: Settings | AgentSettings
    kind: AnyKind
    recipe: str = "default"
    seeds: tuple[int, ...] = (0,)
    federated: Federated | None = None
    device: str = option("cpu", "Where to compute: cpu, cuda or cuda:<index>.")
    dtype: str = option(
        "float32",
        "Precision of the numbers.",
        among=("float32", "float64"),
        rule="be float32 or float64",
    )
    threads: int = option(
        0,
        "Number of cores that compute the circuits; 0 stands for all that this process may use. "
        "The result does not depend on it, not even in the last bit.",
        least=0,
        most=1024,
    )
    own: TaskSource | None = None

    def __post_init__(self) -> None:
        for seed in self.seeds:
            rule = f"be a whole number from 0 to {LAST_SEED}"
            require(whole(seed, 0) and seed <= LAST_SEED, "seed", rule, seed)
        require(len(self.seeds) >= 1, "seeds", "be at least 1", len(self.seeds))
        differ = len(set(self.seeds)) == len(self.seeds)
        require(differ, "seeds", "differ from each other", list(self.seeds))
        super().__post_init__()

    @property
    def torch_dtype(self) -> torch.dtype:
        """The dtype as torch's."""
        return torch.float64 if self.dtype == "float64" else torch.float32

    def load(self) -> Task | EnvironmentTask:
        """Load the named data set or environment; for a task of your own see `task_of`.

        Raises:
            ArgumentError: a choice does not fit the data set.
            DataError: a file cannot be used.
        """
        assert self.own is None, "a file is executed by `task_of`, which asks if it may be"
        return load_task(self.dataset, self, self.kind.target)

    def to_json(self) -> Json:
        """The content of config.json, with the versions that run it."""
        choices = {choice.name: encode(getattr(self, choice.name)) for choice in fields(self)}
        return {"format": FORMAT, "run": choices, "environment": environment()}


def config_from_json(content: Json) -> RunConfig:
    """Read what `RunConfig.to_json` wrote.

    Raises:
        RunError: the content has another format, or fields that do not fit.
    """
    if content.get("format") not in READABLE:
        found = content.get("format")
        raise RunError(
            f"config.json has format {found!r}, this version of diffqas reads format {FORMAT}."
        )
    try:
        choices = {key: decode(value) for key, value in content["run"].items()}
        if not isinstance(choices.get("kind"), STORED):
            raise TypeError("kind: it is no kind of model")
        return typed(RunConfig, choices)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise RunError(f"config.json does not fit this version of diffqas: {error}") from None


def is_run_config(path: Path) -> bool:
    """Whether a file is the config.json of a run, as far as its outline tells."""
    try:
        content = read_json(path)
    except RunError:
        return False
    return "format" in content and isinstance(content.get("run"), dict)


def environment() -> Json:
    """What a repetition depends on besides the choices: versions, machine and commit."""
    packages = ("diffqas", "torch", "numpy", "scipy")
    return {
        "versions": {name: _version(name) for name in packages}
        | {"python": platform.python_version()},
        "machine": platform.machine(),
        "compiled": compiled.available(),
        "commit": _commit(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _version(package: str) -> str:
    if package == "diffqas":
        from diffqas import __version__

        return __version__
    return version(package)


def _commit() -> str | None:
    """Commit of the source tree that diffqas runs from, None if it is an installed package."""
    source = Path(__file__).resolve().parents[3]
    if not (source / ".git").exists():
        return None
    command = ["git", "-C", str(source), "rev-parse", "HEAD"]
    try:
        return subprocess.run(
            command, capture_output=True, text=True, timeout=5, check=True
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
