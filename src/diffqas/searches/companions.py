"""Ordinary networks trained beside a search, in the same way, to stand beside its result."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

from diffqas.errors import RunError
from diffqas.kinds import Companion
from diffqas.reports import Terminal
from diffqas.searches.progress import Display
from diffqas.storage import Json
from diffqas.training import Training


def train_companions(
    companions: Iterable[Companion], seeds: Sequence[int], console: Terminal
) -> list[Json]:
    """Train each of them, and return rows of `references` for result.json.

    The `value` of a row is the median of the test figure; all seeds' stand under `values`. Those
    of which every seed diverges are told and left out.
    """
    rows = []
    for companion in companions:
        try:
            values = _train(companion, seeds, console)
        except RunError as error:
            line = f"{companion.name}: {error}"
            console.say(line, style="dim")
            continue
        row = {
            "name": companion.name,
            "value": statistics.median(values),
            "remark": companion.remark,
            "values": values,
        }
        rows.append(row)
    return rows


def _train(companion: Companion, seeds: Sequence[int], console: Terminal) -> list[float]:
    task = companion.task
    training = Training(companion.population, task, companion.settings, list(seeds))
    metric = next(iter(task.metrics))
    with Display(console, companion.settings.epochs, 0, metric, companion.name) as display:
        for record in training.epochs():
            display.update(record.to_json())
    return training.metrics[f"test_{metric}"]
