"""The command `diffqas search ...` that makes the choices of a run again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from types import SimpleNamespace

from diffqas.agents import AGENT_RECIPES
from diffqas.choices import Choice, Unread, Value, adjusted
from diffqas.circuits import ENCODED_SPACE, QLSTM_SPACE, TABLE_I
from diffqas.errors import DiffqasError
from diffqas.kinds import AnyKind, PerLayerKind
from diffqas.layers import BASELINES
from diffqas.searches.config import RunConfig
from diffqas.searches.data_sets import OWN_SERIES, task_kind
from diffqas.searches.options import family_of, options, unread_in, value_of, words_for
from diffqas.tasks import (
    DEFAULT_TARGET,
    IMAGE_RECIPES,
    OWN_SERIES_RECIPES,
    SERIES_RECIPES,
    TABLE_RECIPES,
    OwnSeries,
    recipe_target,
)

RECIPES: Mapping[str, Mapping[str, Value]] = {
    "series": SERIES_RECIPES,
    "images": IMAGE_RECIPES,
    "table": TABLE_RECIPES,
    "environment": AGENT_RECIPES,
}
"""Settings by the kind of a task and the recipe: what a command leaves unsaid."""

TABLES_OF_CANDIDATES = {
    "qt": TABLE_I,
    "qlstm": QLSTM_SPACE,
    "vqc": ENCODED_SPACE,
    "qfwp": QLSTM_SPACE,
}
"""What the numbers behind `--candidates` count, by the model."""

FROM_PYTHON = "{} is a task of your own: from Python, diffqas.search(task, ...) repeats it."


@dataclass(frozen=True)
class Command:
    """The command that repeats a run.

    Attributes:
        words: the words of the command line; empty if no command can repeat the run.
        remarks: what the words leave out, one line each.
    """

    words: tuple[str, ...]
    remarks: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The line to type into a shell."""
        return shlex.join(self.words)


def command_of(config: RunConfig) -> Command:
    """The shortest command that makes the choices of a run.

    Options with the recipe's own value are left out. For a task in a file, which is not executed
    here, the command names every option.

    >>> from dataclasses import replace
    >>> from diffqas.searches import choose_kind
    >>> settings = replace(SERIES_RECIPES["default"], epochs=5)
    >>> command_of(RunConfig("bessel", settings, choose_kind("qt"), seeds=(0, 1, 2))).text
    'diffqas search bessel --epochs 5 --seeds 3'
    """
    own = config.own
    if own is not None and own.path is None:
        return Command((), (FROM_PYTHON.format(config.dataset),))
    try:
        usual = None
        if own is None:
            usual = usual_of(config.kind, config.dataset, config.recipe)
    except (DiffqasError, KeyError):
        return Command((), (FROM_PYTHON.format(config.dataset),))
    words = ["diffqas", "search", config.dataset if own is None else own.words]
    if config.kind.name != "qt":
        words += ["--model", config.kind.name]
    if config.recipe != "default":
        words += ["--recipe", config.recipe]
    remarks: list[str] = []
    for part in _parts(config, usual):
        words += part.words
        remarks += part.remarks
    if own is not None:
        remarks.append("All other settings are those of the task's file.")
    return Command(tuple(words), tuple(remarks))


@dataclass(frozen=True)
class Usual:
    """What a command leaves unsaid.

    Attributes:
        settings: of the recipe.
        kind: with the choices that it has if none is given.
    """

    settings: Choice
    kind: Choice


def usual_of(kind: AnyKind, dataset: str, recipe: str) -> Usual:
    """What a search on a data set chooses if no option is given.

    Raises:
        ArgumentError: the data set has no such name.
        KeyError: it has no such recipe.
    """
    what = task_kind(dataset)
    of_task = OWN_SERIES_RECIPES if dataset == OWN_SERIES else RECIPES[what]
    recipes = kind.recipes(SimpleNamespace(name=dataset, recipes=of_task))
    usual: Choice = type(kind.choices)()
    # Of the kinds only this one writes the weights of a network that has a name.
    if what == "images" and kind.choices.name == "qt":
        usual = adjusted(usual, target=recipe_target(dataset, recipe))
    return Usual(recipes[recipe], usual)


def _parts(config: RunConfig, usual: Usual | None) -> Iterator[Command]:
    """The words for each part of the choices, in the order of the help."""
    kind = config.kind.choices
    if config.own is None and kind.name == "qt" and task_kind(config.dataset) == "images":
        # Runs of version 0.1.0 name no network where it is the first one.
        kind = adjusted(kind, target=kind.target or DEFAULT_TARGET)
    unread = config.kind.unread(config.settings)
    yield _candidates(config, kind)
    yield _different(kind, None if usual is None else usual.kind, unread)
    yield _different(config.settings, None if usual is None else usual.settings, unread)
    yield _seeds(config.seeds)
    if config.federated is not None:
        # Everything is said: which split is usual depends on the task.
        yield _different(config.federated, None, {})
    if config.series is not None:
        yield _different(config.series, OwnSeries(), {})
    yield _run(config)


