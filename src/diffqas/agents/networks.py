"""The networks of actor and critic: of one seed for the user, and of several seeds in training."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn

from diffqas.optimisers import Population
from diffqas.quantum_train import ParameterReport, QuantumTrain

Weights = dict[str, Tensor]

WIDTHS = (32, 32)


def tanh_network(
    inputs: int, outputs: int, widths: tuple[int, ...] = WIDTHS, head: float = 1.0
) -> nn.Sequential:
    """A perceptron with tanh between its layers.

    For MiniGrid the sizes are 147-32-32-7 (policy) and 147-32-32-1 (value). The last layer starts
    `head` times as large as torch would start it.

    >>> sum(weights.numel() for weights in tanh_network(147, 7).parameters())
    6023
    """
    sizes = (inputs, *widths)
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), nn.Tanh()]
    last = nn.Linear(sizes[-1], outputs)
    with torch.no_grad():
        last.weight.mul_(head)
        last.bias.mul_(head)
    return nn.Sequential(*layers, last)


class Centre(nn.Module):
    """The first layer of an exported policy: (observation - mean) * shrink.

    Args:
        mean: the mean of the observations seen in training, (size,).
        shrink: the factor on the centred observations.
    """

    mean: Tensor

    def __init__(self, mean: Tensor, shrink: float) -> None:
        super().__init__()
        self.shrink = shrink
        self.register_buffer("mean", mean)

    def forward(self, observations: Tensor) -> Tensor:
        """Centred and shrunk observations, (..., size) -> (..., size)."""
        return (observations - self.mean) * self.shrink


class Agent(nn.Module):
    """Policy and value of one seed.

    Args:
        policy: observations -> logits of the actions; a `QuantumTrain` or any module.
        value: observations -> expected return, (..., 1).
        observations: length of an observation.
        shrink: factor on the centred observations.

    Attributes:
        mean: the mean of the observations seen in training, (size,); zeros if they are not centred.
    """

    mean: Tensor

    def __init__(
        self, policy: nn.Module, value: nn.Module, observations: int, shrink: float = 1.0
    ) -> None:
        super().__init__()
        self.policy, self.value, self.shrink = policy, value, shrink
        self.register_buffer("mean", torch.zeros(observations))

    def forward(self, observations: Tensor) -> Tensor:
        """Logits of the actions, (..., size) -> (..., actions)."""
        return self.policy((observations - self.mean) * self.shrink)

    def written(self, name: str) -> QuantumTrain:
        """The network `"policy"` or `"value"`, with the circuits that write its weights."""
        return cast("QuantumTrain", getattr(self, name))

    @torch.no_grad()
    def export(self) -> nn.Sequential:
        """The policy as a module of raw observations.

        If circuits write its weights, the module contains none of them.
        """
        if isinstance(self.policy, QuantumTrain):
            network = self.policy.export()
        else:
            network = copy.deepcopy(self.policy)
        return nn.Sequential(Centre(self.mean.clone(), self.shrink), network)

    def parameter_report(self) -> str:
        """The counts of trainable numbers and of generated weights, in words."""
        if not (isinstance(self.policy, QuantumTrain) and isinstance(self.value, QuantumTrain)):
            policy, value = _trainable(self.policy), _trainable(self.value)
            return f"{policy + value:,} trainable numbers: policy {policy:,}, value {value:,}"
        policy, value = self.policy.parameter_report(), self.value.parameter_report()
        total, target = policy.total + value.total, policy.target + value.target
        counts = f"{total:,} trainable numbers write {target:,} weights ({target / total:.1f}x)"
        return f"{counts}: policy {_in_words(policy)}, value {_in_words(value)}"


def _trainable(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


def _in_words(report: ParameterReport) -> str:
    counts = f"{report.total:,} -> {report.target:,}"
    return f"{counts} ({report.written_by})"


class Network(Population, Protocol):
    """A population whose weights can be made once and be used many times."""

    def generate(self) -> Weights:
        """The weights of the networks by their names, each (seeds, ...)."""
        ...

    def call(self, tensors: Weights, inputs: Tensor, /, *, own: bool = False) -> Tensor:
        """Outputs of every seed with given weights; with `own`, for inputs (seeds, ...)."""
        ...

    def write_back(self, models: Sequence[Any], /) -> None:
        """Copy each seed's numbers into the models given, one per seed."""
        ...


