import pytest

from diffqas.circuits import ENTANGLERS, Candidate, Gate, cnots, entangling
from diffqas.errors import ArgumentError


@pytest.mark.parametrize(
    ("entangler", "n", "expected"),
    [
        ("ent", 2, [(0, 1)]),
        ("ent", 3, [(0, 1), (1, 2)]),
        ("ent", 4, [(0, 1), (2, 3), (1, 2)]),
        ("ent", 7, [(0, 1), (2, 3), (4, 5), (1, 2), (3, 4), (5, 6)]),
        ("ring", 2, [(0, 1), (1, 0)]),
        ("ring", 4, [(0, 1), (1, 2), (2, 3), (3, 0)]),
        ("chain", 4, [(0, 1), (1, 2), (2, 3)]),
        ("none", 4, []),
        ("star", 4, [(0, 1), (0, 2), (0, 3)]),
        ("all", 4, [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]),
    ],
)
def test_cnots_of_a_named_entangler(entangler, n, expected):
    assert cnots(entangler, n) == tuple(expected)
    assert Candidate(entangler=entangler).cnots(n) == tuple(expected)


def test_the_names_are_these():
    assert list(ENTANGLERS)[:4] == ["ent", "ring", "chain", "none"]
    assert set(ENTANGLERS) == {
        *("ent", "ring", "chain", "none", "star", "all"),
        *("cz-chain", "cz-ring", "cz-star", "cz-all"),
    }


@pytest.mark.parametrize(
    ("entangler", "n", "expected"),
    [
        ("cz-ring", 2, [(0, 1)]),
        ("cz-ring", 3, [(0, 1), (1, 2), (2, 0)]),
        ("cz-chain", 3, [(0, 1), (1, 2)]),
        ("cz-star", 3, [(0, 1), (0, 2)]),
        ("cz-all", 3, [(0, 1), (0, 2), (1, 2)]),
    ],
)
def test_layers_of_cz_are_gates_and_no_cnots(entangler, n, expected):
    gates = tuple(Gate("cz", pair) for pair in expected)
    assert entangling(entangler, n) == Candidate(entangler=entangler).entangling(n) == gates
    with pytest.raises(ArgumentError) as error:
        Candidate(entangler=entangler).cnots(n)
    assert str(error.value) == (
        "Argument `entangler` must be made of CNOTs here (a QuantumLayer takes others, too), "
        f"but got '{entangler}'."
    )


def test_a_list_of_cnots_is_gates_as_well():
    assert Candidate(entangler=[(1, 0)]).entangling(2) == (Gate("cx", (1, 0)),)


@pytest.mark.parametrize("entangler", [*ENTANGLERS, [(0, 2), (2, 1)]])
def test_one_qubit_has_nothing_to_entangle(entangler):
    assert Candidate(entangler=entangler).cnots(1) == ()


def test_a_users_pairs_act_as_listed_on_any_large_enough_circuit():
    candidate = Candidate(entangler=[[2, 0], [0, 1], [2, 0]])
    assert candidate.cnots(3) == candidate.cnots(6) == ((2, 0), (0, 1), (2, 0))
    assert Candidate(entangler=[]).cnots(4) == ()


def test_a_users_pairs_may_come_from_an_iterator():
    assert Candidate(entangler=zip([0, 1], [1, 2], strict=True)).cnots(3) == ((0, 1), (1, 2))  # pyright: ignore


PAIRS = (
    "Argument `entangler` must be a name or a list of (control, target) pairs "
    "of different, non-negative qubits"
)


@pytest.mark.parametrize(
    ("entangler", "message"),
    [
        (
            "rings",
            "Argument `entangler` must be one of ent, ring, chain, none, star, all, cz-chain, "
            "cz-ring, cz-star, cz-all, but got 'rings' (did you mean 'ring'?).",
        ),
        ([(0, 0)], f"{PAIRS}, but got [(0, 0)]."),
        ([(0, -1)], f"{PAIRS}, but got [(0, -1)]."),
        ([(0, 1, 2)], f"{PAIRS}, but got [(0, 1, 2)]."),
        ([(0, 1.0)], f"{PAIRS}, but got [(0, 1.0)]."),
        ([(0, True)], f"{PAIRS}, but got [(0, True)]."),
        (["ab"], f"{PAIRS}, but got ['ab']."),
        ([5], f"{PAIRS}, but got [5]."),
        (None, f"{PAIRS}, but got None."),
    ],
)
def test_a_wrong_entangler_is_told_at_the_door(entangler, message):
    with pytest.raises(ArgumentError) as error:
        Candidate(entangler=entangler)
    assert str(error.value) == message


def test_pairs_beyond_the_circuit_are_told():
    with pytest.raises(ArgumentError) as error:
        Candidate(entangler=[(0, 1), (3, 1)]).cnots(3)
    expected = (
        "Argument `entangler` must use qubits 0..2 on a circuit of 3 qubits, but got qubit 3."
    )
    assert str(error.value) == expected


@pytest.mark.parametrize("n", [0, -2])
def test_a_circuit_has_at_least_one_qubit(n):
    with pytest.raises(ArgumentError) as error:
        cnots("ent", n)
    assert str(error.value) == f"Argument `n` must be at least 1 qubit, but got {n}."
