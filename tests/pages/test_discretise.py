"""Tables of the page on discretised and transferred circuits are those of the cells."""

from committed import DOCS, NUMBER, SERIES, cell, check, lines_of, shown, slug, table


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
