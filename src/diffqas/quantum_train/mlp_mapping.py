"""A mapping with hidden layers, for any number of trainable numbers; the paper's has only a few."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from diffqas.choices import check, option
from diffqas.errors import finite, require, whole
from diffqas.quantum_train.mapping import Mapping, WeightMap, layer
from diffqas.storage import storable


@storable
@dataclass(frozen=True)
class MLPMapping(Mapping):
    """A perceptron with tanh between its layers, n + 1 -> hidden[0] -> .. -> chunk.

    With one hidden layer of width h there are h * (n + 2) + chunk * (h + 1) numbers. The h units
    are features of the basis state. The `chunk` weights that a state writes are a mixture of h + 1
    vectors, which are the same for all states, with the units as factors. So chunk * (h + 1)
    numbers decide the details inside a chunk, and h * (n + 2) numbers distinguish the chunks.

    For the gradient, 2**n * hidden numbers per copy are kept (8 MB for n = 17, hidden 16, float32).

    Attributes:
        hidden: the widths of the hidden layers, at least one.
        gain: the factor on torch's start of the first layer. At 1 the units are nearly linear in
            the bits. With a large gain they switch from state to state, and the rows that they
            write hardly resemble each other.

    Raises:
        ArgumentError: there is no hidden layer, a width is below 1, or the gain is not positive.

    >>> sum(beta.numel() for beta in MLPMapping(hidden=(16,)).make(n=17).parameters())
    321
    """

    hidden: tuple[int, ...] = option(
        (16,),
        "Of the mapping mlp: widths of its hidden layers.",
        least=1,
        rule="be one or more widths of at least 1, as a tuple",
    )
    gain: float = option(
        1.0,
        "Of the mapping mlp: factor on the start of its first layer.",
        above=0,
        flag="mapping_gain",
    )

    def __post_init__(self) -> None:
        hidden = self.hidden
        sound = isinstance(hidden, tuple) and len(hidden) >= 1 and all(map(whole, hidden))
        require(sound, "hidden", "be one or more widths of at least 1, as a tuple", hidden)
        # Here the field is told by its own name, not by that of the option.
        require(finite(self.gain) and self.gain > 0, "gain", "be positive", self.gain)
        check(self)

    def make(
        self, n: int, chunk: int = 1, bits: str = "signed", lead: tuple[int, ...] = ()
    ) -> WeightMap:
        """Make the mapping's module, as `Mapping.make`."""
        return MLPMap(self, n, chunk, bits, lead)


class MLPMap(WeightMap):
    """kappa of a basis state = W_k tanh(.. tanh(W_0 (bits of i, s(p_i)) + b_0) ..) + b_k."""

    def __init__(
        self, choice: MLPMapping, n: int, chunk: int, bits: str, lead: tuple[int, ...]
    ) -> None:
        super().__init__(choice, n, chunk, bits)
        # Only the first layer takes the gain: it decides how far the tanh leaves its linear part.
        widths = (n + 1, *choice.hidden, chunk)
        gains = [choice.gain, *[1.0] * len(choice.hidden)]
        sizes = zip(pairwise(widths), gains, strict=True)
        layers = [layer(inputs, outputs, lead, gain) for (inputs, outputs), gain in sizes]
        self.weights = nn.ParameterList(weight for weight, _ in layers)
        self.biases = nn.ParameterList(bias for _, bias in layers)

    def forward(self, scaled: Tensor) -> Tensor:
        """Scaled probabilities (..., 2**n) -> weights (..., 2**n * chunk).

        The weights of a basis state stand together.
        """
        (first, start), *others = zip(self.weights, self.biases, strict=True)
        # The gradient keeps the units, not the sums before the tanh: one number per unit and state.
        units = torch.tanh(self.affine(first, start, scaled)).transpose(-1, -2)
        for index, (weight, bias) in enumerate(others):
            units = units @ weight.transpose(-1, -2) + bias.unsqueeze(-2)
            if index < len(others) - 1:
                units = torch.tanh(units)
        return units.flatten(-2)
