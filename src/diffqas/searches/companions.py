"""Ordinary networks trained beside a search, in the same way, to stand beside its result."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console

from diffqas.errors import RunError
from diffqas.kinds import Companion
from diffqas.searches.progress import Display
from diffqas.tasks import Task
from diffqas.training import Training


def train_companions(
    companions: Iterable[Companion], task: Task, seeds: Sequence[int], console: Console
) -> list[dict[str, Any]]:
    """Train each; rows of `references` in result.json: the median of the test figure, and all
    seeds' under `values`.

    Those of which every seed diverges are told and left out.
    """
    rows = []
    for companion in companions:
        try:
            values = _train(companion, task, seeds, console)
        except RunError as error:
            console.print(
                f"{companion.name}: {error}", style="dim", highlight=False, soft_wrap=True
            )
            continue
        value = statistics.median(values)
        rows.append(
            {"name": companion.name, "value": value, "remark": companion.remark, "values": values}
        )
    return rows


def _train(companion: Companion, task: Task, seeds: Sequence[int], console: Console) -> list[float]:
    training = Training(companion.population, task, companion.settings, list(seeds))
    metric = next(iter(task.metrics))
    with Display(console, companion.settings.epochs, 0, metric, companion.name) as display:
        for record in training.epochs():
            display.update(record.to_json())
    return training.metrics[f"test_{metric}"]
