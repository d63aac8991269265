"""The end of a run: its models, circuits and pictures, and what result.json says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from safetensors.torch import save as save_safetensors

from diffqas.kinds import AnyModel, SearchTraining
from diffqas.reports import laid_out, records_of, save_figure
from diffqas.searches.agent_artefacts import ANIMATION, EPISODES, REWARDS
from diffqas.searches.artefacts import (
    CURVES,
    FORECAST,
    FORECAST_ERRORS,
    FUTURE,
    FUTURE_VALUES,
    PREDICTED,
    PREDICTIONS,
    REPORT,
    SAMPLES,
    STRUCTURE,
    TRIALS,
    by_round,
    seeds_in_words,
)
from diffqas.searches.config import RunConfig
from diffqas.searches.showing import commented
from diffqas.searches.showings import showing_of
from diffqas.storage import Json, RunFolder, understood, untied, write_atomically

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
        FUTURE,
        FUTURE_VALUES,
        PREDICTED,
        REPORT,
        TRIALS,
    ),
    *("model.safetensors", "model-seed-[0-9]*.safetensors", "circuit.png"),
    *("circuit.qasm", "circuit-seed-[0-9]*.qasm"),
    *(f"circuit-{part}*.qasm" for part in ("policy", "value", "forget", "input", "output", "cell")),
    *(f"network{part}{suffix}" for part in _PARTS for suffix in (".safetensors", ".json", ".onnx")),
    *(f"generator{part}.safetensors" for part in _PARTS),
    *(
        f"circuits{seed}/{name}"
        for seed in ("", "-seed-[0-9]*")
        for name in ("circuit-[0-9]*.qasm", "circuits.json", "around.safetensors", "run.py")
    ),
    *("routed/routed-[0-9]*.qasm", "routed/routed.json"),
    *("noise/noise.md", "noise/noise.csv", "noise/noise.png", "tensorboard/events.out.tfevents.*"),
)
"""What a finished run and the commands over it leave beside the files that `RunFolder` writes
(docs/run-folder.md).
"""


def write_artefacts(
    folder: RunFolder,
    config: RunConfig,
    training: SearchTraining,
    models: Sequence[AnyModel],
) -> Json:
    """Write the models, circuits and pictures of a finished training.

    Returns:
        The content of result.json.
    """
    showing = showing_of(config.kind)
    _write_models(folder, config, models)
    _write_circuits(folder, config, _sound(config, training, models))
    title = f"{config.dataset}: structural weights ({seeds_in_words(config)})"
    if len(config.seeds) > 1:
        title = f"{config.dataset}: structural weights (median of {seeds_in_words(config)})"
    records = records_of(folder)
    # None is left if the whole file was lost: the run ends all the same, without this picture.
    # Nor is there one of a generator that has no circuits.
    if records and np.size(records[0].structural_weights):
        with understood(folder.metrics):
            medians = [np.nanmedian(record.structural_weights, axis=0) for record in records]
            step = folder.epochs_per_record
            weights = laid_out(records, medians, step)
            counts = laid_out(records, [[record.done] for record in records], step)[:, 0]
            figure = showing.picture(models[0], weights, title, counts)
            picture = by_round(figure, config)
        save_figure(picture, folder.path / STRUCTURE)
    result = _common(config, training, models)
    return result | showing.artefacts(folder, config, training)


def _write_models(folder: RunFolder, config: RunConfig, models: Sequence[AnyModel]) -> None:
    kind = config.kind
    further = [of_seed("model.safetensors", seed) for seed in config.seeds[1:]]
    names = ["model.safetensors", *further]
    for name, model in zip(names, models, strict=True):
        exported = untied(kind.export(model))
        write_atomically(folder.path / name, save_safetensors(exported, {"format": "pt"}))


def _sound(
    config: RunConfig, training: SearchTraining, models: Sequence[AnyModel]
) -> dict[int, AnyModel]:
    """The models by seed, without those of seeds that failed: their numbers rank nothing."""
    by_seed = dict(zip(config.seeds, models, strict=True))
    sound = {seed: model for seed, model in by_seed.items() if seed not in training.failures}
    if not sound:
        return by_seed
    return sound


def _write_circuits(folder: RunFolder, config: RunConfig, models: Mapping[int, AnyModel]) -> None:
    """Circuits of every seed.

    The files of the first seed have plain names; those of further seeds have the number of the seed
    in their names. If there are several seeds, each file says to which one it belongs.
    """
    showing = showing_of(config.kind)
    first = next(iter(models))
    for seed, model in models.items():
        for name, text in showing.circuits(model).items():
            path, content = folder.path / name, text
            if len(config.seeds) > 1:
                content = commented(text, f"seed {seed}")
            if seed != first:
                path = folder.path / of_seed(name, seed)
            write_atomically(path, content.encode())
    whose = ""
    if len(config.seeds) > 1:
        whose = f"seed {first}"
    for name, figure in showing.circuit_pictures(models[first], whose).items():
        save_figure(figure, folder.path / name)


def of_seed(name: str, seed: int) -> str:
    """The name of a file for a seed other than the first.

    >>> of_seed("circuit-policy.qasm", 3)
    'circuit-policy-seed-3.qasm'
    """
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}-seed-{seed}{dot}{suffix}"


def _common(config: RunConfig, training: SearchTraining, models: Sequence[AnyModel]) -> Json:
    """What result.json says of every run; lists of figures have one entry per seed."""
    task = training.task
    sound = _sound(config, training, models)
    whose: Json = {}
    if len(config.seeds) > 1:
        whose["circuit_seed"] = next(iter(sound))
    return whose | {
        "task": task.name,
        "model": config.kind.name,
        "recipe": config.recipe,
        "seeds": list(config.seeds),
        "epochs": training.epoch,
        **config.kind.figures(list(sound.values())).to_json(),
        "seconds": round(training.seconds, 3),
        "references": [
            {"name": r.name, "value": r.value, "remark": r.remark}
            for r in config.kind.references(task)
        ],
        "failures": {str(seed): reason for seed, reason in training.failures.items()},
    }
