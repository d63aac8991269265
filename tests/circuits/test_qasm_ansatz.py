"""OpenQASM 3 in: what is read, and one line with the place for what is not."""

import os
import sys

import pytest
import torch

from diffqas import Gate, QasmAnsatz, QuantumTrain, Slot, probabilities, read_qasm
from diffqas.circuits.qasm_reader import read_circuit
from diffqas.errors import ArgumentError, DataError

pytest.importorskip("openqasm3.parser", exc_type=ImportError)

TEXT = """\
OPENQASM 3.0;
include "stdgates.inc";
input float[64] a;
input angle[32] b;
input float c;
gate pair(t, u) x, y { cx x, y; rz(t - pi) y; barrier x; ry(2 * u) x; }
qubit[2] q;
qubit last;
bit[2] out;
h q;
ry(-a / 2 + pi/2) last;
pair(0.25, b) q[1], last;
CX q, last;
cp(tau) q[0], q[1];
p(c) q[0];
"""


def angles(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_all_that_is_understood():
    one = QasmAnsatz(TEXT, "mine")
    assert (one.n, one.parameters, one.rotations_per_qubit) == (3, ("a", "b", "c"), 1)
    gates = one.layer(3)
    assert gates[:2] == (Gate("h", (0,)), Gate("h", (1,)))
    assert gates[2] == Gate("ry", (2,), Slot(0, 0, -0.5, torch.pi / 2))
    assert gates[3:6] == (
        Gate("cx", (1, 2)),
        Gate("rz", (2,), 0.25 - torch.pi),
        Gate("ry", (1,), Slot(1, 0, 2.0, 0.0)),
    )
    assert gates[6:8] == (Gate("cx", (0, 2)), Gate("cx", (1, 2)))
    assert gates[8:] == (Gate("cp", (0, 1), 2 * torch.pi), Gate("p", (0,), Slot(2)))


def test_parameters_fill_the_slots_row_by_row():
    names = "".join(f"input float a{i}; " for i in range(5))
    one = QasmAnsatz(names + "qubit[2] q;" + "".join(f"rx(a{i}) q[0];" for i in range(5)))
    assert one.rotations_per_qubit == 3
    assert [gate.angle for gate in one.layer(2)] == [
        Slot(0, 0),
        Slot(0, 1),
        Slot(0, 2),
        Slot(1, 0),
        Slot(1, 1),
    ]


def test_qiskit_reads_the_same_circuit():
    loads = pytest.importorskip("qiskit.qasm3").loads
    pytest.importorskip("qiskit_qasm3_import")
    quantum_info = pytest.importorskip("qiskit.quantum_info")
    values = angles(0, 1, 3)
    text = TEXT.replace("bit[2] out;\n", "").replace("barrier x;", "")
    circuit = loads(text)
    bound = circuit.assign_parameters(dict(zip("abc", values[0].tolist(), strict=True)))
    expected = torch.from_numpy(quantum_info.Statevector(bound.reverse_bits()).probabilities())
    found = probabilities([QasmAnsatz(text)], values)[0]
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-8)  # a 32-bit angle is none here


