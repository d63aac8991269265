"""What a finished training on data leaves: predictions, curves and the figures of every seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.figure import Figure

from diffqas.errors import RunError
from diffqas.reports import (
    SCALED,
    EpochRecord,
    Floats,
    Predictions,
    classes_in_words,
    curves_figure,
    laid_out,
    predictions_figure,
    records_of,
    run_curves,
    save_figure,
)
from diffqas.searches.config import RunConfig, config_from_json
from diffqas.searches.data_sets import OWN_SERIES
from diffqas.storage import Json, RunFolder, State, save_tensors
from diffqas.tasks import LINEAR_PART, SeriesScale
from diffqas.training import Training

PREDICTIONS, STRUCTURE, CURVES = "predictions.png", "structural_weights.png", "curves.png"
SAMPLES = "predictions.pt"
FORECAST, FORECAST_ERRORS = "forecast.png", "forecast.csv"
FUTURE, FUTURE_VALUES = "forecast-future.png", "forecast-future.csv"
"""The values behind the last row of a series of one's own."""
PREDICTED = "predicted.csv"
"""New rows of a table with what is predicted."""
REPORT = "report.html"
TRIALS = "trials.csv"
"""Candidates that a searcher trained before the run."""
TRIAL_COLUMNS = ("candidate", "epochs", "loss", "evaluations", "seconds")
"""Of that file; evaluations and CPU seconds are counted from the start of the search."""


def write_data_artefacts(folder: RunFolder, config: RunConfig, training: Training) -> Json:
    """Write the predictions of a series, and the curves of any data.

    Returns:
        The entries of result.json that only runs on data have.
    """
    task = training.task
    if task.kind == "series":
        _write_predictions(folder, training)
    higher = tuple(task.higher)
    classes = list(task.class_names)
    # If the whole file was lost there are no records; the run ends all the same, without curves.
    if records_of(folder):
        save_figure(curves_picture(folder, classes, higher, task.scale), folder.path / CURVES)
    result: Json = {
        "metric": next(iter(task.metrics)),
        "higher": [name for name in task.metrics if name in higher],
    }
    if task.scale is not None:
        result["scale"] = task.scale.to_json()
    if task.units is not None:
        result["corrects"] = LINEAR_PART
    if task.kind == "table" and config.own is None:
        result["samples"] = task.kind
    if task.kind == "images" or classes:
        result["classes"] = classes
    for name, values in training.metrics.items():
        result[name] = values
        # A seed that failed has no figures; the epoch that was selected is kept as it is.
        if name != "selected_epoch":
            result[name] = _of_sound_seeds(values, config, training)
    return result | training.facts


def _write_predictions(folder: RunFolder, training: Training) -> None:
    """The samples of the picture, for whoever draws it again, and the picture made from them."""
    truth = torch.cat([part.targets for part in training.task.parts.values()]).cpu()
    snapshots = training.snapshots
    units = training.task.units
    if units is not None:
        truth = torch.from_numpy(units.truth(truth.double().numpy()))
        snapshots = {
            epoch: torch.from_numpy(units.predicted(values.double().numpy()))
            for epoch, values in snapshots.items()
        }
    samples: State = {
        "snapshots": snapshots,
        "truth": truth,
        "boundary": len(training.task.train),
    }
    if training.task.scale is not None:
        samples["scale"] = training.task.scale.to_json()
    save_tensors(folder.path / SAMPLES, samples)
    save_figure(prediction_picture(folder), folder.path / PREDICTIONS)


def _of_sound_seeds(
    values: Sequence[float], config: RunConfig, training: Training
) -> list[float | None]:
    """One figure of every seed, None of those that failed."""
    kept: list[float | None] = []
    for seed, value in zip(config.seeds, values, strict=True):
        kept.append(None if seed in training.failures else value)
    return kept


def prediction_picture(folder: RunFolder) -> Figure:
    """Draw prediction against truth at several epochs, from what the run stored.

    Raises:
        RunError: the run stored no predictions, because it is not finished or its task is no
            series; or the file is damaged, or no seed has finite predictions.
    """
    path = folder.path / SAMPLES
    if not path.exists():
        reason = "the run is not finished, or its task is no series"
        raise RunError(f"There is no {SAMPLES} in {folder.path}: {reason}.")
    stored = Predictions.read(path)
    config = config_from_json(folder.load_config())
    # A seed that failed predicts no finite numbers, and is not drawn at any epoch.
    finite = [np.isfinite(values).all(axis=1) for values in stored.snapshots.values()]
    sound = np.all(finite, axis=0)
    if not sound.any():
        raise RunError(f"Cannot use {path}: no seed in it has finite predictions.")
    snapshots = {epoch: values[sound] for epoch, values in stored.snapshots.items()}
    title = f"{config.dataset}: prediction against truth ({seeds_in_words(config)})"
    truth, boundary, scale = stored.truth, stored.boundary, stored.scale
    if scale is None:
        return predictions_figure(snapshots, truth, boundary, title)
    if config.dataset == OWN_SERIES:
        title = f"{scale.values}: prediction against truth ({seeds_in_words(config)})"
    own_units = {epoch: scale.unscaled(values) for epoch, values in snapshots.items()}
    return predictions_figure(own_units, scale.unscaled(truth), boundary, title, scale.values)


def curves_picture(
    folder: RunFolder,
    classes: Sequence[str] = (),
    higher: Sequence[str] = (),
    scale: SeriesScale | None = None,
) -> Figure:
    """Draw the figures over the epochs from metrics.jsonl.

    Accuracy and loss have panels of their own. Any other metric has a logarithmic scale, or a
    linear one if more of it is better (it is in `higher`) or if not all of its values are positive.

    Raises:
        RunError: no epoch is finished.
    """
    config = config_from_json(folder.load_config())
    records = [record for record in records_of(folder) if isinstance(record, EpochRecord)]
    if not records:
        raise RunError(f"There is no finished epoch in {folder.path}: nothing can be drawn yet.")
    step = folder.epochs_per_record
    curves: dict[str, dict[str, Floats]] = {}
    for key in records[0].metrics:
        part, _, metric = key.partition("_")
        if part in ("train", "test"):
            values = laid_out(records, [record.metrics[key] for record in records], step)
            # A seed that was frozen ends without a figure.
            curves.setdefault(metric, {})[part] = values[:, np.isfinite(values[-1])]
    metric, parts = next(iter(curves.items()))
    if metric == "accuracy":
        named = classes_in_words(classes)
        told = config.dataset
        if named:
            told += f" ({named})"
        heading = f"{told}, {seeds_in_words(config)}"
        return by_round(run_curves(curves, heading), config)
    title = f"{config.dataset}: {metric} ({seeds_in_words(config)})"
    if metric in higher or any((values <= 0).any() for values in parts.values()):
        return by_round(run_curves({metric: parts}, title), config)
    what = metric
    if scale is not None and scale.scaled:
        what = f"{metric} {SCALED}"
    return by_round(curves_figure(parts, title, what), config)


def by_round(figure: Figure, config: RunConfig) -> Figure:
    """The figure with an axis in rounds, if the run has recorded rounds of clients."""
    for axes in figure.axes:
        if config.federated is not None and axes.get_xlabel() == "epoch":
            axes.set_xlabel("round")
    return figure


def seeds_in_words(config: RunConfig) -> str:
    """The seeds in words: `seed 3`, or how many there are."""
    if len(config.seeds) == 1:
        return f"seed {config.seeds[0]}"
    return f"{len(config.seeds)} seeds"
