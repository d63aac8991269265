"""What `expectations` and `heisenberg` say to wrong arguments, and how they choose between their
forms.
"""

import sys

import numpy as np
import pytest
import torch

from diffqas.circuits import QLSTM_SPACE, TABLE_I, Candidate, SearchSpace, paulis
from diffqas.errors import ArgumentError
from diffqas.simulator import expectations, heisenberg
from diffqas.simulator.pauli_plan import pauli_plan

observables = sys.modules["diffqas.simulator.observables"]
EULER = SearchSpace(
    [Candidate(encoding="ry"), Candidate(encoding="rx", rotation=("rz", "ry", "rz"))]
)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ([*TABLE_I[:1], *QLSTM_SPACE], torch.zeros(3), torch.zeros(2, 3), 1),
            "Argument `candidates` must encode data, but got H-Ent-RX.",
        ),
        (
            ([Candidate(encoding=("ry", "rz"))], torch.zeros(3), torch.zeros(2, 3), 1),
            "Argument `candidates` must encode each input once (`observed` takes more), but got "
            "RY.RZ/Ent-RY.",
        ),
        (
            ([Candidate(False, "cz-all", "ry", "ry")], torch.zeros(3), torch.zeros(2, 3), 1),
            "Argument `entangler` must be made of CNOTs here (a QuantumLayer takes others, too), "
            "but got 'cz-all'.",
        ),
        (
            ([], torch.zeros(3), torch.zeros(2, 3), 1),
            "Argument `candidates` must hold at least one Candidate, but got an empty list.",
        ),
        (
            (QLSTM_SPACE, torch.zeros(3), torch.zeros(3), 1),
            "Argument `angles` must have the shape (..., depth, n) with depth and n at least 1, "
            "but got (3,).",
        ),
        (
            (EULER, torch.zeros(3), torch.zeros(2, 3), 1),
            "Argument `angles` must have the shape (..., depth, n, 3) "
            "with depth and n at least 1, but got (2, 3).",
        ),
        (
            (QLSTM_SPACE, torch.zeros(3), torch.zeros(2, 3, dtype=torch.int64), 1),
            "Argument `angles` must be a float32 or float64 tensor, but got torch.int64.",
        ),
        (
            (QLSTM_SPACE, torch.zeros(4), torch.zeros(2, 3), 1),
            "Argument `inputs` must have the shape (..., 3), but got (4,).",
        ),
        (
            (QLSTM_SPACE, torch.zeros(()), torch.zeros(2, 3), 1),
            "Argument `inputs` must have the shape (..., 3), but got ().",
        ),
        (
            (QLSTM_SPACE, torch.zeros(0, 3), torch.zeros(2, 3), 1),
            "Argument `inputs` must have the shape (..., 3), but got (0, 3).",
        ),
        (
            (QLSTM_SPACE, torch.zeros(3, dtype=torch.float64), torch.zeros(2, 3), 1),
            "Argument `inputs` must be a torch.float32 tensor like `angles`, "
            "but got torch.float64.",
        ),
        (
            (QLSTM_SPACE, [0.0, 0.0, 0.0], torch.zeros(2, 3), 1),
            "Argument `inputs` must be a torch.float32 tensor like `angles`, but got list.",
        ),
        (
            (QLSTM_SPACE, torch.zeros(4, 3), torch.zeros(5, 2, 3), 1),
            "Argument `inputs` must have leading dimensions that broadcast "
            "against those of `angles`, (5,), but got (4,).",
        ),
        (
            (QLSTM_SPACE, torch.zeros(3), torch.zeros(2, 3), 0),
            "Argument `outputs` must be a whole number from 1 to the number of qubits, 3, "
            "but got 0.",
        ),
        (
            (QLSTM_SPACE, torch.zeros(3), torch.zeros(2, 3), 4),
            "Argument `outputs` must be a whole number from 1 to the number of qubits, 3, "
            "but got 4.",
        ),
        (
            (QLSTM_SPACE, torch.zeros(27), torch.zeros(1, 27), 1),
            "Argument `angles` must have at most 26 qubits, but got 27.",
        ),
        (
            ([Candidate(entangler=[(0, 3)], encoding="rx")], torch.zeros(3), torch.zeros(2, 3), 1),
            "Argument `entangler` must use qubits 0..2 on a circuit of 3 qubits, but got qubit 3.",
        ),
    ],
)
def test_wrong_arguments_are_told_at_the_door(arguments, message):
    with pytest.raises(ArgumentError) as error:
        expectations(*arguments)
    assert str(error.value) == message


