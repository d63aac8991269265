"""Tables of the page on tables of data are those of the committed cells."""

import json
import statistics

from committed import RESULTS, cell, check, counted, shown, slug, table


def test_pooled_digits():
    rows = table("tables.md", ["observables", "trained numbers", "published"])
    named = {
        "logistic regression, 16 pixels": "logistic-regression",
        "perceptron, 16 pixels": "perceptron-of-as-many-numbers",
        "random features, 16 pixels": "random-features-of-as-many-numbers",
    }
    for row in rows:
        name = named.get(row[""], slug(row[""]))
        found = cell("pooled-digits", "mnist-4x4", name)
        assert check(row["test accuracy, median of ten seeds (range)"], found, "test_accuracy", 100)
        counted(row["trained numbers"], found)
        frozen = row["the same circuit at random angles, fitted"]
        if frozen:
            found = cell("pooled-digits", "mnist-4x4", f"frozen-{name}")
            assert check(frozen, found, "test_accuracy", 100)


def test_folds_of_tables():
    """Means of ten seeds and five folds, and the differences paired by fold."""
    rows = table("tables.md", ["", "model", "numbers", "test accuracy, %", "layer less model"])
    means = {}
    for row in rows:
        study = "tables-breast-cancer" if row[""] == "breast-cancer" else "tables"
        folds = sorted((RESULTS / study / "cells").glob(f"{row['']}-?"))
        assert len(folds) == 5
        found = [
            one
            for fold in folds
            for one in (json.loads(path.read_text("utf-8")) for path in fold.iterdir())
            if one["row"].startswith(row["model"].replace("quantum layer", "search"))
            or one["row"].startswith(row["model"])
        ]
        assert len(found) == 5, row["model"]
        assert {len(one["test_accuracy"]) for one in found} == {10}
        own = [100 * statistics.mean(one["test_accuracy"]) for one in found]
        means[row[""], row["model"]] = own
        assert [str(one["trainable"]) for one in found] == [row["numbers"]] * 5
        assert_mean(row["test accuracy, %"], own)
        if row["layer less model"]:
            pairs = zip(means[row[""], "quantum layer"], own, strict=True)
            assert_mean(row["layer less model"], [layer - other for layer, other in pairs])
    assert len(rows) == 15


def assert_mean(text, values):
    mean, error = text.replace("+", "").split(" ± ")
    assert shown(statistics.mean(values), mean), (text, statistics.mean(values))
    assert shown(statistics.stdev(values) / len(values) ** 0.5, error), text
