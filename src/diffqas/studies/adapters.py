"""Adapters of several seeds as one population, what they weigh, and a training that times them."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar, runtime_checkable

import safetensors.torch
import torch
from torch import Tensor, nn

from diffqas.errors import require
from diffqas.optimisers import GradientDescent, Group, Population
from diffqas.quantum_train import Lockstep, QuantumTrain, Rates
from diffqas.studies.adapted import peft_package
from diffqas.tasks import Settings, Task
from diffqas.training import Training

P = TypeVar("P", bound=Population)


@runtime_checkable
class AdapterPopulation(Population, Protocol):
    """Adapters of several seeds, each of which may have samples of its own."""

    adapter_bytes: int
    """Size of one seed's adapter as a file."""

    def on_own(self, inputs: Tensor) -> Tensor:
        """Outputs of every seed's network on inputs of its own, (seeds, batch, ...)."""
        ...


class Adapters(nn.Module):
    """Networks of which some parameters are trained, one network per seed.

    Args:
        networks: networks that differ in their numbers only; those of their parameters that require
            a gradient are trained, and the others are the same in all of them.
        rate: learning rate relative to the optimiser's base rate.

    >>> networks = [nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2)) for _ in range(4)]
    >>> for network in networks:
    ...     _ = network[0].requires_grad_(False)
    >>> adapters = Adapters(networks)
    >>> adapters(torch.zeros(7, 3)).shape, sum(one[0].numel() for one in adapters.stacked)
    (torch.Size([4, 7, 2]), 8)
    """

    def __init__(self, networks: Sequence[nn.Module], rate: float = 1.0) -> None:
        super().__init__()
        self.rate = rate
        self.network = networks[0]
        self.seeds = len(networks)
        trained = [_trained(network) for network in networks]
        self.names = list(trained[0])
        stacks = [torch.stack([one[name].detach() for one in trained]) for name in self.names]
        self.stacked = nn.ParameterList(nn.Parameter(stack) for stack in stacks)
        self.adapter_bytes = bytes_of(networks[0])
        # What peft draws for each seed and never trains, such as the matrices of VeRA.
        buffers = [dict(network.named_buffers()) for network in networks]
        every = {name: torch.stack([one[name] for one in buffers]) for name in buffers[0]}
        self.drawn = {name: one for name, one in every.items() if not (one == one[:1]).all()}

    @property
    def structural_weights(self) -> Tensor:
        """Nothing is searched: (seeds, 0)."""
        return torch.empty(self.seeds, 0)

    def advance(self, progress: float, step: int, seeds: Sequence[int]) -> None:
        """Nothing is annealed here."""

    @property
    def new_in_each_step(self) -> str | None:
        """Nothing."""
        return None

    def forward(self, inputs: Tensor) -> Tensor:
        """Outputs of every seed's network on the same inputs, (seeds, ...)."""
        return self._call(inputs, own=False)

    def on_own(self, inputs: Tensor) -> Tensor:
        """Outputs of every seed's network on inputs of its own, (seeds, batch, ...)."""
        return self._call(inputs, own=True)

    def _call(self, inputs: Tensor, own: bool) -> Tensor:
        def one(numbers: dict[str, Tensor], few: Tensor) -> Tensor:
            return torch.func.functional_call(self.network, numbers, (few,))

        numbers = dict(zip(self.names, self.stacked, strict=True)) | self.drawn
        # Of a network with dropout each seed draws its own.
        together = torch.func.vmap(one, (0, 0 if own else None), randomness="different")
        return together(numbers, inputs)

    def parameter_groups(self, lr: float) -> list[Group]:
        """One group: all trained parameters."""
        return [{"name": "adapter", "params": list(self.stacked), "lr": lr * self.rate}]


