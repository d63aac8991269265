"""What pages say and what the committed results hold: both are read here, and compared.

A figure that a page has and no cell, or a cell that a page leaves empty, fails as well as one that
differs.
"""

import csv
import json
import re
import statistics
from pathlib import Path

import numpy as np

from diffqas.studies.statistics import holm, sign_flip_p

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
RESULTS = ROOT / "studies" / "results"
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e-?\d+)?")
EMPTY = ("", "–")
SERIES = {
    "Bessel": "bessel",
    "damped SHM": "damped-shm",
    "delayed control": "delayed-control",
    "NARMA-5": "narma5",
    "NARMA-10": "narma10",
}
"""Data sets by the heads of columns."""
SHORT = {name: data for name, data in SERIES.items() if data != "delayed-control"}


def text_of(page):
    """A page of `docs` without its line breaks, as sentences may be folded anywhere."""
    return " ".join((DOCS / page).read_text("utf-8").split())


def plain(text):
    """A cell of a page without its marks."""
    return text.replace("*", "").replace("`", "").replace("\\|", "/").strip()


def table(page, head):
    """The rows of the first table whose header holds these words in turn, by the header."""
    for rows in tables(page, head):
        return rows
    raise AssertionError(f"{page} has no table of {head}")


def tables(page, head):
    """The rows of every table whose header holds these words in turn."""
    lines = (DOCS / page).read_text("utf-8").splitlines()
    for number, line in enumerate(lines):
        names = [plain(cell) for cell in line.strip("|").split("|")]
        rule = number + 1 < len(lines) and lines[number + 1].startswith("|---")
        if line.startswith("| ") and rule and [name for name in names if name in head] == head:
            rows = []
            for row in lines[number + 2 :]:
                if not row.startswith("|"):
                    break
                cells = [plain(cell) for cell in row.replace("\\|", "/").strip("|").split("|")]
                rows.append(dict(zip(names, cells, strict=True)) | {"": cells[0]})
            yield rows


def slug(row):
    """The name of the file of a row's cell."""
    return re.sub(r"[^a-z0-9.]+", "-", row.lower()).strip("-")


def cell(study, dataset, row):
    """A committed cell by the name of its file; None if there is none."""
    path = RESULTS / study / "cells" / dataset / f"{row}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else None


def cells_of(study, dataset="bessel"):
    """The names of the files of all cells of a data set."""
    return {path.stem for path in (RESULTS / study / "cells" / dataset).iterdir()}


def errors(study, dataset, row):
    """Test MSE of every seed."""
    return cell(study, dataset, row)["test_mse"]


def lines_of(study, dataset=None):
    """The lines of a study's committed table, with their tests, of one data set or of all."""
    with (RESULTS / study / "table.csv").open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if dataset in (None, row["dataset"])]


def verdicts(study, dataset):
    """What the search of a table is, compared with each of the other rows."""
    return {row["row"]: row["verdict"] for row in lines_of(study, dataset)}


def told_apart(study, dataset):
    """The verdicts of the rows that a test tells apart from the search of their table."""
    found = verdicts(study, dataset)
    return {row: verdict for row, verdict in found.items() if verdict not in ("undecided", "")}


def shown(value, text):
    """Whether a text is a value rounded to the text's digits; a half may go either way."""
    text = text.replace(",", "")
    digits, _, power = text.partition("e")
    unit = 10.0 ** (int(power or 0) - len(digits.partition(".")[2]))
    return abs(value - float(text)) <= 0.5 * unit * (1 + 1e-6) + 1e-15


def agrees(text, values, factor=1.0, worst=max):
    """Whether a cell of a page, "median", "median (worst)" or "median (lowest .. highest)", is of
    these values.
    """
    values = [factor * value for value in values if value is not None]
    numbers = NUMBER.findall(text)
    expected = {
        1: [statistics.median(values)],
        2: [statistics.median(values), worst(values)],
        3: [statistics.median(values), min(values), max(values)],
    }[len(numbers)]
    return all(shown(value, number) for value, number in zip(expected, numbers, strict=True))


def check(text, found, key, factor=1.0, worst=max):
    """One cell of a page beside one committed cell, which may be missing in both; 1 if there."""
    if found is None or text in EMPTY:
        assert (found is None) == (text in EMPTY), text
        return 0
    assert agrees(text, found[key], factor, worst), (text, found["row"], found["dataset"])
    return 1


def counted(text, found):
    """The number of trained numbers beside it."""
    if found is not None and text:
        assert int(text.replace(",", "")) == found["trainable"], (text, found["row"])


def check_tested(text, line, kind):
    """A difference with its interval on a page beside the line of a table; both may lack it."""
    values = [line[key] for key in (kind, f"{kind}_low", f"{kind}_high") if line[key]]
    figures = re.findall(r"[-+]?\d+\.\d+", text)
    for value, figure in zip(values, figures, strict=True):
        assert shown(float(value), figure), (text, line["row"], line["dataset"])


def check_series(page, head, study, name_of, series=SHORT):
    """A table of a page with test MSE on several series; the slugs of its rows."""
    rows = table(page, [head, "trained numbers", *series])
    names = [slug(name_of(row[""])) for row in rows]
    for row, name in zip(rows, names, strict=True):
        for column, dataset in series.items():
            found = cell(study, dataset, name)
            assert check(row[column], found, "test_mse"), row
            counted(row["trained numbers"], found)
    return set(names)


def sign_flips(rows, other):
    """Holm-adjusted p of paired seeds."""
    differences = [np.subtract(row, other) for row in rows]
    return holm([sign_flip_p(each) for each in differences])


def beside(study, dataset, rows, than, key="test_mse"):
    """Rows beside another one: ratios of geometric means over paired seeds, and adjusted p."""
    other, *logs = (np.log(cell(study, dataset, name)[key]) for name in (than, *rows))
    ratios = [float(np.exp((each - other).mean())) for each in logs]
    return dict(zip(rows, zip(ratios, sign_flips(logs, other), strict=True), strict=True))
