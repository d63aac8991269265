"""Circuits on a noisy device: probabilities by Qiskit Aer (extra `noise`), and readout errors.

Gates are compiled to rz, sx, x and cx, or to the basis and the couplings of a named backend. An rz
is a change of frame and has no error. Qubit 0 is the most significant bit of a basis state, as
everywhere in diffqas. Readout errors are computed here, without Aer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from diffqas.circuits import Angles, Candidate, to_qiskit
from diffqas.devices import (
    BASIS,
    MAX_DEPOLARISING,
    TWO_QUBITS,
    Backend,
    Cost,
    cost_of,
    open_backend,
)
from diffqas.errors import DataError, choose, require, whole
from diffqas.storage import Json

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

Floats = NDArray[np.float64]

METHODS = ("auto", "density", "trajectories")
DENSITY_QUBITS, MAX_DENSITY_QUBITS = 8, 13
"""Most qubits of a density matrix by itself, and when it is asked for: it takes 16 times as long
for two more.
"""


@dataclass(frozen=True)
class Device:
    """The errors of a device.

    Args:
        depolarising: the probability that a qubit is replaced by a fully mixed one after every sx
            and x. After every cx both qubits are, with `TWO_QUBITS` times this probability.
        readout: the probability that a measured bit is read wrongly.
        backend: `"generic"`, or the name of a fake backend of qiskit-ibm-runtime such as
            `"fake_torino"`. Its gates, couplings, relaxation and readout take the place of the two
            rates.

    Raises:
        ArgumentError: a rate is out of range, or a backend is given together with a rate.
    """

    depolarising: float = 0.0
    readout: float = 0.0
    backend: str | None = None

    def __post_init__(self) -> None:
        for name, rate, most in (
            ("depolarising", self.depolarising, MAX_DEPOLARISING),
            ("readout", self.readout, 0.5),
        ):
            require(0 <= rate <= most, name, f"be between 0 and {most}", rate)
        alone = self.backend is None or not (self.depolarising or self.readout)
        require(alone, "backend", "go without rates of its own", self.backend)

    @property
    def ideal(self) -> bool:
        """Whether the gates are exact, so that nothing has to be simulated."""
        return not self.depolarising and self.backend is None


class Simulation:
    """A device of n qubits, ready for circuits.

    Args:
        device: the errors.
        n: how many qubits the circuits have.
        method: `"density"` is exact; `"trajectories"` is the mean over random trajectories;
            `"auto"` is the first up to `DENSITY_QUBITS` qubits, and else the second.
        trajectories: the number of trajectories.
        seed: the seed of the trajectories.

    Raises:
        ArgumentError: the backend is unknown or too small, the method is unknown or not for so many
            qubits, or `trajectories` is below 1.
        DataError: a package is not installed.
    """

    def __init__(
        self, device: Device, n: int, method: str = "auto", trajectories: int = 200, seed: int = 0
    ) -> None:
        choose(method, METHODS, "method")
        require(
            whole(trajectories), "trajectories", "be a whole number of at least 1", trajectories
        )
        fits = method != "density" or n <= MAX_DENSITY_QUBITS
        require(
            fits, "method", f"be trajectories above {MAX_DENSITY_QUBITS} qubits", f"density for {n}"
        )
        self.device, self.n, self.seed = device, n, seed
        self.exact = method == "density" or (method == "auto" and n <= DENSITY_QUBITS)
        self.trajectories = 1 if self.exact else trajectories
        self.costs: dict[str, Cost] = {}
        """Of the circuits that were compiled, by name; of several alike of the first one."""
        self._backend: Backend = None
        if not device.ideal:
            self._aer = _aer()
            self._backend = None if device.backend is None else open_backend(device.backend, n)
            self._model = self._noise_model()

    def probabilities(self, candidate: Candidate, angles: Angles, ideal: Floats) -> Floats:
        """The probabilities (2**n,) of the readings of a circuit, in the order of diffqas.

        Args:
            candidate: the circuit.
            angles: (depth, n) or (depth, n, r), as nested sequences.
            ideal: the exact probabilities, which are enough if the device has readout errors alone.
        """
        (p,) = self.samples(lambda: to_qiskit(candidate, angles), [()], ideal[None])
        return p

    def samples(
        self,
        make: Callable[[], QuantumCircuit],
        inputs: Sequence[Sequence[float]],
        ideal: Floats,
    ) -> Floats:
        """The probabilities (samples, 2**n) of the readings of one circuit at many inputs.

        Args:
            make: gives the circuit, whose inputs x0, x1, ... are open. It is not called if the
                device has readout errors alone.
            inputs: for every sample a number for each of the inputs.
            ideal: the exact probabilities (samples, 2**n).
        """
        if self.device.ideal:
            errors = [flip(self.device.readout)] * self.n
            return np.stack([misread(p, errors) for p in ideal])
        circuit, places = self._compiled(make())
        errors = self._readout(places)
        return np.stack([misread(p, errors) for p in self._simulated(circuit, inputs)])

    def _compiled(self, circuit: QuantumCircuit) -> tuple[QuantumCircuit, list[int]]:
        """A circuit in the gates of the device, and where its qubits end."""
        from qiskit import transpile

        options: Json = {"backend": self._backend}
        if self._backend is None:
            options = {"basis_gates": list(BASIS)}
        compiled: Any = transpile(
            circuit, optimization_level=1, seed_transpiler=self.seed, **options
        )
        self.costs.setdefault(circuit.name, cost_of(compiled))
        layout = compiled.layout
        places = list(range(self.n)) if layout is None else list(layout.final_index_layout())
        compiled.save_probabilities(places[::-1])  # the first is the least significant bit
        return compiled, places

    def _simulated(
        self, circuit: QuantumCircuit, inputs: Sequence[Sequence[float]]
    ) -> Iterator[Floats]:
        """Probabilities (2**n,) at every sample, before they are read."""
        # Aer's name for a pure state per trajectory is statevector.
        method = "density_matrix" if self.exact else "statevector"
        simulator = self._aer.AerSimulator(
            method=method, noise_model=self._model, seed_simulator=self.seed
        )
        given = [
            {open_.name: values[int(open_.name[1:])] for open_ in circuit.parameters}
            for values in inputs
        ]
        every = [circuit.assign_parameters(values) for values in given]
        result = simulator.run(every, shots=self.trajectories).result()
        if not result.success:
            what = f"{circuit.name} on {self.n} qubits"
            raise DataError(f"Qiskit Aer could not simulate {what}: {result.status}.")
        for place in range(len(every)):
            p = np.asarray(result.data(place)["probabilities"], dtype=float).clip(0)
            yield p / p.sum()

    def _noise_model(self) -> Any:
        noise = self._aer.noise
        if self._backend is not None:
            return noise.NoiseModel.from_backend(self._backend)
        model, rate = noise.NoiseModel(basis_gates=list(BASIS)), self.device.depolarising
        model.add_all_qubit_quantum_error(noise.depolarizing_error(rate, 1), ["sx", "x"])
        model.add_all_qubit_quantum_error(
            noise.depolarizing_error(min(1.0, TWO_QUBITS * rate), 2), ["cx"]
        )
        return model

    def _readout(self, places: list[int]) -> list[Floats]:
        """Probabilities (prepared, read) of each qubit of the circuit."""
        if self._backend is None:
            return [flip(self.device.readout)] * self.n
        known = {
            qubits[0]: np.array(error["probabilities"])
            for error in self._model.to_dict()["errors"]
            if error["type"] == "roerror"
            for qubits in error.get("gate_qubits", [])
        }
        return [known.get(place, flip(0.0)) for place in places]


def flip(rate: float) -> Floats:
    """A bit that is read as the other with probability `rate`: (prepared, read)."""
    return np.array([[1 - rate, rate], [rate, 1 - rate]])


def misread(p: Floats, errors: list[Floats]) -> Floats:
    """Probabilities (2**n,) of what is read, each bit with errors (prepared, read) of its own.

    >>> misread(np.array([1.0, 0, 0, 0]), [flip(0.1), flip(0.0)]).tolist()
    [0.9, 0.0, 0.1, 0.0]
    """
    p = p.reshape((2,) * len(errors))
    for qubit, error in enumerate(errors):
        p = np.moveaxis(np.tensordot(p, error, axes=(qubit, 0)), -1, qubit)
    return p.reshape(-1)


def _aer() -> Any:
    try:
        import qiskit_aer
        import qiskit_aer.noise
    except ImportError:
        raise DataError(
            "Qiskit Aer is not installed: run `pip install 'diffqas[noise]'`."
        ) from None
    return qiskit_aer
