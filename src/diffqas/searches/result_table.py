"""A finished run for the terminal, whatever it was on."""

from __future__ import annotations

from typing import Any

from rich.console import Console, RenderableType

from diffqas.agents import agent_report
from diffqas.reports import result_report


def report(result: dict[str, Any]) -> RenderableType:
    """What a search ends with, from result.json alone."""
    return agent_report(result) if "mean_reward" in result else result_report(result)


def show(result: dict[str, Any], console: Console | None = None) -> None:
    """Print a finished run."""
    (console or Console()).print(report(result))
