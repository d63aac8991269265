"""Found circuits in Qiskit, PennyLane and OpenQASM give the outputs of the layer."""

import math

import pytest
import torch

from diffqas import (
    QLSTM_SPACE,
    Candidate,
    Diagonal,
    Hermitian,
    PauliStrings,
    QuantumLayer,
    Z,
    read_qasm,
)
from diffqas.errors import ArgumentError

FEW = tuple(QLSTM_SPACE[index] for index in (0, 7, 20, 28))
STRINGS = ("ZIZI", "XYII", "IIYX", "IIII")
OBSERVABLES = [
    Z(),
    Z((2, 0, 3)),
    PauliStrings(STRINGS),
    PauliStrings(STRINGS, trained=True),
    Diagonal(2),
    Diagonal(3, "pairwise"),
    Hermitian(2),
    Hermitian(2, "pairwise"),
]
CHOICES = [
    {},
    {"uploads": 2, "input_scale": "trained"},
    {"inputs": 6, "depth": 1},
    {"inputs": 3, "sharing": "separate"},
    {"candidates": [Candidate(True, "chain", ("rz", "rx"), "ry"), FEW[1]]},
    {"candidates": Candidate(False, "cz-ring", "rx", ("rx", "ry")), "uploads": 2},
]
TOLERANCE = {"rtol": 1e-6, "atol": 1e-6}


def make(randomise, **choices):
    sizes = {"inputs": 4, "outputs": 3, "qubits": 4, "depth": 2, "candidates": FEW}
    return randomise(QuantumLayer(**{**sizes, **choices}).double())


def ideal(circuit):
    """Probabilities of the bit strings of a measured circuit without noise."""
    from qiskit.quantum_info import Statevector

    unmeasured = circuit.remove_final_measurements(inplace=False)
    return Statevector(unmeasured).probabilities_dict()


@pytest.mark.parametrize("choices", [*CHOICES, {"structure": "output"}], ids=str)
@pytest.mark.parametrize("observables", OBSERVABLES, ids=str)
def test_qiskit(observables, choices, randomise, normal):
    pytest.importorskip("qiskit")
    layer = make(randomise, observables=observables, **choices)
    x = normal(1, layer.inputs)
    measured = layer.to_qiskit(x)
    found = measured.outputs([ideal(circuit) for circuit in measured.circuits])
    torch.testing.assert_close(torch.tensor(found, dtype=x.dtype), layer(x), **TOLERANCE)


def test_circuits_of_ones_own(designed, randomise, normal):
    pytest.importorskip("qiskit")
    pytest.importorskip("pennylane")
    choices = {"uploads": 2, "input_scale": "trained", "observables": PauliStrings(STRINGS)}
    layer = make(randomise, candidates=designed, **choices)
    x = normal(1, 4)
    measured = layer.to_qiskit(x)
    found = measured.outputs([ideal(circuit) for circuit in measured.circuits])
    torch.testing.assert_close(torch.tensor(found, dtype=x.dtype), layer(x), **TOLERANCE)
    torch.testing.assert_close(torch.stack(layer.to_pennylane()(x)), layer(x), **TOLERANCE)


def test_qiskit_with_inputs_left_open(randomise, normal):
    pytest.importorskip("qiskit")
    layer = make(randomise, uploads=2, input_scale="trained", observables=Hermitian(2))
    x, measured = normal(1, 4), layer.to_qiskit()
    results = []
    for circuit in measured.circuits:
        named = {parameter: float(x[int(parameter.name[1:])]) for parameter in circuit.parameters}
        results.append(ideal(circuit.assign_parameters(named)))
    found = torch.tensor(measured.outputs(results), dtype=x.dtype)
    torch.testing.assert_close(found, layer(x), **TOLERANCE)


def test_counts_of_a_device_come_near(randomise, normal):
    pytest.importorskip("qiskit_aer")
    from qiskit import transpile
    from qiskit_aer import AerSimulator

    layer, x = make(randomise, observables=PauliStrings(STRINGS)), normal(1, 4)
    measured, device = layer.to_qiskit(x), AerSimulator(seed_simulator=0)
    counts = device.run(transpile(measured.circuits, device), shots=4000).result().get_counts()
    found = torch.tensor(measured.outputs(counts), dtype=x.dtype)
    assert (found - layer(x)).abs().max() < 0.2
    assert sum(counts[0].values()) == 4000
    single = make(randomise).discretize()
    measured = single.to_qiskit(x)
    (circuit,) = transpile(measured.circuits, device)
    counts = device.run(circuit, shots=4000).result().get_counts()
    found = torch.tensor(measured.outputs(counts), dtype=x.dtype)
    assert (found - single(x)).abs().max() < 0.2


