import pytest

from diffqas.circuits import Candidate, draw
from diffqas.errors import ArgumentError

BRICK = """\
q0 ─H─[──●─────RY─]
q1 ─H─[──X──●──RY─]
q2 ─H─[──●──X──RY─]
q3 ─H─[──X─────RY─]"""

RING = """\
q0 ─[──●─────X──RZ──RY─]
q1 ─[──X──●──┼──RZ──RY─]
q2 ─[─────X──●──RZ──RY─]"""

PAIRS_AND_ENCODING = """\
q0 ─H─RX(x0)─[──●────────RY─]
q1 ─H─RX(x1)─[──┼──●──X──RY─]
q2 ─H─RX(x2)─[──┼──X──┼──RY─]
q3 ─H─RX(x3)─[──X─────●──RY─]"""


@pytest.mark.parametrize(
    ("candidate", "n", "picture"),
    [
        (Candidate(hadamard=True), 4, BRICK),
        (Candidate(entangler="ring", rotation=("rz", "ry")), 3, RING),
        (
            Candidate(hadamard=True, entangler=[(0, 3), (1, 2), (3, 1)], encoding="rx"),
            4,
            PAIRS_AND_ENCODING,
        ),
        (Candidate(rotation="rx"), 1, "q0 ─[──RX─]"),
        (Candidate(entangler="none"), 2, "q0 ─[──RY─]\nq1 ─[──RY─]"),
    ],
)
def test_pictures(candidate, n, picture):
    assert draw(candidate, n) == picture


@pytest.mark.parametrize("n", [2, 11, 12])
def test_all_wires_are_equally_long_and_name_their_qubit(n):
    lines = draw(Candidate(hadamard=True, entangler="ring", encoding="ry"), n).splitlines()
    assert [line.split()[0] for line in lines] == [f"q{q}" for q in range(n)]
    assert len({len(line) for line in lines}) == 1
    assert sum(line.count("●") for line in lines) == sum(line.count("X") for line in lines) == n


def test_pairs_beyond_the_wires_are_told():
    with pytest.raises(ArgumentError, match=r"^Argument `entangler` must use qubits 0\.\.1 "):
        draw(Candidate(entangler=[(0, 2)]), 2)


def test_gates_stay_in_their_columns_from_ten_wires_on():
    lines = draw(Candidate(hadamard=True, entangler="chain"), 11).splitlines()
    assert {line.index("H") for line in lines} == {5}
    assert {line.index("[") for line in lines} == {7}
