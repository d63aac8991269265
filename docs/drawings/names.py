"""Writes the list of all public names, `python docs/drawings/names.py`: a page that a code host
shows as well, where the pages made of docstrings stay empty.

The table is made from the rooms' own lists of names; tests/pages/test_site.py holds it.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from pathlib import Path
from types import ModuleType
from typing import get_origin

DOCS = Path(__file__).parents[1]
PAGE = DOCS / "names.md"

HEAD = """# All names, room by room

Every public name with its arguments and the first sentence of its docstring. The pages under
[API](api.md) have the whole docstrings, in the built site (`make docs`) only; `help(name)` in
Python shows the same text. Arguments with `=` may be left out, and those behind `*` are given by
name. Names without brackets are values, such as tuples and dictionaries of choices.
`python docs/drawings/names.py` makes this page.
"""


def rooms() -> list[str]:
    """The rooms that have a page, in the order of the list of contents."""
    listed = re.findall(r"^api/(\w+)$", (DOCS / "api.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(path.stem for path in (DOCS / "api").glob("*.md"))
    return listed


def page() -> str:
    """The whole page."""
    lines = [HEAD]
    for name in rooms():
        room = importlib.import_module(f"diffqas.{name}")
        lines += [f"## diffqas.{name}", "", f"{first_sentence(room)}.", ""]
        lines += ["| name | what it is |", "|---|---|"]
        lines += [_row(room, each) for each in names_of(room)]
        lines.append("")
    return "\n".join(lines)


def names_of(room: ModuleType) -> list[str]:
    """What other rooms and programs may import from it."""
    found = set(getattr(room, "__all__", ())) or _own(room) | _handed_on(room)
    return sorted((name for name in found if name[0] != "_"), key=lambda name: (name.lower(), name))


def _own(room: ModuleType) -> set[str]:
    """What is made in the room's own file."""
    return {
        name
        for name, value in vars(room).items()
        if getattr(value, "__module__", "") == room.__name__ and callable(value)
    }


def _handed_on(room: ModuleType) -> set[str]:
    """What the room's file imports `as` its own name, for others to import from there."""
    tree = ast.parse(inspect.getsource(room))
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    return {each.name for node in imports for each in node.names if each.asname == each.name}


def _row(room: ModuleType, name: str) -> str:
    value = getattr(room, name)
    if get_origin(value) is not None:
        meant = re.sub(r"\b(?:\w+\.)+(?=\w)", "", str(value)).replace("|", "\\|")
        return f"| `{name}` | another name for `{meant}` |"
    shown = f"{name}{arguments(value)}".replace("|", "\\|")
    about = first_sentence(value) if callable(value) else f"a value of type {kind_of(value)}"
    return f"| `{shown}` | {about} |"


def arguments(value: object) -> str:
    """Names of the arguments, those that may be left out with `=`; of values nothing."""
    if not callable(value):
        return ""
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        return "(...)"
    words: list[str] = []
    by_name = False
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not by_name:
            words.append("*")
        by_name |= parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_POSITIONAL)
        stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}
        star = stars.get(parameter.kind, "")
        optional = "=" if parameter.default is not parameter.empty else ""
        words.append(f"{star}{parameter.name}{optional}")
    return f"({', '.join(words)})"


def kind_of(value: object) -> str:
    """The name of a value's type; private ones, of Python's own machinery, are called object."""
    name = type(value).__name__
    return f"`{name}`" if name[0] != "_" else "`object`"


def first_sentence(value: object) -> str:
    """The first sentence of a docstring, on one line and safe in a table."""
    text = inspect.getdoc(value) or ""
    line = " ".join(text.split("\n\n")[0].split())
    sentence = re.split(r"(?<=[^.])\.(?:\s|$)", line)[0]
    return re.sub(r"([|*<])", r"\\\1", sentence)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
