"""The fast forms against PennyLane's default.qubit: values and gradients, with its qubit order."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diffqas.circuits import TABLE_I, Candidate
from diffqas.simulator import probabilities

qml = pytest.importorskip("pennylane")
GATES = {"rx": qml.RX, "ry": qml.RY, "rz": qml.RZ}


def pennylane_probabilities(candidate: Candidate, angles: torch.Tensor) -> torch.Tensor:
    """Probabilities of one candidate for angles (depth, n, r)."""
    n = angles.shape[1]

    @qml.qnode(qml.device("default.qubit", wires=n), interface="torch", diff_method="backprop")
    def circuit():
        if candidate.hadamard:
            for q in range(n):
                qml.Hadamard(q)
        for layer in angles:
            for pair in candidate.cnots(n):
                qml.CNOT(pair)
            for q in range(n):
                for rotation, angle in zip(candidate.rotations, layer[q], strict=False):
                    GATES[rotation](angle, wires=q)
        return qml.probs(wires=range(n))

    return circuit()


@given(data=st.data())
@settings(max_examples=12)
def test_random_spaces_are_those_of_pennylane(data, problems, per_candidate, assert_same):
    problem = data.draw(problems("mixed", n=(2, 7)))
    expected = per_candidate(problem, pennylane_probabilities)
    assert_same(
        probabilities(problem.space, problem.angles, separate=problem.separate),
        expected,
        problem.angles,
    )


def test_table_i_is_that_of_pennylane(problem_of, normal, per_candidate, assert_same):
    problem = problem_of(TABLE_I, normal(1, 3, 4))
    expected = per_candidate(problem, pennylane_probabilities)
    assert_same(probabilities(TABLE_I, problem.angles), expected, problem.angles)
