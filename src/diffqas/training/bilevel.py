"""Structural weights learn on samples that the angles never see: first-order bilevel search.

A joint search fits everything to the training samples. Differentiable architecture search as it was
first described (DARTS; Liu et al. 2019, arXiv 1806.09055) takes two steps in turn: the structural
weights down the gradient of the validation loss, at the numbers as they are (first order), then all
other numbers down that of the training loss.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from diffqas.errors import require
from diffqas.optimisers import GradientDescent, Population
from diffqas.tasks import Settings, Split, Task

STRUCTURE = "structure"
"""Name of the group of structural weights among a population's parameters."""


class Bilevel:
    """Two optimisers of one kind that take turns: the structure on held-out batches, all else on
    training batches.

    Args:
        population: the seeds' models; they must have structural weights that learn.
        task: with a validation part, whose batches are taken in order, round after round.
        settings: how to train.

    Raises:
        ArgumentError: nothing is searched, or nothing is held out.
    """

    def __init__(self, population: Population, task: Task, settings: Settings) -> None:
        names = {group["name"] for group in population.parameter_groups(1.0)}
        require(
            STRUCTURE in names, "bilevel", "be False where no structural weights are trained", True
        )
        held_out = task.validation
        assert held_out is not None, "the loop holds samples out for settings that are bilevel"
        self.validation: Split = held_out
        self.batch_size = settings.batch_size
        problem = settings.problem(task)
        self.upper = GradientDescent(population, problem, settings.optimizer, {STRUCTURE})
        self.lower = GradientDescent(population, problem, settings.optimizer, names - {STRUCTURE})
        self.steps = 0

    def step(self, inputs: Tensor, targets: Tensor, progress: float, frozen: Tensor) -> Tensor:
        """As `Optimisation.step`; the losses are those of the training batch."""
        first = self.steps % -(-len(self.validation) // self.batch_size) * self.batch_size
        batch = slice(first, first + self.batch_size)
        self.upper.step(
            self.validation.inputs[batch], self.validation.targets[batch], progress, frozen
        )
        self.steps += 1
        return self.lower.step(inputs, targets, progress, frozen)

    @property
    def unsound(self) -> Tensor | None:
        """Seeds that either step left out."""
        both = [one.unsound for one in (self.upper, self.lower) if one.unsound is not None]
        return torch.stack(both).any(0) if both else None

    def state_dict(self) -> dict[str, Any]:
        """Those of the two optimisers, and the steps done."""
        return {
            "upper": self.upper.state_dict(),
            "lower": self.lower.state_dict(),
            "steps": self.steps,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from what `state_dict` gave."""
        self.upper.load_state_dict(state_dict["upper"])
        self.lower.load_state_dict(state_dict["lower"])
        self.steps = state_dict["steps"]
