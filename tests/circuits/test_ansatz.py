"""Circuits of one's own: what a layer may hold, names, equality, drawing, storing."""

from dataclasses import dataclass

import pytest
import torch

from diffqas import (
    TABLE_I,
    Ansatz,
    Candidate,
    Gate,
    InputSlot,
    QasmAnsatz,
    SearchSpace,
    Slot,
    probabilities,
    register_ansatz,
)
from diffqas.circuits import (
    GATES,
    ansatz_gates,
    draw,
    findings,
    form,
    groups,
    to_pennylane,
    to_qasm,
    to_qiskit,
)
from diffqas.circuits.ansatz import REGISTERED, StoredAnsatz
from diffqas.errors import ArgumentError, RunError
from diffqas.simulator import dense_probabilities
from diffqas.storage import decode, encode


@dataclass(frozen=True)
class Given(Ansatz):
    """Gates as they are given."""

    gates: tuple[Gate, ...]
    before: tuple[Gate, ...] = ()
    rotations_per_qubit = 2
    name = "Given"

    def layer(self, n):
        return self.gates

    def start(self, n):
        return self.before


@dataclass(frozen=True)
class Chosen(Ansatz):
    reach: int

    def layer(self, n):
        return [Gate("cz", (q, (q + self.reach) % n)) for q in range(n)]


class Every(Ansatz):
    """Every gate there is, its angles scaled and shifted, rotations between."""

    rotations_per_qubit = 2

    def start(self, n):
        return [Gate("h", (q,)) for q in range(n)] + [Gate("ry", (0,), 0.3)]

    def layer(self, n):
        gates = []
        for i, (name, kind) in enumerate(GATES.items()):
            qubits = tuple((i + j) % n for j in range(kind.qubits))
            slots = [
                Slot((i + k) % n, (i + k) % 2, 1 + 0.1 * i, 0.1 * i) for k in range(kind.angles)
            ]
            angle = tuple(slots) if kind.angles > 1 else next(iter(slots), None)
            gates.append(Gate(name, qubits, angle))
            gates.append(Gate("rx", (i % n,), 0.1 * i + 0.2))
        return gates


class AsEntRY(Ansatz):
    """H-Ent-RY, gate by gate."""

    def start(self, n):
        return [Gate("h", (q,)) for q in range(n)]

    def layer(self, n):
        return [Gate("cx", pair) for pair in TABLE_I[1].cnots(n)] + [
            Gate("ry", (q,), Slot(q)) for q in range(n)
        ]


DRAWN = """\
q0 ───[──RY─────●───────]
q1 ─H─[─────────┼─────X─]
q2 ───[──────RZ(0.5)────]"""


