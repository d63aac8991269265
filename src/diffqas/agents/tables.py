"""An agent's result for the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from diffqas.reports import percent, ranking_bars, spread


def agent_report(result: dict[str, Any]) -> RenderableType:
    """What `diffqas search` ends with on an environment, from result.json alone."""
    episodes = max(int(count) for count in result["episodes"])
    last = min(episodes, result["last"])
    what = (
        f"{episodes:,} episodes, mean of the last {last:,}"
        if last < episodes
        else f"mean of {episodes:,} episodes"
    )
    table = Table(
        title=f"{result['task']}: reward ({what})", title_justify="left", box=None, pad_edge=False
    )
    table.add_column("agent")
    table.add_column("reward", justify="right")
    table.add_column("remark", style="dim")
    success, steps = spread(result["success_rate"], percent), spread(result["mean_length"])
    own = f"{result['recipe']} recipe, {result['algorithm']}; success {success}; steps of an episode {steps}"
    table.add_row("this run", spread(result["mean_reward"]), own, style="bold green")
    for row in result["references"]:
        table.add_row(row["name"], spread(row.get("values", [row["value"]])), row["remark"])
    bars = ranking_bars(result["ranking"], result["relaxation"], heading="network")
    parts: list[RenderableType] = [
        Text(result["report"], style="bold"),
        Text(""),
        table,
        Text(""),
        bars,
    ]
    for seed, reason in result["failures"].items():
        parts.append(Text(f"Seed {seed} was frozen: {reason}", style="red"))
    return Group(*parts)
