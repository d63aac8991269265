"""What circuits cost: by hand, and as Qiskit's transpiler counts."""

from dataclasses import dataclass

import pytest

from diffqas import Ansatz, Candidate, Slot
from diffqas.circuits import ENCODED_SPACE, GATES, TABLE_I, Gate, qiskit_circuit
from diffqas.devices import ALL, MAPS, Cost, Coupling, circuit_cost, coupling_of, routed
from diffqas.devices.costs import CNOTS
from diffqas.errors import ArgumentError, DataError


@pytest.mark.parametrize("name", [name for name, kind in GATES.items() if kind.qubits > 1])
def test_a_gate_counts_for_the_cnots_that_qiskit_makes_of_it(name):
    pytest.importorskip("qiskit")
    kind = GATES[name]
    gate = Gate(name, tuple(range(kind.qubits)), 0.4 if kind.turns else None)
    found = routed(qiskit_circuit([gate], kind.qubits, name), ALL, level=0)
    assert found.num_nonlocal_gates() == CNOTS[name]


def test_counts_by_hand():
    # Three CNOTs one after another, then the rotations: four steps a layer, but RY of the first
    # qubit overlaps with the next CNOTs.
    assert circuit_cost(Candidate(entangler="chain"), 4, 1) == Cost(3, 4)
    assert circuit_cost(Candidate(hadamard=True, entangler="ring"), 4, 3).two_qubit_gates == 12
    assert circuit_cost(Candidate(entangler="none"), 4, 3) == Cost(0, 3)
    two = Candidate(entangler="cz-ring", encoding=("ry", "rz"))
    assert circuit_cost(two, 3, 4, uploads=2).two_qubit_gates == 12


@pytest.mark.parametrize("word", MAPS)
def test_routed_circuits_keep_to_the_map(word):
    pytest.importorskip("qiskit")
    n = 5
    coupling = coupling_of(word, n)
    assert coupling is not None
    known = {frozenset(pair) for pair in coupling.pairs}
    circuit = qiskit_circuit([Gate("cx", (0, q)) for q in range(1, n)], n, "star")
    found = routed(circuit, word)
    used = {frozenset(found.find_bit(q).index for q in gate.qubits) for gate in found.data}
    assert {pair for pair in used if len(pair) == 2} <= known
    # A star has a qubit with four partners, which none of these maps has with five qubits.
    cost = circuit_cost(Candidate(entangler="star"), n, 2, coupling=word)
    assert cost.two_qubit_gates > circuit_cost(Candidate(entangler="star"), n, 2).two_qubit_gates


@pytest.mark.parametrize("candidate", [TABLE_I[1], TABLE_I[10], ENCODED_SPACE[100]])
def test_what_fits_a_map_costs_there_what_it_costs_as_it_stands(candidate):
    pytest.importorskip("qiskit")
    as_it_stands = circuit_cost(candidate, 4, 2)
    assert circuit_cost(candidate, 4, 2, coupling="ring").two_qubit_gates == (
        as_it_stands.two_qubit_gates
    )
    assert circuit_cost(candidate, 4, 2, coupling="ring") == circuit_cost(
        candidate, 4, 2, coupling=Coupling("mine", 4, ((0, 1), (1, 2), (2, 3), (3, 0)))
    )


def test_heavy_hex_has_degree_three_and_holds_together():
    import networkx

    for n in (1, 10, 30, 100):
        coupling = coupling_of("heavy-hex", n)
        assert coupling is not None
        assert coupling.qubits >= n
        graph = networkx.Graph(coupling.pairs)
        graph.add_nodes_from(range(coupling.qubits))
        assert networkx.is_connected(graph)
        assert max(degree for _, degree in graph.degree) <= 3


@dataclass(frozen=True)
class Mine(Ansatz):
    def layer(self, n: int) -> list[Gate]:
        return [Gate("crz", (0, 1), Slot(0)), Gate("swap", (0, 1))]


def test_a_circuit_of_ones_own_counts_by_its_gates():
    assert circuit_cost(Mine(), 2, 2) == Cost(10, 4)


def test_wrong_devices_are_told_in_one_line():
    pytest.importorskip("qiskit")
    ring = Candidate(entangler="ring")
    apart = Coupling("apart", 4, ((0, 1), (2, 3)))
    with pytest.raises(DataError, match="Ring-RY on 4 qubits cannot be routed to apart"):
        circuit_cost(ring, 4, 1, coupling=apart)
    small = Coupling("small", 3, ((0, 1), (1, 2)))
    with pytest.raises(ArgumentError, match="have at least 4 qubits, but got small with 3"):
        circuit_cost(ring, 4, 1, coupling=small)
    with pytest.raises(ArgumentError, match="pairs of different qubits below 3"):
        Coupling("loop", 3, ((1, 1),))
    with pytest.raises(ArgumentError, match="Argument `cost` must be one of"):
        Cost(1, 1).by("gates")