def _candidates(config: RunConfig, kind: Choice) -> Command:
    """The search space, as numbers of the table or as the name of a circuit chosen by hand."""
    words = ["--per-layer"] if type(kind) is PerLayerKind else []
    if kind.candidates == type(kind)().candidates:
        return Command(tuple(words))
    circuits = [name for name, found in BASELINES.items() if (found,) == kind.candidates]
    if circuits and config.kind.name == "qlstm":
        return Command((*words, "--circuit", circuits[0]))
    table = TABLES_OF_CANDIDATES[config.kind.name]
    if table is ENCODED_SPACE and kind.candidates == tuple(ENCODED_SPACE):
        return Command((*words, "--candidates", "encoded"))
    if set(kind.candidates) <= set(table):
        numbers = [str(table.index(candidate) + 1) for candidate in kind.candidates]
        return Command((*words, "--candidates", *numbers))
    names = ", ".join(candidate.name for candidate in kind.candidates)
    told = "No flag sets the candidates: from Python, diffqas.search(..., candidates=...)"
    return Command(tuple(words), (f"{told} ({names}).",))


def _different(choice: Choice, usual: Choice, unread: Mapping[str, Unread]) -> Command:
    """Words for every option in which a choice is not the usual one; without one, for all.

    What nothing reads is not said: a search refuses it.
    """
    words: list[str] = []
    said = {name: each for name, each in options().items() if unread_in(unread, name) is None}
    families = {name: each for name, each in said.items() if each.declared.family}
    for name, option in families.items():
        word = value_of(choice, option)
        if word in (MISSING, None):
            continue
        if usual is None:
            words += words_for(option.flag, word)
        elif word != value_of(usual, option):
            words += words_for(option.flag, word)
            usual = adjusted(usual, **{name: word})
    for name, option in said.items():
        value = value_of(choice, option)
        if name in families or value is MISSING:
            continue
        if usual is None:
            # A switch that is usually off goes unsaid; one that is on, or decided later, does not.
            unsaid = value is None or (value is False and option.default() is False)
            words += [] if unsaid else words_for(option.flag, value)
        elif value == value_of(usual, option):
            continue
        elif value is None and (found := family_of(option)) is not None:
            # What is left open has no word: the member of the family as it is usually.
            family, _ = found
            words += words_for(family.flag, value_of(choice, family))
            usual = adjusted(usual, **{family.name: value_of(choice, family)})
        else:
            words += words_for(option.flag, value)
            usual = _with_value(usual, name, value)
    remarks = [] if usual is None else list(_left_out(choice, usual))
    return Command(tuple(words), tuple(remarks))


def _with_value(usual: Choice, name: str, value: Value) -> Choice:
    """The usual choice with one value; as it is where it has no such option (none of shots)."""
    try:
        return adjusted(usual, **{name: value})
    except DiffqasError:
        return usual


def _left_out(choice: Choice, said: Choice, place: str = "") -> Iterator[str]:
    """Choices that differ from what the command says, each as a line."""
    for each in fields(choice):
        value, other = getattr(choice, each.name), getattr(said, each.name)
        if not each.compare or each.name in ("candidates", "shots") or value == other:
            continue
        if is_dataclass(value) and type(value) is type(other):
            yield from _left_out(value, other, f"{place}{each.name}.")
        else:
            yield (
                f"No flag sets {place}{each.name}: the run has {value!r}, the command gives "
                f"{other!r}."
            )


def _run(config: RunConfig) -> Command:
    """Words for data and machine."""
    words: list[str] = []
    for each in fields(config):
        option = options().get(each.name)
        value = getattr(config, each.name)
        if option is not None and isinstance(config, option.owners) and value != each.default:
            words += words_for(option.flag, value)
    return Command(tuple(words))


def _seeds(seeds: tuple[int, ...]) -> Command:
    """Words for seeds that follow each other."""
    words: list[str] = []
    if seeds[0] != 0:
        words += ["--seed", str(seeds[0])]
    if len(seeds) != 1:
        words += ["--seeds", str(len(seeds))]
    if seeds == tuple(range(seeds[0], seeds[0] + len(seeds))):
        return Command(tuple(words))
    listed = ", ".join(map(str, seeds))
    told = f"No flag sets seeds that do not follow each other: the run has {listed}."
    return Command(tuple(words), (told,))
