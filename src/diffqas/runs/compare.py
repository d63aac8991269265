"""How far two nests of lists, objects, numbers and words are from each other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Line:
    """One comparison.

    Attributes:
        what: was compared.
        difference: largest relative difference of a number; 0: equal bit by bit; infinite:
            something that is not a number differs, or is missing.
        remark: where the largest difference is, or what else is to be said.
    """

    what: str
    difference: float
    remark: str = ""


def compare(what: str, then: Any, now: Any) -> Line:
    """Compare everything inside two values.

    >>> compare("figures", {"mse": [1.0, 2.0]}, {"mse": [1.0, 2.0]})
    Line(what='figures', difference=0.0, remark='')
    >>> compare("figures", {"mse": [1.0, 2.0]}, {"mse": [1.0, 4.0]})
    Line(what='figures', difference=0.5, remark='mse.1')
    >>> compare("figures", {"mse": 1.0, "seeds": 2}, {"mse": 1.0}).difference
    inf
    """
    largest, place = 0.0, ""
    stack = [("", then, now)]
    while stack:
        path, a, b = stack.pop()
        if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
            stack += [(f"{path}.{key}", a[key], b[key]) for key in a]
        elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
            stack += [
                (f"{path}.{index}", *pair) for index, pair in enumerate(zip(a, b, strict=True))
            ]
        elif (found := _difference(a, b)) > largest:
            largest, place = found, path[1:]
    return Line(what, largest, place)


def text(line: Line, tolerance: float) -> str:
    """The result of a comparison in words.

    >>> text(Line("a", 0.0), 1e-6), text(Line("a", 3e-9, "mse.0"), 1e-6), text(Line("a", 0.02, "mse.0"), 1e-6)
    ('bit-equal', 'equal to 3.0e-09 (mse.0)', 'differs by 2.0e-02 (mse.0)')
    >>> text(Line("a", float("inf"), "seeds"), 1e-6)
    'differs (seeds)'
    """
    remark = f" ({line.remark})" if line.remark else ""
    if line.difference == 0:
        return f"bit-equal{remark}"
    if math.isinf(line.difference):
        return f"differs{remark}"
    return f"{'equal to' if line.difference <= tolerance else 'differs by'} {line.difference:.1e}{remark}"


def _difference(a: Any, b: Any) -> float:
    if not (_is_number(a) and _is_number(b)):
        return 0.0 if type(a) is type(b) and a == b else math.inf
    if a == b or (math.isnan(a) and math.isnan(b)):
        return 0.0
    found = abs(a - b) / max(abs(a), abs(b))
    return found if math.isfinite(found) else math.inf


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
