"""The page on a series of one's own says what the committed results say."""

import json
import statistics
import sys

import pytest
from committed import ROOT


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT / "benchmarks")])
    import own_series

    return own_series


@pytest.fixture
def rows(benchmark):
    return json.loads(benchmark.RESULTS.read_text())["rows"]


def test_the_page_has_the_table_of_the_committed_results(benchmark, rows):
    page = (ROOT / "docs" / "own-series.md").read_text("utf-8")
    assert "\n".join(benchmark.table(rows)) in page


def test_ten_series_and_five_seeds_are_as_good_as_the_best_simple_predictor(benchmark, rows):
    assert [row["series"] for row in rows] == list(benchmark.TEN)
    assert {len(row["test_mse"]) for row in rows} == {benchmark.SEEDS}
    ratios = [benchmark.ratio(row) for row in rows]
    assert statistics.median(ratios) <= 1.0
    assert max(ratios) <= 1.5


def test_the_series_are_those_that_were_measured(benchmark, rows):
    for row in rows:
        error = benchmark.least_squares(benchmark.TEN[row["series"]].make(), 4)
        assert row["simple"]["least squares of 4"] == pytest.approx(error, rel=1e-6)
