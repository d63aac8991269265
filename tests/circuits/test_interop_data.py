"""Circuits with data, several uploads and any observables in Qiskit, PennyLane and OpenQASM."""

import numpy as np
import pytest

from diffqas import Ansatz, Candidate, Diagonal, Gate, Hermitian, InputSlot, PauliStrings, Slot, Z
from diffqas.circuits import encoded_gates, to_pennylane, to_qasm, to_qiskit
from diffqas.circuits.amplitudes import readings, reduced, statevector
from diffqas.circuits.gates import operations
from diffqas.errors import ArgumentError

N, DEPTH, UPLOADS = 3, 4, 2


class Own(Ansatz):
    """Inputs in controlled gates and with factors, two angles per qubit."""

    rotations_per_qubit = 2

    def start(self, n):
        return [Gate("h", (q,)) for q in range(n)]

    def encode(self, n):
        pairs = [(q, (q + 1) % n) for q in range(n)]
        return [Gate("crx", pair, InputSlot(pair[0], 2.0, 0.3)) for pair in pairs] + [
            Gate("u3", (0,), (InputSlot(0), 0.2, InputSlot(1, -1.0)))
        ]

    def layer(self, n):
        return [
            *(Gate("ry", (q,), Slot(q)) for q in range(n)),
            Gate("rzz", (0, n - 1), Slot(1, 1, 0.5)),
        ]


CIRCUITS = [
    Candidate(True, "cz-ring", ("rz", "ry"), ("ry", "rz")),
    Candidate(False, "all", "rx", "ry"),
    Candidate(False, "star", ("rx", "rz"), "rx"),
    Own(),
]
OBSERVABLES = [
    Z(),
    Z((2, 0)),
    PauliStrings(("XYZ", "IZZ")),
    Diagonal(2),
    Hermitian(2, "pairwise"),
]
NAMES = [f"x{place}" for place in range(UPLOADS * N)]


def numbers(seed, *shape):
    return np.random.default_rng(seed).uniform(-3, 3, shape)


def case(circuit):
    """Angles, encoding angles and the state that they give."""
    angles, inputs = numbers(0, DEPTH, N, 2).tolist(), numbers(1, UPLOADS, N).tolist()
    gates = operations(circuit, angles, uploads=UPLOADS, encodings=inputs)
    return angles, inputs, statevector(gates, N)


def in_our_order(circuit):
    """Qiskit's amplitudes with qubit 0 as the most significant bit."""
    from qiskit.quantum_info import Statevector

    return np.asarray(Statevector(circuit.reverse_bits()).data)


def flat(rows):
    return [value for row in rows for value in row]


@pytest.mark.parametrize("observables", OBSERVABLES, ids=str)
@pytest.mark.parametrize("circuit", CIRCUITS, ids=lambda circuit: circuit.name)
def test_qiskit_gives_the_same_outputs(circuit, observables):
    pytest.importorskip("qiskit")
    angles, inputs, state = case(circuit)
    expected = readings(state, N, 2, observables)
    bound = to_qiskit(circuit, angles, uploads=UPLOADS, encodings=inputs)
    np.testing.assert_allclose(
        readings(in_our_order(bound), N, 2, observables), expected, atol=1e-6
    )
    opened = to_qiskit(circuit, angles, NAMES, uploads=UPLOADS)
    values = dict(zip(NAMES, flat(inputs), strict=True))
    given = opened.assign_parameters({key: values[key.name] for key in opened.parameters})
    np.testing.assert_allclose(
        readings(in_our_order(given), N, 2, observables), expected, atol=1e-6
    )


