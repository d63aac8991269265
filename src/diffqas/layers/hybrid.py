"""A classifier or regressor around a searched quantum layer: a front, the layer, a head."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from diffqas.architecture import ParameterGroup, trained
from diffqas.errors import choose, require
from diffqas.layers.layer_report import QuantumLayerReport
from diffqas.layers.quantum_layer import QuantumLayer
from diffqas.text import html_table

FRONTS = ("none", "pool", "linear")
"""The fronts between a sample and the angles: none, means of pixels, or a linear layer."""
HEADS = ("scale", "linear")
"""The heads after the layer: a factor and a bias for each output, or a linear layer."""
POOLED = 4
"""The height and width to which images are averaged."""


class Scale(nn.Module):
    """y = a x + b, entry by entry, (..., outputs) -> (..., outputs).

    Expectations of fixed observables lie in [-1, 1]; logits of a sure answer must be larger.

    Args:
        outputs: how many entries.
        factor: a at the start.
    """

    def __init__(self, outputs: int, factor: float = 1.0) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.full((outputs,), float(factor)))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """The scaled entries."""
        return x * self.factor + self.bias


@dataclass(frozen=True)
class HybridReport:
    """Counts of a model around a quantum layer.

    Attributes:
        layer: the report of the layer itself.
        front: the number of trained numbers before it.
        head: the number of trained numbers after it.
    """

    layer: QuantumLayerReport
    front: int
    head: int

    @property
    def total(self) -> int:
        """Trainable numbers in all."""
        return self.layer.total + self.front + self.head

    def _repr_html_(self) -> str:
        """What a notebook shows: a row for each kind of number."""
        rows = [
            ("front", f"{self.front:,}"),
            ("quantum layer", f"{self.layer.total:,}"),
            ("head", f"{self.head:,}"),
            ("trainable numbers", f"{self.total:,}"),
        ]
        return html_table((), rows, str(self.layer))

    def __str__(self) -> str:
        layer = str(self.layer).split(": ", 1)[1]
        around = f"{self.head:,} in the head"
        if self.front:
            around = f"{self.front:,} in the front + {around}"
        return f"{self.total:,} trainable numbers: {around} + {layer}"


class HybridModel(nn.Module):
    """head(layer(front(x))): samples (batch, ...) -> (batch, classes), or (batch,) for a value.

    With `dims`, any number of leading dimensions may take the place of the batch.

    Args:
        layer: the searched circuit; it has as many inputs as the front gives.
        classes: the number of logits; None: a single value for each sample.
        front: with `"none"` samples are flattened. With `"pool"` images (batch, channels, height,
            width) are averaged to 4x4 pixels. `"linear"` is a trained linear layer.
        size: the numbers of a sample, which a linear front needs.
        head: `"scale"` (a factor and a bias for each output) or `"linear"` (a linear layer).
        factor: the radians for an output of 1 of the front; it is not trained.
        rates: learning rates of `"front"` and `"head"` relative to the base rate; the layer has its
            own rates.
        dims: the number of dimensions of a sample; None: all but the first of x.

    Raises:
        ArgumentError: an unknown front or head, a linear front without `size`, or a layer whose
            number of outputs does not fit a scaling head.

    >>> from diffqas.circuits import QLSTM_SPACE
    >>> model = HybridModel(QuantumLayer(4, 3, candidates=QLSTM_SPACE[:2]), classes=3)
    >>> model(torch.zeros(7, 4)).shape
    torch.Size([7, 3])
    """

    def __init__(
        self,
        layer: QuantumLayer,
        classes: int | None = None,
        front: str = "none",
        size: int | None = None,
        head: str = "scale",
        factor: float = 1.0,
        rates: Mapping[str, float] | None = None,
        dims: int | None = None,
    ) -> None:
        super().__init__()
        choose(front, FRONTS, "front")
        choose(head, HEADS, "head")
        outputs = 1 if classes is None else classes
        self.front = _front(front, layer.inputs, size, dims)
        self.layer = layer
        if head == "scale":
            rule = f"have {outputs} outputs for a head that scales them"
            require(layer.outputs == outputs, "layer", rule, layer.outputs)
            # Logits of about 2 at the start: a sum of expectations is small.
            self.head: nn.Module = Scale(outputs, 1.0 if layer.coefficients is not None else 2.0)
        else:
            self.head = nn.Linear(layer.outputs, outputs)
        self.single, self.factor = classes is None, float(factor)
        self.rates = {} if rates is None else dict(rates)

    def forward(self, x: Tensor) -> Tensor:
        """Map samples to logits or values."""
        return self.answers(self.layer(self.angles_of(x)))

    def angles_of(self, x: Tensor) -> Tensor:
        """The inputs of the layer: samples (batch, ...) -> (batch, inputs) in radians."""
        return self.factor * self.front(x)

    def answers(self, read: Tensor) -> Tensor:
        """Logits or values from the outputs of the layer, (batch, outputs)."""
        y = self.head(read)
        if self.single:
            return y.squeeze(-1)
        return y

    def parameter_report(self) -> HybridReport:
        """Counts of trained numbers."""
        counted = [
            sum(parameter.numel() for parameter in part.parameters())
            for part in (self.front, self.head)
        ]
        return HybridReport(self.layer.parameter_report(), *counted)

    def parameter_groups(self, lr: float) -> list[ParameterGroup]:
        """Groups for `torch.optim`: angles, structure, observables, inputs, front and head."""
        around = {"front": self.front.parameters(), "head": self.head.parameters()}
        return [*self.layer.parameter_groups(lr), *trained(around, self.rates, lr)]


def _front(front: str, inputs: int, size: int | None, dims: int | None) -> nn.Module:
    flat = nn.Flatten() if dims is None else nn.Flatten(-dims)
    if front == "pool":
        return nn.Sequential(nn.AdaptiveAvgPool2d(POOLED), flat)
    if front == "none":
        return flat
    require(size is not None, "size", "be the numbers of a sample for a linear front", size)
    assert size is not None
    return nn.Sequential(flat, nn.Linear(size, inputs))


def front_inputs(front: str, shape: tuple[int, ...], qubits: int | None) -> int:
    """The number of inputs that a front gives to the layer.

    Args:
        front: one of `FRONTS`.
        shape: the shape of a sample.
        qubits: the qubits of the layer; a linear front gives one number for each.

    >>> front_inputs("pool", (1, 28, 28), None), front_inputs("none", (13,), 6)
    (16, 13)
    """
    if front == "pool":
        return shape[0] * POOLED**2
    if front == "linear" and qubits is not None:
        return qubits
    return math.prod(shape)
