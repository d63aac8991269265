"""What is said of candidates without simulating them, against what the dense simulator gives."""

import pytest
import torch

from diffqas.circuits import (
    ENTANGLERS,
    ROTATIONS,
    TABLE_I,
    Candidate,
    SearchSpace,
    findings,
    form,
    groups,
)
from diffqas.errors import ArgumentError
from diffqas.simulator import dense_probabilities

TUPLES = (("rz", "ry", "rz"), ("rx", "rz"), ("rz", "rx"), ("ry", "ry"), ("rx", "rx"), ("rz", "rz"))
WIDE = SearchSpace(
    Candidate(hadamard, entangler, rotation)
    for hadamard in (True, False)
    for entangler in ("ent", "ring", "chain")
    for rotation in (*ROTATIONS, *TUPLES)
)


def samples(space, n: int) -> torch.Tensor:
    """Probabilities of every candidate at a few random angles: (samples, candidates, 2**n)."""
    generator = torch.Generator().manual_seed(n)
    angles = torch.randn(4, 3, n, space.angles_per_qubit, generator=generator, dtype=torch.float64)
    return torch.stack([dense_probabilities(space, each) for each in angles])


def test_half_of_table_i_is_constant():
    found = findings(TABLE_I, 5)
    assert [i for i, finding in enumerate(found, 1) if finding.constant] == [1, 3, 4, 6, 9, 12]
    assert [finding.form for finding in found] == (
        ["uniform", "real", "uniform"] * 2
        + ["walsh", "real", "zero"] * 2  # in the order of Table I
    )
    assert [finding.candidate for finding in found] == list(TABLE_I)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_constants_are_constant_and_live_candidates_are_not(n):
    probabilities = samples(WIDE, n)
    spread = probabilities.std(0).amax(-1)
    for index, finding in enumerate(findings(WIDE, n)):
        if finding.constant:
            assert spread[index] < 1e-14, finding
        else:
            assert spread[index] > 1e-3, finding
        if finding.form == "uniform":
            torch.testing.assert_close(
                probabilities[:, index], torch.full((4, 2**n), 0.5**n, dtype=torch.float64)
            )
        if finding.form == "zero":
            torch.testing.assert_close(
                probabilities[:, index, 0], torch.ones(4, dtype=torch.float64)
            )


@pytest.mark.parametrize("n", [2, 3, 4])
def test_groups_are_those_that_the_simulator_shows(n):
    rows = samples(WIDE, n).transpose(0, 1)
    shown: list[list[int]] = []
    for index, row in enumerate(rows):
        home = next(
            (group for group in shown if torch.allclose(rows[group[0]], row, atol=1e-12)), None
        )
        if home is None:
            shown.append([index])
        else:
            home.append(index)
    assert groups(WIDE, n) == shown


def test_groups_of_table_i():
    assert groups(TABLE_I, 5) == [[0, 2, 3, 5], [1], [4], [6], [7], [8, 11], [9], [10]]


def test_with_angles_of_their_own_only_constants_are_equal():
    chain = SearchSpace(
        [Candidate(entangler=e, rotation=r) for r in ("ry", "rz") for e in ("ent", "chain")]
    )
    assert groups(chain, 3, shared=True) == [[0, 1], [2, 3]]
    assert groups(chain, 3, shared=False) == [[0], [1], [2, 3]]


@pytest.mark.parametrize(("n", "same"), [(2, True), (3, True), (4, False), (5, False)])
def test_chain_and_brick_are_the_same_up_to_three_qubits(n, same):
    brick, chain = Candidate(entangler="ent"), Candidate(entangler="chain")
    assert findings([brick, chain], n)[1].duplicate_of == (brick if same else None)


@pytest.mark.parametrize("rotation", ["rx", "ry", ("rz", "ry")])
def test_entanglers_do_nothing_on_one_qubit(rotation):
    space = SearchSpace(
        Candidate(entangler=entangler, rotation=rotation) for entangler in ENTANGLERS
    )
    assert [finding.duplicate_of for finding in findings(space, 1)] == [None] + [space[0]] * (
        len(space) - 1
    )


def test_pairs_that_cancel_are_no_entangler():
    none, twice = Candidate(entangler="none"), Candidate(entangler=[(0, 1), (0, 1)])
    assert findings([none, twice], 2)[1].duplicate_of == none


def test_the_first_of_equal_candidates_is_the_original():
    duplicates = [finding.duplicate_of for finding in findings(TABLE_I, 4)]
    uniform, zero = TABLE_I[0], TABLE_I[8]
    expected = [None, None, uniform, uniform, None, uniform, None, None, None, None, None, zero]
    assert duplicates == expected


def test_every_finding_has_a_reason():
    reasons = {finding.form: finding.reason for finding in findings(WIDE, 3)}
    assert set(reasons) == {"uniform", "zero", "walsh", "real", "complex"}
    assert [f.reason.startswith("live") for f in findings(WIDE, 3)] == [
        not f.constant for f in findings(WIDE, 3)
    ]


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [
        (Candidate(rotation=("rx", "rx")), "walsh"),
        (Candidate(rotation=("ry", "ry")), "real"),
        (Candidate(hadamard=True, rotation=("rz", "rz")), "uniform"),
        (Candidate(hadamard=True, rotation=("rx", "rz")), "complex"),
    ],
)
def test_forms_of_several_rotations(candidate, expected):
    assert form(candidate) == expected


@pytest.mark.parametrize(
    "function", [findings, lambda space, n: groups(space[:2], n), lambda _, n: groups([], n)]
)
def test_wrong_arguments_are_told_at_the_door(function):
    with pytest.raises(ArgumentError, match=r"^Argument `(n|candidates)` must .+, but got .+\.$"):
        function(TABLE_I[1:], 0)
