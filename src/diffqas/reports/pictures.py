"""Pictures of a run: predictions against the truth, and structural weights over the epochs.

Matplotlib is imported by the functions that draw, here and in the modules beside, so that commands
that only print start without it.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from diffqas.reports.layout import (
    counting,
    heading,
    in_lines,
    legend_name,
    marker_for,
    shortened,
)
from diffqas.storage import Json, write_through
from diffqas.text import mathtext

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.floating]
TRUTH, PREDICTION, BOUNDARY = "#e07b00", "#1f5fbf", "#c1272d"


def predictions_figure(
    snapshots: Mapping[int, Floats],
    truth: Floats,
    boundary: int,
    title: str,
    values: str = "value as the model sees it",
) -> Figure:
    """Draw prediction against truth, one panel per epoch, as in Fig. 8-12 of arXiv 2505.09653.

    Args:
        snapshots: predictions (seeds, count) by epoch. The line is the first seed; the band reaches
            over all seeds.
        truth: the true values, (count,).
        boundary: the number of training samples; a dashed line stands before the first test sample.
        title: the heading.
        values: what is predicted, for the vertical axis.
    """
    epochs = sorted(snapshots)
    rows = math.ceil(len(epochs) / 2)
    figure = blank(10, 2.6 * rows + 0.6)
    grid = figure.subplots(rows, min(2, len(epochs)), sharex=True, sharey=True, squeeze=False)
    index = np.arange(len(truth))
    for axes, epoch in zip(grid.flat, epochs, strict=False):
        axes.plot(index, truth, "--", color=TRUTH, linewidth=1.4, label="truth")
        _draw_predictions(axes, snapshots[epoch])
        axes.axvline(boundary - 0.5, color=BOUNDARY, linestyle="--", linewidth=1)
        axes.set_title(f"epoch {epoch}", fontsize=10)
        clean(axes)
    for axes in grid.flat[len(epochs) :]:
        axes.set_visible(False)  # with an odd number of epochs one panel is not used
    _count_below(grid, len(epochs), "window")
    for axes in grid[:, 0]:
        axes.set_ylabel(in_lines(shortened(values), 26))
    first = grid[0][0]
    top = first.get_ylim()[1]
    first.text(boundary - 2, top, "train", ha="right", va="top", fontsize=8, color=BOUNDARY)
    first.text(boundary + 1, top, "test", ha="left", va="top", fontsize=8, color=BOUNDARY)
    # All panels have the same lines, so one legend is enough.
    handles, labels = first.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside upper right", ncols=len(labels), frameon=False, fontsize=9
    )
    heading(figure, title)
    return figure


def _count_below(grid: NDArray[np.object_], count: int, unit: str) -> None:
    """Number the axis of the last panel of each column; the last row may have fewer panels."""
    for column in range(grid.shape[1]):
        shown = [row for row in range(grid.shape[0]) if row * grid.shape[1] + column < count]
        if shown:
            lowest = grid[shown[-1], column]
            counting(lowest, unit)
            lowest.tick_params(labelbottom=True)


def _draw_predictions(axes: Axes, prediction: Floats) -> None:
    """Draw the first seed of (seeds, count) as a line, and all seeds as a band."""
    index = np.arange(prediction.shape[1])
    axes.plot(index, prediction[0], color=PREDICTION, linewidth=1.1, label="prediction")
    if len(prediction) > 1:
        low, high = prediction.min(axis=0), prediction.max(axis=0)
        look: Json = {"color": PREDICTION, "alpha": 0.2, "linewidth": 0}
        axes.fill_between(index, low, high, label="all seeds", **look)


def structure_figure(
    weights: Floats,
    names: Sequence[str],
    constants: Sequence[bool],
    title: str,
    unit: str = "epoch",
    counts: Floats | None = None,
) -> Figure:
    """Draw structural weights over the epochs, or over whatever `unit` names.

    Candidates that are constant are drawn dotted and grey.

    Args:
        weights: the weights (epochs, candidates), the medians over the seeds.
        names: the names of the candidates.
        constants: which of them are constant.
        title: the heading.
        unit: what is counted on the horizontal axis.
        counts: the count at each row of the weights; None stands for 1, 2 and so on.
    """
    from matplotlib import colormaps

    figure = blank(8, 4.2)
    axes = figure.subplots()
    epochs = np.arange(1, len(weights) + 1) if counts is None else counts
    marker = marker_for(len(weights))
    # The legend is ordered by the last weights, from the largest down, as the lines end.
    order = [int(column) for column in np.argsort(-weights[-1])]
    live = [column for column in order if not constants[column]]
    # Ten colours can be told apart well. With more candidates, neighbours in rank look alike.
    scale = "tab10"
    if len(live) > 10:
        scale = "turbo"
    palette = colormaps[scale].resampled(max(10, len(live)))
    for column in order:
        path, label = weights[:, column], legend_name(names[column])
        if constants[column]:
            label = f"{label} (constant)"
            axes.plot(epochs, path, ":", color="0.6", linewidth=1.4, label=label, marker=marker)
        else:
            color = palette(live.index(column))
            axes.plot(epochs, path, color=color, linewidth=1.4, label=label, marker=marker)
    axes.axhline(0, color="0.8", linewidth=0.8, zorder=0)
    counting(axes, unit)
    axes.set_ylabel("structural weight")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8)
    heading(figure, title)
    clean(axes)
    return figure


def structure_maps(
    maps: Mapping[str, Floats],
    names: Sequence[str],
    constants: Sequence[bool],
    title: str,
    across: int = 4,
) -> Figure:
    """Draw the structural weights of many candidates over the epochs, as colours.

    There is one panel for each place in the model.

    Args:
        maps: weights (epochs, candidates) by the name of the panel.
        names: the names of the candidates.
        constants: which of them are constant; their names are grey.
        title: the heading.
        across: how many panels a row has.
    """
    from matplotlib.ticker import MaxNLocator

    rows, columns = math.ceil(len(maps) / across), min(across, len(maps))
    height = 0.7 + 0.17 * max(len(names), 6)  # of a panel: its heading and a line for each name
    figure = blank(2.2 + 2.3 * columns, 0.9 + rows * height)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    colours = _colours(list(maps.values()))
    # A long name loses its middle, so that names with the same beginning or end stay different.
    shown = [mathtext(shortened(name, 26)) for name in names]
    for axes, (name, weights) in zip(grid.flat, maps.items(), strict=False):
        # Pixels lie around whole numbers: epochs count from 1 to the right, candidates from 0 down.
        extent = (0.5, len(weights) + 0.5, len(names) - 0.5, -0.5)
        axes.imshow(weights.T, aspect="auto", interpolation="nearest", extent=extent, **colours)
        axes.set_title(in_lines(shortened(name), 24), fontsize=10)
        axes.set_yticks(range(len(names)), shown, fontsize=7)
    for axes in grid.flat[len(maps) :]:
        axes.set_visible(False)
    for axes in grid[:, 0]:
        for label, constant in zip(axes.get_yticklabels(), constants, strict=True):
            if constant:
                label.set_color("0.6")
    _count_below(grid, len(maps), "epoch")
    for axes in grid.flat:
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True, min_n_ticks=1))
    figure.colorbar(
        grid[0][0].images[0], ax=grid, label="structural weight", fraction=0.05, aspect=40
    )
    if any(constants):
        title += "; grey: constant"
    heading(figure, title)
    return figure


def _colours(maps: Sequence[Floats]) -> Json:
    """One scale of colours for all panels; NaN, where seeds failed, is ignored."""
    largest = max(float(np.nanmax(np.abs(weights))) for weights in maps)
    lowest = min(float(np.nanmin(weights)) for weights in maps)
    if largest == 0:
        largest = 1.0  # a scale must not have the length 0
    # Weights of both signs are blue and red around 0. Shares begin at white.
    if lowest < 0:
        return {"cmap": "RdBu_r", "vmin": -largest, "vmax": largest}
    return {"cmap": "Reds", "vmin": 0.0, "vmax": largest}


def curves_figure(curves: Mapping[str, Floats], title: str, what: str = "") -> Figure:
    """Draw figures over the epochs on a logarithmic scale: medians and ranges over the seeds.

    Args:
        curves: values (epochs, seeds) by name.
        title: the heading.
        what: the figure and its unit, for the vertical axis.
    """
    figure = blank(8, 4.2)
    axes = figure.subplots()
    colors = (TRUTH, PREDICTION, BOUNDARY, "0.4")
    for (name, values), color in zip(curves.items(), colors, strict=False):
        epochs = np.arange(1, len(values) + 1)
        middle = np.median(values, axis=1)
        look: Json = {"color": color, "linewidth": 1.4, "marker": marker_for(len(epochs))}
        axes.plot(epochs, middle, label=legend_name(name), **look)
        if values.shape[1] > 1:
            low, high = values.min(axis=1), values.max(axis=1)
            axes.fill_between(epochs, low, high, color=color, alpha=0.2, linewidth=0)
    axes.set_yscale("log")
    counting(axes, "epoch")
    axes.set_ylabel(in_lines(what, 40))
    # The legend stands beside the panel: inside, it would cover curves that stay high.
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=9)
    heading(figure, title)
    clean(axes)
    return figure


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, whole or not at all."""

    def write(buffer: io.BytesIO) -> None:
        with boxes_for_missing_signs():
            figure.savefig(buffer, format="png", dpi=120)

    write_through(path, write)


@contextmanager
def boxes_for_missing_signs() -> Iterator[None]:
    """Draw a box, without a warning, for a character that the font lacks, such as an emoji."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)
        yield


def blank(width: float, height: float) -> Figure:
    """An empty figure of this size in inches."""
    from diffqas.reports.canvas import Picture

    return Picture(width, height)


def clean(axes: Axes) -> None:
    """Remove the parts of the axes that carry no information."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="0.92", linewidth=0.8)
