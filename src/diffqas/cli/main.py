"""The program `diffqas`."""

from __future__ import annotations

import os
import select
import sys
from typing import Annotated

import tyro
from rich.console import Console

from diffqas.cli.audit import Audit
from diffqas.cli.candidates import Candidates
from diffqas.cli.estimate import Estimate
from diffqas.cli.export import Export
from diffqas.cli.forecast import Forecast
from diffqas.cli.noise import Noise
from diffqas.cli.parsing import parse
from diffqas.cli.play import Play
from diffqas.cli.repeat import Repeat
from diffqas.cli.report import Report
from diffqas.cli.resume import Resume
from diffqas.cli.runs import Runs
from diffqas.cli.search import Search
from diffqas.cli.show import Show
from diffqas.cli.study import Study
from diffqas.cli.tune import Tune
from diffqas.errors import DiffqasError

DESCRIPTION = """Differentiable quantum architecture search for PyTorch.

Search for the quantum circuit that writes a network's weights, by gradient descent, and walk away with an
ordinary classical model and a circuit that runs anywhere.

  diffqas search bessel                 learn the Bessel series with 135 numbers in place of 1,781 (about a minute)
  diffqas search bessel --model qlstm   circuits as the gates of a quantum LSTM
  diffqas search minigrid-empty-5x5     an agent whose policy and value are written by circuits
  diffqas play runs/minigrid-empty-5x5  watch it in an episode
  diffqas show runs/bessel              look at it again, or compare several: diffqas show runs/a runs/b
  diffqas runs                          all of them, how far they are and what they reached
  diffqas report runs/bessel            one HTML page of it, or of several to compare; needs no network
  diffqas repeat runs/bessel            train it again and compare, bit by bit
  diffqas forecast runs/bessel          20 steps ahead, predictions fed back
  diffqas export runs/bessel            the network as a file for other programs, --format onnx too
  diffqas noise runs/bessel             its test figures with finite shots and device noise
  diffqas study table-2                 the table of the paper, ten seeds and controls (well under an hour)
  diffqas tune bessel                   settings by trials on held-out training samples
  diffqas estimate mnist                time and memory of a search, before it is begun
  diffqas candidates                    the twelve circuits, and which of them can do nothing
  diffqas audit                         what each of them can express, and what it costs, before any training
"""

Command = (
    Annotated[Search, tyro.conf.subcommand("search")]
    | Annotated[Resume, tyro.conf.subcommand("resume")]
    | Annotated[Repeat, tyro.conf.subcommand("repeat")]
    | Annotated[Show, tyro.conf.subcommand("show")]
    | Annotated[Runs, tyro.conf.subcommand("runs")]
    | Annotated[Report, tyro.conf.subcommand("report")]
    | Annotated[Forecast, tyro.conf.subcommand("forecast")]
    | Annotated[Export, tyro.conf.subcommand("export")]
    | Annotated[Noise, tyro.conf.subcommand("noise")]
    | Annotated[Play, tyro.conf.subcommand("play")]
    | Annotated[Study, tyro.conf.subcommand("study")]
    | Annotated[Tune, tyro.conf.subcommand("tune")]
    | Annotated[Estimate, tyro.conf.subcommand("estimate")]
    | Annotated[Candidates, tyro.conf.subcommand("candidates")]
    | Annotated[Audit, tyro.conf.subcommand("audit")]
)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; exits with code 2 and one line on any error that a user can mend."""
    try:
        _run(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        if sys.stdout is None or not _reader_gone():
            raise
        # Such as head. Python would write once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _reader_gone() -> bool:
    """Whether nobody reads what is printed; other pipes of the program may break, too."""
    ends = select.poll()
    ends.register(sys.stdout, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in ends.poll(0))


def _run(arguments: list[str] | None) -> None:
    try:
        parse(Command, arguments, DESCRIPTION).run()
    except DiffqasError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(
            f"[bold red]diffqas:[/] {_plain(error)}"
        )
        sys.exit(2)
    except KeyboardInterrupt:
        Console(stderr=True).print("diffqas: interrupted; continue with `diffqas resume RUN`.")
        sys.exit(130)


def _plain(error: DiffqasError) -> str:
    # A message may quote a file: one line stays one line, whatever stands there.
    return " ".join(str(error).split()).replace("[", "\\[")
