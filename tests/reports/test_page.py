"""The page as text: one file, everything escaped, whatever the names are."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from diffqas.reports.page import MARK, Chart, Circuit, Place, RunPage, Table, Weights, band, build
from diffqas.reports.page.comparison import overlays, results, settings

BAD = '</script><script>alert("1")</script> & <img src=x onerror=y>'


def page(name="run", **changes):
    mse = [
        band("train", [1, 2], [[1.0, 2.0], [0.5, 0.25]], "truth"),
        band("test", [1, 2], [[2.0, 3.0], [1.0, 1.0]]),
    ]
    weights = Weights(
        "epoch", [1, 2], [Place("", ["A", "B"], [False, True], [[0.5, 0.5], [0.9, -0.1]])]
    )
    content = {
        "tiles": {"test mse": "1.0", "parameters": "2 numbers"},
        "results": Table(
            ("model", "test mse", "remark"),
            [("this run", "1.0", ""), ("other", "2.0", "")],
            0,
            (1,),
        ),
        "charts": [Chart("mse", "mse", "epoch", mse, log=True)],
        "weights": weights,
        "predictions": {1: Chart("prediction", "", "window", mse, boundary=1.5)},
        "circuits": [Circuit("circuit.qasm", "OPENQASM 3.0;", "A", "q0 ─H─")],
        "ranking": Table(("candidate",), [("A",), ("B",)]),
        "leaders": Table(("candidate",), [("A",)]),
        "settings": {"depth": "2"},
        "command": "diffqas search bessel",
    }
    content |= {"finished": True, "summary": "One sentence."}
    return RunPage(name, "bessel", "qt", **(content | changes))


class Reader(HTMLParser):
    """Collects elements, the identities and what points outside."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.identities, self.outside, self.open = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in ("meta", "input", "img", "br", "link"):
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.identities.append(value)
            if name in ("src", "href", "srcset", "action") or name.startswith("on"):
                self.outside.append((tag, name, value))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def numbers(text):
    found = re.search(
        r'<script type="application/json" id="numbers">(.*?)</script>', text, re.DOTALL
    )
    assert found is not None
    return json.loads(found.group(1))


