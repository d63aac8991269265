"""The list of runs on a narrow terminal: no figure and no name of usual length is broken."""

import io
from pathlib import Path

import pytest

from diffqas.cli.runs import table_of
from diffqas.reports import Terminal
from diffqas.runs import RunSummary

SPREAD = (2e-8, 1e-8, 2e-7)


def summary(name, **entries):
    known = {"task": "minigrid-empty-5x5", "model": "qlstm", "seeds": (0, 1, 2), "metric": "mse"}
    known |= {"figures": SPREAD, "trainable": 4470, "seconds": 95.0}
    known |= {"created": "2026-01-02T03:04:05"}
    return RunSummary(Path(name), name, "finished", **(known | entries))


def printed(runs, width):
    file = io.StringIO()
    Terminal(file=file, width=width).print(table_of(runs, width))
    return file.getvalue()


def test_a_wide_terminal_has_all_columns_in_one_line_each():
    lines = printed([summary("first"), summary("a-name-of-more-than-24-signs")], 200).splitlines()
    assert len(lines) == 3
    assert lines[0].split() == [
        *("name", "task", "model", "seeds", "state", "figure", "trained", "time", "begun")
    ]
    assert "2.00e-08 (1.00e-08 .. 2.00e-07, 3 seeds)" in lines[1]


@pytest.mark.parametrize("width", [80, 100, 120])
def test_columns_are_left_out_before_a_figure_is_broken(width):
    text = printed([summary("three-paper"), summary("one", figures=(2e-8,), seeds=(0,))], width)
    assert all(len(line) <= width for line in text.splitlines())
    words = text.split()
    for whole in ("2.00e-08", "(1.00e-08", "2.00e-07,", "three-paper", "minigrid-empty-5x5"):
        assert whole in words
    assert ("begun" in words) == (width == 120)


def test_a_long_reason_does_not_push_the_figure_out():
    broken = RunSummary(Path("b"), "b", "broken", fault="config.json is missing and so is all else")
    text = printed([summary("a"), broken], 80)
    assert "2.00e-08" in text.split()
    assert all(len(line) <= 80 for line in text.splitlines())
