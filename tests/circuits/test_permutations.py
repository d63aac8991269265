"""A CNOT layer against bit strings written out, and against matrices over GF(2)."""

from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffqas.circuits import CNOT_ENTANGLERS, ENTANGLERS, Candidate, cnots, layer_map
from diffqas.circuits.permutations import (
    apply_cnots,
    inverse_permutation,
    permutation,
    walsh_strings,
)


@st.composite
def layers(draw):
    """The CNOTs of a named entangler or any list of them, and the number of qubits."""
    n = draw(st.integers(1, 7))
    if n == 1:
        return (), 1
    qubits = st.integers(0, n - 1)
    pair = st.tuples(qubits, qubits).filter(lambda pair: pair[0] != pair[1])
    named = st.sampled_from([cnots(name, n) for name in CNOT_ENTANGLERS])
    return draw(named | st.lists(pair, max_size=12).map(tuple)), n


def image_of_bits(state: int, pairs, n: int) -> int:
    """One basis state through the CNOTs, as a string whose first letter is qubit 0."""
    bits = list(f"{state:0{n}b}")
    for control, target in pairs:
        if bits[control] == "1":
            bits[target] = "0" if bits[target] == "1" else "1"
    return int("".join(bits), 2)


def layer_matrix(pairs, n: int) -> np.ndarray:
    """The layer's map on bit vectors over GF(2): a CNOT adds the control's row to the target's."""
    matrix = np.eye(n, dtype=int)
    for control, target in pairs:
        elementary = np.eye(n, dtype=int)
        elementary[target, control] = 1
        matrix = elementary @ matrix % 2
    return matrix


@given(layers())
def test_a_layer_maps_every_basis_state_as_its_bits_say(layer):
    pairs, n = layer
    assert permutation(pairs, n).tolist() == [
        image_of_bits(state, pairs, n) for state in range(2**n)
    ]


@given(layers())
def test_permutation_and_inverse_undo_each_other(layer):
    pairs, n = layer
    forward, back = permutation(pairs, n), inverse_permutation(pairs, n)
    assert sorted(forward.tolist()) == list(range(2**n))
    assert forward[back].tolist() == back[forward].tolist() == list(range(2**n))


@given(layers(), st.integers(0, 2**20))
def test_a_layer_is_linear_over_gf2(layer, seed):
    pairs, n = layer
    x, y = np.random.default_rng(seed).integers(0, 2**n, (2, 5, 3))
    combined = apply_cnots(x ^ y, pairs, n)
    assert combined.shape == (5, 3)
    assert (combined == apply_cnots(x, pairs, n) ^ apply_cnots(y, pairs, n)).all()


@given(layers(), st.integers(1, 6))
def test_walsh_strings_are_powers_of_the_layers_matrix(layer, depth):
    pairs, n = layer
    matrix = layer_matrix(pairs, n)
    value = 2 ** np.arange(n - 1, -1, -1)
    expected = []
    for number in range(1, depth + 1):
        power = np.linalg.matrix_power(matrix, depth - number) % 2
        expected.append((value @ power).tolist())  # column q holds A^(depth - l) e_q
    strings = walsh_strings(pairs, n, depth)
    assert strings.shape == (depth, n)
    assert strings.tolist() == expected


@pytest.mark.parametrize(
    ("pairs", "image"),
    [(((0, 1),), [0, 1, 3, 2]), (((1, 0),), [0, 3, 2, 1]), (((0, 1), (1, 0)), [0, 3, 1, 2])],
)
def test_qubit_0_is_the_most_significant_bit(pairs, image):
    assert permutation(pairs, 2).tolist() == image


@pytest.mark.parametrize(
    "cached", [permutation, inverse_permutation, lambda pairs, n: walsh_strings(pairs, n, 2)]
)
def test_shared_results_cannot_be_written_to(cached):
    with pytest.raises(ValueError, match="read-only"):
        cached(((0, 1),), 2)[:] = 0


def dense(gate, n):
    """The matrix of a CNOT or CZ on `n` qubits, by its two cases of the control."""
    first, second = gate.qubits
    base = np.array([[0, 1], [1, 0]]) if gate.name == "cx" else np.diag([1, -1])
    idle, acted = [np.eye(2)] * n, [np.eye(2)] * n
    idle[first], acted[first], acted[second] = np.diag([1, 0]), np.diag([0, 1]), base
    return reduce(np.kron, idle) + reduce(np.kron, acted)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
@pytest.mark.parametrize("entangler", [*ENTANGLERS, ((2, 0), (0, 1))])
def test_the_map_of_a_layer_is_the_product_of_its_gates(entangler, n):
    if not isinstance(entangler, str) and n == 2:
        pytest.skip("its pairs need three qubits")
    candidate = Candidate(entangler=entangler)
    expected = np.eye(2**n)
    for gate in candidate.entangling(n):
        expected = dense(gate, n) @ expected
    sources, signs = layer_map(candidate, n)
    found = np.eye(2**n)[sources]
    if signs is not None:
        found = signs[:, None] * found
        with pytest.raises(ValueError, match="read-only"):
            signs[0] = 1
    assert (found == expected).all()
    assert layer_map(candidate, n).sources is sources
