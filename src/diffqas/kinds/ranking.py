"""What was found, over all seeds and as text."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any

from diffqas.architecture import Ranked
from diffqas.circuits import AnyCandidate

Constant = Callable[[AnyCandidate], bool]


def merged_ranking(
    rankings: Sequence[Sequence[Ranked]], constant: Constant
) -> list[dict[str, Any]]:
    """Candidates over all seeds, one ranking each, by the median of their contribution, best first."""
    per_seed = [{entry.indices: entry for entry in ranking} for ranking in rankings]
    rows = []
    for key, first in per_seed[0].items():
        entries = [ranking[key] for ranking in per_seed]
        rows.append(
            {
                "candidate": first.candidate.name,
                "weight": statistics.median(entry.weight for entry in entries),
                "contribution": statistics.median(entry.contribution for entry in entries),
                "weights": [entry.weight for entry in entries],
                "merged": [candidate.name for candidate in first.merged],
                "constant": constant(first.candidate),
            }
        )
    return sorted(rows, key=lambda row: -row["contribution"])


def leading(ranking: Sequence[Ranked], constant: Constant) -> Ranked:
    """The best candidate that is no constant; the best of all where there is none."""
    return next((entry for entry in ranking if not constant(entry.candidate)), ranking[0])


def commented(qasm: str, best: Ranked, ranking: Sequence[Ranked], *more: str) -> str:
    """OpenQASM text with the candidate's part in its mixture, and more lines, as comments after the
    first one.
    """
    total = sum(entry.contribution for entry in ranking) or 1.0
    share = f"weight {best.weight:+.4f}, {best.contribution / total:.0%} of all contributions"
    lines = qasm.splitlines(keepends=True)
    comments = [
        f"// the leading live candidate of the mixture: {share}\n",
        *(f"// {line}\n" for line in more),
    ]
    return "".join([*lines[:3], *comments, *lines[3:]])
