"""The picture of forecasts of several steps."""

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from diffqas.reports.forecast import forecast_figure, forecast_table
from diffqas.reports.pictures import save_figure
from diffqas.tasks.series import ForecastErrors, load_series, sunspots

DATA = load_series("sunspots")
MODELS = np.array([[1.0, 2.0, 6.0], [3.0, 8.0, 5.0], [2.0, 4.0, 7.0]])


def errors(models=MODELS, persistence=(5.0, 6.0, 7.0)):
    return ForecastErrors(
        models, np.array(persistence), np.array([2.0, 3.0, 4.0]), np.array([101, 100, 99]), window=4
    )


def lines(axes):
    return {line.get_label(): line for line in axes.get_lines()}


def test_medians_bands_and_truth_in_own_units(tmp_path):
    runs = np.stack([np.full(6, 20.0), np.full(6, 90.0), np.arange(6.0) + 40])
    figure = forecast_figure(DATA, runs, errors(), "sunspots, 3 seeds")
    left, right = figure.axes
    truth, middle = lines(left)["truth"], lines(left)["forecast"]
    assert truth.get_xdata().tolist() == list(range(201, 213))  # six values of either part
    np.testing.assert_allclose(truth.get_ydata(), sunspots()[201:213])
    assert middle.get_xdata().tolist() == list(range(207, 213))
    np.testing.assert_allclose(middle.get_ydata(), np.arange(6.0) + 40)
    assert lines(right)["this run"].get_xdata().tolist() == [1, 2, 3]
    assert lines(right)["this run"].get_ydata().tolist() == [2, 4, 6]
    assert lines(right)["persistence"].get_ydata().tolist() == [5, 6, 7]
    assert lines(right)["least squares, AR(4)"].get_ydata().tolist() == [2, 3, 4]
    for axes, edges in ((left, (20, 90)), (right, (1, 8))):
        band = axes.collections[0].get_paths()[0].vertices[:, 1]
        assert (band.min(), band.max()) == pytest.approx(edges)
    save_figure(figure, tmp_path / "forecast.png")
    assert (tmp_path / "forecast.png").read_bytes()[:4] == b"\x89PNG"


def test_the_forecast_starts_right_of_the_boundary():
    left, _ = forecast_figure(DATA, np.zeros((1, 5)), errors(), "title").axes
    (boundary,) = [line for line in left.get_lines() if line.get_label().startswith("_")]
    assert set(boundary.get_xdata()) == {206.5}


@pytest.mark.parametrize(
    ("persistence", "scale"), [((5.0, 6.0, 7.0), "linear"), ((5.0, 6.0, 100.0), "log")]
)
def test_errors_over_a_decade_stand_on_a_logarithmic_scale(persistence, scale):
    right = forecast_figure(DATA, np.zeros((1, 5)), errors(persistence=persistence), "title").axes[
        1
    ]
    assert right.get_yscale() == scale
    assert scale == "log" or right.get_ylim()[0] == 0


def test_one_model_has_no_band_and_one_step_can_be_seen():
    left, right = forecast_figure(DATA, np.zeros((1, 1)), errors(MODELS[:1]), "title").axes
    assert not left.collections
    assert not right.collections
    assert lines(left)["forecast"].get_marker() == "o"


def test_a_forecast_beyond_the_series_is_drawn():
    left = forecast_figure(DATA, np.zeros((1, 150)), errors(), "title").axes[0]
    assert lines(left)["truth"].get_xdata().max() == 307
    assert lines(left)["forecast"].get_xdata().max() == 207 + 149


@pytest.mark.parametrize("far", [1e6, np.inf, -np.inf, np.nan])
def test_a_forecast_that_runs_away_leaves_the_others_readable(far, tmp_path):
    runs = np.stack(
        [np.linspace(20, 60, 10), np.r_[np.full(9, 50.0), far], np.r_[np.full(9, 50.0), -far]]
    )
    figure = forecast_figure(
        DATA, runs[:2], errors(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, abs(far)]])), "title"
    )
    low, high = figure.axes[0].get_ylim()
    assert -200 < low < high < 400
    save_figure(figure, tmp_path / "forecast.png")
    save_figure(forecast_figure(DATA, runs[1:], errors(), "title"), tmp_path / "both.png")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_figure_is_broken_on_a_narrow_terminal(width):
    further = {"seasonal repetition, 11": np.array([32.5, 32.6, 32.7])}
    found = replace(errors(20 + MODELS / 3), further=further)
    console = Console(width=width, file=io.StringIO())
    console.print(forecast_table(found, "root mean squared error"))
    printed = console.file.getvalue()
    assert "20.7 (20.3 .. 21)" in printed
    assert max(map(len, printed.splitlines())) <= width
