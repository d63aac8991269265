"""A file with several series is refused with the column that tells them apart; others are read."""

import itertools

import pytest

from diffqas.errors import DataError
from diffqas.tasks.series import load_csv
from diffqas.tasks.series.own_file import read_columns

MONTHS = [f"{2012 + index // 12}-{index % 12 + 1:02}" for index in range(48)]
STORES = ["north", "south", "east"]


@pytest.fixture
def file(tmp_path):
    def write(head, rows):
        path = tmp_path / "sales.csv"
        path.write_text("\n".join([head, *(",".join(map(str, row)) for row in rows)]) + "\n")
        return path

    return write


def value(*words):
    return len(str(words)) + sum(map(ord, str(words))) % 97


BELOW = [(s, m, value(s, m)) for s, m in itertools.product(STORES, MONTHS)]
AMONG = [(s, m, value(s, m)) for m, s in itertools.product(MONTHS, STORES)]
LATER = BELOW[20:]
NUMBERED = [(1000 + STORES.index(s), m, v) for s, m, v in BELOW]


@pytest.mark.parametrize("rows", [BELOW, AMONG, LATER, NUMBERED])
@pytest.mark.parametrize("read", [load_csv, read_columns])
def test_several_series_are_told_by_the_column_that_tells_them_apart(file, rows, read):
    path = file("shop,month,sales", rows)
    with pytest.raises(DataError, match=r"column 'shop' tells 3 series apart \(.*\); put the rows"):
        read(path, "sales")


def test_without_dates_the_name_of_the_column_tells_it(file):
    path = file("store,sales", [(store, number) for store, _, number in BELOW])
    with pytest.raises(DataError, match="column 'store' tells 3 series apart"):
        read_columns(path, "sales")


@pytest.mark.parametrize(
    ("head", "rows"),
    [
        ("month,year,sales", [(m[5:], m[:4], value(m)) for m in MONTHS]),
        ("year,period,sales", [(m[:4], f"M{m[5:]}", value(m)) for m in MONTHS]),
        ("weather,month,sales", [("sun" if value(m) % 2 else "rain", m, value(m)) for m in MONTHS]),
        ("phase,sales", [(f"phase {index // 12}", value(m)) for index, m in enumerate(MONTHS)]),
        (
            "date,hour,sales",
            [
                (f"2020-01-{d + 1:02}", h, value(d, h))
                for d, h in itertools.product(range(9), range(24))
            ],
        ),
        ("id,sales", [(index, value(m)) for index, m in enumerate(MONTHS)]),
    ],
)
def test_one_series_is_read(file, head, rows):
    assert len(read_columns(file(head, rows), "sales").values) == len(rows)
