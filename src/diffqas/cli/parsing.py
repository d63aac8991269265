"""The command line as objects; what cannot be read is said in one line, as every other error is."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from itertools import dropwhile, takewhile
from typing import Annotated, Any, Union, get_args

import tyro

from diffqas.cli.search import Search
from diffqas.errors import ArgumentError, choose

FRAME = "│|"
FOLDED = 20
"""Words of more characters may be folded."""


def parse(command: Any, arguments: list[str] | None, description: str) -> Any:
    """The chosen one of the commands.

    Args:
        command: the union of the commands' classes.
        arguments: the words after the program's name; the process's if not given.
        description: what `--help` begins with.

    Raises:
        ArgumentError: a word that is unknown, missing or no value of its option.
        SystemExit: after `--help`.
    """
    words = sys.argv[1:] if arguments is None else arguments
    commands = [setting.name for each in get_args(command) for setting in get_args(each)[1:]]
    if words and not words[0].startswith("-"):
        choose(words[0], commands, "command")
    command = _with_options(command, words)
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return tyro.cli(
                command,
                prog="diffqas",
                description=description,
                args=arguments,
                config=(
                    tyro.conf.OmitArgPrefixes,
                    tyro.conf.FlagCreatePairsOff,
                    tyro.conf.OmitSubcommandPrefixes,
                ),
            )
    except SystemExit as end:
        if end.code != 2:
            raise
    cause = one_line(said.getvalue())
    for word in words:
        if len(word) > FOLDED:
            cause = re.sub(r"\s*".join(map(re.escape, word)), lambda _, word=word: word, cause)
    chosen = words[:1] if words and words[0] in commands else []
    raise ArgumentError(f"{cause} See `{' '.join(['diffqas', *chosen, '--help'])}`.")


def _with_options(command: Any, words: list[str]) -> Any:
    """The commands, the chosen one with the options that depend on the words."""
    kinds = []
    for each in get_args(command):
        cls, setting = get_args(each)
        if words and setting.name == words[0] and issubclass(cls, Search):
            each = Annotated[cls.for_words(words[1:]), setting]
        kinds.append(each)
    return Union[tuple(kinds)]  # noqa: UP007 - made at run time


def one_line(box: str) -> str:
    r"""The framed message of tyro as one sentence.

    >>> one_line("╭─ Value error ──╮\n│ Error parsing --seeds: no type matching {None}|INT    │\n"
    ...          "│ could be instantiated from ['x'].      │\n│        │\n│ Got errors:   │\n╰──╯")
    "--seeds takes INT, not 'x'."
    >>> one_line("╭─ Unrecognized options ──╮\n│ Unrecognized options: --epoch, 3   │\n│ ────── │\n"
    ...          "│ Perhaps you meant:   │\n│     --epochs {None}|INT   │\n╰──╯")
    'Unrecognized options: --epoch, 3. Perhaps you meant --epochs.'
    """
    rows = [row.strip(FRAME).strip() for row in box.splitlines()[1:]]
    said = dropwhile(
        _separates, rows
    )  # where a terminal has no signs for frames, a rule follows the title
    cause = " ".join(takewhile(lambda row: not _separates(row), said))
    if found := re.match(r"Missing from [^:]*: (\S+)", cause):
        return f"{found[1]} is missing."
    if found := re.match(
        r"Error parsing (\S+): no type matching (.+) could be instantiated from \[(.*)\]", cause
    ):
        return f"{found[1]} takes {found[2].removeprefix('{None}|').strip('{}')}, not {found[3]}."
    if found := re.match(r"Error parsing (\S+): .*\b(int|float)\b.*: (.*)", cause):
        return f"{found[1]} takes {found[2].upper()}, not {found[3]}."
    cause = cause.removeprefix("Error parsing ").removesuffix(".")
    near = re.search(r"Perhaps you meant:\s+(-\S+)", " ".join(rows))
    return f"{cause}. Perhaps you meant {near[1]}." if near else f"{cause}."


def _separates(row: str) -> bool:
    return not row.strip("─-")
