"""A circuit in the gates and on the coupled pairs of a device, by Qiskit's transpiler."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from diffqas.devices.backends import NO_QISKIT, Backend, open_backend
from diffqas.devices.couplings import ALL, Coupling, coupling_of
from diffqas.errors import DataError, require
from diffqas.storage import Json

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

BASIS = ("rz", "sx", "x", "cx")
"""The gates of a device of which only the coupling map is given."""
LEVEL = 1
"""The level of Qiskit's optimisation: a layout, routing, and cancelling of neighbouring gates."""
SEED = 0
"""The transpiler's seed, so that a circuit is always routed in the same way."""


def routed(
    circuit: QuantumCircuit, device: str | Coupling | Backend, *, level: int = LEVEL
) -> QuantumCircuit:
    """A circuit as a device can run it; `routed(...).layout` tells the place of each qubit.

    Args:
        circuit: any circuit, with or without measurements.
        device: a word of `MAPS`, `"all"`, a `Coupling`, the name of a backend, or a backend object
            of Qiskit, which may be a real device.
        level: the level of the transpiler's optimisation, 0 to 3.

    Raises:
        ArgumentError: another level, an unknown backend, or one with fewer qubits than the circuit.
        DataError: the circuit cannot be routed there, or a package is not installed.
    """
    require(level in range(4), "level", "be 0, 1, 2 or 3", level)
    try:
        from qiskit import transpile
        from qiskit.exceptions import QiskitError
    except ImportError:
        raise DataError(NO_QISKIT) from None
    options = _options(device, circuit.num_qubits)
    try:
        found = transpile(circuit, optimization_level=level, seed_transpiler=SEED, **options)
    except QiskitError as error:
        reason = " ".join(str(error).split())
        raise DataError(
            f"The circuit {circuit.name} on {circuit.num_qubits} qubits cannot be routed to "
            f"{name_of(device)}: {reason}"
        ) from None
    return cast("QuantumCircuit", found)


def device_of(device: str | Coupling | Backend, n: int) -> str | Coupling | Backend:
    """The same device, but an opened backend instead of its name, to be used for many circuits.

    Raises:
        ArgumentError: the backend is unknown or has fewer than n qubits.
        DataError: a package is not installed.
    """
    if not isinstance(device, str) or device == ALL:
        return device
    return coupling_of(device, n) or open_backend(device, n)


def name_of(device: str | Coupling | Backend) -> str:
    """The name of a device."""
    if isinstance(device, str):
        return device
    return str(device.name)


def _options(device: str | Coupling | Backend, n: int) -> Json:
    """What the transpiler is told of a device."""
    if isinstance(device, str) and device == ALL:
        return {"basis_gates": list(BASIS)}
    opened: Backend = device_of(device, n)
    if isinstance(opened, Coupling):
        _require_size(opened.qubits, n, opened.name)
        from qiskit.transpiler import CouplingMap

        # Pairs alone would leave out a qubit without a partner.
        own = CouplingMap()
        for qubit in range(opened.qubits):
            own.add_physical_qubit(qubit)
        for one, other in opened.pairs:
            own.add_edge(one, other)
            own.add_edge(other, one)
        return {"basis_gates": list(BASIS), "coupling_map": own}
    _require_size(opened.num_qubits, n, name_of(opened))
    return {"backend": opened}


def _require_size(size: int, n: int, name: str) -> None:
    require(size >= n, "backend", f"have at least {n} qubits", f"{name} with {size}")
