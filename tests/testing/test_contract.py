"""The contract on the package's own kinds of candidates; and that it tells of a broken one."""

import pytest
import torch

from diffqas import TABLE_I, Ansatz, Candidate, Gate, QasmAnsatz, Slot, probabilities
from diffqas.testing import CandidateContract


class Ladder(Ansatz):
    rotations_per_qubit = 2

    def start(self, n):
        return [Gate("h", (q,)) for q in range(n)]

    def layer(self, n):
        gates = [Gate("ry", (q,), Slot(q)) for q in range(n)]
        gates += [Gate("rzz", (q, q + 1), Slot(q, 1, 2.0, 0.1)) for q in range(n - 1)]
        return [
            *gates,
            Gate("crx", (n - 1, 0), Slot(0)),
            Gate("swap", (0, n - 1)),
            *[Gate("sx", (q,)) for q in range(n)],
        ]


class TestLadder(CandidateContract):
    candidate = Ladder()


class TestEntRY(CandidateContract):
    candidate = TABLE_I[7]


class TestConstant(CandidateContract):
    candidate = TABLE_I[0]


class TestOwnEntangler(CandidateContract):
    candidate = Candidate(True, [(0, 1), (1, 0)], ("rx", "rz"))


class TestQasm(CandidateContract):
    TEXT = (
        "input float a; input float b; input angle c; qubit[2] q;"
        " ry(a) q; rzz(2*b) q[0], q[1]; rx(c - pi/3) q[0];"
    )
    candidate = QasmAnsatz(TEXT, "mine")


def test_a_wrong_simulator_does_not_pass(monkeypatch):
    monkeypatch.setattr(
        "diffqas.testing.probabilities", lambda space, angles: probabilities(space, angles + 0.1)
    )
    contract = TestLadder()
    with pytest.raises(AssertionError):
        contract.test_values_and_gradients_are_those_of_dense_matrices()


def test_a_wrong_gradient_does_not_pass(monkeypatch):
    class Half(torch.autograd.Function):
        @staticmethod
        def forward(ctx, value):
            return value.clone()

        @staticmethod
        def backward(ctx, gradient):
            return 0.5 * gradient

    monkeypatch.setattr(
        "diffqas.testing.probabilities", lambda space, a: Half.apply(probabilities(space, a))
    )
    with pytest.raises(AssertionError):
        TestLadder().test_values_and_gradients_are_those_of_dense_matrices()
