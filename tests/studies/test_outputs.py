import csv
import io
import re
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from diffqas.errors import ArgumentError, RunError
from diffqas.studies.cell import Cell
from diffqas.studies.columns import COLUMNS, short
from diffqas.studies.comparison import compare, compare_all
from diffqas.studies.distribution import distribution_figure
from diffqas.studies.outputs import (
    csv_text,
    latex,
    latex_text,
    markdown_text,
    terminal_tables,
    write_outputs,
)
from diffqas.studies.sentences import sentence


def cell(row, errors, group="candidate", dataset="bessel", **more):
    values = {
        "study": "table-2",
        "row": row,
        "dataset": dataset,
        "group": group,
        "trainable": 135,
        "target": 1781,
        "deterministic": False,
        "identical": None,
        "seeds": list(range(len(errors))),
        "test_mse": list(errors),
        "seconds": 12.34,
        "failures": {},
        "paper": None,
    }
    return Cell.from_json(values | more, "cell.json")


def cells(dataset="bessel", seeds=10):
    errors = 1e-6 * np.random.default_rng(0).lognormal(size=(4, seeds))
    rows = [
        cell("search, raw", errors[0], "search", paper=4e-5),
        cell("candidate 1", errors[1] * 100, identical="uniform", paper=5e-4),
        cell("candidate 3", errors[1] * 100, identical="uniform", paper=7e-4),
        cell("50 % | of_{it} & $x^2$ [b]~#\\", errors[2] * 3, "control", failures={"0": "nan"}),
        cell("broken", [None] * seeds, "control"),
        cell("LSTM", errors[3], "reference", trainable=1781),
        cell("least squares", [1e-9], "reference", deterministic=True, seeds=[], seconds=None),
    ]
    return [replace(row, dataset=dataset) for row in rows]


@pytest.fixture(scope="module")
def comparisons():
    return compare_all(cells() + cells("narma5"))


def printed(renderable, width):
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(renderable)
    return console.export_text()


def test_the_terminal_shows_every_row_and_column(comparisons):
    text = printed(terminal_tables(comparisons, 250), 250)
    assert all(column.header in text for column in COLUMNS)
    assert text.count("candidate 1 = 3") >= 2
    assert "4.00e-05" in text
    assert "9, 1 failed" in text
    assert "[b]" in text
    assert "Left out" not in text


@pytest.mark.parametrize("width", [40, 60, 80, 100, 140, 180])
def test_a_narrow_terminal_loses_columns_but_no_figures(comparisons, width):
    text = printed(terminal_tables(comparisons, width), width)
    assert "…" not in text
    assert "Left out for want of width" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= width
    for comparison in comparisons:
        assert COLUMNS[3].text(comparison.search) in text


def test_csv_gives_every_number_back(comparisons):
    rows = list(csv.DictReader(io.StringIO(csv_text(comparisons))))
    listed = [entry for comparison in comparisons for entry in comparison.entries]
    assert len(rows) == len(listed) == 12
    for row, entry in zip(rows, listed, strict=True):
        assert row["study"] == "table-2"
        assert (row["dataset"], row["row"], row["group"]) == (entry.dataset, entry.row, entry.group)
        for name in (
            "median",
            "q1",
            "low",
            "high",
            "p",
            "p_holm",
            "ratio",
            "ratio_low",
            "d_z",
            "seconds",
            "worst",
        ):
            value = getattr(entry, name)
            assert row[name] == "" if value is None else float(row[name]) == value
        assert tuple(map(float, row["errors"].split())) == entry.errors
        assert tuple(map(int, row["seeds"].split())) == entry.seeds
        assert tuple(map(int, row["failed"].split())) == entry.failed
        assert tuple(map(float, row["paper"].split())) == entry.paper
        assert row["rows"].split(" = ") == list(entry.rows)


def test_markdown_has_as_many_cells_in_every_line(comparisons):
    text = markdown_text(comparisons)
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len(lines) == 2 * (2 + 6)
    split = [[part.strip() for part in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    assert {len(parts) for parts in split} == {len(COLUMNS)}
    assert split[0] == [column.header for column in COLUMNS]
    assert split[2][0] == "**search, raw**"
    assert split[2][3] == COLUMNS[3].text(comparisons[0].search)
    assert re.sub(r"\\(.)", r"\1", split[4][0]) == comparisons[0].entries[2].row
    assert "## narma5" in text
    assert "No difference was found" in text


def test_latex_is_balanced_and_escaped(comparisons):
    text = latex_text(comparisons)
    plain = text.replace(r"\textbackslash{}", "").replace(r"\\", "")
    bare = re.sub(r"\\[&%$#_{}]", "", plain)
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") % 2 == 0
    assert "#" not in bare
    assert text.count(r"\begin{") == text.count(r"\end{") == 4
    rows = [line for line in text.splitlines() if line.endswith(r" \\")]
    assert len(rows) == 2 * (1 + 6)
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {len(COLUMNS) - 1}
    assert r"50 \% \textbar{} of\_\{it\} \& \$x\textasciicircum{}2\$" in text
    assert text.count(r"\toprule") == text.count(r"\bottomrule") == 2
    assert text.count(r"\midrule") == 2 * 4  # below the heading and before three new groups
    assert "–" not in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.20e-06", r"$1.20\times10^{-6}$"),
        ("p = 1e+10.", r"p = $1\times10^{10}$."),
        ("-0.4", "$-0.4$"),
        ("(-1 .. 2.5e-07)", r"($-1$--$2.5\times10^{-7}$)"),
        ("inf", r"$\infty$"),
        ("-inf", r"$-\infty$"),
        ("H-Ent-RX, depth-5, info 12", "H-Ent-RX, depth-5, info 12"),
        ("–", "--"),
    ],
)
def test_latex_numbers(text, expected):
    assert latex(text) == expected


