"""Circuits with uploads, several encodings, CZs and trained observables: which are dead or equal.

What exact arithmetic says is compared with floating-point values of the same circuits.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diffqas import Ansatz, Diagonal, Gate, Hermitian, InputSlot, PauliStrings, Slot, Z
from diffqas.circuits import (
    ENCODED_SPACE,
    ENTANGLERS,
    GATES,
    QLSTM_SPACE,
    ROTATIONS,
    Candidate,
    SearchSpace,
    encoded_findings,
)
from diffqas.circuits.amplitudes import readings, statevector
from diffqas.circuits.encoded_rules import rule_evidence
from diffqas.circuits.gates import operations
from diffqas.circuits.residues import residue_evidence
from diffqas.errors import ArgumentError
from diffqas.simulator.oracle import dense_state

N = 3
OBSERVABLES = (
    Z(),
    Z((2, 0)),
    PauliStrings(("XXI", "IYZ", "ZIZ")),
    PauliStrings(("ZZI", "XIY"), trained=True),
    Diagonal(2),
    Hermitian(2, "pairwise"),
)


def values(candidate, inputs, angles, outputs, observables):
    gates = operations(candidate, angles.tolist(), uploads=len(inputs), encodings=inputs.tolist())
    n = inputs.shape[-1]
    return readings(statevector(gates, n), n, outputs, observables)


def by_numbers(candidate, depth, uploads, outputs, observables):
    """What depends on what, and values at inputs of their own in each upload, in floating point."""
    draw = np.random.default_rng(7)
    inputs = draw.uniform(-3, 3, (2, uploads, N))
    angles = draw.uniform(-3, 3, (2, depth, N, 3))
    same = np.repeat(inputs[:1, 0], uploads, axis=0)
    here = values(candidate, same, angles[0], outputs, observables)
    seen = []
    for q in range(N):
        other = same.copy()
        other[:, q] = inputs[1, 0, q]
        there = values(candidate, other, angles[0], outputs, observables)
        if np.abs(there - here).max() > 1e-9:
            seen.append(q)
    there = values(candidate, same, angles[1], outputs, observables)
    trains = bool(np.abs(there - here).max() > 1e-9)
    return tuple(seen), trains, values(candidate, inputs[0], angles[0], outputs, observables)


turns = st.lists(st.sampled_from(ROTATIONS), min_size=1, max_size=3).map(tuple)
candidates = st.builds(
    Candidate, st.booleans(), st.sampled_from(list(ENTANGLERS)), turns, encoding=turns
)


@settings(max_examples=30)
@given(
    st.lists(candidates, min_size=2, max_size=5, unique_by=lambda candidate: candidate.name),
    st.sampled_from([(1, 1), (2, 1), (2, 2)]),
    st.sampled_from(OBSERVABLES),
)
def test_exact_findings_are_what_numbers_show(listed, size, observables):
    depth, uploads = size
    outputs = min(2, observables.count(N))
    found = encoded_findings(listed, N, depth, outputs, uploads=uploads, observables=observables)
    homes: list[tuple[Candidate, np.ndarray]] = []
    for finding in found:
        seen, trains, shown = by_numbers(finding.candidate, depth, uploads, outputs, observables)
        assert (finding.inputs, finding.trains) == (seen, trains)
        assert (finding.constant is not None) == (not seen and not trains)
        if finding.constant:
            assert shown == pytest.approx(finding.constant, abs=1e-9)
        same = [first for first, other in homes if np.abs(other - shown).max() < 1e-9]
        assert finding.duplicate_of == (same[0] if same else None)
        if not same:
            homes.append((finding.candidate, shown))


@settings(max_examples=60)
@given(candidates, st.sampled_from([(1, 1), (2, 1), (2, 2)]), st.sampled_from(OBSERVABLES))
def test_what_a_rule_calls_dead_is_dead(candidate, size, observables):
    depth, uploads = size
    by_rules = rule_evidence(candidate, N, 1, uploads, observables)
    exact = residue_evidence(candidate, N, depth, 1, uploads, observables)
    if not by_rules.inputs:
        assert not exact.inputs
    if not by_rules.trains:
        assert not exact.trains
    if by_rules.constant:
        assert by_rules.constant == exact.constant


@pytest.mark.parametrize(("n", "depth", "outputs"), [(3, 2, 2), (4, 1, 4)])
def test_strings_and_residues_say_the_same_of_the_36(n, depth, outputs):
    by_strings = encoded_findings(QLSTM_SPACE, n, depth, outputs)
    assert {finding.known_by for finding in by_strings} == {"strings"}
    first: dict[object, Candidate] = {}
    for finding in by_strings:
        exact = residue_evidence(finding.candidate, n, depth, outputs, 1, Z())
        assert exact[:3] == (finding.inputs, finding.trains, finding.constant)
        home = first.setdefault(exact.mark, finding.candidate)
        assert (finding.duplicate_of or finding.candidate) == home


def test_the_richer_space_holds_more_than_400_different_live_circuits():
    told = []
    found = encoded_findings(ENCODED_SPACE, 4, 2, 4, told=told.append)
    assert told == list(range(1, 481))
    assert all(finding.live for finding in found)
    assert sum(finding.duplicate_of is None for finding in found) == 462
    assert {finding.known_by for finding in found} == {"residues"}
    assert {candidate.entangler for candidate in ENCODED_SPACE} <= set(ENTANGLERS)


def test_more_is_seen_of_more_observables_and_uploads():
    names = SearchSpace(
        Candidate(hadamard, "ring", rotation, encoding)
        for hadamard, rotation, encoding in product((True, False), ROTATIONS, ROTATIONS)
    )
    live = Counter()
    for uploads, observables in product((1, 2), (Z(), Hermitian(2))):
        found = encoded_findings(names, N, 2, N, uploads=uploads, observables=observables)
        live[uploads, type(observables).__name__] = sum(finding.live for finding in found)
    assert live == {(1, "Z"): 8, (1, "Hermitian"): 12, (2, "Z"): 15, (2, "Hermitian"): 16}


def test_beyond_ten_qubits_rules_are_left():
    dead = Candidate(True, "cz-ring", "rz", "rz")
    live = Candidate(False, "cz-ring", "ry", ("ry", "rz"))
    found = encoded_findings([dead, live, Own((1,))], 20, 2, 3)
    assert [finding.known_by for finding in found] == ["rules"] * 3
    assert [finding.live for finding in found] == [False, True, True]
    assert "CZs take Z-strings to Z-strings" in found[0].reason
    assert found[0].constant == (0, 0, 0)


@dataclass(frozen=True)
class Own(Ansatz):
    """Inputs on some qubits, angles on all."""

    inputs: tuple[int, ...]
    axis: str = "ry"

    def encode(self, n):
        return [Gate("rx", (q,), InputSlot(q, 0.5)) for q in self.inputs]

    def layer(self, n):
        turns = [Gate(self.axis, (q,), Slot(q)) for q in range(n)]
        return [Gate("cz", (q, q + 1)) for q in range(n - 1)] + turns


@dataclass(frozen=True)
class Given(Ansatz):
    """Gates as they are given, after rotations of all qubits."""

    gates: tuple[Gate, ...]
    name = "Given"

    def start(self, n):
        return [Gate("ry", (q,), 0.4 + q) for q in range(n)]

    def layer(self, n):
        return self.gates


def test_circuits_of_ones_own_are_measured():
    space = [Own((0, 1, 2)), Own((1,)), Own((0,), "rz"), Candidate(encoding="ry")]
    found = encoded_findings(space, 3, 2, 3)
    assert [finding.known_by for finding in found] == ["measured"] * 3 + ["strings"]
    assert [finding.inputs for finding in found[:3]] == [(0, 1, 2), (1,), (0,)]
    assert found[2].reason == "fixed: measured: no output changes with an angle"
    silent = encoded_findings([Own((2,), "rz")], 3, 1, 2)[0]
    assert silent.constant == (1, 1)


@pytest.mark.parametrize("name", [*GATES])
def test_amplitudes_are_those_of_the_dense_simulator(name):
    kind = GATES[name]
    numbers = tuple(0.3 + 0.4 * k for k in range(kind.angles))
    angle = numbers if len(numbers) > 1 else next(iter(numbers), None)
    one = Given((Gate("u3", (1,), (0.3, 0.2, 0.9)), Gate(name, (2, 0, 1)[: kind.qubits], angle)))
    gates = [*one.start(3), *one.layer(3)]
    expected = dense_state(one, torch.zeros(1, 3, dtype=torch.float64)).numpy()
    np.testing.assert_allclose(statevector(gates, 3), expected, atol=1e-14)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"uploads": 2, "depth": 3}, "`depth` must be a multiple of the uploads, 2, but got 3."),
        ({"uploads": 0}, "`uploads` must be at least 1, but got 0."),
        ({"observables": Diagonal(4)}, "`locality` must be at most the number of qubits, 3,"),
        ({"outputs": 4}, "`outputs` must be at most the number of qubits, 3, but got 4."),
        ({"observables": Z((3,)), "outputs": 1}, "`observables` must read qubits of 0..2, but"),
    ],
)
def test_what_does_not_fit_is_one_line(arguments, message):
    given = {"n": 3, "depth": 2, "outputs": 3} | arguments
    with pytest.raises(ArgumentError) as error:
        encoded_findings(QLSTM_SPACE, **given)
    assert message in str(error.value)
