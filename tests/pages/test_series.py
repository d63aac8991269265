"""Tables of pages on series are those of the committed cells."""

import re

import pytest
from committed import (
    DOCS,
    RESULTS,
    SERIES,
    cell,
    cells_of,
    check,
    check_series,
    counted,
    slug,
    table,
)


def test_seeds_that_took_part_in_no_choice():
    slugs = ["search-raw", "search-from-drawn-weights", "hashed-vector", "ordinary-small-network"]
    series = {head: SERIES[head] for head in ("Bessel", "damped SHM", "NARMA-5", "NARMA-10")}
    rows = table("series.md", ["row", "numbers", "seeds", *series])
    assert len(rows) == 2 * len(slugs)
    for number, row in enumerate(rows):
        study = "table-2" if number % 2 else "fresh-seeds"
        for head, dataset in series.items():
            found = cell(study, dataset, slugs[number // 2])
            assert check(row[head], found, "test_mse")
            counted(row["numbers"], found)
            assert found["seeds"][0] == (0 if number % 2 else 1000)


@pytest.mark.parametrize(
    ("page", "study", "first", "columns"),
    [
        ("series.md", "series-recipe", "Kalman filter", ["bessel", "narma10"]),
        ("series.md", "series-recipe", "Adam", ["bessel", "narma10"]),
    ],
)
def test_settings_of_series(page, study, first, columns):
    """Both tables are lines of the study's own one."""
    text = (DOCS / page).read_text("utf-8")
    own = (RESULTS / study / "settings.md").read_text("utf-8").splitlines()
    (start,) = re.findall(rf"^\| {first} \|.*$", text, re.MULTILINE)
    assert start in own
    lines = text[text.index(start) :].split("\n\n")[0].splitlines()
    assert len(lines) > 10
    assert [line for line in lines if line not in own] == []


def test_ablation():
    names = check_series("studies.md", "row", "ablation", str, SERIES)
    assert names == cells_of("ablation")


CONTROLS = {
    "search": "search-raw",
    "search whose circuits move drawn weights": "search-from-drawn-weights",
    "no circuit: uniform distribution": "uniform-distribution",
    "no circuit: uniform distribution, a mapping of as many numbers": (
        "larger-mapping-of-as-many-numbers"
    ),
    "frozen random circuits": "frozen-circuit",
    "candidate 8 alone": "candidate-8",
    "hashed vector, no circuit": "hashed-vector",
    "random subspace, no circuit": "random-subspace",
    "an ordinary LSTM, hidden 4": "ordinary-small-network",
    "least squares on the window": "least-squares",
}


def test_controls():
    rows = table("controls.md", ["", "trained numbers", "test MSE"])
    assert [row[""] for row in rows] == list(CONTROLS)
    for row in rows:
        found = cell("table-2", "bessel", CONTROLS[row[""]])
        assert check(row["test MSE"], found, "test_mse")
        counted(row["trained numbers"], found)


def test_fast_weights():
    rows = table("fast-weights.md", ["row", "trained numbers", *SERIES])
    names = cells_of("fast-weights")
    held = 0
    for row in rows:
        for head, dataset in SERIES.items():
            found = cell("fast-weights", dataset, slug(row["row"]))
            assert slug(row["row"]) in names
            held += check(row[head], found, "test_mse")
        counted(row["trained numbers"], found)
    assert held == 5 * 14
