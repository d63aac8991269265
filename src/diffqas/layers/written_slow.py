"""The slow networks of several seeds, written by circuits (Quantum-Train, arXiv 2412.01173)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from diffqas.architecture import ParameterGroup
from diffqas.layers.slow_programmer import SlowProgrammer
from diffqas.optim import derivatives
from diffqas.quantum_train import Lockstep, QuantumTrain

Weights = dict[str, Tensor]
"""Of slow networks, by name; one network after the other in the first dimension."""


class WrittenTogether(nn.Module):
    """Slow networks whose weights circuits write, each for inputs of its own.

    (seeds, batch, ...) -> (seeds, batch, ...), as `Together` does it with trained ones.

    Args:
        modules: slow networks inside of `QuantumTrain`, that differ in their numbers only.
    """

    def __init__(self, modules: Sequence[QuantumTrain]) -> None:
        super().__init__()
        self.writing = Lockstep(modules)
        # In a list: its weights are not ours, and are never used.
        network = cast("SlowProgrammer", modules[0].export())
        self._network = [network.requires_grad_(False)]

    def weights(self) -> Weights:
        """What the circuits write now, differentiable, each (seeds, ...)."""
        return self.writing.generate()

    def applied(self, weights: Weights, x: Tensor) -> Tensor:
        """Networks of these weights, each on its own inputs."""

        def one(numbers: Weights, own: Tensor) -> Tensor:
            return torch.func.functional_call(self._network[0], numbers, (own,))

        return torch.func.vmap(one)(weights, x)

    def forward(self, x: Tensor) -> Tensor:
        """What is added to the angles of every seed."""
        return self.applied(self.weights(), x)

    def rows(self, weights: Weights, slopes: Weights, parameters: Sequence[Tensor]) -> list[Tensor]:
        """Derivatives by the numbers that write, from those by the weights that are written.

        By the chain rule: a row is the row of the weights times their derivatives by the numbers,
        which are the same for every sample.

        Args:
            weights: what `weights` gave, each (seeds, ...).
            slopes: of the outputs by each of them, (samples, seeds, ...).
            parameters: the numbers.

        Returns:
            (samples, *shape) for each of the numbers.
        """
        with torch.enable_grad():
            written = torch.cat([weights[name].flatten(1) for name in weights], dim=1)
        rows = torch.cat([slopes[name].flatten(2) for name in weights], dim=2)
        return derivatives(written, parameters, rows)

    def parameter_groups(self, lr: float, rate: float) -> list[ParameterGroup]:
        """As `slow_groups`."""
        return slow_groups(self.writing, lr, rate)

    def write_back(self, modules: Sequence[QuantumTrain]) -> None:
        """Copy each seed's numbers into the modules given."""
        self.writing.write_back(modules)


def slow_groups(writing: QuantumTrain | Lockstep, lr: float, rate: float) -> list[ParameterGroup]:
    """Groups for `torch.optim` of what writes a slow network.

    Each has its own rate relative to the slow network's.

    Args:
        writing: it, of one seed or of several.
        lr: base rate.
        rate: of the slow network relative to that.
    """
    groups = writing.parameter_groups(lr * rate)
    return [{**group, "name": f"slow {group['name']}"} for group in groups]
