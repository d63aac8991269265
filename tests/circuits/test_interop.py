"""Circuits handed to Qiskit and PennyLane give the probabilities that diffqas gives."""

import sys

import pytest
import torch

from diffqas.circuits import QLSTM_SPACE, TABLE_I, Candidate, to_pennylane, to_qiskit
from diffqas.errors import ArgumentError, DataError
from diffqas.simulator import dense_probabilities, expectations

SEVERAL = Candidate(True, [(0, 2), (1, 0)], ("rz", "ry", "rx"))


def random_angles(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def shaped(candidate):
    return (3, 3) if len(candidate.rotations) == 1 else (3, 3, len(candidate.rotations))


@pytest.mark.parametrize("candidate", [*TABLE_I, SEVERAL], ids=lambda candidate: candidate.name)
def test_qiskit_and_pennylane_give_the_same_probabilities(candidate):
    quantum_info = pytest.importorskip("qiskit.quantum_info")
    pennylane = pytest.importorskip("pennylane")
    angles = random_angles(0, *shaped(candidate))
    expected = dense_probabilities([candidate], angles)[0]
    circuit = to_qiskit(candidate, angles.tolist())
    by_qiskit = torch.from_numpy(quantum_info.Statevector(circuit.reverse_bits()).probabilities())
    torch.testing.assert_close(by_qiskit, expected, rtol=0, atol=1e-12)
    function = to_pennylane(candidate, angles.tolist())

    @pennylane.qnode(pennylane.device("default.qubit", wires=3))
    def probabilities():
        function()
        return pennylane.probs(wires=range(3))

    torch.testing.assert_close(torch.tensor(probabilities()), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("candidate", QLSTM_SPACE[::7], ids=lambda candidate: candidate.name)
def test_open_inputs_are_the_data(candidate):
    quantum_info = pytest.importorskip("qiskit.quantum_info")
    pennylane = pytest.importorskip("pennylane")
    angles, inputs = random_angles(0, 2, 3), random_angles(1, 3)
    expected = expectations([candidate], inputs, angles, outputs=3)[0]
    circuit = to_qiskit(candidate, angles.tolist(), ["a", "b", "c"])
    bound = circuit.assign_parameters(dict(zip("abc", inputs.tolist(), strict=True)))
    state = quantum_info.Statevector(bound)
    by_qiskit = [state.expectation_value(quantum_info.Pauli("Z"), [q]).real for q in range(3)]
    torch.testing.assert_close(
        torch.tensor(by_qiskit, dtype=torch.float64), expected, rtol=0, atol=1e-12
    )
    function = to_pennylane(candidate, angles.tolist())

    @pennylane.qnode(pennylane.device("default.qubit", wires=3))
    def outputs(x):
        function(*x)
        return [pennylane.expval(pennylane.PauliZ(q)) for q in range(3)]

    by_pennylane = torch.stack([torch.as_tensor(value) for value in outputs(inputs.tolist())])
    torch.testing.assert_close(by_pennylane.double(), expected, rtol=0, atol=1e-12)
    with pytest.raises(ArgumentError, match="be 3 angles"):
        function(0.5)


def test_wrong_angles_are_refused_before_anything_is_built():
    with pytest.raises(ArgumentError, match="at least one layer"):
        to_pennylane(TABLE_I[0], [])
    with pytest.raises(ArgumentError, match="finite"):
        to_qiskit(TABLE_I[0], [[float("nan")]])
    with pytest.raises(ArgumentError, match="hold 0 names"):
        to_qiskit(TABLE_I[0], [[0.1]], ["x"])


@pytest.mark.parametrize(
    ("package", "export"), [("qiskit", to_qiskit), ("pennylane", to_pennylane)]
)
def test_a_missing_package_is_one_line(package, export, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        DataError, match=r"is not installed: run `pip install 'diffqas\[interop\]'`"
    ):
        export(TABLE_I[0], [[0.1]])
