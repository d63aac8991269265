"""The page as a browser leaves it once the script has drawn; no driver is needed."""

import re
import shutil
import subprocess

import pytest

from diffqas.reports.page import Chart, Place, RunPage, Weights, band, build

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
if BROWSER is None:
    pytest.skip("no chromium here: apt-get install chromium", allow_module_level=True)

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--virtual-time-budget=10000", "--window-size=900,2000", "--dump-dom"),
)


def drawn(path, **parts):
    """The elements of the page of one run."""
    page = path / "page.html"
    page.write_text(build([RunPage("run", "bessel", "qt", "A sentence.", True, **parts)]), "utf-8")
    # On a busy machine a browser may end before the script has drawn anything.
    for trial in range(3):
        profile = f"--user-data-dir={path / f'profile-{trial}'}"
        command = [BROWSER, *FLAGS, profile, page.as_uri()]
        ended = subprocess.run(command, check=True, capture_output=True, text=True, timeout=100)
        if "<svg" in ended.stdout:
            break
    return ended.stdout


def upright(text):
    """Labels of the vertical axes."""
    return re.findall(r'text-anchor="end">([^<]*)</text>', text)


def test_a_logarithmic_axis_has_labels_however_short_it_is(tmp_path):
    charts = [
        Chart("a", "a", "epoch", [band("test", [1, 2], [[2.6e-4], [8.8e-4]])], log=True),
        Chart("b", "b", "epoch", [band("test", [1, 2], [[0.006], [0.019]])], log=True),
        Chart("c", "c", "epoch", [band("test", [1, 2], [[1e-8], [1e-2]])], log=True),
    ]
    labels = upright(drawn(tmp_path, charts=charts))
    first, second, third = " ".join(labels).split(" epoch")[:3]
    assert first.split() == ["4e-4", "6e-4", "8e-4", "1e-3"]
    assert second.split() == ["0.01", "0.015", "0.02"]
    assert third.split() == ["1e-8", "1e-6", "1e-4", "0.01"]


def test_a_weight_that_is_rounded_to_nothing_has_no_sign(tmp_path):
    weights = Weights(
        "epoch", [1], [Place("", ["A", "B", "C"], [False] * 3, [[-2e-4, 3e-4, -0.5]])]
    )
    text = drawn(tmp_path, weights=weights)
    assert re.findall(r'<span class="value">([^<]*)</span>', text) == ["0.000", "0.000", "−0.500"]
