"""`diffqas search`, and what commands with the same options share.

The options are no list of this file: they are the fields of `diffqas.searches.options`. The class
that the words are read into is made anew for each line, so that `--help` shows the defaults of the
data set, model and recipe that stand in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import MISSING, field, make_dataclass
from dataclasses import dataclass as dataclass_
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Optional, Self, TypeVar

import tyro

from diffqas.choices import LEFT_OPEN, Value
from diffqas.circuits import ENCODED_SPACE, AnyCandidate
from diffqas.cli.parsing import Hint
from diffqas.cli.show import print_run
from diffqas.cli.spaces import METAVAR, typed_candidates
from diffqas.errors import DiffqasError, require
from diffqas.reports import Terminal
from diffqas.searches import (
    TABLES_OF_CANDIDATES,
    Option,
    Run,
    Usual,
    choose_kind,
    options,
    prepare,
    search,
    task_kind,
    task_names,
    usual_of,
    value_of,
)
from diffqas.storage import Json
from diffqas.tasks import Settings

T = TypeVar("T")

DIFFERENTIABLE = "diffqas"
"""The strategy that all options of a search belong to."""

DATA_SETS = (
    f"{', '.join(task_names())}. series and table are your own, with --csv. Or an id of gymnasium, "
    "or FILE.py:NAME, a task of your own."
)


def words_of(help: str, metavar: str | None = None) -> object:
    """What `--help` says of an option that may be left open."""
    return tyro.conf.arg(help=help, metavar=metavar, help_behavior_hint="")


@dataclass_
class Search:
    """Search a circuit on a data set; writes a run folder with tables, pictures, model, circuit."""

    dataset: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="DATASET", help=DATA_SETS)]
    model: Annotated[
        Literal["qt", "qlstm", "vqc", "qfwp"],
        tyro.conf.arg(
            help="qt: Quantum-Train, circuits write the weights of a classical network. qlstm: a "
            "quantum LSTM whose gates are circuits, for series. vqc: a quantum layer that reads "
            "the samples itself, for tables, images, tasks of your own and environments. qfwp: a "
            "slow network that writes the angles of a circuit, for series."
        ),
    ] = "qt"
    recipe: Annotated[
        Literal["default", "paper", "auto"],
        tyro.conf.arg(
            help="default: what trains best with the papers' number of parameters and epochs. "
            "paper: what the papers state. auto: for networks that nobody tuned for (qt), and for "
            "a task of your own that brings no recipes."
        ),
    ] = "default"
    candidates: Annotated[
        tuple[str, ...],
        words_of(
            "The candidates: numbers or names of `diffqas candidates`, or files of your own (qt, "
            "vqc). If not given: all; with vqc sixteen, or all 480 with encoded or with a "
            "--strategy other than diffqas.",
            METAVAR,
        ),
    ] = ()
    circuit: Annotated[
        Literal["C1", "C2", "C3", "C4", "C5", "C6"] | None,
        words_of(
            "qlstm: no search; one of the papers' circuits, chosen by hand, in every gate.",
            "C1..C6",
        ),
    ] = None
    strategy: Annotated[
        Literal["diffqas", "side-by-side", "random", "evolution", "local", "halving", "tpe"],
        words_of(
            "diffqas: train the weighted sum of all candidates. side-by-side: train all at once, "
            "each by its own loss (vqc). The others train candidates one by one and judge them on "
            "held-out training samples (vqc, qt). The best is then trained as a run."
        ),
    ] = "diffqas"
    budget: Annotated[
        int | None,
        words_of(
            "With strategies that train one by one: how many whole trainings they may cost; 20 if "
            "not given.",
            "INT",
        ),
    ] = None
    per_layer: Annotated[
        bool,
        words_of(
            "qt: search a candidate for every layer. With --strategy evolution and the like, "
            "circuits are trained one by one. Without one, layers are drawn (Gumbel, "
            "straight-through), on at most 14 qubits."
        ),
    ] = False
    rounds: Annotated[
        int | None,
        words_of(
            "With --clients: how often their numbers are averaged. It takes the place of --epochs, "
            "which counts the passes of each client.",
            "INT",
        ),
    ] = None
    seed: Annotated[int, tyro.conf.arg(help="The first seed.")] = 0
    seeds: Annotated[int, tyro.conf.arg(help="How many seeds, trained in lockstep.")] = 1
    output: Annotated[
        Path | None, words_of("The run folder; a new one under runs/ if not given.", "FOLDER")
    ] = None
    overwrite: Annotated[bool, words_of("Replace the run that --output holds.")] = False

    given: ClassVar[frozenset[str]] = frozenset()
    """Names of the options that stand in the words, whatever their values."""
    groups: ClassVar[tuple[str, ...]] = ()
    """Names of the fields that hold the options, a group of the help each."""

    @classmethod
    def for_words(cls, words: Sequence[str]) -> type[Self]:
        """The command with all options, their defaults those of the data set in the words."""
        usual = _usual(words)
        groups: dict[str, list[tuple[str, Hint, Value]]] = {}
        for name, option in options().items():
            groups.setdefault(option.group, []).append((name, *_field(option, usual, words)))
        made = {
            group.replace(" ", "_"): make_dataclass(group.replace(" ", "_"), entries)
            for group, entries in groups.items()
        }
        for each in made.values():
            each.__doc__ = ""
        entries = [
            (name, each, field(default_factory=each))  # pyright: ignore[reportArgumentType]
            for name, each in made.items()
        ]
        whole = make_dataclass(cls.__name__, entries, bases=(cls,))
        whole.__doc__ = cls.__doc__
        whole.given = frozenset(_given(words))
        whole.groups = tuple(made)
        return whole

    def run(self) -> None:
        """Search, then print the result and where it lies."""
        run = self.call(search) if self.strategy == DIFFERENTIABLE else self._by_strategy()
        console = Terminal()
        console.print()
        print_run(run.outcome, run.folder, console)

    def _by_strategy(self) -> Run:
        """Candidates one by one; a searched layer has the whole of `ENCODED_SPACE`."""
        from diffqas.strategies import search_by

        candidates: list[AnyCandidate] | None = None
        if self.model == "vqc" and not self.candidates:
            candidates = list(ENCODED_SPACE)
        prepared = self._call(prepare, candidates)
        return search_by(self.strategy, prepared, self.budget, self.per_layer).run

    def call(self, what: Callable[..., T]) -> T:
        """Call `search`, or another function that takes the same arguments."""
        rule = f"be {DIFFERENTIABLE} here"
        require(self.strategy == DIFFERENTIABLE, "strategy", rule, self.strategy)
        return self._call(what)

    def _call(self, what: Callable[..., T], candidates: list[AnyCandidate] | None = None) -> T:
        # A strategy trains circuits whose layers are chosen: what is prepared searches none.
        chosen = self.strategy != DIFFERENTIABLE
        return what(
            self.dataset,
            model=self.model,
            recipe=self.recipe,
            candidates=self._candidates() or candidates,
            circuit=self.circuit,
            per_layer=(self.per_layer and not chosen) or None,
            rounds=self.rounds,
            seed=self.seed,
            seeds=self.seeds,
            output=self.output,
            overwrite=self.overwrite,
            **self.choices(),
        )

    def choices(self) -> Json:
        """The options that were given, by their names."""
        found = {}
        for group in self.groups:
            values = vars(getattr(self, group))
            for name in self.given & values.keys():
                # The word None was typed: it is an answer, not the lack of one.
                found[name] = LEFT_OPEN if values[name] is None else values[name]
        return found

    def _candidates(self) -> list[AnyCandidate] | None:
        if not self.candidates:
            return None
        table = TABLES_OF_CANDIDATES[self.model]
        return list(typed_candidates(self.candidates, table).values())


def _given(words: Sequence[str]) -> list[str]:
    """The options whose flags stand in the words, also as `--no-...` or `--flag=value`."""
    typed = {word.split("=")[0].replace("_", "-") for word in words if word.startswith("--")}
    return [
        name
        for name, option in options().items()
        if option.flag in typed or option.flag.replace("--", "--no-", 1) in typed
    ]


def _field(option: Option, usual: Usual, words: Sequence[str]) -> tuple[Hint, Value]:
    """Type and default of an option on the command line."""
    default = usual_value(option, usual)
    hint = option.typed
    if hint is bool:
        # A switch has one flag, that of the other state. Where the usual state is left open it is
        # the flag that was typed; that none was typed is read from the words.
        state = default
        if state is None:
            state = option.flag not in words
        return Annotated[bool, tyro.conf.arg(help=option.declared.help)], field(default=state)
    if option.optional or default is None:
        hint = Optional[hint]  # noqa: UP045 - made at run time
    return Annotated[hint, tyro.conf.arg(help=option.declared.help)], field(default=default)


def usual_value(option: Option, usual: Usual) -> Value:
    """What an option is if it is not given."""
    tried = usual.settings.others if isinstance(usual.settings, Settings) else ()
    for choice in (usual.settings, *tried, usual.kind):
        found = value_of(choice, option)
        if found is not MISSING:
            return found
    default = option.default()
    if option.declared.family is None:
        return default
    return next(iter(option.declared.family()))  # the word of the first member


def _usual(words: Sequence[str]) -> Usual:
    """The choices that stand for what is not said; of an unknown data set those of a series."""
    wanted = {"--model": "qt", "--recipe": "default"}
    for name in wanted:
        if name in words[:-1]:
            wanted[name] = words[words.index(name) + 1]
    names = [word for word in words if not word.startswith("-")]
    dataset = names[0] if names else "bessel"
    try:
        kind = choose_kind(wanted["--model"], task_kind(dataset))
        return usual_of(kind, dataset, wanted["--recipe"])
    except (DiffqasError, KeyError):
        return usual_of(choose_kind("qt"), "bessel", "default")
