"""Readers measure circuits: by a `SamplerV2` of Qiskit on a device, or by a device of PennyLane.

Both take circuits gate by gate and return frequencies of bit strings, so that the caller need not
know which of the two it is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from diffqas.circuits import Gate, pennylane_gates, qiskit_circuit
from diffqas.devices.backends import Backend
from diffqas.devices.costs import Cost, cost_of
from diffqas.devices.couplings import ALL, Coupling
from diffqas.devices.primitives import (
    Floats,
    Terms,
    estimate_routed,
    measured,
    sample_routed,
)
from diffqas.devices.routing import device_of, name_of, routed
from diffqas.errors import DataError, require, whole

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.primitives import BaseEstimatorV2, BaseSamplerV2

MOST_SHOTS = 10**7
"""The most shots of one circuit: primitives and devices take one shot after the other."""
NO_INPUTS: Floats = np.zeros((1, 0))
"""The inputs of a single sample, for circuits that read no data."""


@dataclass(frozen=True, eq=False)
class Readable:
    """A circuit that is to be measured.

    Attributes:
        name: the name for tables.
        n: the number of qubits.
        gates: the gates in the order in which they act; their angles are numbers or of `InputSlot`.
        turns: changes of basis after the gates: k qubits, the first one most significant, and the
            matrix (2**k, 2**k).
    """

    name: str
    n: int
    gates: Sequence[Gate]
    turns: Sequence[tuple[tuple[int, ...], NDArray[np.complex128]]] = ()

    def to_qiskit(self, values: Sequence[float] | None = None) -> QuantumCircuit:
        """The circuit for Qiskit, without the measurement.

        Args:
            values: the values of the inputs; None leaves Qiskit parameters x0, x1, ... open.

        Raises:
            DataError: Qiskit is not installed.
        """
        circuit = qiskit_circuit(self.gates, self.n, self.name, values)
        for qubits, matrix in self.turns:
            # Qiskit's matrices have the first qubit least significant.
            circuit.unitary(matrix, qubits[::-1])
        return circuit

    def to_pennylane(self) -> Callable[[Sequence[Any]], None]:
        """The circuit for PennyLane: a quantum function of inputs, which are numbers or batches.

        Raises:
            DataError: PennyLane is not installed.
        """
        apply = pennylane_gates(self.gates)
        import pennylane

        def circuit(inputs: Sequence[Any]) -> None:
            apply(inputs)
            for qubits, matrix in self.turns:
                pennylane.QubitUnitary(matrix, wires=qubits)

        return circuit


Kept: TypeAlias = "dict[int, tuple[Readable, QuantumCircuit]]"
"""Circuits that have been routed already, by their identity."""


class Reader(Protocol):
    """Measures circuits.

    Attributes:
        way: a word for the way of measuring, such as `"sampler"`.
        costs: the costs of the circuits that were routed, by name; of circuits with the same name
            the cost of the first one.
    """

    way: ClassVar[str]
    costs: dict[str, Cost]

    @property
    def name(self) -> str:
        """Of the device."""
        ...

    def read(
        self, circuits: Sequence[Readable], inputs: Floats, shots: int, seed: int = 0
    ) -> Floats:
        """Run circuits and return the frequencies of the bit strings.

        Args:
            circuits: circuits that all have the same number of qubits.
            inputs: the inputs of every sample, which an `InputSlot` counts, (samples, inputs).
            shots: the number of shots of each circuit for each sample.
            seed: decides the draws, if the device lets the caller decide them.

        Returns:
            Frequencies (circuits, samples, 2**n), with qubit 0 as the most significant bit.

        Raises:
            ArgumentError: the number of shots is out of range, or the device has too few qubits.
            DataError: the device cannot run the circuits, or a package is not installed.
        """
        ...


@dataclass
class _OnQiskit:
    """Circuits on a device of Qiskit, each routed once, however often it is run.

    Args:
        device: as of `routed`.
    """

    device: str | Coupling | Backend = ALL
    costs: dict[str, Cost] = field(init=False, default_factory=dict)
    _kept: Kept = field(init=False, default_factory=dict)

    @property
    def name(self) -> str:
        """Of the device."""
        return name_of(self.device)

    def ready(
        self,
        circuit: Readable,
        ended: Callable[[QuantumCircuit], QuantumCircuit] | None = None,
    ) -> QuantumCircuit:
        """The circuit routed to the device, after `ended` has added what stands at its end."""
        known = self._kept.get(id(circuit))
        if known is not None:
            return known[1]
        plain = circuit.to_qiskit()
        self.device = device_of(self.device, circuit.n)
        if circuit.name not in self.costs:
            self.costs[circuit.name] = cost_of(routed(plain, self.device))
        found = routed(plain if ended is None else ended(plain), self.device)
        # The circuit itself is kept as well, so that no other object can get its id.
        self._kept[id(circuit)] = circuit, found
        return found


@dataclass
class SamplerReader(_OnQiskit):
    """A `SamplerV2` on a device of Qiskit.

    Args:
        device: as in `routed`.
        sampler: the caller's own sampler, for example that of a real device; None: Qiskit's own,
            which is exact on `"all"` and on a coupling map.
    """

    sampler: BaseSamplerV2 | None = None
    way: ClassVar[str] = "sampler"

    def read(
        self, circuits: Sequence[Readable], inputs: Floats, shots: int, seed: int = 0
    ) -> Floats:
        """As of `Reader`."""
        check_shots(shots)
        ready = [self.ready(circuit, measured) for circuit in circuits]
        return sample_routed(ready, shots, self.device, inputs, self.sampler, seed)


@dataclass
class EstimatorReader(_OnQiskit):
    """An `EstimatorV2` on a device of Qiskit, which gives expectations instead of frequencies.

    Args:
        device: as in `routed`.
        estimator: the caller's own estimator; None: Qiskit's own.
    """

    estimator: BaseEstimatorV2 | None = None
    way: ClassVar[str] = "estimator"

    def expectations(
        self,
        circuits: Sequence[Readable],
        observables: Sequence[Terms],
        inputs: Floats,
        shots: int,
        seed: int = 0,
    ) -> Floats:
        """Expectations as in `estimate`, with a requested standard error of 1 / sqrt(shots).

        Args:
            circuits: circuits that all have the same number of qubits.
            observables: sums of Pauli strings.
            inputs: as in `Reader.read`.
            shots: the number of shots that gives an expectation in [-1, 1] to that precision.
            seed: as in `Reader.read`.

        Returns:
            Expectations (circuits, samples, observables).

        Raises:
            ArgumentError: as in `Reader.read`.
            DataError: as in `Reader.read`.
        """
        check_shots(shots)
        ready = [self.ready(circuit) for circuit in circuits]
        precision = shots**-0.5
        return estimate_routed(
            ready, observables, self.device, precision, inputs, self.estimator, seed
        )


AnyReader: TypeAlias = Reader | EstimatorReader


@dataclass
class PennyLaneReader:
    """A device of PennyLane, through a QNode.

    Args:
        device: the caller's own device, such as `pennylane.device("default.mixed", wires=4)`.
    """

    device: Any
    costs: dict[str, Cost] = field(default_factory=dict)
    way: ClassVar[str] = "pennylane"

    @property
    def name(self) -> str:
        """Of the device."""
        return str(self.device.name)

    def read(
        self, circuits: Sequence[Readable], inputs: Floats, shots: int, seed: int = 0
    ) -> Floats:
        """Run circuits as `Reader.read` does; the device itself decides the draws."""
        import pennylane

        check_shots(shots)
        n = circuits[0].n
        wires = self.device.wires
        rule = f"have at least {n} wires, numbered from 0"
        fits = not wires or set(range(n)) <= set(wires.labels)
        require(fits, "backend", rule, f"{self.name} with {wires}")
        columns = list(inputs.T)
        found: list[Floats] = []
        for circuit in circuits:
            apply = circuit.to_pennylane()

            @pennylane.qnode(self.device)
            def node(apply: Any = apply) -> Any:
                apply(columns)
                return pennylane.probs(wires=range(n))

            try:
                p = np.asarray(pennylane.set_shots(node, shots=shots)(), dtype=float)
            except Exception as error:  # whatever a device of the caller's own may raise
                reason = " ".join(str(error).split())
                raise DataError(f"{self.name} could not run the circuits: {reason}") from error
            found.append(np.broadcast_to(p, (len(inputs), 2**n)))
        return np.stack(found)


def reader_of(backend: str | Coupling | Backend, sampler: BaseSamplerV2 | None = None) -> Reader:
    """The reader for a device of Qiskit or of PennyLane.

    Args:
        backend: a device as in `routed`, or a device of PennyLane.
        sampler: as in `SamplerReader`.

    Raises:
        ArgumentError: a sampler of Qiskit is given with a device of PennyLane.
    """
    # Whoever has such a device has imported PennyLane.
    pennylane = sys.modules.get("pennylane")
    if pennylane is not None and isinstance(backend, pennylane.devices.Device):
        require(sampler is None, "sampler", "go with a device of Qiskit", type(sampler).__name__)
        return PennyLaneReader(backend)
    return SamplerReader(backend, sampler)


def check_shots(shots: int) -> None:
    """Refuse a number of shots that no device takes.

    Raises:
        ArgumentError: the number is not from 1 to `MOST_SHOTS`.
    """
    fits = whole(shots) and shots <= MOST_SHOTS
    require(fits, "shots", f"be whole numbers from 1 to {MOST_SHOTS:,} on a device", shots)
