"""Tables of the page on discretised and transferred circuits are those of the cells."""

import re
import statistics

from committed import (
    DOCS,
    NUMBER,
    SERIES,
    cell,
    cells_of,
    check,
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


def test_transfer():
    rows = table("discretise.md", ["row", "NARMA-5", "NARMA-10"])
    assert len(rows) == 6
    lines = (DOCS / "discretise.md").read_text("utf-8").splitlines()
    start = lines.index("| row | NARMA-5 | row/search | NARMA-10 | row/search |") + 2
    tested = {(one["dataset"], one["row"]): one for one in lines_of("transfer")}
    for row, line in zip(rows, lines[start:], strict=False):
        parts = [part.strip() for part in line.strip("|").split("|")]
        for head, ratio in (("NARMA-5", parts[2]), ("NARMA-10", parts[4])):
            found = cell("transfer", SERIES[head], slug(row["row"]))
            assert check(row[head], found, "test_mse")
            one = tested[SERIES[head], row["row"]]
            values = [one[key] for key in ("ratio", "ratio_low", "ratio_high") if one[key]]
            assert len(values) == len(NUMBER.findall(ratio))
            for value, text in zip(values, NUMBER.findall(ratio), strict=True):
                assert shown(float(value), text), row


def test_transfer_of_images():
    pairs = {f"fashion-mnist {pair}": pair for pair in ("1 5", "5 7")}
    rows = table("discretise.md", ["row", "trained numbers", *pairs])
    assert {slug(row["row"]) for row in rows} == cells_of("transfer-images", "fashion-mnist-5-7")
    for head, pair in pairs.items():
        dataset = slug(head)
        tested = {one["row"]: one for one in lines_of("transfer-images", dataset)}
        for row in rows:
            found = cell("transfer-images", dataset, slug(row["row"]))
            assert check(row[head], found, "test_accuracy", 100)
            counted(row["trained numbers"], found)
            one = tested[row["row"]]
            values = [one[key] for key in ("points", "points_low", "points_high") if one[key]]
            texts = re.findall(r"[-+]\d\.\d+|[-+]\d+\.\d+", row[f"search - row in {pair}"])
            assert len(texts) == len(values)
            for value, text in zip(values, texts, strict=True):
                assert shown(float(value), text), row


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
