"""Names of rows, data sets and metrics that are commands to LaTeX, Markdown, CSV or matplotlib."""

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from diffqas.studies import Cell, compare, metric_of
from diffqas.studies.cell import AgentFigures, SmoothedRewards
from diffqas.studies.curves import curves_figure
from diffqas.studies.distribution import distribution_figure
from diffqas.studies.outputs import csv_text, latex_text, markdown_text
from diffqas.studies.reward_curves import rewards_figure

ODD = ["a$^$b", "$", "_x", "=1+1", "+a", "-a", "@a", "a|b", "r[/x]", "[red]", "\x1b[2J", "{%"]
ODD += ["\\input{x}", "<b>", "`c`", "a & b \\\\", "#1", "^", "a\nb", "\u202ea", "* b", "&amp;"]


def drawn(figure):
    figure.savefig(io.BytesIO(), format="png", dpi=40)


def cell(row, dataset, group="search", **changes):
    made = Cell(
        study="s",
        row=row,
        dataset=dataset,
        group=group,
        circuit=None,
        trainable=3,
        target=None,
        deterministic=False,
        identical=None,
        seeds=[0, 1],
        figures={"test_mse": [1.0, 0.5], "train_mse": [1.0, 0.5]},
        seconds=1.0,
        failures={},
    )
    return replace(made, **changes)


@pytest.mark.parametrize("name", ODD)
def test_a_table_shows_a_name_as_text(name):
    table = compare([cell("search", name), cell(name, name, group=name)])
    for line in csv.reader(io.StringIO(csv_text([table]))):
        assert not any(re.match(r"[=@\t\r]|[+-](?!\d)", text) for text in line)
    text = markdown_text([table])
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1
    assert "\x1b" not in text
    assert "<b>" not in re.sub(r"\\<", "", text)
    latex = latex_text([table])
    assert latex.count(r"\begin{table*}") == latex.count(r"\end{table*}") == 1
    assert r"\input" not in latex
    plain = re.sub(r"\\[{}]", "", latex)
    assert plain.count("{") == plain.count("}")
    assert "\x1b" not in latex


@pytest.mark.parametrize("name", ODD)
@pytest.mark.filterwarnings("ignore:Glyph")
def test_a_picture_shows_a_name_as_text(name):
    metric = metric_of("mse")
    metric = replace(metric, title=name)
    drawn(distribution_figure([compare([cell("search", name), cell(name, name)], metric=metric)]))
    curves = {"test_mse": [[1.0, 0.5], [0.5, 0.4]]}
    drawn(curves_figure([cell("search", name, curves=curves), cell(name, name, curves=curves)]))
    rewards = SmoothedRewards([1, 2], [0.1, 0.2], [0.0, 0.0])
    acted = AgentFigures(
        [None, 2], 2, [0.1, 0.2], [0.1, 0.2], [2.0, 3.0], [2, 2], [5, 5], [rewards, rewards]
    )
    drawn(rewards_figure([cell(name, name, agents=acted)]))


@pytest.mark.parametrize("name", ODD)
@pytest.mark.filterwarnings("ignore:Glyph")
def test_the_report_of_what_is_kept_shows_a_name_as_text(name, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "studies"))
    import discretise_report
    from stability import Ranks

    table = np.array([[1.0, 2.0], [2.0, 1.0]])
    ranks = Ranks((name, "b"), (False, False), (0, 1), table)
    drawn(discretise_report.ranks_figure(ranks))
    lines = discretise_report.sentences(ranks)
    rows = [
        line
        for line in discretise_report.ranks_text(ranks, lines).splitlines()
        if line.startswith("|")
    ]
    assert len(rows) == 4
    assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1
    kept = [cell(f"{name}, as found", "d"), cell(f"{name}, retrained", "d")]
    drawn(discretise_report.kept_figure(kept, "mse"))
