"""A run's result for the terminal: counts, figures beside those of others, candidates as bars."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from diffqas.circuits import SearchSpace, findings

NAMED_CLASSES = 5
"""More classes than these are not listed in a title."""

BEST_OF_GATE = 5
"""Candidates listed of each gate; result.json has them all."""


def number(value: float) -> str:
    """A figure with three digits.

    >>> number(0.0000412), number(0.0), number(0.954)
    ('4.12e-05', '0', '0.954')
    """
    if value == 0:
        return "0"
    return f"{value:.2e}" if abs(value) < 0.01 else f"{value:.3g}"


def percent(share: float) -> str:
    """A share of samples in percent.

    >>> percent(0.9965)
    '99.65 %'
    """
    return f"{100 * share:.2f} %"


def text_of(metric: str) -> Callable[[float], str]:
    """How the figures of a metric are written: an accuracy in percent, all others as numbers."""
    return percent if metric == "accuracy" else number


def spread(values: Iterable[float | None], text: Callable[[float], str] = number) -> str:
    """Median and range of one figure per seed; None, a seed that failed, is left out.

    >>> spread([3e-6, 1e-6, 2e-6]), spread([0.75, None], percent)
    ('2.00e-06 (1.00e-06 .. 3.00e-06, 3 seeds)', '75.00 %')
    """
    listed = [value for value in values if value is not None]
    if len(listed) == 1:
        return text(listed[0])
    if not listed:
        return "none"
    return f"{text(statistics.median(listed))} ({text(min(listed))} .. {text(max(listed))}, {len(listed)} seeds)"


def classes_in_words(names: Sequence[str] | None) -> str:
    """What is told apart; empty without classes and where they are too many to name.

    >>> classes_in_words(["Sandal", "Sneaker"]), classes_in_words(["0", "1", "2"]), classes_in_words(None)
    ('Sandal against Sneaker', '0, 1, 2', '')
    """
    if not names or len(names) > NAMED_CLASSES:
        return ""
    return (" against " if len(names) == 2 else ", ").join(names)


def result_report(result: dict[str, Any]) -> RenderableType:
    """What `diffqas search` ends with and `diffqas show` prints, from result.json alone."""
    parts: list[RenderableType] = [Text(result["report"], style="bold")]
    if "federated" in result:
        parts.append(Text(clients_in_words(result)))
    parts.append(Text(""))
    metric = result["metric"]
    text, classes = text_of(metric), classes_in_words(result.get("classes"))
    title = f"{result['task']}: test {metric}" + (f" ({classes})" if classes else "")
    if metric in result.get("higher", ()) and metric != "accuracy":
        title += " (more is better)"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("model")
    table.add_column(f"test {metric}", justify="right")
    table.add_column("remark", style="dim")
    own = f"{result['recipe']} recipe, {_epochs(result)}, train {spread(result[f'train_{metric}'], text)}"
    table.add_row(
        "this run", spread(result[f"test_{metric}"], text), own + _loss(result), style="bold green"
    )
    for row in result["references"]:
        table.add_row(row["name"], spread(row.get("values", [row["value"]]), text), row["remark"])
    parts += [table, Text("")]
    parts.append(ranking_bars(result["ranking"], result["relaxation"]))
    for seed, reason in result["failures"].items():
        parts.append(Text(f"Seed {seed} was frozen: {reason}", style="red"))
    return Group(*parts)


def clients_in_words(result: dict[str, Any]) -> str:
    """Of a federated run: who had what, and what travelled.

    >>> parts = {"clients": 2, "split": "iid", "samples": [5, 4], "rounds": 3, "local_epochs": 1, "bytes_per_number": 4}
    >>> clients_in_words({"federated": parts | {"bytes_per_round": 160}, "target_parameters": None})
    '2 clients (iid, 4 .. 5 samples each), 3 rounds of 1 local epoch: 40 bytes to and from each
    client in every round.'
    """
    found = result["federated"]
    low, high = min(found["samples"]), max(found["samples"])
    each = f"{low:,}" if low == high else f"{low:,} .. {high:,}"
    local, rounds, clients = found["local_epochs"], found["rounds"], found["clients"]
    head = f"{clients:,} client{'s' * (clients != 1)} ({found['split']}, {each} samples each)"
    head += f", {rounds:,} round{'s' * (rounds != 1)} of {local} local epoch{'s' * (local != 1)}"
    sent = f"{found['bytes_per_round'] // (2 * clients):,} bytes to and from each client in every round"
    target = result["target_parameters"]
    network = (
        ""
        if target is None
        else f"; the network's weights would be {target * found['bytes_per_number']:,}"
    )
    return f"{head}: {sent}{network}."


def _loss(result: dict[str, Any]) -> str:
    """The test loss, where the metric is another figure and the loss is known too."""
    known = result["metric"] != "loss" and "test_loss" in result
    return f", test loss {spread(result['test_loss'])}" if known else ""


def _epochs(result: dict[str, Any]) -> str:
    if "federated" in result:
        rounds = result["federated"]["rounds"]
        return f"{rounds} round{'s' * (rounds != 1)}"
    chosen = result.get("selected_epoch")
    if chosen is None:
        return f"{result['epochs']} epochs"
    return f"best of {result['epochs']} epochs on held-out training samples: {_range(chosen)}"


def _range(epochs: list[float]) -> str:
    low, high = int(min(epochs)), int(max(epochs))
    return f"{low}" if low == high else f"{low} .. {high}"


def ranking_bars(
    ranking: list[dict[str, Any]], relaxation: str, width: int = 32, heading: str = "gate"
) -> RenderableType:
    """Candidates as a bar chart, best first; provably equal ones share a bar.

    Of several gates, or whatever `heading` names, the best `BEST_OF_GATE` each, by the key `gate`
    of the entries.
    """
    what = "|weight| x spread" if relaxation == "raw" else "probability"
    table = Table(
        title=f"candidates by contribution ({what})", title_justify="left", box=None, pad_edge=False
    )
    gates: dict[str, list[dict[str, Any]]] = {}
    for entry in ranking:
        gates.setdefault(entry.get("gate", ""), []).append(entry)
    gated = any(gates)
    for column in ([heading] * gated) + ["candidate", "contribution"]:
        table.add_column(column, no_wrap=column == "contribution")
    table.add_column("weight", justify="right")
    for gate, entries in gates.items():
        shown = entries[:BEST_OF_GATE] if gated else entries
        for index, row in enumerate(_bars(shown, width)):
            table.add_row(*[gate if index == 0 else ""] * gated, *row)
        if len(entries) > len(shown):
            table.add_row("", Text(f"and {len(entries) - len(shown)} more", style="dim"))
    return table


def _bars(entries: list[dict[str, Any]], width: int) -> Iterator[tuple[RenderableType, ...]]:
    """Candidate, bar and weight of each entry."""
    largest = max((entry["contribution"] for entry in entries), default=0.0) or 1.0
    for entry in entries:
        bar = "█" * round(width * entry["contribution"] / largest) or "▏"
        note = f" (constant, {len(entry['merged'])} alike)" if entry["constant"] else ""
        label = Text(entry["candidate"]).append(note, style="dim")
        yield (
            label,
            Text(bar, style="dim" if entry["constant"] else "blue"),
            f"{entry['weight']:+.3f}",
        )


def space_note(space: SearchSpace, n: int) -> str | None:
    """One line if a search space holds constants or duplicates, else None.

    >>> from diffqas.circuits import TABLE_I
    >>> space_note(TABLE_I, 11)
    '6 of 12 candidates are constant whatever their angles (see `diffqas candidates`); they are not
    simulated.'
    """
    constants = sum(finding.constant for finding in findings(space, n))
    if not constants:
        return None
    head = f"{constants} of {len(space)} candidates are constant whatever their angles"
    return f"{head} (see `diffqas candidates`); they are not simulated."
