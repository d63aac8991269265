"""A finished run as the thing that a study is made of."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch

from diffqas.architecture import Gumbel, Ranked, Softmax
from diffqas.errors import RunError
from diffqas.kinds import AnyModel, Constant, QuantumTrainKind, VQCKind, blind_in, constant
from diffqas.layers import HybridModel
from diffqas.searches import RunConfig, config_from_json, load, task_of
from diffqas.storage import RunFolder, read_file
from diffqas.studies import Metric, Origin, metric_of
from diffqas.tasks import Settings, Task


@dataclass(frozen=True, eq=False)
class Found:
    """What a run found.

    Attributes:
        origin: which run it is.
        config: its settings.
        metric: name of the figure that its task compares.
        higher: whether more of it is better.
        task: what it was on.
        models: its trained models by seed, on the CPU in float32, without those that diverged.
            Annealed weights stay where the run left them.
    """

    origin: Origin
    config: RunConfig
    metric: str
    higher: bool
    task: Task
    models: dict[int, AnyModel]

    @property
    def kind(self) -> QuantumTrainKind:
        """The run's choices of Quantum-Train."""
        assert isinstance(self.config.kind, QuantumTrainKind)
        return self.config.kind

    @property
    def of_layer(self) -> VQCKind | None:
        """The choices of a run of a searched layer."""
        kind = self.config.kind
        return kind if isinstance(kind, VQCKind) else None

    @property
    def compared(self) -> Metric:
        """What a study of the run compares."""
        return metric_of(self.metric, self.higher)

    @property
    def settings(self) -> Settings:
        """How the run was trained."""
        assert isinstance(self.config.settings, Settings)
        return self.config.settings

    def rankings(self) -> dict[int, list[Ranked]]:
        """Candidates by what they contribute, by seed; none where each output has its own."""
        if self.of_layer is None:
            return {seed: model.ranking() for seed, model in self.models.items()}
        found = {seed: model.layer.ranking() for seed, model in self.models.items()}
        return {seed: rows["all"] for seed, rows in found.items() if "all" in rows}

    @property
    def constant(self) -> Constant:
        """Tells whether a candidate gives the same, whatever its angles and inputs."""
        if self.of_layer is None:
            return constant
        return blind_in(next(iter(self.models.values())).layer)


def find(path: str) -> Found:
    """Load a finished run of Quantum-Train or of a searched layer on data.

    Raises:
        RunError: no such run, an unfinished or damaged one, one of another kind, or one without a
            finished seed.
        DataError: its data cannot be used any more.
    """
    folder = RunFolder(Path(path))
    result = folder.load_result()
    config = config_from_json(folder.load_config())
    known = isinstance(config.kind, (QuantumTrainKind, VQCKind))
    if not known or not isinstance(config.settings, Settings):
        what = "of a quantum LSTM" if isinstance(config.settings, Settings) else "of an agent"
        rule = "a study of a run needs one of --model qt or vqc on samples"
        raise RunError(f"The run in {path} is {what}: {rule}.")
    if not folder.checkpoint.exists():
        raise RunError(
            f"There is no {folder.checkpoint.name} in {path}: the trained models are gone."
        )
    try:
        digest = hashlib.sha256(read_file(folder.checkpoint)).hexdigest()
    except OSError as error:
        raise RunError(f"Cannot read {folder.checkpoint}: {error.strerror}.") from None
    failed = {int(seed) for seed in result.get("failures", {})}
    if failed >= set(config.seeds):
        raise RunError(f"The run in {path} has no finished seed: nothing can be made of it.")
    metric = result["metric"]
    higher = metric in result.get("higher", ("accuracy",))
    return _found(
        path, digest, tuple(seed for seed in config.seeds if seed not in failed), metric, higher
    )


@lru_cache(maxsize=2)
def _found(path: str, digest: str, seeds: tuple[int, ...], metric: str, higher: bool) -> Found:
    config = config_from_json(RunFolder(Path(path)).load_config())
    task = task_of(config, Path(path))
    assert isinstance(task, Task)
    models = dict(zip(config.seeds, load(path, task=task).models, strict=True))
    kept = {seed: _settled(models[seed]) for seed in seeds}
    return Found(Origin(path, digest, seeds), config, metric, higher, task, kept)


def _settled(model: AnyModel) -> AnyModel:
    """The model, with weights that a schedule no longer moves."""
    circuits = model.layer if isinstance(model, HybridModel) else model.circuits
    if isinstance(circuits.relaxation, Gumbel):
        start, final = circuits.relaxation.temperature, circuits.relaxation.final
        circuits.relaxation = Softmax(start * (final / start) ** circuits.progress)
    return model.to("cpu", torch.float32)