class Agents(nn.Module):
    """The policies and values of several seeds, with the mean of what each seed has observed.

    Args:
        policy: observations -> logits of the actions.
        value: observations -> expected return, (..., 1).
        seeds: the number of seeds.
        observations: the length of an observation.
        centre: whether the mean of the observations so far is subtracted.
        shrink: the factor on the observations after that.
    """

    mean: Tensor
    count: Tensor

    def __init__(
        self,
        policy: Network,
        value: Network,
        seeds: int,
        observations: int,
        centre: bool,
        shrink: float,
    ) -> None:
        super().__init__()
        self.policy, self.value = policy, value
        self.centre, self.shrink = centre, shrink
        self.register_buffer("mean", torch.zeros(seeds, observations, dtype=torch.float64))
        self.register_buffer("count", torch.zeros(seeds, dtype=torch.float64))
        self.to(self.example.device)

    def inputs(self, observations: Tensor) -> Tensor:
        """The observations as the networks see them, (seeds, ..., size)."""
        between = [1] * (observations.ndim - 2)
        mean = self.mean.to(observations).reshape(len(self.mean), *between, -1)
        return (observations - mean) * self.shrink

    @torch.no_grad()
    def see(self, observations: Tensor, active: Tensor) -> None:
        """Update the mean with observations (seeds, count, size) of the active seeds (seeds,)."""
        if not self.centre:
            return
        # The mean of all observations so far is moved by the share of the new ones (Welford 1962).
        # Only the number of the old ones has to be kept.
        added = active.to(self.count) * observations.shape[1]
        self.count += added
        share = added / self.count.clamp(min=1)
        self.mean += share.unsqueeze(1) * (observations.double().mean(1) - self.mean)

    @property
    def numbers(self) -> list[list[Tensor]]:
        """Trainable tensors of the policy and of the value, each with one entry per seed."""
        networks = (self.policy, self.value)
        return [
            [p for group in network.parameter_groups(1.0) for p in group["params"]]
            for network in networks
        ]

    def parts(self) -> dict[str, Network]:
        """The two networks by name."""
        return {"policy": self.policy, "value": self.value}

    @property
    def parameters_in_order(self) -> list[Tensor]:
        """The tensors of `numbers` in one list, in the order of a gradient's columns."""
        policy, value = self.numbers
        return policy + value

    @property
    def rates(self) -> Tensor:
        """The learning rate of every number relative to the base rate, (numbers,).

        The order is that of a gradient's columns.
        """
        flat = []
        for group in self.parameter_groups(1.0):
            for tensor in group["params"]:
                of_one_seed = tensor.detach()[0].flatten()
                flat.append(torch.full_like(of_one_seed, group["lr"]))
        return torch.cat(flat)

    @property
    def example(self) -> Tensor:
        """A trainable tensor, as an example of the device and the dtype of the agents."""
        return self.numbers[0][0]

    @property
    def structural_weights(self) -> Tensor:
        """The weights of the policy, then those of the value, (seeds, candidates of both)."""
        return torch.cat([self.policy.structural_weights, self.value.structural_weights], dim=1)

    def advance(self, progress: float, step: int, seeds: Sequence[int]) -> None:
        """As in `Population`."""
        self.policy.advance(progress, step, seeds)
        self.value.advance(progress, step, seeds)

    def parameter_groups(self, lr: float) -> list[dict[str, Any]]:
        """As in `Population`: the groups of the policy, then those of the value."""
        return self.policy.parameter_groups(lr) + self.value.parameter_groups(lr)

    @torch.no_grad()
    def write_back(self, models: Sequence[Agent]) -> None:
        """Copy each seed's numbers into the agents given, one per seed."""
        self.policy.write_back([model.policy for model in models])
        self.value.write_back([model.value for model in models])
        for mean, model in zip(self.mean, models, strict=True):
            model.mean.copy_(mean)


class SeparateAgents(nn.Module):
    """Agents of several seeds that train one after the other, each by itself.

    Args:
        members: the agents of each seed.
    """

    def __init__(self, members: Sequence[Agents]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def __getitem__(self, row: int) -> Agents:
        return cast("Agents", self.members[row])

    @property
    def rates(self) -> Tensor:
        """As in `Agents`; the rates are the same for all members."""
        return self[0].rates

    @property
    def structural_weights(self) -> Tensor:
        """As in `Agents`."""
        return torch.cat([cast("Agents", member).structural_weights for member in self.members])

    def write_back(self, models: Sequence[Agent]) -> None:
        """As in `Agents`."""
        for member, model in zip(self.members, models, strict=True):
            cast("Agents", member).write_back([model])
