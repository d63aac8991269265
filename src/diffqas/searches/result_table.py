"""A finished run for the terminal, whatever it was on."""

from __future__ import annotations

from pathlib import Path

from rich.console import RenderableType

from diffqas.agents import agent_report
from diffqas.reports import RunResult, Terminal, result_report
from diffqas.storage import Json


def report_of(result: RunResult) -> RenderableType:
    """The report of a finished run, with which a search ends, for the terminal."""
    if result.agents is not None:
        return agent_report(result)
    return result_report(result)


def report(content: Json, source: Path | None = None) -> RenderableType:
    """The report from the content of result.json; `source` is the file, if it is known."""
    return report_of(RunResult.from_json(content, source))


def show(content: Json, console: Terminal | None = None, source: Path | None = None) -> None:
    """Print a finished run."""
    (console or Terminal()).print(report(content, source))
