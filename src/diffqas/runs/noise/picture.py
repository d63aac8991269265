"""Figures of measured circuits against shots, on backends too, and against rates of errors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diffqas.reports import blank, clean
from diffqas.runs.noise.table import ON_DEVICES, NoiseReport, NoiseRow
from diffqas.text import mathtext

AXES = {
    "shots": "shots of each circuit",
    "depolarising": "depolarising rate",
    "readout": "readout error",
}
LINEAR = ("accuracy", "reward")


def report_figure(report: NoiseReport) -> Figure:
    """Draw a panel for every sweep and every backend.

    A panel has the median over seeds and repeats with a band, and the exact median dashed. For a
    backend, the horizontal axis is the shots of each circuit, and the median for infinitely many
    shots is dotted. Bands reach from the lowest to the highest figure. Axes are logarithmic, except
    those of an accuracy or a reward.
    """
    sweeps = [sweep for sweep in AXES if any(row.sweep == sweep for row in report.rows)]
    devices = [(row.sweep, str(row.level)) for row in report.rows if row.sweep in ON_DEVICES]
    backends = list(dict.fromkeys(devices))
    count = max(1, len(sweeps) + len(backends))
    figure = blank(1.5 + 4.5 * count, 4.2)
    panels = list(figure.subplots(1, count, sharey=True, squeeze=False).flat)
    for axes, sweep in zip(panels, sweeps, strict=False):
        for color, mixture in zip(_colors(), report.mixtures, strict=False):
            rows = sorted(report.of(mixture, sweep), key=lambda row: float(row.level))
            _line(axes, rows, report.metric, mixture, color)
            axes.axhline(
                report.exact(mixture).median(report.metric),
                color=color,
                linestyle="--",
                linewidth=0.9,
            )
        axes.set_xscale("log")
        axes.set_xlabel(AXES[sweep])
    for axes, (sweep, backend) in zip(panels[len(sweeps) :], backends, strict=False):
        _draw_backend(axes, report, sweep, backend)
    for axes in panels:
        if report.metric not in LINEAR:
            axes.set_yscale("log")
        clean(axes)
    panels[0].set_ylabel(mathtext(report.label))
    if sweeps or backends:
        panels[0].legend(frameon=False, fontsize=8)
    trained = len(report.seeds)
    seeds = f"{trained} seed{'s' * (trained > 1)}"
    title = f"{report.task}: measured circuits ({seeds}); dashed: exact probabilities"
    if any(sweep == "backend" for sweep, _ in backends):
        title += "; dotted: the backend without shot noise"
    figure.suptitle(mathtext(title), x=0.01, ha="left", fontsize=11)
    return figure


def _draw_backend(axes: Axes, report: NoiseReport, sweep: str, backend: str) -> None:
    """The figures of one backend over the shots, simulated or as it gave them itself."""
    for color, mixture in zip(_colors(), report.mixtures, strict=False):
        rows = [row for row in report.of(mixture, sweep) if row.level == backend]
        exact = report.exact(mixture).median(report.metric)
        axes.axhline(exact, color=color, linestyle="--", linewidth=0.9)  # pyright: ignore
        _line(axes, [row for row in rows if row.shots is not None], report.metric, mixture, color)
        for row in rows:
            if row.shots is None:
                without = row.median(report.metric)
                name = None if any(row.shots for row in rows) else mathtext(mixture)
                axes.axhline(without, color=color, linestyle=":", label=name)  # pyright: ignore
    if any(row.shots for row in report.rows):
        axes.set_xscale("log")
    way = "" if sweep == "backend" else f" ({sweep})"
    axes.set_xlabel(mathtext(f"shots of each circuit on {backend}{way}"))


def _line(axes: Axes, rows: Sequence[NoiseRow], metric: str, name: str, color: object) -> None:
    if not rows:
        return
    places = [float(row.level if row.counted is None else row.counted) for row in rows]
    values = [np.array(row.values(metric)) for row in rows]
    low, middle, high = (
        [float(pick(few)) for few in values] for pick in (np.min, np.median, np.max)
    )
    axes.plot(
        places, middle, "-o", color=color, markersize=3.5, linewidth=1.4, label=mathtext(name)
    )  # pyright: ignore
    axes.fill_between(places, low, high, color=color, alpha=0.18, linewidth=0)  # pyright: ignore


def _colors() -> list[object]:
    return [colormaps["tab10"](index) for index in range(10)]
