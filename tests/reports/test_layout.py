"""Headings and names fit into pictures, whatever they are; axes count whole things."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffqas.reports.layout import MOST_LINES, in_lines, legend_name, shortened
from diffqas.reports.pictures import (
    boxes_for_missing_signs,
    curves_figure,
    predictions_figure,
    structure_figure,
    structure_maps,
)

TEXTS = st.text(max_size=200)
LONG = "a_very_long_name_$^$_of_a_circuit_that_somebody_gave_it_number_"


@given(TEXTS, st.integers(2, 60))
def test_lines_are_no_longer_than_asked_for(text, width):
    lines = in_lines(text, width).replace("\\$", "$").split("\n")
    assert len(lines) <= MOST_LINES
    assert all(len(line) <= width + 1 for line in lines)  # a blank stands before a first "_"


@given(TEXTS, st.integers(3, 60))
def test_short_names_keep_their_ends(text, most):
    name = shortened(text, most)
    assert len(name) <= most
    if len(name) < most:
        assert "…" not in name or "…" in text


def test_names_that_begin_alike_stay_apart():
    assert len({legend_name(f"{LONG}{number}") for number in range(5)}) == 5


def figures(name, epochs):
    weights = np.random.default_rng(0).normal(size=(epochs, 3))
    names = [f"{name}{number}" for number in range(3)]
    seeds = np.abs(weights) + 1
    snapshots = {1: np.ones((2, 9)), epochs + 1: np.zeros((2, 9)), epochs + 2: np.zeros((2, 9))}
    return {
        "structure": structure_figure(weights, names, [False, True, False], name),
        "maps": structure_maps({"forget": weights, name: weights}, names, [False] * 3, name),
        "curves": curves_figure({"train": seeds, "test": seeds}, name, name),
        "predictions": predictions_figure(snapshots, np.ones(9), 5, name, name),
    }


def texts_of(figure):
    """Headings, names of axes, legends, and the candidates' names beside maps."""
    legends = list(figure.legends)
    texts = [figure._suptitle]
    for axes in filter(lambda each: each.get_visible(), figure.axes):
        texts += [axes.title, axes.xaxis.label, axes.yaxis.label]
        if axes.images:
            texts += axes.get_yticklabels()
        if axes.get_legend() is not None:
            legends.append(axes.get_legend())
    for legend in legends:
        texts += legend.get_texts()
    return [text for text in texts if text.get_text() and text.get_visible()]


@pytest.mark.parametrize("epochs", [1, 4])
@pytest.mark.parametrize("name", ["short", 4 * LONG, "W" * 300, "river level " * 20])
def test_nothing_is_cut_at_an_edge(name, epochs):
    for kind, figure in figures(name, epochs).items():
        with boxes_for_missing_signs():
            figure.canvas.draw()
        whole = figure.bbox
        for text in texts_of(figure):
            box = text.get_window_extent()
            assert box.x1 <= whole.x1 + 1, (kind, text.get_text())
            assert box.x0 >= whole.x0 - 1, (kind, text.get_text())


@pytest.mark.parametrize("epochs", [1, 2, 30])
def test_axes_count_whole_epochs(epochs):
    for kind in ("structure", "curves"):
        figure = figures("a", epochs)[kind]
        figure.canvas.draw()
        ticks = figure.axes[0].get_xticks()
        assert len(ticks)
        assert all(float(tick).is_integer() for tick in ticks)


def test_one_epoch_is_a_point():
    for kind in ("structure", "curves"):
        lines = figures("a", 1)[kind].axes[0].get_lines()
        drawn = [line for line in lines if len(line.get_xdata()) == 1]
        assert drawn
        assert all(line.get_marker() == "o" for line in drawn)


def test_a_column_of_panels_counts_below_its_last_one():
    figure = figures("a", 3)["predictions"]
    assert [axes.get_xlabel() for axes in figure.axes if axes.get_visible()] == [
        "",
        "window",
        "window",
    ]


@settings(max_examples=20, deadline=None)
@given(TEXTS)
def test_any_name_can_be_drawn(name):
    figure = structure_figure(np.ones((2, 1)), [name], [False], name)
    with boxes_for_missing_signs():
        figure.canvas.draw()
