"""Circuits through Qiskit's primitives, the same way on a simulator, a fake backend and a device.

`SamplerV2` gives frequencies of bit strings, `EstimatorV2` expectations of observables. Without one
of the caller's own, `"all"` takes Qiskit's exact simulator, and a backend Qiskit's primitives for
any backend. The user's account makes those for a real device:
`qiskit_ibm_runtime.SamplerV2(mode=backend)`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from diffqas.devices.backends import NO_QISKIT, Backend
from diffqas.devices.couplings import ALL, Coupling
from diffqas.devices.routing import device_of, name_of, routed
from diffqas.errors import DataError, require, whole

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.primitives import BaseEstimatorV2, BaseSamplerV2

Floats = NDArray[np.float64]
Terms = Mapping[str, float]
"""Coefficients of Pauli strings, qubit 0 on the left."""


def sample(
    circuits: Sequence[QuantumCircuit],
    shots: int,
    device: str | Coupling | Backend = ALL,
    *,
    sampler: BaseSamplerV2 | None = None,
    seed: int = 0,
) -> Floats:
    """Frequencies of what is read of circuits, each routed to the device.

    Args:
        circuits: on n qubits each, without measurements and open parameters.
        shots: of each.
        device: as of `routed`.
        sampler: a `SamplerV2` of the caller's own, that of a real device say.
        seed: of Qiskit's own samplers; a sampler of the caller's has its own.

    Returns:
        (circuits, 2**n), qubit 0 the most significant bit, as everywhere in diffqas.

    Raises:
        ArgumentError, DataError: as of `routed`; or the device refuses the circuits.
    """
    require(len(circuits) > 0, "circuits", "hold at least one circuit", "none")
    require(whole(shots), "shots", "be a whole number of at least 1", shots)
    opened = device_of(device, circuits[0].num_qubits)
    ready: list[QuantumCircuit] = []
    for circuit in circuits:
        measured = circuit.copy()
        # Bits are tied to the circuit's qubits before these are moved: they come back in order.
        measured.measure_all()
        ready.append(routed(measured, opened))
    if sampler is None:
        sampler = _sampler(opened, seed)
    results = _run(sampler, [(circuit,) for circuit in ready], {"shots": shots}, opened)
    found: list[Floats] = []
    for circuit, result in zip(circuits, results, strict=True):
        counts = result.data.meas.get_counts()
        found.append(_frequencies(counts, circuit.num_qubits))
    return np.stack(found)


def estimate(
    circuits: Sequence[QuantumCircuit],
    observables: Sequence[Terms],
    device: str | Coupling | Backend = ALL,
    *,
    precision: float = 0.0,
    estimator: BaseEstimatorV2 | None = None,
    seed: int = 0,
) -> Floats:
    """Expectations of observables in circuits, each routed to the device.

    Args:
        circuits: as of `sample`.
        observables: each a sum of Pauli strings, as `{"ZI": 0.5, "IX": 1.0}`.
        device: as of `routed`.
        precision: standard error that is asked for; 0: exact, on a simulator without shots alone.
        estimator: an `EstimatorV2` of the caller's own.
        seed: as of `sample`.

    Returns:
        (circuits, observables).

    Raises:
        ArgumentError, DataError: as of `sample`.
    """
    require(len(circuits) > 0, "circuits", "hold at least one circuit", "none")
    require(len(observables) > 0, "observables", "hold at least one sum", "none")
    opened = device_of(device, circuits[0].num_qubits)
    exact = estimator is None and opened == ALL
    rule = "be above 0 on a device, which has shots" if not exact else "not be negative"
    require(precision >= 0 and (exact or precision > 0), "precision", rule, precision)
    tasks: list[tuple[Any, ...]] = []
    for circuit in circuits:
        ready = routed(circuit, opened)
        sums = [_operator(terms, circuit.num_qubits) for terms in observables]
        if ready.layout is not None:
            # An observable follows the qubits to where the transpiler put them.
            sums = [one.apply_layout(ready.layout) for one in sums]
        tasks.append((ready, sums))
    if estimator is None:
        estimator = _estimator(opened, seed)
    results = _run(estimator, tasks, {"precision": precision}, opened)
    return np.stack([np.asarray(result.data.evs, dtype=float) for result in results])


def _run(primitive: Any, tasks: Sequence[Any], options: Mapping[str, Any], device: Any) -> Any:
    """Results of a primitive; what it refuses in one line."""
    from qiskit.exceptions import QiskitError

    try:
        return primitive.run(tasks, **options).result()
    except (QiskitError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{name_of(device)} could not run the circuits: {reason}") from None


def _sampler(device: Any, seed: int) -> Any:
    if isinstance(device, str | Coupling):
        try:
            from qiskit.primitives import StatevectorSampler
        except ImportError:
            raise DataError(NO_QISKIT) from None
        return StatevectorSampler(seed=seed)
    from qiskit.primitives import BackendSamplerV2

    return BackendSamplerV2(backend=device, options={"seed_simulator": seed})


def _estimator(device: Any, seed: int) -> Any:
    if isinstance(device, str | Coupling):
        try:
            from qiskit.primitives import StatevectorEstimator
        except ImportError:
            raise DataError(NO_QISKIT) from None
        return StatevectorEstimator(seed=seed)
    from qiskit.primitives import BackendEstimatorV2

    return BackendEstimatorV2(backend=device, options={"seed_simulator": seed})


def _frequencies(counts: Mapping[str, int], n: int) -> Floats:
    """Shares of the basis states (2**n,) by counts of bit strings, qubit 0 on the right of each."""
    p = np.zeros(2**n)
    for bits, count in counts.items():
        p[int(bits[::-1], 2)] += count
    return p / p.sum()


def _operator(terms: Terms, n: int) -> Any:
    """A sum of Pauli strings for Qiskit, which has qubit 0 on the right."""
    from qiskit.quantum_info import SparsePauliOp

    for string in terms:
        fits = len(string) == n and set(string) <= set("IXYZ")
        require(fits, "observables", f"be of strings of {n} letters I, X, Y or Z", repr(string))
    return SparsePauliOp(
        [string[::-1] for string in terms], np.array(list(terms.values()), dtype=float)
    )
