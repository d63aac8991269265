"""Circuits run by Qiskit's primitives, the same way on a simulator, a fake backend and a device.

A `SamplerV2` gives frequencies of bit strings, an `EstimatorV2` expectations of observables. If the
caller gives none, Qiskit's exact simulator is used for `"all"`, and Qiskit's primitives for any
backend are used for a backend. For a real device the user's account makes the primitive:
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
    """Route circuits to a device, run them, and return the frequencies of the bit strings.

    Args:
        circuits: circuits on n qubits each, without measurements.
        shots: the number of shots of each circuit.
        device: as in `routed`.
        inputs: numbers for the open parameters x0, x1, ... in every sample, (samples, inputs);
            None: no parameter is open.
        sampler: the caller's own `SamplerV2`, for example that of a real device.
        seed: the seed of Qiskit's own samplers; the caller's sampler has its own.

    Returns:
        Frequencies (circuits, 2**n), or (circuits, samples, 2**n) with `inputs`; qubit 0 is the
        most significant bit, as everywhere in diffqas.

    Raises:
        ArgumentError: as in `routed`, no circuits, or a number of shots below 1.
        DataError: as in `routed`, or the device refuses the circuits.
    """
    require(len(circuits) > 0, "circuits", "hold at least one circuit", "none")
    require(whole(shots), "shots", "be a whole number of at least 1", shots)
    opened = device_of(device, circuits[0].num_qubits)
    ready = [routed(measured(circuit), opened) for circuit in circuits]
    found = sample_routed(ready, shots, opened, inputs, sampler, seed)
    return found[:, 0] if inputs is None else found


def measured(circuit: QuantumCircuit) -> QuantumCircuit:
    """A copy of the circuit that measures every qubit at the end."""
    found = circuit.copy()
    # The bits are tied to the circuit's qubits before routing moves these: their order stays.
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
    """As `sample`, for circuits that are routed already and have measurements.

    Returns:
        Frequencies (circuits, samples, 2**n); without `inputs` there is one sample.
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
    """Route circuits to a device, run them, and return the expectations of observables.

    Args:
        circuits: as in `sample`.
        observables: sums of Pauli strings, such as `{"ZI": 0.5, "IX": 1.0}`.
        device: as in `routed`.
        precision: the standard error that is asked for; 0 asks for exact values, which only a
            simulator without shots can give.
        inputs: as in `sample`.
        estimator: the caller's own `EstimatorV2`.
        seed: as in `sample`.

    Returns:
        Expectations (circuits, observables), or (circuits, samples, observables) with `inputs`.

    Raises:
        ArgumentError: as in `routed`, no circuits or observables, a string that does not fit, or a
            precision that the device cannot give.
        DataError: as in `sample`.
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
    """As `estimate`, for circuits that are routed already.

    Returns:
        Expectations (circuits, samples, observables); without `inputs` there is one sample.
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
    """The results of a primitive; an error of the primitive becomes one line."""
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
