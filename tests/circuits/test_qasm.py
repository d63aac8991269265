"""OpenQASM text read back by another simulator."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diffqas.circuits import ENTANGLERS, QLSTM_SPACE, ROTATIONS, TABLE_I, Candidate, to_qasm
from diffqas.errors import ArgumentError
from diffqas.simulator import dense_probabilities
from diffqas.simulator.oracle import dense_state


def random_angles(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def qiskit_probabilities(text: str, **inputs: float) -> torch.Tensor:
    """Probabilities of the circuit in `text`; q[0] is the most significant bit of a basis state."""
    qasm3 = pytest.importorskip("qiskit.qasm3")
    pytest.importorskip("qiskit_qasm3_import")
    from qiskit.quantum_info import Statevector

    # Qiskit's q[0] is the least significant bit.
    circuit = qasm3.loads(text).assign_parameters(inputs)
    return torch.from_numpy(Statevector(circuit.reverse_bits()).probabilities())


@st.composite
def candidates_and_sizes(draw):
    n = draw(st.integers(1, 5))
    pairs = [(a, b) for a in range(n) for b in range(n) if a != b]
    listed = st.lists(st.sampled_from(pairs), max_size=5) if pairs else st.just([])
    rotations = st.lists(st.sampled_from(ROTATIONS), min_size=1, max_size=3).map(tuple)
    entangler = draw(st.sampled_from(list(ENTANGLERS)) | listed)
    return Candidate(draw(st.booleans()), entangler, draw(rotations)), n


@settings(max_examples=20)
@given(candidates_and_sizes(), st.integers(1, 3), st.integers(0, 2**20))
def test_qiskit_reads_the_same_circuit(candidate_and_n, depth, seed):
    candidate, n = candidate_and_n
    angles = random_angles(seed, depth, n, len(candidate.rotations))
    expected = dense_probabilities([candidate], angles)[0]
    read = qiskit_probabilities(to_qasm(candidate, angles.tolist()))
    torch.testing.assert_close(read, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("candidate", TABLE_I, ids=lambda candidate: candidate.name)
def test_qiskit_reads_table_i(candidate):
    angles = random_angles(0, 2, 3)
    read = qiskit_probabilities(to_qasm(candidate, angles.tolist()))
    torch.testing.assert_close(
        read, dense_probabilities([candidate], angles)[0], rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("candidate", QLSTM_SPACE, ids=lambda candidate: candidate.name)
def test_qiskit_reads_open_inputs(candidate):
    angles, values = random_angles(0, 2, 3), random_angles(1, 3)
    text = to_qasm(candidate, angles.tolist(), ["x0", "h0", "h1"])
    read = qiskit_probabilities(text, **dict(zip(("x0", "h0", "h1"), values.tolist(), strict=True)))
    expected = dense_state(candidate, angles, values).abs().square()
    torch.testing.assert_close(read, expected, rtol=0, atol=1e-12)


def test_q0_is_the_most_significant_bit():
    text = to_qasm(Candidate(entangler="none"), [[torch.pi, 0.0, 0.0]])
    assert qiskit_probabilities(text).argmax() == 0b100
    assert "q[0] is the most significant bit" in text


def test_angles_keep_every_digit():
    for angle in (0.1 + 0.2, 1e-7, -1 / 3, 12345.678):
        line = to_qasm(Candidate(rotation="rx"), [[angle]]).splitlines()[-1]
        assert float(line.removeprefix("rx(").removesuffix(") q[0];")) == angle


def test_a_candidate_with_fewer_rotations_uses_the_first_angles():
    candidate = Candidate(rotation="ry")
    assert to_qasm(candidate, [[[0.1, 9.0], [0.2, 9.0]]]) == to_qasm(candidate, [[0.1, 0.2]])


@pytest.mark.parametrize(
    ("candidate", "angles", "message"),
    [
        (
            Candidate(encoding="ry"),
            [[0.1]],
            "Argument `inputs` must hold 1 names for RY/Ent-RY, but got 0.",
        ),
        (Candidate(), [], "Argument `angles` must have at least one layer, but got 0."),
        (Candidate(), [[]], "Argument `n` must be at least 1 qubit, but got 0."),
        (
            Candidate(rotation=("rz", "ry")),
            [[0.1, 0.2]],
            "Argument `angles` must give 2 per qubit for Ent-RZ.RY, but got 1.",
        ),
    ],
)
def test_wrong_arguments_are_told_at_the_door(candidate, angles, message):
    with pytest.raises(ArgumentError) as error:
        to_qasm(candidate, angles)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["x", "x"], "`inputs` must be different names, but got x, x"),
        (["x", "q"], "must be names that OpenQASM leaves free, as x0, but got 'q'"),
        (["pi", "x"], "must be names that OpenQASM leaves free, as x0, but got 'pi'"),
        (["x", "float"], "must be names that OpenQASM leaves free, as x0, but got 'float'"),
        (["a b", "x"], "must be names that OpenQASM leaves free, as x0, but got 'a b'"),
        (["x;\nreset q", "y"], "must be names that OpenQASM leaves free"),
        (["", "y"], "must be names that OpenQASM leaves free"),
    ],
)
def test_inputs_have_names_that_the_language_leaves_free(names, message):
    with pytest.raises(ArgumentError, match=message) as error:
        to_qasm(Candidate(encoding="ry"), [[0.1, 0.2]], names)
    assert "\n" not in str(error.value)


def test_inputs_belong_to_circuits_that_encode():
    with pytest.raises(ArgumentError, match="`inputs` must hold 0 names for Ent-RY, but got 1"):
        to_qasm(Candidate(), [[0.1]], ["x0"])
