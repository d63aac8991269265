"""Tables from CSV files: what is read by which rule, and one line for what cannot be used."""

import numpy as np
import pytest

from diffqas.errors import ArgumentError, DataError
from diffqas.tasks.tables import load_table

COLOURS = ("red", "green", "blue")


def lines(count=30, **columns):
    """A CSV text with columns made by functions of the row's number."""
    rows = [",".join(columns)]
    rows += [",".join(str(cell(i)) for cell in columns.values()) for i in range(count)]
    return "\n".join(rows) + "\n"


USUAL = {
    "size": lambda i: i * 0.5,
    "weight": lambda i: (i * 7) % 11,
    "kind": lambda i: "even" if i % 2 == 0 else "odd",
}


@pytest.fixture
def loaded(tmp_path):
    """Reads a text as a table."""

    def load(text, label="kind", **arguments):
        path = tmp_path / "own.csv"
        path.write_text(text)
        return load_table(path, label, **arguments)

    return load


@pytest.fixture
def told(loaded):
    """The one line with which a text is refused."""

    def line(text, label="kind", **arguments):
        with pytest.raises((ArgumentError, DataError)) as caught:
            loaded(text, label, **arguments)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    return line


def test_words_are_classes(loaded):
    data = loaded(lines(**USUAL))
    assert data.name == "own:kind"
    assert data.class_names == ("even", "odd")
    assert data.feature_names == ("size", "weight")
    assert data.train_inputs.shape == (24, 2)
    assert data.remarks == ("Predicted are the 2 classes of 'kind'.",)


def test_a_column_that_numbers_the_rows_is_told(loaded):
    data = loaded(lines(**{"nr": lambda i: i + 1} | USUAL))
    assert data.remarks[1] == (
        "Column 'nr' only numbers the rows, and is learnt from all the same; "
        "leave it out by --leave-out nr."
    )
    assert len(loaded(lines(**{"nr": lambda i: i + 1} | USUAL), leave_out=["nr"]).remarks) == 1


def test_few_whole_numbers_are_classes_unless_values_are_asked_for(loaded):
    text = lines(**USUAL | {"stars": lambda i: 1 + i % 3})
    data = loaded(text, "stars", leave_out=["kind"])
    assert data.class_names == ("1", "2", "3")
    values = loaded(text, "stars", leave_out=["kind"], predict="values")
    assert values.class_names == ()
    assert values.label_std == pytest.approx(0.8, abs=0.05)


def test_other_numbers_are_values_unless_classes_are_asked_for(loaded):
    text = lines(**USUAL)
    assert loaded(text, "size").class_names == ()
    assert loaded(text, "weight").class_names == ()
    assert len(loaded(text, "weight", predict="classes").class_names) == 11


def test_words_of_a_column_become_columns_of_0_and_1(loaded):
    columns = USUAL | {"colour": lambda i: COLOURS[i % 3]}
    data = loaded(lines(**columns))
    assert data.feature_names[2:] == ("colour=blue", "colour=green", "colour=red")
    assert data.remarks[1] == "Column 'colour' holds words: it is read as 3 columns of 0 and 1."
    values = np.unique(data.train_inputs[:, 2] * data.stds[2] + data.means[2])
    assert np.allclose(values, [0, 1])


def test_two_words_are_one_column(loaded):
    data = loaded(lines(**USUAL | {"tall": lambda i: "yes" if i % 5 else "no"}))
    assert data.feature_names == ("size", "weight", "tall=yes")


def test_a_decimal_comma_is_read(loaded):
    text = lines(**USUAL).replace(",", ";").replace(".5", ",5").replace(".0", ",0")
    assert loaded(text).feature_names == ("size", "weight")


def with_cell(line, column, value):
    rows = lines(**USUAL).splitlines()
    cells = rows[line - 1].split(",")
    cells[list(USUAL).index(column)] = value
    rows[line - 1] = ",".join(cells)
    return "\n".join(rows)


@pytest.mark.parametrize("missing", ["", "NA", "?", "nan", "None"])
@pytest.mark.parametrize("column", ["size", "kind"])
def test_a_missing_value_is_told_with_its_line(told, missing, column):
    line = told(with_cell(5, column, missing))
    assert f"line 5, column '{column}': the value is missing; fill it in, remove that row" in line


