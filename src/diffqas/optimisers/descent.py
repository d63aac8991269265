"""Adam and RMSProp: a step along the gradient, every number by itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from diffqas.choices import Tuning, option
from diffqas.optim import records, schedule_factor
from diffqas.optimisers.choice import (
    Optimisation,
    Optimiser,
    Problem,
    per_seed,
)
from diffqas.optimisers.population import Group, Population, trained_tensors
from diffqas.optimisers.stages import stage
from diffqas.storage import State, storable

RATE = "Base learning rate, multiplied by the rate of each group of numbers."
RATES = Tuning(1e-4, 0.3)
BETAS = "Decay rates of the first and the second moment."
BETA_2 = Tuning(0.9, 0.999, log=False, entry=1, name="beta2")


class _ElementByElement(Optimiser):
    """The common base class of Adam and RMSProp."""

    elementwise: ClassVar[bool] = True

    def make(self, population: Population, problem: Problem) -> Optimisation:
        """Make a gradient descent on all groups of numbers."""
        return GradientDescent(population, problem, self)


@storable
@dataclass(frozen=True)
class Adam(_ElementByElement):
    """Adam (Kingma & Ba, arXiv 1412.6980), as `torch.optim.Adam`."""

    lr: float = option(0.01, RATE, above=0, tune=RATES)
    betas: tuple[float, float] = option((0.9, 0.999), BETAS, least=0, below=1, tune=BETA_2)
    eps: float = option(1e-8, "Added to the denominator.", above=0)

    name: ClassVar[str] = "adam"

    def torch_optimizer(
        self, groups: Collection[Group], recorded: bool = False
    ) -> torch.optim.Optimizer:
        """Adam as torch has it, for groups of parameters with their own rates."""
        return torch.optim.Adam(
            groups,
            lr=self.lr,
            betas=self.betas,
            eps=self.eps,
            capturable=recorded,
            foreach=True if recorded else None,
        )


@storable
@dataclass(frozen=True)
class RMSProp(_ElementByElement):
    """RMSProp, the optimiser that arXiv 2505.09653 names for series, as `torch.optim.RMSprop`."""

    lr: float = option(0.01, RATE, above=0, tune=RATES)
    alpha: float = option(
        0.99,
        "Smoothing constant.",
        least=0,
        below=1,
        tune=Tuning(0.8, 0.999, log=False),
    )
    eps: float = option(1e-8, "Added to the denominator.", above=0)

    name: ClassVar[str] = "rmsprop"

    def torch_optimizer(
        self, groups: Collection[Group], recorded: bool = False
    ) -> torch.optim.Optimizer:
        """RMSProp as torch has it, for groups of parameters with their own rates."""
        return torch.optim.RMSprop(
            groups,
            lr=self.lr,
            alpha=self.alpha,
            eps=self.eps,
            capturable=recorded,
            foreach=True if recorded else None,
        )


class GradientDescent:
    """Adam or RMSProp at work, with a learning-rate schedule.

    Both act on every number by itself, so the seeds do not influence each other.

    Args:
        population: the seeds' models.
        problem: loss and schedule.
        optimiser: an optimiser that acts element by element.
        names: the names of the parameter groups that learn; None: all groups.
    """

    def __init__(
        self,
        population: Population,
        problem: Problem,
        optimiser: Optimiser,
        names: Collection[str] | None = None,
    ) -> None:
        self.population, self.problem = population, problem
        groups = population.parameter_groups(optimiser.base_rate)
        own = [group for group in groups if names is None or group["name"] in names]
        device = trained_tensors(population)[0].device
        self._recorded = records(device)
        # The schedule multiplies each group's own rate, so this rate is kept.
        rated = [group | {"base_lr": group["lr"]} for group in own]
        self.optimizer = optimiser.torch_optimizer(rated, self._recorded)
        self._place_rates()
        self.unsound: Tensor | None = None
        self._descend = stage(self._descended, population, device)

    def step(self, inputs: Tensor, targets: Tensor, progress: float, frozen: Tensor) -> Tensor:
        """Make one step, as `Optimisation.step` describes it."""
        for group in self.optimizer.param_groups:
            rate = group["base_lr"] * schedule_factor(self.problem.schedule, progress)
            if self._recorded:
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate
        losses, self.unsound = self._descend(inputs, targets, frozen)
        return losses

    def _losses(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Losses of a batch that all seeds share, (seeds,)."""
        return per_seed(self.problem.loss, self.population(inputs), targets)

    def _descended(self, inputs: Tensor, targets: Tensor, frozen: Tensor) -> tuple[Tensor, Tensor]:
        """A step at the present rates: losses, and seeds that were left out."""
        self.optimizer.zero_grad(set_to_none=True)
        losses = self._losses(inputs, targets)
        (losses + self._penalty(losses.detach())).sum().backward()
        frozen = frozen | ~torch.isfinite(losses.detach())
        left_out = unsound(self.optimizer, frozen) & ~frozen
        frozen = frozen | left_out
        # A card goes the long way in any case: the host must not wait to learn what is in `frozen`.
        if not self._recorded and not frozen.any():
            self._move()
            return losses.detach(), left_out
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        kept = [p.detach().clone() for p in parameters]
        self._move()
        with torch.no_grad():
            for parameter, values in zip(parameters, kept, strict=True):
                rows = frozen.view(-1, *[1] * (parameter.ndim - 1))
                parameter.copy_(torch.where(rows, values, parameter))
        return losses.detach(), left_out

    def _place_rates(self) -> None:
        """Hold the rates and the counts of steps where the step is computed."""
        for group in self.optimizer.param_groups:
            group["lr"] = float(group["lr"])
            if "capturable" in group:  # not in groups that an older version stored
                group["capturable"] = self._recorded
            if not self._recorded:
                continue
            like = group["params"][0]
            group["lr"] = torch.tensor(group["lr"], dtype=torch.float64).to(like.device)
            for parameter in group["params"]:
                state = self.optimizer.state.get(parameter, {})
                if "step" in state:
                    state["step"] = state["step"].to(like.device)

    @property
    def uncaptured(self) -> str | None:
        """The reason why steps on a card are not recorded, or None if they are."""
        return self._descend.reason

    def _penalty(self, losses: Tensor) -> Tensor | float:
        """What is added to the loss of each seed."""
        if self.problem.penalty is None:
            return 0.0
        return self.problem.penalty(losses)

    def _move(self) -> None:
        """Change the numbers by the gradients at hand."""
        self.optimizer.step()

    def state_dict(self) -> State:
        """The state of the torch optimiser."""
        return self.optimizer.state_dict()

    def load_state_dict(self, state_dict: State) -> None:
        """Continue from a state, as `torch.optim.Optimizer.load_state_dict`."""
        self.optimizer.load_state_dict(state_dict)
        # The state may come from another kind of device, and lies in new tensors.
        self._place_rates()
        self._descend.forget()


def unsound(optimizer: torch.optim.Optimizer, seeds: Tensor) -> Tensor:
    """The seeds with a gradient that is not finite, a tensor of bool of the shape of `seeds`."""
    gradients = [
        p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None
    ]
    rows = len(seeds)
    sound = [torch.isfinite(gradient).reshape(rows, -1).all(1) for gradient in gradients]
    return ~torch.stack(sound).all(0) if sound else torch.zeros_like(seeds)
