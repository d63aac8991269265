"""A searched layer in training as a device reads it: wrong bits, depolarised circuits, shots.

The errors have a closed form that is linear in the observables, so that outputs stay exact and
differentiable. If 1 - l_j is the probability that no gate of candidate j is followed by an error,

    <O>_j  ->  (1 - l_j) <O'>_j + l_j tr(O) / 2**n

(see `diffqas.architecture.device_errors`). O' is the observable O if each bit is read wrongly with
probability e: a product of k letters Z, X or Y becomes (1 - 2e)**k times itself, and a diagonal of
2**k numbers is multiplied by the matrix ((1 - e, e), (e, 1 - e)) for each of its bits.

With finite shots the value of an output is that of the shots, and its gradient is that of the exact
output (straight through), in angles, structural weights, observables and inputs. Both have the same
mean, but the loss is taken at the measured value. Constant candidates are known without a circuit
and have no errors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from diffqas.architecture import (
    NO_ERRORS,
    DeviceErrors,
    fewer_rotations,
    frequencies,
    misread,
    shot_generators,
)
from diffqas.circuits import AnyObservables, Diagonal, Hermitian, PauliStrings, SearchSpace
from diffqas.errors import require
from diffqas.layers.measurements import Setting, settings
from diffqas.simulator import final_states, observed, turned_states

if TYPE_CHECKING:
    from diffqas.layers.quantum_layer import QuantumLayer

MOST_AMPLITUDES = 2**26
"""The most amplitudes of all circuits, samples and seeds in a step with shots: half a gigabyte."""


@dataclass(frozen=True)
class TrainingNoise:
    """The effects of a device on a layer in every training step.

    Attributes:
        shots: the shots of every circuit in every basis, for each sample; None: infinitely many.
        errors: the errors of its gates and its readout.
    """

    shots: int | None = None
    errors: DeviceErrors = NO_ERRORS

    @property
    def none(self) -> bool:
        """Whether training is exact."""
        return self.shots is None and self.errors.none

    def check(self, observables: AnyObservables) -> None:
        """Refuse errors that have no closed form.

        Raises:
            ArgumentError: there are wrong bits, and observables whose basis is trained.
        """
        known = self.errors.readout == 0 or not isinstance(observables, Hermitian)
        # Where two eigenvalues meet, the eigenvectors that a device would turn to jump.
        rule = "be 0 in training with hermitian observables, whose basis has no derivative"
        require(known, "readout", rule, self.errors.readout)


@dataclass(frozen=True)
class Circuits:
    """Some candidates of a layer, with their angles and weights beside the samples."""

    layer: QuantumLayer
    candidates: SearchSpace
    encoded: Tensor
    angles: Tensor
    weights: Tensor
    """(*lead, ..., R, candidates)"""

    @classmethod
    def of(
        cls, layer: QuantumLayer, places: Sequence[int], encoded: Tensor, numbers: Beside
    ) -> Circuits:
        """Those at some places among the candidates of the layer."""
        space = layer.candidates
        if len(places) == len(space):
            return cls(layer, space, encoded, numbers.angles, numbers.weights)
        few = SearchSpace(space[place] for place in places)
        angles, chosen = numbers.angles, list(places)
        if layer.separate:
            at = angles.dim() - len(layer.angle_shape) - 1
            angles = angles.index_select(at, torch.tensor(chosen, device=angles.device))
        angles = fewer_rotations(space, few, angles)
        return cls(layer, few, encoded, angles, numbers.weights[..., chosen])

    def outputs(self, weights: Tensor, coefficients: Tensor | None) -> Tensor:
        """Exact outputs (*lead, ..., outputs) by any weights and numbers of the observables."""
        layer = self.layer
        return observed(
            self.candidates,
            self.encoded,
            self.angles,
            layer.observables,
            outputs=layer.outputs,
            weights=weights,
            coefficients=coefficients,
            uploads=layer.uploads * layer.encodings,
            separate=layer.separate,
        )

    def states(self) -> Tensor:
        """Final states (seeds, samples, candidates, 2**n), one seed of a layer that is alone."""
        layer = self.layer
        numbers = self.encoded[..., 0, 0].numel() * len(self.candidates) << layer.n
        rule = f"go with at most {MOST_AMPLITUDES:,} amplitudes a step: take smaller batches"
        require(numbers <= MOST_AMPLITUDES, "shots", rule, f"{numbers:,}")
        found = final_states(
            self.candidates,
            self.encoded.detach(),
            self.angles.detach(),
            uploads=layer.uploads * layer.encodings,
            separate=layer.separate,
        )
        return found.reshape(self.seeds, -1, *found.shape[-2:])

    @property
    def seeds(self) -> int:
        """How many layers are stacked; 1 of one that is alone."""
        return math.prod(self.layer.lead)

    def of_seeds(self, numbers: Tensor) -> Tensor:
        """Numbers (*lead, 1, ..., a, b) as (seeds, a, b), in double precision."""
        return numbers.detach().reshape(self.seeds, *numbers.shape[-2:]).double().cpu()


@dataclass(frozen=True)
class Beside:
    """The numbers of a layer, each with a dimension of 1 for each one that the samples have.

    Attributes:
        angles: of the circuits.
        weights: of the candidates, (*lead, ..., R, candidates).
        coefficients: of the observables, (*lead, ..., *their shape); None where nothing is trained.
    """

    angles: Tensor
    weights: Tensor
    coefficients: Tensor | None


def read_in_training(
    layer: QuantumLayer,
    noise: TrainingNoise,
    encoded: Tensor,
    numbers: Beside,
    draws: Sequence[np.random.Generator] | None,
) -> Tensor:
    """Outputs (*lead, ..., outputs) of a layer as a device gives them, differentiable.

    Args:
        layer: a single layer, or several stacked ones.
        noise: the effects of the device.
        encoded: the angles of the inputs, (*lead, ..., uploads, qubits).
        numbers: the numbers of the layer.
        draws: the generators of the shots, one for each seed; None: torch's generator draws.
    """
    run = run_places(layer)
    known = [place for place in range(len(layer.candidates)) if place not in run]
    found: list[Tensor] = []
    if known:
        constants = Circuits.of(layer, known, encoded, numbers)
        found.append(constants.outputs(constants.weights, numbers.coefficients))
    if run:
        circuits = Circuits.of(layer, run, encoded, numbers)
        untouched = _untouched(layer, circuits, noise)
        exact = _with_errors(circuits, noise, numbers.coefficients, untouched)
        if noise.shots is not None:
            measured = _by_shots(circuits, noise, noise.shots, numbers, untouched, draws)
            # Straight through: the value is what was measured, the gradient that of `exact`.
            exact = exact + (measured.reshape(exact.shape).to(exact) - exact).detach()
        found.append(exact)
    return sum(found[1:], start=found[0])


def run_places(layer: QuantumLayer) -> list[int]:
    """The places of the candidates that must be run, as their outputs are not known constants."""
    known = [finding.constant is not None for finding in layer.findings(layer.candidates)]
    return [place for place, constant in enumerate(known) if not constant]


def _untouched(layer: QuantumLayer, circuits: Circuits, noise: TrainingNoise) -> Tensor:
    """For each candidate the probability that no gate is followed by an error, (candidates,)."""
    uploads = layer.uploads * layer.encodings
    shares = noise.errors.untouched(list(circuits.candidates), layer.n, layer.depth, uploads)
    return torch.tensor(shares, dtype=circuits.weights.dtype, device=circuits.weights.device)


def _with_errors(
    circuits: Circuits, noise: TrainingNoise, coefficients: Tensor | None, untouched: Tensor
) -> Tensor:
    """Outputs behind errors, in closed form."""
    if noise.errors.none:
        return circuits.outputs(circuits.weights, coefficients)
    observables, n = circuits.layer.observables, circuits.layer.n
    kept = circuits.weights * untouched
    rate = noise.errors.readout
    if coefficients is None:
        damped = _dampings(observables, n, circuits.layer.outputs, rate, kept)
        outputs = circuits.outputs(kept, None) * damped
    else:
        outputs = circuits.outputs(kept, _misread_numbers(observables, n, rate, coefficients))
    # What a fully mixed state gives, tr(O) / 2**n, in the place of the rest.
    rest = (circuits.weights * (1 - untouched)).sum(-1)
    mixed = _mixed_outputs(observables, n, circuits.layer.outputs, coefficients, like=rest)
    return outputs + rest * mixed


def _dampings(
    observables: AnyObservables, n: int, outputs: int, rate: float, like: Tensor
) -> Tensor:
    """(1 - 2e)**k for each string or output of k letters, (count,)."""
    lengths = [len(support) for support in observables.supports(n, outputs)]
    return (1 - 2 * rate) ** torch.tensor(lengths, dtype=like.dtype, device=like.device)


def _misread_numbers(
    observables: AnyObservables, n: int, rate: float, coefficients: Tensor
) -> Tensor:
    """The numbers of O' by those of O."""
    if rate == 0:
        return coefficients
    if isinstance(observables, PauliStrings):
        outputs = coefficients.shape[-2]
        return coefficients * _dampings(observables, n, outputs, rate, coefficients)
    # The matrix of wrong bits is symmetric: it acts on a diagonal as it does on probabilities.
    return misread(coefficients, rate)


