"""The program `diffqas`: a table of its commands, of which only the chosen one is imported."""

from __future__ import annotations

import importlib
import shutil
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from diffqas import __version__
from diffqas.cli.surroundings import complain, output, prepare
from diffqas.errors import ArgumentError, DiffqasError, choose

INTRODUCTION = (
    "Differentiable quantum architecture search for PyTorch: search for the quantum circuits that "
    "write a network's weights, by gradient descent. The result is an ordinary classical model, "
    "and the circuits as files for other programs."
)
CLOSING = "`diffqas COMMAND --help` tells the options of a command."
COLUMN = 40
"""Where the help's sentences begin."""
INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""


class Runnable(Protocol):
    """A command with all its words."""

    def run(self) -> None:
        """Do it, and print what came of it."""
        ...


@dataclass(frozen=True)
class Command:
    """A line of the table: where the command is programmed, and how the help shows it."""

    place: str
    """`module:class`, in this package."""
    examples: dict[str, str]
    """What can be typed behind `diffqas`, with a sentence that says what it does."""
    searches: bool = False
    """Whether it has the options of a search, whose defaults depend on the other words."""

    def load(self) -> type[Runnable]:
        """Import the command's class, a dataclass."""
        module, name = self.place.split(":")
        return getattr(importlib.import_module(f"diffqas.cli.{module}"), name)

    def for_words(self, words: Sequence[str]) -> type[Runnable]:
        """The class into which the words behind the command's name are read."""
        whole = self.load()
        if not self.searches:
            return whole
        from diffqas.cli.search import Search

        assert issubclass(whole, Search)
        return whole.for_words(words)


# Groups and commands in the order of the help.
GROUPS = {
    "Search": {
        "search": Command(
            "search:Search",
            {
                "search bessel": "learn the Bessel series with 135 numbers in place of 1,781 "
                "(about a minute)",
                "search bessel --model qlstm": "circuits as the gates of a quantum LSTM",
                "search bessel --model qfwp": "a network that writes a circuit's angles",
                "search minigrid-empty-5x5": "an agent whose policy and value are written by "
                "circuits",
            },
            searches=True,
        ),
        "resume": Command(
            "resume:Resume", {"resume runs/bessel": "go on with a run that was stopped, bit by bit"}
        ),
        "tune": Command(
            "tune:Tune",
            {"tune bessel": "settings by trials on held-out training samples"},
            searches=True,
        ),
        "estimate": Command(
            "estimate:Estimate",
            {"estimate mnist": "time and memory of a search, before it is begun"},
            searches=True,
        ),
    },
    "Look": {
        "runs": Command("runs:Runs", {"runs": "all runs, how far they are and what they reached"}),
        "show": Command(
            "show:Show",
            {
                "show runs/bessel": "the result of a run",
                "show runs/a runs/b": "what differs between runs, with paired tests",
            },
        ),
        "report": Command(
            "report:Report",
            {"report runs/bessel": "one HTML page of a run, or of several to compare"},
        ),
        "candidates": Command(
            "candidates:Candidates",
            {"candidates": "the twelve circuits, and which of them can do nothing"},
        ),
        "audit": Command(
            "audit:Audit",
            {"audit": "what each of them can express, and what it costs, before any training"},
        ),
    },
    "Use": {
        "export": Command(
            "export:Export",
            {"export runs/bessel": "the network as a file for other programs, --format onnx too"},
        ),
        "forecast": Command(
            "forecast:Forecast",
            {"forecast runs/bessel": "20 steps ahead, predictions fed back"},
        ),
        "predict": Command(
            "predict:Predict",
            {"predict runs/table rows.csv": "the labels of new rows, for a run on a table"},
        ),
        "play": Command(
            "play:Play", {"play runs/minigrid-empty-5x5": "watch an agent in an episode"}
        ),
        "noise": Command(
            "noise:Noise",
            {"noise runs/bessel": "test figures with finite shots and device noise"},
        ),
    },
    "Study": {
        "repeat": Command(
            "repeat:Repeat", {"repeat runs/bessel": "train a run again and compare, bit by bit"}
        ),
        "study": Command(
            "study:Study",
            {
                "study table-2": "the table of the paper, ten seeds and controls (well under an "
                "hour)"
            },
        ),
    },
}
COMMANDS = {name: command for group in GROUPS.values() for name, command in group.items()}


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; exits with code 2 and one line on any error that a user can mend."""
    prepare()
    with output():
        _run(sys.argv[1:] if arguments is None else arguments)


def _run(words: Sequence[str]) -> None:
    try:
        _command(words)
    except DiffqasError as error:
        complain(str(error))
        sys.exit(2)
    except OSError as error:
        # A path that no system call takes, such as a name of 300 letters, wherever it is used.
        if error.filename is None:
            raise
        complain(f"Cannot use {error.filename}: {error.strerror}.")
        sys.exit(2)
    except KeyboardInterrupt as stop:
        # What can be gone on with says how, where it is interrupted.
        how = str(stop) or "the same command begins anew"
        complain(f"interrupted; {how}.")
        sys.exit(INTERRUPTED)


def _command(words: Sequence[str]) -> None:
    """Do what the first word says; the others belong to it."""
    if not words:
        known = ", ".join(COMMANDS)
        raise ArgumentError(f"Expected one of {{{known}}}. See `diffqas --help`.")
    first, *others = words
    if first in ("-h", "--help"):
        print(help_text(shutil.get_terminal_size().columns), flush=True)
        sys.exit(0)
    if first == "--version":
        print(f"diffqas {__version__}")
        sys.exit(0)
    if first.startswith("-"):
        raise ArgumentError(f"Unrecognized options: {first}. See `diffqas --help`.")
    choose(first, COMMANDS, "command")
    # tyro is imported for one command only, and neither for the help above.
    from diffqas.cli.parsing import parse

    parse(COMMANDS[first].for_words(others), first, others).run()


def help_text(width: int) -> str:
    """The commands in groups, in lines of at most `width` characters."""
    lines = ["usage: diffqas COMMAND ...", "", *textwrap.wrap(INTRODUCTION, width)]
    for title, group in GROUPS.items():
        lines += ["", title]
        for command in group.values():
            for words, sentence in command.examples.items():
                lines += _example(f"  diffqas {words}", sentence, width)
    return "\n".join([*lines, "", CLOSING, "`diffqas --version` tells the version."])


def _example(words: str, sentence: str, width: int) -> list[str]:
    """A command and its sentence beside it; below it where the terminal is narrow."""
    if width < 2 * COLUMN:
        return [words, *textwrap.wrap(sentence, width, initial_indent="    ")]
    first, *others = textwrap.wrap(sentence, width - COLUMN)
    return [f"{words:{COLUMN}}{first}", *(" " * COLUMN + other for other in others)]
