"""The words of `diffqas search` that make the choices of a run again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from types import SimpleNamespace
from typing import Any

from diffqas.agents import AGENT_RECIPES
from diffqas.architecture import Gumbel, Relaxation, Softmax
from diffqas.circuits import QLSTM_SPACE, TABLE_I
from diffqas.errors import DiffqasError
from diffqas.kinds import PerLayerKind
from diffqas.layers import BASELINES
from diffqas.quantum_train import LinearMapping, MLPMapping, TensorTrainMapping
from diffqas.searches.config import RunConfig
from diffqas.searches.data_sets import task_kind
from diffqas.tasks import DEFAULT_TARGET, IMAGE_RECIPES, OWNERS, SERIES_RECIPES, recipe_target

RECIPES: Mapping[str, Mapping[str, Any]] = {
    "series": SERIES_RECIPES,
    "images": IMAGE_RECIPES,
    "environment": AGENT_RECIPES,
}
"""Settings by the kind of a task and the recipe: what a command leaves unsaid."""

OF_TRAINING = (
    *(
        "depth",
        "epochs",
        "optimizer",
        "lr",
        "select",
        "betas",
        "alpha",
        "noise",
        "memory",
        "bilevel",
        "sparsity",
    ),
    *("algorithm", "workers", "episodes"),
)
"""Fields of the settings that have a flag of their own name."""

OF_KIND = (
    "sharing",
    "chunk",
    "target",
    "reservoir",
    "structure",
    "hidden_size",
    "layers",
    "squash",
)
"""Fields of the kinds of models that do."""

OF_RUN = ("csv", "column", "scaling", "classes", "data_dir", "device", "dtype")


FROM_PYTHON = "{} is a task of your own: from Python, diffqas.search(task, ...) repeats it."


@dataclass(frozen=True)
class Command:
    """How a run is repeated.

    Attributes:
        words: of the command line; empty where no command can do it.
        remarks: what the words leave out, a line each.
    """

    words: tuple[str, ...]
    remarks: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The line to type into a shell."""
        return shlex.join(self.words)


def command_of(config: RunConfig) -> Command:
    """The shortest command that makes the choices of a run: what its recipe says already stays
    unsaid.

    >>> from diffqas.searches import choose_kind
    >>> settings = replace(SERIES_RECIPES["default"], epochs=5)
    >>> command_of(RunConfig("bessel", settings, choose_kind("qt"), seeds=(0, 1, 2))).text
    'diffqas search bessel --epochs 5 --seeds 3'
    """
    if config.own is not None:
        return _of_own(config)
    try:
        recipes = config.kind.recipes(SimpleNamespace(recipes=RECIPES[task_kind(config.dataset)]))
        usual = recipes[config.recipe]
    except (DiffqasError, KeyError):
        return Command((), (FROM_PYTHON.format(config.dataset),))
    words, remarks = ["diffqas", "search", config.dataset], []
    if config.kind.name != "qt":
        words += ["--model", config.kind.name]
    if config.recipe != "default":
        words += ["--recipe", config.recipe]
    for part in (_of_kind(config), _of_settings(config.settings, usual), _of_seeds(config.seeds)):
        words += part.words
        remarks += part.remarks
    words += _of_clients(config)
    for name in OF_RUN:
        words += _flag(name, getattr(config, name), _default(RunConfig, name))
    return Command(tuple(words), tuple(remarks))


def _of_own(config: RunConfig) -> Command:
    """Of a task in a file, which is not executed for this: every choice that has a flag is said."""
    assert config.own is not None
    if config.own.path is None:
        return Command((), (FROM_PYTHON.format(config.dataset),))
    words, remarks = ["diffqas", "search", config.own.words], []
    words += _flag("model", config.kind.name, "qt") + _flag("recipe", config.recipe, "default")
    kind = _of_kind(config)
    words += kind.words
    optimizer = getattr(config.settings, "optimizer", None)
    for name in OF_TRAINING:
        if optimizer in OWNERS.get(name, (optimizer,)):
            words += _flag(name, getattr(config.settings, name, None), None)
    named, said = _of_relaxation(config.settings.recipe.relaxation)
    words += said + _flag("structure_rate", config.settings.recipe.rates.structure, None)
    if named != config.settings.recipe.relaxation:
        remarks.append(
            f"No flag sets the relaxation's other choices: the run has {config.settings.recipe.relaxation!r}."
        )
    seeds = _of_seeds(config.seeds)
    words += seeds.words
    for name in ("device", "dtype"):
        words += _flag(name, getattr(config, name), _default(RunConfig, name))
    remarks += [*kind.remarks, *seeds.remarks, "All other settings are those of the task's file."]
    return Command(tuple(words), tuple(remarks))


