"""Numbers as people and programs write them into the cells of a table.

The decimal sign is a point, or, if cells are not separated by commas, it may be a comma: `112,5`.
Elsewhere the same signs separate thousands, so that `1,234` has two meanings. It is read only if
other cells show which one is meant. Whole numbers that float64 would round are refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

POINT, COMMA = ".", ","

EXACT = 2**53
"""Whole numbers up to this one are all exact in float64."""

_EXPONENT = r"(?:[eE][+-]?\d+)?"
_SIGNED = {
    sign: re.compile(rf"[+-]?(?:\d+{re.escape(sign)}\d*|{re.escape(sign)}\d+){_EXPONENT}")
    for sign in (POINT, COMMA)
}
# Blanks of all widths, apostrophes, points and commas stand between thousands, by country.
_BETWEEN_THOUSANDS = r"[.,'’\s]"
_GROUP = rf"{_BETWEEN_THOUSANDS}\d{{2,3}}"  # of two digits in India
_GROUPED = re.compile(rf"[+-]?\d{{1,3}}(?:{_GROUP})*{_BETWEEN_THOUSANDS}\d{{3}}(?:[.,]\d*)?")
_AMBIGUOUS = re.compile(r"[+-]?[1-9]\d{0,2}(?:[.,]\d{3})+")
_AROUND = "%‰°€$£¥ \t\xa0"

MISSING = frozenset({"", "-", "--", ".", "?", "na", "n/a", "#n/a", "nan", "null", "none"})
"""The words for a missing value, in small letters."""


def is_missing(cell: str) -> bool:
    """Whether a cell says that there is no value.

    >>> is_missing(""), is_missing("NA"), is_missing("0")
    (True, True, False)
    """
    return cell.lower() in MISSING


def number(cell: str) -> float | None:
    """Return the number that a cell holds, which may be NaN or infinite, or None if it holds none.

    >>> number("1e-3"), number("1_000"), number("")
    (0.001, None, None)
    """
    if "_" in cell:  # Python's own digit grouping; in data it is a slip
        return None
    try:
        return float(cell)
    except ValueError:
        return None


def looks_like_number(cell: str) -> bool:
    """Whether a cell is meant as a finite number, in whatever way it is written.

    >>> [looks_like_number(cell) for cell in ("112.5", "112,5", "1'112", "5 %", "day", "nan")]
    [True, True, True, True, False, False]
    >>> [looks_like_number(cell) for cell in ("1949-01", "01.02.2024", "")]
    [False, False, False]
    """
    bare = cell.strip(_AROUND)
    value = number(bare)
    if value is not None:
        return math.isfinite(value)
    return _SIGNED[COMMA].fullmatch(bare) is not None or _GROUPED.fullmatch(bare) is not None


def decimal_sign(column: Sequence[str], table: Iterable[str], separator: str) -> str | None:
    """The decimal sign of a column, `"."` or `","`; None where its cells do not show it.

    Args:
        column: its cells.
        table: the cells of all columns.
        separator: sign between the cells of a row.

    >>> decimal_sign(["112,5", "1,234"], [], ";"), decimal_sign(["1.2", "1.234"], [], ";")
    (',', '.')
    >>> decimal_sign(["1,234"], [], ";"), decimal_sign(["1,234"], [], ",")
    (None, '.')
    """
    shown = _shown(column)
    if separator == COMMA:
        shown.discard(COMMA)
    if shown:
        return shown.pop() if len(shown) == 1 else None
    if separator != COMMA and any(COMMA in cell for cell in column):
        return None
    pointed = [POINT in cell for cell in column]
    if not any(pointed):
        return POINT
    # All points stand before three digits: `1.234` may be a thousand, or one and a bit. Numbers
    # that are written with three decimals all have a point. Semicolons stand between cells mostly
    # where a comma stands in numbers.
    european = separator == ";" or (separator != COMMA and COMMA in _shown(table))
    if european or not all(pointed):
        return None
    return POINT


def _shown(cells: Iterable[str]) -> set[str]:
    """Decimal signs of those numbers that can be read in one way only."""
    clear = [cell for cell in cells if not _AMBIGUOUS.fullmatch(cell)]
    return {sign for sign in _SIGNED if any(_SIGNED[sign].fullmatch(cell) for cell in clear)}


class WrongNumber(ValueError):
    """A cell that holds no usable number; the message stands behind the cell's text."""


def finite_number(cell: str, sign: str | None) -> float:
    """Return the number that a cell holds.

    Args:
        cell: without blanks around it.
        sign: the decimal sign; None where the cells do not show it.

    Raises:
        WrongNumber: the cell holds no finite number, one with two meanings, or one that float64
            cannot hold.

    >>> finite_number("112,5", ","), finite_number("112.5", ".")
    (112.5, 112.5)
    >>> finite_number("9007199254740993", ".")
    Traceback (most recent call last):
        ...
    diffqas.tasks.csv_numbers.WrongNumber: has more digits than float64 holds; subtract a constant
    from the column, or round it
    """
    if sign is None and _AMBIGUOUS.fullmatch(cell):
        remedy = "remove signs between thousands, or write a decimal that shows the sign, as in 5.0"
        raise WrongNumber(f"may mean thousands or a decimal fraction; {remedy}")
    text = cell
    if sign == COMMA:
        if POINT in cell and looks_like_number(cell):
            remedy = "use one decimal sign and no sign between thousands"
            raise WrongNumber(f"has a point where others have a decimal comma; {remedy}")
        text = cell.replace(COMMA, POINT)
    value = number(text)
    if value is None:
        raise WrongNumber(_trouble(cell))
    if not math.isfinite(value):
        raise WrongNumber("is not a finite number; correct that cell")
    if _is_rounded(text, value):
        remedy = "subtract a constant from the column, or round it"
        raise WrongNumber(f"has more digits than float64 holds; {remedy}")
    return value


def _trouble(cell: str) -> str:
    """What is wrong with a cell that holds no number."""
    if looks_like_number(cell):
        remedy = "write it with a decimal point and digits only"
        return f"is not a number as it is written; {remedy}"
    hint = ""
    if re.search(r"[;\t|]|\d\s+[\d+-]", cell):
        hint = "; cells must be separated by commas"
    return f"is not a number; correct that cell{hint}"


def _is_rounded(text: str, value: float) -> bool:
    """Whether float64 holds another number than the digits say, where that is more than round-off.

    Decimal fractions are rounded in the 17th digit by every program. A whole number that is
    rounded is another number, often of another row; and what is no zero must not become one.
    """
    if value == 0:
        mantissa = re.split("[eE]", text)[0]
        return re.search("[1-9]", mantissa) is not None
    has_exponent = "e" in text or "E" in text
    if abs(value) < EXACT or has_exponent:
        return False
    return Decimal(text) != Decimal(value)
