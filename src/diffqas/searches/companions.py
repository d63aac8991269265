"""Ordinary networks trained beside a search, in the same way, to stand beside its result."""

from __future__ import annotations

import statistics
import time

from diffqas.errors import DiffqasError
from diffqas.kinds import AnyModel, Companion, SearchTraining
from diffqas.reports import Terminal
from diffqas.searches.config import RunConfig
from diffqas.searches.progress import Display
from diffqas.storage import Json
from diffqas.tasks import Task, explained
from diffqas.training import Training, choose_rate


def train_companions(
    config: RunConfig, training: SearchTraining, model: AnyModel, console: Terminal
) -> list[Json]:
    """Train the ordinary networks beside a search, and return their rows for result.json.

    The `value` of a row is the median of the test figure; `values` has those of all seeds. A
    network that cannot be made, or of which every seed diverges, is reported and left out, because
    the search itself is done by now.

    Args:
        config: the choices of the run.
        training: the finished search.
        model: the model of the first seed.
        console: where to report.
    """
    task: object = training.task
    if isinstance(task, Task):
        # Samples that the search held out for its choices are training samples of the others.
        task = task.without_validation()
    try:
        with explained(config.own):
            companions = config.kind.companions(task, config.settings, model)
    except DiffqasError as error:
        console.say(f"No ordinary network beside it: {error}", style="dim")
        return []
    rows: list[Json] = []
    for companion in companions:
        try:
            with explained(config.own):
                rows.append(_train(companion, list(config.seeds), console))
        except DiffqasError as error:
            console.say(f"{companion.name}: {error}", style="dim")
    return rows


def _train(companion: Companion, seeds: list[int], console: Terminal) -> Json:
    """One row; `seconds` are those of the training and of the choice before it."""
    began = time.perf_counter()
    task, settings = companion.task, companion.settings
    rate, remark = 1.0, companion.remark
    if companion.rates:
        line = f"{companion.name}: its learning rate is chosen on held-out training samples"
        console.say(line, style="dim")
        rate = choose_rate(companion.populate, task, settings, companion.rates)
        remark += f", {settings.optimizer.name} at {rate:g} times the recipe's rate"
    population = companion.populate(seeds, rate)
    training = Training(population, task, settings, seeds)
    metric = next(iter(task.metrics))
    with Display(console, settings.epochs, 0, metric, companion.name) as display:
        for record in training.epochs():
            display.update(record.to_json())
    found = zip(seeds, training.metrics[f"test_{metric}"], strict=True)
    values = [None if seed in training.failures else value for seed, value in found]
    return {
        "name": companion.name,
        "value": statistics.median(value for value in values if value is not None),
        "remark": remark,
        "values": values,
        "numbers": companion.numbers,
        "rate": rate,
        "seconds": round(time.perf_counter() - began, 3),
    }
