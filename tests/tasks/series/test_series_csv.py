import csv
import os

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from diffqas.errors import ArgumentError, DataError
from diffqas.tasks.series import SeriesData, load_csv, scale_to_unit

VALUES = [float(i % 7) for i in range(40)]


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "tides.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def column(values=VALUES, name="level"):
    return "\n".join([name, *map(str, values)]) + "\n"


def table(rows=40, header="day,level"):
    return "\n".join([header, *(f"d{i},{i % 7}" for i in range(rows))]) + "\n"


def replaced(line, text, content=None):
    lines = (table() if content is None else content).splitlines()
    lines[line - 1] = text
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    "content",
    [
        column(),
        column().replace("\n", "\r\n"),
        column().replace("\n", "\r"),
        column().rstrip("\n"),
        column() + "\n\n   \n",
        b"\xef\xbb\xbf" + column().encode(),
        column().replace("level", '"level"'),
        column().replace("level", " level "),
        column([f" {v}" for v in VALUES]),
        table(),
        table().replace(",", ", "),
        table(header="Tag für Tag,level"),
        table().replace(",", ";"),
        table().replace(",", "\t"),
        table().replace(",", "|"),
        "sep=;\n" + table().replace(",", ";"),
        table().encode("utf-16"),
        table().replace(",", "\t").encode("utf-16"),
        table().encode("utf-32"),
    ],
)
def test_reads_a_series(write, content):
    data = load_csv(write(content))
    series = scale_to_unit(np.array(VALUES))
    assert data.name == "tides:level"
    np.testing.assert_array_equal(data.targets, series[4:39])
    np.testing.assert_array_equal(data.inputs[0], series[:4])
    assert data.sees == "the series itself"


def test_column_by_name(write):
    rows = [f"{i},{i * i}" for i in range(30)]
    path = write("\n".join(["a,b", *rows]))
    np.testing.assert_array_equal(
        load_csv(path, "b").targets, scale_to_unit(np.arange(30.0) ** 2)[4:29]
    )
    assert load_csv(str(path), " a ").name == "tides:a"


def test_length_and_scaling(write):
    path = write(column(range(40)))
    assert load_csv(path, length=2).inputs.shape == (37, 2)
    assert load_csv(path, scaling="train").test[1].max() > 1


CASES = {
    "empty": ("", "the file is empty"),
    "blank": ("\n \n\n", "the file is empty"),
    "no header": (column(name="1.5"), "line 1: only numbers, so there is no header"),
    "no header, two columns": ("1,2\n" * 40, "line 1: only numbers"),
    "blank header": ("\n" + column(), "line 1: the header is blank"),
    "blank names": (table(header=","), "line 1: the header is blank"),
    "same names": (table(header="level,level"), "line 1: two columns are named 'level'"),
    "latin-1": (table(header="Höhe,level").encode("latin-1"), "line 1: not UTF-8 text; save"),
    "latin-1, later": (replaced(9, "dü,3").encode("latin-1"), "line 9: not UTF-8 text"),
    "utf-16 without a mark": (table().encode("utf-16-le"), "line 1: a NUL byte"),
    "NUL": (replaced(5, "d\0,3"), "line 5: a NUL byte"),
    "missing": (replaced(5, "d,"), "line 5, column 'level': the value is missing; fill it in"),
    "missing, twice": (
        replaced(9, "d,NA", replaced(5, "d,")),
        "line 5, column 'level': the value is missing, as in line 9; fill them in",
    ),
    "missing, blank line": (replaced(5, "", column()), "line 5: a blank line between the rows"),
    "missing, spaces": (
        replaced(5, "  ", column()),
        "line 5, column 'level': the value is missing",
    ),
    "text": (
        replaced(5, "d,high"),
        "line 5, column 'level': 'high' is not a number; correct that cell$",
    ),
    "long text": (
        replaced(5, "d," + "x" * 99),
        "line 5, column 'level': '" + "x" * 37 + r"\.\.\.' is not",
    ),
    "grouped digits": (replaced(5, "d,1_000"), "'1_000' is not a number"),
    "decimal comma": (replaced(5, "1,5", column()), "line 5: 2 cells where the header has 1"),
    "semicolons below": (
        "level\n" + table().replace(",", ";"),
        "line 2, column 'level': 'day;level' .* separated by commas",
    ),
    "NaN": (replaced(5, "d,NaN"), "line 5, column 'level': the value is missing; fill it in"),
    "infinite": (replaced(5, "d,-inf"), "'-inf' is not a finite number"),
    "too large": (replaced(5, "d,1e999"), "'1e999' is not a finite number"),
    "constant": (column([3] * 40), "column 'level': the series is constant"),
    "too wide": (column([-1.7e308, 1.7e308] * 20), "column 'level': the series spreads too widely"),
    "too few": (table(24), "24 rows of data are too few; windows of 4 values need at least 25"),
    "header alone": ("level\n", "0 rows of data are too few"),
    "header alone, two": ("day,level\n", "no column holds numbers"),
    "short row": (replaced(5, "d"), "line 5: 1 cells where the header has 2; correct"),
    "long row": (replaced(5, "d,1,2"), "line 5: 3 cells where the header has 2"),
    "open quote": (replaced(5, 'd,"1'), "line 4[01]: not valid CSV"),
    "stray quote": (replaced(5, 'd,"1"2'), "line 5: not valid CSV"),
    "huge cell": (replaced(5, "d," + "1" * 200_000), "line 5: not valid CSV .*field limit"),
    "two columns of numbers": (
        "a,b\n" + "1,2\n" * 40,
        "columns 'a', 'b' hold numbers; name the one",
    ),
    "no numbers": ("a,b\n" + "x,y\n" * 40, r"no column holds numbers; .*\(there are 'a', 'b'\)"),
}