def _of_settings(settings: Any, usual: Any) -> Command:
    words: list[str] = []
    for name in OF_TRAINING:
        if hasattr(usual, name):
            words += _flag(name, getattr(settings, name), getattr(usual, name))
            usual = replace(usual, **{name: getattr(settings, name)})
    if settings.recipe.relaxation != usual.recipe.relaxation:
        named, said = _of_relaxation(settings.recipe.relaxation)
        words += said
        usual = replace(usual, recipe=replace(usual.recipe, relaxation=named))
    own, usually = settings.recipe, usual.recipe
    for name in ("structure", "angles", "mapping"):
        words += _flag(f"{name}_rate", getattr(own.rates, name), getattr(usually.rates, name))
    words += _flag("spread", own.spread, usually.spread)
    usual = replace(usual, recipe=replace(usually, rates=own.rates, spread=own.spread))
    return Command(tuple(words), tuple(_left_out(settings, usual)))


def _of_relaxation(relaxation: Relaxation) -> tuple[Relaxation, list[str]]:
    """What the flags can say of it, and the flags."""
    words = ["--relaxation", relaxation.name]
    if not isinstance(relaxation, Softmax | Gumbel):
        return type(relaxation)(), words
    named = type(relaxation)(relaxation.temperature)
    return named, words + _flag("temperature", relaxation.temperature, 1.0)


def _left_out(settings: Any, said: Any, place: str = "") -> list[str]:
    """Choices that differ from what the command says, each as a line."""
    lines = []
    for field in fields(settings):
        value, other = getattr(settings, field.name), getattr(said, field.name)
        if field.name in ("recipe", "rates"):
            lines += _left_out(value, other, f"{place}{field.name}.")
        elif value != other:
            lines.append(
                f"No flag sets {place}{field.name}: the run has {value!r}, the command gives {other!r}."
            )
    return lines


def _of_kind(config: RunConfig) -> Command:
    kind: Any = getattr(
        config.kind, "generator", config.kind
    )  # an agent's choices are those of its generator
    usual, words, remarks = type(kind)(), [], []
    if kind.candidates != usual.candidates:
        circuit = next(
            (name for name, found in BASELINES.items() if (found,) == kind.candidates), None
        )
        if circuit is not None and config.kind.name == "qlstm":
            words += ["--circuit", circuit]
        elif set(kind.candidates) <= set(
            table := TABLE_I if config.kind.name == "qt" else QLSTM_SPACE
        ):
            words += [
                "--candidates",
                *(str(table.index(candidate) + 1) for candidate in kind.candidates),
            ]
        else:
            names = ", ".join(candidate.name for candidate in kind.candidates)
            remarks.append(
                f"No flag sets the candidates: from Python, diffqas.search(..., candidates=...) ({names})."
            )
    if isinstance(kind, PerLayerKind):
        words.append("--per-layer")
    if (shots := getattr(kind, "shots", None)) is not None:
        words += ["--shots", str(shots.count), "--shot-gradient", shots.gradient]
    mapping = getattr(kind, "mapping", LinearMapping())
    if isinstance(mapping, MLPMapping):
        words += ["--mapping", "mlp", *_flag("hidden", mapping.hidden, MLPMapping().hidden)]
    elif isinstance(mapping, TensorTrainMapping):
        words += ["--mapping", "mps", *_flag("bond", mapping.bond, TensorTrainMapping().bond)]
    said = (
        LinearMapping(),
        MLPMapping(getattr(mapping, "hidden", (1,))),
        TensorTrainMapping(getattr(mapping, "bond", 1)),
    )
    if mapping not in said:
        remarks.append(f"No flag sets the mapping: the run has {mapping!r}.")
    for field in fields(kind):
        value, other = getattr(kind, field.name), getattr(usual, field.name)
        if field.name == "target" and config.own is None and task_kind(config.dataset) == "images":
            value, other = value or DEFAULT_TARGET, recipe_target(config.dataset, config.recipe)
        if field.name in OF_KIND:
            words += _flag(field.name, value, other)
        elif field.name == "classical":
            words += [] if value else ["--no-classical"]
        elif field.name not in ("candidates", "mapping", "shots") and value != other:
            remarks.append(f"No flag sets {field.name}: the run has {value!r}.")
    return Command(tuple(words), tuple(remarks))


def _of_clients(config: RunConfig) -> list[str]:
    if config.federated is None:
        return []
    # The split is said always: what is usual depends on the task.
    return [
        word
        for field in fields(config.federated)
        for word in _flag(field.name, getattr(config.federated, field.name), None)
    ]


def _of_seeds(seeds: tuple[int, ...]) -> Command:
    words = _flag("seed", seeds[0], 0) + _flag("seeds", len(seeds), 1)
    if seeds == tuple(range(seeds[0], seeds[0] + len(seeds))):
        return Command(tuple(words))
    listed = ", ".join(map(str, seeds))
    return Command(
        tuple(words), (f"No flag sets seeds that do not follow each other: the run has {listed}.",)
    )


def _flag(name: str, value: Any, usual: Any) -> list[str]:
    """Words that set a choice; none where it is the usual one."""
    if value is None or value is False or value == usual:
        return []
    head = f"--{name.replace('_', '-')}"
    if value is True:
        return [head]
    return [head, *map(str, value)] if isinstance(value, tuple | list) else [head, str(value)]


def _default(owner: type, name: str) -> Any:
    return next(field.default for field in fields(owner) if field.name == name)