def test_only_bases_that_differ_are_circuits_of_their_own(randomise):
    pytest.importorskip("qiskit")
    assert len(make(randomise, observables=Diagonal(3)).to_qiskit()) == len(FEW)
    strings = PauliStrings(("ZZII", "IIXI", "XXII", "IIIX"))
    assert len(make(randomise, observables=strings).discretize().to_qiskit()) == 2
    # Windows (0, 1) and (2, 3) are measured together, (1, 2) apart from them.
    assert len(make(randomise, observables=Hermitian(2)).discretize().to_qiskit()) == 2


@pytest.mark.parametrize("choices", CHOICES, ids=str)
@pytest.mark.parametrize("observables", OBSERVABLES, ids=str)
def test_pennylane(observables, choices, randomise, normal):
    pytest.importorskip("pennylane")
    layer = make(randomise, observables=observables, **choices).discretize()
    node, x = layer.to_pennylane(), normal(1, 2, layer.inputs).requires_grad_()
    one_by_one = torch.stack([torch.stack(node(sample)) for sample in x])
    torch.testing.assert_close(one_by_one, layer(x), **TOLERANCE)
    together = torch.stack(node(x), -1)
    torch.testing.assert_close(together, layer(x), **TOLERANCE)
    (theirs,) = torch.autograd.grad(together.square().sum(), x)
    (ours,) = torch.autograd.grad(layer(x).square().sum(), x)
    torch.testing.assert_close(theirs, ours, **TOLERANCE)


def test_pennylane_on_a_device_of_ones_own(randomise, normal):
    pennylane = pytest.importorskip("pennylane")
    layer, x = make(randomise).discretize(), normal(1, 4)
    node = layer.to_pennylane(pennylane.device("lightning.qubit", wires=4))
    found = torch.tensor([float(value) for value in node(x.numpy())], dtype=x.dtype)
    torch.testing.assert_close(found, layer(x), **TOLERANCE)


@pytest.mark.parametrize("choices", CHOICES, ids=str)
def test_openqasm(choices, randomise, normal):
    qasm3 = pytest.importorskip("qiskit.qasm3")
    pytest.importorskip("qiskit_qasm3_import")
    from qiskit.quantum_info import Operator, Statevector

    layer = make(randomise, **choices).discretize()
    text = layer.to_qasm()
    assert all(f"input float[64] x{index};" in text for index in range(layer.inputs))
    x, read = normal(1, layer.inputs), qasm3.loads(text)
    named = {parameter: float(x[int(parameter.name[1:])]) for parameter in read.parameters}
    theirs = Statevector(read.assign_parameters(named)).probabilities()
    measured = layer.to_qiskit(x).circuits[0].remove_final_measurements(inplace=False)
    ours = Statevector(measured).probabilities()
    assert Operator(measured).dim == (16, 16)
    torch.testing.assert_close(torch.tensor(theirs), torch.tensor(ours), **TOLERANCE)


@pytest.mark.parametrize(
    "choices", [{}, {"inputs": 2}, {"candidates": FEW[2], "observables": Diagonal(2)}], ids=str
)
def test_openqasm_comes_back_as_a_candidate(choices, randomise, normal, tmp_path):
    pytest.importorskip("openqasm3")
    layer = make(randomise, **choices).discretize()
    (tmp_path / "found.qasm").write_text(layer.to_qasm())
    again = make(
        randomise, **{**choices, "depth": 1, "candidates": read_qasm(tmp_path / "found.qasm")}
    )
    with torch.no_grad():
        again.structure.copy_(layer.structure)
        if layer.coefficients is not None:
            again.coefficients.copy_(layer.coefficients)
    x = normal(1, 5, layer.inputs)
    torch.testing.assert_close(again(x), layer(x), **TOLERANCE)


@pytest.mark.parametrize("way", ["to_pennylane", "to_qasm"])
def test_several_circuits_are_no_single_one(way, randomise):
    layer = make(randomise)
    with pytest.raises(ArgumentError, match=r"A layer of 4 circuits .* `discretize\(k=1\)` first"):
        getattr(layer, way)()


def test_wrong_samples_and_results(randomise):
    pytest.importorskip("qiskit")
    layer = make(randomise)
    for x, message in (
        (torch.zeros(2, 4), r"`x` must have the shape \(4,\), one sample"),
        (torch.tensor([0.0, 0.0, 0.0, math.nan]), "`x` must be finite"),
        ([0.0] * 4, "`x` must be a tensor, but got list"),
    ):
        with pytest.raises(ArgumentError, match=message):
            layer.to_qiskit(x)
    measured = layer.to_qiskit(torch.zeros(4))
    with pytest.raises(ArgumentError, match="`results` must hold results of 4 circuits"):
        measured.outputs([{"0000": 1}])
    with pytest.raises(ArgumentError, match="`results` must hold counts of every circuit"):
        measured.outputs([{}] * 4)
