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
        rates: learning rate of every number relative to the step's, (numbers,).
        betas: decay rates of the moments.
        eps: added to the denominator.
        first, second: the moments, (seeds, numbers).
        steps: taken by each seed, (seeds,).
    """

    rates: Tensor
    betas: tuple[float, float]
    eps: float
    first: Tensor
    second: Tensor
    steps: Tensor

    @classmethod
    def start(cls, rates: Tensor, seeds: int, betas: tuple[float, float], eps: float) -> FlatAdam:
        """Before the first step."""
        zeros = rates.new_zeros(seeds, len(rates))
        return cls(rates, betas, eps, zeros, zeros.clone(), rates.new_zeros(seeds))

    @torch.no_grad()
    def step(self, gradient: Tensor, lr: Tensor, active: Tensor) -> Tensor:
        """Change of the numbers, (seeds, numbers).

        Args:
            gradient: (seeds, numbers).
            lr: of each seed, (seeds,).
            active: seeds that take the step, (seeds,) of bool; the others change nothing.
        """
        (beta1, beta2), taking = self.betas, active.unsqueeze(1)
        self.steps += active
        gradient = torch.where(taking, gradient, 0)
        self.first += (1 - beta1) * (gradient - self.first) * taking
        self.second += (1 - beta2) * (gradient.square() - self.second) * taking
        # The moments start at zero and are too small at first: divided by 1 - beta^t they are not
        # (Kingma and Ba 2015, section 3). A seed without a step would divide by zero.
        done = self.steps.clamp(min=1)
        first = self.first / (1 - beta1**done).unsqueeze(1)
        second = self.second / (1 - beta2**done).unsqueeze(1)
        change = -lr.unsqueeze(1) * self.rates * first / (second.sqrt() + self.eps)
        return torch.where(taking, change, 0)

    def row(self, index: int) -> FlatAdam:
        """That of one seed: it shares the memory of this one."""
        here = slice(index, index + 1)
        return FlatAdam(
            self.rates, self.betas, self.eps, self.first[here], self.second[here], self.steps[here]
        )

    def share(self) -> None:
        """Move everything to memory that processes share."""
        for tensor in (self.rates, self.first, self.second, self.steps):
            tensor.share_memory_()

    def state_dict(self) -> State:
        """What the next step depends on."""
        return {"first": self.first, "second": self.second, "steps": self.steps}

    def load_state_dict(self, state: State) -> None:
        """Continue from what `state_dict` gave."""
        for name, mine in self.state_dict().items():
            mine.copy_(state[name])
