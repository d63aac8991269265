"""Public problems of few qubits: circuits against dense matrices, searches against known ones."""

import itertools

import numpy as np
import pytest
import torch

from diffqas.errors import ArgumentError
from diffqas.strategies import (
    SEARCHERS,
    CircuitsOnALine,
    Ground,
    PreparationTraining,
    best_circuit,
    ghz,
    max_cut,
    prepare_states,
    prepared_amplitudes,
    run_searcher,
)
from diffqas.strategies.preparation import PRISM, SOLVED


def dense(space, values, angles):
    """The same state by Kronecker products, in float64."""
    state = np.zeros(2**space.qubits)
    state[0] = 1
    for layer, row in enumerate(angles):
        if layer and values[layer - 1]:
            control, target = space.pairs[values[layer - 1] - 1]
            state = cnot(space.qubits, control, target) @ state
        whole = np.eye(1)
        for angle in row:
            c, s = np.cos(angle / 2), np.sin(angle / 2)
            whole = np.kron(whole, np.array([[c, -s], [s, c]]))
        state = whole @ state
    return state


def cnot(qubits, control, target):
    found = np.eye(1), np.eye(1)
    idle, turned = found
    for qubit in range(qubits):
        idle = np.kron(idle, np.diag([1.0, 0.0]) if qubit == control else np.eye(2))
        factor = np.diag([0.0, 1.0]) if qubit == control else np.eye(2)
        turned = np.kron(turned, np.eye(2)[::-1] if qubit == target else factor)
    return idle + turned


def test_amplitudes_are_those_of_dense_matrices():
    space, draw = CircuitsOnALine(3, 4), np.random.default_rng(0)
    numbers = [space.drawn(draw) for _ in range(12)]
    angles = torch.from_numpy(draw.uniform(-3, 3, (len(numbers), 5, 3)))
    choices = torch.tensor([space.values(number) for number in numbers])
    found = prepared_amplitudes(space, choices, angles)
    for place, number in enumerate(numbers):
        wanted = dense(space, space.values(number), angles[place].numpy())
        assert np.allclose(found[place], wanted, atol=1e-12)


def test_the_best_known_circuit_prepares_a_ghz_state():
    for qubits in (3, 4):
        space = CircuitsOnALine(qubits, qubits - 1)
        chain = [space.pairs.index((first, first + 1)) + 1 for first in range(qubits - 1)]
        best = min(
            float(prepare_states(ghz(qubits), space, [space.number(chain)], seed))
            for seed in range(3)
        )
        assert best < SOLVED


def test_fewer_gates_than_known_do_not_prepare_it():
    space = CircuitsOnALine(3, 1)
    assert float(prepare_states(ghz(3), space, range(len(space))).min()) > 0.1


def test_the_largest_cut_is_that_of_brute_force():
    cuts = [
        sum(sides[first] != sides[second] for first, second in PRISM)
        for sides in itertools.product((0, 1), repeat=6)
    ]
    loss = max_cut().loss(torch.eye(64))
    assert loss.tolist() == pytest.approx([1 - cut / max(cuts) for cut in cuts], abs=1e-6)


def test_a_searcher_finds_the_fewest_gates():
    problem, space = ghz(3), CircuitsOnALine(3, 2)
    ground = Ground(space, (1,), np.random.default_rng(0))
    ledger = run_searcher(
        SEARCHERS["random"](ground), PreparationTraining(problem, space), budget=len(space)
    )
    best = ledger.best.architecture
    assert space.two_qubit_gates(best) == problem.fewest
    assert min(line.loss for line in ledger.lines) < 0.02 + SOLVED


def test_a_wide_search_finds_the_fewest_gates():
    problem, space = ghz(4), CircuitsOnALine(4, 4)
    found = best_circuit(problem, space, width=100, seed=0)
    assert found.loss < SOLVED
    assert space.two_qubit_gates(found.number) == problem.fewest
    assert found.trained >= 90 + len(space.neighbours(0))
    cut, free = max_cut(), CircuitsOnALine(6, 2)
    found = best_circuit(cut, free, width=10, seed=0)
    assert found.loss < SOLVED
    assert free.two_qubit_gates(found.number) == cut.fewest


def test_wrong_sizes():
    with pytest.raises(ArgumentError, match="qubits"):
        CircuitsOnALine(1, 2)
    with pytest.raises(ArgumentError, match="slots"):
        CircuitsOnALine(3, 0)
