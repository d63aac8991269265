"""Trials by Optuna, kept in one file, which the same call continues and processes can share."""

from __future__ import annotations

import json
import math
import os
import socket
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from diffqas.errors import ArgumentError, DataError, DiffqasError, RunError, path_of, require, whole
from diffqas.reports import Terminal, number, plain_text
from diffqas.searches.config import RunConfig
from diffqas.searches.enough import refuse_too_large
from diffqas.searches.preparation import Prepared
from diffqas.searches.tuning.objective import held_out, losses
from diffqas.searches.tuning.space import (
    Parameter,
    Value,
    applied,
    never_read,
    own_values,
    parameters_for,
    shown,
    variants,
    words_of,
)
from diffqas.simulator import using_cores
from diffqas.storage import Json, JsonView, encode, short
from diffqas.tasks import Settings, Task
from diffqas.text import file_name, visible

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial, Trial

STARTUP = 10
"""Finished trials before the first can be stopped early."""
PROCESS = "process"
"""Attribute of a trial: machine and number of the process that computes it."""
FEWEST = 10
"""Finished trials that importances need."""
MISSING = "`diffqas tune` needs a package that is not installed: pip install 'diffqas[tune]'"


@dataclass(frozen=True)
class Tuned:
    """The result of trials.

    Attributes:
        settings: the best settings.
        loss: their loss on the held-out samples, the median over the seeds.
        first: the loss of the settings that the trials started from; None if that trial has not
            finished.
        options: the words of `diffqas search` for what was tuned.
        values: the best value of each parameter.
        finished: how many trials ran to their last epoch.
        pruned: how many trials were stopped early.
        importances: the share of each parameter in the differences between good trials and others;
            empty if there are too few trials.
        unread: the options that have no effect beside the best values.
    """

    settings: Settings
    loss: float
    first: float | None
    options: list[str]
    values: dict[str, Value]
    finished: int
    pruned: int
    importances: Mapping[str, float]
    unread: frozenset[str] = frozenset()


def tune(
    prepared: Prepared,
    *,
    trials: int = 50,
    storage: str | Path | None = None,
    params: Sequence[str] = (),
    quiet: bool = False,
) -> Tuned:
    """Try settings on held-out training samples until the file holds so many trials.

    The share of the training samples that is held out is the `validation` of the settings.

    Args:
        prepared: the search, as `diffqas.searches.prepare` gives it: task, seeds, epochs and the
            settings to start from.
        trials: how many finished or stopped trials the file shall hold at the end. Trials of
            earlier calls and of other processes count, too.
        storage: the file; None stands for `runs/tune-<data set>.log`.
        params: words of `PARAMETERS`. If it is empty, all that the search uses, except those that
            are tried only if they are named.
        quiet: whether to print nothing.

    Raises:
        ArgumentError: an argument is wrong, the search is in an environment, or Optuna is not
            installed.
        DataError: the file is damaged.
        RunError: the file holds trials of other settings, no trial has finished, or there is not
            enough memory.
    """
    config, task = prepared.config, prepared.task
    if not isinstance(task, Task) or not isinstance(config.settings, Settings):
        raise ArgumentError(
            "Argument `dataset` must name a series, images or a table to tune on, but got "
            f"{config.dataset!r}."
        )
    require(whole(trials), "trials", "be at least 1", trials)
    refuse_too_large(config, task)
    every = variants(config, params)
    parameters = parameters_for(config, params, never_read(every))
    inner = held_out(task, config.settings.validation).to(config.device, config.torch_dtype)
    for one in every:
        # A combination that does not fit is told now, and not by the trial that happens to try it.
        assert isinstance(one.settings, Settings)
        one.kind.make(inner, one.settings, config.seeds[:1])
    path = Path("runs") / f"tune-{file_name(config.dataset)}.log"
    if storage is not None:
        path = path_of(storage, "storage")
    console = Terminal(quiet=quiet)
    study, mended = _open(path, config, parameters)
    if mended:
        console.say(Text(visible(mended), "yellow"))
    what = f": {len(parameters)} parameters ({', '.join(parameters)}), {len(config.seeds)} seeds, "
    what += visible(f"{_done(study)} of {trials} trials in {path}")
    console.say(Text.assemble(plain_text(config.dataset, "bold"), what))
    with using_cores(config.threads):
        while (before := _done(study)) < trials:
            done = _trial(study, config, inner, parameters)
            _tell(study, done, before + 1, trials, console)
    return _tuned(study, config, parameters, path)


