"""The contract of every optimiser: a typed choice that knows its rules and makes the algorithm."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeAlias

import torch
from torch import Tensor

from diffqas.choices import check

# Offered by this room, too.
from diffqas.optim import schedule_factor as schedule_factor
from diffqas.optimisers.population import Group, Population
from diffqas.storage import State

Loss: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""(predictions, targets) of one model -> a scalar, the mean over the samples."""
Penalty: TypeAlias = Callable[[Tensor], Tensor]
"""Losses of all seeds, (seeds,) -> what is added to each, by numbers of the models besides."""


@dataclass(frozen=True, eq=False)
class Problem:
    """What an optimiser is told of a training besides the models.

    Attributes:
        loss: of one model.
        targets: of all training samples, (count, ...): their variance is a filter's unit.
        steps_per_epoch: batches of one pass.
        schedule: of the learning rate, `"constant"` or `"cosine"`: from its base to zero.
        penalty: added to the losses before the gradient is taken; None: nothing.
    """

    loss: Loss
    targets: Tensor
    steps_per_epoch: int
    schedule: str = "constant"
    penalty: Penalty | None = None


class Optimisation(Protocol):
    """Changes the numbers of a population, each seed by itself."""

    @property
    def unsound(self) -> Tensor | None:
        """Seeds whose last step was left out, (seeds,) of bool.

        A step is left out where the gradient was not finite although the loss was.

        None if there are none, or where the method itself knows how to go on.
        """
        ...

    def step(self, inputs: Tensor, targets: Tensor, progress: float, frozen: Tensor) -> Tensor:
        """One step on a batch.

        Args:
            inputs: the batch's, (count, ...).
            targets: the batch's, (count, ...).
            progress: share of all steps done.
            frozen: (seeds,) of bool: seeds whose numbers stay. So do those of a seed whose loss is
                no number.

        Returns:
            Losses before the step, (seeds,).
        """
        ...

    def state_dict(self) -> State:
        """What the next step depends on."""
        ...

    def load_state_dict(self, state_dict: State) -> None:
        """Continue from what `state_dict` gave."""
        ...


@dataclass(frozen=True)
class Optimiser(ABC):
    """Base of the optimisers: frozen dataclasses whose fields are their settings.

    To add one, derive a class, give it a `name` and the options that it has, and list it in
    `OPTIMISERS`: command line, `diffqas.search`, run folders and `diffqas tune` follow.
    """

    name: ClassVar[str]
    """Word of the command line."""
    most_numbers: ClassVar[int | None] = None
    """Trainable numbers per seed that its covariance can hold; None where it has no covariance."""
    elementwise: ClassVar[bool] = False
    """Whether it acts on every number by itself, so that groups of numbers can take turns."""
    scheduled: ClassVar[bool] = True
    """Whether it has a learning rate, which a schedule changes."""
    penalised: ClassVar[bool] = True
    """Whether it goes down the gradient of a loss that a penalty can be added to."""

    def __post_init__(self) -> None:
        check(self)

    @abstractmethod
    def make(self, population: Population, problem: Problem) -> Optimisation:
        """The algorithm for these models.

        Raises:
            ArgumentError: a loss that it cannot work with, or too many trainable numbers.
        """

    def torch_optimizer(
        self, groups: Collection[Group], recorded: bool = False
    ) -> torch.optim.Optimizer:
        """The same as an optimiser of torch, of those that act element by element.

        Its steps can be `recorded` on a card if that is asked for: counts and rates are tensors.
        """
        raise TypeError(f"{self.name} does not act element by element")

    @property
    def base_rate(self) -> float:
        """The learning rate that parameter groups multiply; 1 of one that has none."""
        return float(getattr(self, "lr", 1.0))


def per_seed(function: Loss, predictions: Tensor, targets: Tensor) -> Tensor:
    """Apply a loss or metric to every seed's predictions: (seeds, ...), (...) -> (seeds,)."""
    return torch.stack([function(prediction, targets) for prediction in predictions])
