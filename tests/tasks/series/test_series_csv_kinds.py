"""CSV files of other programs: read as they are meant, or refused in one line; never other values.

Each file is generated: a series in some notation, beside other columns, in some dialect.
"""

import gzip
import io
import lzma
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from diffqas.errors import DataError
from diffqas.tasks.series import load_csv, scale_to_unit

TENTHS = [112.0 + (i * i % 37) / 2 for i in range(30)]


def written(values=TENTHS, name="level", *, separator=",", number="{:.1f}".format, header=True):
    """A table `day, NAME` in text."""
    rows = [f"{day}{separator}{number(value)}" for day, value in enumerate(values)]
    names = [f"day{separator}{name}"] if header else []
    return "\n".join([*names, *rows]) + "\n"


@pytest.fixture
def load(tmp_path):
    def load(content, column=None, name="tides.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_csv(path, column)

    return load


def same(data, values):
    expected = scale_to_unit(np.array(values))
    np.testing.assert_array_equal(data.inputs[0], expected[:4])
    np.testing.assert_array_equal(data.targets, expected[4:-1])
    assert (data.low, data.high) == (min(values), max(values))


def comma(value):
    return f"{value:.1f}".replace(".", ",")


READ = {
    "decimal commas, semicolons": (written(separator=";", number=comma), "level"),
    "decimal commas, tabs": (written(separator="\t", number=comma), "level"),
    "points, semicolons": (written(separator=";"), "level"),
    "three decimals": (written(number="{:.3f}".format), "level"),
    "unnamed columns beside it": (
        written(name="level,", number="{:.1f},a".format).replace("day", "", 1),
        "level",
    ),
    "doubled columns beside it": (
        written(name="level,rate,rate", number="{:.1f},1,2".format),
        "level",
    ),
    "trailing commas": (written(name="level,", number="{:.1f},".format), "level"),
    "a year as its name": (written(name="1949"), "1949"),
    "line ends of old": (written().replace("\n", "\r"), "level"),
    "dates beside it": (
        "date,level\n" + "".join(f"1949-{i:02},{v}\n" for i, v in enumerate(TENTHS)),
        None,
    ),
    "a savetxt header": ("# level\n" + "".join(f"{v:.18e}\n" for v in TENTHS), None),
}


@pytest.mark.parametrize(("content", "column"), READ.values(), ids=READ.keys())
def test_is_read_as_it_is_meant(load, content, column):
    same(load(content, column), TENTHS)


def thousands(sign):
    return lambda value: '"' + f"{1000 * value:,.0f}".replace(",", sign) + '"'


HEADERLESS = "".join(f"1949-{i:02},{value}\n" for i, value in enumerate(TENTHS))
WHOLE = "is not a number as it is written; write it with a decimal point"
REFUSED = {
    "no header": (HEADERLESS, None, "'112.0' looks like a value, so there is no header; add a"),
    "no header, asked for": (HEADERLESS, "112.0", "'112.0' looks like a value, so there is no"),
    "no header, the first value missing": (
        HEADERLESS.replace("112.0", "NaN", 1),
        None,
        "'NaN' looks like a value",
    ),
    "no header, commas": (
        written(header=False, separator=";", number=comma),
        None,
        "only numbers, so there is no header",
    ),
    "thousands": (written(number=thousands(",")), "level", f"line 2, .* '112,000' {WHOLE}"),
    "thousands by blanks": (written(number=thousands(" ")), "level", WHOLE),
    "thousands by apostrophes": (written(number=thousands("'")), "level", WHOLE),
    "thousands by points": (
        written([0.5, *TENTHS], number=thousands(".")),
        "level",
        r"'112.000' may mean thousands or a decimal fraction",
    ),
    "thousands, no column": (written(number=thousands(",")), None, "columns 'day', 'level' hold"),
    "thousands or fractions": (
        written(separator=";", number=lambda value: f"{value:.0f},000"),
        "level",
        "line 2, .*'112,000' may mean thousands or a decimal fraction; remove signs between",
    ),
    "points of thousands": (
        written(separator=";", number=lambda value: f"{value:.0f}.000"),
        "level",
        r"'112.000' may mean thousands or a decimal fraction",
    ),
    "two decimal signs": (
        written(separator=";", number=comma).replace("118,0", "118.0"),
        "level",
        f"'112,0' {WHOLE}",
    ),
    "percent": (
        "day,level\n" + "".join(f"d{i},{value} %\n" for i, value in enumerate(TENTHS)),
        None,
        "line 2, column 'level': '112.0 %' is not a number as it is written",
    ),
    "text as the value": (
        written(number=lambda value: f"{value} cm"),
        None,
        "the only column of numbers, 'day', seems to count or date the rows; name the one to use",
    ),
    "dates and text": (
        "date,level\n" + "".join(f"{20240101 + i},n{v}\n" for i, v in enumerate(TENTHS)),
        None,
        "'date', seems to count or date the rows",
    ),
    "too many digits": (
        written([2**53 + 2 * i % 7 + 1 for i in range(30)], number=str),
        "level",
        "line 2, column 'level': '9007199254740993' has more digits than float64 holds",
    ),
    "nearly zero": (written(number="{}e-400".format), "level", "more digits than float64 holds"),
    "the doubled column": (
        written(name="level,level", number="{},1".format),
        "level",
        "two columns are named 'level'",
    ),
    "the unnamed column": (written(name=""), "", "column 2, the one with numbers, has no name"),
    "two separators": (
        "day;level,x\n" + "".join(f"{i};{i % 7},5\n" for i in range(30)),
        None,
        "line 1: cells may be separated by commas or semicolons",
    ),
    "decimal commas between commas": (
        written(number=comma),
        "level",
        "line 2: 3 cells where the header has 2; correct that row .numbers must be written with a",
    ),
    "a comment first": ("# tides\n" + written(), "level", "a comment where the header should be"),
    "a page": ("<!DOCTYPE html>\n" + written(), "level", "a page of HTML or XML"),
    "blanks between cells": (
        written(separator="  "),
        None,
        "'0  112.0' is not a number; .*separated by commas",
    ),
}


@pytest.mark.parametrize(("content", "column", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_is_refused_in_one_line(load, content, column, words):
    with pytest.raises(DataError, match=words) as caught:
        load(content, column)
    assert "\n" not in str(caught.value)
    assert "tides.csv" in str(caught.value)


def archive(*names):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name in names:
            file.writestr(name, written())
    return buffer.getvalue()


FORMATS = {
    "gzip": (gzip.compress(written().encode()), "packed by gzip; unpack it first"),
    "xz": (lzma.compress(written().encode()), "packed by xz; unpack it first"),
    "zip": (archive("tides.csv"), "a zip archive; unpack it first"),
    "xlsx": (archive("[Content_Types].xml", "xl/workbook.xml"), "a spreadsheet .* save it as CSV"),
    "ods": (archive("mimetype application/vnd.oasis.opendocument.spreadsheet"), "a spreadsheet"),
    "xls": (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "a spreadsheet .* save it as CSV"),
    "parquet": (b"PAR1" + bytes(100) + b"PAR1", "a Parquet file"),
}


@pytest.mark.parametrize("name", ["tides.csv", "tides.csv.gz", "tides.xlsx"])
@pytest.mark.parametrize(("content", "words"), FORMATS.values(), ids=FORMATS.keys())
def test_other_formats_are_told_whatever_their_name(load, content, words, name):
    with pytest.raises(DataError, match=words):
        load(content, name=name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have no name here")
def test_a_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match="cannot be read"):
        load_csv(tmp_path / "pipe.csv")


NOTATIONS = {
    "shortest": repr,
    "tenths": "{:.1f}".format,
    "thousandths": "{:.3f}".format,
    "whole": "{:.0f}".format,
    "grouped": "{:,.0f}".format,
    "grouped thousandths": "{:,.3f}".format,
    "exponent": "{:.3e}".format,
    "signed": "{:+.2f}".format,
    "percent": "{:.1f} %".format,
}
SWAPS = {
    "as it is": str.maketrans({}),
    "decimal commas": str.maketrans(".,", ",."),
    "decimal commas, blanks": str.maketrans(".,", ",\u202f"),
    "apostrophes": str.maketrans(",", "'"),
}
BESIDE = {
    "nothing": None,
    "a number": str,
    "a date": lambda row: f"1949-{row:02}-01",
    "a compact date": lambda row: str(19490101 + row),
    "a German date": lambda row: f"{row % 28 + 1:02}.01.49",
    "words": lambda row: ("low", "high; or so", "1,5 or 2", "a|b", "")[row % 5],
    "a constant": lambda _: "7",
}
NAMES = st.sampled_from(["Höhe, cm", "a;b", "1949-01", "", "x", "nan", "#"])
NAMES_BESIDE = st.one_of(NAMES, st.just("2019"))


@st.composite
def tables(draw):
    """Bytes of a file, the name of a column or None, and the values that were meant."""
    scale = draw(st.sampled_from([1e-3, 1.0, 1e3, 1e6, 1e17]))
    numbers = st.integers(-9999, 9999).map(lambda value: value * scale / 8)
    values = draw(st.lists(numbers, min_size=26, max_size=32))
    notation = NOTATIONS[draw(st.sampled_from(sorted(NOTATIONS)))]
    swap = SWAPS[draw(st.sampled_from(sorted(SWAPS)))]
    texts = [notation(value).translate(swap) for value in values]
    # The value that was meant is what the notation says of it, whatever signs it is written with.
    meant = [float(notation(value).replace(",", "").removesuffix(" %")) for value in values]
    columns = [["level" if draw(st.booleans()) else draw(NAMES), *texts]]
    for _ in range(draw(st.integers(0, 2))):
        make = BESIDE[draw(st.sampled_from(sorted(BESIDE)))]
        if make is not None:
            beside = [draw(NAMES_BESIDE), *map(make, range(len(values)))]
            columns.insert(draw(st.integers(0, len(columns))), beside)
    if draw(st.integers(0, 4)) == 0:  # no header: the first value stands in its place
        columns = [column[1:] for column in columns]
    asked = draw(st.sampled_from([None, "level"]))
    return _file(draw, columns), asked, meant


def _file(draw, columns):
    separator = draw(st.sampled_from(",;\t|"))
    quote = draw(st.sampled_from(["all", "needed", "never"]))

    def cell(text):
        special = any(sign in text for sign in (separator, '"', "\n"))
        if quote == "all" or (quote == "needed" and special):
            return '"' + text.replace('"', '""') + '"'
        return text

    ending = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    rows = [separator.join(map(cell, row)) for row in zip(*columns, strict=True)]
    start = draw(st.sampled_from(["", "", "", "# by me\n", f"sep={separator}\n", "\n"]))
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]))
    return (start + ending.join(rows) + ending).encode(encoding, "replace")


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tables())
@example((written(number=thousands(",")).encode(), None, [1000.0 * value for value in TENTHS]))
@example((HEADERLESS.encode(), None, TENTHS))
def test_the_values_that_were_meant_or_one_line(tmp_path, table):
    content, column, meant = table
    path = tmp_path / "generated.csv"
    Path(path).write_bytes(content)
    data = None
    try:
        data = load_csv(path, column)
    except DataError as error:
        message = str(error)
    if data is None:
        assert message.isprintable()
    else:
        same(data, meant)
