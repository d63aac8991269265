"""A search from the first line of its folder to the last."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import torch
from rich.console import Console

from diffqas.architecture import Relaxation, as_relaxation
from diffqas.circuits import TABLE_I, Candidate, SearchSpace, as_space, form
from diffqas.circuits.identities import CONSTANTS
from diffqas.errors import ArgumentError, RunError, require
from diffqas.quantum_train import Lockstep, Mapping, MLPMapping, QuantumTrain, as_mapping
from diffqas.reports.events import Events
from diffqas.reports.terminal import space_note
from diffqas.runs.artefacts import write_artefacts
from diffqas.runs.config import RunConfig, config_from_json
from diffqas.runs.progress import Display
from diffqas.runs.run import Run
from diffqas.tasks.registry import load_task
from diffqas.tasks.series import Scaling
from diffqas.tasks.task import Task
from diffqas.training import Training, make_models
from diffqas.training.files import write_json
from diffqas.training.folder import RunFolder

CHECKPOINT_SECONDS = 1.0
"""Least time between two checkpoints; the last epoch always leaves one."""

SEED_BY_SEED = (
    "This network cannot run under torch.func.vmap (torch's recurrent layers, dropout and buffers such as batch "
    "norm's cannot): the circuits of all seeds run together, the networks one after the other."
)


def search(
    task: str | Task,
    *,
    seeds: int | Sequence[int] = 1,
    seed: int = 0,
    recipe: str = "default",
    relaxation: str | Relaxation | None = None,
    sharing: str = "shared",
    candidates: SearchSpace | Iterable[Candidate] = TABLE_I,
    mapping: str | Mapping = "linear",
    hidden: int | Sequence[int] | None = None,
    chunk: int = 1,
    depth: int | None = None,
    epochs: int | None = None,
    optimizer: str | None = None,
    lr: float | None = None,
    select: str | None = None,
    structure_rate: float | None = None,
    csv: str | Path | None = None,
    column: str | None = None,
    scaling: Scaling = "whole",
    classes: Sequence[int] | None = None,
    data_dir: str | Path | None = None,
    target: str | None = None,
    device: str = "cpu",
    dtype: str = "float32",
    output: str | Path | None = None,
    overwrite: bool = False,
    quiet: bool = False,
) -> Run:
    """Search the circuit that writes a task's network, and leave a run folder.

    What `diffqas search` does, for scripts and notebooks.

    Args:
        task: name of a data set (`"bessel"`, `"mnist"`, ..., `"series"` with `csv`), or a `Task` of your own.
        seeds: how many, counted from `seed`, or the seeds themselves; they train in lockstep.
        seed: the first seed.
        recipe: `"default"` or `"paper"`; the arguments below override single choices of it.
        relaxation: `"raw"`, `"softmax"`, `"gumbel"` or a relaxation object.
        sharing: `"shared"` or `"separate"` angles.
        candidates: the search space.
        mapping: `"linear"` (the papers'), `"mlp"` or a mapping object.
        hidden: width of the hidden layer of `"mlp"`, or widths of several.
        chunk: weights written by each basis state; a larger one needs fewer qubits.
        depth: layers of the circuits.
        epochs: passes over the training part.
        optimizer: `"adam"`, `"rmsprop"` or `"kalman"` (for the squared error).
        lr: base learning rate of Adam and RMSProp.
        select: `"final"` ends with the last epoch's numbers, `"best"` with those of each seed's epoch that does
            best on the last fifth of the training samples, which it holds out.
        structure_rate: learning rate of the structural weights relative to `lr`; for the Kalman filter the
            standard deviation of their prior.
        csv: file with a series of your own.
        column: its column.
        scaling: a series is scaled by its `"whole"` range (the papers' protocol, which leaks the range of the
            test part) or by its training part's (`"train"`).
        classes: labels of images to tell apart, at least two; None: all.
        data_dir: folder with the files of MNIST or FashionMNIST; None: the folder that the environment variable
            DIFFQAS_DATA names, then a cache, then a download.
        target: the network, `"lstm"` for series, `"mlp"` or `"cnn"` for images; None: the first of these.
        device: where to compute.
        dtype: `"float32"` or `"float64"`.
        output: the run folder; None makes a new one under `runs/`.
        overwrite: replace the run that `output` holds.
        quiet: print nothing.

    Raises:
        ArgumentError: a wrong argument.
        DataError: data that cannot be used.
        RunError: the folder holds another run, the training diverged, or the disk is full.
    """
    if isinstance(seeds, int):
        require(seeds >= 1, "seeds", "be at least 1", seeds)
    if isinstance(task, Task):
        loaded = task
        for name, value in {"classes": classes, "data_dir": data_dir, "target": target}.items():
            require(value is None, name, "be used with the name of a data set", f"a Task of your own ({task.name})")
    else:
        loaded = load_task(
            task, csv=csv, column=column, scaling=scaling, classes=classes, data_dir=data_dir, target=target
        )
    settings = loaded.settings(recipe)
    changed = {"depth": depth, "epochs": epochs, "optimizer": optimizer, "lr": lr, "select": select}
    settings = replace(settings, **{key: value for key, value in changed.items() if value is not None})
    require(lr is None or settings.optimizer != "kalman", "lr", "go with the optimizer adam or rmsprop", "kalman")
    if relaxation is not None:
        settings = replace(settings, recipe=replace(settings.recipe, relaxation=as_relaxation(relaxation)))
    if structure_rate is not None:
        rates = replace(settings.recipe.rates, structure=structure_rate)
        settings = replace(settings, recipe=replace(settings.recipe, rates=rates))
    config = RunConfig(
        dataset=loaded.name if isinstance(task, Task) else task,
        settings=settings,
        recipe=recipe,
        candidates=tuple(as_space(candidates)),
        sharing=sharing,
        mapping=_chosen_mapping(mapping, hidden),
        chunk=chunk,
        seeds=tuple(range(seed, seed + seeds)) if isinstance(seeds, int) else tuple(seeds),
        csv=None if csv is None else str(Path(csv).resolve()),
        column=column,
        scaling=scaling,
        classes=None if classes is None else tuple(int(label) for label in classes),
        data_dir=None if data_dir is None else str(Path(data_dir).resolve()),
        target=target,
        device=_checked_device(device),
        dtype=dtype,
    )
    training, models = _prepare(config, loaded)
    folder = RunFolder(Path(output) if output is not None else _free_folder(config.dataset))
    folder.create(config.to_json(), overwrite=overwrite)
    return _run(folder, config, training, models, quiet)


def resume(folder: str | Path, *, task: Task | None = None, quiet: bool = False) -> Run:
    """Continue a run that was stopped; on a CPU it ends bit-equal to one that was not.

    Args:
        folder: the run folder.
        task: the task, if it was one of your own.
        quiet: print nothing.

    Raises:
        RunError: no run there, a finished one, or a damaged file.
    """
    place = RunFolder(Path(folder))
    config = config_from_json(place.load_config())
    if place.finished:
        raise RunError(f"The run in {place.path} is finished. Look at it with `diffqas show {place.path}`.")
    loaded = task or config.load()
    training, models = _prepare(config, loaded)
    return _run(place, config, training, models, quiet)


def _chosen_mapping(mapping: str | Mapping, hidden: int | Sequence[int] | None) -> Mapping:
    if hidden is None:
        return as_mapping(mapping)
    require(mapping == "mlp", "hidden", "go with the mapping mlp", f"the mapping {mapping!r}")
    return MLPMapping(hidden=(hidden,) if isinstance(hidden, int) else tuple(hidden))


def _prepare(config: RunConfig, task: Task) -> tuple[Training[Lockstep], list[QuantumTrain]]:
    here = task.to(config.device, config.torch_dtype)
    space = SearchSpace(config.candidates)
    models = make_models(
        here,
        config.settings,
        config.seeds,
        candidates=space,
        sharing=config.sharing,
        mapping=config.mapping,
        chunk=config.chunk,
    )
    return Training(Lockstep(models), here, config.settings, list(config.seeds)), models


def _run(
    folder: RunFolder, config: RunConfig, training: Training[Lockstep], models: list[QuantumTrain], quiet: bool
) -> Run:
    console = Console(quiet=quiet)
    state = folder.load_checkpoint()
    if state is not None:
        training.load_state_dict(state)
    folder.rewind(training.epoch)
    space = SearchSpace(config.candidates)
    note = space_note(space, models[0].circuits.n)
    console.print(f"[bold]{config.dataset}[/]: {models[0].parameter_report()}", highlight=False, soft_wrap=True)
    if note:
        console.print(note, style="dim", highlight=False, soft_wrap=True)
    if len(models) > 1 and not training.population.together(training.task.train.inputs[:1]):
        console.print(SEED_BY_SEED, style="dim", highlight=False, soft_wrap=True)
    with _threads(config.threads):
        _train(folder, training, space, console)
        training.population.write_back(models)
        for model in models:
            model.eval()
        result = write_artefacts(folder, config, training, models)
    write_json(folder.result, result)
    return Run(folder.path, result, models)


def _train(folder: RunFolder, training: Training[Lockstep], space: SearchSpace, console: Console) -> None:
    metric = next(iter(training.task.metrics))
    events = Events(folder.path / "tensorboard", space.names, training.epoch)
    total, saved = training.settings.epochs, time.perf_counter()
    try:
        with Display(console, total, training.epoch, metric) as display:
            for record in training.epochs():
                line = record.to_json()
                folder.append(line)
                events.add(line)
                display.update(line, _leader(training, space))
                if training.epoch == total or time.perf_counter() - saved > CHECKPOINT_SECONDS:
                    folder.save_checkpoint(training.state_dict())
                    saved = time.perf_counter()
    finally:
        events.close()


def _leader(training: Training[Lockstep], space: SearchSpace) -> str:
    """The candidate with the largest structural weight, by the median over seeds; constants lead nothing."""
    weights = training.population.structural_weights.abs().median(dim=0).values
    live = [index for index, candidate in enumerate(space) if form(candidate) not in CONSTANTS]
    return space.names[max(live or range(len(space)), key=lambda index: float(weights[index]))]


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Small tensors are faster on one thread, and one number of threads makes a run repeatable bit by bit."""
    before = torch.get_num_threads()
    if count:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _free_folder(dataset: str) -> Path:
    base = Path("runs") / dataset
    path, number = base, 1
    while path.exists():
        number += 1
        path = base.with_name(f"{dataset}-{number}")
    return path


def _checked_device(device: str) -> str:
    try:
        torch.empty(0, device=device)
    except Exception:
        known = "cpu, cuda, cuda:<index>" if torch.cuda.is_available() else "cpu (torch sees no CUDA here)"
        raise ArgumentError(f"Argument `device` must be one of {known}, but got {device!r}.") from None
    return str(torch.device(device))