@pytest.mark.parametrize(("content", "words"), CASES.values(), ids=CASES.keys())
def test_refuses(write, content, words):
    path = write(content)
    with pytest.raises(DataError, match=words) as caught:
        load_csv(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_refuses_a_constant_training_part(write):
    path = write(column([3] * 30 + [4] * 10))
    assert load_csv(path).count == 35
    with pytest.raises(DataError, match="constant over its first 27 values"):
        load_csv(path, scaling="train")


def test_unknown_column_is_told_with_the_nearest(write):
    with pytest.raises(
        DataError,
        match=r"no column 'levle' \(did you mean 'level'\?\); the columns are 'day', 'level'",
    ):
        load_csv(write(table()), "levle")


def test_many_columns_are_not_all_listed(write):
    header = ",".join(f"c{i}" for i in range(20))
    with pytest.raises(DataError, match=r"'c11' and 8 more$"):
        load_csv(write(header + "\n"), "x")


def test_shortest_series(write):
    assert load_csv(write(table(25))).count == 20
    assert load_csv(write(table(23)), length=2).count == 20


def test_refuses_what_is_no_file(tmp_path):
    with pytest.raises(DataError, match="there is no such file"):
        load_csv(tmp_path / "none.csv")
    with pytest.raises(DataError, match="this is a directory"):
        load_csv(tmp_path)
    with pytest.raises(DataError, match="cannot be read"):
        load_csv("a\0b.csv")
    with pytest.raises(DataError, match="cannot be read"):
        load_csv("x" * 5000)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read everything"
)
def test_refuses_a_file_without_permission(write):
    path = write(table())
    path.chmod(0)
    with pytest.raises(DataError, match=r"cannot be read \(Permission denied\)"):
        load_csv(path)


@pytest.mark.parametrize("bad", [{"length": 0}, {"scaling": "half"}, {"column": 1}])
def test_refuses_bad_arguments(write, bad):
    with pytest.raises(ArgumentError, match=f"`{next(iter(bad))}` must"):
        load_csv(write(table()), **bad)


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff"), min_size=1)
CELLS = st.sampled_from(
    [
        "1",
        "2.5",
        "-3e4",
        "",
        "nan",
        "inf",
        "x",
        '"',
        '"4"',
        "1e308",
        "-1e308",
        "5e-324",
        "ä",
        " ",
        "1;2",
    ]
)
LINES = st.lists(CELLS, min_size=1, max_size=3).map(",".join)
TEXTS = st.lists(LINES, max_size=60).map("\n".join).map(lambda text: ("a,b\n" + text).encode())
COLUMNS = st.lists(st.floats(), min_size=25, max_size=40).map(
    lambda values: column(values).encode()
)
FUZZ = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def outcome(path, name, **options):
    """The data or the message of a DataError; any other error fails the test."""
    try:
        data = load_csv(path, name, **options)
    except DataError as error:
        return None, str(error)
    assert isinstance(data, SeriesData)
    return data, ""


@FUZZ
@given(
    content=st.one_of(st.binary(max_size=400), TEXTS, COLUMNS),
    name=st.sampled_from([None, "a", "level", ""]),
)
@example(content=b'a\n"\n' * 40, name=None)
@example(content=b"a\n" + b"1\n\x85\n" * 40, name=None)
@example(content="a\n1\u2028\u0085\n".encode() * 40, name="a")
def test_any_bytes_give_a_series_or_one_line(tmp_path, content, name):
    path = tmp_path / "fuzz.csv"
    path.write_bytes(content)
    for scaling in ("whole", "train"):
        data, message = outcome(path, name, scaling=scaling)
        if data is None:
            assert message.startswith(str(path))
            assert len(message.splitlines()) == 1
        else:
            assert np.isfinite(data.inputs).all()
            assert np.isfinite(data.targets).all()


@FUZZ
@given(
    names=st.lists(NAMES, min_size=2, max_size=4, unique_by=str.strip),
    values=st.lists(st.integers(-1000, 1000), min_size=25, max_size=40),
)
def test_what_the_csv_module_writes_is_read_back(tmp_path, names, values):
    path = tmp_path / "written.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows([["x"] * (len(names) - 1) + [value] for value in values])
    data, message = outcome(path, names[-1])
    if data is None:
        assert len(set(values)) == 1 or "only numbers" in message
    else:
        np.testing.assert_array_equal(
            data.targets, scale_to_unit(np.array(values, dtype=float))[4:-1]
        )
