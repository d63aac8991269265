"""Rows of results, and the tables of the page that are made of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

from own.pairs import PAIRS, Pair

RESULTS = Path(__file__).parents[1] / "results"
ROWS, RATES = RESULTS / "own_networks.jsonl", RESULTS / "own_networks_rates.json"

HASHED, CIRCUITS = "hashed, tuned", "circuits"
TITLES = {
    "direct": "the network itself",
    "small": "small network",
    HASHED: "hashed vector",
    CIRCUITS: "circuits, `auto`",
    "0.1.0": "circuits, 0.1.0",
}
RULES = tuple(TITLES)


class Row(NamedTuple):
    """One training.

    Attributes:
        lr: None where nothing was chosen.
        numbers: trained ones.
        score: on test data, in the pair's unit.
        seconds: of the processor.
        asked: about how many numbers the generators and the small network should have.
    """

    pair: str
    rule: str
    seed: int
    lr: float | None
    numbers: int
    score: float
    seconds: float
    asked: int = 500


def finished() -> list[Row]:
    """Rows that are there already."""
    lines = ROWS.read_text().splitlines() if ROWS.exists() else []
    return [Row(**json.loads(line)) for line in lines]


def tables(numbers: int) -> Iterator[str]:
    """Scores and seconds of one size of generators, in Markdown."""
    rows = [row for row in finished() if row.asked == numbers]
    found = [name for name in PAIRS if any(row.pair == name for row in rows)]
    rules = [rule for rule in RULES if any(row.rule == rule for row in rows)]
    titles = [TITLES[rule] for rule in rules]
    yield _table(
        ["", "weights", *titles, "gain / hashed vector's"],
        [_scores(name, PAIRS[name], rules, rows) for name in found],
    )
    yield _table(["seconds", *titles], [_seconds(name, rules, rows) for name in found])


def gain(name: str, rows: list[Row]) -> float | None:
    """What circuits gain over the trivial predictor, in parts of what the hashed vector gains.

    Of the medians over the seeds that both have.
    """
    hashed, circuits = (
        {row.seed: row.score for row in _of(name, rule, rows)} for rule in (HASHED, CIRCUITS)
    )
    both = hashed.keys() & circuits.keys()
    if not both:
        return None
    trivial = PAIRS[name].trivial
    whole = median(hashed[seed] for seed in both) - trivial
    return (median(circuits[seed] for seed in both) - trivial) / whole


def _of(name: str, rule: str, rows: list[Row]) -> list[Row]:
    return [row for row in rows if (row.pair, row.rule) == (name, rule)]


def _scores(name: str, pair: Pair, rules: list[str], rows: list[Row]) -> list[str]:
    weights = {row.numbers for row in finished() if (row.pair, row.rule) == (name, "direct")}
    cells = [f"{name}, {pair.unit}", f"{max(weights):,}" if weights else "-"]
    for rule in rules:
        scores = [row.score for row in _of(name, rule, rows)]
        cells.append(_spread(scores, pair.digits))
    found = gain(name, rows)
    return [*cells, "-" if found is None else f"{found:.2f}"]


def _spread(scores: list[float], digits: int) -> str:
    """Median, least and greatest; how many, where there are fewer than five."""
    if not scores:
        return "-"
    low, middle, high = (f"{one:.{digits}f}" for one in (min(scores), median(scores), max(scores)))
    if len(scores) == 1:
        return f"**{middle}** (1 seed)"
    few = "" if len(scores) >= 5 else f", {len(scores)} seeds"
    return f"**{middle}** ({low} to {high}{few})"


def _seconds(name: str, rules: list[str], rows: list[Row]) -> list[str]:
    cells = [name]
    for rule in rules:
        seconds = [row.seconds for row in _of(name, rule, rows)]
        cells.append(f"{median(seconds):.0f}" if seconds else "-")
    return cells


def _table(head: list[str], body: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
