"""A search from its arguments to the choices of a run, all checked before anything is written."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from functools import wraps
from pathlib import Path
from typing import ParamSpec

from diffqas.agents import AgentSettings, EnvironmentTask
from diffqas.architecture import DeviceErrors, Shots
from diffqas.choices import LEFT_OPEN, Choice, Value, adjusted, check_value
from diffqas.circuits import AnyCandidate, SearchSpace
from diffqas.errors import ArgumentError, path_of, require, whole
from diffqas.kinds import AnyKind, FixedLayersKind, QFWPKind, QLSTMKind, QuantumTrainKind, VQCKind
from diffqas.quantum_train import Rates, Recipe
from diffqas.reports import Terminal
from diffqas.searches.choices import epochs_of, federated_of, settings_of
from diffqas.searches.config import LAST_SEED, RunConfig
from diffqas.searches.correction import with_correction
from diffqas.searches.data_choices import DataChoices
from diffqas.searches.data_sets import OWN_SERIES, load_task, task_kind
from diffqas.searches.enough import memory_told
from diffqas.searches.kinds import KINDS, choose_kind, names_of_kinds, of_other_models
from diffqas.searches.options import (
    names_of,
    options,
    refuse_foreign,
    refuse_unread,
    value_of,
)
from diffqas.searches.own_task import named_task, remember
from diffqas.searches.run import Run
from diffqas.searches.session import begin, checked_device
from diffqas.storage import RunFolder
from diffqas.tasks import (
    AUTO,
    OwnSeries,
    Settings,
    Task,
    TaskSource,
    explained,
    recipe_target,
    rehearse,
)
from diffqas.training import Federated

P = ParamSpec("P")


USUAL = "default"
"""The recipe where none is named."""
PAPER = "paper"
"""The recipe that sees a series of one's own as the papers see theirs."""

MOST_SEEDS = 100_000
"""Of one run: they train at the same time, and each has its own line in every file."""


@dataclass(frozen=True)
class Prepared:
    """A search that has been checked and whose data has been read; nothing is written yet.

    Attributes:
        config: all choices.
        task: the data, or the environment.
        note: a line to print before it begins, if there is one.
        output, overwrite, quiet: as of `search`.
        given: the names of the options that were given.
    """

    config: RunConfig
    task: Task | EnvironmentTask
    note: str | None = None
    output: str | Path | None = None
    overwrite: bool = False
    quiet: bool = False
    given: frozenset[str] = frozenset()

    def refuse_unread(self, read: Iterable[str] = ()) -> None:
        """Refuse options that were given and that a search does not read.

        Args:
            read: the names of options that are read by something else.

        Raises:
            ArgumentError: there is such an option.
        """
        unread = self.config.kind.unread(self.config.settings)
        refuse_unread(unread, sorted(self.given - set(read)))

    def start(self) -> Run:
        """Train the search, write the run folder, and return the finished run."""
        self.refuse_unread()
        folder = None if self.output is None else RunFolder(path_of(self.output, "output"))
        console = Terminal(quiet=self.quiet)
        if self.note is not None:
            console.say(self.note, style="dim")
        remember(self.config.own, self.config.dataset, console)
        if folder is not None and not self.overwrite:
            # Checked before anything is tried, which may take long.
            folder.refuse_occupied()
        config, task = with_correction(self.config, self.task, console)
        return begin(folder, config, task, overwrite=self.overwrite, quiet=self.quiet)


