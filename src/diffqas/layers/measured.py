"""A searched layer on a device: measured outputs in the place of exact ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from torch import Tensor

from diffqas.architecture import DeviceErrors
from diffqas.errors import DiffqasError, require
from diffqas.layers.device_training import Beside, TrainingNoise, read_in_training
from diffqas.layers.layer_checks import check_input
from diffqas.layers.searched_circuits import Groups, SearchedCircuits
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
    """The base class of `QuantumLayer` for measurements by finite shots and errors of a device."""

    _shots: int | None = None
    training_noise = TrainingNoise()
    """Set by `measure_in_training`."""
    draws: Sequence[np.random.Generator] | None = None
    """Generators for the shots of the next pass in training, one per layer; None: new ones."""

    @property
    def shots(self) -> int | None:
        """The shots of every circuit in evaluation; None: outputs are exact."""
        return self._shots

    @shots.setter
    def shots(self, shots: int | None) -> None:
        self._shots = checked_shots(shots)

    def measure_in_training(
        self, shots: int | None = None, *, readout: float = 0.0, depolarising: float = 0.0
    ) -> None:
        """Train with what a device would read from now on; without arguments, with exact outputs.

        Outputs stay differentiable; `diffqas.layers.device_training` explains how.

        Args:
            shots: the shots of every circuit in every basis, for each sample; None stands for
                infinitely many.
            readout: the probability with which every bit is read wrongly, 0 to 0.5.
            depolarising: the rate of errors after pulses on one qubit, 0 to 0.1; after CNOTs it is
                ten times as large.

        Raises:
            ArgumentError: a number is out of range, or `readout` is not 0 with hermitian
                observables.

        >>> from diffqas import QuantumLayer
        >>> layer = QuantumLayer(2, 2)
        >>> layer.measure_in_training(shots=100, readout=0.01)
        >>> layer(torch.zeros(5, 2)).requires_grad
        True
        """
        noise = TrainingNoise(checked_shots(shots), DeviceErrors(readout, depolarising))
        noise.check(cast("QuantumLayer", self).observables)
        self.training_noise = noise

    @property
    def read_by_device(self) -> bool:
        """Whether this pass computes the outputs of a device, with gradients."""
        return self.training and not self.training_noise.none

    def as_read(self, encoded: Tensor, numbers: Beside, added: Tensor | None) -> Tensor:
        """Outputs of a pass in training, as a device reads them.

        Raises:
            ArgumentError: angles that differ from sample to sample.
        """
        require(added is None, "added", "be None in training as on a device", "a tensor")
        layer = cast("QuantumLayer", self)
        return read_in_training(layer, self.training_noise, encoded, numbers, self.draws)

    def hand_on(self, few: SearchedCircuits, groups: Groups, angles: Tensor) -> None:
        """As `SearchedCircuits.hand_on`, with what a device does in training."""
        super().hand_on(few, groups, angles)
        assert isinstance(few, Measured)
        few.training_noise = self.training_noise

    def of_shots(self, x: Tensor) -> Tensor:
        """Outputs (..., outputs) by the layer's `shots`, without a gradient.

        Args:
            x: (..., inputs), checked.

        Raises:
            DiffqasError: the layer is in training mode.
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
        need, except circuits whose outputs are known constants. The mean of the outputs is the
        exact output, and their variance falls as 1 / shots.

        Args:
            x: (..., inputs), with the dtype and device of the angles.
            shots: the shots of each circuit, basis and sample.
            seed: a seed or a generator that draws the shots; None takes torch's global generator,
                which `torch.manual_seed` sets.

        Returns:
            Outputs (..., outputs).

        Raises:
            ArgumentError: a wrong argument, an input that is not finite, or stacked layers.
            DiffqasError: in a transform such as `torch.func.vmap`.

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
