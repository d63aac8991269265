"""Runs and their folders: how a run is begun, continued and loaded."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path

import torch
from rich.text import Text

from diffqas.agents import EnvironmentTask
from diffqas.architecture import forked_draws
from diffqas.circuits import AnyCandidate, SearchSpace, as_space
from diffqas.errors import ArgumentError, RunError, path_of
from diffqas.kinds import AnyModel, Labels, SearchTraining
from diffqas.reports import Events, Terminal, plain_text
from diffqas.searches.card import advice
from diffqas.searches.companions import train_companions
from diffqas.searches.config import RunConfig, config_from_json
from diffqas.searches.data_sets import generated
from diffqas.searches.doctor import tell_health
from diffqas.searches.enough import memory_told, refuse_too_large
from diffqas.searches.finish import LEFT, write_artefacts
from diffqas.searches.own_task import task_of
from diffqas.searches.progress import Display, EpisodeDisplay
from diffqas.searches.run import Run
from diffqas.searches.showings import showing_of
from diffqas.searches.wording import choices_in_words
from diffqas.simulator import using_cores
from diffqas.storage import RunFolder, State, make_folder, only_one, understood, write_json
from diffqas.tasks import Settings, Task, explained
from diffqas.text import file_name
from diffqas.training import FederatedTraining

CHECKPOINT_SECONDS = 1.0
"""Least time between two checkpoints; the last epoch always leaves one."""
CHOICES = "choices"
"""The choices of a run in its checkpoint, by name and in words."""
MAY_CHANGE = ("csv", "data_dir", "own", "device", "threads")
"""Choices that a run may go on without: where it computes, and where its data lie, which have a
checksum of their own.
"""
CHECKPOINT_SHARE = 20
"""Least time between two checkpoints in units of what one takes."""


def begin(
    folder: RunFolder | None,
    config: RunConfig,
    task: Task | EnvironmentTask,
    *,
    source: Path | None = None,
    overwrite: bool = False,
    quiet: bool = False,
) -> Run:
    """Run a search whose choices are all made.

    Args:
        folder: where everything is written; None stands for a new folder under `runs/`.
        config: the choices.
        task: the data or the environment.
        source: the file that the choices come from, if there is one; errors name it.
        overwrite: whether the run that the folder holds may be replaced.
        quiet: whether to print nothing.

    Raises:
        ArgumentError: the models cannot be made with these choices.
        RunError: as of `search`.
    """
    refuse_too_large(config, task)
    # The models are made first: if they cannot be made, the run in the folder must not be lost.
    with nullcontext() if source is None else understood(source):
        training, models = make_training(config, task)
    if folder is None:
        folder = RunFolder(free_folder(config.dataset))
    with only_one(folder.path):
        content = config.to_json() | {"data": task.checksum()}
        folder.create(content, overwrite=overwrite, left=LEFT)
        return _run(folder, config, training, models, quiet)


def free_folder(name: str) -> Path:
    """Make a new and empty folder under `runs/` for a run on a data set or task of that name.

    Raises:
        RunError: the folder cannot be made.
    """
    base = Path("runs") / file_name(name)
    path, number = base, 1
    make_folder(base.parent)
    while True:
        try:
            # Made, not looked for: of two processes at the same name one takes the next.
            path.mkdir()
        except FileExistsError:
            number += 1
            path = base.with_name(f"{base.name}-{number}")
        except OSError as error:
            raise RunError(f"Cannot make the folder {path}: {error.strerror}.") from None
        else:
            return path


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
            by now (`"FILE.py:NAME"`). The file that config.json names is executed only if you ran
            it before, and its name is printed; see docs/own-tasks.md.
        candidates: the search space, if it holds Python classes of your own that are not
            registered.
        quiet: whether to print nothing.

    Raises:
        ArgumentError: `task` or `candidates` do not fit the run.
        DataError: the run's data cannot be used any more.
        RunError: there is no run, it is finished, another process works on it, its data differ from
            those that it began with, or a file is damaged.
    """
    place = RunFolder(path_of(folder, "folder"))
    content = place.load_config()
    config = _with_candidates(config_from_json(content), candidates)
    _refuse_finished(place)
    loaded = task_of(config, place.path, task, quiet=quiet)
    refuse_other_data(place, config, content.get("data"), loaded.checksum())
    refuse_too_large(config, loaded)
    with understood(place.config):
        training, models = make_training(config, loaded)
    with only_one(place.path):
        _refuse_finished(place)  # again: another process may have come to its end meanwhile
        return _run(place, config, training, models, quiet)