def prepare(
    task: str | Task,
    *,
    model: str = "qt",
    recipe: str = "default",
    seeds: int | Sequence[int] = 1,
    seed: int = 0,
    candidates: SearchSpace | Iterable[AnyCandidate] | None = None,
    circuit: str | None = None,
    per_layer: bool | None = None,
    rounds: int | None = None,
    output: str | Path | None = None,
    overwrite: bool = False,
    quiet: bool = False,
    **choices: Value,
) -> Prepared:
    """Search the circuits of a model for a task, and write a run folder.

    This is what `diffqas search` does, for scripts and notebooks. `prepare` takes the same
    arguments and stops before anything is trained or written.

    Args:
        task: the name of a data set (`"bessel"`, `"mnist"`, `"wine"`, ..., `"series"` or `"table"`
            with `csv`) or of an environment (`"minigrid-empty-5x5"`, ..., or an id of gymnasium);
            or a `Task` of your own, or one in a file as `"FILE.py:NAME"`.
        model: `"qt"` (Quantum-Train), `"qlstm"` (a quantum LSTM, for series), `"vqc"` (a
            quantum layer that reads the samples of tables, images and tasks of your own, or what an
            agent observes) or `"qfwp"` (a slow network that writes the angles of a circuit, for
            series).
        recipe: `"default"`, `"paper"` or, with qt, `"auto"` for networks that nobody tuned for.
            Other arguments override single choices of the recipe. A task of your own that brings no
            recipes has `"auto"`.
        seeds: how many seeds, counted from `seed`, or the seeds themselves; they train in lockstep.
        seed: the first seed.
        candidates: the search space.
        circuit: with qlstm, one circuit chosen by hand for every gate, `"C1"` .. `"C6"`, in place
            of `candidates`.
        per_layer: with qt, whether a candidate is searched for every layer, one circuit at a time.
        rounds: with clients, how often their numbers are averaged. It takes the place of `epochs`,
            which counts local passes.
        output: the run folder; None makes a new one under `runs/`.
        overwrite: whether the run that `output` holds may be replaced.
        quiet: whether to print nothing.
        choices: every option of docs/options.md by its name, such as `depth=5`,
            `optimizer="adam"`, `lr=0.01`, `relaxation="softmax"`. An object may take the place of
            the word for a family (`relaxation=Gumbel(2.0)`, `optimizer=Adam(0.01)`). None stands
            for the recipe's own choice.

    Raises:
        ArgumentError: an argument is wrong.
        DataError: the data cannot be used.
        RunError: the folder holds another run, there is not enough memory, the training diverged,
            or the disk is full.
    """
    given = _given(choices)
    task, source = named_task(task)
    if isinstance(task, Task):
        what, loaded_kind = "plain", task.kind
        _check_own(task, source, given)
    else:
        what = loaded_kind = task_kind(task)
    if isinstance(seeds, int):
        require(seeds >= 1, "seeds", "be at least 1", seeds)
        require(seeds <= MOST_SEEDS, "seeds", f"be at most {MOST_SEEDS:,}", seeds)
    require(whole(seed, 0), "seed", f"be a whole number from 0 to {LAST_SEED}", repr(seed))
    words = {"candidates": candidates, "circuit": circuit, "per_layer": per_layer}
    kind = _kind(task, model, what, recipe, given, words)
    kind.check(loaded_kind)  # before a download
    single = "columns" not in given or model == QuantumTrainKind.name
    rule = f"be used with the model {QuantumTrainKind.name}, whose network reads several columns"
    require(single, "columns", rule, repr(model))
    data = _data(task, recipe, given)
    loaded = task if isinstance(task, Task) else load_task(task, data, kind.target)
    recipe = _of_task(kind, loaded, recipe)
    federated = _federated(loaded, what, given, rounds)
    # How many numbers there are decides the optimiser: a model is made to count them.
    with memory_told():
        settings = settings_of(kind, loaded, recipe, _settings_given(given, federated, rounds))
    config = RunConfig(
        dataset=loaded.name if isinstance(task, Task) else task,
        settings=settings,
        kind=kind,
        recipe=recipe,
        seeds=tuple(range(seed, seed + seeds)) if isinstance(seeds, int) else tuple(seeds),
        federated=federated,
        own=source,
        **_of_run(given) | {"scaling": data.scaling, "series": data.series},
    )
    note = _note(kind.recipes(loaded)[recipe], config, given)
    asked = frozenset(given) | {name for name, word in words.items() if word is not None}
    prepared = Prepared(config, loaded, note, output, overwrite, quiet, asked)
    prepared.refuse_unread(read=OF_TRIALS)
    return prepared


