"""Ratios that sentences of the pages name are computed again from the committed cells."""

import json
import re
import statistics
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
SERIES = ("bessel", "damped-shm", "delayed-control", "narma5", "narma10")
IN_ABLATION = ("bessel", "damped-shm", "narma5", "narma10")
FIRST_ORDER = ("adam", "adam-with-beta2-0.999", "adam-at-a-constant-rate", "rmsprop")
LIVE = tuple(f"candidate-{number}" for number in (2, 5, 7, 8, 10, 11))
AS_FOUND = tuple(f"{kept}-as-found" for kept in ("top-1", "top-3", "weighted-top-3"))


def errors(study, data, row):
    path = ROOT / "studies" / "results" / study / "cells" / data / f"{row}.json"
    return json.loads(path.read_text("utf-8"))["test_mse"]


def geometric(study, data, row, than):
    """Geometric mean over paired seeds of a row's errors, relative to another row's."""
    pairs = zip(errors(study, data, row), errors(study, data, than), strict=True)
    return statistics.geometric_mean([one / other for one, other in pairs])


def medians(study, data, row, than):
    """A row's median error, relative to another row's."""
    one, other = (statistics.median(errors(study, data, name)) for name in (row, than))
    return one / other


def every(ratio, study, datasets, rows, than):
    return [ratio(study, data, row, than) for data, row in product(datasets, rows)]


def ends(values):
    return [min(values), max(values)]


def larger_mapping():
    return every(geometric, "table-2", SERIES, ["larger-mapping-of-as-many-numbers"], "search-raw")


def drawn_beside_hashed():
    return every(geometric, "table-2", SERIES, ["search-from-drawn-weights"], "hashed-vector")


def candidates_alone():
    return ends(every(geometric, "table-2", ["bessel"], LIVE, "search-raw"))


def filter_beside_adam():
    return every(medians, "table-2", IN_ABLATION, ["search-raw-by-adam"], "search-raw")


def constant_rate():
    return every(medians, "ablation", ["bessel"], ["adam-at-a-constant-rate"], "adam")


def first_order():
    return ends(every(geometric, "ablation", IN_ABLATION, FIRST_ORDER, "search-default"))


def quantum_lstm_by_adam():
    return ends(every(medians, "qlstm-table", SERIES, ["shared-by-adam"], "shared"))


def reservoir_on_narma10():
    return every(geometric, "qlstm-table", ["narma10"], ["reservoir-shared"], "shared")


def ordinary_lstms():
    rows = ["lstm-hidden-5", "lstm-hidden-7"]
    found = every(geometric, "qlstm-table", ["bessel", "delayed-control"], rows, "shared")
    return [100 * value for value in ends(found)]


def one_circuit():
    than = "full-mixture-as-found"
    return ends(every(geometric, "discretise-bessel", ["bessel"], AS_FOUND, than))


SENTENCES = {
    ("controls.md", "it is 0.25, 0.31, 0.18, 0.13 and 0.58 times the search's"): larger_mapping,
    ("controls.md", "1.26, 0.74, 1.23, 0.81 and 1.13 times that of"): drawn_beside_hashed,
    ("controls.md", "error 1.3 to 1.7 times"): candidates_alone,
    ("series.md", "14, 58, 48 and 3 times less error than Adam"): filter_beside_adam,
    ("training-needs.md", "at a constant rate ends 46 times worse"): constant_rate,
    ("studies.md", "every series, by 3 to 2,900 times"): first_order,
    ("qlstm.md", "but 5 to 2,000 times above the filter"): quantum_lstm_by_adam,
    ("qlstm.md", "the shared reservoir has 1.9 times the error"): reservoir_on_narma10,
    ("qlstm.md", "have 2 to 10 % of `shared`'s error"): ordinary_lstms,
    ("discretise.md", "the error grows 380,000 to 740,000 times"): one_circuit,
}
"""Sentences with their figures, and what gives these figures in turn."""


def rounded(value, text):
    """Whether a figure is a value to as many significant digits as it shows."""
    text = text.replace(",", "")
    shown = text.replace(".", "").lstrip("0")
    digits = max(len(shown if "." in text else shown.rstrip("0")), 1)
    power = float(f"{value:.{digits - 1}e}")
    return abs(power - float(text)) <= 1e-9 * abs(power)


def test_what_counts_as_rounded():
    assert rounded(0.5778, "0.58")
    assert rounded(2899.0, "2,900")
    assert not rounded(2840.0, "2,900")
    assert rounded(2110.0, "2,000")
    assert not rounded(4.6, "4")


@pytest.mark.parametrize(
    ("place", "found"), SENTENCES.items(), ids=[f"{page}-{text[:30]}" for page, text in SENTENCES]
)
def test_figures_of_a_sentence(place, found):
    page, sentence = place
    text = " ".join((ROOT / "docs" / page).read_text("utf-8").split())
    assert sentence in text
    figures, values = NUMBER.findall(sentence), found()
    assert len(figures) == len(values)
    wrong = [(f, v) for f, v in zip(figures, values, strict=True) if not rounded(v, f)]
    assert wrong == []
