"""Many architectures as one module: each has numbers of its own, all see the same samples.

The sum of the models' losses gives each model its own gradient, and Adam acts on every number by
itself: a model in company is trained as it is alone, up to round-off.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TypeAlias

import torch
from torch import Tensor, nn

from diffqas.architecture import Layers, ParameterGroup, forked_draws
from diffqas.circuits import SearchSpace
from diffqas.layers import HybridModel, QuantumLayer
from diffqas.quantum_train import DimensionScale, Lockstep, QuantumTrain, Rates, Recipe
from diffqas.simulator import observed
from diffqas.strategies.spaces import EncodedSpace, LayeredSpace, TabulatedSpace

INPUT_FACTOR = 0.5
"""Radians of an input of one standard deviation."""
INIT_STD = 0.1
"""Standard deviation of the angles of an encoded circuit at the start, in radians."""
HIDDEN = 16
"""Hidden units of the perceptron whose weights are written."""
CHUNK = 5
"""Weights of it that a basis state writes."""
WEIGHTS_RECIPE = Recipe(
    scale=DimensionScale(),
    order="shuffled",
    init_std=1.0,
    rates=Rates(angles=3.0, structure=0.0, mapping=1.0),
)
"""What writes the perceptron's weights, but for the layers."""


class EncodedModels(nn.Module):
    """Circuits of `EncodedSpace`, each with angles and a linear head of its own.

    Model j gives head_j(<P>_j(x; theta_j)), with P the eight observables of the space. At the start
    all have the same angles and the same head, drawn by the seed: what differs is the circuit.

    Args:
        space: of the architectures.
        numbers: which of them.
        outputs: of every model.
        seed: decides the start.

    >>> EncodedModels(EncodedSpace(), [0, 7, 479], 3, seed=0)(torch.zeros(5, 4)).shape
    torch.Size([3, 5, 3])
    """

    def __init__(
        self, space: EncodedSpace, numbers: Sequence[int], outputs: int, seed: int
    ) -> None:
        super().__init__()
        self.space = space
        self.candidates = SearchSpace(space.candidates[number] for number in numbers)
        start = encoded_start(space, outputs, seed)
        angles = _first_rotations(start["angles"], self.candidates.angles_per_qubit)
        count = len(self.candidates)
        self.angles = nn.Parameter(angles.repeat(count, *[1] * angles.dim()))
        self.weight = nn.Parameter(start["weight"].repeat(count, 1, 1))
        self.bias = nn.Parameter(start["bias"].repeat(count, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Samples (batch, inputs) -> (models, batch, outputs)."""
        qubits, uploads = self.space.qubits, self.space.uploads
        places = torch.arange(qubits) % x.shape[1]
        encoded = (INPUT_FACTOR * x[:, places]).unsqueeze(-2).expand(-1, uploads, -1)
        values = observed(
            self.candidates,
            encoded,
            self.angles,
            self.space.observables,
            outputs=len(self.space.observables.strings),
            uploads=uploads,
            separate=True,
        )
        heads = torch.einsum("bjk,jok->jbo", values, self.weight)
        return heads + self.bias.unsqueeze(1)

    def parameter_groups(self, lr: float) -> list[ParameterGroup]:
        """One group: all numbers have the base rate."""
        return [{"name": "numbers", "params": list(self.parameters()), "lr": lr}]


def encoded_start(space: EncodedSpace, outputs: int, seed: int) -> dict[str, Tensor]:
    """Angles (depth, qubits, 3) and a head as torch starts a linear layer, by the seed."""
    draw = torch.Generator().manual_seed(seed)
    read = len(space.observables.strings)
    bound = 1 / math.sqrt(read)
    normal = torch.randn(space.depth, space.qubits, 3, generator=draw)
    uniform = torch.rand(outputs, read + 1, generator=draw)
    head = bound * (2 * uniform - 1)
    return {"angles": INIT_STD * normal, "weight": head[:, :read], "bias": head[:, read]}


def _first_rotations(angles: Tensor, count: int) -> Tensor:
    """Angles (depth, qubits, 3) of as many rotations, without the last dimension of a single one.

    A candidate that needs fewer rotations than others uses the first ones.
    """
    few = angles[..., :count]
    if count == 1:
        return few.squeeze(-1)
    return few


def encoded_model(
    space: EncodedSpace, number: int, inputs: int, outputs: int, seed: int
) -> HybridModel:
    """One of these models by itself, as anybody would build it of the library's own parts.

    Args:
        space: of the architectures.
        number: which of them.
        inputs: numbers of a sample.
        outputs: of the model.
        seed: decides the start.
    """
    layer = QuantumLayer(
        inputs,
        len(space.observables.strings),
        space.qubits,
        space.depth,
        [space.candidates[number]],
        space.observables,
        space.uploads,
    )
    model = HybridModel(layer, outputs, head="linear", factor=INPUT_FACTOR)
    start = encoded_start(space, outputs, seed)
    with torch.no_grad():
        own = layer.candidates.angles_per_qubit
        layer.angles.copy_(_first_rotations(start["angles"], own))
        model.head.get_parameter("weight").copy_(start["weight"])
        model.head.get_parameter("bias").copy_(start["bias"])
    return model


def perceptron(inputs: int, outputs: int) -> nn.Module:
    """The network whose weights circuits of `LayeredSpace` write."""
    return nn.Sequential(nn.Linear(inputs, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, outputs))


def layered_model(
    space: LayeredSpace, number: int, inputs: int, outputs: int, seed: int
) -> QuantumTrain:
    """A perceptron whose weights a circuit of given layers writes.

    The start of angles, mapping and perceptron depends on the seed alone.
    """
    fixed = Layers(layers=tuple(space.places(number)))
    with forked_draws():
        torch.manual_seed(seed)
        model = QuantumTrain(
            perceptron(inputs, outputs),
            space.depth,
            space.layers,
            chunk=CHUNK,
            recipe=replace(WEIGHTS_RECIPE, relaxation=fixed),
            per_layer=True,
        )
    model.circuits.structure.requires_grad_(False)
    return model


def layered_models(
    space: LayeredSpace, numbers: Sequence[int], inputs: int, outputs: int, seed: int
) -> Lockstep:
    """Several of these models as one."""
    make = partial(layered_model, space, inputs=inputs, outputs=outputs, seed=seed)
    return Lockstep([make(number) for number in numbers])


Stacked: TypeAlias = EncodedModels | Lockstep


def stacked_models(
    space: TabulatedSpace, numbers: Sequence[int], inputs: int, outputs: int, seed: int
) -> Stacked:
    """Architectures of a space as one module; see `EncodedModels` and `layered_model`."""
    if isinstance(space, EncodedSpace):
        return EncodedModels(space, numbers, outputs, seed)
    assert isinstance(space, LayeredSpace)
    return layered_models(space, numbers, inputs, outputs, seed)