def normal(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_qiskit_and_pennylane_agree_on_every_gate():
    quantum_info = pytest.importorskip("qiskit.quantum_info")
    pennylane = pytest.importorskip("pennylane")
    angles = normal(0, 2, 3, 2)
    found = probabilities([Every()], angles)[0]
    state = quantum_info.Statevector(to_qiskit(Every(), angles.tolist()).reverse_bits())
    torch.testing.assert_close(torch.from_numpy(state.probabilities()), found, rtol=0, atol=1e-10)
    function = to_pennylane(Every(), angles.tolist())

    @pennylane.qnode(pennylane.device("default.qubit", wires=3))
    def circuit():
        function()
        return pennylane.probs(wires=range(3))

    torch.testing.assert_close(torch.tensor(circuit()), found, rtol=0, atol=1e-10)


def test_qiskit_reads_the_exported_text():
    qasm3 = pytest.importorskip("qiskit.qasm3")
    pytest.importorskip("qiskit_qasm3_import")
    quantum_info = pytest.importorskip("qiskit.quantum_info")
    angles = normal(1, 2, 3, 2)
    state = quantum_info.Statevector(qasm3.loads(to_qasm(Every(), angles.tolist())).reverse_bits())
    found = probabilities([Every()], angles)[0]
    torch.testing.assert_close(torch.from_numpy(state.probabilities()), found, rtol=0, atol=1e-10)


def test_gradients_are_those_of_finite_differences():
    angles = normal(2, 1, 3, 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda a: probabilities([Every()], a), angles)


def test_many_cotangents_at_once_are_each_alone():
    angles = normal(3, 2, 2, 3, 2).requires_grad_()
    found = probabilities([Every()], angles)
    cotangents = normal(4, 5, *found.shape)

    def pull(cotangent):
        return torch.autograd.grad(found, angles, cotangent, retain_graph=True)[0]

    alone = torch.stack([pull(each) for each in cotangents])
    torch.testing.assert_close(torch.func.vmap(pull)(cotangents), alone, rtol=0, atol=1e-12)
    (batched,) = torch.autograd.grad(found, angles, cotangents, is_grads_batched=True)
    torch.testing.assert_close(batched, alone, rtol=0, atol=1e-12)


def test_the_general_path_is_the_fast_one():
    angles = normal(5, 2, 3, 5).requires_grad_()
    general, fast = (probabilities([candidate], angles) for candidate in (AsEntRY(), TABLE_I[1]))
    torch.testing.assert_close(general, fast, rtol=0, atol=1e-12)
    cotangent = normal(6, *fast.shape)
    pulled = [torch.autograd.grad(each, angles, cotangent)[0] for each in (general, fast)]
    torch.testing.assert_close(*pulled, rtol=0, atol=1e-11)


def test_no_state_is_kept_for_every_layer():
    counts = []
    for depth in (2, 20):
        angles, saved = normal(7, depth, 8).requires_grad_(), []
        with torch.autograd.graph.saved_tensors_hooks(
            lambda tensor, s=saved: s.append(tensor) or tensor, lambda t: t
        ):
            probabilities([AsEntRY()], angles)
        counts.append(len(saved))
    assert counts[0] == counts[1] > 0


def test_nothing_is_claimed_of_a_circuit_that_is_not_analysed():
    assert form(AsEntRY()) == "general"
    (_, finding) = findings([TABLE_I[1], AsEntRY()], 3)
    assert (finding.constant, finding.kind, finding.duplicate_of) == (False, "own", None)
    assert groups([TABLE_I[0], AsEntRY(), TABLE_I[2]], 3) == [[0, 2], [1]]


@pytest.mark.parametrize(
    ("ansatz", "message"),
    [
        (
            Given((Gate("cnot", (0, 1)),)),
            "The gates of .* must be some of h, x, .*, but got 'cnot'",
        ),
        (Given(("h",)), "must be Gate objects, but got 'h'"),
        (
            Given((Gate("cx", (0, 3)),)),
            r"qubits must be 2 different ones of 0..2, but got \(0, 3\)",
        ),
        (Given((Gate("cx", (1, 1)),)), "qubits must be 2 different"),
        (Given((Gate("ry", (0,)),)), "angle must be given, but got None"),
        (Given((Gate("h", (0,), 0.5),)), "angle must be None, but got 0.5"),
        (Given((Gate("ry", (0,), Slot(3)),)), "qubit of its Slot must be one of 0..2, but got 3"),
        (Given((Gate("ry", (0,), Slot(0, 2)),)), "below rotations_per_qubit, 2, but got 2"),
        (Given((Gate("ry", (0,), float("nan")),)), "finite"),
        (Given((Gate("ry", (0,), "x0"),)), "angle must be a Slot or a number"),
        (Given((Gate("ry", (0,), 10**400),)), "angle must be a Slot or a number, and finite"),
        (Given((), (Gate("ry", (0,), Slot(0)),)), "have fixed angles only, but got ry"),
        (Given((Gate("u3", (0,), 0.5),)), "angle must be a tuple of 3, but got 0.5"),
        (Given((Gate("u3", (0,), (0.5, 0.1)),)), r"a tuple of 3, but got \(0.5, 0.1\)"),
        (Given((Gate("ry", (0,), (0.5,)),)), r"angle must be a single one, but got \(0.5,\)"),
        (Given((Gate("u3", (0,), (0.5, Slot(0, 2), 0.1)),)), "below rotations_per_qubit, 2"),
        (Given((Gate("u3", (0,), (0.5, "x0", 0.1)),)), "angle must be a Slot or a number"),
        (Given((), (Gate("u3", (0,), (0.5, 0.1, Slot(0))),)), "fixed angles only, but got u3"),
    ],
)
def test_what_is_no_layer_is_one_line(ansatz, message):
    with pytest.raises(ArgumentError, match=message) as error:
        to_qasm(ansatz, [[0.1] * 3])
    assert "\n" not in str(error.value)


def test_candidates_are_told_apart_by_name_and_by_choices():
    assert Chosen(2).name == "Chosen(reach=2)"
    assert len({Chosen(1), Chosen(1), Chosen(2)}) == 2
    with pytest.raises(ArgumentError, match="have different names, but got Ent-RY twice"):
        SearchSpace([TABLE_I[7], QasmAnsatz("qubit q; h q;", "Ent-RY")])
    with pytest.raises(ArgumentError, match="hashable"):
        SearchSpace([Given([])])

    class Loose(Ansatz):
        def __init__(self, reach):
            object.__setattr__(self, "reach", reach)

        def layer(self, n):
            return []

    with pytest.raises(ArgumentError, match="frozen dataclass, but got the attributes reach"):
        SearchSpace([Loose(1)])
    with pytest.raises(ArgumentError, match="printable line"):
        SearchSpace([QasmAnsatz("qubit q; h q;", "two\nlines")])


def test_it_is_drawn():
    pair = Given(
        (Gate("ry", (0,), Slot(0)), Gate("crz", (0, 2), 0.5), Gate("x", (1,))), (Gate("h", (1,)),)
    )
    assert draw(pair, 3) == DRAWN


def test_a_run_folder_keeps_text_and_registered_classes(monkeypatch):
    text = QasmAnsatz("input float a; qubit q; ry(a) q;", "mine")
    assert decode(encode(text)) == text
    unknown = decode(encode(AsEntRY()))
    assert isinstance(unknown, StoredAnsatz)
    assert (unknown.name, unknown.rotations_per_qubit) == ("AsEntRY", 1)
    with pytest.raises(
        ArgumentError,
        match=r"AsEntRY is the Python class .*AsEntRY, which a run folder cannot hold",
    ):
        dense_probabilities([unknown], torch.zeros(1, 2))
    monkeypatch.setitem(REGISTERED, f"{Chosen.__module__}.Chosen", Chosen)
    assert register_ansatz(Chosen) is Chosen
    stored = encode(Chosen(3))
    assert decode(stored) == Chosen(3)
    monkeypatch.delitem(REGISTERED, stored["class"])
    assert decode(stored) == StoredAnsatz(stored["class"], "Chosen(reach=3)", 1)
    assert decode({**stored, "data": True}).encodes
    without = {key: value for key, value in stored.items() if key != "data"}
    assert not decode(without).encodes
    with pytest.raises(RunError, match="does not fit this version"):
        decode({"is": "Ansatz"})


def test_a_candidate_is_no_ansatz():
    with pytest.raises(ArgumentError, match="hold Candidate objects only"):
        SearchSpace([Candidate(), Given])
    with pytest.raises(ArgumentError, match="subclass of Ansatz"):
        register_ansatz(Candidate)


@dataclass(frozen=True)
class Encoding(Ansatz):
    """Gates as they are given, before the layers and in them."""

    inputs: tuple[Gate, ...]
    gates: tuple[Gate, ...] = (Gate("ry", (0,), Slot(0)),)
    before: tuple[Gate, ...] = ()
    name = "Encoding"

    def start(self, n):
        return self.before

    def encode(self, n):
        return self.inputs

    def layer(self, n):
        return self.gates


def test_a_circuit_with_gates_for_inputs_takes_data():
    inputs = (Gate("h", (1,)), Gate("crx", (0, 1), InputSlot(1, 2.0, 0.5)))
    found = ansatz_gates(Encoding(inputs), 2)
    assert found.encoding == inputs
    assert Encoding(inputs).encodes
    assert not Every().encodes
    assert not Every().encode(3)


@pytest.mark.parametrize(
    ("ansatz", "message"),
    [
        (
            Encoding((Gate("rx", (0,), InputSlot(2)),)),
            "Gate rx of Encoding: the index of its InputSlot must be one of 0..1, but got 2.",
        ),
        (
            Encoding((Gate("rx", (0,), InputSlot(-1)),)),
            "Gate rx of Encoding: the index of its InputSlot must be one of 0..1, but got -1.",
        ),
        (
            Encoding((Gate("rx", (0,), InputSlot(0, float("nan"))),)),
            "Gate rx of Encoding: angle must be a Slot or a number, and finite,",
        ),
        (
            Encoding((), (Gate("rx", (0,), InputSlot(0)),)),
            "Argument `layer` of `Encoding` must leave gates with an InputSlot to `encode`, but",
        ),
        (
            Encoding((), before=(Gate("rx", (0,), InputSlot(0)),)),
            "Argument `start` of `Encoding` must have fixed angles only, but got rx.",
        ),
        (
            Encoding((Gate("rx", (0,), Slot(0)),)),
            "Argument `encode` of `Encoding` must leave gates with a Slot to `layer`, but got rx.",
        ),
        (
            Encoding((Gate("h", (0,)),)),
            "Argument `encode` of `Encoding` must have a gate with an InputSlot, but got none.",
        ),
    ],
)
def test_inputs_that_do_not_fit_are_one_line(ansatz, message):
    with pytest.raises(ArgumentError) as error:
        ansatz_gates(ansatz, 2)
    assert str(error.value).startswith(message)
