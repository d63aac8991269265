"""The contract on the package's own kinds of candidates; and that it tells of a broken one."""

import pytest
import torch

from diffqas import TABLE_I, Ansatz, Candidate, Gate, InputSlot, QasmAnsatz, Slot, probabilities
from diffqas.testing import CandidateContract, EncodedCandidateContract


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


class Turns(Ansatz):
    """Any turn of each qubit: its angles learned, fixed, and both."""

    rotations_per_qubit = 3

    def layer(self, n):
        gates = [Gate("u3", (q,), (Slot(q), Slot(q, 1), Slot(q, 2, -2.0, 0.3))) for q in range(n)]
        gates += [Gate("cx", (q, q + 1)) for q in range(n - 1)]
        return [
            *gates,
            Gate("u3", (0,), (0.4, Slot(1, 2), -1.1)),
            Gate("u3", (1,), (3.5, 0.2, 5.0)),
        ]


class TestTurns(CandidateContract):
    candidate = Turns()


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


class TestQasmTurns(CandidateContract):
    TEXT = (
        "input float a; input float b; input float c; qubit[2] q; h q;"
        " U(a, b/2, c) q[0]; cu(b, 2*c, a, 0.5) q[0], q[1]; u2(a, b) q[1]; cu3(1, b, c) q[1], q[0];"
    )
    candidate = QasmAnsatz(TEXT, "turns")


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


class Data(Ladder):
    """Inputs in turns of single qubits and of pairs, scaled and shifted."""

    def encode(self, n):
        turns = [Gate("ry", (q,), InputSlot(q, 0.5, 0.1)) for q in range(n)]
        return [*turns, Gate("crz", (0, n - 1), InputSlot(0, -2.0)), Gate("h", (0,))]


class TestData(EncodedCandidateContract):
    candidate = Data()


class TestBothAxes(EncodedCandidateContract):
    candidate = Candidate(True, "cz-ring", ("rz", "ry"), ("ry", "rz"))


class TestTextWithInputs(EncodedCandidateContract):
    candidate = QasmAnsatz(
        "input float x0; input float x1; input float a; qubit[2] q;"
        "h q; rx(2 * x0) q[0]; ry(x1 + 0.5) q[1]; ry(a) q[0]; cx q[0], q[1];",
        "text",
    )


def test_the_contract_tells_of_data_that_is_encoded_otherwise(monkeypatch):
    contract = EncodedCandidateContract()
    contract.candidate = Candidate(encoding="ry")  # pyright: ignore
    monkeypatch.setattr("diffqas.testing.dense_observed", lambda *_, **__: torch.zeros(1, 2))
    with pytest.raises(AssertionError):
        contract.test_outputs_and_gradients_are_those_of_dense_matrices()
