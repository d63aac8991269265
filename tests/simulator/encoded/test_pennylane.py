"""`observed` against PennyLane: values and gradients of all kinds of observables."""

import pytest
import torch

from diffqas.circuits import Candidate, Diagonal, Hermitian, PauliStrings, SearchSpace, Z
from diffqas.simulator import observed

qml = pytest.importorskip("pennylane")
TURNS = {"rx": qml.RX, "ry": qml.RY, "rz": qml.RZ}
PAULIS = {"X": qml.PauliX, "Y": qml.PauliY, "Z": qml.PauliZ, "I": qml.Identity}
GATES = {"cx": qml.CNOT, "cz": qml.CZ}
SPACE = SearchSpace(
    [
        Candidate(True, "ring", ("rz", "ry"), ("ry", "rz")),
        Candidate(False, "cz-ring", "ry", "rx"),
        Candidate(False, "star", "ry", "ry"),
    ]
)


def measured(observables, n, outputs, numbers):
    """PennyLane's operators; those of windows as matrices on their wires."""
    if isinstance(observables, Z):
        return [qml.PauliZ(q) for q in range(outputs)]
    if isinstance(observables, PauliStrings):
        strings = [
            qml.prod(*(PAULIS[letter](q) for q, letter in enumerate(string)))
            for string in observables.strings
        ]
        if numbers is None:
            return strings[:outputs]
        return [qml.dot(list(row), strings) for row in numbers]
    found = []
    for row, window in zip(numbers, observables.supports(n), strict=False):
        size = 2 ** len(window)
        matrix = torch.diag(row[:size]).to(torch.complex128)
        if isinstance(observables, Hermitian):
            upper, pairs = torch.triu_indices(size, size, 1), size * (size - 1) // 2
            above = torch.zeros_like(matrix)
            above[upper[0], upper[1]] = torch.complex(row[size:][:pairs], row[size:][pairs:])
            matrix = matrix + above + above.mH
        found.append(qml.Hermitian(matrix, wires=window))
    return found


def by_pennylane(candidate, inputs, angles, observables, outputs, numbers):
    """Outputs of one candidate for inputs (uploads, n) and angles (depth, n, r)."""
    n = inputs.shape[1]

    @qml.qnode(qml.device("default.qubit", wires=n), interface="torch", diff_method="backprop")
    def circuit():
        if candidate.hadamard:
            for q in range(n):
                qml.Hadamard(q)
        for upload, layers in zip(inputs, angles.chunk(len(inputs)), strict=True):
            for q in range(n):
                for axis in candidate.encodings:
                    TURNS[axis](upload[q], wires=q)
            for layer in layers:
                for gate in candidate.entangling(n):
                    GATES[gate.name](wires=gate.qubits)
                for q in range(n):
                    for axis, angle in zip(candidate.rotations, layer[q], strict=False):
                        TURNS[axis](angle, wires=q)
        return [qml.expval(one) for one in measured(observables, n, outputs, numbers)]

    return torch.stack([value.real.to(torch.float64) for value in circuit()])


@pytest.mark.parametrize(
    "observables",
    [
        Z(),
        PauliStrings(("XYZ", "ZIY")),
        PauliStrings(("XYZ", "ZIY", "IZZ"), trained=True),
        Diagonal(2),
        Hermitian(2),
        Hermitian(2, "pairwise"),
    ],
    ids=repr,
)
def test_outputs_are_those_of_pennylane(observables, normal, assert_same):
    n, outputs, numbers = 3, 2, observables.numbers(3, 2)
    inputs = normal(1, 2, n, scale=2.0).requires_grad_()
    angles = normal(2, 4, n, 2, scale=2.0).requires_grad_()
    given = [inputs, angles]
    coefficients = None
    if numbers is not None:
        coefficients = normal(3, *numbers).requires_grad_()
        given.append(coefficients)
    expected = torch.stack(
        [by_pennylane(one, inputs, angles, observables, outputs, coefficients) for one in SPACE]
    )
    got = observed(
        SPACE, inputs, angles, observables, outputs=outputs, coefficients=coefficients, uploads=2
    )
    assert_same(got, expected, *given)
