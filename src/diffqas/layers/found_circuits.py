"""The circuits of a searched layer gate by gate, for Qiskit, PennyLane and OpenQASM."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import torch
from torch import Tensor

from diffqas.circuits import (
    AnyCandidate,
    Gate,
    Hermitian,
    InputSlot,
    PauliStrings,
    operations,
    pennylane_gates,
    qasm_text,
)
from diffqas.devices import Readable
from diffqas.errors import ArgumentError, require
from diffqas.layers.measurements import Setting, Values, hermitian, settings

if TYPE_CHECKING:
    from pennylane import QNode
    from pennylane.devices import Device
    from pennylane.measurements import ExpectationMP
    from pennylane.operation import Operator
    from qiskit import QuantumCircuit

    from diffqas.layers.quantum_layer import QuantumLayer

Results: TypeAlias = Mapping[str, float]
"""Counts or probabilities by bit string as Qiskit writes it, qubit 0 on the right."""


@dataclass(frozen=True)
class FoundCircuit:
    """One candidate of a layer at its angles.

    Attributes:
        candidate: the circuit.
        gates: the gates in the order in which they act; the index of an `InputSlot` is that of an
            input of the layer.
        weights: the structural weight in each output.
    """

    candidate: AnyCandidate
    gates: tuple[Gate, ...]
    weights: tuple[float, ...]


def weighted_circuits(layer: QuantumLayer) -> list[FoundCircuit]:
    """The candidates of a layer that have a weight other than 0 in some output.

    Raises:
        ArgumentError: all weights are 0, or the layer is a stack of several.
    """
    found = [circuit for circuit in all_circuits(layer) if any(circuit.weights)]
    require(bool(found), "layer", "have a weight other than 0", "none")
    return found


@torch.no_grad()
def all_circuits(layer: QuantumLayer) -> list[FoundCircuit]:
    """Every candidate of a layer, in its order.

    Raises:
        ArgumentError: the layer is a stack of several.
    """
    require(not layer.lead, "layer", "be a single one", "stacked ones")
    placed = layer.placed(layer.weights, layer.choice).double().expand(layer.outputs, -1)
    found: list[FoundCircuit] = []
    for place, candidate in enumerate(layer.candidates):
        weights = tuple(placed[:, place].tolist())
        found.append(FoundCircuit(candidate, _gates(layer, place), weights))
    return found


def _gates(layer: QuantumLayer, place: int) -> tuple[Gate, ...]:
    """Gates of one candidate at its angles, the inputs of the layer open."""
    angles = layer.angles[place] if layer.separate else layer.angles
    factors = [[1.0] * layer.inputs] * layer.uploads
    if layer.factors is not None:
        factors = layer.factors.double().tolist()
    encodings = [
        [InputSlot(index, own[index]) for index in part]
        for own in factors
        for part in layer.places.reshape(-1, layer.n).tolist()
    ]
    gates = operations(
        layer.candidates[place],
        angles.double().tolist(),
        input_names(layer),
        uploads=len(encodings),
        encodings=encodings,
    )
    return tuple(gates)


def input_names(layer: QuantumLayer) -> list[str]:
    """The names of inputs that stay open: x0, x1, ..."""
    return [f"x{index}" for index in range(layer.inputs)]


def layer_settings(layer: QuantumLayer) -> list[Setting]:
    """The bases in which the outputs of a layer are read."""
    return settings(layer.observables, layer.n, layer.outputs, trained_numbers(layer))


def readable(found: FoundCircuit, n: int, basis: Setting) -> Readable:
    """A circuit as it is measured in a basis; an `InputSlot` counts the inputs of the layer."""
    return Readable(found.candidate.name, n, found.gates, basis.turns)


class MeasuredCircuits:
    """The circuits of a layer with measurements, for any device that Qiskit can use.

    Run the `circuits`; `outputs` then computes the outputs of the layer from their results.
    """

    def __init__(self, layer: QuantumLayer, x: Tensor | None) -> None:
        self._count = layer.outputs
        self._read: list[tuple[tuple[float, ...], Setting]] = []
        self.circuits: list[QuantumCircuit] = []
        values = None if x is None else _sample(layer, x)
        bases = layer_settings(layer)
        for found in weighted_circuits(layer):
            for basis in bases:
                circuit = readable(found, layer.n, basis).to_qiskit(values)
                circuit.measure_all()
                self.circuits.append(circuit)
                self._read.append((found.weights, basis))

    def __len__(self) -> int:
        return len(self.circuits)

    def outputs(self, results: Sequence[Results] | Results) -> list[float]:
        """Compute the outputs of the layer from what was measured.

        Args:
            results: counts or probabilities by bit string, for each of `circuits`. For a single
                circuit a list is not needed.

        Raises:
            ArgumentError: there are results of another number of circuits, or empty results.
        """
        if isinstance(results, Mapping):
            results = [results]
        rule = f"hold results of {len(self)} circuits"
        require(len(results) == len(self), "results", rule, len(results))
        total = np.zeros(self._count)
        for own, (weights, basis) in zip(results, self._read, strict=True):
            require(sum(own.values()) > 0, "results", "hold counts of every circuit", "none")
            turned = {bits[::-1]: weight for bits, weight in own.items()}
            total += np.array(weights) * basis.outputs(turned, self._count)
        return total.tolist()


def pennylane_node(layer: QuantumLayer, device: Device | None) -> QNode:
    """The only circuit of a layer and its observables as a QNode.

    Raises:
        ArgumentError: the layer has several circuits.
        DataError: PennyLane is not installed.
    """
    found = _only(layer)
    apply = pennylane_gates(found.gates)
    import pennylane

    measured = list(_observables(layer, found.weights))
    if device is None:
        device = pennylane.device("default.qubit", wires=layer.n)

    @pennylane.qnode(device)
    def circuit(x: Tensor) -> list[ExpectationMP]:
        # The last dimension holds the inputs of a sample; PennyLane broadcasts batches.
        apply([x[..., index] for index in range(layer.inputs)])
        return [pennylane.expval(observable) for observable in measured]

    return circuit


def _observables(layer: QuantumLayer, weights: Sequence[float]) -> Iterator[Operator]:
    """PennyLane's observable of each output, times its structural weight."""
    import pennylane

    observables, numbers = layer.observables, trained_numbers(layer)
    supports = observables.supports(layer.n, layer.outputs)
    for output, weight in enumerate(weights):
        if isinstance(observables, PauliStrings):
            own = {observables.strings[output]: 1.0}
            if numbers is not None:
                own = dict(zip(observables.strings, numbers[output].tolist(), strict=True))
            words = {
                pennylane.pauli.PauliWord(dict(enumerate(string))): weight * number
                for string, number in own.items()
            }
            sentence = pennylane.pauli.PauliSentence(words)
            yield sentence.operation(wire_order=range(layer.n))
        elif numbers is None:
            yield weight * pennylane.Z(supports[output][0])
        else:
            matrix = np.diag(numbers[output])
            if isinstance(observables, Hermitian):
                matrix = hermitian(numbers[output])
            yield pennylane.Hermitian(weight * matrix, wires=supports[output])