def _given(choices: Mapping[str, Value]) -> dict[str, Value]:
    """The options that were given; None stands for the recipe's own choice, and is left out.

    Raises:
        ArgumentError: a name that no option has; the nearest is suggested.
    """
    for name in choices:
        if name not in options():
            near = difflib.get_close_matches(name, options(), n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise ArgumentError(f"Argument `{name}` is not known{hint}; see docs/options.md.")
    asked = {name: value for name, value in choices.items() if value is not None}
    given = {name: None if value is LEFT_OPEN else value for name, value in asked.items()}
    for name, value in given.items():
        check_value(options()[name].fields[0], options()[name].declared, value)
    return given


def _check_own(task: Task, source: TaskSource | None, given: Mapping[str, Value]) -> None:
    """Refuse options of named data sets, and try the task on a few samples."""
    found = f"a Task of your own ({task.name})"
    for name in _of(given, *OF_DATA_SETS, "target"):
        # What stands for "not given" on the command line may be said.
        usual = given[name] == USUAL_DATA.get(name)
        require(usual, name, "be used with the name of a data set", found)
    with explained(source):
        rehearse(task)


OF_TRIALS = ("validation",)
"""Options that `diffqas tune` reads in any case, and a search with some choices only."""

OF_DATA_SETS = (*names_of(DataChoices), *names_of(OwnSeries))
"""Options that say which data a named data set is made of."""
USUAL_DATA = {each.name: each.default for each in fields(DataChoices)}
"""What they are where nothing is given."""


def _data(task: str | Task, recipe: str, given: Mapping[str, Value]) -> DataChoices:
    """The choices of a named data set; what is left open of a series of one's own is chosen.

    Raises:
        ArgumentError: options of a series of one's own with other data, or as the papers see it.
        DataError: the file of such a series cannot be used.
    """
    named = _of(given, *names_of(DataChoices))
    of_series = _of(given, *names_of(OwnSeries))
    own = task == OWN_SERIES and recipe != PAPER
    if not own:
        for name in of_series:
            rule = f"be used with the data set '{OWN_SERIES}' and another recipe than {PAPER}"
            got = f"{task!r}, {recipe}" if isinstance(task, str) else "a Task of your own"
            require(False, name, rule, got)
        return DataChoices(**named)
    # The range of the test part is for the papers' protocol to look at.
    named.setdefault("scaling", "train")
    return DataChoices(**named, series=OwnSeries(**of_series)).settled()


def _of(given: Mapping[str, Value], *names: str) -> dict[str, Value]:
    """Those of the given options that have one of these names."""
    return {name: value for name, value in given.items() if name in names}


def _kind(
    task: str | Task,
    model: str,
    what: str,
    recipe: str,
    given: Mapping[str, Value],
    words: Mapping[str, Value],
) -> AnyKind:
    """The kind of model with its choices; of images, with the recipe's network."""
    classes = (QuantumTrainKind, FixedLayersKind, QLSTMKind, VQCKind, QFWPKind, Shots, DeviceErrors)
    own = _of(given, *names_of(*classes)) | dict(words)
    images = isinstance(task, str) and model == "qt" and what == "images"
    if images and "target" not in own:
        assert isinstance(task, str)
        own["target"] = recipe_target(task, recipe)
    # What no kind's `choose` names is set where it is declared, such as a mapping's own numbers.
    named = names_of_kinds(what)
    rest = {name: value for name, value in own.items() if name not in named}
    kind = choose_kind(model, what, **_of(own, *named))
    refuse_foreign(kind, rest)
    _refuse_of_other_models(kind, rest)
    return adjusted(kind, **rest)


def _refuse_of_other_models(kind: AnyKind, given: Iterable[str]) -> None:
    """Refuse options that are declared by another kind of model alone."""
    for name in given:
        option = options()[name]
        owners = [each.name for each in KINDS.values() if issubclass(each, option.owners)]
        if owners and value_of(kind, option) is MISSING:
            raise of_other_models(name, owners, kind.name)


def _of_task(kind: AnyKind, task: Task | EnvironmentTask, recipe: str) -> str:
    """The recipe's name; of a task that brings none the usual one is `auto`."""
    known = kind.recipes(task)
    if recipe == USUAL and USUAL not in known and AUTO in known:
        return AUTO
    rule = "bring recipes for this search: auto is not for a circuit that changes at every step"
    require(len(known) > 0, "task", rule, f"none ({task.name})")
    return recipe


def _federated(
    task: Task | EnvironmentTask, what: str, given: Mapping[str, Value], rounds: int | None
) -> Federated | None:
    """The clients, if there are any."""
    kind = task.kind if isinstance(task, Task) else what
    choices = {name: given.get(name) for name in ("clients", "local_epochs", "split")}
    return federated_of(kind, **choices, rounds=rounds)


def _settings_given(
    given: Mapping[str, Value], federated: Federated | None, rounds: int | None
) -> dict[str, Value]:
    """The options of the training, with the epochs that the rounds of clients come to."""
    own = _of(given, *names_of(Settings, AgentSettings, Recipe, Rates))
    epochs = epochs_of(federated, own.get("epochs"), rounds)
    return own if epochs is None else own | {"epochs": epochs}


def _of_run(given: Mapping[str, Value]) -> dict[str, Value]:
    """The options of data and machine, as config.json holds them."""
    own = _of(given, *names_of(RunConfig))
    for name in ("csv", "data_dir"):
        if own.get(name) is not None:
            own[name] = str(Path(own[name]).resolve())
    if own.get("classes") is not None:
        own["classes"] = tuple(int(label) for label in _several(own, "classes"))
    if own.get("leave_out") is not None:
        own["leave_out"] = _several(own, "leave_out")
    return own | {"device": checked_device(own.get("device", "cpu"))}


def _several(given: Mapping[str, Value], name: str) -> tuple[Value, ...]:
    """An option of several values; a text would be taken for that of its letters."""
    value = given[name]
    proper = isinstance(value, Iterable) and not isinstance(value, str)
    require(proper, name, "be a list", repr(value))
    return tuple(value)


def _note(usual: Choice, config: RunConfig, given: Mapping[str, Value]) -> str | None:
    """What is said where the recipe's optimiser cannot hold so many numbers."""
    if "optimizer" in given or not isinstance(config.settings, Settings):
        return None
    before, chosen = usual.optimizer.name, config.settings.optimizer.name
    if before == chosen:
        return None
    return (
        f"Too many trainable numbers for the {config.recipe} recipe's optimizer, {before}: trained "
        f"by {chosen}."
    )


def _started(choose: Callable[P, Prepared]) -> Callable[P, Run]:
    @wraps(choose)
    def search(*args: P.args, **kwargs: P.kwargs) -> Run:
        return choose(*args, **kwargs).start()

    search.__name__ = search.__qualname__ = "search"
    return search


search = _started(prepare)
