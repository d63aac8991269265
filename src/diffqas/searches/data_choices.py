"""Which data a search is on: the choices of series, tables and images, declared once."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Self

from diffqas.choices import Value, check, option
from diffqas.tasks import MISSING_RULES, PREDICTIONS, OwnSeries, Scaling, read_columns, settled


@dataclass(frozen=True, kw_only=True)
class DataChoices:
    """Choices of a named data set beside its name; `RunConfig` has them among its own.

    Attributes:
        csv, column: a user's own series; csv also a user's own table.
        label, predict, leave_out, missing, fold: what is predicted of a table, and by which
            columns; what is done about missing values; which fold is its test part.
        scaling: what scales a series, `"whole"` or `"train"`.
        classes, data_dir: which images, and the folder with their files.
        series: how a series of one's own is seen; None: as the papers see a series.
    """

    csv: str | None = option(None, "A series or a table of your own: a CSV file with a header.")
    column: str | None = option(None, "The column of a series.")
    label: str | None = option(None, "The column of a table of your own that is predicted.")
    predict: str | None = option(
        None,
        "What its label is: classes or values. If not given, text and at most ten different whole "
        "numbers are classes.",
        among=PREDICTIONS,
    )
    leave_out: tuple[str, ...] | None = option(
        None, "Columns of a table of your own that are not read, such as the number of a row."
    )
    missing: str = option(
        "error",
        "Missing values of a table of your own: error refuses them, drop leaves their rows out, "
        "median fills them by the median of their column in the training rows.",
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
        "Range that scales a series: whole (the papers' protocol, which leaks the test part's "
        "range) or the training part's, which is usual for a series of your own.",
        among=("whole", "train"),
    )
    classes: tuple[int, ...] | None = option(
        None, "Labels of the images to tell apart, two or more; all if not given."
    )
    data_dir: str | None = option(
        None,
        "Folder with the files of MNIST or FashionMNIST; $DIFFQAS_DATA, then a cache, then a "
        "download if not given.",
    )
    series: OwnSeries | None = None

    def __post_init__(self) -> None:
        check(self)

    def given(self, *names: str) -> dict[str, Value]:
        """Those of the named choices that are not the usual ones."""
        usual = {each.name: each.default for each in fields(DataChoices)}
        values = {name: getattr(self, name) for name in names}
        return {name: value for name, value in values.items() if value != usual[name]}

    def settled(self) -> Self:
        """The same with what is left open of a series of one's own chosen on its training part.

        Raises:
            ArgumentError: a view that the file is too short for.
            DataError: the file cannot be used.
        """
        if self.series is None or self.csv is None:
            return self
        columns = read_columns(Path(self.csv), self.column, self.series.columns or ())
        period = None if columns.dates is None else columns.dates.period
        return replace(self, series=settled(self.series, columns.values, period))
