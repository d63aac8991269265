"""OpenQASM with inputs that are data: which are meant, and one line for what does not match."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffqas import TABLE_I, Candidate, Gate, InputSlot, QasmAnsatz, QuantumTrain, Slot, read_qasm
from diffqas.circuits import ROTATIONS, check_inputs, draw, encoded_findings, to_qasm
from diffqas.circuits.amplitudes import statevector
from diffqas.circuits.gates import operations
from diffqas.errors import ArgumentError, DataError
from diffqas.storage import decode_value, encode_value

pytest.importorskip("openqasm3.parser", exc_type=ImportError)

TEXT = """\
input float x0;
input float a;
input float x1;
qubit[2] q;
h q;
rx(2*x0) q[0];
ry(x1 + 0.5) q[1];
ry(a) q[0];
cx q[0], q[1];
"""


def test_inputs_are_those_called_x_and_a_number():
    one = QasmAnsatz(TEXT, "mine")
    assert (one.parameters, one.encodes) == (("a",), True)
    assert one.encode(2) == (
        Gate("h", (0,)),
        Gate("h", (1,)),
        Gate("rx", (0,), InputSlot(0, 2.0, 0.0)),
        Gate("ry", (1,), InputSlot(1, 1.0, 0.5)),
    )
    assert one.layer(2) == (Gate("ry", (0,), Slot(0)), Gate("cx", (0, 1)))
    assert not QasmAnsatz("input float x; input float y0; qubit q; rx(x) q; ry(y0) q;").encodes


def test_other_names_are_inputs_if_they_are_given():
    one = QasmAnsatz(TEXT, "mine", inputs=("x1",))
    assert one.parameters == ("x0", "a")
    assert one.rotations_per_qubit == 1
    with pytest.raises(DataError, match="an input behind a learned angle"):
        QasmAnsatz("input float a; input float b; qubit q; rx(a) q; rx(b) q;", inputs=("b",))
    none = QasmAnsatz(TEXT, "mine", inputs=())
    assert (none.parameters, none.encodes, none.encode(2)) == (("x0", "a", "x1"), False, ())


def test_gates_of_other_qubits_may_stand_before_an_input():
    text = "input float x0; input float x1; input float a; qubit[2] q; "
    body = "rx(x0) q[0]; ry(a) q[0]; h q[0]; rx(x1) q[1]; h q[1]; "
    one = QasmAnsatz(text + body)
    assert [gate.name for gate in one.encode(2)] == ["rx", "rx"]
    assert [(gate.name, gate.qubits) for gate in one.layer(2)] == [
        ("ry", (0,)),
        ("h", (0,)),
        ("h", (1,)),
    ]


@pytest.mark.parametrize(
    ("head", "body", "message"),
    [
        ("x0 x1 x2", "rx(x0) q[0];", "the input 'x2', where 2 qubits take 2 inputs"),
        ("x1", "rx(x1) q[0];", "the inputs x1 without x0"),
        ("x0 x00", "rx(x0) q[0];", "the input 0 is declared twice"),
        ("a x0", "ry(a) q[0]; cx q[0], q[1]; rx(x0) q[1];", "an input behind a learned angle, in"),
        ("a x0", "u3(x0, a, 0.0) q[0];", "an input and a learned angle in one gate, u3"),
        ("x0 x1", "rx(x0 + x1) q[0];", "an angle of several parameters, x0, x1"),
    ],
)
def test_inputs_that_do_not_match_are_one_line(head, body, message, tmp_path):
    declared = "".join(f"input float {name};\n" for name in head.split())
    path = tmp_path / "mine.qasm"
    path.write_text(f"{declared}qubit[2] q;\n{body}\n")
    with pytest.raises(DataError) as error:
        read_qasm(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_names_that_are_none_are_one_line():
    with pytest.raises(DataError, match="the input 'c' is not declared"):
        QasmAnsatz(TEXT, inputs=("c",))
    for wrong in ("x0", ("x0", "x0"), (1,), 3):
        with pytest.raises(ArgumentError, match="`inputs` must be a tuple of different names"):
            QasmAnsatz(TEXT, inputs=wrong)  # pyright: ignore


def test_an_input_that_no_gate_has_is_one_line():
    one = QasmAnsatz("input float x0; qubit[3] q; rx(x0) q[0]; cx q[0], q[1];", "mine")
    check_inputs(one, 3, 1)
    check_inputs(QasmAnsatz("input float x0; input float x1; qubit[3] q; rx(x1) q[0];"), 3, 1)
    with pytest.raises(ArgumentError) as error:
        check_inputs(one, 3, 3)
    expected = "The candidate mine has no gate for input 1, 2 of 3: give it one, or leave the input"
    assert str(error.value).startswith(expected)
    layers = pytest.importorskip("diffqas.layers")
    with pytest.raises(ArgumentError, match="has no gate for input 1 of 2"):
        layers.QuantumLayer(inputs=2, outputs=2, qubits=3, candidates=[one])
    with pytest.raises(ArgumentError, match="`candidates` must encode data, but got Ent-RY"):
        check_inputs(Candidate(), 3, 3)


def test_a_circuit_with_inputs_writes_no_weights_and_says_how_it_could():
    with pytest.raises(ArgumentError) as error:
        QuantumTrain(_linear(), depth=1, candidates=[TABLE_I[1], QasmAnsatz(TEXT, "mine")])
    assert str(error.value) == (
        "Argument `candidates` must encode no data, but got mine: its inputs x0, x1, ... are data; "
        "angles need other names, or `inputs=()`."
    )
    angles = QasmAnsatz(TEXT, "mine", inputs=())
    assert QuantumTrain(_linear(), depth=1, candidates=[TABLE_I[1], angles])


def _linear():
    torch = pytest.importorskip("torch")
    return torch.nn.Linear(1, 2)


def test_a_stored_circuit_keeps_what_its_inputs_meant():
    for one in (QasmAnsatz(TEXT, "mine"), QasmAnsatz(TEXT, "mine", ("x1", "x0"))):
        assert decode_value(encode_value(one)) == one
    # Versions without inputs took every parameter for an angle.
    old = encode_value(QasmAnsatz(TEXT, "mine"))
    del old["inputs"]
    assert decode_value(old) == QasmAnsatz(TEXT, "mine", ())


def test_inputs_are_drawn():
    assert draw(QasmAnsatz(TEXT, "mine"), 2) == (
        "q0 ─H──RX(2x0)───[──RY──●─]\nq1 ─H─RY(x1+0.5)─[──────X─]"
    )
    assert draw(QasmAnsatz(TEXT, "mine"), 2, uploads=2).startswith("q0 ─{─H──RX(2x0)")


def test_what_a_text_depends_on_is_measured():
    (found,) = encoded_findings([QasmAnsatz(TEXT, "mine")], 2, 2, 2, uploads=2)
    assert (found.known_by, found.inputs, found.trains) == ("measured", (0, 1), True)


turns = st.lists(st.sampled_from(ROTATIONS), min_size=1, max_size=2).map(tuple)


@settings(max_examples=25)
@given(
    st.builds(
        Candidate, st.booleans(), st.sampled_from(["ring", "star", "cz-all"]), turns, encoding=turns
    ),
    st.integers(1, 2),
    st.integers(0, 99),
)
def test_a_text_that_was_written_is_read_as_the_same_circuit(candidate, uploads, seed):
    n, depth = 3, 2
    draws = np.random.default_rng(seed)
    angles = draws.uniform(-3, 3, (depth, n, 2)).tolist()
    factors = draws.uniform(-2, 2, (uploads, n))
    encodings = [
        [InputSlot(q, factors[upload, q], 0.1 * q) for q in range(n)] for upload in range(uploads)
    ]
    text = to_qasm(candidate, angles, ["x0", "x1", "x2"], uploads=uploads, encodings=encodings)
    again = QasmAnsatz(text)
    x = draws.uniform(-3, 3, n)
    values = [[slot.factor * x[slot.index] + slot.offset for slot in row] for row in encodings]
    expected = statevector(operations(candidate, angles, uploads=uploads, encodings=values), n)
    found = statevector(operations(again, [[0.0] * n], encodings=[x.tolist()]), n)
    # OpenQASM's angles are the same doubles, so states agree up to rounding.
    np.testing.assert_allclose(found, expected, atol=1e-12)
