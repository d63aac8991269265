"""Pictures of a study: the series' own units, and no two rows that look alike."""

from pathlib import Path

import numpy as np
import pytest

from diffqas.reports import Predictions
from diffqas.storage import load_tensors, save_tensors
from diffqas.studies.curves import look_of
from diffqas.studies.run import _predicted
from diffqas.tasks import SeriesScale, load_series

PREDICTIONS = Path(__file__).parents[2] / "studies" / "results" / "table-2" / "predictions"


@pytest.mark.parametrize("name", ["bessel", "damped-shm", "narma10"])
def test_predictions_of_a_named_series_are_drawn_in_its_own_units(name):
    data = load_series(name)
    axes = _predicted(name, Predictions.read(PREDICTIONS / f"{name}.pt")).axes[0]
    truth = axes.lines[0].get_ydata()
    # The first window of length 4 predicts the fifth value of the series.
    np.testing.assert_allclose(truth, data.unscaled(data.targets), atol=1e-6)
    assert axes.get_ylabel() == name


def test_a_stored_scale_counts_and_an_unknown_one_is_said(tmp_path):
    state = dict(load_tensors(PREDICTIONS / "bessel.pt"))
    save_tensors(tmp_path / "own.pt", state)
    axes = _predicted("own", Predictions.read(tmp_path / "own.pt")).axes[0]
    assert axes.get_ylabel() == "value as the model sees it"
    state["scale"] = SeriesScale("level", 10.0, 30.0).to_json()
    save_tensors(tmp_path / "own.pt", state)
    axes = _predicted("own", Predictions.read(tmp_path / "own.pt")).axes[0]
    assert axes.get_ylabel() == "level"
    np.testing.assert_allclose(
        axes.lines[0].get_ydata(), 20 + 10 * state["truth"].double().numpy(), rtol=1e-6
    )


def test_thirty_rows_have_thirty_looks():
    assert len({look_of(index) for index in range(30)}) == 30