def _open(path: Path, config: RunConfig, parameters: Mapping[str, Parameter]) -> tuple[Study, str]:
    """The trials in a file, which is made if it is not there, and what was mended in it."""
    try:
        import optuna

        from diffqas.searches.tuning.journal import Journal
    except ImportError:
        raise ArgumentError(MISSING) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    setup = _setup(config, parameters)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        known = path.exists() and path.stat().st_size > 0
    except OSError as error:
        raise RunError(f"Cannot write {path}: {error.strerror}.") from None
    journal = Journal(path)
    with _understood(path):
        study = optuna.create_study(
            storage=optuna.storages.JournalStorage(journal),
            study_name="tune",
            direction="minimize",
            load_if_exists=True,
        )
        found = study.user_attrs.get("setup")
        if found is not None:
            _refuse_other_setup(path, found, setup)
        for trial in study.get_trials(deepcopy=False):
            _check(trial, parameters)
    # The same draws in every run that begins; one that goes on, or helps, draws others.
    study.sampler = optuna.samplers.TPESampler(seed=None if known else config.seeds[0])
    assert isinstance(config.settings, Settings)
    study.pruner = optuna.pruners.MedianPruner(STARTUP, n_warmup_steps=config.settings.epochs // 5)
    if found is None:
        study.set_user_attr("setup", setup)
    if not study.get_trials(deepcopy=False):
        own = own_values(dict(parameters), config)
        study.enqueue_trial(own, user_attrs={PROCESS: _process()}, skip_if_exists=True)
    _bury(study)
    return study, journal.mended


@contextmanager
def _understood(path: Path) -> Iterator[None]:
    """Whatever goes wrong inside is the fault of the file, whose records may say anything."""
    try:
        yield
    except DiffqasError:
        raise
    except Exception as error:
        what = f"{type(error).__name__}: {short(error)}"
        raise DataError(
            f"{path} is no journal of trials, or is damaged ({what}). Give another --storage."
        ) from None


def _refuse_other_setup(path: Path, found: JsonView, setup: JsonView) -> None:
    for name in {**setup, **found}:
        if found.get(name) != setup.get(name):
            remedy = "Give another --storage, or remove the file."
            raise RunError(f"{path} holds trials with another {name}. {remedy}")


def _check(trial: FrozenTrial, parameters: Mapping[str, Parameter]) -> None:
    """Refuse a trial that this program has not written; what it was is read without a check later.

    Raises:
        ValueError: what is wrong with it.
    """
    if trial.state.name == "COMPLETE":
        if trial.value is None or not math.isfinite(trial.value):
            raise ValueError(f"trial {trial.number} is complete without a loss")
        if set(trial.params) != set(parameters):
            raise ValueError(f"trial {trial.number} has other parameters")
    for name, value in trial.params.items():
        if trial.distributions[name] != parameters[name].distribution():
            raise ValueError(f"trial {trial.number} has another range of {name}")
        if not parameters[name].allows(value):
            raise ValueError(f"trial {trial.number} has no value as {name}")
    queued = trial.system_attrs.get("fixed_params", {})
    known = set(queued) <= set(parameters)
    if not known or not all(parameters[name].allows(value) for name, value in queued.items()):
        raise ValueError(f"trial {trial.number} waits for other parameters")
    for step, loss in trial.intermediate_values.items():
        if not whole(step) or not _is_number(loss):
            raise ValueError(f"trial {trial.number} has no loss at an epoch")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _setup(config: RunConfig, parameters: Mapping[str, Parameter]) -> Json:
    """What all trials of a file have in common."""
    names = ("dataset", "settings", "kind", "seeds", "csv", "column", "scaling", "classes", "dtype")
    setup = {name: encode(getattr(config, name)) for name in names}
    # Left out where they are as usual, as in the files of versions that had none of them.
    usual = {each.name: each.default for each in fields(RunConfig)}
    for name in ("label", "predict", "leave_out", "missing", "fold"):
        value = getattr(config, name)
        if value != usual[name]:
            setup[name] = encode(value)
    setup["params"] = {
        name: list(each.range.words or (each.range.low, each.range.high))
        for name, each in parameters.items()
    }
    # As it will be read again: tuples become lists.
    return json.loads(json.dumps(setup))


def _bury(study: Study) -> None:
    """Count trials whose process on this machine is gone as failed: they will never finish.

    Optuna's own heartbeat does this for data bases, but not for a journal in a file.
    """
    from optuna.trial import TrialState

    host = socket.gethostname()
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        where, pid = _owner(trial)
        if where == host and pid != os.getpid() and not _alive(pid):
            study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)


