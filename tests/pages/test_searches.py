"""Tables of the page on other searches, and what their tests say."""

from committed import SHORT, beside, cell, cells_of, check, check_series, shown, table


def test_sharing():
    names = check_series("searches.md", "row", "sharing", lambda row: f"{row} Adam")
    assert names == cells_of("sharing")


def test_strict():
    def name_of(row):
        by_filter = row.removesuffix(", by the filter")
        return f"{row} Adam" if by_filter == row else f"{by_filter} Kalman"

    assert check_series("searches.md", "row, by Adam", "strict", name_of) == cells_of("strict")


def test_per_layer():
    names = check_series(
        "searches.md",
        "row, its optimiser",
        "per-layer",
        lambda row: row.replace(", filter", " Kalman"),
    )
    assert names | {"constant", "persistence", "least-squares"} == cells_of("per-layer")


CHOICES = ("found-candidate", "best-candidate", "found-layers", "found-layers-without-noise")


def test_no_choice_of_a_circuit_is_told_from_lot():
    least = []
    for data in SHORT.values():
        for by, rows in (("adam", CHOICES), ("kalman", (*CHOICES, "evolved-layers"))):
            found = beside(
                "per-layer", data, [f"{row}-{by}" for row in rows], f"random-layers-{by}"
            )
            least += [p for _, p in found.values()]
    assert shown(min(least), ".31")


def test_one_circuit_beside_the_mixture_by_the_filter():
    rows = (*CHOICES, "evolved-layers", "random-layers", "uniform-distribution")
    told = {}
    for data in SHORT.values():
        found = beside(
            "per-layer", data, [f"{row}-kalman" for row in rows], "whole-circuit-search-kalman"
        )
        told |= {(data, row): each for row, each in found.items() if each[1] < 0.05}
    ratio, p = told.pop(("bessel", "found-layers-without-noise-kalman"))
    assert shown(ratio, "1.8")
    assert shown(p, ".047")
    assert {row for _, row in told} == {"uniform-distribution-kalman"}


def test_searches_of_every_layer_as_they_end():
    rows = ["per-layer-search-adam", "per-layer-search-without-noise-adam"]
    for data, ratio, p in (("bessel", 45, ".004"), ("damped-shm", 27, ".03")):
        found = beside("per-layer", data, rows, "uniform-distribution-adam")
        assert shown(1 / found[rows[1]][0], f"{ratio}")
        assert shown(found[rows[1]][1], p)
    for data in SHORT.values():
        assert beside("per-layer", data, rows, "uniform-distribution-adam")[rows[0]][1] > 0.05


def test_cheaper_circuits():
    heads = {"Bessel: test MSE, median": "bessel", "NARMA-5: test MSE, median": "narma5"}
    for row in table("searches.md", ["L", *heads]):
        for head, dataset in heads.items():
            found = cell("pareto", dataset, f"two-qubit-gates-l-{row['L']}")
            assert check(row[head], found, "test_mse")


def test_chosen_layers():
    rows = table("searches.md", ["bessel, test MSE", "digits, ten classes, accuracy"])
    names = {
        "evolved layers": "evolved-layers",
        "random search": "random-search",
        "one candidate": "best-of-several-starts",
        "best of the six live candidates": "best-candidate",
        "layers drawn by lot": "random-layers",
        "uniform distribution": "uniform-distribution",
    }
    held = 0
    for row in rows:
        for word, name in names.items():
            if row[""].startswith(word):
                found = cell("per-layer-evolved", "bessel", name)
                held += check(row["bessel, test MSE"], found, "test_mse")
                found = cell("per-layer-digits", "digits", name)
                held += check(row["digits, ten classes, accuracy"], found, "test_accuracy", 100)
    assert held >= 10
