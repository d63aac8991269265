"""What tests of searches share."""

from contextlib import contextmanager

import pytest
import torch

from diffqas.storage import RunFolder


@pytest.fixture
def stopped_after(monkeypatch):
    """A context in which a run stops with an error after so many lines of metrics."""

    @contextmanager
    def stopping(lines, error):
        append, left = RunFolder.append, iter(range(lines - 1, -1, -1))

        def write(self, record):
            append(self, record)
            if next(left) == 0:
                raise error

        with monkeypatch.context() as patch:
            patch.setattr(RunFolder, "append", write)
            yield

    return stopping


@pytest.fixture
def read_by_qiskit():
    """Reads the circuit of a run by Qiskit: its probabilities, qubit 0 the most significant bit."""
    qasm3 = pytest.importorskip("qiskit.qasm3")
    pytest.importorskip("qiskit_qasm3_import")
    from qiskit.quantum_info import Statevector

    def read(run):
        circuit = qasm3.loads((run.folder / "circuit.qasm").read_text())
        return torch.from_numpy(Statevector(circuit.reverse_bits()).probabilities())

    return read
