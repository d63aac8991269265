"""The report of `study discretise` beside its table: what is kept, and whether the seeds agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from diffqas.reports import BOUNDARY, PREDICTION, TRUTH, Terminal, blank, clean, save_figure
from diffqas.storage import csv_content, make_folder, write_atomically
from diffqas.studies import Cell, Comparison, Metric, compare, markdown_text, short
from diffqas.text import markdown, mathtext
from found import Found
from stability import Agreement, Ranks, agreement, ranks_of

COLORS = (PREDICTION, TRUTH, BOUNDARY)
"""Of what is done with the kept candidates, in the order of the table."""


def tell(found: Found, path: Path, cells: Sequence[Cell], console: Terminal) -> None:
    """Write gaps.md, ranks.csv, ranks.md and two figures into the study's folder, and say whether
    the seeds agree.
    """
    seeds = found.origin.seeds
    used = next((cell.seeds for cell in cells), seeds)
    rankings = {seed: ranking for seed, ranking in found.rankings().items() if seed in used}
    make_folder(path / "figures", inside=path)
    lines = ["Each output ranks the candidates by itself: ranks of the seeds are not compared."]
    if rankings:
        ranks = ranks_of(rankings, found.constant)
        lines = sentences(ranks)
        write_atomically(path / "ranks.csv", csv_text(ranks).encode())
        write_atomically(path / "ranks.md", ranks_text(ranks, lines).encode())
        save_figure(ranks_figure(ranks), path / "figures" / "ranks.png")
    if cells:
        save_figure(kept_figure(cells, found.metric), path / "figures" / "kept.png")
    gaps = gaps_of(cells, found.compared)
    if gaps:
        write_atomically(path / "gaps.md", markdown_text(gaps).encode())
    for line in lines:
        console.say(line)
    console.print()


def gaps_of(cells: Sequence[Cell], metric: Metric) -> list[Comparison]:
    """For each thing that is done, what is kept against the whole mixture after the same."""
    ways: dict[str, list[Cell]] = {}
    for cell in cells:
        ways.setdefault(cell.row.rsplit(", ", 1)[1], []).append(cell)
    gaps = []
    for way, own in ways.items():
        whole = next((cell.row for cell in own if cell.group == "search"), None)
        if whole is not None and len(own) > 1:
            compared = compare(own, whole, metric=metric)
            gaps.append(replace(compared, dataset=f"{compared.dataset}, {way}"))
    return gaps


def sentences(ranks: Ranks) -> list[str]:
    """What the ranks say, of live candidates and of all; one line where there is nothing to
    compare.
    """
    if len(ranks.seeds) < 2:
        return ["One seed: whether rankings agree takes at least two."]
    kinds = {"live candidates": ranks.live(), "candidates, constants among them": ranks}
    kinds = {name: kind for name, kind in kinds.items() if len(kind.names) >= 2}
    if len(ranks.live().names) == len(ranks.names):
        kinds.pop("candidates, constants among them", None)
    return [_sentence(name, agreement(kind)) for name, kind in kinds.items()] or [
        "One candidate: nothing is ranked."
    ]


def _sentence(name: str, found: Agreement) -> str:
    return (
        f"Ranking of {found.candidates} {name} over {found.seeds} seeds: Kendall's W "
        f"{found.kendall:.2f} (1 if all"
        f" agree, {1 / found.seeds:.2f} expected by chance), mean Spearman "
        f"{found.spearman:+.2f}, permutation p ="
        f" {short(found.p)}; {found.first} is the best of {round(found.share * found.seeds)} of "
        f"{found.seeds} seeds."
    )


def csv_text(ranks: Ranks) -> str:
    """One line per candidate and seed."""
    rows: list[list[object]] = [["candidate", "constant", "seed", "rank", "contribution"]]
    for place, name in enumerate(ranks.names):
        for row, seed in enumerate(ranks.seeds):
            figures = (float(ranks.ranks[row, place]), float(ranks.contributions[row, place]))
            rows.append([name, ranks.constant[place], seed, *figures])
    return csv_content(rows)


def ranks_text(ranks: Ranks, lines: Sequence[str]) -> str:
    """Candidates by their median rank, and what follows."""
    table = ranks.ranks
    head = ["candidate", "median rank", "best", "worst", *(f"seed {seed}" for seed in ranks.seeds)]
    rows = [head, ["---", *["---:"] * (len(head) - 1)]]
    for place in np.argsort(np.median(table, axis=0), kind="stable"):
        own = table[:, place]
        name = markdown(ranks.names[place])
        if ranks.constant[place]:
            name = f"{name}, constant"
        figures = (np.median(own), own.min(), own.max(), *own)
        rows.append([name, *(f"{value:g}" for value in figures)])
    told = map(markdown, lines)
    return "\n".join([*(f"| {' | '.join(row)} |" for row in rows), "", *told, ""])


def ranks_figure(ranks: Ranks) -> Figure:
    """Ranks as colours, a column per seed, candidates by their median rank; names of constants are
    grey.
    """
    table = ranks.ranks
    order = np.argsort(np.median(table, axis=0), kind="stable")
    figure = blank(2.8 + 0.42 * len(ranks.seeds), 1.2 + 0.34 * len(order))
    axes = figure.subplots()
    axes.imshow(table[:, order].T, cmap="Blues_r", vmin=1, vmax=len(order) + 2, aspect="auto")
    for column, seed in enumerate(table):
        for row, place in enumerate(order):
            color = "white" if seed[place] <= len(order) / 2 else "black"
            axes.text(
                column, row, f"{seed[place]:g}", ha="center", va="center", fontsize=8, color=color
            )
    names = [mathtext(ranks.names[place]) for place in order]
    axes.set_yticks(range(len(order)), names, fontsize=8)
    for label, place in zip(axes.get_yticklabels(), order, strict=True):
        label.set_color("0.55" if ranks.constant[place] else "black")
    axes.set_xticks(range(len(ranks.seeds)), [str(seed) for seed in ranks.seeds], fontsize=8)
    axes.set_xlabel("seed")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.set_title("rank of each candidate by seed", loc="left", fontsize=11)
    return figure


def kept_figure(cells: Sequence[Cell], metric: str) -> Figure:
    """A column for everything that is kept, in it a place for everything that is done then: points
    are seeds.
    """
    by_row = {
        cell.row: [v for v in cell.figures[f"test_{metric}"] if v is not None] for cell in cells
    }
    kept = list(dict.fromkeys(name.rsplit(", ", 1)[0] for name in by_row))
    ways = list(dict.fromkeys(name.rsplit(", ", 1)[1] for name in by_row))
    figure = blank(2.4 + 1.5 * len(kept), 4.2)
    axes = figure.subplots()
    for place, way in enumerate(ways):
        color = COLORS[place % len(COLORS)]
        axes.plot([], [], "o", color=color, markersize=4, label=way)
        for column, name in enumerate(kept):
            values = by_row.get(f"{name}, {way}", [])
            middle = column + 0.26 * (place - (len(ways) - 1) / 2)
            spread = 0.05 * np.sin(2.4 * np.arange(len(values)))
            axes.plot(
                middle + spread,
                values,
                "o",
                color=color,
                markersize=3.2,
                alpha=0.65,
                markeredgewidth=0,
            )
            if values:
                median = float(np.median(values))
                axes.plot(
                    [middle - 0.1, middle + 0.1], [median, median], color=color, linewidth=2.2
                )
    axes.set_xticks(range(len(kept)), list(map(mathtext, kept)))
    axes.set_ylabel(mathtext(f"test {metric}"))
    if metric == "accuracy":
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    elif all(value > 0 for values in by_row.values() for value in values):
        axes.set_yscale("log")
    clean(axes)
    figure.legend(loc="outside upper right", ncols=len(ways), frameon=False, fontsize=9)
    return figure
