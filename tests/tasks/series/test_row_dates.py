"""Dates of the rows of a series: read, continued, and refused where rows are missing."""

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffqas.errors import DataError
from diffqas.tasks.series.own_file import read_columns
from diffqas.tasks.series.row_dates import FORMATS, row_dates

START = datetime(2019, 10, 31)


def every(step, count, start=START):
    return [start + number * step for number in range(count)]


def months(count, day=1, step=1, year=1949):
    return [date(year + (step * i) // 12, (step * i) % 12 + 1, day) for i in range(count)]


def dates_of(dates, written):
    cells = [each.strftime(written) for each in dates]
    return row_dates(cells, range(2, len(cells) + 2), "a.csv")


@pytest.mark.parametrize(
    ("dates", "written", "period", "following"),
    [
        (months(30), "%Y-%m", 12, ["1951-07", "1951-08"]),
        (months(30), "%Y-%m-%d", 12, ["1951-07-01", "1951-08-01"]),
        (months(30), "%b %Y", 12, ["Jul 1951", "Aug 1951"]),
        (months(30, 15), "%d.%m.%Y", 12, ["15.07.1951", "15.08.1951"]),
        (months(30), "%m/%d/%Y", 12, ["07/01/1951", "08/01/1951"]),
        (months(20, step=3), "%Y-%m", 4, ["1954-01", "1954-04"]),
        (months(20, step=12), "%Y", None, ["1969", "1970"]),
        (every(timedelta(days=1), 40), "%Y-%m-%d", 7, ["2019-12-10", "2019-12-11"]),
        (every(timedelta(days=7), 40), "%Y-%m-%d", 52, ["2020-08-06", "2020-08-13"]),
        (every(timedelta(hours=1), 40), "%Y-%m-%d %H:%M", 24, ["2019-11-01 16:00"]),
        (every(timedelta(hours=1), 40), "%Y-%m-%dT%H:%M:%SZ", 24, ["2019-11-01T16:00:00Z"]),
        (every(timedelta(hours=1), 40), "%d/%m/%Y %H:%M", 24, ["01/11/2019 16:00"]),
        (every(timedelta(days=7), 40), "%G-W%V", 52, ["2020-W32", "2020-W33"]),
        (every(timedelta(days=7), 40), "%GW%V", 52, ["2020W32"]),
        (every(timedelta(days=7), 40), "%G-W%V-%u", 52, ["2020-W32-4"]),
        (months(30), "%Y%m", 12, ["195107", "195108"]),
        (every(timedelta(days=1), 40), "%Y%m%d", 7, ["20191210", "20191211"]),
    ],
)
def test_dates_go_on_as_they_are_written(dates, written, period, following):
    found = dates_of(dates, written)
    assert found is not None
    assert found.period == period
    assert found.next(len(following)) == following


def test_dates_in_digits_are_read_whatever_their_column_is_called(tmp_path):
    path = tmp_path / "sales.csv"
    rows = [f"{each:%Y%m},{number % 7}" for number, each in enumerate(months(30))]
    path.write_text("\n".join(["period,sales", *rows]))
    found = read_columns(path, "sales").dates
    assert found is not None
    assert (found.months, found.next(1)) == (1, ["195107"])


@pytest.mark.parametrize("written", ["{}-Q{}", "{}Q{}", "{} Q{}"])
def test_quarters_go_on_as_they_are_written(written):
    cells = [written.format(2000 + index // 4, index % 4 + 1) for index in range(30)]
    found = row_dates(cells[:27], range(2, 29), "a.csv")
    assert found is not None
    assert found.period == 4
    assert found.next(3) == cells[27:]
    kept = cells[:5] + cells[6:]
    with pytest.raises(DataError, match=f"{cells[6]} follows {cells[4]}, so rows are missing"):
        row_dates(kept, range(2, 31), "a.csv")


def test_ends_of_months_stay_ends_of_months():
    ends = [first - timedelta(days=1) for first in months(30)]
    found = dates_of(ends, "%Y-%m-%d")
    assert found is not None
    assert found.next(9)[-1] == "1952-02-29"


def test_weekends_without_rows_are_no_gaps():
    days = [each for each in every(timedelta(days=1), 60) if each.weekday() < 5]
    found = dates_of(days, "%Y-%m-%d")
    assert found is not None
    assert found.period == 5
    assert found.next(2) == ["2019-12-30", "2019-12-31"]
    with pytest.raises(DataError, match="so rows are missing between them"):
        dates_of([*days[:10], *days[11:]], "%Y-%m-%d")


@given(st.integers(1, 28), st.sampled_from(["%Y-%m", "%d.%m.%Y", "%b %Y", "%Y/%m/%d"]))
def test_a_month_that_is_missing_is_told_with_its_line(missing, written):
    dates = months(30)
    kept = dates[:missing] + dates[missing + 1 :]
    with pytest.raises(DataError) as caught:
        dates_of(kept, written)
    assert f"a.csv, line {missing + 2}: {kept[missing].strftime(written)} follows" in str(
        caught.value
    )


def test_rows_that_come_twice_and_the_wrong_way_round():
    dates = months(30)
    with pytest.raises(DataError, match="1949-06 follows 1949-06, which is no step forward"):
        dates_of([*dates[:6], *dates[5:]], "%Y-%m")
    with pytest.raises(DataError, match="the newest row stands first; turn the order"):
        dates_of(dates[::-1], "%Y-%m")


@given(st.integers(0, 26), st.integers(2, 3))
def test_rows_out_of_order_are_not_taken_for_missing_ones(first, count):
    dates = months(30)
    turned = [*dates[:first], *dates[first : first + count][::-1], *dates[first + count :]]
    earlier, later = (each.strftime("%Y-%m") for each in turned[first : first + 2])
    with pytest.raises(DataError, match=rf"{later} follows {earlier}, .*put the rows in order"):
        dates_of(turned, "%Y-%m")


def test_the_months_of_two_things_below_each_other_are_no_series():
    with pytest.raises(DataError, match=r"1949-01 follows 1949-06, .*put the rows in order"):
        dates_of([*months(6), *months(6), *months(6), *months(6)], "%Y-%m")


def test_dates_that_share_their_rows_with_hours_say_nothing():
    assert dates_of([day for day in months(10) for _ in range(24)], "%Y-%m-%d") is None


@given(st.integers(0, 29))
def test_the_newest_row_first_is_told_though_a_date_comes_twice(twice):
    dates = months(30)
    with pytest.raises(DataError, match="the newest row stands first; turn the order"):
        dates_of([*dates[: twice + 1], *dates[twice:]][::-1], "%Y-%m")


@given(st.lists(st.text(max_size=12), min_size=3, max_size=9))
def test_other_texts_are_no_dates(cells):
    try:
        found = row_dates(cells, range(len(cells)), "a.csv")
    except DataError:
        return  # years may be drawn
    assert found is None or found.written in FORMATS


def test_dates_without_a_usual_step_say_nothing():
    irregular = [START + timedelta(days=each**2) for each in range(20)]
    assert all(a < b for a, b in pairwise(irregular))
    assert dates_of(irregular, "%Y-%m-%d") is None
