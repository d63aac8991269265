"""New rows of a table are read as the rows that were learnt from."""

import numpy as np
import pytest
import torch
from torch import nn

from diffqas.errors import DataError
from diffqas.tasks.tables import Predictions, load_named, load_table, new_rows, predict
from diffqas.tasks.tables.columns import Column

COLOURS = ("red", "green", "blue")


def written(path, rows, header="size,colour,state,same,kind"):
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def row(i):
    state = "open" if i % 4 < 2 else "shut"
    return f"{i * i},{COLOURS[i % 3]},{state},7,{'even' if i % 2 == 0 else 'odd'}"


@pytest.fixture
def learnt(tmp_path):
    """A column of numbers, one of three words, one of two, a constant one."""
    return written(tmp_path / "own.csv", map(row, range(30)))


def inputs_of(data):
    return {tuple(each.round(9)) for each in np.concatenate([data.train_inputs, data.test_inputs])}


def test_the_rows_that_were_learnt_are_read_as_they_were(learnt):
    data = load_table(learnt, "kind")
    rows = new_rows(learnt, data)
    assert {tuple(each.round(9)) for each in rows.inputs} == inputs_of(data)
    assert data.feature_names == (
        "size",
        "colour=blue",
        "colour=green",
        "colour=red",
        "state=shut",
    )
    assert rows.targets.tolist() == [0, 1] * 15
    assert rows.labelled.tolist() == list(range(30))


def test_columns_are_found_by_name_and_others_are_not_looked_at(learnt, tmp_path):
    data = load_table(learnt, "kind")
    whole = new_rows(learnt, data).inputs
    # The constant column is not there, and neither is the label.
    turned = [";".join(["?", *reversed(row(i).split(",")[:3])]) for i in range(30)]
    rows = new_rows(written(tmp_path / "new.csv", turned, "note;state;colour;size"), data)
    assert np.array_equal(rows.inputs, whole)
    assert len(rows.labelled) == len(rows.targets) == 0


def test_one_row_of_one_word_is_no_other_column(learnt, tmp_path):
    data = load_table(learnt, "kind")
    rows = new_rows(written(tmp_path / "new.csv", [row(4)]), data)
    assert np.array_equal(rows.inputs, new_rows(learnt, data).inputs[4:5])


def test_missing_values_are_refused_or_filled_by_the_medians_of_the_training_rows(learnt, tmp_path):
    data = load_table(learnt, "kind")
    holes = written(tmp_path / "new.csv", [row(4), "NA,red,,7,odd"])
    with pytest.raises(DataError, match=r"new\.csv, line 3, column 'size'.*--missing median"):
        new_rows(holes, data)
    rows = new_rows(holes, data, missing="median")
    value = rows.inputs[1] * np.array(data.stds) + np.array(data.means)
    assert value == pytest.approx([*data.medians[:1], 0, 0, 1, data.medians[4]])
    train = np.sort(data.train_inputs[:, 0] * data.stds[0] + data.means[0])
    assert value[0] == pytest.approx(np.median(train))


@pytest.mark.parametrize(
    ("rows", "header", "words"),
    [
        (["1,pink,open"], "size,colour,state", "line 2, column 'colour': 'pink' is none of the"),
        (["1,red"], "size,colour", "there is no column 'state'"),
        (["big,red,open"], "size,colour,state", "line 2, column 'size': 'big' is not a number"),
        (["1e300,red,open"], "size,colour,state", "standard deviations"),
        ([], "size,colour,state", "add rows to predict"),
        (["1,red,open,2"], "size,colour,state,size", "two columns are named 'size'"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(learnt, tmp_path, rows, header, words):
    data = load_table(learnt, "kind")
    with pytest.raises(DataError, match=r"new\.csv") as found:
        new_rows(written(tmp_path / "new.csv", rows, header), data)
    assert words in str(found.value)
    assert "\n" not in str(found.value)


def test_a_named_table_takes_rows_by_the_names_of_its_columns(tmp_path):
    data = load_named("moons")
    rows = new_rows(written(tmp_path / "new.csv", ["0.5,0.25,lower"], "y,x,moon"), data)
    assert rows.inputs == pytest.approx((np.array([[0.25, 0.5]]) - data.means) / data.stds)
    assert rows.targets.tolist() == [1]


def test_labels_that_no_training_row_had_count_as_wrong(learnt, tmp_path):
    data = load_table(learnt, "kind")
    rows = new_rows(written(tmp_path / "new.csv", [row(0), "1,red,open,7,other", row(1)]), data)
    assert rows.targets.tolist() == [0, -1, 1]
    found = Predictions(rows, data, np.array([[[1.0, 0.0]] * 3]))
    assert found.score == pytest.approx(1 / 3)


class Fixed(nn.Module):
    """Answers by the first input, shifted."""

    def __init__(self, shift, classes):
        super().__init__()
        self.shift = nn.Parameter(torch.tensor(shift))
        self.classes = classes

    def forward(self, x):
        value = x[:, 0] + self.shift
        return torch.stack([value, -value], dim=1) if self.classes else value


def test_classes_are_told_by_their_mean_probability(learnt):
    data = load_table(learnt, "kind")
    rows = new_rows(learnt, data)
    found = predict([Fixed(0.0, True), Fixed(1.0, True)], rows, data)
    logits = rows.inputs[:, 0]
    expected = (1 / (1 + np.exp(-2 * logits)) + 1 / (1 + np.exp(-2 * (logits + 1)))) / 2
    assert found.probabilities[:, 0] == pytest.approx(expected, rel=1e-5)
    assert found.predicted.tolist() == (expected < 0.5).astype(int).tolist()
    assert found.score == np.mean(found.predicted == np.arange(30) % 2)
    assert found.score_of_guess == 0.5


def test_values_are_medians_in_the_label_s_own_units(tmp_path):
    rows = [f"{i},{10 + 3 * i}" for i in range(30)]
    path = written(tmp_path / "own.csv", rows, "x,y")
    data = load_table(path, "y")
    read = new_rows(path, data)
    # Standardised, the label is the input: a line.
    found = predict([Fixed(shift, False) for shift in (-1.0, 0.0, 2.0)], read, data)
    assert found.predicted == pytest.approx(10 + 3 * np.arange(30), rel=1e-4)
    assert found.score == pytest.approx(0, abs=1e-3)
    guess = np.sqrt(np.mean((10 + 3 * np.arange(30) - data.label_mean) ** 2))
    assert found.score_of_guess == pytest.approx(guess)
    assert found.each[2] - found.each[1] == pytest.approx(2 * data.label_std)


def test_many_rows_go_through_a_model_in_parts(learnt, monkeypatch):
    data = load_table(learnt, "kind")
    rows = new_rows(learnt, data)
    whole = predict([Fixed(0.5, True)], rows, data)
    monkeypatch.setattr("diffqas.tasks.tables.predictions.BATCH", 7)
    assert np.array_equal(predict([Fixed(0.5, True)], rows, data).each, whole.each)


def test_features_without_a_file_are_columns_of_numbers():
    data = load_named("moons")
    assert data.columns == (Column("x"), Column("y"))
    assert data.kept == (0, 1)
