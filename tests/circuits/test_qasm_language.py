"""OpenQASM 3 as its text defines it: numbers, the gates that every file has, gates of its own."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diffqas import Gate, QasmAnsatz, Slot, probabilities, read_qasm
from diffqas.circuits.qasm_gates import BUILT_IN
from diffqas.errors import DataError

pytest.importorskip("openqasm3.parser", exc_type=ImportError)

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
VALUES = {"s": 0.7, "t": -1.3, "v": 0.7, "w": -1.3}


def angle_of(expression, *, before=""):
    """What the only gate of a file is given, an expression of the inputs s and t."""
    text = f"input float s; input float t; {before} qubit[2] q; rx({expression}) q[0];"
    (gate,) = QasmAnsatz(text).layer(2)
    return gate.angle


def found_probabilities(text):
    """Probabilities where the inputs have their `VALUES`."""
    circuit = QasmAnsatz(text)
    r = circuit.rotations_per_qubit
    angles = torch.zeros(circuit.n * r, dtype=torch.float64)
    for place, name in enumerate(circuit.parameters):
        angles[place] = VALUES[name]
    shape = (1, circuit.n) if r == 1 else (1, circuit.n, r)
    return probabilities([circuit], angles.reshape(shape))[0]


def qiskit_probabilities(circuit):
    quantum_info = pytest.importorskip("qiskit.quantum_info")
    bound = circuit.assign_parameters(
        {each: VALUES[each.name] for each in circuit.parameters}, strict=False
    )
    return torch.from_numpy(quantum_info.Statevector(bound.reverse_bits()).probabilities())


# Expressions with what they are by the rules of the language: (text, value, whether an integer).


@st.composite
def constants(draw, depth=3):
    if depth == 0 or draw(st.booleans()):
        if draw(st.booleans()):
            number = draw(st.integers(0, 9))
            return str(number), number, True
        word = draw(st.sampled_from(["pi", "tau", "0.5", "1.25", "2.0", "3e-1"]))
        return word, {"pi": math.pi, "tau": math.tau}.get(word) or float(word), False
    left, a, one = draw(constants(depth - 1))
    right, b, two = draw(constants(depth - 1))
    operator = draw(st.sampled_from("+-*/"))
    both = one and two
    if operator == "/" and (b == 0 or (both and (a < 0 or b < 0))):
        operator = "+"
    if operator == "/":
        value = a // b if both else a / b
    else:
        value = {"+": a + b, "-": a - b, "*": a * b}[operator]
    return f"({left} {operator} {right})", value, both


@st.composite
def angles(draw, names="st"):
    """A constant, or something linear in one of the inputs."""
    text, value, _ = draw(constants())
    if draw(st.booleans()):
        return text, value
    name = draw(st.sampled_from(names))
    divisor, by, _ = draw(constants().filter(lambda each: abs(each[1]) > 0.1))
    return draw(
        st.sampled_from(
            [
                (f"{name} + {text}", VALUES[name] + value),
                (f"{text} - {name}", value - VALUES[name]),
                (f"{text} * {name}", value * VALUES[name]),
                (f"-{name} / {divisor}", -VALUES[name] / by),
            ]
        )
    )


@settings(max_examples=100, deadline=None)
@given(angles())
def test_an_expression_has_the_value_that_its_types_give_it(drawn):
    text, value = drawn
    found = angle_of(text)
    if isinstance(found, Slot):
        found = found.factor * VALUES["st"[found.qubit]] + found.offset
    assert found == pytest.approx(value, rel=1e-12, abs=1e-12)


@st.composite
def files(draw):
    """Some gates of the language and of stdgates.inc on three qubits, one inside a definition."""
    known = sorted(BUILT_IN.keys() - {"rxx", "ryy", "rzz", "u", "cu1", "cu3"})
    lines = []
    for _ in range(draw(st.integers(1, 6))):
        name = draw(st.sampled_from(known))
        gate = BUILT_IN[name]
        places = draw(st.permutations(range(3)))[: gate.qubits]
        given_angles = [draw(angles("vw"))[0] for _ in range(gate.angles)]
        arguments = f"({', '.join(given_angles)})" if given_angles else ""
        lines.append(f"{name}{arguments} {', '.join(f'q[{place}]' for place in places)};")
    number, _, _ = draw(constants())
    body = f"U(a / 2, {number}, a) x; cx x, y; gphase(a); cu(a, 1, 2, 3) x, y;"
    own = f"gate own(a) x, y {{ {body} }}"
    argument, _ = draw(angles("vw"))
    lines.append(f"own({argument}) q[0], q[2];")
    opening = "gphase(1/2 + pi);\nh q;"
    return "\n".join(
        [HEAD + own, "input float v;", "input float w;", "qubit[3] q;", opening, *lines, ""]
    )


@settings(max_examples=25, deadline=None)
@given(files())
def test_qiskit_reads_the_same_circuit(text):
    qasm3 = pytest.importorskip("qiskit.qasm3")
    pytest.importorskip("qiskit_qasm3_import")
    expected = qiskit_probabilities(qasm3.loads(text))
    torch.testing.assert_close(found_probabilities(text), expected, rtol=0, atol=1e-10)


BASES = [
    ["u", "cx"],
    ["u3", "cx"],
    ["rz", "sx", "x", "cx"],
    ["u1", "u2", "u3", "cz"],
    [],  # as it is, with definitions
]


@pytest.mark.parametrize("basis", BASES, ids=lambda basis: "-".join(basis) or "as it is")
def test_what_qiskit_writes_is_read_back(basis):
    qiskit = pytest.importorskip("qiskit")
    qasm3 = pytest.importorskip("qiskit.qasm3")
    v, w = qiskit.circuit.Parameter("v"), qiskit.circuit.Parameter("w")
    circuit = qiskit.QuantumCircuit(3, global_phase=0.4)
    circuit.h(0)
    circuit.u(0.3, v, -0.2, 1)
    circuit.cry(w / 2, 0, 2)
    circuit.cu(0.4, 0.5, 0.6, 0.7, 2, 1)
    circuit.append(qiskit.circuit.library.iSwapGate(), [0, 1])
    circuit.rzz(2 * v + 0.1, 0, 1)
    circuit.rxx(0.9, 1, 2)
    circuit.ccx(0, 2, 1)
    written = circuit
    if basis:
        written = qiskit.transpile(circuit, basis_gates=basis, optimization_level=0)
    found = found_probabilities(qasm3.dumps(written))
    torch.testing.assert_close(found, qiskit_probabilities(circuit), rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", ["U", "u", "u3", "u2", "u1", "p", "cu", "cu3", "cu1"])
def test_turns_of_a_qubit_are_those_of_pennylane(name):
    qml = pytest.importorskip("pennylane")
    gate = BUILT_IN[name]
    turns = [0.3 + 0.5 * k for k in range(gate.angles)]
    text = f"qubit[2] q; h q; {name}({', '.join(map(str, turns))}) "
    text += "q[0], q[1];" if gate.qubits == 2 else "q[1];"
    text += " h q; ry(0.4) q;"  # phases show in the basis that is measured

    @qml.qnode(qml.device("default.qubit", wires=2))
    def circuit():
        for wire in (0, 1):
            qml.Hadamard(wire)
        if name in ("u1", "p"):
            qml.U1(*turns, wires=1)
        elif name == "u2":
            qml.U2(*turns, wires=1)
        elif name == "cu1":
            qml.ControlledPhaseShift(*turns, wires=(0, 1))
        elif gate.qubits == 1:
            qml.U3(*turns, wires=1)
        else:
            if name == "cu":
                qml.PhaseShift(turns[3], wires=0)
            qml.ctrl(qml.U3, control=0)(*turns[:3], wires=1)
        for wire in (0, 1):
            qml.Hadamard(wire)
        for wire in (0, 1):
            qml.RY(0.4, wires=wire)
        return qml.probs(wires=(0, 1))

    expected = torch.as_tensor(circuit(), dtype=torch.float64)
    torch.testing.assert_close(found_probabilities(text), expected, rtol=0, atol=1e-12)


# Integers, constants, functions.


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1/2", 0.0),
        ("2/3*pi", 0.0),
        ("7/2", 3.0),
        ("-6/2", -3.0),
        ("7/2.0", 3.5),
        ("1/2*t", 0.0),
        ("pi*(3/2)", math.pi),
        ("7 % 4", 3.0),
        ("-8 % 4", 0.0),
        ("2**3**2", 512.0),
        ("-2**2", -4.0),
        ("2.0**-1", 0.5),
        ("2**0.5", math.sqrt(2)),
        ("0x10 / 0b11", 5.0),
        ("1_000 / 3", 333.0),
        ("float(1)/2", 0.5),
        ("float[64](3)/2", 1.5),
        ("int(7.9)/2", 3.0),
        ("int[8](-7.9)", -7.0),
        ("sqrt(2) * sin(pi/6)", math.sqrt(2) * 0.5),
        ("mod(7, 4) + mod(7.5, 2)", 4.5),
        ("arccos(-1.0) + floor(2.7)", math.pi + 2),
        ("t - t + 1", 1.0),
        ("half", 0.5),
        ("half / 2", 0.25),
        ("n / 2", 1.0),
        ("n / 2.0", 1.5),
        ("zero", 0.0),
        ("rough", 0.10000000149011612),
        ("k % n", 1.0),
        ("wrapped", 1.5 * math.pi),
        ("coarse", math.pi / 4),
    ],
)
def test_numbers_of_each_type(expression, value):
    before = (
        "const int n = 3; const uint[8] k = 7; const float half = 0.5; const float zero = 1/2; "
        "const float[32] rough = 0.1; const angle wrapped = -pi/2; const angle[3] coarse = 0.8;"
    )
    found = angle_of(expression, before=before)
    assert found == pytest.approx(value, rel=1e-15, abs=1e-15)


def test_halves_of_a_parameter():
    assert angle_of("t/2") == Slot(1, 0, 0.5)
    assert angle_of("s*pi/4 + 1/2") == Slot(0, 0, math.pi / 4, 0.0)
    assert angle_of("s/3") == Slot(0, 0, 1 / 3)


def test_definitions_compute_with_what_they_are_given():
    text = (
        "const float step = 0.25; gate inner(a) x { rx(a/2) x; rz(1/2*a) x; ry(step) x; } "
        "gate outer(a, pi) x, y { inner(a + 1) x; inner(pi) y; } "
        "input float t; qubit[2] q; outer(3, t/2) q[0], q[1];"
    )
    assert QasmAnsatz(text).layer(2) == (
        Gate("rx", (0,), 2.0),
        Gate("rz", (0,), 0.0),
        Gate("ry", (0,), 0.25),
        Gate("rx", (1,), Slot(0, 0, 0.25)),
        Gate("rz", (1,), 0.0),
        Gate("ry", (1,), 0.25),
    )


def test_sizes_and_places_are_constant_expressions():
    text = "const int n = 2; qubit[n + 1] q; qubit last; x q[n]; y q[5 / 2 - 1]; z q[-3]; h last;"
    gates = [(gate.name, gate.qubits) for gate in QasmAnsatz(text).layer(4)]
    assert gates == [("x", (2,)), ("y", (1,)), ("z", (0,)), ("h", (3,))]


# Gates of the file's own.


@pytest.mark.parametrize("name", sorted(BUILT_IN.keys() - {"U"}))
def test_a_gate_of_the_file_hides_a_built_in_one(name):
    gate = BUILT_IN[name]
    parameters = [f"a{k}" for k in range(gate.angles)]
    qubits = [f"b{k}" for k in range(gate.qubits)]
    head = f"({', '.join(parameters)})" if parameters else ""
    body = f"rx({parameters[-1]})" if parameters else "rx(0.3)"
    if name == "rx":
        body = body.replace("rx", "ry")
    arguments = f"({', '.join(str(k + 0.5) for k in range(gate.angles))})" if parameters else ""
    text = (
        f"qubit[3] q; gate {name}{head} {', '.join(qubits)} {{ {body} {qubits[-1]}; }} "
        f"{name}{arguments} {', '.join(f'q[{k}]' for k in range(gate.qubits))};"
    )
    expected = gate.angles - 0.5 if parameters else 0.3
    assert QasmAnsatz(text).layer(3) == (Gate(body[:2], (gate.qubits - 1,), expected),)


def test_a_definition_counts_from_where_it_stands():
    text = "qubit q; gate both x { h x; } h q; gate h x { z x; } h q; both q;"
    assert [gate.name for gate in QasmAnsatz(text).layer(1)] == ["h", "z", "h"]


def test_global_phases_and_identities_leave_no_gate():
    text = (
        "input float s; input float t; qubit[2] q; gphase(s - t/2 + 1); id q; "
        "gate mine(a) x { gphase(a); id x; ry(a) x; } mine(t) q[1];"
    )
    assert QasmAnsatz(text).layer(2) == (Gate("ry", (1,), Slot(1)),)


def test_a_circuit_without_gates_stays_where_it_starts():
    found = found_probabilities("qubit[2] q; id q; gphase(pi);")
    assert found.tolist() == [1, 0, 0, 0]


def test_physical_qubits_are_counted_from_0():
    text = HEAD + "input float t;\nU(t, 0, 0) $2;\ncx $2, $0;\nbarrier $5;\n"
    one = QasmAnsatz(text)
    assert one.n == 3
    assert [gate.qubits for gate in one.layer(3)] == [(2,), (2, 0)]


@pytest.mark.parametrize("suffix", ["qasm", "QASM", "qasm3", "txt"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_files_of_any_name_with_a_byte_order_mark_or_without(tmp_path, suffix, mark):
    path = tmp_path / f"mine.{suffix}"
    path.write_bytes(mark + (HEAD + "qubit q;\r\nh q;\r\n").encode())
    one = read_qasm(path)
    assert (one.name, [gate.name for gate in one.layer(1)]) == ("mine", ["h"])
    assert not one.text.startswith("\ufeff")
    assert QasmAnsatz("\ufeff" + one.text).layer(1) == one.layer(1)


@pytest.mark.parametrize(
    "text",
    [
        'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\nopaque f a;\n',
        "// by a tool\n/* of\nlong ago */ OPENQASM 2;\nqreg q[2];\n",
        'include "qelib1.inc";\nqreg q[2];\n',
    ],
)
def test_version_2_is_named_with_the_way_out(text, tmp_path):
    path = tmp_path / "old.qasm"
    path.write_text(text)
    with pytest.raises(DataError, match=r"line \d: .*OpenQASM 2, .* `qasm3.dumps") as error:
        read_qasm(path)
    assert "\n" not in str(error.value)


def test_another_version_is_named():
    with pytest.raises(DataError, match="line 2: OpenQASM 4, where version 3 is read"):
        QasmAnsatz("\nOPENQASM 4.1;\nqubit q;\nh q;")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("ry(-1/2) q[0];", "-1 / 2 leaves a remainder, which tools round"),
        ("ry(7 % -4) q[0];", "7 % -4 leaves a remainder, which tools round"),
        ("ry(7.5 % 2) q[0];", "`%` is defined of integers only"),
        ("ry(1/0) q[0];", "not a division by 0"),
        ("ry(t/(1 - 1.0)) q[0];", "not a division by 0"),
        ("ry(t**2) q[0];", "an angle must be a number or linear"),
        ("ry(2**t) q[0];", "an angle must be a number or linear"),
        ("ry(2**-1) q[0];", "an integer to a negative power"),
        ("ry(9**9**9) q[0];", "an integer of more than 64 bits"),
        ("ry(9223372036854775807 + 1) q[0];", r"does not fit into int\[64\]"),
        ("ry((-8)**0.5) q[0];", "pow has no finite real value at -8, 0.5"),
        ("ry(sqrt(-1)) q[0];", "sqrt has no finite real value at -1"),
        ("ry(true) q[0];", "an angle must be a number"),
        ("ry(3im) q[0];", "an angle must be a number"),
        ("ry(1 << 2) q[0];", "an angle must be a number"),
        ("ry(sinh(1)) q[0];", "the function 'sinh' of 1 numbers is none of sin, "),
        ("const uint[2] k = 4;", r"4 does not fit into uint\[2\]"),
        ("const uint k = 3; ry(k - 4) q[0];", r"-1 does not fit into uint\[64\]"),
        ("const int k = 1.5;", "1.5 is no whole number"),
        ("const float[128] k = 1.5;", "a type of 128 bits, where 1 to 64 are read"),
        ("const float[16] k = 1e9;", r"1e\+09 does not fit into float\[16\]"),
        ("const bool k = true;", "an angle must be a number|constants are of the type"),
        ("const float k = t;", "the parameter 't' is not declared"),
        ("const float t = 1;", "'t' is declared twice"),
        ("const float pi = 3;", "'pi' is declared twice"),
        ("const angle k = 1; ry(k/2) q[0];", "declare it as `float`"),
        ("float k = 1;", "variables are not read: declare it as `const`"),
        ("gate own x { ry(t) x; } own q[0];", "the parameter 't' is not declared"),
        ("gate U(a, b, c) x { }", "U is part of the language"),
        ("gate own x { } gate own x { }", "the gate 'own' is defined twice"),
        ("gate own(a, a) x { }", "two parameters or qubits of own have the same name"),
        ("h $0;", r"the physical qubit \$0 beside a register"),
        ("h q[2];", r"q\[2\] is outside of q"),
        ("h q[-3];", r"q\[-3\] is outside of q"),
        ("h q[1.0];", "must be written as whole numbers"),
        ("h q[{0, 1}];", r"qubits are given one by one, as q\[0\]"),
        ("ctrl @ gphase(0.1) q[0];", "modifiers such as `ctrl @` are not read"),
        ("gate own x { ctrl @ gphase(0.1) x; } own q[0];", "modifiers such as `ctrl @`"),
        ("inv @ s q[0];", "modifiers such as `inv @` are not read"),
        ("u3(1, 2) q[0];", "u3 takes 1 qubits and 3 angles, not 1 and 2"),
        ("gphase(t*t);", "an angle must be a number or linear"),
        ("bit c = measure q[0];", "a measurement cannot be part of a candidate"),
        ("delay[3ns] q;", "a delay cannot be part of a candidate"),
        ("h §;", "not OpenQASM 3, token recognition error at: '§'"),
    ],
)
def test_what_is_refused_is_one_line_with_its_place(body, message):
    with pytest.raises(DataError, match=message) as error:
        QasmAnsatz(f"input float t;\nqubit[2] q;\n{body}\nh q;\n", "mine")
    assert "The circuit mine, line 3: " in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("leaf", ["", "id x;", "gphase(1);"])
def test_doubling_definitions_of_nothing_stop(leaf, monkeypatch):
    monkeypatch.setattr("diffqas.circuits.qasm_reader.MOST_GATES", 1000)
    bomb = f"gate g0 x {{ {leaf} }} " + "".join(
        f"gate g{i} x {{ g{i - 1} x; g{i - 1} x; }} " for i in range(1, 40)
    )
    with pytest.raises(DataError, match="more than 1000 gates"):
        QasmAnsatz(bomb + "qubit q; g39 q;", "bomb")


def test_comments_alone_are_an_empty_file():
    with pytest.raises(DataError, match="is empty"):
        QasmAnsatz("// nothing\n/* here */\n")
