"""Runs against each other at equal seeds: the paired test of the studies, for any two runs on one
task.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from diffqas.runs import RunSummary
from diffqas.studies import statistics
from diffqas.studies.metric import metric_of, short
from diffqas.studies.statistics import NOTHING, Interval

FEWEST = 2
"""Common seeds that a test needs. The smallest possible p tells how little so few can show."""


@dataclass(frozen=True)
class PairedTest:
    """One run against the first.

    Attributes:
        name: of the run.
        first: name of the run that it is compared with.
        metric: what is compared.
        pairs: seeds that both have a figure of.
        effect: mean difference, run less first, or the ratio of geometric means, run over first;
            with its bootstrap interval, NaN below five pairs.
        ratio: whether it is a ratio.
        p: two-sided p of the sign-flip test, and `p_holm` after Holm's adjustment over all runs
            compared.
        smallest_p: what so many pairs can give at least.
        missing: why there is no test; empty: there is one.
    """

    name: str
    first: str
    metric: str = ""
    pairs: int = 0
    effect: Interval = NOTHING
    ratio: bool = False
    p: float = math.nan
    p_holm: float = math.nan
    smallest_p: float = math.nan
    missing: str = ""

    @property
    def sentence(self) -> str:
        """All of it in words."""
        head = f"{self.name} against {self.first}"
        if self.missing:
            return f"{head}: no test, {self.missing}."
        value, low, high = map(short, self.effect)
        interval = "" if math.isnan(self.effect.low) else f" ({low} .. {high})"
        if self.ratio:
            said = f"{value}{interval} times its {self.metric} (ratio of geometric means)"
        else:
            sign = "+" if self.effect.value >= 0 else ""
            said = f"{self.metric} {sign}{value}{interval} (mean difference)"
        adjusted = ""
        if self.p_holm != self.p:
            adjusted = f", {short(self.p_holm)} after Holm's adjustment"
        test = f"p = {short(self.p)}{adjusted} by {self.pairs} paired seeds"
        least = short(self.smallest_p)
        return f"{head}: {said}, {test} (sign-flip test, smallest possible p {least})."


def paired_tests(runs: Sequence[RunSummary]) -> list[PairedTest]:
    """Compare every other run with the first, seed by seed.

    Figures of which less is better and none is negative are compared by their logarithms, all
    others as they are.
    """
    first, *others = runs
    pairs = [_pair(first, other) for other in others]
    adjusted = statistics.holm([pair.p for pair in pairs])
    return [replace(pair, p_holm=float(p)) for pair, p in zip(pairs, adjusted, strict=True)]


def _pair(first: RunSummary, other: RunSummary) -> PairedTest:
    head = PairedTest(other.name, first.name)
    unfinished = [run.name for run in (first, other) if run.state != "finished"]
    if unfinished:
        verb = "is" if len(unfinished) == 1 else "are"
        return replace(head, missing=f"{' and '.join(unfinished)} {verb} not finished")
    if first.task != other.task:
        return replace(head, missing=f"one is on {first.task}, the other on {other.task}")
    if first.metric is None or first.metric != other.metric:
        return replace(head, missing="they measure different things")
    a, b = (dict(zip(run.seeds, run.figures, strict=True)) for run in (first, other))
    common = [seed for seed in a if a[seed] is not None and b.get(seed) is not None]
    if len(common) < FEWEST:
        return replace(head, missing=f"they share {len(common)} seed{'s' * (len(common) != 1)}")
    # Negative figures have no logarithm; a figure of 0 counts as a tiny one.
    known = [value for value in (*a.values(), *b.values()) if value is not None]
    ratio = not first.higher and min(known) >= 0
    if ratio:
        differences, _ = statistics.paired_differences(b, a, metric_of(first.metric).cost)
        effect = statistics.mean_ratio(differences)
    else:
        differences, _ = statistics.paired_differences(b, a, statistics.numbers)
        effect = statistics.mean_interval(differences)
    # Agents have no test part: their rewards are those of the learning itself.
    metric = first.metric if first.metric == "reward" else f"test {first.metric}"
    return replace(
        head,
        metric=metric,
        pairs=len(differences),
        effect=effect,
        ratio=ratio,
        p=statistics.sign_flip_p(differences),
        smallest_p=statistics.smallest_p(len(differences)),
    )
