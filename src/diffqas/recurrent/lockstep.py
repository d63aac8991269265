"""Several forecasters of one kind as one: every parameter has a leading dimension, one entry per seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from diffqas.architecture import generators, noise_like
from diffqas.errors import require
from diffqas.recurrent.forecaster import Forecaster, rated
from diffqas.recurrent.gates import GateCircuits
from diffqas.recurrent.qlstm import parameter_groups
from diffqas.recurrent.recurrence import unroll
from diffqas.simulator import Observables


class ForecasterLockstep(nn.Module):
    """Train several `Forecaster` models together: one pass of the simulator, one optimiser.

    The sum of the seeds' losses gives each seed its own gradient, and RMSProp and Adam act element by
    element, so the seeds stay independent of each other.

    Args:
        models: models that differ in their numbers only.

    >>> from diffqas.recurrent import QLSTM
    >>> models = [Forecaster(QLSTM(1, 2, depth=1)) for _ in range(3)]
    >>> ForecasterLockstep(models)(torch.zeros(7, 4)).shape
    torch.Size([3, 7])
    """

    def __init__(self, models: Sequence[Forecaster]) -> None:
        super().__init__()
        require(len(models) >= 1, "models", "hold at least one Forecaster", "an empty list")
        first = models[0]
        kinds = {tuple((name, tuple(p.shape)) for name, p in model.named_parameters()) for model in models}
        require(len(kinds) == 1, "models", "differ in their numbers only", f"{len(kinds)} kinds of shapes")
        self.squash, self.hidden_size, self.rates = first.cell.squash, first.cell.hidden_size, first.rates
        stacks = zip(*(model.cell.circuits for model in models), strict=True)
        self.layers = nn.ModuleList(GateCircuits.stacked(layers) for layers in stacks)
        self.head = nn.ParameterDict(
            {name: torch.stack([m.head.get_parameter(name).detach() for m in models]) for name in ("weight", "bias")}
        )

    def __len__(self) -> int:
        return len(self.head["bias"])

    @property
    def circuits(self) -> list[GateCircuits]:
        """The stacked circuits of every layer of the networks."""
        return [layer for layer in self.layers if isinstance(layer, GateCircuits)]

    @property
    def structural_weights(self) -> Tensor:
        """Weights after the relaxation, without noise: (seeds, layers * gates * candidates), the last fastest."""
        return torch.cat([layer.weights.detach().flatten(1) for layer in self.circuits], 1)

    def advance(self, progress: float, step: int, seeds: Sequence[int]) -> None:
        """Tell an annealed or stochastic relaxation how far training has come."""
        for layer in self.circuits:
            layer.progress = progress
        if self.circuits[0].relaxation.stochastic:
            draws = generators(seeds, step)  # layer after layer draws from the same ones
            for layer in self.circuits:
                layer.noise = noise_like(layer.structure, draws)

    def forward(self, x: Tensor) -> Tensor:
        """Predictions of every seed for the same windows: (batch, time) -> (seeds, batch)."""
        each = x.unsqueeze(-1).expand(len(self), *x.shape, 1)
        return self._predictions(self.circuits, each, dict(self.head))

    def _predictions(
        self, layers: Sequence[Callable[[], Observables]], x: Tensor, head: Mapping[str, Tensor]
    ) -> Tensor:
        """(networks, batch, time, 1) -> (networks, batch)."""
        start = x.new_zeros(len(layers), *x.shape[:2], self.hidden_size)
        _, (h, _) = unroll(layers, x, (start, start), self.squash)
        return torch.baddbmm(head["bias"].unsqueeze(1), h[-1], head["weight"].mT).squeeze(-1)

    def sample_jacobian(self, x: Tensor, parameters: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]] | None:
        """As of `diffqas.training.population.SamplesApart`.

        Every sample gets a network of its own: a copy of the coefficients and of the head. One backward pass of the sum
        then has all samples' derivatives apart, where the rows of a Jacobian would each go back through all samples.
        """
        gates = [layer() for layer in self.circuits]
        shared = [gate.coefficients for gate in gates]
        if any(found is None for found in shared):  # circuits too wide
            return None
        names, sources = list(self.head), [*shared, *self.head.values()]
        seeds, samples = len(self), len(x)
        own = [_for_each(source.detach(), samples).requires_grad_() for source in sources]
        layers = [partial(gate.at, found) for gate, found in zip(gates, own, strict=False)]
        windows = x.expand(seeds, *x.shape).reshape(seeds * samples, 1, -1, 1)
        outputs = self._predictions(layers, windows, dict(zip(names, own[len(gates) :], strict=True)))
        found = torch.autograd.grad(outputs.sum(), own, materialize_grads=True)
        rows = [one.reshape(seeds, samples, *one.shape[1:]).transpose(0, 1) for one in found]
        # From the coefficients to what they are made of, all samples together.
        inner = [p for p in parameters if not any(p is one for one in self.head.values())]
        pairs = [(s, row) for s, row in zip(shared, rows, strict=False) if s is not None and s.requires_grad]

        def back(cotangents: list[Tensor]) -> tuple[Tensor, ...]:
            return torch.autograd.grad(
                [s for s, _ in pairs], inner, cotangents, retain_graph=True, materialize_grads=True
            )

        made = torch.func.vmap(back)([row for _, row in pairs])
        known = {id(p): part for p, part in zip(inner, made, strict=True)}
        known |= {id(p): row for p, row in zip(self.head.values(), rows[len(gates) :], strict=True)}
        return outputs.detach().reshape(seeds, samples), [known[id(p)] for p in parameters]

    def parameter_groups(self, lr: float) -> list[dict[str, Any]]:
        """Groups for `torch.optim`: angles, structure and head of all seeds, each at `lr` times its own rate."""
        head = {"name": "head", "params": list(self.head.values()), "lr": lr}
        return rated([*parameter_groups(self.circuits, lr), head], self.rates)

    @torch.no_grad()
    def write_back(self, models: Sequence[Forecaster]) -> None:
        """Copy each seed's numbers into the models given, one per seed."""
        for seed, model in enumerate(models):
            for stacked, layer in zip(self.circuits, model.cell.circuits, strict=True):
                layer.angles.copy_(stacked.angles[seed])
                layer.structure.copy_(stacked.structure[seed])
                layer.progress = stacked.progress
            for name, values in self.head.items():
                model.head.get_parameter(name).copy_(values[seed])


def _for_each(values: Tensor, samples: int) -> Tensor:
    """(seeds, ...) -> (seeds * samples, ...), a copy for each sample."""
    return values.unsqueeze(1).expand(-1, samples, *[-1] * (values.dim() - 1)).flatten(0, 1)
