"""The page on networks that nobody tuned for says what the committed rows say."""

import sys

import pytest
from committed import ROOT


@pytest.fixture
def results(monkeypatch):
    for package in ("gymnasium", "sklearn"):
        pytest.importorskip(package, reason="the pairs' data and environment")
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT / "benchmarks")])
    from own import results

    return results


def test_the_page_has_the_tables_of_the_committed_rows(results):
    page = (ROOT / "docs" / "own-networks.md").read_text("utf-8")
    sizes = {row.asked for row in results.finished()}
    assert 500 in sizes
    for numbers in sizes:
        for table in results.tables(numbers):
            assert table in page


def test_no_training_is_told_twice(results):
    rows = [(row.pair, row.rule, row.seed, row.asked) for row in results.finished()]
    assert len(rows) == len(set(rows))
