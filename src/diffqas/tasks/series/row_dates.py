"""The dates of the rows of a series: gaps are found, a season follows, and later rows get names."""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from diffqas.errors import DataError

FORMATS = (
    *("%Y-%m-%d", "%Y-%m", "%Y/%m/%d", "%Y/%m", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"),
    *("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%d.%m.%Y", "%m.%Y", "%d.%m.%Y %H:%M"),
    *("%m/%d/%Y", "%d/%m/%Y", "%m/%Y", "%b %Y", "%B %Y", "%b-%y", "%d %b %Y", "%d-%b-%Y", "%Y"),
    *("%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M", "%d-%m-%Y", "%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%H:%M:%SZ"),
    *("%Y-%m-%d %H:%M:%S+00:00", "%Y-%m-%dT%H:%M:%S+00:00"),
    *("%Y-Q%q", "%YQ%q", "%Y Q%q", "Q%q %Y", "Q%q-%Y", "Q%q/%Y", "%Y%m%d", "%Y%m"),
    *("%G-W%V", "%GW%V", "%G W%V", "%G-W%V-%u"),
)
"""How dates are written, the usual ways first; `%q` is the quarter, 1 to 4, `%G-W%V` a week of ISO
8601.
"""

DIGITS = {"%Y%m%d": 8, "%Y%m": 6}
"""Formats without signs between the parts, and their lengths: `strptime` would take fewer."""

DAY = timedelta(days=1)
PERIODS = {DAY: 7, 7 * DAY: 52, DAY / 24: 24, DAY / 48: 48, DAY / 96: 96}
"""Rows of a season by the time from row to row."""
MONTHS_OF_YEAR = 12
WORKING_DAYS = 5
REGULAR = 0.9
"""Share of the steps that are alike, from which on the others are gaps."""


@dataclass(frozen=True)
class RowDates:
    """Dates at equal steps.

    Attributes:
        last: the date of the last row.
        written: the format of the file's dates, a format of `strptime`.
        months: the number of months from row to row; 0 if the step is a time.
        step: the time from row to row, if `months` is 0.
        working_days: whether Saturday and Sunday have no rows.
        at_the_end: whether each date is the last day of its month.
    """

    last: datetime
    written: str
    months: int = 0
    step: timedelta = DAY
    working_days: bool = False
    at_the_end: bool = False

    @property
    def period(self) -> int | None:
        """Rows of a year, a week or a day; None where a season has no such length."""
        if self.months:
            rows = MONTHS_OF_YEAR // self.months
            if rows < 2 or MONTHS_OF_YEAR % self.months:
                return None
            return rows
        if self.working_days:
            return WORKING_DAYS
        return PERIODS.get(self.step)

    def next(self, count: int) -> list[str]:
        """The dates of the next `count` rows, written as in the file.

        >>> RowDates(datetime(2020, 11, 1), "%Y-%m", months=1).next(3)
        ['2020-12', '2021-01', '2021-02']
        """
        found: list[str] = []
        date = self.last
        for number in range(1, count + 1):
            if self.months:
                date = _months_later(self.last, number * self.months, self.at_the_end)
            else:
                date = date + self.step
            while self.working_days and date.weekday() >= WORKING_DAYS:
                date = date + DAY
            found.append(_text_of(date, self.written))
        return found


def row_dates(cells: Sequence[str], lines: Sequence[int], place: str) -> RowDates | None:
    """The dates of rows, the oldest first.

    Args:
        cells: texts of the column that dates the rows.
        lines: where they stand in the file.
        place: file and column, for messages.

    Returns:
        None where the cells are no dates, or no step is the usual one.

    Raises:
        DataError: a row is missing, comes twice, or the newest stands first.

    >>> months = [f"2020-{month:02}" for month in (1, 2, 3, 4, 5, 6, 7, 8, 9, 11)]
    >>> row_dates(months, range(2, 12), "sales.csv")
    Traceback (most recent call last):
        ...
    diffqas.errors.DataError: sales.csv, line 11: 2020-11 follows 2020-09, so rows are missing
    between them; fill the gap first
    """
    read = _read(cells)
    if read is None or len(cells) < 3:
        return None
    written, dates = read
    falling = sum(later < earlier for earlier, later in pairwise(dates))
    if falling >= REGULAR * (len(dates) - 1):
        raise DataError(f"{place}: the newest row stands first; turn the order of the rows round")
    last_days = all(each.day == _days_of(each) for each in dates)
    of_months = last_days or len({(each.day, each.hour, each.minute) for each in dates}) == 1
    if of_months and _moves_by_months(dates):
        numbers = [MONTHS_OF_YEAR * each.year + each.month for each in dates]
        months = _step([b - a for a, b in pairwise(numbers)], cells, lines, place)
        if months is None:
            return None
        return RowDates(dates[-1], written, months=months, at_the_end=last_days)
    steps = [later - earlier for earlier, later in pairwise(dates)]
    if _only_working_days(dates):
        working = [_over_weekends(a, b) for a, b in pairwise(dates)]
        if _step(working, cells, lines, place) == 1:
            return RowDates(dates[-1], written, working_days=True)
        return None
    seconds = _step([step // timedelta(seconds=1) for step in steps], cells, lines, place)
    if seconds is None:
        return None
    return RowDates(dates[-1], written, step=timedelta(seconds=seconds))


def _read(cells: Sequence[str]) -> tuple[str, list[datetime]] | None:
    """The first format that all cells have, and their dates; of several the one in order."""
    fitting = []
    for written in FORMATS:
        try:
            dates = [_date_of(cell, written) for cell in cells]
        except ValueError:
            continue
        # Of 01/02/2020 the order of the rows tells which number is the month.
        if all(earlier < later for earlier, later in pairwise(dates)):
            return written, dates
        fitting.append((written, dates))
    return fitting[0] if fitting else None


def times_of(cells: Sequence[str]) -> list[datetime] | None:
    """The dates that all cells hold; None where they are no dates, or bare years."""
    read = _read(cells)
    if read is None or read[0] == "%Y":
        return None
    return read[1]


def in_digits(cells: Sequence[str]) -> bool:
    """Whether all cells are dates such as 202001 or 20200131, which look like other numbers."""
    for written in DIGITS:
        try:
            return all(_date_of(cell, written) for cell in cells)
        except ValueError:
            continue
    return False


def _date_of(cell: str, written: str) -> datetime:
    """The date that a cell holds; of a quarter and of a week its first day.

    Raises:
        ValueError: it is written in another way.
    """
    if len(cell) != DIGITS.get(written, len(cell)):
        raise ValueError(cell)
    if written.endswith("%V"):
        return datetime.strptime(f"{cell}-1", f"{written}-%u")
    if "%q" not in written:
        return datetime.strptime(cell, written)
    # The months of other formats are no quarters, so the letter must be there.
    before, letter, rest = cell.partition("Q")
    if not letter or rest[:1] not in {"1", "2", "3", "4"}:
        raise ValueError(cell)
    month = 3 * int(rest[0]) - 2
    return datetime.strptime(f"{before}{month:02}{rest[1:]}", written.replace("Q%q", "%m"))


def _text_of(date: datetime, written: str) -> str:
    """A date as the file writes it."""
    quarter = (date.month + 2) // 3
    return date.strftime(written.replace("%q", str(quarter)))


def _step(
    steps: Sequence[int], cells: Sequence[str], lines: Sequence[int], place: str
) -> int | None:
    """The usual step; None where there is none.

    Raises:
        DataError: nearly all steps are alike, and one is not; or half of them, and one goes back.
    """
    usual, count = Counter(steps).most_common(1)[0]
    odd = [index for index, step in enumerate(steps) if step != usual]
    back = [index for index in odd if steps[index] < 0]
    regular = count >= len(steps) - 1 or count >= REGULAR * len(steps)
    # Three steps are odd where two rows change places: half of them alike show an order already.
    disordered = len(back) > 0 and 2 * count >= len(steps)
    if usual <= 0 or not (regular or disordered):
        return None
    if not odd:
        return usual
    # Around rows that are out of order others seem to be missing, so what goes back is told first.
    index = (back or odd)[0]
    here = f"{place}, line {lines[index + 1]}: {cells[index + 1]} follows {cells[index]}"
    if steps[index] > usual:
        raise DataError(f"{here}, so rows are missing between them; fill the gap first")
    if steps[index] == 0:
        raise DataError(f"{here}, which is no step forward: keep one row of each date")
    raise DataError(f"{here}, which is no step forward by one row; put the rows in order")


def _moves_by_months(dates: Sequence[datetime]) -> bool:
    """Whether the dates are of different months: not all rows of one month."""
    return len({(each.year, each.month) for each in dates}) > len(dates) // 2


def _only_working_days(dates: Sequence[datetime]) -> bool:
    """Whether no date is on a weekend, of daily dates over more than a week."""
    daily = all(each.hour == 0 and each.minute == 0 for each in dates)
    weekdays = {each.weekday() for each in dates}
    return daily and len(weekdays) == WORKING_DAYS and max(weekdays) < WORKING_DAYS


def _over_weekends(earlier: datetime, later: datetime) -> int:
    """Working days from one to the other."""
    days = (later - earlier).days
    weeks, rest = divmod(days, 7)
    over = int(rest > 0 and earlier.weekday() + rest >= 7)
    return WORKING_DAYS * weeks + rest - 2 * over


def _months_later(date: datetime, months: int, at_the_end: bool) -> datetime:
    years, month = divmod(date.month - 1 + months, MONTHS_OF_YEAR)
    first = date.replace(year=date.year + years, month=month + 1, day=1)
    if at_the_end:
        return first.replace(day=_days_of(first))
    return first.replace(day=min(date.day, _days_of(first)))


def _days_of(date: datetime) -> int:
    return calendar.monthrange(date.year, date.month)[1]
