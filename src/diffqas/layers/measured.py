"""A searched layer on a device: finite shots in the place of exact outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor

from diffqas.errors import DiffqasError, require
from diffqas.layers.layer_checks import check_input
from diffqas.layers.searched_circuits import SearchedCircuits
from diffqas.layers.shots import (
    IN_TRAINING,
    checked_shots,
    generator_of,
    measured,
    without_gradient,
)

if TYPE_CHECKING:
    from diffqas.layers.quantum_layer import QuantumLayer


class Measured(SearchedCircuits):
    """What a searched layer is that can be measured; `QuantumLayer` is the one."""

    _shots: int | None = None

    @property
    def shots(self) -> int | None:
        """How often every circuit is measured in evaluation; None: outputs are exact."""
        return self._shots

    @shots.setter
    def shots(self, shots: int | None) -> None:
        self._shots = checked_shots(shots)

    def of_shots(self, x: Tensor) -> Tensor:
        """Outputs (..., outputs) by `shots`, without a gradient.

        Args:
            x: (..., inputs), checked.

        Raises:
            DiffqasError: in training.
        """
        if self.training:
            raise DiffqasError(IN_TRAINING)
        assert self.shots is not None
        found = self.measure(x, self.shots)
        wanted = x.requires_grad or any(number.requires_grad for number in self.parameters())
        if not (torch.is_grad_enabled() and wanted):
            return found
        return without_gradient(found)

    @torch.no_grad()
    def measure(self, x: Tensor, shots: int, seed: int | torch.Generator | None = None) -> Tensor:
        """Outputs by finite shots, as `diffqas noise` draws them, without a gradient.

        Every circuit is measured `shots` times for each sample, in each basis that the observables
        need; those whose outputs are known without running them are not. The outputs have the mean
        of the exact ones, and a variance that falls as 1 / shots.

        Args:
            x: (..., inputs), dtype and device of the angles.
            shots: of each circuit, basis and sample.
            seed: draws the shots; None takes torch's generator, which `torch.manual_seed` sets.

        Returns:
            (..., outputs).

        Raises:
            ArgumentError: a wrong argument, an input that is not finite, or stacked layers.
            DiffqasError: under `torch.func.vmap` and the like.

        >>> from diffqas import QuantumLayer
        >>> layer = QuantumLayer(2, 2)
        >>> layer.measure(torch.zeros(5, 2), shots=1000, seed=0).shape
        torch.Size([5, 2])
        """
        rule = "be a whole number of at least 1"
        require(shots is not None, "shots", rule, shots)
        checked_shots(shots)
        layer = cast("QuantumLayer", self)
        check_input(layer, x)
        draw = generator_of(seed)
        if x.numel() == 0:
            return x.new_zeros(*x.shape[:-1], layer.outputs)
        return measured(layer, x, shots, draw)
