"""Noisy probabilities against a dense density matrix with Pauli errors written out by hand."""

import itertools
import sys

import numpy as np
import pytest
import torch

from diffqas.circuits import TABLE_I, Candidate, to_qiskit
from diffqas.errors import ArgumentError, DataError
from diffqas.runs.noise.device import Device, Simulation, flip, misread
from diffqas.simulator import probabilities

PAULIS = [np.eye(2), np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1])]
UNEQUAL = Candidate(hadamard=True, entangler="ring", rotation=("rx", "rz", "ry"))


def random_angles(candidate, n, depth=2):
    r = len(candidate.rotations)
    return (
        torch.rand(
            depth, n, *([r] if r > 1 else []), generator=torch.Generator().manual_seed(n)
        ).double()
        * 6
    )


def exact(candidate, angles):
    return probabilities([candidate], angles)[0].numpy()


def on(gate, qubits, n):
    """A gate on some qubits as a matrix (2**n, 2**n), qubit 0 the most significant bit."""
    k = len(qubits)
    rest = [q for q in range(n) if q not in qubits]
    full = np.kron(gate, np.eye(2 ** (n - k))).reshape((2,) * (2 * n))
    order = [*qubits, *rest]
    places = [order.index(q) for q in range(n)]
    return full.transpose([*places, *(n + place for place in places)]).reshape(2**n, 2**n)


def twirled(rho, rate, qubits, n):
    """The fully mixed state with probability `rate`: the mean over all Pauli strings."""
    strings = itertools.product(PAULIS, repeat=len(qubits))
    kraus = [on(s[0] if len(s) == 1 else np.kron(*s), qubits, n) for s in strings]
    return (1 - rate) * rho + rate * sum(k @ rho @ k.conj().T for k in kraus) / len(kraus)


def by_hand(candidate, angles, rate):
    """Density-matrix evolution of the compiled circuit, gate by gate."""
    from qiskit import transpile

    n = angles.shape[1]
    basis = ["rz", "sx", "x", "cx"]
    circuit = transpile(
        to_qiskit(candidate, angles.tolist()),
        basis_gates=basis,
        optimization_level=1,
        seed_transpiler=0,
    )
    matrices = {
        "sx": lambda: 0.5 * np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]),
        "x": lambda: PAULIS[1],
        "rz": lambda t: np.diag([np.exp(-0.5j * t), np.exp(0.5j * t)]),
        "cx": lambda: np.eye(4)[[0, 1, 3, 2]],
    }
    rho = np.zeros((2**n, 2**n), dtype=complex)
    rho[0, 0] = 1
    for step in circuit.data:
        name, qubits = step.operation.name, [circuit.find_bit(q).index for q in step.qubits]
        unitary = on(matrices[name](*map(float, step.operation.params)), qubits, n)
        rho = unitary @ rho @ unitary.conj().T
        if name != "rz":
            rho = twirled(rho, rate * (10 if name == "cx" else 1), qubits, n)
    return rho.diagonal().real


@pytest.mark.parametrize(
    "candidate", [TABLE_I[1], TABLE_I[6], TABLE_I[10], UNEQUAL], ids=lambda c: c.name
)
def test_depolarising_noise_is_that_of_a_dense_density_matrix(candidate):
    pytest.importorskip("qiskit_aer")
    angles = random_angles(candidate, 3)
    ideal = exact(candidate, angles)
    found = Simulation(Device(depolarising=0.02), 3).probabilities(
        candidate, angles.tolist(), ideal
    )
    np.testing.assert_allclose(found, by_hand(candidate, angles, 0.02), atol=1e-10)
    assert abs(found - ideal).max() > 0.01


@pytest.mark.parametrize("candidate", [TABLE_I[1], TABLE_I[9], UNEQUAL], ids=lambda c: c.name)
@pytest.mark.parametrize("method", ["density", "trajectories"])
def test_without_errors_the_order_of_basis_states_is_ours(candidate, method):
    pytest.importorskip("qiskit_aer")
    angles = random_angles(candidate, 4)
    ideal = exact(candidate, angles)
    simulation = Simulation(Device(depolarising=1e-15), 4, method, trajectories=3)
    np.testing.assert_allclose(
        simulation.probabilities(candidate, angles.tolist(), ideal), ideal, atol=1e-9
    )


def test_trajectories_tend_to_the_density_matrix():
    pytest.importorskip("qiskit_aer")
    candidate, count = TABLE_I[10], 2000
    angles = random_angles(candidate, 3)
    truth = by_hand(candidate, angles, 0.02)
    simulation = Simulation(Device(depolarising=0.02), 3, "trajectories", trajectories=count)
    found = simulation.probabilities(candidate, angles.tolist(), exact(candidate, angles))
    # A probability of one trajectory lies between 0 and 1, so its variance is at most p (1 - p).
    assert (abs(found - truth) < 5 * np.sqrt(truth * (1 - truth) / count)).all()
    assert abs(found - truth).max() > 1e-6


