"""Tables: how rows are split into folds and standardised, and what cannot be used."""

import sys

import numpy as np
import pytest
import torch

from diffqas.errors import ArgumentError, DataError
from diffqas.tasks.tables import FOLDS, TABLES, RawTable, load_named, prepare, table_task


def raw(labels, features=None, class_names=("a", "b"), **more):
    labels = np.asarray(labels)
    count = len(labels)
    if features is None:
        features = np.stack([np.arange(count), np.arange(count) % 3], axis=1)
    names = tuple(f"x{i}" for i in range(features.shape[1]))
    return RawTable("few", features.astype(float), names, labels, class_names=class_names, **more)


@pytest.mark.parametrize(
    ("name", "rows", "columns", "classes"),
    [
        ("moons", 400, 2, 2),
        ("iris", 150, 4, 3),
        ("wine", 178, 13, 3),
        ("breast-cancer", 569, 30, 2),
    ],
)
def test_named_tables_have_their_published_sizes(name, rows, columns, classes):
    data = load_named(name)
    assert len(data.train_inputs) + len(data.test_inputs) == rows
    assert data.train_inputs.shape[1] == len(data.feature_names) == columns
    assert data.outputs == len(data.class_names) == classes


@pytest.mark.parametrize("name", TABLES)
def test_each_row_is_in_the_test_part_of_one_fold(name):
    folds = [load_named(name, fold=fold) for fold in range(FOLDS)]
    whole = TABLES[name]()
    seen = []
    for data in folds:
        seen.append(data.test_inputs * np.array(data.stds) + np.array(data.means))
        assert len(data.test_inputs) in (len(whole.labels) // 5, -(-len(whole.labels) // 5))
    together = np.concatenate(seen)
    assert np.allclose(np.sort(together, axis=0), np.sort(whole.features, axis=0))


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("fold", range(FOLDS))
def test_folds_keep_the_shares_of_the_classes(name, fold):
    data = load_named(name, fold=fold)
    train = np.bincount(data.train_targets) / len(data.train_targets)
    test = np.bincount(data.test_targets) / len(data.test_targets)
    assert np.abs(train - test).max() < 0.04


def test_columns_are_standardised_by_the_training_rows_alone():
    data = load_named("wine", fold=2)
    assert np.allclose(data.train_inputs.mean(axis=0), 0)
    assert np.allclose(data.train_inputs.std(axis=0), 1)
    assert np.abs(data.test_inputs.mean(axis=0)).max() > 0.01


def test_values_are_standardised_and_can_be_put_back():
    values = np.linspace(5.0, 9.0, 30)
    data = prepare(raw(values, class_names=()))
    assert data.outputs == 1
    back = data.train_targets * data.label_std + data.label_mean
    assert set(np.round(back, 9)) < set(np.round(values, 9))
    task = table_task(data)
    assert list(task.metrics) == ["mse"]
    assert task.target()(task.train.inputs.float()).shape == task.train.targets.shape


def test_a_constant_column_is_left_out_with_a_remark():
    features = np.stack([np.arange(20), np.full(20, 0.1)], axis=1)
    data = prepare(raw([0, 1] * 10, features))
    assert data.feature_names == ("x0",)
    assert data.remarks == ("Left out, because a column is constant in the training rows: 'x1'.",)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (raw([0, 1, 0, 1]), "4 rows are too few"),
        (raw([0] * 20), "all rows are of the class 'a'"),
        (raw([0] * 19 + [1]), "a single row is of the class 'b'"),
        (raw([0, 1] * 10, np.ones((20, 2))), "every column is constant"),
        (raw([2.5] * 20, class_names=()), "all rows have the label 2.5"),
        (raw([0, 1] * 10, np.arange(40).reshape(20, 2) * 4e306), "are too large"),
    ],
)
def test_what_cannot_be_learnt_is_one_line(table, words):
    with pytest.raises(DataError, match=words):
        prepare(table)


@pytest.mark.parametrize("fold", [-1, 5, 1.5])
def test_there_are_five_folds(fold):
    with pytest.raises(ArgumentError, match=r"Argument `fold` must be a whole number from 0 to 4"):
        load_named("moons", fold=fold)


def test_shapes_must_fit():
    with pytest.raises(ArgumentError, match="`features`"):
        RawTable("odd", np.ones((3, 2)), ("a",), np.zeros(3))


def test_a_task_of_a_table_has_what_a_search_needs():
    task = table_task(load_named("iris"))
    assert task.kind == "table"
    assert task.class_names == ("setosa", "versicolor", "virginica")
    assert task.target()(torch.zeros(7, 4)).shape == (7, 3)
    assert [reference.name for reference in task.references] == ["majority class"]


def test_without_scikit_learn_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(DataError, match=r"not installed: run `pip install 'diffqas\[tables\]'`"):
        load_named("wine")
    assert load_named("moons").outputs == 2
