"""What a finished run leaves for people and other programs: result, pictures, model, circuit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from safetensors.torch import save as save_safetensors

from diffqas.agents import AgentTraining
from diffqas.errors import RunError
from diffqas.kinds import SearchTraining
from diffqas.reports import (
    classes_in_words,
    curves_figure,
    predictions_figure,
    run_curves,
    save_figure,
)
from diffqas.searches.agent_artefacts import ANIMATION, EPISODES, REWARDS, write_agent_artefacts
from diffqas.searches.config import RunConfig, config_from_json
from diffqas.searches.showing import showing_of
from diffqas.storage import (
    Json,
    RunFolder,
    load_tensors,
    save_tensors,
    understood,
    untied,
    write_atomically,
)
from diffqas.tasks import IMAGES, SOURCES, Task
from diffqas.training import Training

PREDICTIONS, STRUCTURE, CURVES = "predictions.png", "structural_weights.png", "curves.png"
SAMPLES = "predictions.pt"
FORECAST, FORECAST_ERRORS = "forecast.png", "forecast.csv"
REPORT = "report.html"

_PARTS = ("", "-policy", "-value", "-seed-[0-9]*")
LEFT = (
    *(
        PREDICTIONS,
        SAMPLES,
        STRUCTURE,
        CURVES,
        REWARDS,
        ANIMATION,
        EPISODES,
        FORECAST,
        FORECAST_ERRORS,
        REPORT,
    ),
    *("model.safetensors", "model-seed-[0-9]*.safetensors", "circuit.png", "circuit.qasm"),
    *(f"circuit-{part}*.qasm" for part in ("policy", "value", "forget", "input", "output", "cell")),
    *(f"network{part}{suffix}" for part in _PARTS for suffix in (".safetensors", ".json", ".onnx")),
    *(f"generator{part}.safetensors" for part in _PARTS),
    *("noise/noise.md", "noise/noise.csv", "noise/noise.png", "tensorboard/events.out.tfevents.*"),
)
"""What a finished run and the commands over it leave beside the files that `RunFolder` writes
(docs/run-folder.md).
"""


def write_artefacts(
    folder: RunFolder,
    config: RunConfig,
    training: SearchTraining,
    models: Sequence[Any],
) -> Json:
    """Write models, circuits and pictures of a finished training.

    Returns:
        What belongs in result.json.
    """
    _write_models(folder, config, models)
    title = f"{config.dataset}: structural weights ({seeds_in_words(config)})"
    with understood(folder.metrics):
        weights = np.nanmedian(
            [record["structural_weights"] for record in folder.records()], axis=1
        )
        picture = _by_round(showing_of(config.kind).picture(models[0], weights, title), config)
    save_figure(picture, folder.path / STRUCTURE)
    if isinstance(training, AgentTraining):
        return _common(config, training, models) | write_agent_artefacts(folder, config, training)
    assert isinstance(training, Training)
    if training.task.kind == "series":
        truth = torch.cat([part.targets for part in training.task.parts.values()]).cpu()
        samples = {
            "snapshots": training.snapshots,
            "truth": truth,
            "boundary": len(training.task.train),
        }
        save_tensors(folder.path / SAMPLES, samples)
        save_figure(prediction_picture(folder), folder.path / PREDICTIONS)
    higher = tuple(training.task.higher)
    classes = class_names(config, training.task)
    save_figure(curves_picture(folder, classes, higher), folder.path / CURVES)
    result = _common(config, training, models)
    result["metric"] = next(iter(training.task.metrics))
    result["higher"] = [name for name in training.task.metrics if name in higher]
    if training.task.kind == "images":
        result["classes"] = classes
    for name, values in training.metrics.items():
        result[name] = values
        # A seed that failed has no figures; the epoch that was selected is kept as it is.
        if name != "selected_epoch":
            result[name] = _of_sound_seeds(values, config, training)
    return result | training.facts


def _of_sound_seeds(
    values: Sequence[float], config: RunConfig, training: Training
) -> list[float | None]:
    """One figure of every seed, None of those that failed."""
    pairs = zip(config.seeds, values, strict=True)
    return [None if seed in training.failures else value for seed, value in pairs]


def _write_models(folder: RunFolder, config: RunConfig, models: Sequence[Any]) -> None:
    kind = config.kind
    names = ["model.safetensors", *(f"model-seed-{seed}.safetensors" for seed in config.seeds[1:])]
    for name, model in zip(names, models, strict=True):
        exported = untied(kind.export(model))
        write_atomically(folder.path / name, save_safetensors(exported, {"format": "pt"}))
    showing = showing_of(kind)
    circuits, pictures = showing.circuits(models[0]), showing.circuit_pictures(models[0])
    for name, text in circuits.items():
        write_atomically(folder.path / name, text.encode())
    for name, figure in pictures.items():
        save_figure(figure, folder.path / name)


def _common(config: RunConfig, training: SearchTraining, models: Sequence[Any]) -> Json:
    """What result.json says of every run; lists of figures have one entry per seed."""
    task = training.task
    return {
        "task": task.name,
        "model": config.kind.name,
        "recipe": config.recipe,
        "seeds": list(config.seeds),
        "epochs": training.epoch,
        **config.kind.figures(models).to_json(),
        "seconds": round(training.seconds, 3),
        "references": [
            {"name": r.name, "value": r.value, "remark": r.remark}
            for r in config.kind.references(task)
        ],
        "failures": {str(seed): reason for seed, reason in training.failures.items()},
    }


def prediction_picture(folder: RunFolder) -> Figure:
    """Prediction against truth at several epochs, from the samples that the run stored.

    Raises:
        RunError: the run stored none: it is not finished, or its task is no series.
    """
    path = folder.path / SAMPLES
    if not path.exists():
        reason = "the run is not finished, or its task is no series"
        raise RunError(f"There is no {SAMPLES} in {folder.path}: {reason}.")
    samples = load_tensors(path)
    config = config_from_json(folder.load_config())
    # A seed that failed predicts no finite numbers, and is not drawn at any epoch.
    finite = [values.isfinite().all(1) for values in samples["snapshots"].values()]
    sound = torch.stack(finite).all(0)
    snapshots = {epoch: values[sound].numpy() for epoch, values in samples["snapshots"].items()}
    title = f"{config.dataset}: prediction against truth ({seeds_in_words(config)})"
    return predictions_figure(snapshots, samples["truth"].numpy(), samples["boundary"], title)


def curves_picture(
    folder: RunFolder, classes: Sequence[str] = (), higher: Sequence[str] = ()
) -> Figure:
    """Figures over the epochs from metrics.jsonl.

    Accuracy and loss in panels of their own; any other metric on a logarithmic scale, or on a
    linear one if more of it is better (it is in `higher`) or not all of its values are positive.

    Raises:
        RunError: no epoch is finished.
    """
    config, records = config_from_json(folder.load_config()), folder.records()
    if not records:
        raise RunError(f"There is no finished epoch in {folder.path}: nothing can be drawn yet.")
    curves: dict[str, Json] = {}
    for key in records[0]:
        part, _, metric = key.partition("_")
        if part in ("train", "test"):
            values = np.array([record[key] for record in records], dtype=float)
            # A seed that was frozen ends without a figure.
            curves.setdefault(metric, {})[part] = values[:, np.isfinite(values[-1])]
    metric, parts = next(iter(curves.items()))
    if metric == "accuracy":
        named = classes_in_words(classes)
        told = f"{config.dataset} ({named})" if named else config.dataset
        heading = f"{told}, {seeds_in_words(config)}"
        return _by_round(run_curves(curves, heading), config)
    title = f"{config.dataset}: {metric} ({seeds_in_words(config)})"
    if metric in higher or any((values <= 0).any() for values in parts.values()):
        return _by_round(run_curves({metric: parts}, title), config)
    named_parts = {f"{part}_{metric}": values for part, values in parts.items()}
    return _by_round(curves_figure(named_parts, title), config)


def _by_round(figure: Figure, config: RunConfig) -> Figure:
    """The figure with its axis in rounds, if those are what was recorded."""
    for axes in figure.axes:
        if config.federated is not None and axes.get_xlabel() == "epoch":
            axes.set_xlabel("round")
    return figure


def class_names(config: RunConfig, task: Task) -> list[str]:
    """Names of the classes that a run tells apart, in the order of its logits, where known."""
    if config.dataset not in IMAGES or task.kind != "images":
        return []
    source = SOURCES.get(config.dataset)
    names = tuple("0123456789") if source is None else source.classes
    chosen = [names[label] for label in config.classes or range(len(names))]
    # A user's own task may have a known name and other classes.
    return chosen if len(chosen) == len(task.train.targets.unique()) else []


def seeds_in_words(config: RunConfig) -> str:
    """`seed 3`, or how many."""
    count = len(config.seeds)
    return f"seed {config.seeds[0]}" if count == 1 else f"{count} seeds"
