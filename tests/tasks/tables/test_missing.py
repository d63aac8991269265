"""Missing values: refused, left out with their rows, or filled by medians of the training rows."""

import numpy as np
import pytest

from diffqas.cli import main
from diffqas.errors import ArgumentError, DataError
from diffqas.storage import read_json
from diffqas.tasks.tables import RawTable, load_table, prepare

HEADER = "size,colour,kind"


def table(tmp_path, holes, count=30):
    """A CSV file with cells left empty: (row, column) pairs, rows counted from 0."""
    rows = [
        [str(i * i), ("red", "green", "blue")[i % 3], "even" if i % 2 == 0 else "odd"]
        for i in range(count)
    ]
    for row, column in holes:
        rows[row][column] = "NA"
    path = tmp_path / "own.csv"
    path.write_text("\n".join([HEADER, *(",".join(row) for row in rows)]) + "\n")
    return path


@pytest.mark.parametrize("hole", [(3, 0), (3, 1), (3, 2)])
def test_rows_with_a_missing_value_are_left_out(tmp_path, hole):
    data = load_table(table(tmp_path, [hole]), "kind", missing="drop")
    assert len(data.train_inputs) + len(data.test_inputs) == 29
    assert "Left out, because a value is missing: a row." in data.remarks
    path = table(tmp_path, [])
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:4] + lines[5:]) + "\n")
    without = load_table(path, "kind")
    np.testing.assert_array_equal(data.train_inputs, without.train_inputs)


def test_only_columns_that_are_used_count(tmp_path):
    path = table(tmp_path, [(3, 0), (5, 0)])
    data = load_table(path, "kind", missing="drop", leave_out=["size"])
    assert len(data.train_inputs) + len(data.test_inputs) == 30


@pytest.mark.parametrize("fold", range(5))
def test_medians_are_those_of_the_training_rows(tmp_path, fold):
    """What the test part holds changes nothing that the training part is given."""
    holes = [(2, 0), (17, 0), (20, 0)]
    data = load_table(table(tmp_path, holes), "kind", missing="median", fold=fold)
    known = load_table(table(tmp_path, []), "kind", fold=fold)
    size = known.train_inputs[:, 0] * known.stds[0] + known.means[0]
    filled = data.train_inputs[:, 0] * data.stds[0] + data.means[0]
    gone = np.isin(np.round(size), [4, 289, 400])
    np.testing.assert_allclose(filled[~gone], size[~gone])
    np.testing.assert_allclose(filled[gone], np.median(size[~gone]))
    tested = known.test_inputs[:, 0] * known.stds[0] + known.means[0]
    missed = np.isin(np.round(tested), [4, 289, 400])
    filled = data.test_inputs[:, 0] * data.stds[0] + data.means[0]
    np.testing.assert_allclose(filled[missed], np.median(size[~gone]))
    assert missed.sum() + gone.sum() == 3
    assert "Filled by medians of the training rows: missing values, 3 in all." in data.remarks


def test_other_values_of_the_test_part_do_not_move_the_training_part():
    values = np.random.default_rng(0).normal(size=(40, 2))
    values[::7, 0] = np.nan
    labels = np.arange(40) % 2
    before = prepare(RawTable("own", values, ("a", "b"), labels, class_names=("x", "y")))
    moved = before.test_inputs[:, 1] * before.stds[1] + before.means[1]
    other = values.copy()
    tested = np.isin(np.round(values[:, 1], 9), np.round(moved, 9))
    other[tested] = 1e6
    after = prepare(RawTable("own", other, ("a", "b"), labels, class_names=("x", "y")))
    np.testing.assert_array_equal(before.train_inputs, after.train_inputs)


def test_words_are_filled_column_by_column(tmp_path):
    """Of three words that are equally frequent none has the median 1: all columns are 0."""
    data = load_table(table(tmp_path, [(4, 1)]), "kind", missing="median")
    every = np.concatenate([data.train_inputs, data.test_inputs])
    coded = np.round(every[:, 1:] * np.array(data.stds[1:]) + np.array(data.means[1:]))
    assert data.feature_names[1:] == ("colour=blue", "colour=green", "colour=red")
    assert sorted(map(tuple, coded)).count((0, 0, 0)) == 1


@pytest.mark.parametrize(
    ("holes", "rule", "words"),
    [
        ([(3, 2)], "median", "line 5, column 'kind': the value is missing; a label is not filled"),
        ([(3, 0)], "error", "--missing drop or median does so for all"),
        ([(i, 0) for i in range(30)], "median", "column 'size': no row has a value; leave it out"),
        ([(i, 0) for i in range(30)], "drop", "every row misses a value"),
        ([(i, 0) for i in range(25)], "drop", "5 rows are too few"),
    ],
)
def test_what_the_rule_does_not_help_is_one_line(tmp_path, holes, rule, words):
    with pytest.raises(DataError) as caught:
        load_table(table(tmp_path, holes), "kind", missing=rule)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_column_that_only_the_test_part_knows_is_one_line():
    values = np.ones((20, 2)) * np.arange(20)[:, None]
    labels = np.arange(20) % 2
    tested = prepare(RawTable("own", values, ("a", "b"), labels, class_names=("x", "y")))
    rows = np.round(tested.test_inputs[:, 0] * tested.stds[0] + tested.means[0]).astype(int)
    kept = values.copy()
    kept[np.isin(np.arange(20), rows, invert=True), 1] = np.nan
    with pytest.raises(DataError, match="column 'b': no training row has a value; leave it out"):
        prepare(RawTable("own", kept, ("a", "b"), labels, class_names=("x", "y")))


def test_an_unknown_rule_is_refused(tmp_path):
    with pytest.raises(ArgumentError, match="`missing` must be one of"):
        load_table(table(tmp_path, []), "kind", missing="mean")


def test_a_search_by_words(tmp_path, capsys, refused):
    path, folder = table(tmp_path, [(3, 0)]), tmp_path / "run"
    words = ["search", "table", "--csv", str(path), "--label", "kind", "--model", "vqc"]
    words += ["--candidates", "1", "--epochs", "1", "--qubits", "2", "--no-baselines"]
    assert "--missing drop or median" in refused(*words, "--output", str(folder))
    assert not folder.exists()
    main([*words, "--missing", "median", "--output", str(folder)])
    assert "Filled by medians of the training rows" in capsys.readouterr().out
    assert read_json(folder / "config.json")["run"]["missing"] == "median"
    assert "`missing` must be used with" in refused("search", "iris", "--missing", "drop")