class WrittenAdapters(Lockstep):
    """Adapters whose matrices a generator writes, around one network for all seeds.

    Args:
        models: one per seed.
        rate: learning rate relative to that of the models.
    """

    def __init__(self, models: Sequence[QuantumTrain], rate: float = 1.0) -> None:
        super().__init__(models)
        # Frozen parts are those of the network that is adapted, and equal in all seeds.
        self.vectorised = not any(True for _ in models[0].target.buffers())
        own = self.rates
        self.rates = Rates(rate * own.angles, rate * own.structure, rate * own.mapping)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "adapter.safetensors")
            models[0].save_generator(file)
            self.adapter_bytes = file.stat().st_size

    def on_own(self, inputs: Tensor) -> Tensor:
        """Outputs of every seed's network on inputs of its own, (seeds, batch, ...)."""
        return self.call(self.generate(), inputs, own=True)


class OwnBatches(GradientDescent):
    """A step of each seed on a batch of its own."""

    def _losses(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Losses of batches (seeds, batch, ...), (seeds,)."""
        population = self.population
        assert isinstance(population, AdapterPopulation)
        pairs = zip(population.on_own(inputs), targets, strict=True)
        return torch.stack([self.problem.loss(outputs, own) for outputs, own in pairs])


class AdapterTraining(Training[P]):
    """A training in which each seed sees the samples in an order of its own.

    Many adapters start at the network that is adapted, whatever the seed: it would decide nothing
    else. The processor seconds of the steps are taken on the way.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        settings = self.settings
        rule = "be adam or rmsprop for adapters, whose seeds have batches of their own"
        require(settings.optimizer.elementwise, "optimizer", rule, settings.optimizer.name)
        problem = settings.problem(self.task)
        self.optimisation = OwnBatches(self.population, problem, settings.optimizer)
        self.step_seconds = 0.0

    def one_pass(self) -> Tensor:
        """As `Training.one_pass`."""
        # Processor seconds: what else the machine does is none of a step's.
        started = time.process_time()
        train, size = self.task.train, self.settings.batch_size
        orders = torch.stack([self._own_order(seed) for seed in self.seeds])
        total = torch.zeros(len(self.seeds), dtype=torch.float64)
        for step, batch in enumerate(orders.split(size, dim=1)):
            losses = self._step(train.inputs[batch], train.targets[batch], step)
            total += losses.double() * batch.shape[1]
        self.step_seconds += time.process_time() - started
        return total

    def _own_order(self, seed: int) -> Tensor:
        """The order of the samples in this epoch, which a seed has in any company."""
        draw = torch.Generator().manual_seed(ORDERS * self.epoch + seed)
        return torch.randperm(len(self.task.train), generator=draw)

    def _evaluate(self) -> dict[str, list[float]]:
        """As `Training._evaluate`, after the last epoch alone: no other one is in a table."""
        if not self.finished:
            return {}
        return super()._evaluate()

    @property
    def seconds_per_step(self) -> float:
        """Of one seed's step, over all steps done."""
        steps = max(1, self.epoch * self.steps_per_epoch * len(self.seeds))
        return self.step_seconds / steps


ORDERS = 1_000_003
"""More than there are seeds: no two epochs of two seeds have the same order."""


def adapter_training(
    population: P, task: Task, settings: Settings, seeds: list[int]
) -> AdapterTraining[P]:
    """What trains a row of adapters."""
    return AdapterTraining(population, task, settings, seeds)


def bytes_of(network: nn.Module) -> int:
    """Size of an adapter as a safetensors file: what peft stores, or the trained parameters.

    >>> bytes_of(nn.Linear(10, 10)) > 4 * 110
    True
    """
    tensors: Mapping[str, Tensor] = _trained(network)
    if any("lora" in name or "vera" in name for name in tensors):
        tensors = peft_package().get_peft_model_state_dict(network)
    # A view of a larger tensor, or one of two names for one, is no tensor of a file.
    own = {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}
    return len(safetensors.torch.save(own))


def _trained(network: nn.Module) -> dict[str, nn.Parameter]:
    return {name: one for name, one in network.named_parameters() if one.requires_grad}
