"""Searchers: what they ask for, what it costs, and whether they learn."""

from itertools import pairwise

import numpy as np
import pytest

from diffqas.strategies import (
    SEARCHERS,
    SPACES,
    Ground,
    Ledger,
    Outcome,
    Trial,
    run_searcher,
)

SPACE = SPACES["encoded"]
POINTS = (2, 6, 18, 54)
BEST = SPACE.values(SPACE.find("H-RZ/Star-RX.RZ"))


def smooth(trial: Trial) -> Outcome:
    """A loss that falls with every gene that is right, and a little with the epochs."""
    pairs = zip(SPACE.values(trial.architecture), BEST, strict=True)
    wrong = sum(one != two for one, two in pairs)
    noise = np.random.default_rng(trial.architecture).random()
    return Outcome(wrong + 0.5 * noise + 1 / trial.epochs, 0.1 * trial.epochs)


def ground(seed: int) -> Ground:
    return Ground(SPACE, POINTS, np.random.default_rng(seed))


@pytest.mark.parametrize("name", SEARCHERS)
def test_no_training_is_asked_for_twice(name):
    ledger = run_searcher(SEARCHERS[name](ground(0)), smooth, 40)
    trials = [line.trial for line in ledger.lines]
    assert len(set(trials)) == len(trials)
    assert all(trial.epochs in POINTS for trial in trials)
    assert 40 <= ledger.evaluations < 41


@pytest.mark.parametrize("name", SEARCHERS)
def test_the_same_draw_gives_the_same_search(name):
    first, second = (run_searcher(SEARCHERS[name](ground(7)), smooth, 20) for _ in range(2))
    assert first.lines == second.lines


@pytest.mark.parametrize("name", ["evolution", "local", "tpe"])
def test_what_learns_from_losses_finds_more_than_lot(name):
    def found(word: str) -> float:
        best = [run_searcher(SEARCHERS[word](ground(s)), smooth, 40).best for s in range(8)]
        return float(np.mean([smooth(trial).loss for trial in best]))

    assert found(name) < found("random")


@pytest.mark.parametrize("name", ["random", "evolution", "local", "halving"])
def test_an_exhausted_space_ends_the_search(name):
    ledger = run_searcher(SEARCHERS[name](ground(1)), smooth, 10_000)
    seen = {line.trial.architecture for line in ledger.lines}
    assert seen == set(range(len(SPACE)))


def test_halving_goes_on_with_the_best_third():
    ledger = run_searcher(SEARCHERS["halving"](ground(3)), smooth, 3.0)
    rungs = [[x.trial.architecture for x in ledger.lines if x.trial.epochs == e] for e in POINTS]
    assert list(map(len, rungs[:3])) == [27, 9, 3]
    for lower, upper in pairwise(rungs):
        kept = sorted(lower, key=lambda number: smooth(Trial(number, 2)).loss)
        assert set(upper) <= set(kept[: len(upper)])


def test_a_bracket_pays_only_for_what_it_adds():
    ledger = Ledger(54)
    for epochs in POINTS:
        ledger.enter(Trial(1, epochs), Outcome(1.0, epochs / 10))
    ledger.enter(Trial(1, 54), Outcome(1.0, 5.4))
    assert ledger.evaluations == pytest.approx(1)
    assert ledger.seconds == pytest.approx(5.4)


def test_the_pick_is_among_those_that_were_trained_longest():
    ledger = Ledger(54)
    ledger.enter(Trial(1, 18), Outcome(0.1, 1.0))
    ledger.enter(Trial(2, 54), Outcome(0.3, 1.0))
    ledger.enter(Trial(3, 54), Outcome(0.2, 1.0))
    assert ledger.best == Trial(3, 54)


def test_scores_are_paid_for_before_the_first_training():
    ledger = Ledger(54)
    ledger.charge(2.5)
    ledger.enter(Trial(0, 54), Outcome(1.0, 1.0))
    assert (ledger.evaluations, ledger.seconds) == (1.0, 3.5)