def test_readout_errors_are_those_that_aer_draws():
    qiskit_aer = pytest.importorskip("qiskit_aer")
    from qiskit_aer.noise import NoiseModel, ReadoutError

    candidate, shots = TABLE_I[7], 100_000
    angles = random_angles(candidate, 3)
    found = Simulation(Device(readout=0.1), 3).probabilities(
        candidate, angles.tolist(), exact(candidate, angles)
    )
    model = NoiseModel()
    model.add_all_qubit_readout_error(ReadoutError(flip(0.1)))
    circuit = to_qiskit(candidate, angles.tolist()).reverse_bits()
    circuit.measure_all()
    simulator = qiskit_aer.AerSimulator(noise_model=model, seed_simulator=0)
    counts = simulator.run(circuit, shots=shots).result().get_counts()
    drawn = np.array([counts.get(f"{index:03b}", 0) for index in range(8)]) / shots
    assert (abs(drawn - found) < 5 * np.sqrt(found * (1 - found) / shots)).all()


def test_readout_errors_are_products_over_bits():
    errors = [np.array([[0.9, 0.1], [0.3, 0.7]]), flip(0.2), np.array([[1.0, 0.0], [0.5, 0.5]])]
    p = np.random.default_rng(0).dirichlet(np.ones(8))
    expected = [
        sum(
            p[true]
            * np.prod([errors[q][true >> (2 - q) & 1, read >> (2 - q) & 1] for q in range(3)])
            for true in range(8)
        )
        for read in range(8)
    ]
    np.testing.assert_allclose(misread(p, errors), expected)


def test_a_backend_brings_gates_couplings_and_readout():
    pytest.importorskip("qiskit_aer")
    candidate = TABLE_I[10]
    angles = random_angles(candidate, 4)
    ideal = exact(candidate, angles)
    found = Simulation(Device(backend="generic"), 4).probabilities(
        candidate, angles.tolist(), ideal
    )
    assert found.sum() == pytest.approx(1)
    assert 1e-4 < abs(found - ideal).max() < 0.2


def test_routed_circuits_keep_their_order_and_their_readout(monkeypatch):
    pytest.importorskip("qiskit_aer")
    from qiskit.providers.fake_provider import GenericBackendV2
    from qiskit_aer.noise import NoiseModel, ReadoutError

    line = GenericBackendV2(
        6, coupling_map=[[a, b] for k in range(5) for a, b in ((k, k + 1), (k + 1, k))], seed=1
    )
    model = NoiseModel()
    for qubit in range(6):
        model.add_readout_error(ReadoutError(flip(0.03 * (qubit + 1))), [qubit])
    monkeypatch.setattr("diffqas.runs.noise.device.open_backend", lambda name, n: line)
    monkeypatch.setattr(Simulation, "_noise_model", lambda self: model)
    candidate = TABLE_I[10]  # a ring, which a line can only route
    angles = random_angles(candidate, 5)
    ideal = exact(candidate, angles)
    simulation = Simulation(Device(backend="line"), 5)
    circuit, places = simulation._compiled(to_qiskit(candidate, angles.tolist()))
    (p,) = simulation._simulated(circuit, [()])
    np.testing.assert_allclose(p, ideal, atol=1e-9)
    assert places != list(range(5))
    found = simulation.probabilities(candidate, angles.tolist(), ideal)
    np.testing.assert_allclose(
        found, misread(ideal, [flip(0.03 * (place + 1)) for place in places]), atol=1e-9
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Device(depolarising=-0.1),
            "`depolarising` must be between 0 and 0.1, but got -0.1",
        ),
        (lambda: Device(depolarising=0.2), "`depolarising` must be between 0 and 0.1"),
        (lambda: Device(readout=0.6), "`readout` must be between 0 and 0.5"),
        (lambda: Device(readout=0.1, backend="generic"), "`backend` must go without rates"),
        (
            lambda: Simulation(Device(), 14, "density"),
            "`method` must be trajectories above 13 qubits",
        ),
        (
            lambda: Simulation(Device(), 3, "matrix"),
            "`method` must be one of auto, density, trajectories",
        ),
        (
            lambda: Simulation(Device(), 3, trajectories=0),
            "`trajectories` must be a whole number of at least 1",
        ),
    ],
)
def test_wrong_devices_are_told(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


def test_missing_packages_are_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "qiskit_aer", None)
    with pytest.raises(DataError, match=r"pip install 'diffqas\[noise\]'"):
        Simulation(Device(depolarising=0.1), 3)


def test_backends_of_a_missing_package_are_told(monkeypatch):
    pytest.importorskip("qiskit_aer")
    monkeypatch.setitem(sys.modules, "qiskit_ibm_runtime.fake_provider", None)
    with pytest.raises(DataError, match="needs qiskit-ibm-runtime, which is not installed"):
        Simulation(Device(backend="fake_torino"), 3)
