"""Writes the reference of all options: `python docs/drawings/options.py`.

The table is made from the fields that declare the options; tests/searches/test_options.py holds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from diffqas.searches import Option, options

PAGE = Path(__file__).parents[1] / "options.md"

HEAD = """# Options

Every option of `diffqas search`, `diffqas tune`, `diffqas estimate` and of `diffqas.search(...)`,
by the groups of `diffqas search --help`. In Python the name has underscores: `--hidden-size 5` is
`search(..., hidden_size=5)`, and an object may stand for the word of a family
(`relaxation=Gumbel(2.0)`, `optimizer=Adam(0.01)`, `mapping=MLPMapping((8,))`).

An option that is not given has the value of the recipe, which `diffqas search DATASET --help`
shows (`--recipe paper` for the papers' own, `--recipe auto` for networks that nobody tuned for).
Below stands what a class has by itself. An option of another data set, model or member of a family
is refused, and so is one that nothing reads beside the other choices, such as `--order` beside
`--generator hashed`.
"""


def page() -> str:
    """The whole page."""
    groups: dict[str, list[Option]] = {}
    for option in options().values():
        groups.setdefault(option.group, []).append(option)
    lines = [HEAD]
    for group, members in groups.items():
        lines += [f"## {group[0].upper()}{group[1:]}", "", "| option | of | | default |"]
        lines.append("|---|---|---|---|")
        lines += [" ".join(_row(option)) for option in members]
        lines.append("")
    return "\n".join(lines)


def _row(option: Option) -> Iterator[str]:
    yield f"| `{option.flag}`{_values(option)} |"
    yield ", ".join(f"`{owner.__name__}`" for owner in option.owners)
    yield f"| {option.declared.help.replace('|', chr(92) + '|')} |"
    yield f"{_default(option)} |"


def _values(option: Option) -> str:
    words = get_args(option.typed)
    if words and all(isinstance(word, str) for word in words):
        return " " + ", ".join(words)
    return ""


def _default(option: Option) -> str:
    value: Any = option.default()
    if value is None:
        return ""
    if option.declared.family is not None:
        family = option.declared.family()
        return next(f"`{word}`" for word, kind in family.items() if type(value) is kind)
    if isinstance(value, tuple):
        return "`" + " ".join(map(str, value)) + "`"
    return f"`{value}`"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
