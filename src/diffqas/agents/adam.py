"""Adam over flat numbers, with a learning rate per seed and a state that processes can share."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from diffqas.storage import State


@dataclass
class FlatAdam:
    """Adam (Kingma and Ba 2015) on one row of numbers per seed.

    Attributes:
        rates: the learning rate of every number relative to that of the step, (numbers,).
        betas: the decay rates of the moments.
        eps: the number that is added to the denominator.
        first, second: the moments, (seeds, numbers).
        steps: how many steps each seed has taken, (seeds,).
    """

    rates: Tensor
    betas: tuple[float, float]
    eps: float
    first: Tensor
    second: Tensor
    steps: Tensor

    @classmethod
    def start(cls, rates: Tensor, seeds: int, betas: tuple[float, float], eps: float) -> FlatAdam:
        """Make the optimiser as it is before the first step."""
        zeros = rates.new_zeros(seeds, len(rates))
        return cls(rates, betas, eps, zeros, zeros.clone(), rates.new_zeros(seeds))

    @torch.no_grad()
    def step(self, gradient: Tensor, lr: Tensor, active: Tensor) -> Tensor:
        """Take a step, and return the change of the numbers, (seeds, numbers).

        Args:
            gradient: the gradients, (seeds, numbers).
            lr: the learning rate of each seed, (seeds,).
            active: which seeds take the step, (seeds,) of bool; for the others nothing changes.
        """
        (beta1, beta2), taking = self.betas, active.unsqueeze(1)
        self.steps += active
        gradient = torch.where(taking, gradient, 0)
        self.first += (1 - beta1) * (gradient - self.first) * taking
        self.second += (1 - beta2) * (gradient.square() - self.second) * taking
        # The moments start at zero and are too small at first. Dividing by 1 - beta^t corrects that
        # (Kingma and Ba 2015, section 3). For a seed without a step it would be a division by zero.
        done = self.steps.clamp(min=1)
        first = self.first / (1 - beta1**done).unsqueeze(1)
        second = self.second / (1 - beta2**done).unsqueeze(1)
        change = -lr.unsqueeze(1) * self.rates * first / (second.sqrt() + self.eps)
        return torch.where(taking, change, 0)

    def row(self, index: int) -> FlatAdam:
        """The optimiser of one seed, which shares the memory of this one."""
        here = slice(index, index + 1)
        return FlatAdam(
            self.rates, self.betas, self.eps, self.first[here], self.second[here], self.steps[here]
        )

    def share(self) -> None:
        """Move everything to memory that processes share."""
        for tensor in (self.rates, self.first, self.second, self.steps):
            tensor.share_memory_()

    def state_dict(self) -> State:
        """The state that the next step depends on."""
        return {"first": self.first, "second": self.second, "steps": self.steps}

    def load_state_dict(self, state: State) -> None:
        """Continue from what `state_dict` gave."""
        for name, mine in self.state_dict().items():
            mine.copy_(state[name])
