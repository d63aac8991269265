"""Outputs of a searched layer by finite shots, for evaluation.

For each sample, every circuit is measured by the given number of shots in every basis that the
observables need, as in `diffqas noise`. Circuits whose outputs are known constants are not run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from diffqas.architecture import frequencies
from diffqas.errors import DiffqasError, require, whole
from diffqas.layers.readings import LayerReadings

if TYPE_CHECKING:
    from diffqas.layers.quantum_layer import QuantumLayer

MOST_NUMBERS = 2**22
"""The most probabilities that are held at once; they take 34 MB."""

IN_TRAINING = (
    "A QuantumLayer measures shots in evaluation: call eval() on the model first. For training "
    "set `layer.shots = None`; `layer.measure_in_training(shots)` trains with shots."
)
MOST_SHOTS = 10**15
"""The most shots of a circuit: larger counts do not fit the integers in which they are drawn."""

NO_GRADIENT = (
    "Outputs of finite shots have no gradient: evaluate under torch.no_grad(), and train with "
    "`layer.shots = None`."
)


def checked_shots(shots: int | None) -> int | None:
    """The shots of each circuit, after a check; None: exact outputs.

    Raises:
        ArgumentError: it is neither None nor a whole number from 1 to `MOST_SHOTS`.
    """
    rule = "be a whole number of at least 1, or None"
    require(shots is None or whole(shots), "shots", rule, repr(shots))
    fits = shots is None or shots <= MOST_SHOTS
    require(fits, "shots", f"be at most {MOST_SHOTS:,}, or None for exact outputs", shots)
    return shots


def generator_of(seed: int | torch.Generator | None) -> np.random.Generator:
    """What draws the shots: by a seed, by a generator of torch, or by torch's own where None.

    Raises:
        ArgumentError: something else.
        DiffqasError: under a transform of `torch.func`, whose tensors have no numbers to draw by.
    """
    if torch._C._are_functorch_transforms_active():
        raise DiffqasError("Shots cannot be drawn under torch.func: call the layer without it.")
    if isinstance(seed, int) and not isinstance(seed, bool) and seed >= 0:
        return np.random.default_rng(seed)
    known = seed is None or isinstance(seed, torch.Generator)
    rule = "be a whole number of at least 0, a torch.Generator or None"
    require(known, "seed", rule, repr(seed))
    assert not isinstance(seed, int)
    drawn = torch.randint(2**62, (), generator=seed)
    return np.random.default_rng(int(drawn))


def measured(layer: QuantumLayer, x: Tensor, shots: int, draw: np.random.Generator) -> Tensor:
    """Outputs (..., outputs) of frequencies, in place of probabilities, without a gradient.

    Args:
        layer: a single one.
        x: (..., inputs), checked; at least one sample.
        shots: of every circuit in every basis, for each sample.
        draw: random numbers.

    Raises:
        ArgumentError: stacked layers, or an input that is not finite.
    """
    samples = x.detach().cpu().double().reshape(-1, layer.inputs)
    finite = bool(samples.isfinite().all())
    require(finite, "x", "be finite where shots are drawn", "inf or nan")
    known = [finding.constant is not None for finding in layer.findings(layer.candidates)]
    run = [place for place, constant in enumerate(known) if not constant]
    at_once = max(1, MOST_NUMBERS // (len(known) << layer.n))
    found = [_part(layer, few, run, shots, draw) for few in samples.split(at_once)]
    outputs = torch.cat(found).to(x)
    return outputs.reshape(*x.shape[:-1], layer.outputs)


def _part(
    layer: QuantumLayer, x: Tensor, run: list[int], shots: int, draw: np.random.Generator
) -> Tensor:
    """Outputs (samples, outputs); the candidates of `run` are measured, the others known."""
    readings = LayerReadings(layer, x)
    results = readings.probabilities
    if run:
        results[run] = frequencies(results[run], shots, draw)
    return readings.outputs(results)


def without_gradient(numbers: Tensor) -> Tensor:
    """The same numbers, which say why they have no gradient when one is asked for."""
    told = numbers.detach().requires_grad_()
    told.register_hook(_refuse)
    return told


def _refuse(gradient: Tensor) -> Tensor:
    raise DiffqasError(NO_GRADIENT)
