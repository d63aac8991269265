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
    inputs: Floats | None = None,
    sampler: BaseSamplerV2 | None = None,
    seed: int = 0,
) -> Floats:
    """Frequencies of what is read of circuits, each routed to the device.

    Args:
        circuits: on n qubits each, without measurements.
        shots: of each.
        device: as of `routed`.
        inputs: of every sample, numbers for the open parameters x0, x1, ..., (samples, inputs);
            None: nothing is open.
        sampler: a `SamplerV2` of the caller's own, that of a real device say.
        seed: of Qiskit's own samplers; a sampler of the caller's has its own.

    Returns:
        (circuits, 2**n), or (circuits, samples, 2**n) at `inputs`; qubit 0 is the most significant
        bit, as everywhere in diffqas.

    Raises:
        ArgumentError, DataError: as of `routed`; or the device refuses the circuits.
    """
    require(len(circuits) > 0, "circuits", "hold at least one circuit", "none")
    require(whole(shots), "shots", "be a whole number of at least 1", shots)
    opened = device_of(device, circuits[0].num_qubits)
    ready = [routed(measured(circuit), opened) for circuit in circuits]
    found = sample_routed(ready, shots, opened, inputs, sampler, seed)
    return found[:, 0] if inputs is None else found


def measured(circuit: QuantumCircuit) -> QuantumCircuit:
    """A copy that ends by reading every qubit."""
    found = circuit.copy()
    # Bits are tied to the circuit's qubits before these are moved: they come back in order.
    found.measure_all()
    return found


def sample_routed(
    ready: Sequence[QuantumCircuit],
    shots: int,
    device: str | Coupling | Backend,
    inputs: Floats | None = None,
    sampler: BaseSamplerV2 | None = None,
    seed: int = 0,
) -> Floats:
    """As `sample`, of circuits that are measured and on the device already.

    Returns:
        (circuits, samples, 2**n), one sample without `inputs`.
    """
    if sampler is None:
        sampler = _sampler(device, seed)
    tasks = [_bound(circuit, inputs) for circuit in ready]
    results = _run(sampler, tasks, {"shots": shots}, device)
    found: list[Floats] = []
    for circuit, result in zip(ready, results, strict=True):
        bits = result.data.meas
        # A circuit that nothing is open in was run once, for all samples.
        each = [bits.get_counts(place) for place in np.ndindex(bits.shape)]
        p = np.stack([_frequencies(counts, circuit.num_clbits) for counts in each])
        found.append(np.broadcast_to(p, (_samples(inputs), p.shape[1])))
    return np.stack(found)


def _samples(inputs: Floats | None) -> int:
    return 1 if inputs is None else len(inputs)


def _bound(circuit: QuantumCircuit, inputs: Floats | None) -> tuple[Any, ...]:
    """A circuit with the numbers of its open parameters, (samples, parameters)."""
    names = [parameter.name for parameter in circuit.parameters]
    if inputs is None or not names:
        return (circuit,)
    return (circuit, inputs[:, [int(name[1:]) for name in names]])


def estimate(
    circuits: Sequence[QuantumCircuit],
    observables: Sequence[Terms],
    device: str | Coupling | Backend = ALL,
    *,
    precision: float = 0.0,
    inputs: Floats | None = None,
    estimator: BaseEstimatorV2 | None = None,
    seed: int = 0,
) -> Floats:
    """Expectations of observables in circuits, each routed to the device.

    Args:
        circuits: as of `sample`.
        observables: each a sum of Pauli strings, as `{"ZI": 0.5, "IX": 1.0}`.
        device: as of `routed`.
        precision: standard error that is asked for; 0: exact, on a simulator without shots alone.
        inputs: as of `sample`.
        estimator: an `EstimatorV2` of the caller's own.
        seed: as of `sample`.

    Returns:
        (circuits, observables), or (circuits, samples, observables) at `inputs`.

    Raises:
        ArgumentError, DataError: as of `sample`.
    """
    require(len(circuits) > 0, "circuits", "hold at least one circuit", "none")
    require(len(observables) > 0, "observables", "hold at least one sum", "none")
    _check_strings(observables, circuits[0].num_qubits)
    opened = device_of(device, circuits[0].num_qubits)
    exact = estimator is None and opened == ALL
    rule = "be above 0 on a device, which has shots" if not exact else "not be negative"
    require(precision >= 0 and (exact or precision > 0), "precision", rule, precision)
    ready = [routed(circuit, opened) for circuit in circuits]
    found = estimate_routed(ready, observables, opened, precision, inputs, estimator, seed)
    return found[:, 0] if inputs is None else found


def estimate_routed(
    ready: Sequence[QuantumCircuit],
    observables: Sequence[Terms],
    device: str | Coupling | Backend,
    precision: float,
    inputs: Floats | None = None,
    estimator: BaseEstimatorV2 | None = None,
    seed: int = 0,
) -> Floats:
    """As `estimate`, of circuits that are on the device already.

    Returns:
        (circuits, samples, observables), one sample without `inputs`.
    """
    if estimator is None:
        estimator = _estimator(device, seed)
    tasks: list[tuple[Any, ...]] = []
    for circuit in ready:
        layout = circuit.layout
        sums = [_operator(terms) for terms in observables]
        if layout is not None:
            # An observable follows the qubits to where the transpiler put them.
            sums = [one.apply_layout(layout) for one in sums]
        # Every observable meets every sample: (observables, 1) beside (samples,).
        _, *numbers = _bound(circuit, inputs)
        tasks.append((circuit, [[one] for one in sums], *numbers))
    results = _run(estimator, tasks, {"precision": precision}, device)
    found: list[Floats] = []
    for result in results:
        values = np.asarray(result.data.evs, dtype=float).T
        found.append(np.broadcast_to(values, (_samples(inputs), len(observables))))
    return np.stack(found)


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
        # A generator goes on from circuit to circuit; a number would begin anew with each.
        return StatevectorSampler(seed=np.random.default_rng(seed))
    from qiskit.primitives import BackendSamplerV2

    return BackendSamplerV2(backend=device, options={"seed_simulator": seed})


def _estimator(device: Any, seed: int) -> Any:
    if isinstance(device, str | Coupling):
        try:
            from qiskit.primitives import StatevectorEstimator
        except ImportError:
            raise DataError(NO_QISKIT) from None
        return StatevectorEstimator(seed=np.random.default_rng(seed))
    from qiskit.primitives import BackendEstimatorV2

    return BackendEstimatorV2(backend=device, options={"seed_simulator": seed})


def _frequencies(counts: Mapping[str, int], n: int) -> Floats:
    """Shares of the basis states (2**n,) by counts of bit strings, qubit 0 on the right of each."""
    p = np.zeros(2**n)
    for bits, count in counts.items():
        p[int(bits[::-1], 2)] += count
    return p / p.sum()


def _check_strings(observables: Sequence[Terms], n: int) -> None:
    for terms in observables:
        for string in terms:
            fits = len(string) == n and set(string) <= set("IXYZ")
            require(fits, "observables", f"be of strings of {n} letters I, X, Y or Z", repr(string))


def _operator(terms: Terms) -> Any:
    """A sum of Pauli strings for Qiskit, which has qubit 0 on the right."""
    from qiskit.quantum_info import SparsePauliOp

    return SparsePauliOp(
        [string[::-1] for string in terms], np.array(list(terms.values()), dtype=float)
    )
