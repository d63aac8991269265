"""The slow networks of several seeds as one module: trained ones, or ones that circuits write
(Quantum-Train, arXiv 2412.01173). Both have the same methods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from diffqas.architecture import ParameterGroup, trained
from diffqas.layers.hybrid_lockstep import Together, Weights
from diffqas.layers.qfwp_forecaster import FastWeightForecaster
from diffqas.layers.slow_programmer import SlowProgrammer, slow_groups
from diffqas.optim import derivatives
from diffqas.quantum_train import Lockstep, QuantumTrain


class TrainedTogether(Together):
    """Slow networks whose weights are trained themselves, each for inputs of its own."""

    def rows(self, weights: Weights, slopes: Weights, parameters: Sequence[Tensor]) -> list[Tensor]:
        """As of `WrittenTogether`: the weights are the numbers."""
        names = {id(weight): name for name, weight in weights.items()}
        return [slopes[names[id(parameter)]] for parameter in parameters]

    def advance(self, progress: float, step: int, seeds: Sequence[int]) -> None:
        """Do nothing, as these networks do not depend on the progress of training."""

    def parameter_groups(self, lr: float, rates: Mapping[str, float]) -> list[ParameterGroup]:
        """The group `"slow"` for `torch.optim`."""
        return trained({"slow": self.parameters()}, rates, lr)

    def write_into(self, models: Sequence[FastWeightForecaster]) -> None:
        """Copy each seed's numbers into the models given."""
        self.write_back([model.cell.slow for model in models])


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

    def advance(self, progress: float, step: int, seeds: Sequence[int]) -> None:
        """Tell the circuits how far training has come."""
        self.writing.advance(progress, step, seeds)

    def parameter_groups(self, lr: float, rates: Mapping[str, float]) -> list[ParameterGroup]:
        """As `slow_groups`."""
        return slow_groups(self.writing, lr, rates.get("slow", 1.0))

    def write_into(self, models: Sequence[FastWeightForecaster]) -> None:
        """Copy each seed's numbers into the models given."""
        self.writing.write_back(written_networks(models))


def slow_together(models: Sequence[FastWeightForecaster]) -> TrainedTogether | WrittenTogether:
    """The slow networks of the models: trained ones, or written ones."""
    written = written_networks(models)
    if written:
        return WrittenTogether(written)
    return TrainedTogether([model.cell.slow for model in models])


def written_networks(models: Sequence[FastWeightForecaster]) -> list[QuantumTrain]:
    """The slow networks that circuits write: those of all models, or none."""
    return [model.cell.slow for model in models if isinstance(model.cell.slow, QuantumTrain)]