def refuse_other_data(
    folder: RunFolder, config: RunConfig, begun_with: str | None, now: str | None
) -> None:
    """Refuse samples other than those that a run began with.

    Args:
        folder: the folder of the run.
        config: the choices of the run.
        begun_with: the checksum in its config.json.
        now: the checksum of its samples as they are read now.

    Raises:
        RunError: the checksums differ, and the samples are not computed ones, whose last digit may
            differ.
    """
    # Runs of older versions have no checksum, and computed samples may differ in the last digit.
    if begun_with in (None, now) or generated(config.dataset):
        return
    raise RunError(
        f"The data of the run in {folder.path} are not those that it began with. "
        "Bring back the file as it was, or begin anew with --overwrite."
    )


def _refuse_other_choices(folder: RunFolder, config: RunConfig, state: State) -> None:
    """Refuse a config.json that was edited: what is trained would not be what it says."""
    then = state.get(CHOICES)
    if not isinstance(then, dict):  # a checkpoint of version 0.1.0
        return
    now = choices_in_words(config)
    changed = [
        f"{name} {now[name]}, not {then[name]}"
        for name in now
        if now[name] != then.get(name, now[name]) and name.partition(".")[0] not in MAY_CHANGE
    ]
    if changed:
        raise RunError(
            f"{folder.config} is not what the checkpoint was made with: {'; '.join(changed)}. "
            "Put it back, or begin anew with --overwrite."
        )


def _refuse_finished(folder: RunFolder) -> None:
    if folder.finished:
        raise RunError(
            f"The run in {folder.path} is finished. Look at it with `diffqas show {folder.path}`."
        )


def load(
    folder: str | Path,
    *,
    task: str | Task | EnvironmentTask | None = None,
    candidates: SearchSpace | Iterable[AnyCandidate] | None = None,
) -> Run:
    """Load a finished run with its trained models.

    Args:
        folder: the run folder.
        task: the task, if it was one of your own that was given from Python, or that lies elsewhere
            by now (`"FILE.py:NAME"`). The file that config.json names is executed only if you ran
            it before, and its name is printed; see docs/own-tasks.md.
        candidates: the search space, if it holds Python classes of your own that are not
            registered.

    Raises:
        ArgumentError: `task` or `candidates` do not fit the run.
        DataError: the run's data cannot be used any more.
        RunError: there is no run, it is not finished, or a file is missing or damaged.
    """
    place = RunFolder(path_of(folder, "folder"))
    result = place.load_result()
    config = _with_candidates(config_from_json(place.load_config()), candidates)
    state = place.load_checkpoint()
    if state is None or state.get("epoch") != result.get("epochs"):
        raise RunError(
            f"There is no sound {place.checkpoint.name} of the last epoch in {place.path}: the "
            f"trained models are gone. Train them again with `diffqas repeat {place.path}`."
        )
    _refuse_other_choices(place, config, state)
    loaded = task_of(config, place.path, task)
    with understood(place.config):
        training, models = make_training(config, loaded)
    # The state holds torch's random numbers, which are the caller's business here.
    with forked_draws(), understood(place.checkpoint), explained(config.own):
        training.load_state_dict(state)
    return Run(place.path, result, _trained(training, models))


def _with_candidates(config: RunConfig, candidates: Iterable[AnyCandidate] | None) -> RunConfig:
    if candidates is None:
        return config
    return replace(config, kind=config.kind.with_candidates(as_space(candidates)))


def make_training(
    config: RunConfig, task: Task | EnvironmentTask
) -> tuple[SearchTraining, list[AnyModel]]:
    """Fresh models of a run, and what trains them."""
    settings, seeds = config.settings, list(config.seeds)
    # What a run begins with is computed as the run itself is: torch would round sums over many
    # weights otherwise by two threads than by one.
    with using_cores(config.threads), explained(config.own), memory_told():
        here = task.to(checked_device(config.device), config.torch_dtype)
        population, models = config.kind.make(here, settings, config.seeds)
        if config.federated is None:
            return config.kind.training(population, here, settings, seeds), models
        assert isinstance(here, Task)
        assert isinstance(settings, Settings)
        return FederatedTraining(population, here, settings, seeds, config.federated), models


def _run(
    folder: RunFolder,
    config: RunConfig,
    training: SearchTraining,
    models: list[AnyModel],
    quiet: bool,
) -> Run:
    """Train from the last checkpoint, if there is one, to the end, and write what was found."""
    console = Terminal(quiet=quiet)
    _restore(folder, config, training, console)
    _introduce(folder.path, config, training, models, console)
    with (
        using_cores(config.threads),
        _checkpoint_named(folder),
        explained(config.own),
        memory_told(),
    ):
        tell_health(config, training, models, console)
        display = showing_of(config.kind).display(training, console)
        _train(folder, config, training, config.kind.labels(models[0]), display, console)
        result = write_artefacts(folder, config, training, _trained(training, models))
        beside = train_companions(config, training, models[0], console)
        if beside:
            result.setdefault(config.kind.companions_in, []).extend(beside)
        # The last of all files: whoever finds it knows that the run is finished.
        write_json(folder.result, result)
    with suppress(OSError):
        folder.previous.unlink(missing_ok=True)  # of a finished run the last one alone is of use
    return Run(folder.path, result, models)


