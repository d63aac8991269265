"""Circuits with a candidate in every layer as a space: no circuit twice, and none too many."""

import itertools

import numpy as np
import pytest
import torch

from diffqas.circuits import TABLE_I, Candidate
from diffqas.simulator.oracle import dense_layers
from diffqas.strategies import SEARCHERS, Ground, LayersSpace, Outcome, Trial, run_searcher

DEEP = LayersSpace(TABLE_I, depth=30, n=11)
"""6**30 circuits: more than an integer of 64 bits holds."""


def probabilities(circuit, angles):
    return dense_layers(circuit, angles).abs().square()


def random_angles(depth, n, seed):
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(depth, n, 1, generator=draw, dtype=torch.float64)


def test_first_layers_that_differ_in_the_entangler_alone_are_one_circuit():
    space = LayersSpace(TABLE_I, depth=2, n=3)
    angles = random_angles(2, 3, seed=0)
    seen = {}
    for first, second in itertools.product(range(12), repeat=2):
        start, later = TABLE_I[first], TABLE_I[second]
        key = (start.hadamard, start.rotations, later.entangler, later.rotations)
        found = probabilities([start, Candidate(False, later.entangler, later.rotation)], angles)
        torch.testing.assert_close(found, seen.setdefault(key, found), rtol=0, atol=1e-12)
    assert len(seen) == space.size == 36
    circuits = {space.circuit(number) for number in range(space.size)}
    keys = {(a.hadamard, a.rotations, b.entangler, b.rotations) for a, b in circuits}
    assert keys == seen.keys()


def test_constants_are_those_whose_probabilities_never_change():
    space = LayersSpace(TABLE_I, depth=3, n=2)
    one, other = random_angles(3, 2, seed=1), random_angles(3, 2, seed=2)
    for number in range(space.size):
        circuit = space.circuit(number)
        still = torch.allclose(
            probabilities(circuit, one), probabilities(circuit, other), rtol=0, atol=1e-9
        )
        assert still == space.constant(number), space.title(number)
    live = [number for number in range(space.size) if not space.constant(number)]
    drawn = {space.drawn(np.random.default_rng(seed)) for seed in range(50)}
    assert drawn <= set(live)
    assert not any(space.constant(each) for each in space.neighbours(live[0]))


def test_homogeneous_circuits_are_the_live_candidates_once():
    space = LayersSpace(TABLE_I, depth=4, n=5)
    names = [space.title(number) for number in space.homogeneous]
    live = ("H-Ent-RY", "H-Ring-RY", "Ent-RX", "Ent-RY", "Ring-RX", "Ring-RY")
    assert names == [f"4 {name}" for name in live]
    assert space.layers(space.homogeneous[5]) == [10, 10, 10, 10]


def test_a_list_without_the_plain_layer_names_what_it_has():
    space = LayersSpace([Candidate(True, "ring", "ry"), Candidate(True, "ent", "rx")], 2, 3)
    assert space.sizes == (2, 2)
    assert space.layers(space.number([1, 0])) == [1, 0]
    assert space.title(space.number([1, 0])) == "H-Ent-RX, Ring-RY"


def test_numbers_of_a_deep_space_are_exact():
    draw = np.random.default_rng(0)
    for _ in range(20):
        number = DEEP.drawn(draw)
        assert DEEP.number(DEEP.values(number)) == number
    assert DEEP.size == 6**30
    assert len(DEEP.neighbours(number)) == 30 * 5


@pytest.mark.parametrize("name", SEARCHERS)
def test_searchers_move_in_a_space_that_nobody_can_list(name):
    """The starts come first, nothing is trained twice, and layers that are right are found."""
    if name == "tpe":
        pytest.importorskip("optuna")
    best = DEEP.values(DEEP.of(9))

    def wrong(trial: Trial) -> Outcome:
        pairs = zip(DEEP.values(trial.architecture), best, strict=True)
        return Outcome(1 + sum(one != two for one, two in pairs), 0.1)

    starts = DEEP.homogeneous[:3]
    ground = Ground(DEEP, (2, 6, 18), np.random.default_rng(0), starts)
    ledger = run_searcher(SEARCHERS[name](ground), wrong, 40)
    trials = [line.trial for line in ledger.lines]
    assert len(set(trials)) == len(trials)
    first = [trial.architecture for trial in trials]
    if name == "halving":
        assert set(starts) <= set(first[:9])
    else:
        assert tuple(first[:3]) == starts
    assert min(line.loss for line in ledger.lines) <= min(line.loss for line in ledger.lines[:3])


def test_children_come_from_the_starts():
    starts = DEEP.homogeneous
    ground = Ground(DEEP, (1,), np.random.default_rng(0), starts)
    ledger = run_searcher(SEARCHERS["evolution"](ground), lambda trial: Outcome(1.0, 0.0), 7)
    child = ledger.lines[-1].trial.architecture
    assert any(child in DEEP.neighbours(start) for start in starts)
