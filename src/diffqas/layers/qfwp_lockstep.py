"""Several fast weight forecasters as one: every parameter has a leading dimension, the seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from diffqas.architecture import ParameterGroup, fresh_numbers, generators, noise_like, trained
from diffqas.errors import require
from diffqas.layers.hybrid_lockstep import Together, Weights
from diffqas.layers.qfwp_forecaster import FastWeightForecaster
from diffqas.layers.slow_together import slow_together
from diffqas.layers.union import united


class FastWeightLockstep(nn.Module):
    """Train models of the kind `FastWeightForecaster` together: one pass of the simulator.

    The sum of the seeds' losses gives each seed its own gradient, so seeds stay independent.

    Args:
        models: models that differ in their numbers only, and in the candidates that they keep.

    Raises:
        ArgumentError: no models, or different ones.

    >>> from diffqas import QFWP
    >>> models = [FastWeightForecaster(QFWP(1, 2, qubits=3)) for _ in range(3)]
    >>> FastWeightLockstep(models)(torch.zeros(7, 4)).shape
    torch.Size([3, 7])
    """

    def __init__(self, models: Sequence[FastWeightForecaster]) -> None:
        super().__init__()
        got = "an empty list"
        require(len(models) >= 1, "models", "hold at least one FastWeightForecaster", got)
        choices = [dict(model.cell.state_choices()) for model in models]
        different = sum(own != choices[0] for own in choices)
        rule = "differ in their numbers only"
        require(different == 0, "models", rule, f"{different} of other choices than the first")
        self.circuits = united([model.cell.circuits for model in models])
        self.slow = slow_together(models)
        self.head = Together([model.head for model in models])
        first = models[0]
        self.rates = {**first.cell.rates, **first.rates}
        self._cell = [first.cell]  # in a list: its own parameters are not ours
        self._count = len(models)

    def __len__(self) -> int:
        return self._count

    @property
    def structural_weights(self) -> Tensor:
        """Weights after the relaxation, without noise: (seeds, rows * candidates)."""
        return self.circuits.weights.detach().flatten(1)

    def advance(self, progress: float, step: int, seeds: Sequence[int]) -> None:
        """Tell an annealed or stochastic relaxation how far training has come."""
        self.circuits.progress = progress
        self.slow.advance(progress, step, seeds)
        if self.circuits.relaxation.stochastic:
            self.circuits.noise = noise_like(self.circuits.structure, generators(seeds, step))

    @property
    def new_in_each_step(self) -> str | None:
        """What `advance` makes on the host for the next step: noise."""
        return fresh_numbers(self.circuits.relaxation)

    def forward(self, x: Tensor, own: bool = False, weights: Weights | None = None) -> Tensor:
        """Predictions of every seed for the same windows: (batch, time) -> (seeds, batch).

        Args:
            x: the windows; with `own` of each seed, (seeds, batch, time).
            own: whether every seed has windows of its own.
            weights: of the slow networks, each (seeds, ...); None: those that they have now.
        """
        each = x if own else x.expand(len(self), *x.shape)
        moments = each.unsqueeze(-1)
        added = self.slow.applied(self.slow.weights() if weights is None else weights, moments)
        written = added.unflatten(-1, self.circuits.angle_shape[1:])
        shown = self._cell[0].encoded(moments[:, :, -1])
        return self.head(self.circuits(shown, written.sum(2))).squeeze(-1)

    def sample_jacobian(
        self, x: Tensor, parameters: Sequence[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """As of `diffqas.optimisers.population.SamplesApart`.

        Every sample has angles of its own in any case, so a copy of all other numbers for each
        costs little: one backward pass of the sum of all predictions then tells samples apart. The
        rows of a Jacobian would each go back through all samples.
        """
        samples = len(x)
        wanted = {id(parameter) for parameter in parameters}
        with torch.enable_grad():
            weights = self.slow.weights()
        own = {
            name: tensor.detach().repeat_interleave(samples, 0).requires_grad_()
            for name, tensor in weights.items()
        }
        copies: dict[str, Tensor] = {}
        known: dict[int, Tensor] = {}
        for name, parameter in self.named_parameters():
            if name.startswith("slow."):
                continue  # the slow networks' weights are copied, whatever they are made of
            copies[name] = parameter.detach().repeat_interleave(samples, 0)
            if id(parameter) in wanted:
                known[id(parameter)] = copies[name].requires_grad_()
        if self.circuits.choice.dim() > 2:  # different candidates in each seed
            copies["circuits.choice"] = self.circuits.choice.repeat_interleave(samples, 0)
        windows = x.repeat(len(self), 1).unsqueeze(1)
        with torch.enable_grad(), self._noise_for(samples):
            outputs = torch.func.functional_call(self, copies, (windows, True, own))
            leaves = [*known.values(), *own.values()]
            found = torch.autograd.grad(outputs.sum(), leaves, materialize_grads=True)
        apart = [slope.unflatten(0, (len(self), samples)).transpose(0, 1) for slope in found]
        slopes = dict(zip(known, apart, strict=False))
        of_weights = dict(zip(weights, apart[len(known) :], strict=True))
        numbers = [one for one in self.slow.parameters() if id(one) in wanted]
        rows = self.slow.rows(weights, of_weights, numbers)
        slopes |= {id(number): row for number, row in zip(numbers, rows, strict=True)}
        told = outputs.detach().view(len(self), samples)
        return told, [slopes[id(parameter)] for parameter in parameters]

    @contextmanager
    def _noise_for(self, samples: int) -> Iterator[None]:
        """The relaxation's noise, once for each of the samples of a seed."""
        noise = self.circuits.noise
        if noise is not None:
            self.circuits.noise = noise.repeat_interleave(samples, 0)
        try:
            yield
        finally:
            self.circuits.noise = noise

    def parameter_groups(self, lr: float) -> list[ParameterGroup]:
        """Groups for `torch.optim`: angles, structure, observables, slow network and head."""
        head = trained({"head": self.head.parameters()}, self.rates, lr)
        slow = self.slow.parameter_groups(lr, self.rates)
        return [*self.circuits.parameter_groups(lr), *slow, *head]

    @torch.no_grad()
    def write_back(self, models: Sequence[FastWeightForecaster]) -> None:
        """Copy each seed's numbers into the models given, one per seed."""
        self.circuits.write_back([model.cell.circuits for model in models])
        self.slow.write_into(models)
        self.head.write_back([model.head for model in models])