def _owner(trial: FrozenTrial) -> tuple[str | None, int]:
    """Machine and process of a trial; no machine if its record says none."""
    match trial.user_attrs.get(PROCESS):
        case [str(host), int(pid)] if 0 < pid < 2**31:
            return host, pid
    return None, 0


def _process() -> tuple[str, int]:
    """Who computes a trial: machine and number of the process."""
    return socket.gethostname(), os.getpid()


def _alive(pid: int) -> bool:
    """Whether a process of this machine is there; one of another user counts as there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _done(study: Study) -> int:
    """Trials that came to an end, by themselves or because they were no good."""
    from optuna.trial import TrialState

    return len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED)))


def _own(study: Study, parameters: dict[str, Parameter]) -> Trial:
    """A trial that this process computes."""
    from optuna.exceptions import UpdateFinishedTrialError
    from optuna.trial import TrialState

    while True:
        # Queued with its process' name and not just asked for: if that is killed now, whose it was
        # can be told.
        if not study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
            study.enqueue_trial({}, user_attrs={PROCESS: _process()})
        trial = study.ask(
            {name: parameter.distribution() for name, parameter in parameters.items()}
        )
        try:
            trial.set_user_attr(PROCESS, _process())  # it may have waited for another one
        except UpdateFinishedTrialError:  # that is gone, and a third one has just said so
            continue
        return trial


def _trial(study: Study, config: RunConfig, inner: Task, parameters: dict[str, Parameter]) -> int:
    """One trial, from its question to its answer; its number."""
    from optuna.trial import TrialState

    trial = _own(study, parameters)
    assert isinstance(config.settings, Settings)
    tried = applied(parameters, config, trial.params)
    loss, state = math.inf, TrialState.COMPLETE
    try:
        for epoch, loss in enumerate(losses(tried, inner), 1):
            if not math.isfinite(loss):
                state = TrialState.PRUNED
                break
            trial.report(loss, epoch)
            if epoch < config.settings.epochs and trial.should_prune():
                state = TrialState.PRUNED
                break
    except BaseException:
        # Of a disk that is full the first error is the one to be told.
        with suppress(RunError):
            study.tell(trial, state=TrialState.FAIL)
        raise
    study.tell(trial, loss if state == TrialState.COMPLETE else None, state=state)
    return trial.number


def _loss(trial: FrozenTrial) -> float:
    """What a trial that came to its last epoch ended with."""
    assert trial.value is not None
    return trial.value


def _tell(study: Study, number_of_trial: int, count: int, trials: int, console: Terminal) -> None:
    """A line about a trial."""
    trial = study.get_trials(deepcopy=False)[number_of_trial]
    values = ", ".join(f"{name} {shown(value, '.3g')}" for name, value in trial.params.items())
    if trial.state.name == "COMPLETE":
        what = f"loss {number(_loss(trial))}"
    elif trial.last_step is None:
        what = "diverged"
    else:
        loss = number(trial.intermediate_values[trial.last_step])
        what = f"stopped at epoch {trial.last_step}, loss {loss}"
    console.say(f"{count}/{trials}  {what}: {values}")


def _tuned(study: Study, config: RunConfig, parameters: dict[str, Parameter], path: Path) -> Tuned:
    from optuna.trial import TrialState

    found = study.get_trials(deepcopy=False)
    finished = [trial for trial in found if trial.state == TrialState.COMPLETE]
    if not finished:
        raise RunError(
            f"No trial in {path} has come to its last epoch: all of them diverged. Give other "
            "--params."
        )
    best = min(finished, key=_loss)
    own = own_values(parameters, config)
    chosen = applied(parameters, config, best.params)
    assert isinstance(chosen.settings, Settings)
    unread = chosen.kind.unread(chosen.settings)
    return Tuned(
        settings=chosen.settings,
        loss=_loss(best),
        first=next((trial.value for trial in finished if trial.params == own), None),
        options=words_of(parameters, chosen, unread),
        values={
            name: parameter.rounded(best.params[name]) for name, parameter in parameters.items()
        },
        finished=len(finished),
        pruned=sum(trial.state == TrialState.PRUNED for trial in found),
        importances=_importances(study) if len(finished) >= FEWEST and len(parameters) > 1 else {},
        unread=frozenset(unread),
    )


def _importances(study: Study) -> dict[str, float]:
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of being experimental
        return get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
