"""The result of a run for the terminal: counts, figures beside others, candidates as bars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from diffqas.circuits import SearchSpace, findings
from diffqas.reports.console import plain_text
from diffqas.reports.ranking_worth import ranking_worth
from diffqas.reports.result import STUCK, RankedCandidate, RunResult
from diffqas.reports.run_facts import FederatedFacts
from diffqas.reports.verdict import verdict
from diffqas.reports.words import spread, text_of

NAMED_CLASSES = 5
"""More classes than these are not listed in a title."""

LEAST_BAR = 8
"""Signs of the longest bar on the narrowest terminal."""

BEST_OF_GATE = 5
"""Candidates listed of each gate; result.json has them all."""


def classes_in_words(names: Sequence[str] | None) -> str:
    """The classes that are told apart; empty if there are none, or too many to name.

    >>> classes_in_words(["Sandal", "Sneaker"])
    'Sandal against Sneaker'
    >>> classes_in_words(["0", "1", "2"]), classes_in_words(None)
    ('0, 1, 2', '')
    """
    if not names or len(names) > NAMED_CLASSES:
        return ""
    if len(names) == 2:
        return " against ".join(names)
    return ", ".join(names)


def result_report(result: RunResult) -> RenderableType:
    """The report of a supervised run, with which `diffqas search` ends."""
    parts: list[RenderableType] = [plain_text(result.report, style="bold")]
    if result.federated is not None:
        parts.append(plain_text(clients_in_words(result.federated, result.target_parameters)))
    parts += [Text(""), _figures_table(result), Text("")]
    judged = verdict(result)
    if judged is not None:
        parts += [plain_text(judged.text, style="yellow" if judged.simpler else ""), Text("")]
    if result.ranking:
        parts.append(ranking_bars(result.ranking, result.relaxation))
    cost = result.cost_in_words()
    if cost is not None:
        parts.append(plain_text(cost))
    worth = ranking_worth(result)
    if worth is not None:
        parts.append(plain_text(worth, style="dim"))
    parts += failures_in_words(result)
    return Group(*parts)


def failures_in_words(result: RunResult) -> list[RenderableType]:
    """A line for each seed that was frozen or that had learnt nothing at first."""
    frozen = [
        plain_text(f"Seed {seed} was frozen: {reason}", style="red")
        for seed, reason in result.failures.items()
    ]
    stuck = [
        plain_text(f"Seed {seed} {STUCK}: {reason}", style="yellow")
        for seed, reason in result.stuck.items()
    ]
    return [*frozen, *stuck]


def _figures_table(result: RunResult) -> Table:
    """The main figure of this run beside those of the other models."""
    metric = result.metric
    text = text_of(metric)
    title = f"{result.task}: test {metric}"
    classes = classes_in_words(result.classes)
    if classes:
        title += f" ({classes})"
    if metric in result.higher and metric != "accuracy":
        title += " (more is better)"
    if result.units:
        title += f" ({result.units})"
    table = Table(title=plain_text(title), title_justify="left", box=None, pad_edge=False)
    table.add_column("model")
    table.add_column(plain_text(f"test {metric}"), justify="right")
    table.add_column("remark", style="dim")
    train = spread(result.figure(f"train_{metric}"), text)
    remark = f"{result.recipe} recipe, {_epochs(result)}, train {train}"
    # The loss is told, too, if the metric is another figure.
    if metric != "loss" and "test_loss" in result.figures:
        remark += f", test loss {spread(result.test('loss'))}"
    table.add_row("this run", spread(result.test(), text), plain_text(remark), style="bold green")
    for row in result.references:
        table.add_row(
            plain_text(row.name), spread(row.each, text), plain_text(result.remark_on(row))
        )
    return table


def clients_in_words(found: FederatedFacts, target: int | None) -> str:
    """Tell what the clients of a federated run had, and how much they exchanged.

    Args:
        found: what the result says of the clients.
        target: how many weights the network has, which would be exchanged without the generator;
            None if there is no generator.

    >>> clients_in_words(FederatedFacts(2, "iid", (5, 4), 3, 1, 4, bytes_per_round=160), None)
    '2 clients (iid, 4 .. 5 samples each), 3 rounds of 1 local epoch: 40 bytes to and from each
    client in every round.'
    """
    low, high = min(found.samples), max(found.samples)
    each = f"{low:,} .. {high:,}"
    if low == high:
        each = f"{low:,}"
    local = "1 local epoch" if found.local_epochs == 1 else f"{found.local_epochs} local epochs"
    head = f"{_counted(found.clients, 'client')} ({found.split}, {each} samples each)"
    head += f", {_counted(found.rounds, 'round')} of {local}"
    # The bytes of a round are those of all clients, in both directions.
    size = found.bytes_per_round // (2 * found.clients)
    sent = f"{size:,} bytes to and from each client in every round"
    if target is not None:
        sent += f"; the network's weights would be {target * found.bytes_per_number:,}"
    return f"{head}: {sent}."


def _counted(count: int, what: str) -> str:
    """A count with the name of what is counted, in the plural if needed."""
    if count == 1:
        return f"1 {what}"
    return f"{count:,} {what}s"


def _epochs(result: RunResult) -> str:
    """How many epochs were trained, and which epoch counts."""
    if result.federated is not None:
        return _counted(result.federated.rounds, "round")
    chosen = result.figures.get("selected_epoch")
    if result.epochs is None:
        return "epochs not known"
    if chosen is None:
        return "1 epoch" if result.epochs == 1 else f"{result.epochs} epochs"
    # A frozen seed has not chosen an epoch.
    known = [int(epoch) for epoch in chosen if epoch is not None]
    low, high = min(known), max(known)
    between = f"{low} .. {high}"
    if low == high:
        between = f"{low}"
    return f"best of {result.epochs} epochs on held-out training samples: {between}"


def ranking_bars(
    ranking: Sequence[RankedCandidate], relaxation: str, width: int = 32, heading: str = "gate"
) -> RenderableType:
    """A bar chart of the candidates, best first; provably equal candidates share a bar.

    If there are several gates, or whatever `heading` names, it has the best `BEST_OF_GATE` of each.
    """
    several = any(entry.several for entry in ranking)
    title = ranking_title(ranking, relaxation)
    table = Table(title=plain_text(title), title_justify="left", box=None, pad_edge=False)
    gates: dict[str, list[RankedCandidate]] = {}
    for entry in ranking:
        gates.setdefault(entry.gate, []).append(entry)
    gated = any(gates)
    if gated:
        table.add_column(heading)
    table.add_column("candidate")
    table.add_column("contribution")
    # On a narrow terminal the bars become shorter; figures are not broken.
    table.add_column("weight", justify="right", no_wrap=True)
    if several:
        table.add_column("rank", justify="right", no_wrap=True)
    for gate, entries in gates.items():
        if gated:
            _add_gate(table, gate, entries, width)
        else:
            for row in _bars(entries, width):
                table.add_row(*row)
    return table


def _add_gate(table: Table, gate: str, entries: Sequence[RankedCandidate], width: int) -> None:
    """Add the best candidates of one gate; the name of the gate stands beside the first only."""
    shown = entries[:BEST_OF_GATE]
    name = gate
    for row in _bars(shown, width):
        table.add_row(plain_text(name), *row)
        name = ""
    left_out = len(entries) - len(shown)
    if left_out > 0:
        table.add_row("", Text(f"and {left_out} more", style="dim"))


def _bars(entries: Sequence[RankedCandidate], width: int) -> Iterator[tuple[RenderableType, ...]]:
    """The candidate, the bar and the weight of each entry."""
    largest = max((entry.contribution for entry in entries), default=0.0)
    if largest == 0:
        largest = 1.0  # all bars are empty; this avoids a division by zero
    for entry in entries:
        label = plain_text(entry.candidate)
        if entry.constant:
            label.append(f" (constant, {len(entry.merged)} alike)", style="dim")
            style = "dim"
        else:
            style = "blue"
        bar = Bar(entry.contribution / largest, width, style)
        cells: list[RenderableType] = [label, bar, entry.weight_in_words()]
        if entry.several:
            cells.append(entry.rank_in_words())
        yield tuple(cells)


@dataclass(frozen=True)
class Bar:
    """A bar that fills its share of a column.

    Attributes:
        share: the share, from 0 to 1.
        width: the width of the whole column in characters, if there is room.
        style: the colour.
    """

    share: float
    width: int
    style: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the bar; a share of 0 is a thin line, so that the candidate is seen."""
        signs = round(min(self.width, options.max_width) * self.share)
        yield Text("█" * signs or "▏", style=self.style)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """The same measure for all bars of a table, so that their lengths can be compared."""
        return Measurement(min(LEAST_BAR, options.max_width), min(self.width, options.max_width))


def ranking_title(ranking: Sequence[RankedCandidate], relaxation: str) -> str:
    """What the candidates are sorted by.

    >>> ranking_title([RankedCandidate("RX", 0.3, 0.1, ranks=(1, 3))], "raw")
    'candidates by mean rank over 2 seeds (in each by |weight| x spread)'
    """
    # Raw weights have no common scale, so what counts is how far a weight moves the sum.
    what = "probability"
    if relaxation == "raw":
        what = "|weight| x spread"
    seeds = max((len(entry.ranks) for entry in ranking), default=0)
    if seeds > 1:
        return f"candidates by mean rank over {seeds} seeds (in each by {what})"
    return f"candidates by contribution ({what})"


def space_note(space: SearchSpace, n: int) -> str | None:
    """A line on the constants in a search space; None if it has none.

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