def _mixed_outputs(
    observables: AnyObservables, n: int, outputs: int, coefficients: Tensor | None, like: Tensor
) -> Tensor:
    """tr(O) / 2**n of each output, (..., outputs); 0 of products of letters but the constant 1."""
    if isinstance(observables, Diagonal):
        assert coefficients is not None
        return coefficients.mean(-1)
    if isinstance(observables, Hermitian):
        assert coefficients is not None
        # The diagonal stands first.
        return coefficients[..., : 2**observables.locality].mean(-1)
    ones = torch.tensor([float(support == ()) for support in observables.supports(n, outputs)])
    if coefficients is None:
        return ones.to(like)
    return (coefficients * ones.to(like)).sum(-1)


@torch.no_grad()
def _by_shots(
    circuits: Circuits,
    noise: TrainingNoise,
    shots: int,
    numbers: Beside,
    untouched: Tensor,
    draws: Sequence[np.random.Generator] | None,
) -> Tensor:
    """Outputs (seeds, samples, outputs) of frequencies."""
    layer, states = circuits.layer, circuits.states()
    weights = circuits.of_seeds(circuits.weights)
    coefficients = None
    if numbers.coefficients is not None:
        coefficients = circuits.of_seeds(numbers.coefficients).numpy()
    if not draws:
        seeds = torch.randint(2**62, (len(states),)).tolist()
        draws = shot_generators(seeds, 0)
    found: list[Tensor] = []
    for place, draw in enumerate(draws):
        own = None if coefficients is None else coefficients[place]
        total = torch.zeros((), dtype=torch.float64)
        for basis in settings(layer.observables, layer.n, layer.outputs, own):
            p = noise.errors.disturbed(_probabilities(states[place], basis), untouched.cpu())
            counted = frequencies(p, shots, draw)
            table = torch.from_numpy(basis.table(layer.n, layer.outputs))
            rows = weights[place].expand(layer.outputs, -1)
            # Samples s, candidates c, outputs o.
            total = total + torch.einsum("sco,oc->so", counted @ table, rows)
        found.append(total)
    return torch.stack(found)


def _probabilities(states: Tensor, basis: Setting) -> Tensor:
    """Of all results in a basis, (samples, candidates, 2**n), summing to 1, in double precision."""
    turns = [(turn.qubits, torch.from_numpy(turn.matrix)) for turn in basis.turns]
    flat = states.flatten(0, 1).cpu()
    if turns:
        flat = turned_states(flat, turns)
    p = flat.abs().double().square().reshape(states.shape)
    return p / p.sum(-1, keepdim=True)
