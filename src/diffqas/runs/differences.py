"""Relative differences between two nests of lists, objects, numbers and words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeGuard


@dataclass(frozen=True)
class ComparedPart:
    """How far one part of a run differs from the same part of another run.

    Attributes:
        what: the part, such as `result.json`.
        difference: the largest relative difference of a number. It is 0 if the parts are equal bit
            by bit, and infinite if something that is not a number differs or is missing.
        remark: where the largest difference is, or what else is to be said.
    """

    what: str
    difference: float
    remark: str = ""

    def in_words(self, tolerance: float) -> str:
        """The difference in words.

        >>> ComparedPart("a", 0.0).in_words(1e-6)
        'bit-equal'
        >>> ComparedPart("a", 3e-9, "mse.0").in_words(1e-6)
        'equal to 3.0e-09 (mse.0)'
        >>> ComparedPart("a", 0.02, "mse.0").in_words(1e-6)
        'differs by 2.0e-02 (mse.0)'
        >>> ComparedPart("a", float("inf"), "seeds").in_words(1e-6)
        'differs (seeds)'
        """
        remark = f" ({self.remark})" if self.remark else ""
        if self.difference == 0:
            return f"bit-equal{remark}"
        if math.isinf(self.difference):
            return f"differs{remark}"
        if self.difference <= tolerance:
            return f"equal to {self.difference:.1e}{remark}"
        return f"differs by {self.difference:.1e}{remark}"


def compare_part(what: str, then: object, now: object) -> ComparedPart:
    """Compare two values and everything inside them.

    >>> compare_part("figures", {"mse": [1.0, 2.0]}, {"mse": [1.0, 2.0]})
    ComparedPart(what='figures', difference=0.0, remark='')
    >>> compare_part("figures", {"mse": [1.0, 2.0]}, {"mse": [1.0, 4.0]})
    ComparedPart(what='figures', difference=0.5, remark='mse.1')
    >>> compare_part("figures", {"mse": 1.0, "seeds": 2}, {"mse": 1.0}).difference
    inf
    """
    largest, place = 0.0, ""
    # This uses a stack of its own, because files may be nested deeper than Python can recurse.
    stack = [("", then, now)]
    while stack:
        path, a, b = stack.pop()
        if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
            stack += [(f"{path}.{key}", a[key], b[key]) for key in a]
        elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
            pairs = enumerate(zip(a, b, strict=True))
            stack += [(f"{path}.{index}", *pair) for index, pair in pairs]
        else:
            found = _difference(a, b)
            if found > largest:
                largest, place = found, path.removeprefix(".")
    return ComparedPart(what, largest, place)


def _difference(a: object, b: object) -> float:
    if not (_is_number(a) and _is_number(b)):
        same = type(a) is type(b) and a == b
        return 0.0 if same else math.inf
    if a == b or (math.isnan(a) and math.isnan(b)):
        return 0.0
    found = abs(a - b) / max(abs(a), abs(b))
    return found if math.isfinite(found) else math.inf


def _is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a number; True and False are not numbers here."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
