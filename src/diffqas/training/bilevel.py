"""First-order bilevel search: structural weights learn on samples that the angles never see.

A joint search fits everything to the training samples. Differentiable architecture search as it was
first described (DARTS; Liu et al. 2019, arXiv 1806.09055) alternates between two steps. First the
structural weights go down the gradient of the validation loss, with all other numbers as they are
(first order); then all other numbers go down the gradient of the training loss.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from diffqas.errors import require
from diffqas.optimisers import GradientDescent, Population
from diffqas.storage import State
from diffqas.tasks import Settings, Split, Task
from diffqas.training.cost import problem_of

STRUCTURE = "structure"
"""Name of the group of structural weights among a population's parameters."""


class Bilevel:
    """Two optimisers of one kind that take turns.

    The structural weights step on held-out batches, all other numbers on training batches.

    Args:
        population: the seeds' models; they must have structural weights that learn.
        task: with a validation part, whose batches are taken in order, round after round.
        settings: how to train.

    Raises:
        ArgumentError: nothing is searched, or nothing is held out.
    """

    def __init__(self, population: Population, task: Task, settings: Settings) -> None:
        names = {group["name"] for group in population.parameter_groups(1.0)}
        rule = "be False where no structural weights are trained"
        require(STRUCTURE in names, "bilevel", rule, True)
        held_out = task.validation
        assert held_out is not None, "the loop holds samples out for settings that are bilevel"
        self.validation: Split = held_out
        self.batch_size = settings.batch_size
        # Costs are those of the structure alone, which learns in the upper step.
        priced = problem_of(population, task, settings)
        self.upper = GradientDescent(population, priced, settings.optimizer, {STRUCTURE})
        problem = settings.problem(task)
        self.lower = GradientDescent(population, problem, settings.optimizer, names - {STRUCTURE})
        self.steps = 0

    def step(self, inputs: Tensor, targets: Tensor, progress: float, frozen: Tensor) -> Tensor:
        """A step as `Optimisation.step`; the losses are those of the training batch."""
        held_out = self._held_out_batch()
        # The structure first: its gradient is taken at the numbers as they are (first order).
        self.upper.step(held_out.inputs, held_out.targets, progress, frozen)
        self.steps += 1
        return self.lower.step(inputs, targets, progress, frozen)

    def _held_out_batch(self) -> Split:
        """The next batch of the validation part, from its start again after the last one."""
        batches = math.ceil(len(self.validation) / self.batch_size)
        first = self.steps % batches * self.batch_size
        batch = slice(first, first + self.batch_size)
        return Split(self.validation.inputs[batch], self.validation.targets[batch])

    @property
    def unsound(self) -> Tensor | None:
        """Seeds that either step left out."""
        both = [one.unsound for one in (self.upper, self.lower) if one.unsound is not None]
        if not both:
            return None
        return torch.stack(both).any(0)

    @property
    def uncaptured(self) -> str | None:
        """Why the steps are not recorded on a graphics card, or None if they are."""
        return self.upper.uncaptured or self.lower.uncaptured

    def state_dict(self) -> State:
        """The states of the two optimisers, and the steps done."""
        return {
            "upper": self.upper.state_dict(),
            "lower": self.lower.state_dict(),
            "steps": self.steps,
        }

    def load_state_dict(self, state_dict: State) -> None:
        """Continue from what `state_dict` gave."""
        self.upper.load_state_dict(state_dict["upper"])
        self.lower.load_state_dict(state_dict["lower"])
        self.steps = state_dict["steps"]