def layer_qasm(layer: QuantumLayer) -> str:
    """The only circuit of a layer as OpenQASM 3, without measurements.

    Raises:
        ArgumentError: the layer has several circuits.
    """
    return circuit_qasm(layer, _only(layer))


def circuit_qasm(layer: QuantumLayer, found: FoundCircuit) -> str:
    """A circuit of a layer as OpenQASM 3, inputs open, without measurements."""
    uploads = f"uploads of {layer.inputs} inputs: {layer.uploads}"
    title = f"{found.candidate.name}, {layer.n} qubits, depth {layer.depth}, {uploads}"
    return qasm_text(found.gates, layer.n, title, input_names(layer))


def _only(layer: QuantumLayer) -> FoundCircuit:
    found = weighted_circuits(layer)
    if len(found) > 1:
        raise ArgumentError(
            f"A layer of {len(found)} circuits is no single one: call `discretize(k=1)` first, of "
            'a layer with structure="layer".'
        )
    return found[0]


def trained_numbers(layer: QuantumLayer) -> Values | None:
    """The numbers of the observables of a layer; None where nothing is trained."""
    if layer.coefficients is None:
        return None
    return layer.coefficients.detach().double().cpu().numpy()


def _sample(layer: QuantumLayer, x: Tensor) -> list[float]:
    """One sample as numbers."""
    require(isinstance(x, Tensor), "x", "be a tensor", type(x).__name__)
    got = tuple(x.shape)
    require(got == (layer.inputs,), "x", f"have the shape ({layer.inputs},), one sample", got)
    values = x.detach().double().tolist()
    require(all(map(math.isfinite, values)), "x", "be finite", values)
    return values
