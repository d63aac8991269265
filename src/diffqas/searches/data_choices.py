"""The choices of the data that a search is on: series, tables and images."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Self

from diffqas.choices import Value, check, option
from diffqas.tasks import MISSING_RULES, PREDICTIONS, OwnSeries, Scaling, read_columns, settled


@dataclass(frozen=True, kw_only=True)
class DataChoices:
    """The choices of a named data set besides its name; `RunConfig` has them, too.

    Attributes:
        csv, column: the file and the column of a user's own series; `csv` is also the file of a
            user's own table.
        label, predict, leave_out, missing, fold: what is predicted of a table, which columns are
            not read, what is done about missing values, and which fold is the test part.
        scaling: which part of a series scales it, `"whole"` or `"train"`.
        classes, data_dir: the labels of the images, and the folder with their files.
        series: how a user's own series is used; None means as the papers use a series.
    """

    csv: str | None = option(None, "A CSV file with a header: a series or a table of your own.")
    column: str | None = option(None, "The column of a series of your own.")
    label: str | None = option(None, "The column that is predicted in a table of your own.")
    predict: str | None = option(
        None,
        "What the label of a table is: classes or values. If not given, text and at most ten "
        "different whole numbers are classes.",
        among=PREDICTIONS,
    )
    leave_out: tuple[str, ...] | None = option(
        None, "Columns of a table of your own that are not read, such as the number of a row."
    )
    missing: str = option(
        "error",
        "Missing values in a table of your own: error refuses them, drop leaves their rows out, "
        "median fills in the median of their column in the training rows.",
        among=MISSING_RULES,
    )
    fold: int = option(
        0,
        "Which of five folds of a table, stratified by class, is its test part.",
        least=0,
        most=4,
        rule="be a whole number from 0 to 4",
    )
    scaling: Scaling = option(
        "whole",
        "Whose range scales a series: that of the whole series (whole: the papers' protocol, which "
        "leaks the test part's range) or of the training part (train: usual for your own series).",
        among=("whole", "train"),
    )
    classes: tuple[int, ...] | None = option(
        None, "The labels of the images to tell apart, two or more; all if not given."
    )
    data_dir: str | None = option(
        None,
        "Folder with the files of MNIST or FashionMNIST. If not given: $DIFFQAS_DATA, then a "
        "cache, then a download.",
    )
    series: OwnSeries | None = None

    def __post_init__(self) -> None:
        check(self)

    def given(self, *names: str) -> dict[str, Value]:
        """Those of the named choices that differ from their defaults."""
        usual = {each.name: each.default for each in fields(DataChoices)}
        values = {name: getattr(self, name) for name in names}
        return {name: value for name, value in values.items() if value != usual[name]}

    def settled(self) -> Self:
        """The same, with what is left open for a user's own series chosen on its training part.

        Raises:
            ArgumentError: the file is too short for these choices.
            DataError: the file cannot be used.
        """
        if self.series is None or self.csv is None:
            return self
        columns = read_columns(Path(self.csv), self.column, self.series.columns or ())
        period = None if columns.dates is None else columns.dates.period
        return replace(self, series=settled(self.series, columns.values, period))
