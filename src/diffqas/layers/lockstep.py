"""Several forecasters of one kind as one: every parameter has a leading dimension, the seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from diffqas.architecture import ParameterGroup, fresh_numbers, generators, noise_like, trained
from diffqas.errors import require
from diffqas.layers.forecaster import Forecaster
from diffqas.layers.gates import GateCircuits
from diffqas.layers.qlstm import circuit_parameters
from diffqas.layers.recurrence import Gates, unroll
from diffqas.simulator import Observables, features


class ForecasterLockstep(nn.Module):
    """Train several `Forecaster` models together: one pass of the simulator, one optimiser.

    The sum of the seeds' losses gives each seed its own gradient, and RMSProp and Adam act element
    by element, so the seeds stay independent of each other.

    Args:
        models: models that differ in their numbers only.

    Raises:
        ArgumentError: there are no models, or they differ in more than their numbers.

    >>> from diffqas.layers import QLSTM
    >>> models = [Forecaster(QLSTM(1, 2, depth=1)) for _ in range(3)]
    >>> ForecasterLockstep(models)(torch.zeros(7, 4)).shape
    torch.Size([3, 7])
    """

    def __init__(self, models: Sequence[Forecaster]) -> None:
        super().__init__()
        require(len(models) >= 1, "models", "hold at least one Forecaster", "an empty list")
        first = models[0]
        shapes = {
            tuple((name, tuple(p.shape)) for name, p in model.named_parameters())
            for model in models
        }
        got = f"{len(shapes)} kinds of shapes"
        require(len(shapes) == 1, "models", "differ in their numbers only", got)
        self.squash, self.hidden_size = first.cell.squash, first.cell.hidden_size
        self.rates = first.rates
        stacks = zip(*(model.cell.circuits for model in models), strict=True)
        self.layers = nn.ModuleList(GateCircuits.stacked(layers) for layers in stacks)
        heads = {
            name: torch.stack([model.head.get_parameter(name).detach() for model in models])
            for name in ("weight", "bias")
        }
        self.head = nn.ParameterDict(heads)

        self._as_together = False

    def compute_alone_as_together(self) -> None:
        """Compute a single seed by the matrix products for several seeds from now on."""
        self._as_together = True

    def __len__(self) -> int:
        return len(self.head["bias"])

    @property
    def circuits(self) -> list[GateCircuits]:
        """The stacked circuits of every layer of the networks."""
        return [layer for layer in self.layers if isinstance(layer, GateCircuits)]

    @property
    def structural_weights(self) -> Tensor:
        """Weights after the relaxation, without noise: (seeds, layers * gates * candidates).

        The candidates change fastest.
        """
        return torch.cat([layer.weights.detach().flatten(1) for layer in self.circuits], 1)

    def advance(self, progress: float, step: int, seeds: Sequence[int]) -> None:
        """Tell an annealed or stochastic relaxation how far training has come."""
        for layer in self.circuits:
            layer.progress = progress
        if self.circuits[0].relaxation.stochastic:
            draws = generators(seeds, step)  # layer after layer draws from the same ones
            for layer in self.circuits:
                layer.noise = noise_like(layer.structure, draws)

    @property
    def new_in_each_step(self) -> str | None:
        """What `advance` makes on the host for the next step: noise."""
        return fresh_numbers(self.circuits[0].relaxation)

    def forward(self, x: Tensor) -> Tensor:
        """Predictions of every seed for the same windows: (batch, time) -> (seeds, batch)."""
        return self._read(self._states(self.circuits, x))

    def _read(self, h: Tensor) -> Tensor:
        """The head, (seeds, batch, hidden) -> (seeds, batch)."""
        weight, bias = self.head["weight"], self.head["bias"]
        if self._as_together and len(self) == 1:
            # A batch of one product is a product of a matrix and a vector, by a kernel of its own.
            weight, bias, h = (torch.cat([one, one]) for one in (weight, bias, h))
        every = torch.baddbmm(bias.unsqueeze(1), h, weight.mT).squeeze(-1)
        return every[: len(self)]

    def _states(self, layers: Sequence[Callable[[], Gates]], x: Tensor) -> Tensor:
        """What the head reads: (batch, time) -> (seeds, batch, hidden)."""
        each = x.unsqueeze(-1).expand(len(self), *x.shape, 1)
        start = x.new_zeros(len(layers), len(self), len(x), self.hidden_size)
        _, (h, _) = unroll(layers, each, (start, start), self.squash)
        return h[-1]

    def sample_jacobian(
        self, x: Tensor, parameters: Sequence[Tensor]
    ) -> tuple[Tensor, list[Tensor]] | None:
        """As of `diffqas.optimisers.population.SamplesApart`.

        An output of a gate is linear in its coefficients, and belongs to one sample. So one
        backward pass of the sum of all predictions to the gates' outputs gives separate slopes for
        all samples. Their products with the features of the gates' inputs are the derivatives by
        the coefficients. The usual way, a pass for each row of the Jacobian, would go back through
        all samples each time.
        """
        gates = [Recorded(layer()) for layer in self.circuits]
        sources = []
        for gate in gates:
            coefficients = gate.observables.coefficients
            if coefficients is None:  # circuits too wide
                return None
            sources.append(coefficients)
        h = self._states([lambda gate=gate: gate for gate in gates], x)
        outputs = self._read(h)
        # The head is linear, y = W h + b: dy/dW = h and dy/db = 1 need no backward pass.
        of_weight = h.detach().transpose(0, 1).unsqueeze(2)
        of_bias = torch.ones_like(outputs.T).unsqueeze(2)
        known = {id(self.head["weight"]): of_weight, id(self.head["bias"]): of_bias}
        inner = [parameter for parameter in parameters if id(parameter) not in known]
        if inner:
            values = [value for gate in gates for value in gate.values]
            slopes = torch.autograd.grad(outputs.sum(), values, retain_graph=True)
            # Values stand layer by layer, one for each moment.
            moments = x.shape[1]
            each = [slopes[start : start + moments] for start in range(0, len(slopes), moments)]
            rows = [gate.by_coefficients(few) for gate, few in zip(gates, each, strict=True)]

            def back(cotangents: list[Tensor]) -> tuple[Tensor, ...]:
                return torch.autograd.grad(
                    sources, inner, cotangents, retain_graph=True, materialize_grads=True
                )

            # From the coefficients on, every sample's row takes the same way back: one vmap.
            for parameter, part in zip(inner, torch.func.vmap(back)(rows), strict=True):
                known[id(parameter)] = part
        return outputs.detach(), [known[id(parameter)] for parameter in parameters]

    def parameter_groups(self, lr: float) -> list[ParameterGroup]:
        """Groups for `torch.optim`: angles, structure and head, each at `lr` times its own rate."""
        kinds = circuit_parameters(self.circuits)
        kinds["head"] = list(self.head.values())
        return trained(kinds, self.rates, lr)

    @torch.no_grad()
    def write_back(self, models: Sequence[Forecaster]) -> None:
        """Copy each seed's numbers into the models given, one per seed."""
        stacks = zip(*(model.cell.circuits for model in models), strict=True)
        for stacked, layers in zip(self.circuits, stacks, strict=True):
            stacked.write_back(layers)
        for seed, model in enumerate(models):
            for name, values in self.head.items():
                model.head.get_parameter(name).copy_(values[seed])


class Recorded:
    """The gates of a layer, with what they were shown and what they gave at every moment."""

    def __init__(self, observables: Observables) -> None:
        self.observables = observables
        self.shown: list[Tensor] = []
        self.values: list[Tensor] = []

    def __call__(self, v: Tensor) -> Tensor:
        """Outputs as of `Observables`, which are remembered."""
        self.shown.append(v.detach())
        self.values.append(self.observables(v))
        return self.values[-1]

    def by_coefficients(self, slopes: Sequence[Tensor]) -> Tensor:
        """Derivatives of every sample's prediction, (batch, seeds, gates, 1, outputs, 3**n).

        Args:
            slopes: those by the values of each moment, (seeds, gates, batch, outputs).
        """
        shown = features(torch.stack(self.shown).squeeze(2))
        return torch.einsum("tsgbk,tsbf->bsgkf", torch.stack(list(slopes)), shown).unsqueeze(3)
