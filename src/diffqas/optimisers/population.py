"""The models as the training loops see them: several seeds as one module."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

import torch
from torch import Tensor, nn

from diffqas.errors import require
from diffqas.storage import State

Group: TypeAlias = dict[str, Any]
"""A group of parameters for `torch.optim`: its `name`, its `params`, its `lr`."""


class Population(Protocol):
    """The models of several seeds as one.

    `quantum_train.Lockstep` and `DirectLockstep` are two of them.
    """

    @property
    def structural_weights(self) -> Tensor:
        """Structural weights (seeds, candidates); (seeds, 0) where nothing is searched."""
        ...

    def __call__(self, inputs: Tensor) -> Tensor:
        """Outputs of every seed on the same inputs, (seeds, ...)."""
        ...

    def advance(self, progress: float, step: int, seeds: Sequence[int]) -> None:
        """Tell the models the share and the number of the steps done.

        It is called before every step and after every epoch.
        """
        ...

    def parameter_groups(self, lr: float) -> list[Group]:
        """Groups for `torch.optim`; every parameter has a leading dimension, one entry per seed."""
        ...

    def train(self, mode: bool = True) -> object:
        """Switch to training mode, as `nn.Module.train`."""
        ...

    def eval(self) -> object:
        """Switch to evaluation mode, as `nn.Module.eval`."""
        ...

    def state_dict(self) -> State:
        """All tensors by name, as `nn.Module.state_dict`."""
        ...

    def load_state_dict(self, state_dict: State) -> object:
        """Continue from a state, as `nn.Module.load_state_dict`."""
        ...


@runtime_checkable
class SamplesApart(Protocol):
    """A population with a fast way to compute the derivatives of every sample by itself."""

    def sample_jacobian(
        self, inputs: Tensor, parameters: Sequence[Tensor]
    ) -> tuple[Tensor, list[Tensor]] | None:
        """Outputs (seeds, samples), and per parameter their derivatives (samples, seeds, ...).

        The result is None if there is no faster way than one sample after the other.
        """
        ...


@runtime_checkable
class Steady(Protocol):
    """A population that knows whether all its steps do the same operations on its tensors.

    Only such steps can be recorded and repeated.
    """

    @property
    def new_in_each_step(self) -> str | None:
        """What `advance` makes on the host for each step, in words; None if it makes nothing."""
        ...


@runtime_checkable
class AloneAsTogether(Protocol):
    """A population that computes a single seed in a faster way than several seeds.

    The two ways differ by round-off only.
    """

    def compute_alone_as_together(self) -> None:
        """Compute a single seed by the operations for several seeds from now on."""
        ...


class DirectLockstep(nn.Module):
    """Ordinary networks, one per seed, trained directly: the control that writes no weights.

    Args:
        modules: networks without buffers that differ in their numbers only.
        rate: the learning rate relative to the optimiser's base rate.

    Raises:
        ArgumentError: a network has buffers.

    >>> DirectLockstep([nn.Linear(3, 2) for _ in range(4)])(torch.zeros(7, 3)).shape
    torch.Size([4, 7, 2])
    """

    def __init__(self, modules: Iterable[nn.Module], rate: float = 1.0) -> None:
        super().__init__()
        networks = list(modules)
        self.rate = rate
        buffers = list(networks[0].buffers())
        require(not buffers, "modules", "have no buffers", type(networks[0]).__name__)
        parameters, _ = torch.func.stack_module_state(networks)
        self._names = list(parameters)
        self.stacked = nn.ParameterList(
            nn.Parameter(tensor.detach(), networks[0].get_parameter(name).requires_grad)
            for name, tensor in parameters.items()
        )
        self._skeleton = [networks[0]]  # in a list: its own parameters are not ours
        self._as_together = False

    def compute_alone_as_together(self) -> None:
        """Run a single network twice from now on, as a batch of one has its own kernels."""
        self._as_together = True

    @property
    def structural_weights(self) -> Tensor:
        """An empty tensor (seeds, 0), as nothing is searched."""
        return torch.empty(len(self.stacked[0]), 0)

    def advance(self, progress: float, step: int, seeds: Sequence[int]) -> None:
        """Do nothing, as nothing is annealed here."""

    @property
    def new_in_each_step(self) -> str | None:
        """None, as `advance` makes nothing."""
        return None

    def forward(self, inputs: Tensor) -> Tensor:
        """Outputs of every seed's network on the same inputs, (seeds, ...)."""
        return self.call(self.generate(), inputs)

    def generate(self) -> dict[str, Tensor]:
        """The networks' named parameters, each (seeds, ...)."""
        return dict(zip(self._names, self.stacked, strict=True))

    def call(self, tensors: dict[str, Tensor], inputs: Tensor, own: bool = False) -> Tensor:
        """Outputs of every seed's network with given weights, (seeds, ...).

        With `own`, every seed has inputs of its own, (seeds, ...).
        """

        def one(weights: dict[str, Tensor], few: Tensor) -> Tensor:
            return torch.func.functional_call(self._skeleton[0], weights, (few,))

        if self._as_together and len(self.stacked[0]) == 1:
            tensors = {name: torch.cat([tensor, tensor]) for name, tensor in tensors.items()}
            inputs = torch.cat([inputs, inputs]) if own else inputs
        # Of a network with dropout each seed draws its own.
        together = torch.func.vmap(one, (0, 0 if own else None), randomness="different")
        return together(tensors, inputs)[: len(self.stacked[0])]

    def parameter_groups(self, lr: float) -> list[Group]:
        """One group: all parameters."""
        return [{"name": "weights", "params": self._trained(), "lr": lr * self.rate}]

    def _trained(self) -> list[nn.Parameter]:
        """The parameters without those that stay as they are."""
        return [parameter for parameter in self.stacked if parameter.requires_grad]


def trained_tensors(population: Population) -> list[Tensor]:
    """The tensors that an optimiser trains, each with a leading dimension for the seeds."""
    return [
        p for group in population.parameter_groups(1.0) for p in group["params"] if p.requires_grad
    ]


def flat_numbers(population: Population, most: int | None) -> tuple[list[Tensor], Tensor]:
    """The trainable tensors of a population, and the rates of their numbers.

    Args:
        population: the models.
        most: the most numbers per seed that the optimiser's covariance can hold; None: no limit.

    Returns:
        The tensors, and the learning rate of each number, (numbers,) in float64.

    Raises:
        ArgumentError: there are more than `most` numbers per seed.
    """
    groups = population.parameter_groups(1.0)
    rated = [
        (p, float(group["lr"])) for group in groups for p in group["params"] if p.requires_grad
    ]
    rates = [torch.full_like(p[0].flatten(), rate, dtype=torch.float64) for p, rate in rated]
    flat = torch.cat(rates)
    rule = f"be adam or rmsprop above {most} trainable numbers"
    require(most is None or len(flat) <= most, "optimizer", rule, len(flat))
    return [p for p, _ in rated], flat


@torch.no_grad()
def move_numbers(parameters: Sequence[Tensor], change: Tensor) -> None:
    """Add a change (seeds, numbers) to the tensors that `flat_numbers` returned."""
    for parameter, part in zip(
        parameters, change.split([p[0].numel() for p in parameters], 1), strict=True
    ):
        parameter += part.reshape(parameter.shape).to(parameter.dtype)
