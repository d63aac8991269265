"""Several hybrid models of one kind as one: every parameter has a leading dimension, the seeds."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from diffqas.architecture import (
    ParameterGroup,
    RunCircuits,
    fresh_numbers,
    generators,
    noise_like,
    shot_generators,
    trained,
)
from diffqas.circuits import Diagonal
from diffqas.errors import require
from diffqas.layers.hybrid import HybridModel, Scale
from diffqas.layers.readout_fit import Loss, eigenvalues, features, fitted, readout_for
from diffqas.layers.union import united

Weights = dict[str, Tensor]
"""Of several modules, by name; one module after the other in the first dimension."""


class Together(nn.Module):
    """Ordinary modules that differ in their numbers only, each for inputs of its own.

    (seeds, batch, ...) -> (seeds, batch, ...).
    """

    def __init__(self, modules: Sequence[nn.Module]) -> None:
        super().__init__()
        self._names = [name for name, _ in modules[0].named_parameters()]
        stacks = [
            torch.stack([module.get_parameter(name).detach() for module in modules])
            for name in self._names
        ]
        self.stacked = nn.ParameterList(nn.Parameter(stack) for stack in stacks)
        self._skeleton = [modules[0]]  # in a list: its own parameters are not ours

    def weights(self) -> Weights:
        """Their parameters, each (modules, ...)."""
        return dict(zip(self._names, self.stacked, strict=True))

    def applied(self, weights: Weights, x: Tensor) -> Tensor:
        """Modules of these weights, each on its own inputs."""

        def one(numbers: Weights, own: Tensor) -> Tensor:
            return torch.func.functional_call(self._skeleton[0], numbers, (own,))

        return torch.func.vmap(one)(weights, x)

    def forward(self, x: Tensor) -> Tensor:
        """Every module on its own inputs."""
        return self.applied(self.weights(), x)

    def number(self, name: str) -> nn.Parameter:
        """The parameter of this name, the modules in the first dimension."""
        return self.stacked[self._names.index(name)]

    @torch.no_grad()
    def write_back(self, modules: Sequence[nn.Module]) -> None:
        """Copy each module's numbers into the modules given."""
        for name, numbers in zip(self._names, self.stacked, strict=True):
            for own, module in zip(numbers, modules, strict=True):
                module.get_parameter(name).copy_(own)


class HybridLockstep(nn.Module):
    """Train models of the kind `HybridModel` together: one pass of the simulator, one optimiser.

    The sum of the seeds' losses gives each seed its own gradient, so seeds stay independent.

    Args:
        models: models that differ in their numbers only, and in the candidates that they keep.

    Raises:
        ArgumentError: no models, or different ones.

    >>> from diffqas import QLSTM_SPACE, QuantumLayer
    >>> def model():
    ...     return HybridModel(QuantumLayer(2, 2, candidates=QLSTM_SPACE[:2]), classes=2)
    >>> HybridLockstep([model() for _ in range(3)])(torch.zeros(7, 2)).shape
    torch.Size([3, 7, 2])
    """

    def __init__(self, models: Sequence[HybridModel]) -> None:
        super().__init__()
        require(len(models) >= 1, "models", "hold at least one HybridModel", "an empty list")
        self.layer = united([model.layer for model in models])
        self.front = Together([model.front for model in models])
        self.head = Together([model.head for model in models])
        first = models[0]
        self.single, self.factor, self.rates = first.single, first.factor, first.rates
        self.scaled = isinstance(first.head, Scale)
        """Whether the head has a factor and a bias for each output."""
        self._count = len(models)

    def __len__(self) -> int:
        return self._count

    @property
    def structural_weights(self) -> Tensor:
        """Weights after the relaxation, without noise: (seeds, rows * candidates)."""
        return self.layer.weights.detach().flatten(1)

    @property
    def run_circuits(self) -> RunCircuits:
        """The candidates of the layer; constants are known without a circuit."""
        layer = self.layer
        known = [finding.constant is not None for finding in layer.findings(layer.candidates)]
        places = tuple(place for place, constant in enumerate(known) if not constant)
        uploads = layer.uploads * layer.encodings
        return RunCircuits(layer.candidates, layer.n, layer.depth, uploads, places)

    @property
    def mixture_weights(self) -> Tensor:
        """Their weights without noise, differentiable, (seeds, rows, candidates)."""
        return self.layer.placed(self.layer.weights, self.layer.choice)

    def advance(self, progress: float, step: int, seeds: Sequence[int]) -> None:
        """Tell the relaxation and finite shots how far training has come."""
        self.layer.progress = progress
        if self.layer.training_noise.shots is not None:
            self.layer.draws = shot_generators(seeds, step)
        if self.layer.relaxation.stochastic:
            self.layer.noise = noise_like(self.layer.structure, generators(seeds, step))

    @property
    def new_in_each_step(self) -> str | None:
        """What `advance` makes on the host for the next step: noise, and draws of finite shots."""
        if self.layer.training_noise.shots is not None:
            return "finite shots are drawn on the host"
        return fresh_numbers(self.layer.relaxation)

    def forward(self, x: Tensor) -> Tensor:
        """Predictions of every seed for the same samples, (batch, ...) -> (seeds, batch, ...)."""
        return self.of_own(x.expand(len(self), *x.shape))

    def of_own(self, x: Tensor) -> Tensor:
        """Predictions of every seed for samples of its own, (seeds, batch, ...)."""
        y = self.head(self.layer(self.factor * self.front(x)))
        if self.single:
            return y.squeeze(-1)
        return y

    @torch.no_grad()
    def fit_readout(self, inputs: Tensor, targets: Tensor, loss: Loss) -> None:
        """Fit the numbers of the observables and of a scaling head to samples.

        Angles, factors of inputs and structural weights stay as they are. At fixed values of these
        the outputs are linear in the fitted numbers, so that one convex problem replaces many steps
        (variable projection, Golub and Pereyra, 1973).

        Args:
            inputs: (samples, ...).
            targets: (samples,).
            loss: a loss that is convex in the outputs.

        Raises:
            ArgumentError: the outputs are no sums of Z-strings, or the head does not scale them.
        """
        layer = self.layer
        readout = readout_for(layer)
        require(self.scaled, "head", "be scale where observables are fitted", "linear")
        for place in range(len(self)):
            each = inputs.expand(len(self), *inputs.shape)
            angles = (self.factor * self.front(each))[place]
            found = features(layer, readout.strings, angles, place)
            mask = readout.mask.to(found)
            rows, constants = fitted(found, targets, mask, loss, single=self.single)
            factors = torch.ones_like(constants)
            if layer.coefficients is None:
                factors = rows.diagonal()  # output k is Z of qubit k, the k-th string
            elif isinstance(layer.observables, Diagonal):
                layer.coefficients[place] = eigenvalues(layer.observables, readout, rows)
            else:
                layer.coefficients[place] = rows
            self.head.number("factor")[place] = factors
            self.head.number("bias")[place] = constants

    def parameter_groups(self, lr: float) -> list[ParameterGroup]:
        """Groups for `torch.optim`: angles, structure, observables, inputs, front and head."""
        around = {"front": self.front.parameters(), "head": self.head.parameters()}
        return [*self.layer.parameter_groups(lr), *trained(around, self.rates, lr)]

    @torch.no_grad()
    def write_back(self, models: Sequence[HybridModel]) -> None:
        """Copy each seed's numbers into the models given, one per seed."""
        self.layer.write_back([model.layer for model in models])
        self.front.write_back([model.front for model in models])
        self.head.write_back([model.head for model in models])