@pytest.mark.parametrize(
    "pages", [[page()], [page("a"), page("b"), page("c", finished=False)]], ids=["one", "three"]
)
def test_one_file_that_asks_nobody(pages):
    text = build(pages)
    reader = Reader(text)
    assert not reader.open
    assert not reader.outside
    assert not {"link", "iframe", "img", "object"} & set(reader.tags)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|import\(", text)
    assert "default-src 'none'" in text
    assert len(reader.identities) == len(set(reader.identities))
    assert MARK in text[:2_000]


def test_names_are_escaped_wherever_they_stand():
    weights = Weights("epoch", [1], [Place(BAD, [BAD], [False], [[1.0]])] * 2)
    bad = RunPage(
        BAD,
        BAD,
        BAD,
        BAD,
        True,
        tiles={BAD: BAD},
        results=Table((BAD,), [(BAD,)]),
        charts=[Chart("mse", BAD, "epoch", [band(BAD, [1], [[1.0]])])],
        weights=weights,
        circuits=[Circuit(BAD, BAD, BAD, BAD)],
        ranking=Table((BAD,), [(BAD,)] * 2),
        leaders=Table((BAD,), [(BAD,)]),
        settings={BAD: BAD},
        versions={BAD: BAD},
        command=BAD,
        remarks=[BAD],
        failures=[BAD],
        notes=[BAD],
    )
    for pages in ([bad], [bad, bad]):
        text = build(pages)
        reader = Reader(text)
        assert "alert(" in text
        assert reader.tags.count("script") == 3
        assert "img" not in reader.tags
        assert not reader.outside
        assert numbers(text)["runs"][0]["weights"]["places"][0]["candidates"] == [BAD]


def test_the_numbers_are_those_given():
    run = numbers(build([page()]))["runs"][0]
    (chart,) = run["charts"]
    assert chart["log"]
    assert [line["label"] for line in chart["lines"]] == ["train", "test"]
    assert chart["lines"][0] | {"role": ""} == {
        "label": "train",
        "x": [1, 2],
        "y": [1.5, 0.375],
        "low": [1.0, 0.25],
        "high": [2.0, 0.5],
        "role": "",
        "dash": False,
    }
    assert run["weights"]["places"][0]["values"] == [[0.5, 0.5], [0.9, -0.1]]
    assert run["predictions"][0]["epoch"] == 1


def test_seeds_that_diverged_leave_the_band_and_gaps_stay():
    line = band("test", [1, 2, 3], np.array([[1.0, 3.0], [np.nan, 5.0], [np.nan, np.nan]]))
    assert (line.y, line.low, line.high) == ([2.0, 5.0, None], [1.0, 5.0, None], [3.0, 5.0, None])
    assert numbers(build([page(charts=[Chart("mse", "mse", "epoch", [line])])]))["runs"][0][
        "charts"
    ]


def test_long_curves_are_thinned():
    line = band("test", range(1, 50_001), np.arange(50_000.0)[:, None])
    assert len(line.x) == len(line.y) == 500
    assert (line.x[0], line.x[-1], line.y[-1]) == (1, 50_000, 49_999)
    assert line.low == []


def test_several_runs_are_compared():
    other = page("b", tiles={"test mse": "3.0"}, settings={"depth": "4", "lr": "0.1"}, charts=[])
    pages = [page("a", settings={"depth": "2", "lr": "0.1"}), page("c"), other]
    assert results(pages).head == ["run", "state", "task", "model", "test mse"]
    assert results(pages).rows[2] == ["b", "finished", "bessel", "qt", "3.0"]
    assert settings(pages).rows == [["depth", "2", "2", "4"], ["lr", "0.1", "–", "0.1"]]
    (chart,) = overlays(pages)
    assert [(line.label, line.role) for line in chart.lines] == [("a", "run-0"), ("c", "run-1")]
    assert [line.y for line in chart.lines] == [[2.5, 1.0]] * 2


def test_failures_and_what_is_missing_are_said():
    text = build(
        [page(finished=False, failures=["Seed 3: nan"], notes=["predictions.pt is missing"])]
    )
    for words in (
        'class="failure">Seed 3: nan',
        'class="missing">predictions.pt is missing',
        "not finished",
    ):
        assert words in text


def test_no_figure_is_broken_at_the_end_of_a_line():
    spread = "2.3e-08 (1.2e-08 .. 2.4e-07, 10 seeds)"
    table = Table(
        ("model", "test mse", "remark"), [("a", spread, "train 4.5e-05, 9 -> 12")], 0, (1,)
    )
    text = build([page(results=table, tiles={"time": "1 min 36 s"}, summary="Test mse 8.9e-06.")])
    for figure in ("2.3e-08", "(1.2e-08", "2.4e-07,", "4.5e-05,", "-&gt; 12", "8.9e-06."):
        assert f'<span class="whole">{figure}</span>' in text
    assert '<dd class="whole">1 min 36 s</dd>' in text
    short = Table(("candidate", "rank"), [("a", "3.0 (1 .. 7)")], numeric=(1,))
    ranked = build([page(ranking=short, leaders=short)])
    assert '<td class="figure whole" data-label="rank">3.0 (1 .. 7)</td>' in ranked


def test_what_was_trained_before_stands_on_the_page():
    head = ("candidate", "loss")
    few = Table(head, [("A", "0.5")], numeric=(1,))
    assert "Trained before" in build([page(trials=few)])
    assert "Trained before" not in build([page()])
    many = Table(head, [("A", "0.5")] * 25, numeric=(1,))
    assert "All 25 trainings" in build([page(trials=many)])
