"""The study of searchers: all on one table, the differentiable ones carried out for real."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from diffqas.errors import choose, require
from diffqas.reports import Terminal, duration, save_figure
from diffqas.storage import csv_content, make_folder, write_atomically
from diffqas.strategies.arrays import Arrays, packed, unpacked
from diffqas.strategies.catalogue import RECIPES, TASKS
from diffqas.strategies.comparison_text import comparison_text
from diffqas.strategies.orders import (
    Agreement,
    Duel,
    Order,
    agreement,
    duel,
    proxy_orders,
    side_by_side_orders,
)
from diffqas.strategies.proxy_order import ProxyOrder
from diffqas.strategies.registry import SEARCHERS
from diffqas.strategies.regret_picture import regret_figure
from diffqas.strategies.replay import BUDGET, REPLAYS, Make, Replays, replay
from diffqas.strategies.spaces import SPACES, EncodedSpace
from diffqas.strategies.table import DATA, Benchmark, benchmark, shipped_scores
from diffqas.studies import share_of

HEADING: list[object] = [
    *("task", "searcher", "evaluations"),
    *("seconds", "regret", "low", "high"),
]
"""Columns of regret.csv; seconds and regret are means, low and high ends of the band."""


@dataclass(frozen=True, eq=False)
class Compared:
    """The comparison of the searchers on one task.

    Attributes:
        table: the table of the task.
        replays: the replays of every searcher that asks for single trainings.
        agreements: how well every ranking of the whole space agrees with the table.
        duel: training all architectures side by side, judged by all training samples, against
            random search.
    """

    table: Benchmark
    replays: Sequence[Replays]
    agreements: Sequence[Agreement] = ()
    duel: Duel | None = None


def shipped_tasks() -> list[str]:
    """Tasks whose tables are part of this installation."""
    return [task for task in TASKS if (DATA / f"{task}.npz").exists()]


def compare_searchers(
    output: Path,
    *,
    tasks: Sequence[str] = (),
    replays: int = REPLAYS,
    joint: bool = True,
    overwrite: bool = False,
    shard: str | None = None,
    quiet: bool = False,
) -> list[Compared]:
    """Replay all searchers on the tables, carry out the differentiable ones, write the report.

    Differentiable searches that are in the folder already are not repeated.

    Args:
        output: the folder of the report.
        tasks: tasks of the benchmark. If it is empty: all tasks that have a table.
        replays: how many replays each searcher has.
        joint: whether missing differentiable searches are carried out.
        overwrite: whether differentiable searches that are there are carried out again.
        shard: `"i/n"` carries out only every n-th of these searches.
        quiet: whether to print nothing.

    Raises:
        ArgumentError: a task is unknown, the number of replays is below 1, or the shard has another
            form.
        DataError: the table of a task is not there.
    """
    require(replays >= 1, "replays", "be at least 1", replays)
    console = Terminal(quiet=quiet)
    chosen = _tasks(tasks)
    make_folder(output / "figures")
    found: list[Compared] = []
    for task in chosen:
        table = benchmark(task)
        started = time.process_time()
        runs = replay(table, _searchers(table), replays, BUDGET)
        spent = duration(time.process_time() - started)
        console.say(f"{task}: {len(runs)} searchers, {replays} replays each, {spent}")
        save_figure(regret_figure(table, runs), output / "figures" / f"regret-{task}.png")
        found.append(Compared(table, runs))
    if joint:
        _carry_out(output, _joint_cells(chosen, shard), overwrite, console)
    found = [_with_orders(each, output) for each in found]
    write_atomically(output / "table.md", comparison_text(found).encode())
    write_atomically(output / "regret.csv", csv_content(_rows(found)).encode())
    console.say(output / "table.md", style="bold")
    return found


def search_files(output: Path, tasks: Sequence[str] = (), shard: str | None = None) -> list[Path]:
    """Where `compare_searchers` keeps the differentiable searches, carried out or not.

    Raises:
        ArgumentError: an unknown task, or a shard of another form.
    """
    return [_cell(output, *each) for each in _joint_cells(_tasks(tasks), shard)]


def _tasks(named: Sequence[str]) -> list[str]:
    return [choose(task, TASKS, "task") for task in named] or shipped_tasks()


def _searchers(table: Benchmark) -> Mapping[str, Make]:
    """Those that ask for single trainings, and the order of every score."""
    scores = shipped_scores(table.space.name)
    orders = {name: partial(ProxyOrder, scores=own) for name, own in scores.items()}
    return {**SEARCHERS, **orders}


def _with_orders(found: Compared, output: Path) -> Compared:
    table = found.table
    random = next(run for run in found.replays if run.searcher == "random")
    beside = side_by_side_orders(table)
    orders = [
        *beside,
        *joint_orders(output, table),
        *proxy_orders(shipped_scores(table.space.name)),
    ]
    agreements = [agreement(order, table, random) for order in orders]
    return Compared(table, found.replays, agreements, duel(beside[-1], table, random))


def _cell(output: Path, task: str, seed: int) -> Path:
    return output / "joint" / task / f"seed-{seed}.npz"


def _joint_cells(tasks: Sequence[str], shard: str | None) -> list[tuple[str, int]]:
    """Task and seed of every differentiable search that is asked for."""
    encoded = [task for task in tasks if TASKS[task].space == EncodedSpace.name]
    seeds = range(RECIPES[EncodedSpace.name].seeds)
    return share_of([(task, seed) for task in encoded for seed in seeds], shard)


def _carry_out(
    output: Path, wanted: Sequence[tuple[str, int]], overwrite: bool, console: Terminal
) -> None:
    """The differentiable searches that are missing in the folder."""
    for task, seed in wanted:
        path = _cell(output, task, seed)
        if path.exists() and not overwrite:
            continue
        started = time.perf_counter()
        arrays = joint_arrays(task, seed)
        make_folder(path.parent, inside=output)
        write_atomically(path, packed(arrays))
        spent = duration(time.perf_counter() - started)
        console.say(f"differentiable searches on {task}, seed {seed}: {spent}")


def joint_arrays(task: str, seed: int) -> Arrays:
    """Every search of `JOINT_SEARCHES` with one seed, their scores under their names."""
    from diffqas.strategies.joint import JOINT_SEARCHES, joint_search
    from diffqas.strategies.problems import problem

    space = SPACES[EncodedSpace.name]
    assert isinstance(space, EncodedSpace)
    arrays: dict[str, np.ndarray] = {}
    for name, search in JOINT_SEARCHES.items():
        found = joint_search(space, problem(task, seed), RECIPES[space.name], search, seed)
        arrays[f"{name} by weight"] = found.by_weight.astype(np.float32)
        arrays[f"{name} by perturbation"] = found.by_perturbation.astype(np.float32)
        seconds = (found.loss, found.seconds, found.ranking_seconds)
        arrays[f"{name} figures"] = np.array(seconds, np.float32)
    return arrays


def joint_orders(output: Path, table: Benchmark) -> list[Order]:
    """The orders of the differentiable searches that lie in a folder, of a task's seeds.

    Raises:
        DataError: a file is damaged.
    """
    paths = [_cell(output, table.name, seed) for seed in range(table.seeds)]
    stored = [unpacked(path, "remove it") for path in paths if path.exists()]
    if not stored:
        return []
    orders: list[Order] = []
    names = [key.removesuffix(" figures") for key in stored[0] if key.endswith(" figures")]
    for name in names:
        figures = np.array([own[f"{name} figures"] for own in stored], np.float64)
        _, training, ranking = figures.mean(0)
        for by, seconds in (("weight", training), ("perturbation", training + ranking)):
            scores = np.array([own[f"{name} by {by}"] for own in stored], np.float64)
            orders.append(Order.of(f"{name}, by {by}", scores, float(seconds)))
    return orders


def _rows(found: Sequence[Compared]) -> list[list[object]]:
    """Rows of the file with all regrets, the heading first."""
    rows: list[list[object]] = [HEADING]
    for each in found:
        for run in each.replays:
            low, high = run.band
            seconds = run.seconds.mean(0)
            for place, mean in enumerate(run.mean):
                figures = [seconds[place], mean, low[place], high[place]]
                words = [each.table.name, run.searcher, place + 1]
                rows.append(words + [round(float(figure), 6) for figure in figures])
    return rows