@pytest.mark.parametrize("observables", OBSERVABLES, ids=str)
@pytest.mark.parametrize("circuit", CIRCUITS, ids=lambda circuit: circuit.name)
def test_pennylane_gives_the_same_outputs(circuit, observables):
    pennylane = pytest.importorskip("pennylane")
    angles, inputs, state = case(circuit)
    apply = to_pennylane(circuit, angles, uploads=UPLOADS)

    def measured():
        """PennyLane's own observables, whose matrices have the first wire most significant."""
        for support, string in zip(observables.supports(N, 2), ("XYZ", "IZZ"), strict=True):
            if isinstance(observables, PauliStrings):
                yield pennylane.pauli.string_to_pauli_word(string)
            elif isinstance(observables, Z):
                yield pennylane.PauliZ(support[0])
            else:
                yield pennylane.Hermitian(matrix_of(observables), wires=support)

    @pennylane.qnode(pennylane.device("default.qubit", wires=N))
    def outputs(*values):
        apply(*values)
        return [pennylane.expval(observable) for observable in measured()]

    if isinstance(observables, (Diagonal, Hermitian)):
        windows = observables.supports(N, 2)
        matrix = matrix_of(observables)
        expected = [np.trace(matrix @ reduced(state, window, N)).real for window in windows]
    else:
        expected = readings(state, N, 2, observables)
    np.testing.assert_allclose(outputs(*flat(inputs)), expected, atol=1e-6)


def matrix_of(observables):
    """A matrix on two qubits, diagonal or not."""
    parts = numbers(2, 2, 4, 4)
    if observables.diagonal:
        return np.diag(parts[0, 0])
    full = parts[0] + 1j * parts[1]
    return full + full.conj().T


@pytest.mark.parametrize("circuit", CIRCUITS, ids=lambda circuit: circuit.name)
def test_openqasm_gives_the_same_state(circuit):
    qasm3 = pytest.importorskip("qiskit.qasm3")
    pytest.importorskip("qiskit_qasm3_import")
    angles, inputs, state = case(circuit)
    # Two open inputs, each encoded twice with factors of its own.
    slots = [[InputSlot(q % 2, 0.5 + u, 0.1 * q) for q in range(N)] for u in range(UPLOADS)]
    text = to_qasm(circuit, angles, ["a", "b"], uploads=UPLOADS, encodings=slots)
    x = [0.4, -1.1]
    values = [[slot.factor * x[slot.index] + slot.offset for slot in row] for row in slots]
    gates = operations(circuit, angles, uploads=UPLOADS, encodings=values)
    expected = np.abs(statevector(gates, N)) ** 2
    read = qasm3.loads(text).assign_parameters(dict(zip(("a", "b"), x, strict=True)))
    np.testing.assert_allclose(np.abs(in_our_order(read)) ** 2, expected, atol=1e-6)
    whole = qasm3.loads(to_qasm(circuit, angles, uploads=UPLOADS, encodings=inputs))
    np.testing.assert_allclose(np.abs(in_our_order(whole)) ** 2, np.abs(state) ** 2, atol=1e-6)


def test_gates_are_counted_through_layers_and_uploads():
    gates = encoded_gates(Candidate(True, "none", "rx", "ry"), 1, 4, 2)
    assert [gate.name for gate in gates] == ["h", "ry", "rx", "rx", "ry", "rx", "rx"]
    angles = [angle for gate in gates for angle in gate.angles]
    assert [angle.index for angle in angles if isinstance(angle, InputSlot)] == [0, 1]
    assert [angle.qubit for angle in angles if isinstance(angle, Slot)] == [0, 1, 2, 3]


ANGLES = [[0.1, 0.2]] * 2


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"uploads": 0}, "`uploads` must be a whole number of at least 1, but got 0."),
        ({"uploads": 3}, "`depth` must be a multiple of the uploads, 3, but got 2."),
        ({"uploads": 2, "inputs": ["a", "b"]}, "`inputs` must hold 4 names for RY/Ent-RY, but"),
        ({"encodings": [[0.1]]}, "`encodings` must have the shape (1, 2), but got rows of 1."),
        ({"encodings": [[0.1, 0.2]] * 2}, "`encodings` must have the shape (1, 2), but got rows"),
        (
            {"encodings": [[0.1, float("nan")]]},
            "`encodings` must be finite numbers or InputSlots, but got nan.",
        ),
        (
            {"encodings": [[0.1, InputSlot(1)]], "inputs": ["a"]},
            "`encodings` must name one of 1 inputs, but got InputSlot(index=1",
        ),
    ],
)
def test_inputs_that_do_not_match_are_one_line(choices, message):
    with pytest.raises(ArgumentError) as error:
        to_qasm(Candidate(encoding="ry"), ANGLES, **choices)
    assert message in str(error.value)
