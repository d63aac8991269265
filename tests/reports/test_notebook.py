"""What a notebook shows of runs, results, rankings and pictures: short, once, and quoted."""

import re
import sys

import pytest

from diffqas import QLSTM, TABLE_I, search
from diffqas.circuits import Ansatz, Gate, SearchSpace, Slot
from diffqas.reports import RankedCandidate, RankedCandidates, RunResult

NAME = "<b>a</b> $x$"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / NAME.replace("/", "")
    return search("bessel", depth=1, epochs=1, seeds=2, output=folder, quiet=True)


class Named(Ansatz):
    """One rotation of every qubit, under a name that is markup."""

    name = NAME
    rotations_per_qubit = 1

    def layer(self, n):
        return [Gate("ry", (q,), Slot(q)) for q in range(n)]


def test_a_picture_shows_itself_once(run):
    figure = run.plot()
    assert figure._repr_png_().startswith(b"\x89PNG")
    # Pyplot would draw every figure that it knows at the end of a cell, a second time.
    helpers = sys.modules.get("matplotlib._pylab_helpers")
    assert helpers is None or figure not in [m.canvas.figure for m in helpers.Gcf.figs.values()]


def test_a_formatter_of_a_notebook_finds_it(run):
    core = pytest.importorskip("IPython.core.formatters", reason="needs ipython")
    data, _ = core.DisplayFormatter().format(run.plot())
    assert "image/png" in data
    data, _ = core.DisplayFormatter().format(run)
    assert data["text/html"].startswith("<table>")


def everything(run):
    model = run.models[0]
    return [
        run,
        run.outcome,
        run.outcome.ranking,
        model.ranking(),
        model.parameter_report(),
        TABLE_I,
        QLSTM(1, 2, depth=1).parameter_report(),
    ]


def test_tables_are_short(run):
    for value in everything(run):
        assert len(repr(value)) < 1_500
        assert len(repr(value).splitlines()) <= 13
        assert "weights=(" not in repr(value)
        table = value._repr_html_()
        assert table.startswith("<table>")
        assert table.endswith("</table>")


def test_the_table_of_a_run_has_its_figures(run):
    for text in (repr(run), run._repr_html_()):
        assert "bessel, qt, 2 seeds" in text
        assert "test mse" in text
        assert "2 seeds)" in text
        assert "47" not in text
        assert "36 trainable numbers write 1,781 weights" in text


def test_names_are_quoted(run):
    space = SearchSpace([Named(), *TABLE_I[:1]])
    rows = RankedCandidates([RankedCandidate(NAME, 0.1, 0.2, gate="<i>")])
    for table in (space._repr_html_(), rows._repr_html_(), run._repr_html_()):
        assert not re.search("<(b|i)>", table)
        assert "&lt;b&gt;" in table
    assert NAME in repr(rows)


def test_a_result_of_another_program_has_a_table(run):
    other = type(run)(run.folder, {"task": 7}, run.models)
    assert str(run.folder) in repr(other)


def test_seeds_that_failed_are_told(run):
    content = {**run.result, "failures": {"1": "the loss became <nan>"}}
    table = RunResult.from_json(content)._repr_html_()
    assert "the loss became &lt;nan&gt;" in table


def test_signs_and_ranks_of_several_seeds():
    row = RankedCandidate("RX", 0.1, 0.1, weights=(0.3, -0.1, 0.2), ranks=(1, 2.5, 1))
    assert row.weight_in_words() == "0.200 (+-+)"
    assert row.rank_in_words() == "1.5 (1 .. 2.5)"
    many = RankedCandidate("RX", 0.1, 0.1, weights=(0.3,) * 6 + (-0.3,) * 2, ranks=(1,) * 8)
    assert many.weight_in_words() == "0.300 (+ in 6 of 8)"
    assert many.rank_in_words() == "1.0"
    same = RankedCandidate("RX", -0.1, 0.1, weights=(-0.1, -0.2), ranks=(1, 1))
    assert same.weight_in_words() == "-0.100"
    old = RankedCandidate("RX", -0.1, 0.1, weights=(0.1, -0.2))
    assert (old.weight_in_words(), old.rank_in_words()) == ("-0.100", "")