def test_inputs_of_numpy():
    with pytest.raises(
        ArgumentError, match=r"^Argument `inputs` must be a torch.float32 tensor like `angles`, but"
    ):
        expectations(QLSTM_SPACE, np.zeros(3, np.float32), torch.zeros(2, 3), 1)  # pyright: ignore


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (torch.zeros(36), "Argument `weights` must have the shape (2, 36), but got (36,)."),
        (
            torch.zeros(2, 36).double(),
            "Argument `weights` must be a torch.float32 tensor like `angles`, but got ",
        ),
    ],
)
def test_weights_that_do_not_fit(weights, message):
    with pytest.raises(ArgumentError) as error:
        heisenberg(QLSTM_SPACE, torch.zeros(2, 1, 3), 1, weights=weights)
    assert str(error.value).startswith(message)


def test_a_second_derivative_in_the_angles_is_refused():
    angles = torch.ones(1, 2, dtype=torch.float64, requires_grad=True)
    result = expectations([Candidate(encoding="ry")], torch.ones(2, dtype=torch.float64), angles, 1)
    (gradient,) = torch.autograd.grad(result.sum(), angles, create_graph=True)
    with pytest.raises(NotImplementedError, match="only once"):
        torch.autograd.grad(gradient.sum(), angles)


@pytest.mark.parametrize("limit", ["MAX_COEFFICIENT_QUBITS", "MAX_COEFFICIENTS"])
def test_beyond_the_limits_inputs_are_simulated(limit, monkeypatch, normal):
    inputs, angles = normal(1, 3, 3), normal(2, 2, 3)
    expected = expectations(QLSTM_SPACE, inputs, angles, 2)
    monkeypatch.setattr(observables, limit, 2)
    monkeypatch.setattr(observables, "coefficients", None)  # called, it would raise
    torch.testing.assert_close(
        expectations(QLSTM_SPACE, inputs, angles, 2), expected, rtol=0, atol=1e-12
    )


@pytest.mark.parametrize(("place", "limit"), [(paulis, "MAX_STRINGS"), ("pauli_plan", "MAX_ROWS")])
def test_plans_that_would_be_too_large_are_not_made(place, limit, monkeypatch, normal):
    inputs, angles = normal(1, 3, 3), normal(2, 2, 3)
    expected = expectations(QLSTM_SPACE, inputs, angles, 2)
    module = place if place is paulis else sys.modules["diffqas.simulator.pauli_plan"]
    for cache in (pauli_plan, paulis.program):
        cache.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(module, limit, 2)
        patch.setattr(observables, "coefficients", None)
        torch.testing.assert_close(
            expectations(QLSTM_SPACE, inputs, angles, 2), expected, rtol=0, atol=1e-12
        )
    for cache in (pauli_plan, paulis.program):
        cache.cache_clear()


def test_nine_qubits_are_simulated(normal):
    space = SearchSpace([Candidate(encoding="ry"), Candidate(True, "ring", "rx", "rz")])
    inputs, angles = normal(1, 2, 9), normal(2, 3, 9)
    result = expectations(space, inputs, angles, 9)
    wide = observables.MAX_COEFFICIENT_QUBITS
    assert wide < 9
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(observables, "MAX_COEFFICIENT_QUBITS", 9)
        torch.testing.assert_close(
            result, expectations(space, inputs, angles, 9), rtol=0, atol=1e-12
        )
