"""`diffqas tune`."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

import tyro
from rich.table import Table

from diffqas.cli.search import Search
from diffqas.errors import ArgumentError
from diffqas.reports import Terminal, number
from diffqas.runs import prepare
from diffqas.searches import PARAMETERS, Tuned, options, shown, tune, words_for

NOT_REPEATED = {"dataset", "seed", "seeds", "output", "overwrite"}


@dataclass
class Tune(Search):
    """Choose settings by trials on the last training samples, a fifth or the share --validation.

    The same command continues trials that were stopped.
    """

    seeds: int = 3
    """Seeds of each trial, trained in lockstep; the median counts."""
    trials: int = 50
    """How many trials the file shall hold at the end."""
    storage: Path | None = None
    """The file that keeps the trials; several processes may share it. runs/tune-DATASET.log if not
    given.
    """
    params: Annotated[
        tuple[str, ...],
        tyro.conf.arg(
            metavar="PARAM ...",
            help=f"What to tune: {', '.join(PARAMETERS)}. If not given: all numbers that the "
            "search has, except locality.",
        ),
    ] = ()

    def run(self) -> None:
        """Try settings, then print the best as a command, and what mattered."""
        if self.output is not None or self.overwrite:
            raise ArgumentError(
                "Argument `output` must be used with `diffqas search`; trials are kept in "
                "--storage."
            )
        try:
            found = tune(
                self.call(prepare), trials=self.trials, storage=self.storage, params=self.params
            )
        except KeyboardInterrupt:
            how = "finished trials are kept, and the same command goes on with the others"
            raise KeyboardInterrupt(how) from None
        self._show(found, Terminal())

    def _show(self, found: Tuned, console: Terminal) -> None:
        console.print()
        if found.importances:
            table = Table(
                "parameter", "best", "importance", title="What mattered", title_justify="left"
            )
            for name, share in found.importances.items():
                table.add_row(name, shown(found.values[name]), f"{100 * share:.0f} %")
            console.print(table)
        console.say(f"{found.finished} trials finished, {found.pruned} were stopped early.")
        start = "" if found.first is None else f"; the recipe's own settings: {number(found.first)}"
        console.say(f"Best loss on the held-out training samples: {number(found.loss)}{start}.")
        console.print()
        console.say(shlex.join(self.best_command(found)))

    def best_command(self, found: Tuned) -> list[str]:
        """The search with the best settings, and with all else that this command was given."""
        words = ["diffqas", "search", self.dataset]
        for each in fields(Search):
            value = getattr(self, each.name)
            if each.name not in NOT_REPEATED and value != each.default:
                words += words_for(f"--{each.name.replace('_', '-')}", value)
        tuned = {word for word in found.options if word.startswith("--")}
        for name, value in self.choices().items():
            if options()[name].flag not in tuned and name not in found.unread:
                words += words_for(options()[name].flag, value)
        return words + found.options
