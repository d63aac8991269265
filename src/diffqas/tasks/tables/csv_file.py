"""A user's own table from a CSV file.

Whatever is wrong with the file is told in one line that names the file, the line in it and the
remedy. What is decided for the user (which labels are classes, how words become numbers, which
columns are left out) follows a rule of docs/tables.md, and a remark says so.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from diffqas.errors import ArgumentError, DataError, choose, require
from diffqas.tasks.csv_columns import mostly_numbers, named_column, names_in_words, numbers_of
from diffqas.tasks.csv_numbers import is_missing
from diffqas.tasks.csv_table import CsvTable, read_table, shortened
from diffqas.tasks.tables.columns import Column, check_header, column_at, different_words, numbered
from diffqas.tasks.tables.missing import MISSING_RULES, rows_that_have_all
from diffqas.tasks.tables.table_data import Floats, Labels, RawTable, TableData, prepare

PREDICTIONS = ("classes", "values")
"""What can be predicted of a label."""
MOST_CLASS_NUMBERS = 10
"""Labels that are whole numbers are classes if there are at most so many different ones."""


def load_table(
    path: str | os.PathLike[str],
    label: str | None,
    *,
    predict: str | None = None,
    leave_out: Sequence[str] = (),
    missing: str = "error",
    fold: int = 0,
) -> TableData:
    r"""Return a table from a CSV file: one row per sample, one column to predict.

    The first row names the columns. All columns but the label are read. Numbers stay as they are. A
    column of text with at most ten different words becomes a column of 0 and 1 for each word, or a
    single one for two words. Rows are split and columns standardised as in `prepare`.

    Args:
        path: the file.
        label: the name of the column to predict.
        predict: "classes" or "values"; None: text and at most ten different whole numbers are
            classes, all other numbers are values.
        leave_out: names of columns that are not read, such as the number of a row.
        missing: "error" refuses missing values. "drop" leaves out rows in which a value that is
            used is missing. "median" fills missing values with the median of their column in the
            training rows; for a column of words this is done in its columns of 0 and 1. Labels are
            never filled in.
        fold: which of five folds is the test part, 0 to 4.

    Raises:
        ArgumentError: there is no label, `label` or `leave_out` has another type, `predict` or
            `missing` is unknown, or there is no such fold.
        DataError: the file cannot be read or used; the message names file, line and remedy.

    >>> import tempfile
    >>> rows = "".join(f"{i},{i % 3},{'even' if i % 2 == 0 else 'odd'}\n" for i in range(30))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "numbers.csv"
    ...     _ = file.write_text("value,rest,parity\n" + rows)
    ...     data = load_table(file, "parity")
    >>> data.name, data.feature_names, data.class_names
    ('numbers:parity', ('value', 'rest'), ('even', 'odd'))
    """
    if predict is not None:
        choose(predict, PREDICTIONS, "predict")
    choose(missing, MISSING_RULES, "missing")
    table = read_table(path)
    if label is None:
        known = names_in_words(table.header)
        raise ArgumentError(
            f"Argument `label` must name the column to predict, one of {known}, but got None."
        )
    require(isinstance(label, str), "label", "be the name of a column", repr(label))
    rule = "be a list of names of columns"
    require(not isinstance(leave_out, str), "leave_out", rule, repr(leave_out))
    check_header(table)
    if not table.rows:
        raise DataError(f"{table.path}: there is a header and no row below it; add rows")
    index = named_column(table, label)
    ignored = {named_column(table, name) for name in leave_out}
    if index in ignored:
        rule = "not name the label"
        raise ArgumentError(f"Argument `leave_out` must {rule}, but got {shortened(label)}.")
    columns = [each for each in range(len(table.header)) if each not in (index, *ignored)]
    if not columns:
        raise DataError(f"{table.path}: no column is left beside the label to learn from")
    table, remarks = rows_that_have_all(table, index, columns, missing)
    labels, class_names, told = _labels(table, index, predict)
    remarks.insert(0, told)
    read: dict[Column, Floats] = {}
    for each in columns:
        column = column_at(table, each)
        read[column] = column.read(table, each)
        if _numbers_the_rows(read[column]):
            remarks.append(
                f"Column {shortened(column.name)} only numbers the rows, and is learnt from all "
                f"the same; leave it out by --leave-out {shlex.quote(column.name)}."
            )
        if column.words:
            remarks.append(f"Column {shortened(column.name)} holds words: {_listed(column)}.")
    lacking = sum(is_missing(cell) for each in columns for cell in table.cells(each))
    if lacking:
        remarks.append(f"Filled by medians of the training rows: missing values, {lacking} in all.")
    raw = RawTable(
        name=f"{Path(table.path).stem}:{table.header[index]}",
        features=np.concatenate(list(read.values()), axis=1),
        feature_names=tuple(name for column in read for name in column.coded),
        labels=labels,
        label_name=table.header[index],
        class_names=class_names,
        remarks=tuple(remarks),
        columns=tuple(read),
    )
    try:
        return prepare(raw, fold)
    except DataError as error:
        raise DataError(f"{table.path}: {error}") from None


def _labels(
    table: CsvTable, column: int, predict: str | None
) -> tuple[Labels | Floats, tuple[str, ...], str]:
    """Labels, the names of their classes, and a remark on what is predicted."""
    cells = table.cells(column)
    name = shortened(table.header[column])
    if not mostly_numbers(cells) and predict != "values":
        names = _words(table, column)
        told = f"Predicted are the {len(names)} classes of {name}."
        return numbered(cells, names), names, told
    values = numbers_of(table, column)
    different = np.unique(values)
    whole = bool(np.all(different == np.round(different)))
    as_classes = predict == "classes"
    if predict is None:
        as_classes = whole and len(different) <= MOST_CLASS_NUMBERS
    if not as_classes:
        return values, (), f"Predicted are the values of {name}, standardised."
    _check_classes(table, column, len(different))
    names = tuple(f"{value:.17g}" for value in different)
    told = f"Predicted are the {len(names)} classes of {name}; --predict values takes its numbers."
    return np.searchsorted(different, values).astype(np.int64), names, told


def _words(table: CsvTable, column: int) -> tuple[str, ...]:
    """The different words of the label, sorted."""
    names = different_words(table, column)
    _check_classes(table, column, len(names))
    return names


def _check_classes(table: CsvTable, column: int, count: int) -> None:
    if 2 * count > len(table.rows):
        name = shortened(table.header[column])
        raise DataError(
            f"{table.path}, column {name}: {count} different labels in {len(table.rows)} rows are "
            "no classes; choose another label"
        )


def _numbers_the_rows(values: Floats) -> bool:
    """Whether a column counts upwards by one from row to row, as the number of a row does."""
    counted = values.shape[1] == 1 and len(values) > 2
    return counted and bool(np.all(np.diff(values[:, 0]) == 1))


def _listed(column: Column) -> str:
    """What a column of words became."""
    if len(column.coded) == 1:
        return f"it is read as 0 and 1, {names_in_words(column.coded)}"
    return f"it is read as {len(column.coded)} columns of 0 and 1"