def _restore(
    folder: RunFolder, config: RunConfig, training: SearchTraining, console: Terminal
) -> None:
    """Take the training to where the last sound checkpoint stands."""
    folder.tidy()
    state = folder.load_checkpoint(lambda line: _warn(console, line))
    if state is not None:
        _refuse_other_choices(folder, config, state)
        with understood(folder.checkpoint), explained(config.own):
            training.load_state_dict(state)
    # Records behind the checkpoint are dropped: their epochs are trained once more.
    lost = folder.rewind(training.epoch)
    if lost:
        _warn(console, lost)


def _introduce(
    folder: Path,
    config: RunConfig,
    training: SearchTraining,
    models: list[AnyModel],
    console: Terminal,
) -> None:
    """Say what is going to be trained, and where it is kept."""
    head = Text.assemble(plain_text(config.dataset, "bold"), f": {models[0].parameter_report()}")
    console.say(head)
    if isinstance(training.task, Task):
        for remark in training.task.remarks:
            console.say(remark, style="dim")
    for note in showing_of(config.kind).notes(training, models):
        console.say(note, style="dim")
    slower = advice(config.device, models[0], training)
    if slower is not None:
        console.say(slower, style="yellow")
    console.say(f"run folder: {folder}", style="dim")


def _warn(console: Terminal, line: str) -> None:
    console.say(line, style="yellow")


@contextmanager
def _checkpoint_named(folder: RunFolder) -> Iterator[None]:
    """An error that ends a run says what is left of it, and so does Ctrl-C."""
    try:
        yield
    except KeyboardInterrupt:
        how = f"continue with `diffqas resume {shlex.quote(str(folder.path))}`"
        raise KeyboardInterrupt(how) from None
    except RunError as error:
        raise RunError(f"{error} {folder.standing()}") from None


def _trained(training: SearchTraining, models: list[AnyModel]) -> list[AnyModel]:
    """The models with the numbers of the training."""
    training.population.write_back(models)
    return [model.eval() for model in models]


class _Checkpoints:
    """Checkpoints of a training, seldom enough that they cost little of its time."""

    def __init__(self, folder: RunFolder, config: RunConfig, training: SearchTraining) -> None:
        self._folder, self._config, self._training = folder, config, training
        self._next = time.perf_counter() + CHECKPOINT_SECONDS

    def save_in_time(self) -> None:
        """Save if it is time to, and after the last record."""
        began = time.perf_counter()
        if not self._training.finished and began <= self._next:
            return
        self.save()
        spent = time.perf_counter() - began
        self._next = began + max(CHECKPOINT_SECONDS, CHECKPOINT_SHARE * spent)

    def save(self) -> None:
        """Save now."""
        choices = {CHOICES: choices_in_words(self._config)}
        self._folder.save_checkpoint(self._training.state_dict() | choices)


def _train(
    folder: RunFolder,
    config: RunConfig,
    training: SearchTraining,
    labels: Labels,
    display: Display | EpisodeDisplay,
    console: Terminal,
) -> None:
    """Train to the end; every record is written and shown, some are followed by a checkpoint."""
    events = Events(folder.make("tensorboard"), labels.names, training.epoch)
    checkpoints = _Checkpoints(folder, config, training)

    def say_remarks() -> None:
        while training.remarks:
            console.say(training.remarks.pop(0), style="yellow")

    say_remarks()
    try:
        with display:
            for record in training.epochs():
                line = record.to_json()
                # The record before the checkpoint: after a crash between the two, the record is
                # dropped and its epoch trained again. The other way round it would be missing.
                folder.append(line)
                events.add(line)
                training.remarks += events.faults()
                display.update(line, labels.leader(training.population.structural_weights))
                say_remarks()
                checkpoints.save_in_time()
    except KeyboardInterrupt:
        training.close()  # first: workers still change the numbers
        if training.anytime:
            checkpoints.save()
        raise
    finally:
        training.close()
        events.close()


def checked_device(device: str) -> str:
    """Check the name of a device, and return it.

    Raises:
        ArgumentError: there is no such device here.
    """
    try:
        # Torch knows devices that hold no numbers, or that nothing here was tried on.
        computes = torch.empty(0, device=device).device.type in ("cpu", "cuda")
    except Exception:  # torch raises errors of many classes here
        computes = False
    if not computes:
        known = "cpu (torch sees no CUDA here)"
        if torch.cuda.is_available():
            known = "cpu, cuda, cuda:<index>"
        raise ArgumentError(f"Argument `device` must be one of {known}, but got {device!r}.")
    return str(torch.device(device))
