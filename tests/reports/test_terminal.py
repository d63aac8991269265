import io

import numpy as np
import pytest
from rich.console import Console

from diffqas import TABLE_I, Candidate, SearchSpace
from diffqas.reports.pictures import (
    curves_figure,
    predictions_figure,
    save_figure,
    structure_figure,
    structure_maps,
)
from diffqas.reports.result import RankedCandidate
from diffqas.reports.terminal import BEST_OF_GATE, ranking_bars, space_note
from diffqas.reports.words import number, spread


def printed(renderable) -> str:
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(renderable)
    return console.export_text()


def test_bars_are_proportional_and_constants_are_named():
    ranking = [
        {
            "candidate": "Ent-RY",
            "contribution": 2.0,
            "weight": 0.5,
            "merged": ["Ent-RY"],
            "constant": False,
        },
        {
            "candidate": "Ring-RX",
            "contribution": 1.0,
            "weight": -0.25,
            "merged": ["Ring-RX"],
            "constant": False,
        },
        {
            "candidate": "Ent-RZ",
            "contribution": 0.0,
            "weight": 3.0,
            "merged": ["Ent-RZ", "Ring-RZ"],
            "constant": True,
        },
    ]
    text = printed(ranking_bars([RankedCandidate(**row) for row in ranking], "raw", width=20))
    first, second, third = (line for line in text.splitlines() if "R" in line and "|" not in line)
    assert first.count("█") == 2 * second.count("█") == 20
    assert "(constant, 2 alike)" in third
    assert "-0.250" in second


def test_numbers_and_spreads():
    assert number(1.234e-5) == "1.23e-05"
    assert spread([None, 2.0]) == "2"
    assert spread([]) == "none"


def test_a_space_without_dead_candidates_has_no_note():
    assert space_note(SearchSpace([Candidate(rotation="ry")]), 5) is None
    assert space_note(TABLE_I, 5).startswith("6 of 12 candidates are constant")


def test_pictures_of_odd_shapes_are_drawn(tmp_path):
    truth = np.sin(np.arange(30.0))
    one = {1: truth[None]}
    three = {epoch: np.stack([truth, truth + epoch]) for epoch in (1, 2, 5)}
    for index, figure in enumerate(
        [
            predictions_figure(one, truth, 20, "one epoch"),
            predictions_figure(three, truth, 20, "three epochs, two seeds"),
            structure_figure(
                np.random.default_rng(0).normal(size=(4, 15)),
                list("abcdefghijklmno"),
                [False] * 15,
                "x",
            ),
            curves_figure({"train": np.ones((4, 2)), "test": np.full((4, 2), 0.1)}, "curves"),
        ]
    ):
        path = tmp_path / f"{index}.png"
        save_figure(figure, path)
        assert path.stat().st_size > 5000


def test_the_figure_shows_the_numbers_that_it_was_given():
    weights = np.array([[0.1, 0.2], [0.3, -0.4]])
    (axes,) = structure_figure(weights, ["live", "dead"], [False, True], "t").axes
    lines = {line.get_label(): line.get_ydata() for line in axes.get_lines()}
    assert lines["live"] == pytest.approx([0.1, 0.3])
    assert lines["dead (constant)"] == pytest.approx([0.2, -0.4])


def test_each_gate_has_bars_of_its_own_and_lists_its_best():
    rows = [
        {
            "gate": gate,
            "candidate": f"C{i}",
            "contribution": size / (i + 1),
            "weight": 0.5,
            "constant": False,
            "merged": [],
        }
        for gate, size in (("forget", 10.0), ("cell", 1.0))
        for i in range(BEST_OF_GATE + 2)
    ]
    lines = printed(
        ranking_bars([RankedCandidate(**row) for row in rows], "raw", width=20)
    ).splitlines()
    firsts = [line for line in lines if "C0" in line]
    assert [line.split()[0] for line in firsts] == ["forget", "cell"]
    assert [line.count("█") for line in firsts] == [20, 20]
    assert sum("and 2 more" in line for line in lines) == 2
    assert sum("█" in line for line in lines) == 2 * BEST_OF_GATE


@pytest.mark.parametrize(("width", "bar"), [(80, 20), (120, 32)])
def test_a_narrow_terminal_shortens_bars_and_breaks_no_figure(width, bar):
    weights, ranks = (0.25,) * 8 + (-0.25,) * 2, (1.0,) * 9 + (7.0,)
    rows = [
        RankedCandidate("Ent-RZ", 0.25, share, ("Ent-RZ", "Ring-RZ"), True, "", weights, (), ranks)
        for share in (2.0, 1.0)
    ]
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(ranking_bars(rows, "raw"))
    text = console.export_text()
    assert text.count("0.250 (+ in 8 of 10)  1.6 (1 .. 7)") == 2
    assert [line.count("█") for line in text.splitlines() if "█" in line] == [bar, bar // 2]


@pytest.mark.parametrize(("low", "limits"), [(-0.5, (-2.0, 2.0)), (0.5, (0.0, 2.0))])
def test_maps_show_the_weights_that_they_were_given(low, limits):
    maps = {
        "forget": np.array([[low, 1.0], [1.0, 2.0], [1.0, 1.0]]),
        "input": np.ones((3, 2)),
        "all": np.ones((3, 2)),
    }
    figure = structure_maps(maps, ["live", "dead"], [False, True], "t", across=2)
    panels = {axes.get_title(): axes for axes in figure.axes if axes.get_title()}
    assert list(panels) == list(maps)
    for name, axes in panels.items():
        assert (axes.images[0].get_array() == maps[name].T).all()
        assert axes.images[0].get_clim() == limits
    colours = [label.get_color() for label in panels["forget"].get_yticklabels()]
    assert colours[0] != colours[1]
