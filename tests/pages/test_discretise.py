"""Tables of the page on discretised and transferred circuits are those of the cells."""

import statistics

import pytest
from committed import (
    SERIES,
    cell,
    cells_of,
    check,
    check_tested,
    counted,
    lines_of,
    shown,
    sign_flips,
    slug,
    table,
    text_of,
)


def test_discretise():
    heads = {
        "as found": "as-found",
        "fine-tuned, 20 epochs": "fine-tuned",
        "retrained, 100 epochs": "retrained",
    }
    for row in table("discretise.md", list(heads)):
        for head, word in heads.items():
            found = cell("discretise-bessel", "bessel", f"{slug(row[''])}-{word}")
            assert check(row[head], found, "test_mse"), (row, word)


@pytest.mark.parametrize(
    ("study", "kind", "columns", "figure", "factor"),
    [
        (
            "transfer",
            "ratio",
            {name: (SERIES[name], f"row/search, {name}") for name in ("NARMA-5", "NARMA-10")},
            "test_mse",
            1,
        ),
        (
            "transfer-images",
            "points",
            {
                f"fashion-mnist {pair}": (slug(f"fashion-mnist {pair}"), f"search - row in {pair}")
                for pair in ("1 5", "5 7")
            },
            "test_accuracy",
            100,
        ),
    ],
)
def test_transfer(study, kind, columns, figure, factor):
    rows = table("discretise.md", ["row", *columns])
    for head, (dataset, beside) in columns.items():
        assert {slug(row["row"]) for row in rows} == cells_of(study, dataset)
        tested = {line["row"]: line for line in lines_of(study, dataset)}
        for row in rows:
            found = cell(study, dataset, slug(row["row"]))
            assert check(row[head], found, figure, factor)
            counted(row.get("trained numbers"), found)
            check_tested(row[beside], tested[row["row"]], kind)


def test_leading_circuits_of_images_are_not_told_from_lot():
    names = ("own-top-1-retrained", "transferred-top-1-retrained", "random-candidate-retrained")
    *tops, lot = (
        cell("transfer-images", "fashion-mnist-5-7", name)["test_accuracy"] for name in names
    )
    for top, p, points, said in zip(
        tops, sign_flips(tops, lot), ("0.10", "0.03"), (".6", ".8"), strict=True
    ):
        assert shown(100 * (statistics.mean(top) - statistics.mean(lot)), points)
        assert shown(p, said)
    assert "only 0.10 points above a candidate drawn by lot" in text_of("discretise.md")