def test_qiskits_own_export_is_read():
    qiskit = pytest.importorskip("qiskit")
    qasm3 = pytest.importorskip("qiskit.qasm3")
    quantum_info = pytest.importorskip("qiskit.quantum_info")
    circuit = qiskit.QuantumCircuit(3)
    circuit.h(0)
    circuit.rzz(0.3, 0, 2)
    circuit.rxx(0.7, 1, 2)
    circuit.cswap(0, 1, 2)
    circuit.sx(1)
    expected = torch.from_numpy(quantum_info.Statevector(circuit.reverse_bits()).probabilities())
    found = probabilities(
        [QasmAnsatz(qasm3.dumps(circuit))], torch.zeros(1, 3, dtype=torch.float64)
    )[0]
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("rccx q[0], q[1], q[1];", "line 3: the gate 'rccx' is none of h, x, "),
        ("bit c; c = measure q[0];", "line 3: a measurement cannot be part of a candidate"),
        ("reset q;", "line 3: a reset cannot be part of a candidate"),
        ("if (true) { h q; }", "line 3: a statement of the kind BranchingStatement"),
        ("for int i in [0:1] { h q; }", "line 3: a statement of the kind ForInLoop"),
        ("h q;\n\nry(b) q[0];", "line 5: the parameter 'b' is not declared"),
        ("ry(a*a) q[0];", "line 3: an angle must be a number or linear in one parameter"),
        ("ry(sin(a)) q[0];", "line 3: an angle must be a number or linear"),
        ("ry(1/a) q[0];", "line 3: an angle must be a number or linear"),
        ("ry(a/0) q[0];", "line 3: an angle must be a number or linear"),
        ("input float b; ry(a + b) q[0];", "line 3: an angle of several parameters, a, b"),
        ("ry(1e400) q[0];", "line 3: an angle that is not finite"),
        ("h q[2];", r"line 3: q\[2\] is outside of q, which has 2 qubits"),
        ("h q[0:1];", "line 3: sizes and places of qubits must be written as whole numbers"),
        ("h r;", "line 3: the qubits 'r' are not declared"),
        ("h $0;", r"line 3: the physical qubit \$0 beside a register"),
        ("cx q[0], q[0];", "line 3: cx is given the same qubit twice"),
        ("cx q[0];", "line 3: cx takes 2 qubits and 0 angles, not 1 and 0"),
        ("rx q[0];", "line 3: rx takes 1 qubits and 1 angles, not 1 and 0"),
        ("ctrl @ x q[0], q[1];", "line 3: modifiers such as `ctrl @` are not read"),
        ("gate f x { f x; } f q[0];", "line 3: the definition of f calls itself"),
        ('include "/etc/passwd";', "line 3: of all files only stdgates.inc can be included"),
        ("input float a;", "line 3: 'a' is declared twice"),
        ("input int k;", "line 3: parameters are declared as `input float NAME;`"),
        ("qubit[100] r;", "line 3: 102 qubits, where 1 to 64 are read"),
        ("h q", "line 4: not OpenQASM 3, at '<EOF>'"),
        ('h "', "not OpenQASM 3|token recognition error"),
        ("ry(" + "(" * 3000 + "a" + ")" * 3000 + ") q[0];", "nested too deeply|not OpenQASM"),
    ],
)
def test_what_is_not_understood_is_one_line_with_its_place(body, message, tmp_path, capsys):
    path = tmp_path / "mine.qasm"
    path.write_text(f"input float a;\nqubit[2] q;\n{body}\n")
    with pytest.raises(DataError, match=message) as error:
        read_qasm(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    assert capsys.readouterr().err == ""


def test_a_doubling_definition_stops(monkeypatch):
    monkeypatch.setattr("diffqas.circuits.qasm_reader.MOST_GATES", 1000)
    bomb = "gate g0 x { h x; } " + "".join(
        f"gate g{i} x {{ g{i - 1} x; g{i - 1} x; }} " for i in range(1, 30)
    )
    with pytest.raises(DataError, match="more than 1000 gates"):
        read_circuit(bomb + "qubit q; g29 q;", "bomb")


def test_files_that_cannot_be_read_are_one_line(tmp_path):
    with pytest.raises(DataError, match=r"Cannot read .*none.qasm: No such file"):
        read_qasm(tmp_path / "none.qasm")
    (tmp_path / "binary.qasm").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="not UTF-8"):
        read_qasm(tmp_path / "binary.qasm")
    (tmp_path / "none.qasm").write_text("OPENQASM 3.0;\ninput float a;\n")
    with pytest.raises(DataError, match=r"no `qubit\[n\] q;` is declared"):
        read_qasm(tmp_path / "none.qasm")
    (tmp_path / "empty.qasm").write_text("")
    with pytest.raises(DataError, match="is empty"):
        read_qasm(tmp_path / "empty.qasm")


def test_only_ordinary_files_of_a_sane_size_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.qasm")
    (tmp_path / "folder.qasm").mkdir()
    with (tmp_path / "large.qasm").open("wb") as file:
        file.truncate(2**33)
    for name in ("pipe", "folder", "large"):
        with pytest.raises(DataError, match=rf"Cannot read .*{name}.qasm: ") as error:
            read_qasm(tmp_path / f"{name}.qasm")
        assert "\n" not in str(error.value)
    with pytest.raises(DataError, match="Cannot read"):
        read_qasm("a\0b.qasm")


def test_another_number_of_qubits_is_refused_at_the_door():
    with pytest.raises(
        ArgumentError, match="The candidate mine has 2 qubits, needs 4: write it for 4 qubits"
    ):
        QuantumTrain(
            torch.nn.Linear(4, 3), depth=2, candidates=[QasmAnsatz("qubit[2] q; h q;", "mine")]
        )


def test_a_missing_parser_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "openqasm3.parser", None)
    with pytest.raises(DataError, match=r"run `pip install 'diffqas\[qasm\]'`"):
        QasmAnsatz("qubit[7] fresh; h fresh;")
