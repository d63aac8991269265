"""A run from the first line of its folder to the last: begun, continued, loaded."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import torch
from rich.console import Console

from diffqas.agents import AgentTraining, EnvironmentTask
from diffqas.circuits import AnyCandidate, SearchSpace, as_space
from diffqas.errors import ArgumentError, RunError
from diffqas.kinds import Labels
from diffqas.reports import Events
from diffqas.searches.artefacts import LEFT, write_artefacts
from diffqas.searches.checksum import fingerprint, generated
from diffqas.searches.companions import train_companions
from diffqas.searches.config import RunConfig, config_from_json
from diffqas.searches.own_task import task_of
from diffqas.searches.progress import display_of
from diffqas.searches.run import Run
from diffqas.storage import RunFolder, only_one, understood, write_json
from diffqas.tasks import Settings, Task, explained
from diffqas.training import FederatedTraining, Training

CHECKPOINT_SECONDS = 1.0
"""Least time between two checkpoints; the last epoch always leaves one."""
CHECKPOINT_SHARE = 20
"""Least time between two checkpoints in units of what one takes."""

AnyTraining: TypeAlias = Training[Any] | AgentTraining[Any]


def begin(
    folder: RunFolder,
    config: RunConfig,
    task: Task | EnvironmentTask,
    *,
    source: Path | None = None,
    overwrite: bool = False,
    quiet: bool = False,
) -> Run:
    """Run a search whose choices are all made; `source` is the file that they come from, if they
    come from one.

    Raises:
        RunError: as of `search`.
    """
    with nullcontext() if source is None else understood(source):
        training, models = make_training(config, task)
    with only_one(folder.path):
        folder.create(
            config.to_json() | {"data": fingerprint(task)}, overwrite=overwrite, left=LEFT
        )
        return _run(folder, config, training, models, quiet)


def resume(
    folder: str | Path,
    *,
    task: str | Task | None = None,
    candidates: SearchSpace | Iterable[AnyCandidate] | None = None,
    quiet: bool = False,
) -> Run:
    """Continue a run that was stopped; on a CPU it ends bit-equal to one that was not.

    Args:
        folder: the run folder.
        task: the task, if it was one of your own that was given from Python, or that lies elsewhere
            by now (`"FILE.py:NAME"`). The file that config.json names is executed, and told; see
            docs/own-tasks.md.
        candidates: the search space, if it holds Python classes of your own that are not
            registered.
        quiet: print nothing.

    Raises:
        RunError: no run there, a finished one, one that another process works on, other data than
            it began with, or a damaged file.
    """
    place = RunFolder(Path(folder))
    content = place.load_config()
    config = _with_candidates(config_from_json(content), candidates)
    _refuse_finished(place)
    loaded = task_of(config, place.path, task, quiet=quiet)
    if content.get("data") not in (None, fingerprint(loaded)) and not generated(config):
        remedy = "Bring back the file as it was, or begin anew with --overwrite."
        raise RunError(
            f"The data of the run in {place.path} are not those that it began with. {remedy}"
        )
    with understood(place.config):
        training, models = make_training(config, loaded)
    with only_one(place.path):
        _refuse_finished(place)  # again: another process may have come to its end meanwhile
        return _run(place, config, training, models, quiet)


def _refuse_finished(folder: RunFolder) -> None:
    if folder.finished:
        raise RunError(
            f"The run in {folder.path} is finished. Look at it with `diffqas show {folder.path}`."
        )


def load(
    folder: str | Path,
    *,
    task: str | Task | None = None,
    candidates: SearchSpace | Iterable[AnyCandidate] | None = None,
) -> Run:
    """A finished run with its trained models.

    Args:
        folder: the run folder.
        task: the task, if it was one of your own that was given from Python, or that lies elsewhere
            by now (`"FILE.py:NAME"`). The file that config.json names is executed, and told; see
            docs/own-tasks.md.
        candidates: the search space, if it holds Python classes of your own that are not
            registered.

    Raises:
        DataError: the run's data cannot be used any more.
        RunError: no run there, an unfinished one, or a missing or damaged file.
    """
    place = RunFolder(Path(folder))
    result, config = (
        place.load_result(),
        _with_candidates(config_from_json(place.load_config()), candidates),
    )
    state = place.load_checkpoint()
    if state is None or state.get("epoch") != result.get("epochs"):
        where = f"There is no sound {place.checkpoint.name} of the last epoch in {place.path}"
        raise RunError(
            f"{where}: the trained models are gone. Train them again with `diffqas repeat {place.path}`."
        )
    loaded = task_of(config, place.path, task)
    with understood(place.config):
        training, models = make_training(config, loaded)
    with torch.random.fork_rng(devices=[]), understood(place.checkpoint), explained(config.own):
        training.load_state_dict(state)
    return Run(place.path, result, _trained(training, models))


def _with_candidates(config: RunConfig, candidates: Iterable[AnyCandidate] | None) -> RunConfig:
    if candidates is None:
        return config
    return replace(config, kind=config.kind.with_candidates(as_space(candidates)))


def make_training(config: RunConfig, task: Task | EnvironmentTask) -> tuple[AnyTraining, list[Any]]:
    """Fresh models of a run, and what trains them."""
    seeds = list(config.seeds)
    with explained(config.own):
        here = task.to(checked_device(config.device), config.torch_dtype)
        population, models = config.kind.make(here, config.settings, config.seeds)
        if config.federated is not None:
            assert isinstance(here, Task)
            assert isinstance(config.settings, Settings)
            return FederatedTraining(
                population, here, config.settings, seeds, config.federated
            ), models
        return config.kind.training(population, here, config.settings, seeds), models


def _run(
    folder: RunFolder, config: RunConfig, training: AnyTraining, models: list[Any], quiet: bool
) -> Run:
    console, kind = Console(quiet=quiet), config.kind

    def warn(line: str) -> None:
        console.print(line, style="yellow", highlight=False, soft_wrap=True, markup=False)

    folder.tidy()
    state = folder.load_checkpoint(warn)
    if state is not None:
        with understood(folder.checkpoint), explained(config.own):
            training.load_state_dict(state)
    lost = folder.rewind(training.epoch)
    if lost:
        warn(lost)
    console.print(
        f"[bold]{config.dataset}[/]: {models[0].parameter_report()}",
        highlight=False,
        soft_wrap=True,
    )
    for note in kind.notes(training.population, models, training.task):
        console.print(note, style="dim", highlight=False, soft_wrap=True)
    with threads(config.threads), _checkpoint_named(folder), explained(config.own):
        _train(folder, training, kind.labels(models[0]), console)
        result = write_artefacts(folder, config, training, _trained(training, models))
        if isinstance(training, Training):
            companions = kind.companions(training.task, config.settings, config.seeds, models[0])
            result["references"] += train_companions(
                companions, training.task, config.seeds, console
            )
        write_json(folder.result, result)
    with suppress(OSError):
        folder.previous.unlink(missing_ok=True)  # of a finished run the last one alone is of use
    return Run(folder.path, result, models)


@contextmanager
def _checkpoint_named(folder: RunFolder) -> Iterator[None]:
    """An error that ends a run says what is left of it."""
    try:
        yield
    except RunError as error:
        raise RunError(f"{error} {folder.standing()}") from None


def _trained(training: AnyTraining, models: list[Any]) -> list[Any]:
    """The models with the numbers of the training."""
    training.population.write_back(models)
    return [model.eval() for model in models]


def _train(folder: RunFolder, training: AnyTraining, labels: Labels, console: Console) -> None:
    events = Events(folder.path / "tensorboard", labels.names, training.epoch)
    next_save = time.perf_counter() + CHECKPOINT_SECONDS
    try:
        with display_of(training, console) as display:
            for record in training.epochs():
                line = record.to_json()
                folder.append(line)
                events.add(line)
                training.remarks += events.faults()
                display.update(line, labels.leader(training.population.structural_weights))
                while training.remarks:
                    console.print(
                        training.remarks.pop(0), style="yellow", highlight=False, soft_wrap=True
                    )
                began = time.perf_counter()
                if training.finished or began > next_save:
                    folder.save_checkpoint(training.state_dict())
                    spent = time.perf_counter() - began
                    next_save = began + max(CHECKPOINT_SECONDS, CHECKPOINT_SHARE * spent)
    except KeyboardInterrupt:
        training.close()
        if training.anytime:
            folder.save_checkpoint(training.state_dict())
        raise
    finally:
        training.close()
        events.close()


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Small tensors are faster on one thread, and one number of threads makes a run repeatable bit
    by bit.
    """
    before = torch.get_num_threads()
    if count:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def checked_device(device: str) -> str:
    """The name of a device that can be computed on.

    Raises:
        ArgumentError: there is none of that name.
    """
    try:
        torch.empty(0, device=device)
    except Exception:
        known = (
            "cpu, cuda, cuda:<index>"
            if torch.cuda.is_available()
            else "cpu (torch sees no CUDA here)"
        )
        raise ArgumentError(
            f"Argument `device` must be one of {known}, but got {device!r}."
        ) from None
    return str(torch.device(device))
