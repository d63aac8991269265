"""Accuracies in percent, and accuracy and loss over the epochs."""

import io

import numpy as np
import pytest

from diffqas.reports import Terminal
from diffqas.reports.curves import QUARTILES, Curve, curve_panels, run_curves
from diffqas.reports.pictures import save_figure
from diffqas.reports.result import RunResult
from diffqas.reports.terminal import classes_in_words, result_report, spread, text_of
from diffqas.searches.progress import Display

RESULT = {
    "task": "fashion-mnist",
    "recipe": "default",
    "epochs": 10,
    "metric": "accuracy",
    "classes": ["Sandal", "Sneaker"],
    "train_accuracy": [0.97, 0.98, 0.99],
    "test_accuracy": [0.955, 0.9665, 0.96],
    "train_loss": [0.1, 0.1, 0.1],
    "test_loss": [0.2, 0.3, 0.25],
    "report": "286 numbers",
    "references": [
        {"name": "nearest mean image", "value": 0.86, "remark": "one mean image per class"}
    ],
    "ranking": [],
    "relaxation": "raw",
    "failures": {},
}


def printed(renderable) -> str:
    console = Terminal(width=250, record=True, file=io.StringIO())
    console.print(renderable)
    return console.export_text()


def test_a_result_of_images_is_read_in_percent():
    text = printed(result_report(RunResult.from_json(RESULT)))
    for words in (
        "fashion-mnist: test accuracy (Sandal against Sneaker)",
        "96.00 % (95.50 % .. 96.65 %, 3 seeds)",
        "train 98.00 % (97.00 % .. 99.00 %, 3 seeds)",
        "test loss 0.25 (0.2 .. 0.3, 3 seeds)",
        "86.00 %",
    ):
        assert words in text


def test_a_result_of_a_series_is_as_it_was():
    series = {
        key: value for key, value in RESULT.items() if "accuracy" not in key and key != "classes"
    }
    series |= {"metric": "mse", "train_mse": [2e-5], "test_mse": [1e-5], "task": "bessel"}
    for name in ("train_loss", "test_loss"):
        del series[name]  # of three seeds
    text = printed(
        result_report(
            RunResult.from_json(
                series | {"references": [{"name": "paper", "value": 4e-5, "remark": ""}]}
            )
        )
    )
    assert "bessel: test mse" in text
    assert "%" not in text
    assert "1.00e-05" in text
    assert "4.00e-05" in text


def test_only_accuracies_are_percentages():
    assert [text_of(name)(0.5) for name in ("accuracy", "loss", "mse")] == ["50.00 %", "0.5", "0.5"]
    assert (
        spread([None, 0.9965, 1.0], text_of("accuracy")) == "99.83 % (99.65 % .. 100.00 %, 2 seeds)"
    )


def test_many_classes_are_not_listed():
    assert classes_in_words(list("0123456789")) == ""
    assert classes_in_words([]) == ""


def test_the_live_line():
    console = Terminal(width=160, record=True, file=io.StringIO())
    with Display(console, 2, 1, "accuracy") as display:
        display.update({"epoch": 2, "loss": [0.5], "test_accuracy": [0.9965]}, "H-Ent-RY")
    assert "loss 5.00e-01  test accuracy 99.65 %  leading H-Ent-RY" in console.export_text()


def test_two_panels_with_medians_and_bands(tmp_path):
    values = {
        part: np.array([[0.5, 0.6, 0.9], [0.8, 0.7, 0.9]]) + shift
        for part, shift in (("train", 0.0), ("test", 0.01))
    }
    figure = run_curves({"accuracy": values, "loss": values}, "digits (3 against 8), 3 seeds")
    accuracy, loss = figure.axes
    assert (accuracy.get_yscale(), loss.get_yscale()) == ("linear", "linear")
    for axes, unit in ((accuracy, 100), (loss, 1)):
        lines = {line.get_label(): line.get_ydata() for line in axes.get_lines()}
        assert lines["train"] == pytest.approx([unit * 0.6, unit * 0.8])
        assert lines["test"] == pytest.approx([unit * 0.61, unit * 0.81])
        band = axes.collections[0].get_paths()[0].vertices[:, 1]
        assert (band.min(), band.max()) == pytest.approx((unit * 0.5, unit * 0.9))
    save_figure(figure, tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes()[:4] == b"\x89PNG"


def test_a_band_of_quartiles():
    values = np.arange(5.0)[None].repeat(3, axis=0)
    (axes,) = curve_panels([{"loss": [Curve("row", values, "blue")]}], "title", QUARTILES).axes
    band = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == (1.0, 3.0)


def test_one_epoch_and_one_seed_can_be_seen():
    (axes,) = run_curves({"accuracy": {"test": np.array([[0.5]])}}, "one").axes
    assert axes.get_lines()[0].get_marker() == "o"
    assert not axes.collections


def test_a_reference_with_seeds_of_its_own_shows_their_spread():
    row = {"name": "LSTM", "value": 0.5, "remark": "", "values": [0.25, 0.5, 0.75]}
    assert "50.00 % (25.00 % .. 75.00 %, 3 seeds)" in printed(
        result_report(RunResult.from_json(RESULT | {"references": [row]}))
    )
