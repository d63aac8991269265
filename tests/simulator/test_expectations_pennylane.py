"""`expectations` against PennyLane's default.qubit: values and gradients, with its qubit order."""

import pytest
import torch

from diffqas.circuits import QLSTM_SPACE, Candidate, SearchSpace
from diffqas.simulator import expectations

qml = pytest.importorskip("pennylane")
GATES = {"rx": qml.RX, "ry": qml.RY, "rz": qml.RZ}
EULER = SearchSpace(
    [Candidate(True, "ring", ("rz", "ry", "rz"), "rx"), Candidate(encoding="ry", rotation="rx")]
)


def pennylane_expectations(candidate, inputs, angles, outputs):
    """<Z> of one candidate for inputs (n,) and angles (depth, n, r)."""
    n = angles.shape[1]

    @qml.qnode(qml.device("default.qubit", wires=n), interface="torch", diff_method="backprop")
    def circuit():
        for q in range(n):
            if candidate.hadamard:
                qml.Hadamard(q)
            GATES[candidate.encoding](inputs[q], wires=q)
        for layer in angles:
            for pair in candidate.cnots(n):
                qml.CNOT(pair)
            for q in range(n):
                for rotation, angle in zip(candidate.rotations, layer[q], strict=False):
                    GATES[rotation](angle, wires=q)
        return [qml.expval(qml.PauliZ(k)) for k in range(outputs)]

    return torch.stack([value.to(torch.float64) for value in circuit()])


@pytest.mark.parametrize("space", [QLSTM_SPACE, EULER], ids=["qlstm", "euler"])
def test_expectations_are_those_of_pennylane(space, normal, assert_same):
    inputs = normal(1, 3, scale=2.0).requires_grad_()
    angles = normal(2, 2, 3, space.angles_per_qubit, scale=2.0).requires_grad_()
    expected = torch.stack(
        [pennylane_expectations(candidate, inputs, angles, 2) for candidate in space]
    )
    given = angles if space is EULER else angles.squeeze(-1)
    assert_same(expectations(space, inputs, given, 2), expected, inputs, angles)
