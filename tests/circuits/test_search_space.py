from collections.abc import Sequence

import pytest

from diffqas.circuits import ENCODED_SPACE, QLSTM_SPACE, TABLE_I, Candidate, SearchSpace, as_space
from diffqas.errors import ArgumentError

RX, RY, EULER = (
    Candidate(rotation="rx"),
    Candidate(rotation="ry"),
    Candidate(rotation=("rz", "ry", "rz")),
)


def test_a_space_is_a_sequence():
    space = SearchSpace([RX, RY, EULER])
    assert isinstance(space, Sequence)
    assert len(space) == 3
    assert list(space) == [RX, RY, EULER]
    assert list(reversed(space)) == [EULER, RY, RX]
    assert (space[0], space[-1]) == (RX, EULER)
    assert RY in space
    assert Candidate(hadamard=True) not in space
    assert space.index(RY) == 1
    with pytest.raises(IndexError):
        space[3]


def test_a_slice_is_a_space_of_its_own():
    half = TABLE_I[6:]
    assert isinstance(half, SearchSpace)
    assert half.names == ("Ent-RX", "Ent-RY", "Ent-RZ", "Ring-RX", "Ring-RY", "Ring-RZ")
    assert TABLE_I[::-1][0] == TABLE_I[11]
    assert TABLE_I[:] == TABLE_I


def test_spaces_are_equal_by_value_and_hashable():
    assert SearchSpace([RX, RY]) == SearchSpace(iter([RX, RY]))
    assert hash(SearchSpace([RX, RY])) == hash(SearchSpace([RX, RY]))
    assert SearchSpace([RX, RY]) != SearchSpace([RY, RX])
    assert SearchSpace([RX, RY]) != [RX, RY]


def test_a_space_cannot_be_changed():
    with pytest.raises(TypeError):
        TABLE_I[0] = RX  # pyright: ignore


def test_a_space_names_its_candidates():
    assert SearchSpace([RX, EULER]).names == ("Ent-RX", "Ent-RZ.RY.RZ")
    assert repr(SearchSpace([RX, EULER])) == "SearchSpace(Ent-RX, Ent-RZ.RY.RZ)"


def test_angles_per_qubit_are_the_most_that_a_candidate_needs():
    assert TABLE_I.angles_per_qubit == 1
    assert SearchSpace([RX, EULER, RY]).angles_per_qubit == 3


def test_a_word_stands_for_a_space():
    assert as_space("encoded") is ENCODED_SPACE
    assert as_space("qlstm") is QLSTM_SPACE
    with pytest.raises(ArgumentError, match="objects, or 'qlstm' or 'encoded', but got 'all'"):
        as_space("all")


def test_spaces_candidates_and_lists_are_taken_for_spaces():
    assert as_space(TABLE_I) is TABLE_I
    assert as_space(RY) == SearchSpace([RY])
    assert as_space(c for c in (RX, RY)) == SearchSpace([RX, RY])


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: SearchSpace([]),
            "Argument `candidates` must hold at least one Candidate, but got an empty list.",
        ),
        (
            lambda: TABLE_I[12:],
            "Argument `candidates` must hold at least one Candidate, but got an empty list.",
        ),
        (
            lambda: SearchSpace([RY, "ry"]),
            "Argument `candidates` must hold Candidate objects only, but got 'ry'.",
        ),
        (
            lambda: SearchSpace([RX, RY, Candidate(rotation=("rx",)), RY]),
            "Argument `candidates` must hold each candidate at most once, "
            "but got Ent-RX, Ent-RY twice.",
        ),
    ],
)
def test_a_wrong_space_is_told_at_the_door(build, message):
    with pytest.raises(ArgumentError) as error:
        build()
    assert str(error.value) == message
