"""One step of training: by the gradient of the loss, or by a Kalman filter where `kalman.py` says."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any, Protocol

import torch
from torch import Tensor

from diffqas.tasks import Loss, Settings
from diffqas.training.population import Population


class Optimisation(Protocol):
    """Changes the numbers of a population, each seed by itself."""

    @property
    def unsound(self) -> Tensor | None:
        """Seeds whose last step was left out because its gradient was not finite though the loss
        was, (seeds,) of bool.

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

    def state_dict(self) -> dict[str, Any]:
        """What the next step depends on."""
        ...

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from what `state_dict` gave."""
        ...


class GradientDescent:
    """Adam or RMSProp with a learning-rate schedule: both act element by element, so seeds do not
    meet.

    Args:
        population: the seeds' models.
        loss: of one model.
        settings: how to train.
        names: of the parameter groups that learn; None: all.
    """

    def __init__(
        self,
        population: Population,
        loss: Loss,
        settings: Settings,
        names: Collection[str] | None = None,
    ) -> None:
        self.population, self.loss, self.settings = population, loss, settings
        groups = population.parameter_groups(settings.lr)
        own = [group for group in groups if names is None or group["name"] in names]
        self.optimizer = make_optimizer(own, settings)
        self.unsound: Tensor | None = None

    def step(self, inputs: Tensor, targets: Tensor, progress: float, frozen: Tensor) -> Tensor:
        """As `Optimisation.step`."""
        for group in self.optimizer.param_groups:
            group["lr"] = group["base_lr"] * schedule_factor(self.settings.schedule, progress)
        self.optimizer.zero_grad(set_to_none=True)
        losses = per_seed(self.loss, self.population(inputs), targets)
        (losses + self._penalty(losses.detach())).sum().backward()
        frozen = frozen | ~torch.isfinite(losses.detach())
        self.unsound = unsound(self.optimizer, len(losses)) & ~frozen
        frozen = frozen | self.unsound
        if not frozen.any():
            self._move()
            return losses.detach()
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        kept = [p.detach()[frozen].clone() for p in parameters]
        self._move()
        with torch.no_grad():
            for parameter, values in zip(parameters, kept, strict=True):
                parameter[frozen] = values
        return losses.detach()

    def _penalty(self, losses: Tensor) -> Tensor | float:
        """What is added to the loss of each seed."""
        return 0.0

    def _move(self) -> None:
        """Change the numbers by the gradients at hand."""
        self.optimizer.step()

    def state_dict(self) -> dict[str, Any]:
        """That of the torch optimiser."""
        return self.optimizer.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """As of `torch.optim.Optimizer`."""
        self.optimizer.load_state_dict(state_dict)


def unsound(optimizer: torch.optim.Optimizer, seeds: int) -> Tensor:
    """Seeds with a gradient that is not finite, (seeds,) of bool."""
    gradients = [
        p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None
    ]
    wrong = [~torch.isfinite(gradient).reshape(seeds, -1).all(1) for gradient in gradients]
    return torch.stack(wrong).any(0) if wrong else torch.zeros(seeds, dtype=torch.bool)


def make_optimizer(groups: list[dict[str, Any]], settings: Settings) -> torch.optim.Optimizer:
    """The settings' optimiser over parameter groups; each group's `lr` is remembered as `base_lr`."""
    groups = [group | {"base_lr": group["lr"]} for group in groups]
    if settings.optimizer == "rmsprop":
        return torch.optim.RMSprop(groups, lr=settings.lr, alpha=settings.alpha, eps=settings.eps)
    return torch.optim.Adam(groups, lr=settings.lr, betas=settings.betas, eps=settings.eps)


def schedule_factor(schedule: str, progress: float) -> float:
    """Learning rate relative to its base after the share `progress` of all steps: a function, no
    state.

    >>> [round(schedule_factor("cosine", p), 2) for p in (0, 0.5, 1)]
    [1.0, 0.5, 0.0]
    """
    return 1.0 if schedule == "constant" else 0.5 * (1 + math.cos(math.pi * progress))


def per_seed(function: Loss, predictions: Tensor, targets: Tensor) -> Tensor:
    """Apply a loss or metric to every seed's predictions: (seeds, ...), (...) -> (seeds,)."""
    return torch.stack([function(prediction, targets) for prediction in predictions])
