"""Command lines that are wrong: every command, every option, values of every wrong kind.

Each line is either taken or refused in one line with exit code 2. What is taken stops where the
work would begin, so that hundreds of lines are tried in seconds.
"""

import functools
import os
import random
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import NoneType
from typing import Annotated, get_args, get_origin, get_type_hints

import pytest

from diffqas import search
from diffqas.cli import main
from diffqas.cli.main import COMMANDS

COUNT = int(os.environ.get("DIFFQAS_LINES", "144"))
"""Lines that are tried; 14,000 can be put together."""
SEEDS = range(12)
"""Tests of a few seconds each, instead of a long one."""
SECONDS = 20
"""Of one line: a number that nobody can wait for must be refused."""

BASE = {
    "search": ["bessel", "--depth", "1", "--epochs", "1"],
    "tune": ["bessel", "--depth", "1", "--epochs", "1", "--trials", "1"],
    "estimate": ["bessel", "--depth", "1", "--epochs", "1"],
    "resume": ["run"],
    "runs": ["run"],
    "show": ["run"],
    "report": ["run"],
    "candidates": [],
    "audit": ["--samples", "5", "--depth", "1", "--candidates", "2"],
    "export": ["run"],
    "forecast": ["run", "--steps", "2"],
    "play": ["run"],
    "noise": ["run", "--shots", "10", "--repeats", "1", "--seeds", "1"],
    "repeat": ["run"],
    "study": ["table-2"],
}
"""A line that is right, to which one option is added."""

NO_NUMBERS = [
    "nan",
    "-nan",
    "inf",
    "-inf",
    "1e400",
    "x",
    "",
    " ",
    "1,5",
    "0x10",
    "١٢",
    "1_0_",
    "[1]",
]
NUMBERS = [
    "-1",
    "0",
    "-0.0",
    "1.5",
    "1e39",
    "-1e39",
    "1e-400",
    str(2**63),
    str(2**64),
    str(-(2**63)),
]
WORDS = ["None", "no/such/file.csv", "a\0b", "[/x]", "\x1b[2J", "\udcff", "--", "-", "=1+1", "run"]
WORDS += ["n" * 300, ".", "/", "/dev/full", "meta", "cuda:99", "cpu:7", "*"]
VALUES = [*NO_NUMBERS, *NUMBERS, *WORDS]


class Taken(Exception):
    """The line is right as far as it can be told before the work begins."""


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wrong") / "run"
    search("bessel", depth=1, epochs=1, output=folder, quiet=True)
    return folder


@pytest.fixture
def place(run, tmp_path, monkeypatch) -> Path:
    """A folder with a run, in which nothing costly is begun."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(run, "run")

    def taken(*_: object, **__: object) -> None:
        raise Taken

    for name in (
        "diffqas.searches.preparation.begin",
        "diffqas.cli.tune.tune",
        "diffqas.cli.estimate.estimate",
        "diffqas.cli.study.run_study",
        "diffqas.runs.repeat.begin",
    ):
        monkeypatch.setattr(name, taken)
    return tmp_path


def flags(command: str) -> dict[str, object]:
    """Every option of a command, and its type."""
    found: dict[str, object] = {}

    def collect(kind: type) -> None:
        hints = get_type_hints(kind, include_extras=True)
        for field in fields(kind):
            if is_dataclass(hints[field.name]):
                collect(hints[field.name])
            elif field.init:
                found["--" + field.name.replace("_", "-")] = hints[field.name]

    collect(COMMANDS[command].for_words(BASE[command]))
    return found


def is_number(hint: object) -> bool:
    """Whether an option takes one number, which may be left out."""
    if get_origin(hint) is Annotated:
        return is_number(get_args(hint)[0])
    members = [part for part in get_args(hint) if part is not NoneType]
    return hint in (int, float) or (len(members) == 1 and members[0] in (int, float))


@functools.cache
def lines() -> list[tuple[str, ...]]:
    """All that can be put together."""
    found = []
    for command, base in BASE.items():
        for flag in flags(command):
            found += [(command, *base, flag, value) for value in VALUES]
            found.append((command, *base, flag))
        found += [(command, *base, f"--{value}") for value in VALUES]
        found += [(command, value) for value in VALUES]
    return found


@contextmanager
def within(seconds: int) -> Iterator[None]:
    def late(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def outcome(words: tuple[str, ...], capsys) -> str:
    """`taken`, or the one line in which the words are refused."""
    capsys.readouterr()
    try:
        with within(SECONDS):
            main([*words])
    except Taken:
        return "taken"
    except SystemExit as end:
        code = end.code or 0
    else:
        code = 0
    if code == 0:
        return "taken"
    assert code == 2, words
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("diffqas: "), words
    assert line.isprintable(), words
    return line


@pytest.mark.parametrize("seed", SEEDS)
def test_a_wrong_line_is_told_in_one_line(seed, place, capsys):
    for words in random.Random(seed).sample(lines(), COUNT // len(SEEDS)):
        outcome(words, capsys)


@pytest.mark.parametrize("command", BASE)
def test_what_is_no_number_is_no_number_of_any_option(command, place, capsys):
    options = [flag for flag, hint in flags(command).items() if is_number(hint)]
    for flag in random.Random(0).sample(options, min(len(options), 4)):
        for value in random.Random(flag).sample(NO_NUMBERS, 2):
            words = (command, *BASE[command], flag, value)
            if value != "١٢":
                assert outcome(words, capsys) != "taken", words


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("search bessel --structure-rate nan", "`structure_rate`"),
        ("search bessel --angles-rate -1", "`angles_rate`"),
        ("search bessel --optimizer adam --betas nan nan", "`betas`"),
        ("search bessel --optimizer rmsprop --alpha nan", "`alpha`"),
        ("search bessel --optimizer adam --lr 1e39", "`lr`"),
        ("search bessel --seed 18446744073709551616", "`seed`"),
        ("estimate bessel --seeds 9223372036854775808", "`seeds`"),
        ("audit --samples 18446744073709551616", "`samples`"),
        ("audit --depth 9223372036854775808", "`depth`"),
        ("audit --seed -1", "`seed`"),
        ("audit --candidates ---1", "`candidates`"),
        ("noise run --output a\0b", "--output takes no text with a null byte"),
        ("runs " + "n" * 300, "File name too long"),
    ],
)
def test_lines_that_were_tracebacks(line, told, place, capsys):
    assert told in outcome(tuple(line.split(" ")), capsys)
