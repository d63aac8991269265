"""The result of an agent as a table for the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from diffqas.reports import RunResult, failures_in_words, percent, plain_text, ranking_bars, spread


def agent_report(result: RunResult) -> RenderableType:
    """What `diffqas search` ends with on an environment, and `diffqas show` prints."""
    parts: list[RenderableType] = [
        plain_text(result.report, style="bold"),
        Text(""),
        _rewards_table(result),
        Text(""),
    ]
    if result.ranking:
        parts.append(ranking_bars(result.ranking, result.relaxation, heading="network"))
    parts += failures_in_words(result)
    return Group(*parts)


def _rewards_table(result: RunResult) -> Table:
    """The reward of this run, beside the figures that it is compared with."""
    assert result.agents is not None
    episodes = max(int(count or 0) for count in result.figure("episodes"))
    what = f"mean of {episodes:,} episodes"
    if result.agents.last < episodes:
        what = f"{episodes:,} episodes, mean of the last {result.agents.last:,}"
    title = f"{result.task}: reward ({what})"
    table = Table(title=plain_text(title), title_justify="left", box=None, pad_edge=False)
    table.add_column("agent")
    table.add_column("reward", justify="right")
    table.add_column("remark", style="dim")
    success = spread(result.figure("success_rate"), percent)
    steps = spread(result.figure("mean_length"))
    remark = f"{result.recipe} recipe, {result.agents.algorithm}; success {success}"
    remark += f"; steps of an episode {steps}"
    reward = spread(result.figure("mean_reward"))
    table.add_row("this run", reward, plain_text(remark), style="bold green")
    for row in result.references:
        table.add_row(plain_text(row.name), spread(row.each), plain_text(row.remark))
    return table
