"""The circuits of a run measured on a device itself: by Qiskit's primitives or by PennyLane."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from diffqas.devices import (
    ALL,
    AnyReader,
    EstimatorReader,
    PennyLaneReader,
    check_shots,
    reader_of,
)
from diffqas.errors import ArgumentError, choose, require
from diffqas.layers import QLSTM, Forecaster, HybridModel, QuantumLayer
from diffqas.quantum_train import QuantumTrain
from diffqas.runs.noise.layer import LayerReading
from diffqas.runs.noise.measured import Measured
from diffqas.runs.noise.recurrent import RecurrentReading
from diffqas.runs.noise.writing import writing

if TYPE_CHECKING:
    from qiskit.primitives import BaseEstimatorV2, BaseSamplerV2

PRIMITIVES = ("sampler", "estimator")
"""Words for Qiskit's primitives."""
DEVICE_SHOTS = (4096,)
"""Tried through primitives if none are given: every shot is drawn, and of a real device paid."""
DEVICE_REPEATS = 1


def chosen_reader(
    backend: Any,
    primitives: str | None,
    sampler: BaseSamplerV2 | None,
    estimator: BaseEstimatorV2 | None,
) -> AnyReader | None:
    """Choose what measures a run; None stands for the simulations of `Device`.

    Raises:
        ArgumentError: the words and objects do not go together.
    """
    if sampler is not None and estimator is not None:
        raise ArgumentError("Argument `estimator` must be None beside a `sampler`.")
    if primitives is not None:
        choose(primitives, PRIMITIVES, "primitives")
        other = estimator if primitives == "sampler" else sampler
        require(other is None, "primitives", "be that of the object given", repr(primitives))
    by_object = sampler is not None or estimator is not None
    if primitives is None and not by_object and (backend is None or isinstance(backend, str)):
        return None
    device = ALL if backend is None else backend
    reader = reader_of(device, sampler)
    if primitives == "estimator" or estimator is not None:
        rule = "be sampler, or none, with a device of PennyLane"
        require(not isinstance(reader, PennyLaneReader), "primitives", rule, "estimator")
        return EstimatorReader(device, estimator)
    return reader


def measure_on(
    model: QuantumTrain | QuantumLayer | HybridModel | QLSTM | Forecaster,
    device: Any = ALL,
    x: Tensor | None = None,
    *,
    shots: int = DEVICE_SHOTS[0],
    sampler: BaseSamplerV2 | None = None,
    estimator: BaseEstimatorV2 | None = None,
    seed: int = 0,
) -> Tensor:
    """Run a model's circuits on a device, and return what the model makes of the results.

    Constants are known without a circuit and are not run.

    Args:
        model: a `QuantumTrain`, a searched layer or a model around one, a quantum LSTM of one layer
            or a forecaster around one.
        device: a device of PennyLane, a backend of Qiskit, or what `diffqas.devices.routed` takes.
        x: the samples, if the model reads data: (samples, inputs) for a layer, those of the whole
            model for a model around a layer, and windows (samples, time) for a quantum LSTM.
        shots: the shots of each circuit for each sample.
        sampler: a `SamplerV2` of your own, such as that of a real device.
        estimator: an `EstimatorV2` in its place, which is asked for standard errors of
            1 / sqrt(shots); only for models whose circuits give expectations.
        seed: the seed of what diffqas draws itself.

    Returns:
        For a `QuantumTrain` the probabilities of the mixture, (2**n,); for a layer its outputs,
        (samples, outputs); for a quantum LSTM h after the last moment, (samples, hidden_size); for
        a model around a layer or a quantum LSTM its answers. All are in double precision, without
        a gradient.

    Raises:
        ArgumentError: the model or the device is none of these, or samples are missing or are given
            to a model that reads none.
        DataError: the device cannot run the circuits, or a package is not installed.
    """
    check_shots(shots)
    reader = chosen_reader(
        device, "estimator" if estimator is not None else "sampler", sampler, estimator
    )
    assert reader is not None
    with torch.no_grad():
        found = _measured(model, x)
        read = through(found, reader, shots, seed, {})
        if isinstance(model, HybridModel | Forecaster):
            numbers = next(model.head.parameters())
            return model.answers(read.to(numbers)).double()
        return read


def through(
    found: Measured, reader: AnyReader, shots: int, seed: int, known: dict[Hashable, Tensor]
) -> Tensor:
    """What the model makes of the readings of a device; see `Measured.through`."""
    if isinstance(reader, EstimatorReader):
        return found.estimated(reader, shots, seed)
    return found.through(reader, shots, seed, known)


def draw_number(*key: int) -> int:
    """A seed for the draws of a reader, in the range that Qiskit's simulators take."""
    return int(np.random.SeedSequence([part % 2**64 for part in key]).generate_state(1)[0])


def note_of(reader: AnyReader) -> str:
    """A note on the device that gave the figures, for those who read them."""
    if isinstance(reader, PennyLaneReader):
        return f"Measured through PennyLane on {reader.name}: errors and draws are the device's."
    primitive = "EstimatorV2" if isinstance(reader, EstimatorReader) else "SamplerV2"
    found = f"Measured through Qiskit's {primitive} on {reader.name}"
    if isinstance(reader, EstimatorReader):
        found += ", which was asked for standard errors of 1 / sqrt(shots)"
    return f"{found}."


def _measured(model: object, x: Tensor | None) -> Measured:
    """The circuits of a model for some samples."""
    if isinstance(model, QuantumTrain):
        require(x is None, "x", "be None of weights, which are the same for all samples", "samples")
        return writing(model)
    if x is None or len(x) == 0:
        raise ArgumentError("Argument `x` must hold the samples that the circuits read.")
    if isinstance(model, HybridModel):
        return LayerReading(model.layer, model.angles_of(x))
    if isinstance(model, QuantumLayer):
        return LayerReading(model, x)
    if isinstance(model, QLSTM | Forecaster):
        return RecurrentReading(model if isinstance(model, QLSTM) else model.cell, x)
    kinds = "a QuantumTrain, QuantumLayer or QLSTM, or a model of a run around one"
    raise ArgumentError(f"Argument `model` must be {kinds}, but got {type(model).__name__}.")
