"""The base of every optimiser: a typed choice that checks its values and makes the algorithm."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeAlias

import torch
from torch import Tensor

from diffqas.choices import check

# This package offers the function as well.
from diffqas.optim import schedule_factor as schedule_factor
from diffqas.optimisers.population import Group, Population
from diffqas.storage import State

Loss: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""(predictions, targets) of one model -> a scalar, the mean over the samples."""
Penalty: TypeAlias = Callable[[Tensor], Tensor]
"""Losses of all seeds (seeds,) -> what is added to each; it may depend on the models' numbers."""


@dataclass(frozen=True, eq=False)
class Problem:
    """What an optimiser needs to know about a training besides the models.

    Attributes:
        loss: the loss of one model.
        targets: the targets of all training samples, (count, ...); a Kalman filter takes their
            variance as its unit.
        steps_per_epoch: the batches of one pass over the samples.
        schedule: the schedule of the learning rate, `"constant"`, or `"cosine"` from its base to
            zero.
        penalty: what is added to the losses before the gradient is taken; None: nothing.
    """

    loss: Loss
    targets: Tensor
    steps_per_epoch: int
    schedule: str = "constant"
    penalty: Penalty | None = None


class Optimisation(Protocol):
    """A running optimisation, which changes the numbers of a population, each seed by itself."""

    @property
    def unsound(self) -> Tensor | None:
        """The seeds whose last step was left out, (seeds,) of bool, or None.

        A step is left out if the gradient was not finite although the loss was. The value is None
        if there is no such seed, or if the method itself can continue after such a step.
        """
        ...

    def step(self, inputs: Tensor, targets: Tensor, progress: float, frozen: Tensor) -> Tensor:
        """Make one step on a batch.

        Args:
            inputs: the inputs of the batch, (count, ...).
            targets: the targets of the batch, (count, ...).
            progress: the share of all steps done.
            frozen: (seeds,) of bool, the seeds whose numbers stay. The numbers of a seed whose loss
                is not finite stay as well.

        Returns:
            The losses before the step, (seeds,).
        """
        ...

    def state_dict(self) -> State:
        """All that the next step depends on."""
        ...

    def load_state_dict(self, state_dict: State) -> None:
        """Continue from what `state_dict` gave."""
        ...


@dataclass(frozen=True)
class Optimiser(ABC):
    """Base class of the optimisers: frozen dataclasses whose fields are their settings.

    To add an optimiser, derive a class, give it a `name` and its options, and list it in
    `OPTIMISERS`. The command line, `diffqas.search`, run folders and `diffqas tune` then know it.

    Raises:
        ArgumentError: a value breaks the rule of its option.
    """

    name: ClassVar[str]
    """The word for it on the command line."""
    most_numbers: ClassVar[int | None] = None
    """The most trainable numbers per seed that its covariance can hold; None: no covariance."""
    elementwise: ClassVar[bool] = False
    """Whether it acts on every number by itself, so that groups of numbers can take turns."""
    scheduled: ClassVar[bool] = True
    """Whether it has a learning rate, which a schedule changes."""
    penalised: ClassVar[bool] = True
    """Whether it follows the gradient of a loss, to which a penalty can be added."""

    def __post_init__(self) -> None:
        check(self)

    @abstractmethod
    def make(self, population: Population, problem: Problem) -> Optimisation:
        """Make the algorithm for these models.

        Raises:
            ArgumentError: it cannot work with the loss, or there are too many trainable numbers.
        """

    def torch_optimizer(
        self, groups: Collection[Group], recorded: bool = False
    ) -> torch.optim.Optimizer:
        """The same optimiser in torch's form, if it acts element by element.

        Args:
            groups: the groups of parameters with their rates.
            recorded: whether its steps can be recorded on a card; counts and rates are then
                tensors.

        Raises:
            TypeError: the optimiser does not act element by element.
        """
        raise TypeError(f"{self.name} does not act element by element")

    @property
    def base_rate(self) -> float:
        """The learning rate that parameter groups multiply; 1 for an optimiser without one."""
        return float(getattr(self, "lr", 1.0))


def per_seed(function: Loss, predictions: Tensor, targets: Tensor) -> Tensor:
    """Apply a loss or metric to every seed's predictions: (seeds, ...), (...) -> (seeds,)."""
    return torch.stack([function(prediction, targets) for prediction in predictions])
