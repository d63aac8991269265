from dataclasses import FrozenInstanceError

import pytest

from diffqas.circuits import TABLE_I, Candidate
from diffqas.errors import ArgumentError
from diffqas.storage import decode_value, encode_value


def test_candidates_are_frozen_hashable_and_equal_by_value():
    candidate = Candidate(hadamard=True, entangler=[[0, 2], (2, 1)], rotation=["rz", "ry"])
    same = Candidate(hadamard=True, entangler=((0, 2), (2, 1)), rotation=("rz", "ry"))
    assert candidate == same
    assert hash(candidate) == hash(same)
    assert {candidate: "found"}[same] == "found"
    with pytest.raises(FrozenInstanceError):
        candidate.rotation = "ry"  # pyright: ignore


@pytest.mark.parametrize(
    "other",
    [
        Candidate(hadamard=False),
        Candidate(hadamard=True, entangler="ring"),
        Candidate(hadamard=True, rotation="rx"),
        Candidate(hadamard=True, encoding="ry"),
        Candidate(hadamard=True, rotation=("ry", "ry")),
    ],
)
def test_every_field_tells_candidates_apart(other):
    assert other != Candidate(hadamard=True)
    assert other.name != Candidate(hadamard=True).name


def test_one_rotation_in_a_tuple_is_the_rotation():
    assert Candidate(rotation=("ry",)) == Candidate(rotation="ry")
    assert Candidate(rotation=("ry",)).rotation == "ry"
    assert Candidate(rotation="ry").rotations == ("ry",)


def test_several_rotations_keep_their_order():
    assert Candidate(rotation=("rz", "ry", "rz")).rotations == ("rz", "ry", "rz")
    assert Candidate(rotation=("rz", "ry")) != Candidate(rotation=("ry", "rz"))


@pytest.mark.parametrize(
    ("candidate", "name"),
    [
        (Candidate(hadamard=True), "H-Ent-RY"),
        (Candidate(entangler="ring", rotation="rx"), "Ring-RX"),
        (Candidate(entangler="none", rotation="rz"), "None-RZ"),
        (Candidate(hadamard=True, rotation=("rz", "ry", "rz")), "H-Ent-RZ.RY.RZ"),
        (Candidate(hadamard=True, rotation="rz", encoding="ry"), "H-RY/Ent-RZ"),
        (Candidate(entangler=[(0, 2), (2, 1)], encoding="rx"), "RX/CX(0>2,2>1)-RY"),
        (Candidate(True, "cz-all", "rx", ("ry", "rz")), "H-RY.RZ/CZ-All-RX"),
    ],
)
def test_names(candidate, name):
    assert candidate.name == name


def test_several_encodings_are_a_tuple_and_one_is_its_name():
    one, two = Candidate(encoding=("ry",)), Candidate(encoding=["rz", "ry"])  # pyright: ignore
    assert one == Candidate(encoding="ry")
    assert (one.encoding, one.encodings, one.encodes) == ("ry", ("ry",), True)
    assert (two.encoding, two.encodings, two.encodes) == (("rz", "ry"), ("rz", "ry"), True)
    assert (Candidate().encodings, Candidate().encodes) == ((), False)
    assert decode_value(encode_value(two)) == two


def test_table_i_has_the_order_of_the_paper():
    assert TABLE_I.names == (
        *("H-Ent-RX", "H-Ent-RY", "H-Ent-RZ", "H-Ring-RX", "H-Ring-RY", "H-Ring-RZ"),
        *("Ent-RX", "Ent-RY", "Ent-RZ", "Ring-RX", "Ring-RY", "Ring-RZ"),
    )
    assert [c.hadamard for c in TABLE_I] == [True] * 6 + [False] * 6
    assert [c.entangler for c in TABLE_I] == (["ent"] * 3 + ["ring"] * 3) * 2
    assert [c.rotation for c in TABLE_I] == ["rx", "ry", "rz"] * 4
    assert all(c.encoding is None for c in TABLE_I)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hadamard": 1}, "Argument `hadamard` must be True or False, but got 1."),
        ({"rotation": ()}, "Argument `rotation` must name at least one rotation, but got none."),
        ({"rotation": "u3"}, "Argument `rotation` must be one of rx, ry, rz, but got 'u3'."),
        (
            {"rotation": ("ry", "rzz")},
            "Argument `rotation` must be one of rx, ry, rz, but got 'rzz' (did you mean 'rz'?).",
        ),
        ({"rotation": ("ry", 3)}, "Argument `rotation` must be one of rx, ry, rz, but got 3."),
        ({"encoding": ()}, "Argument `encoding` must name at least one rotation, but got none."),
        ({"encoding": 1}, "Argument `encoding` must be a name or a tuple of names, but got 1."),
        (
            {"encoding": ("ry", "h")},
            "Argument `encoding` must be one of rx, ry, rz, but got 'h'.",
        ),
        (
            {"encoding": "hadamard"},
            "Argument `encoding` must be one of rx, ry, rz, but got 'hadamard'.",
        ),
    ],
)
def test_wrong_fields_are_told_at_the_door(arguments, message):
    with pytest.raises(ArgumentError) as error:
        Candidate(**arguments)
    assert str(error.value) == message
