"""A candidate for each layer as OpenQASM, read back by Qiskit."""

import pytest
import torch

from diffqas.circuits import TABLE_I, Candidate, to_qasm, to_qiskit
from diffqas.errors import ArgumentError
from diffqas.simulator.oracle import dense_layers

LAYERS = [TABLE_I[index] for index in (1, 6, 8, 11, 3)]


def angles(depth: int = 5, n: int = 4) -> torch.Tensor:
    return torch.randn(depth, n, generator=torch.Generator().manual_seed(4), dtype=torch.float64)


def test_qiskit_reads_the_circuit_that_was_found():
    qasm3 = pytest.importorskip("qiskit.qasm3")
    pytest.importorskip("qiskit_qasm3_import")
    from qiskit.quantum_info import Statevector

    expected = dense_layers(LAYERS, angles().unsqueeze(-1)).abs().square()
    text = to_qasm(LAYERS, angles().tolist())
    for circuit in (qasm3.loads(text), to_qiskit(LAYERS, angles().tolist())):
        found = torch.from_numpy(Statevector(circuit.reverse_bits()).probabilities())
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)


def test_the_first_layer_decides_how_the_circuit_begins():
    text = to_qasm([Candidate(hadamard=False), Candidate(hadamard=True)], angles(2, 3).tolist())
    assert "h q" not in text
    assert "// Ent-RY, H-Ent-RY, 3 qubits, depth 2" in text
    assert (
        to_qasm([TABLE_I[1]] * 2, angles(2).tolist()).splitlines()[3:]
        == (to_qasm(TABLE_I[1], angles(2).tolist()).splitlines()[3:])
    )


def test_a_candidate_for_each_layer_no_more_no_less():
    with pytest.raises(
        ArgumentError, match="`candidate` must be one for each of 3 layers, but got 2"
    ):
        to_qasm(LAYERS[:2], angles(3).tolist())
