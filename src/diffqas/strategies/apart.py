"""Candidates of a search side by side: each has angles and a head of its own, none is mixed.

A weighted sum of candidates is trained as a whole, and what one of them contributes to it says
little of what it reaches alone. Here the sum is one of losses: candidate j gives
head_j(<P>_j(x; theta_j)), so its gradient is the one that it has alone, and yet a step is a single
pass of the simulator, since all candidates see the same samples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import vmap

from diffqas.architecture import ParameterGroup
from diffqas.circuits import PauliStrings
from diffqas.layers import HybridModel
from diffqas.optimisers import Loss
from diffqas.simulator import observed
from diffqas.strategies.problems import Part, Problem
from diffqas.strategies.stacked import INIT_STD, INPUT_FACTOR
from diffqas.tasks import Task

EVALUATED = 256
"""Samples that go through all candidates together when they are judged."""


class CandidatesApart(nn.Module):
    """Every candidate of a searched model as a model of its own.

    At the start all have the same angles and the same head, drawn by the seed: what differs is the
    circuit.

    Args:
        model: the search; its front, encoding and measured Pauli strings are what all use.
        outputs: numbers that a model gives for a sample.
        seed: decides the start.
    """

    def __init__(self, model: HybridModel, outputs: int, seed: int) -> None:
        super().__init__()
        assert isinstance(model.layer.observables, PauliStrings)
        self.single = model.single
        # In a list: the search's own numbers are not ours.
        self._search = [model]
        self.read = PauliStrings(model.layer.observables.strings)
        count, read = len(model.layer.candidates), len(self.read.strings)
        draw = torch.Generator().manual_seed(seed)
        bound = 1 / math.sqrt(read)
        head = bound * (2 * torch.rand(outputs, read + 1, generator=draw) - 1)
        # Behind the head, which does not depend on how many rotations the candidates have.
        angles = INIT_STD * torch.randn(model.layer.angle_shape, generator=draw)
        self.angles = nn.Parameter(angles.repeat(count, *[1] * angles.dim()))
        self.weight = nn.Parameter(head[:, :read].repeat(count, 1, 1))
        self.bias = nn.Parameter(head[:, read].repeat(count, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Samples (batch, ...) -> (candidates, batch, outputs), without outputs of a value."""
        (model,) = self._search
        layer = model.layer
        values = observed(
            layer.candidates,
            layer.encoded(INPUT_FACTOR * model.front(x)),
            self.angles,
            self.read,
            outputs=len(self.read.strings),
            uploads=layer.uploads * layer.encodings,
            separate=True,
        )
        answers = torch.einsum("bjk,jok->jbo", values, self.weight) + self.bias.unsqueeze(1)
        if self.single:
            return answers.squeeze(-1)
        return answers

    def parameter_groups(self, lr: float) -> list[ParameterGroup]:
        """One group: all numbers have the base rate."""
        return [{"name": "numbers", "params": list(self.parameters()), "lr": lr}]


@dataclass(frozen=True, eq=False)
class TaskProblem(Problem):
    """A task of one's own as `diffqas.strategies.alone.epochs` trains on it.

    Attributes:
        loss: (prediction, targets) of one model -> a scalar, the mean over the samples.
    """

    loss: Loss

    @classmethod
    def of(cls, inner: Task) -> TaskProblem:
        """A task whose test part is what was held out; no other test part is looked at."""
        held_out = Part(inner.test.inputs, inner.test.targets)
        train = Part(inner.train.inputs, inner.train.targets)
        return cls(train, held_out, held_out, 0, inner.loss)

    def losses(self, predictions: Tensor, targets: Tensor) -> Tensor:
        """Mean loss of every model: (models, batch, ...), (batch, ...) -> (models,)."""

        def one(prediction: Tensor) -> Tensor:
            return self.loss(prediction, targets)

        return vmap(one)(predictions)


@torch.no_grad()
def pooled_losses(models: CandidatesApart, samples: TaskProblem) -> Tensor:
    """Mean loss over all training samples, those that were held out as well, (candidates,).

    So small a circuit hardly learns rows by heart: what it reaches on the samples that it was
    trained on, many, tells more of its worth than a loss on few others.
    """
    total = torch.zeros(len(models.angles), dtype=torch.float64)
    count = 0
    for part in (samples.train, samples.validation):
        for inputs, targets in zip(
            part.inputs.split(EVALUATED), part.targets.split(EVALUATED), strict=True
        ):
            total += len(inputs) * samples.losses(models(inputs), targets).double()
            count += len(inputs)
    return total / count
