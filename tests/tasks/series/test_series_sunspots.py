"""The measured series: its values, its windows, its file and its place among the named series."""

import numpy as np
import pytest

from diffqas.searches.data_choices import DataChoices
from diffqas.searches.data_sets import load_task, task_names
from diffqas.studies.datasets import SERIES as STUDIED
from diffqas.tasks.series import SUNSPOTS_CSV, TABLE_II, load_csv, load_series, sunspots


def test_known_years():
    values = dict(zip(range(1700, 2009), sunspots(), strict=True))
    known = {1700: 5.0, 1712: 0.0, 1778: 154.4, 1810: 0.0, 1906: 53.8, 1957: 190.2, 2008: 2.9}
    assert {year: values[year] for year in known} == known
    assert sum(values.values()) == pytest.approx(309 * 49.752104, rel=1e-6)


def test_the_years_of_the_file_are_complete():
    assert np.loadtxt(SUNSPOTS_CSV, delimiter=",", skiprows=1, usecols=0).tolist() == list(
        range(1700, 2009)
    )


def test_source_and_licence_stand_beside_the_file():
    text = (SUNSPOTS_CSV.parent / "README.md").read_text("utf-8")
    assert all(word in text for word in (SUNSPOTS_CSV.name, "NGDC", "SIDC", "public domain"))


@pytest.mark.parametrize("scaling", ["whole", "train"])
def test_windows_keep_the_protocol(scaling):
    data = load_series("sunspots", scaling=scaling)
    assert (data.count, data.boundary, data.window, data.offset) == (304, 203, 4, 4)
    assert (data.name, data.sees, data.last_response) == ("sunspots", "the series itself", None)
    np.testing.assert_allclose(data.unscaled(data.targets), sunspots()[4:308], atol=1e-12)
    np.testing.assert_allclose(data.unscaled(data.inputs[7]), sunspots()[7:11], atol=1e-12)
    assert (data.low, data.high) == ((0, 190.2) if scaling == "whole" else (0, 154.4))


def test_the_file_is_readable_as_ones_own():
    named = load_series("sunspots")
    own = load_task("series", DataChoices(csv=str(SUNSPOTS_CSV), column="sunspots"))
    np.testing.assert_array_equal(own.train.inputs, named.train[0])
    np.testing.assert_array_equal(own.test.targets, named.test[1])
    data = load_csv(SUNSPOTS_CSV, "sunspots", scaling="train")
    assert (data.low, data.high) == (0, 154.4)


def test_a_task_with_references_but_no_published_figure():
    task = load_task("sunspots")
    assert [row.name for row in task.references] == ["constant", "persistence", "least squares"]
    assert [round(row.value, 3) for row in task.references] == [0.291, 0.096, 0.045]
    assert task.kind == "series"


def test_a_name_of_the_command_line_and_no_column_of_the_studies():
    assert "sunspots" in task_names()
    assert "sunspots" not in TABLE_II
    assert "sunspots" not in STUDIED
