"""Settings for the training of a task: those that a paper states, or that trained best here."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, fields, replace
from typing import Any, Protocol

from torch import Tensor

from diffqas.choices import Tuning, Unread, accept_old_names, check, option, renamed
from diffqas.devices import ALL, COSTS
from diffqas.errors import require
from diffqas.optimisers import OPTIMISERS, Adam, Loss, Optimiser, Problem, as_optimiser
from diffqas.quantum_train import Recipe
from diffqas.storage import Json, JsonView, storable

SCHEDULES = ("constant", "cosine")
SELECTIONS = ("final", "best")

OF_OPTIMISERS = {
    "lr": "lr",
    "alpha": "alpha",
    "betas": "betas",
    "eps": "eps",
    "noise": "measurement_noise",
    "memory": "forget_epochs",
}
"""Arguments of `Settings` in version 0.1.0 that an optimiser has now, and its names for them."""
OLD_NAMES = {"recipe": "generator"}
"""New names of fields by those of version 0.1.0."""


class _Samples(Protocol):
    """A part of a task: as of `Split`."""

    @property
    def targets(self) -> Tensor: ...

    def __len__(self) -> int: ...


class _Trained(Protocol):
    """What settings need to know of a task."""

    @property
    def train(self) -> _Samples: ...

    @property
    def loss(self) -> Loss: ...


@storable
@dataclass(frozen=True)
class Settings:
    """All choices of a training, except the data and the target.

    Attributes:
        generator: the choices about the generator that writes the weights.
        others: other optimisers that were tried with this recipe. If one of them is asked for by
            its name, these settings of it are used.

    All other attributes are options; `diffqas search --help` and docs/options.md describe them.

    Raises:
        ArgumentError: a value breaks the rule of its option, or options do not go together.
    """

    generator: Recipe
    depth: int = option(help="Layers of the circuits.", least=1, tune=Tuning(1, 20, log=False))
    epochs: int = option(help="Passes over the training part.", least=1)
    batch_size: int = option(help="Samples of one step; the last batch may be short.", least=1)
    optimizer: Optimiser = option(
        factory=Adam,
        help="adam and rmsprop act on every number alone. soap is Adam in the eigenbasis of the "
        "gradients' covariance. kalman is an extended Kalman filter over the trainable numbers, "
        "for the squared error.",
        family=lambda: OPTIMISERS,
        keeps=True,
    )
    schedule: str = option(
        "constant",
        "Schedule of the learning rate; cosine: from --lr to zero over all steps.",
        among=SCHEDULES,
    )
    shuffle: bool = option(
        False, "A new order of the samples in every epoch, the same for all seeds."
    )
    select: str = option(
        "final",
        "final: end with the last epoch. best: with each seed's best epoch on held-out training "
        "samples.",
        among=SELECTIONS,
    )
    validation: float = option(
        0.2,
        "Share of the training samples, their last ones, which --select best and --bilevel hold "
        "out.",
        above=0,
        below=1,
    )
    bilevel: bool = option(
        False,
        "Structural weights learn on held-out training samples, all else on the others, in turns "
        "(adam, rmsprop).",
    )
    sparsity: float = option(
        0.0,
        "How strongly structural weights are drawn to few candidates: by the L1 norm of raw "
        "weights, else by the entropy (adam, rmsprop).",
        least=0,
    )
    cost: str | None = option(
        None,
        "Cost of candidates on a device, counted as in `diffqas candidates --cost`. The result "
        "shows it, and --cost-weight weighs it (models qt and vqc). Shots are no such cost, as "
        "they depend on the angles: train with --shots.",
        among=COSTS,
    )
    cost_weight: float = option(
        0.0,
        "How strongly structural weights are drawn to candidates of little cost: at 1 a circuit "
        "without cost may have e times the loss of the most expensive one (adam, rmsprop, soap).",
        least=0,
        most=1e6,
    )
    coupling: str = option(
        ALL,
        "Where the cost is counted: all (all qubits coupled, without Qiskit), line, ring, grid, "
        "heavy-hex, or the name of a backend; circuits are routed there by Qiskit.",
    )
    others: tuple[Optimiser, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "optimizer", as_optimiser(self.optimizer, self.others))
        object.__setattr__(self, "others", self._tried())
        check(self)
        strict = self.bilevel or self.sparsity > 0
        rule = "be adam or rmsprop for a bilevel or sparse search"
        fits = not strict or self.optimizer.elementwise
        require(fits, "optimizer", rule, self.optimizer.name)
        alone = not self.bilevel or self.sparsity == 0
        require(alone, "sparsity", "be 0 in a bilevel search", self.sparsity)
        rule = "be adam, rmsprop or soap where costs are weighed"
        fits = self.cost_weight == 0 or self.optimizer.penalised
        require(fits, "optimizer", rule, self.optimizer.name)
        fits = self.cost_weight == 0 or self.cost is not None
        rule = f"be 0 where no cost is named (cost: {' or '.join(COSTS)})"
        require(fits, "cost_weight", rule, self.cost_weight)

    def unread(self) -> dict[str, Unread]:
        """The options of the training that have no effect, by their names."""
        found: dict[str, Unread] = {}
        if self.select != "best" and not self.bilevel:
            found["validation"] = Unread("go with `select` best or `bilevel`", "neither of them")
        if not self.optimizer.scheduled:
            rule = "go with an optimizer that has a learning rate"
            found["schedule"] = Unread(rule, self.optimizer.name)
        if self.cost is None:
            why = Unread(f"go with a `cost`, {' or '.join(COSTS)}", "none")
            found |= dict.fromkeys(("coupling", "cost_weight"), why)
        return found

    def _tried(self) -> tuple[Optimiser, ...]:
        """The other optimisers, one of a kind, without those that have their usual settings."""
        named = {one.name: one for one in self.others}
        named.pop(self.optimizer.name, None)
        kept = [one for one in named.values() if one != OPTIMISERS[one.name]()]
        return tuple(sorted(kept, key=lambda one: list(OPTIMISERS).index(one.name)))

    def by(self, optimiser: str | Optimiser) -> Settings:
        """The same settings with another optimiser; the present one is kept among the others."""
        chosen = as_optimiser(optimiser, (self.optimizer, *self.others))
        return replace(self, optimizer=chosen, others=(*self.others, self.optimizer))

    def steps_per_epoch(self, samples: int) -> int:
        """Batches of one epoch over so many training samples; the last one may be short."""
        return -(-samples // self.batch_size)

    def problem(self, task: _Trained) -> Problem:
        """The facts about a task that the optimiser needs."""
        steps = self.steps_per_epoch(len(task.train))
        return Problem(task.loss, task.train.targets, steps, self.schedule)

    @staticmethod
    def upgraded(values: JsonView) -> Json:
        """The fields as this version stores them, from those that version 0.1.0 stored.

        That version stored the settings of every optimiser beside the name of the one in use, and
        called the choices about the generator `recipe`.
        """
        values = renamed(values, OLD_NAMES)
        if not isinstance(values.get("optimizer"), str):
            return values
        old = {name: values[name] for name in OF_OPTIMISERS if name in values}
        kept = {name: value for name, value in values.items() if name not in old}
        every = {word: _changed(kind(), old) for word, kind in OPTIMISERS.items()}
        chosen = as_optimiser(values["optimizer"], every.values())
        return kept | {"optimizer": chosen, "others": tuple(every.values())}


def _changed(optimiser: Optimiser, numbers: JsonView) -> Optimiser:
    """An optimiser with those of the numbers, by their old names, that it has."""
    known = {each.name for each in fields(optimiser)}
    own = {OF_OPTIMISERS[name]: value for name, value in numbers.items()}
    return replace(optimiser, **{name: value for name, value in own.items() if name in known})


_init = Settings.__init__


def _init_of_before(self: Settings, *arguments: Any, **named: Any) -> None:
    """Take numbers of the optimiser beside its name, too, as in version 0.1.0."""
    old = {name: named.pop(name) for name in OF_OPTIMISERS if name in named}
    _init(self, *arguments, **named)
    if not old:
        return
    listed = ", ".join(f"{name}=" for name in old)
    warnings.warn(
        f"Settings({listed}) is deprecated: give optimizer=Adam(...), RMSProp(...), SOAP(...) or "
        "Kalman(...) of diffqas.optimisers.",
        DeprecationWarning,
        stacklevel=3,
    )
    known = (self.optimizer, *self.others)
    every = [_changed(as_optimiser(word, known), old) for word in OPTIMISERS]
    object.__setattr__(self, "optimizer", as_optimiser(self.optimizer.name, every))
    object.__setattr__(self, "others", tuple(every))
    object.__setattr__(self, "others", self._tried())


Settings.__init__ = _init_of_before  # type: ignore[method-assign]
accept_old_names(Settings, OLD_NAMES)
