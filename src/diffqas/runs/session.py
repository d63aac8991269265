"""A search from the first line of its folder to the last."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, fields, replace
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeAlias

import torch
from rich.console import Console

from diffqas.architecture import Relaxation, as_relaxation
from diffqas.circuits import AnyCandidate, SearchSpace, as_space
from diffqas.errors import ArgumentError, RunError, choose, require
from diffqas.models import Labels, ModelKind, choose_kind
from diffqas.quantum_train import Mapping as WeightMapping
from diffqas.reports.events import Events
from diffqas.runs.artefacts import write_artefacts
from diffqas.runs.clients import epochs_of, federated_of
from diffqas.runs.companions import train_companions
from diffqas.runs.config import RunConfig, config_from_json
from diffqas.runs.fingerprint import fingerprint, generated
from diffqas.runs.own_task import named_task, task_of
from diffqas.runs.progress import display_of
from diffqas.runs.run import Run
from diffqas.tasks import Settings, Task
from diffqas.tasks.environments import AgentSettings, EnvironmentTask
from diffqas.tasks.registry import load_task, task_kind
from diffqas.tasks.rehearsal import rehearse
from diffqas.tasks.series import Scaling
from diffqas.tasks.task_file import explained
from diffqas.training import FederatedTraining, Training
from diffqas.training.actor_critic import AgentTraining
from diffqas.training.files import understood, write_json
from diffqas.training.folder import RunFolder
from diffqas.training.lock import only_one

CHECKPOINT_SECONDS = 1.0
"""Least time between two checkpoints; the last epoch always leaves one."""
CHECKPOINT_SHARE = 20
"""Least time between two checkpoints in units of what one takes."""

OWNERS = {
    "betas": ("adam", "soap"),
    "alpha": ("rmsprop",),
    "noise": ("kalman",),
    "memory": ("kalman",),
}
"""Settings of some optimisers alone."""

AnyTraining: TypeAlias = Training[Any] | AgentTraining[Any]


P = ParamSpec("P")


@dataclass(frozen=True)
class Prepared:
    """A search that is checked and whose data is read; nothing is written yet.

    Attributes:
        config: every choice.
        task: the data, or the environment.
        note: what to say before it begins, if anything.
        output, overwrite, quiet: as of `search`.
    """

    config: RunConfig
    task: Task | EnvironmentTask
    note: str | None = None
    output: str | Path | None = None
    overwrite: bool = False
    quiet: bool = False

    def start(self) -> Run:
        """Train, and leave the run folder."""
        folder = RunFolder(Path(self.output) if self.output is not None else _free_folder(self.config.dataset))
        if self.note is not None:
            Console(quiet=self.quiet).print(self.note, style="dim", highlight=False, soft_wrap=True)
        return begin(folder, self.config, self.task, overwrite=self.overwrite, quiet=self.quiet)


def prepare(
    task: str | Task,
    *,
    model: str = "qt",
    seeds: int | Sequence[int] = 1,
    seed: int = 0,
    recipe: str = "default",
    relaxation: str | Relaxation | None = None,
    sharing: str | None = None,
    candidates: SearchSpace | Iterable[AnyCandidate] | None = None,
    mapping: str | WeightMapping | None = None,
    hidden: int | Sequence[int] | None = None,
    bond: int | None = None,
    chunk: int | None = None,
    shots: int | None = None,
    shot_gradient: str | None = None,
    circuit: str | None = None,
    reservoir: bool | None = None,
    structure: str | None = None,
    hidden_size: int | None = None,
    layers: int | None = None,
    squash: str | None = None,
    classical: bool | None = None,
    depth: int | None = None,
    epochs: int | None = None,
    optimizer: str | None = None,
    lr: float | None = None,
    select: str | None = None,
    algorithm: str | None = None,
    workers: int | None = None,
    episodes: int | None = None,
    clients: int | None = None,
    rounds: int | None = None,
    local_epochs: int | None = None,
    split: str | None = None,
    structure_rate: float | None = None,
    angles_rate: float | None = None,
    mapping_rate: float | None = None,
    spread: float | None = None,
    betas: tuple[float, float] | None = None,
    alpha: float | None = None,
    noise: tuple[float, float] | None = None,
    memory: float | None = None,
    csv: str | Path | None = None,
    column: str | None = None,
    scaling: Scaling = "whole",
    classes: Sequence[int] | None = None,
    data_dir: str | Path | None = None,
    target: str | None = None,
    per_layer: bool | None = None,
    bilevel: bool | None = None,
    sparsity: float | None = None,
    device: str = "cpu",
    dtype: str = "float32",
    output: str | Path | None = None,
    overwrite: bool = False,
    quiet: bool = False,
) -> Prepared:
    """Search the circuit that writes a task's network, or those of a quantum LSTM, and leave a run folder.

    What `diffqas search` does, for scripts and notebooks. None stands for the model's or the recipe's own choice.
    `prepare` takes the same arguments and stops before anything is trained or written.

    Args:
        task: name of a data set (`"bessel"`, `"mnist"`, ..., `"series"` with `csv`) or of an environment
            (`"minigrid-empty-5x5"`, ..., or an id of gymnasium), or a `Task` of your own, or `"FILE.py:NAME"`, one in a
            file.
        model: `"qt"` (Quantum-Train) or `"qlstm"` (a quantum LSTM, for series).
        seeds: how many, counted from `seed`, or the seeds themselves; they train in lockstep.
        seed: the first seed.
        recipe: `"default"` or `"paper"`; the arguments below override single choices of it.
        relaxation: `"raw"`, `"softmax"`, `"gumbel"` or a relaxation object.
        sharing: `"shared"` (qt's default) or `"separate"` angles (qlstm's).
        candidates: the search space.
        mapping: of qt, `"linear"` (the papers'), `"mlp"`, `"mps"` (a tensor train) or a mapping object.
        hidden: of qt, width of the hidden layer of `"mlp"`, or widths of several.
        bond: of qt, bond dimension of `"mps"`.
        chunk: of qt, weights written by each basis state; a larger one needs fewer qubits.
        shots: of qt on data, measure each live circuit so often in every training step; None: exact probabilities.
        shot_gradient: with `shots`, gradient in the angles: `"exact"` or `"parameter-shift"`.
        circuit: of qlstm, one circuit chosen by hand in every gate, `"C1"` .. `"C6"`, in place of `candidates`.
        reservoir: of qlstm, leave the angles as they are drawn.
        structure: of qlstm, structural weights for each `"gate"` or `"shared"` ones for all four.
        hidden_size: of qlstm, length of h and c, 5 by default.
        layers: of qlstm, cells on top of each other.
        squash: of qlstm, `"none"` or `"arctan"`, what makes angles of inputs.
        classical: of qlstm, train two classical LSTMs beside it, by default True.
        depth: layers of the circuits.
        epochs: passes over the training part.
        optimizer: `"adam"`, `"rmsprop"`, `"soap"` or `"kalman"` (for the squared error).
        lr: base learning rate of all but the Kalman filter.
        select: `"final"` ends with the last epoch's numbers, `"best"` with those of each seed's epoch that does
            best on the last fifth of the training samples, which it holds out.
        algorithm: of environments, `"a2c"` (all step together, seeds in lockstep) or `"a3c"` (each in a process of
            its own).
        workers: of environments, how many of them for each seed.
        episodes: of environments, how many for each seed.
        clients: how many share the training samples and train by federated averaging: only trainable numbers travel.
        rounds: of clients, how often they are averaged; in place of `epochs`, which counts local passes.
        local_epochs: of clients, passes over their own samples in each round, 1 by default.
        split: of clients, `"iid"`, `"label"` (of images) or `"contiguous"` (the default of series).
        structure_rate: learning rate of the structural weights relative to `lr`; for the Kalman filter the
            standard deviation of their prior.
        angles_rate: the same for the angles.
        mapping_rate: the same for the mapping.
        spread: standard deviation of the angles at the start, in radians.
        betas: decay rates of Adam and SOAP.
        alpha: smoothing constant of RMSProp.
        noise: the Kalman filter's variance of a measurement at the start and at the end.
        memory: epochs over which the Kalman filter forgets at the start.
        csv: file with a series of your own.
        column: its column.
        scaling: a series is scaled by its `"whole"` range (the papers' protocol, which leaks the range of the
            test part) or by its training part's (`"train"`).
        classes: labels of images to tell apart, at least two; None: all.
        data_dir: folder with the files of MNIST or FashionMNIST; None: the folder that the environment variable
            DIFFQAS_DATA names, then a cache, then a download.
        target: of qt, the network, `"lstm"` for series, `"mlp"` or `"cnn"` for images; None: the first of these.
        per_layer: of qt, search a candidate for every layer, one circuit at a time.
        bilevel: structural weights learn on the last fifth of the training samples, in turns with all else on the rest.
        sparsity: strength of what draws the structural weights to few candidates: L1 for raw ones, else the entropy.
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
    task, source = named_task(task)
    what = "plain" if isinstance(task, Task) else task_kind(task)
    if isinstance(seeds, int):
        require(seeds >= 1, "seeds", "be at least 1", seeds)
    own = isinstance(task, Task)
    if own:
        scaled = None if scaling == "whole" else scaling
        foreign = {"classes": classes, "data_dir": data_dir, "target": target}
        for name, value in {**foreign, "csv": csv, "column": column, "scaling": scaled}.items():
            require(value is None, name, "be used with the name of a data set", f"a Task of your own ({task.name})")
        with explained(source):
            rehearse(task)
    kind = choose_kind(
        model,
        what,
        candidates=candidates,
        circuit=circuit,
        sharing=sharing,
        mapping=mapping,
        hidden=hidden,
        bond=bond,
        chunk=chunk,
        shots=shots,
        shot_gradient=shot_gradient,
        reservoir=reservoir,
        structure=structure,
        hidden_size=hidden_size,
        layers=layers,
        squash=squash,
        classical=classical,
        target=target,
        per_layer=per_layer,
    )
    kind.check(task.kind if own else what)  # before a download
    loaded = (
        task
        if own
        else load_task(task, csv=csv, column=column, scaling=scaling, classes=classes, data_dir=data_dir, target=target)
    )
    federated = federated_of(loaded.kind if isinstance(loaded, Task) else what, clients, local_epochs, split, rounds)
    epochs = epochs_of(federated, epochs, rounds)
    changed = {"depth": depth, "epochs": epochs, "optimizer": optimizer, "lr": lr, "select": select}
    changed |= {"bilevel": bilevel, "sparsity": sparsity}
    changed |= {"algorithm": algorithm, "workers": workers, "episodes": episodes}
    changed |= {"betas": betas, "alpha": alpha, "noise": noise, "memory": memory}
    rates = {"angles": angles_rate, "structure": structure_rate, "mapping": mapping_rate}
    config = RunConfig(
        dataset=loaded.name if own else task,
        settings=_settings(kind, loaded, recipe, relaxation, rates, spread, changed),
        kind=kind,
        recipe=recipe,
        seeds=tuple(range(seed, seed + seeds)) if isinstance(seeds, int) else tuple(seeds),
        csv=None if csv is None else str(Path(csv).resolve()),
        column=column,
        scaling=scaling,
        classes=None if classes is None else tuple(int(label) for label in classes),
        data_dir=None if data_dir is None else str(Path(data_dir).resolve()),
        federated=federated,
        device=_checked_device(device),
        dtype=dtype,
        own=source,
    )
    usual, chosen = (getattr(s, "optimizer", None) for s in (kind.recipes(loaded)[recipe], config.settings))
    note = None
    if optimizer is None and chosen != usual:
        note = f"Too many trainable numbers for the {recipe} recipe's optimizer, {usual}: trained by {chosen}."
    return Prepared(config, loaded, note, output, overwrite, quiet)


def _started(choose: Callable[P, Prepared]) -> Callable[P, Run]:
    @wraps(choose)
    def search(*args: P.args, **kwargs: P.kwargs) -> Run:
        return choose(*args, **kwargs).start()

    search.__name__ = search.__qualname__ = "search"
    return search


search = _started(prepare)


def begin(
    folder: RunFolder,
    config: RunConfig,
    task: Task | EnvironmentTask,
    *,
    source: Path | None = None,
    overwrite: bool = False,
    quiet: bool = False,
) -> Run:
    """Run a search whose choices are all made; `source` is the file that they come from, if they come from one.

    Raises:
        RunError: as of `search`.
    """
    with nullcontext() if source is None else understood(source):
        training, models = make_training(config, task)
    with only_one(folder.path):
        folder.create(config.to_json() | {"data": fingerprint(task)}, overwrite=overwrite)
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
        task: the task, if it was one of your own that was given from Python, or that lies elsewhere by now
            (`"FILE.py:NAME"`). The file that config.json names is executed, and told; see docs/own-tasks.md.
        candidates: the search space, if it holds Python classes of your own that are not registered.
        quiet: print nothing.

    Raises:
        RunError: no run there, a finished one, one that another process works on, other data than it began with, or
            a damaged file.
    """
    place = RunFolder(Path(folder))
    content = place.load_config()
    config = _with_candidates(config_from_json(content), candidates)
    _refuse_finished(place)
    loaded = task_of(config, place.path, task, quiet=quiet)
    if content.get("data") not in (None, fingerprint(loaded)) and not generated(config):
        remedy = "Bring back the file as it was, or begin anew with --overwrite."
        raise RunError(f"The data of the run in {place.path} are not those that it began with. {remedy}")
    with understood(place.config):
        training, models = make_training(config, loaded)
    with only_one(place.path):
        _refuse_finished(place)  # again: another process may have come to its end meanwhile
        return _run(place, config, training, models, quiet)


def _refuse_finished(folder: RunFolder) -> None:
    if folder.finished:
        raise RunError(f"The run in {folder.path} is finished. Look at it with `diffqas show {folder.path}`.")


def load(
    folder: str | Path,
    *,
    task: str | Task | None = None,
    candidates: SearchSpace | Iterable[AnyCandidate] | None = None,
) -> Run:
    """A finished run with its trained models.

    Args:
        folder: the run folder.
        task: the task, if it was one of your own that was given from Python, or that lies elsewhere by now
            (`"FILE.py:NAME"`). The file that config.json names is executed, and told; see docs/own-tasks.md.
        candidates: the search space, if it holds Python classes of your own that are not registered.

    Raises:
        DataError: the run's data cannot be used any more.
        RunError: no run there, an unfinished one, or a missing or damaged file.
    """
    place = RunFolder(Path(folder))
    result, config = place.load_result(), _with_candidates(config_from_json(place.load_config()), candidates)
    state = place.load_checkpoint()
    if state is None or state.get("epoch") != result.get("epochs"):
        where = f"There is no sound {place.checkpoint.name} of the last epoch in {place.path}"
        raise RunError(f"{where}: the trained models are gone. Train them again with `diffqas repeat {place.path}`.")
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


def _settings(
    kind: ModelKind[Any, Any],
    task: Task | EnvironmentTask,
    recipe: str,
    relaxation: str | Relaxation | None,
    rates: Mapping[str, float | None],
    spread: float | None,
    changed: dict[str, Any],
) -> Settings | AgentSettings:
    """Those of the recipe, with what was given in place of its own."""
    recipes = kind.recipes(task)
    settings: Settings | AgentSettings = recipes[choose(recipe, recipes, "recipe")]
    given = {key: value for key, value in changed.items() if value is not None}
    known = {field.name for field in fields(settings)}
    for name in given.keys() - known:
        owner, found = (
            ("an environment", "data") if isinstance(settings, Settings) else ("a data set", "an environment")
        )
        raise ArgumentError(f"Argument `{name}` must be used with {owner}, but got {found} ({task.name}).")
    settings = replace(settings, **given)
    if isinstance(settings, Settings):
        if "optimizer" not in given:
            settings = kind.affordable(settings)
        fits = "lr" not in given or settings.optimizer != "kalman"
        require(fits, "lr", "go with the optimizer adam or rmsprop", "kalman")
        for name in given.keys() & OWNERS.keys():
            rule = f"go with the optimizer {' or '.join(OWNERS[name])}"
            require(settings.optimizer in OWNERS[name], name, rule, settings.optimizer)
    if relaxation is not None:
        settings = replace(settings, recipe=replace(settings.recipe, relaxation=as_relaxation(relaxation)))
    own = {key: value for key, value in rates.items() if value is not None}
    if own:
        settings = replace(settings, recipe=replace(settings.recipe, rates=replace(settings.recipe.rates, **own)))
    if spread is not None:
        require(spread >= 0, "spread", "not be negative", spread)
        settings = replace(settings, recipe=replace(settings.recipe, spread=spread))
    return settings


def make_training(config: RunConfig, task: Task | EnvironmentTask) -> tuple[AnyTraining, list[Any]]:
    """Fresh models of a run, and what trains them."""
    seeds = list(config.seeds)
    with explained(config.own):
        here = task.to(_checked_device(config.device), config.torch_dtype)
        population, models = config.kind.make(here, config.settings, config.seeds)
        if config.federated is not None:
            assert isinstance(here, Task)
            assert isinstance(config.settings, Settings)
            return FederatedTraining(population, here, config.settings, seeds, config.federated), models
        return config.kind.training(population, here, config.settings, seeds), models


def _run(folder: RunFolder, config: RunConfig, training: AnyTraining, models: list[Any], quiet: bool) -> Run:
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
    console.print(f"[bold]{config.dataset}[/]: {models[0].parameter_report()}", highlight=False, soft_wrap=True)
    for note in kind.notes(training.population, models, training.task):
        console.print(note, style="dim", highlight=False, soft_wrap=True)
    with threads(config.threads), _checkpoint_named(folder), explained(config.own):
        _train(folder, training, kind.labels(models[0]), console)
        result = write_artefacts(folder, config, training, _trained(training, models))
        if isinstance(training, Training):
            companions = kind.companions(training.task, config.settings, config.seeds, models[0])
            result["references"] += train_companions(companions, training.task, config.seeds, console)
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
                    console.print(training.remarks.pop(0), style="yellow", highlight=False, soft_wrap=True)
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