def test_a_missing_value_in_a_column_that_is_left_out_is_none(loaded):
    assert loaded(with_cell(5, "size", ""), leave_out=["size"]).feature_names == ("weight",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (with_cell(7, "size", "tall"), "line 7, column 'size': 'tall' is not a number"),
        (with_cell(7, "size", "inf"), "line 7, column 'size': 'inf' is not a finite number"),
        (with_cell(7, "kind", "Odd"), "'Odd' is written with small and with capital letters"),
        (lines(**USUAL | {"kind": lambda i: "same"}), "all rows are of the class 'same'"),
        (lines(**USUAL | {"kind": lambda i: f"k{i}"}), "30 different labels in 30 rows"),
        (
            lines(**USUAL | {"date": lambda i: f"d{i}"}),
            "text with 30 different words, more than 10",
        ),
        (with_cell(7, "kind", "rare"), "a single row is of the class 'rare'"),
        (lines(count=6, **USUAL), "6 rows are too few"),
        (lines(kind=USUAL["kind"]), "no column is left beside the label"),
        (lines(**USUAL | {"size": lambda i: 1, "weight": lambda i: 2}), "every column is constant"),
        (lines(**USUAL).replace("weight", "size"), "two columns are named 'size'"),
        (lines(**USUAL).replace("weight", "", 1), "column 2 has no name; name it"),
        (lines(**USUAL).replace("size,weight", "0.5,7"), "'0.5' looks like a value"),
        ("", "the file is empty"),
    ],
)
def test_what_cannot_be_used_is_one_line(told, text, words):
    assert words in told(text)


def test_a_label_that_is_not_there_is_told_with_the_nearest_name(told):
    assert "no column 'kinds' (did you mean 'kind'?)" in told(lines(**USUAL), "kinds")
    assert "no column 'sise' (did you mean 'size'?)" in told(lines(**USUAL), leave_out=["sise"])


def test_a_label_must_be_named(told):
    line = told(lines(**USUAL), None)
    assert line.startswith("Argument `label` must name the column to predict, one of 'size'")


def test_the_label_cannot_be_left_out(told):
    assert "Argument `leave_out` must not name the label" in told(
        lines(**USUAL), leave_out=["kind"]
    )


def test_values_of_words_are_refused(told):
    assert "'even' is not a number" in told(lines(**USUAL), predict="values")


def test_an_unknown_prediction_is_refused(told):
    assert "`predict`" in told(lines(**USUAL), predict="class")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="there is no such file"):
        load_table(tmp_path / "none.csv", "kind")


def test_a_header_without_rows(told):
    for missing in ("error", "drop", "median"):
        line = told("size,weight,kind\n", missing=missing)
        assert line.endswith("own.csv: there is a header and no row below it; add rows")


def test_words_that_look_alike_are_refused(told):
    both = ("caf\u00e9", "cafe\u0301")
    line = told(lines(**USUAL | {"kind": lambda i: both[i % 2]}))
    assert "different signs of Unicode that look alike; write it in one way" in line


def test_a_text_is_no_list_of_names(told):
    line = told(lines(a=lambda i: i, b=lambda i: i * i, kind=USUAL["kind"]), leave_out="ab")
    assert line == "Argument `leave_out` must be a list of names of columns, but got 'ab'."
    line = told(lines(**USUAL), label=2)
    assert line == "Argument `label` must be the name of a column, but got 2."


def test_a_label_that_is_missing_is_no_column_to_leave_out(told):
    line = told(lines(**USUAL) + "1,2,\n")
    assert "fill it in, remove that row, or take --missing drop for all" in line
    assert "--leave-out" not in line


def test_a_class_named_like_a_missing_value_is_told(told):
    line = told(lines(**USUAL | {"kind": lambda i: "none" if i % 2 else "mild"}))
    assert line.endswith("; a class that is called none needs another name")


@pytest.mark.parametrize("column", ["weight", "price"])
def test_a_value_out_of_all_proportion_is_refused_in_every_fold(column, told):
    prices = {"size": USUAL["size"], "weight": USUAL["weight"], "price": lambda i: i * 0.3}
    odd = {column: lambda i: "1e200" if i == 4 else i * 0.1}
    for fold in range(5):
        line = told(lines(**prices | odd), label="price", fold=fold)
        assert "too large" in line or "standard deviations of the training rows" in line


def test_small_units_are_no_constants(loaded):
    data = loaded(lines(**USUAL | {"size": lambda i: f"{i}e-200"}))
    usual = loaded(lines(**USUAL | {"size": lambda i: i}))
    assert data.feature_names == ("size", "weight")
    np.testing.assert_allclose(data.train_inputs, usual.train_inputs, rtol=1e-12)
