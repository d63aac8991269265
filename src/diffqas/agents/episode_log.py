"""The log of a training's episodes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

WINDOW = 500
"""Episodes in the moving average that is shown while training."""
LAST = 5_000
"""Episodes at the end that the result is the mean of."""
LAST_OF_STEPS = 100
"""As `LAST`, if a number of steps ends the training; gymnasium counts so for CartPole."""


class EpisodeLog:
    """The reward and the length of every episode of every seed, in the order of their ends.

    Args:
        seeds: the number of seeds.
        limit: the most episodes that are kept for each seed.

    Attributes:
        steps: how many steps the finished episodes of each seed have in all.
    """

    def __init__(self, seeds: int, limit: int) -> None:
        self.limit = limit
        self.rewards: list[list[float]] = [[] for _ in range(seeds)]
        self.lengths: list[list[int]] = [[] for _ in range(seeds)]
        self.steps = [0] * seeds

    def add(self, row: int, ended: Sequence[tuple[float, int]]) -> None:
        """Append (reward, steps) of a seed's episodes; those beyond the limit are left out."""
        kept = ended[: self.limit - len(self.rewards[row])]
        self.rewards[row] += [reward for reward, _ in kept]
        self.lengths[row] += [length for _, length in kept]
        self.steps[row] += sum(length for _, length in kept)

    @property
    def counts(self) -> list[int]:
        """The number of episodes of each seed."""
        return [len(rewards) for rewards in self.rewards]

    def figures(self, last: int) -> dict[str, list[float]]:
        """The means over so many last episodes of each seed: `reward`, `success`, `length`."""

        def mean(values: Sequence[float]) -> float:
            return float(np.mean(values)) if len(values) else float("nan")

        tails = [rewards[-last:] for rewards in self.rewards]
        return {
            "reward": [mean(tail) for tail in tails],
            "success": [mean([reward > 0 for reward in tail]) for tail in tails],
            "length": [mean(lengths[-last:]) for lengths in self.lengths],
        }

    def state_dict(self) -> dict[str, list[Tensor]]:
        """The log as tensors."""
        return {
            "rewards": [torch.tensor(rewards, dtype=torch.float64) for rewards in self.rewards],
            "lengths": [torch.tensor(lengths, dtype=torch.int32) for lengths in self.lengths],
        }

    def load_state_dict(self, state: dict[str, list[Tensor]]) -> None:
        """Continue from what `state_dict` gave."""
        self.rewards = [rewards.tolist() for rewards in state["rewards"]]
        self.lengths = [lengths.tolist() for lengths in state["lengths"]]
        self.steps = [sum(lengths) for lengths in self.lengths]
