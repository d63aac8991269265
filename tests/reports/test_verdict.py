"""The line that says whether something simpler than the search does as well."""

import pytest

from diffqas.reports import RankedCandidates, ReferenceFigure, RunResult, verdict

MLP = ReferenceFigure("MLP", None, values=(0.80, 0.84, None), numbers=9)
PAPER = ReferenceFigure("paper, search", 0.99)
MAJORITY = ReferenceFigure("majority", 0.3)


def run(*accuracies, references=(PAPER, MAJORITY, MLP), **further):
    return RunResult(
        task="plants",
        recipe="default",
        report="",
        metric="accuracy",
        relaxation="raw",
        ranking=RankedCandidates(),
        references=references,
        failures={},
        higher=("accuracy",),
        figures={"test_accuracy": accuracies},
        **further,
    )


@pytest.mark.parametrize(
    ("accuracies", "words", "simpler"),
    [
        ((0.70, 0.71), "A simpler model is better: MLP, test accuracy 82.00 % against 70.50", True),
        ((0.82, None), "A simpler model is as good: MLP", True),
        ((0.90, 0.92), "No simpler model beside it is as good; the next is MLP", False),
    ],
)
def test_the_best_of_the_others_is_named(accuracies, words, simpler):
    found = verdict(run(*accuracies))
    assert found is not None
    assert words in found.text
    assert found.simpler == simpler
    assert "One seed" not in found.text


def test_of_equally_good_ones_the_first_is_named():
    """The table begins with the simplest: a line, not the network that has learnt nothing more."""
    line, net = ReferenceFigure("line", 0.8), ReferenceFigure("net", 0.801, numbers=9)
    found = verdict(run(0.8, 0.8, references=(MAJORITY, line, net)))
    assert found is not None
    assert found.text.startswith("A simpler model is as good: line,")


def test_one_seed_that_is_ahead_may_be_luck():
    found = verdict(run(0.9))
    assert found is not None
    assert found.text.endswith("One seed may be luck: --seeds 5 trains five.")


def test_of_errors_less_is_better():
    references = (ReferenceFigure("line", 1e-4), ReferenceFigure("net", 1e-3, numbers=5))
    result = RunResult(
        task="s",
        recipe="default",
        report="",
        metric="mse",
        relaxation="raw",
        ranking=RankedCandidates(),
        references=references,
        failures={},
        higher=("accuracy",),
        figures={"test_mse": (2e-4,)},
        corrects="a line",
    )
    found = verdict(result)
    assert found is not None
    assert found.text == (
        "A simpler predictor is better: line, test mse 1.00e-04 against 2.00e-04. Use that one."
    )


def test_nothing_is_said_where_nothing_was_compared():
    assert verdict(run(0.9, references=())) is None
    assert verdict(run(0.9, references=(PAPER,))) is None
    assert verdict(run(None, None)) is None
    # Ahead of the majority alone: no model of as many numbers was tried.
    assert verdict(run(0.9, references=(MAJORITY,))) is None
