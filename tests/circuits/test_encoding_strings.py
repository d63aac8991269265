"""Pauli strings pulled back through circuits, against dense matrices."""

from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffqas.circuits import QLSTM_SPACE, ROTATIONS, Candidate
from diffqas.circuits.encodings import shown
from diffqas.circuits.paulis import program, pull_back_cnots

LETTERS = {
    (0, 0): np.eye(2),
    (1, 0): np.array([[0, 1], [1, 0]]),
    (0, 1): np.diag([1, -1]),
    (1, 1): np.array([[0, -1j], [1j, 0]]),
}
AXES = {"rx": (1, 0), "ry": (1, 1), "rz": (0, 1)}


def matrix(x, z, n):
    return reduce(np.kron, [LETTERS[x >> (n - 1 - q) & 1, z >> (n - 1 - q) & 1] for q in range(n)])


def layer_of(pairs, n):
    """Dense product of CNOTs, the first acting first."""
    total = np.eye(2**n)
    for control, target in pairs:
        flip = matrix(1 << (n - 1 - target), 0, n)
        idle = (np.eye(2**n) + matrix(0, 1 << (n - 1 - control), n)) / 2
        total = (idle + (np.eye(2**n) - idle) @ flip) @ total
    return total


def rotation(axis, q, angle, n):
    x, z = AXES[axis]
    return np.cos(angle / 2) * np.eye(2**n) - 1j * np.sin(angle / 2) * matrix(
        x << (n - 1 - q), z << (n - 1 - q), n
    )


def pairs_on(n):
    return st.lists(st.permutations(range(n)).map(lambda order: tuple(order[:2])), max_size=6).map(
        tuple
    )


@given(pairs_on(3), st.integers(0, 7), st.integers(0, 7))
def test_cnots_take_strings_to_strings(pairs, x, z):
    to_x, to_z, sign = pull_back_cnots(np.array([x]), np.array([z]), pairs, 3)
    e = layer_of(pairs, 3)
    np.testing.assert_allclose(
        e.T @ matrix(x, z, 3) @ e, sign[0] * matrix(to_x[0], to_z[0], 3), atol=1e-14
    )


@given(
    st.integers(2, 3).flatmap(lambda n: st.tuples(st.just(n), pairs_on(n))),
    st.lists(st.sampled_from(ROTATIONS), min_size=1, max_size=2),
    st.integers(1, 3),
    st.integers(0, 1),
    st.integers(0, 99),
)
def test_a_program_is_the_pulled_back_output(circuit, rotations, depth, output, seed):
    (n, pairs), angles = (
        circuit,
        np.random.default_rng(seed).normal(size=(depth, circuit[0], len(rotations))),
    )
    u = np.eye(2**n)
    for layer in angles:
        u = layer_of(pairs, n) @ u
        for q in range(n):
            for axis, angle in zip(rotations, layer[q], strict=True):
                u = rotation(axis, q, angle, n) @ u
    found = program(pairs, tuple(rotations), n, depth, output)
    assert found is not None
    slots = np.zeros(len(found.x))
    slots[0] = 1
    for step in found.steps:
        angle = angles[step.layer, step.qubit, step.rotation]
        for p, q in found.pairs[step.start : step.stop]:
            one, two = slots[p], slots[q]
            slots[p], slots[q] = (
                np.cos(angle) * one + np.sin(angle) * two,
                np.cos(angle) * two - np.sin(angle) * one,
            )
    total = sum(
        v * s * matrix(x, z, n)
        for v, s, x, z in zip(slots, found.sign, found.x, found.z, strict=True)
    )
    np.testing.assert_allclose(
        total, u.conj().T @ matrix(0, 1 << (n - 1 - output), n) @ u, atol=1e-12
    )
    assert len(set(zip(found.x.tolist(), found.z.tolist(), strict=True))) == len(found.x)
    assert (np.abs(slots) > 1e-12).all()  # what is reached has a coefficient


@pytest.mark.parametrize("hadamard", [True, False])
@pytest.mark.parametrize("encoding", ROTATIONS)
def test_encodings_show_the_letters_of_their_bloch_vector(hadamard, encoding):
    v = 0.7
    state = rotation(encoding, 0, v, 1) @ (
        np.array([1, 1]) / 2**0.5 if hadamard else np.array([1, 0])
    )
    x, z = np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1])
    seen = shown(Candidate(hadamard=hadamard, encoding=encoding), x, z, 1)
    values = np.zeros(4)
    values[seen.slots] = seen.signs * np.array([1, np.cos(v), np.sin(v)])[seen.features[:, 0]]
    expected = [(state.conj() @ matrix(a, b, 1) @ state).real for a, b in zip(x, z, strict=True)]
    np.testing.assert_allclose(values, expected, atol=1e-15)


def test_the_space_of_the_recurrent_gates():
    assert len(QLSTM_SPACE) == 36
    assert {c.encoding for c in QLSTM_SPACE} == {c.rotation for c in QLSTM_SPACE} == set(ROTATIONS)
    assert {c.entangler for c in QLSTM_SPACE} == {"ent", "ring"}
    assert sum(c.hadamard for c in QLSTM_SPACE) == 18
    assert QLSTM_SPACE.names[:4] == ("H-RY/Ent-RY", "H-RY/Ent-RZ", "H-RY/Ent-RX", "H-RY/Ring-RY")
