"""The networks of a finished run as files for other programs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from diffqas.agents import EnvironmentTask
from diffqas.errors import choose, path_of, require
from diffqas.quantum_train import generator_content
from diffqas.reports import RunResult
from diffqas.runs.export.interface import interface, samples
from diffqas.runs.export.network_file import network_content, network_document
from diffqas.runs.export.networks import generators, networks
from diffqas.runs.export.onnx import onnx_content, onnx_difference
from diffqas.runs.finished import FinishedRun
from diffqas.searches import RunConfig, environment
from diffqas.storage import Json, write_atomically, write_json
from diffqas.tasks import Task

FORMATS = {"safetensors": ".safetensors", "onnx": ".onnx", "generator": ".safetensors"}
"""Suffixes by the words of the command line."""


@dataclass(frozen=True)
class Exported:
    """One network that was exported.

    Attributes:
        path: the file.
        size: the bytes of the file.
        trained: how many numbers were trained.
        weights: how many weights they write.
        weights_size: the bytes of the written network as safetensors.
        about: task, figures, what to feed the network, and what comes out.
        difference: for an ONNX file, the largest difference from PyTorch on a few samples.
    """

    path: Path
    size: int
    trained: int
    weights: int
    weights_size: int
    about: Json
    difference: float | None = None


def export_run(
    folder: str | Path,
    format: str = "safetensors",
    *,
    seed: int | None = None,
    output: str | Path | None = None,
    task: str | Task | None = None,
) -> list[Exported]:
    """Write the classical network of a finished run, or what writes it, for other programs.

    This is what `diffqas export` does, for scripts and notebooks. An agent has two networks, its
    policy and its value.

    Args:
        folder: the run folder.
        format: `"safetensors"` (with a JSON file beside it, see `load_network`), `"onnx"`, or
            `"generator"` (trained numbers and choices, see `QuantumTrain.from_generator`).
        seed: the seed whose network is exported; None stands for the first.
        output: the file, with the format's suffix; for an agent, -policy and -value are added to
            its name. None stands for a file `network` or `generator` in the run folder, with the
            seed in its name if it is not the first.
        task: the task, as of `load`.

    Raises:
        ArgumentError: the format is unknown, the run has no such seed, or `output` has another
            suffix or lies in a folder that does not exist.
        DataError: the extra `onnx` is not installed, or the run's data cannot be used any more.
        RunError: there is no finished run, the seed diverged, the model keeps its circuits, or a
            file cannot be written.
    """
    suffix = FORMATS[choose(format, FORMATS, "format")]
    run = FinishedRun.open(folder, task=task)
    index = run.finished_index(seed)
    number = run.seeds[index]
    if run.config.series is not None:
        run.refuse_other_data()
    path = _place(run.folder.path, format, suffix, None if index == 0 else number, output)
    loaded = run.task
    model = run.models[index]
    about = {
        "task": run.result.task,
        "seed": number,
        "figures": _figures(run.result, index),
    }
    parts = generators(model)
    contents: list[tuple[Exported, bytes, Json | None]] = []
    for name, network in networks(model).items():
        target = path if len(parts) == 1 else path.with_stem(f"{path.stem}-{name}")
        report = parts[name].parameter_report()
        said = about | _interface(name, network, run.config, loaded, run.own)
        said |= {
            "weights": report.target,
            "trained": report.total,
            "versions": environment()["versions"],
        }
        plain = network_content(network)
        document, difference = None, None
        if format == "safetensors":
            content, document = plain, network_document(network, plain, said)
        elif format == "onnx":
            content, difference = _onnx(network, loaded, said)
        else:
            content = generator_content(parts[name], include_target=True)
        exported = Exported(
            target, len(content), report.total, report.target, len(plain), said, difference
        )
        contents.append((exported, content, document))
    for exported, content, document in contents:
        write_atomically(exported.path, content)
        if document is not None:
            write_json(exported.path.with_suffix(".json"), document)
    return [exported for exported, _, _ in contents]


def _place(
    run: Path, format: str, suffix: str, seed: int | None, output: str | Path | None
) -> Path:
    if output is None:
        stem = "generator" if format == "generator" else "network"
        return run / f"{stem}{'' if seed is None else f'-seed-{seed}'}{suffix}"
    path = path_of(output, "output")
    require(path.suffix == suffix, "output", f"name a {suffix} file", path)
    require(path.parent.is_dir(), "output", "lie in a folder that exists", path)
    return path


def _figures(result: RunResult, index: int) -> dict[str, float | None]:
    """The figures of one seed, by its place."""
    names = ("train_", "test_", "mean_", "success_")
    return {
        name: values[index] for name, values in result.figures.items() if name.startswith(names)
    }


@torch.no_grad()
def _interface(
    name: str, network: nn.Module, config: RunConfig, task: Task | EnvironmentTask, own: bool
) -> Json:
    few = samples(task, network)
    return interface(name, config, task, own, few, network(few))


def _onnx(network: nn.Module, task: Task | EnvironmentTask, about: Json) -> tuple[bytes, float]:
    few = samples(task, network)
    sides = {
        side: about[side] | {"dtype": about[side]["dtype"].replace("64", "32")}
        for side in ("input", "output")
    }
    entries = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in (about | sides).items()
    }
    about |= sides
    content = onnx_content(network, few, about["input"]["name"], about["output"]["name"], entries)
    return content, onnx_difference(content, network, few)