def test_large_ratios_have_no_exponent():
    assert [short(value) for value in (1425.7, 999.9999, -1234.5, 2.5e6, 0.4, None)] == [
        "1430",
        "1000",
        "-1230",
        "2.5e+06",
        "0.4",
        "–",
    ]


def test_all_files_are_written_and_say_the_same(comparisons, tmp_path):
    paths = write_outputs(comparisons, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "table.csv",
        "table.md",
        "table.png",
        "table.tex",
    ]
    assert paths["csv"].read_text() == csv_text(comparisons)
    assert paths["markdown"].read_text() == markdown_text(comparisons)
    assert paths["figure"].read_bytes()[:4] == b"\x89PNG"
    for comparison in comparisons:
        assert latex(sentence(comparison)) in paths["latex"].read_text()
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    write_outputs(comparisons, tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_that_is_not_there_is_told(comparisons, tmp_path):
    with pytest.raises(RunError, match="Cannot write"):
        write_outputs(comparisons, tmp_path / "absent")


def test_the_figure_shows_the_errors_in_the_studys_order(comparisons):
    figure = distribution_figure(comparisons)
    axes = figure.axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels[0] == "search, raw"
    assert labels[1] == "candidate 1 = 3"
    assert axes.get_ylim()[0] > axes.get_ylim()[1]
    assert axes.get_xscale() == "log"
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    np.testing.assert_array_equal(dots[0].get_xdata(), comparisons[0].search.errors)
    bars = [line.get_xdata()[0] for line in axes.lines if line.get_linewidth() == 2.2]
    assert bars == [
        entry.median for entry in comparisons[0].entries if not entry.deterministic and entry.errors
    ]
    diamonds = [line.get_xdata() for line in axes.lines if line.get_marker() == "D"]
    assert [tuple(values) for values in diamonds] == [
        entry.paper for entry in comparisons[0].entries
    ]
    assert {text.get_text() for text in axes.texts} == {"1 failed", "10 failed"}
    assert len({dots[0].get_color(), dots[1].get_color(), dots[2].get_color()}) == 3


def labels_of(axes):
    """What stands at the ticks of the horizontal axis within its limits."""
    axes.figure.canvas.draw()
    low, high = axes.get_xlim()
    ticks = zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
    return [label.get_text() for place, label in ticks if low <= place <= high]


def test_an_axis_of_less_than_two_decades_has_labels_that_lie_apart():
    figure = distribution_figure(
        [compare([cell("search", [2.3e-5, 4e-5], "search"), cell("other", [6e-5, 7e-5])])]
    )
    assert labels_of(figure.axes[0]) == [
        r"$\mathdefault{2\times10^{-5}}$",
        r"$\mathdefault{5\times10^{-5}}$",
        r"$\mathdefault{10^{-4}}$",
    ]
    assert not any(label.get_text() for label in figure.axes[0].get_xticklabels(minor=True))


def test_the_legend_has_no_sign_that_is_not_drawn():
    trained = distribution_figure([compare([cell("search", [1e-5], "search")])])
    assert [text.get_text() for text in trained.legends[0].get_texts()] == [
        *("search", "median", "median of the search")
    ]


def odd(name):
    if name == "one seed":
        return [compare(cells(seeds=1))]
    if name == "missing cells":
        return compare_all(
            [*cells(), *cells("narma5")[:2], *(c for c in cells("narma10") if c.row != "LSTM")]
        )
    if name == "nothing finished":
        return [compare([cell("search", [None] * 3, "search")])]
    if name == "zeros":
        return [compare([cell("search", [0.0, 1e-6], "search"), cell("all", [0.0, 0.0])])]
    if name == "only zeros":
        return [compare([cell("search", [0.0], "search")])]
    if name == "huge":
        return [compare([cell("search", [1e-300, 1e300], "search"), cell("failed", [None, 1e300])])]
    return compare_all([c for i in range(6) for c in cells(f"set {i} $", 2)])


@pytest.mark.parametrize(
    "name",
    [
        "one seed",
        "missing cells",
        "nothing finished",
        "zeros",
        "only zeros",
        "huge",
        "many data sets",
    ],
)
def test_odd_studies_are_written_too(name, tmp_path):
    paths = write_outputs(odd(name), tmp_path)
    assert all(path.stat().st_size > 200 for path in paths.values())
    assert printed(terminal_tables(odd(name), 120), 120)


def test_rows_of_later_data_sets_find_their_place():
    first = [row for row in cells() if row.row != "broken"]
    figure = distribution_figure(compare_all(first + cells("narma5")))
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert [labels.index(name) for name in ("broken", "LSTM", "least squares")] == [3, 4, 5]


def test_no_figure_of_nothing():
    with pytest.raises(ArgumentError, match="comparisons"):
        distribution_figure([])
