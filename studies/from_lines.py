"""Results of version 0.1.0 as cells: what the scripts wrote as lines of a file before they became
studies.

    python studies/from_lines.py series_recipe.jsonl studies/series_recipe.py:SERIES_RECIPE FOLDER

Figures are taken as they stand. What a line does not say (how many numbers were trained) is counted
on the models of the row, which are made and not trained.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from torch import nn

from diffqas.agents import EnvironmentTask
from diffqas.errors import DataError
from diffqas.reports import Terminal
from diffqas.storage import JsonView, read_json, write_json
from diffqas.studies import Cell, Plan, TrainedRow
from diffqas.studies.cell import AgentFigures, FederatedFigures, Figures
from diffqas.studies.cells import StudyFolder
from diffqas.studies.datasets import make_task
from diffqas.studies.measure import trainable
from diffqas.studies.measure_agents import make_agents
from diffqas.studies.run import report
from diffqas.tasks import Settings


def cell_of(plan: Plan, line: JsonView, dataset: str) -> Cell:
    """The cell that a line is.

    Args:
        plan: the study.
        line: the JSON object.
        dataset: of lines that do not name it.

    Raises:
        DataError: the study has no such row, or the line is none of these.
    """
    for fits, read in FORMATS.items():
        if fits in line:
            return read(plan, line, dataset)
    raise DataError(f"A line of another program: it holds {', '.join(line)}.")


def _of_setting(plan: Plan, line: JsonView, dataset: str) -> Cell:
    if "environment" in line:
        return _of_agents(plan, line)
    figures = {name.replace("validation_", "test_"): line[name] for name in _figures(line)}
    # The compared figure comes first in a cell.
    figures = {plan.metric.test: figures[plan.metric.test], **figures}
    return _cell(plan, line["setting"], line["dataset"], line["seeds"], figures, line)


def _of_agents(plan: Plan, line: JsonView) -> Cell:
    unknown: Figures = [None for _ in line["seeds"]]
    cell = _cell(
        plan,
        line["setting"],
        line["environment"],
        line["seeds"],
        {"test_mean_reward": line["mean"], "train_mean_reward": unknown},
        line,
    )
    figures = AgentFigures(
        passed=line["passed"],
        last=500,
        mean_reward=line["last_500"],
        success_rate=unknown,
        mean_length=unknown,
        episodes=[],
        steps=[],
        rewards=[],
    )
    return replace(cell, agents=figures)


def _of_curve(plan: Plan, line: JsonView, dataset: str) -> Cell:
    name = line["row"].replace("-", " ")
    if line["budget"] is not None:
        name = f"{name} {line['budget']}"
    figures = {part: line[part] for part in _figures(line)}
    known = line["identity"]
    return _cell(plan, name, known.get("dataset", dataset), known["seeds"], figures, line)


def _of_clients(plan: Plan, line: JsonView, dataset: str) -> Cell:
    where = "in one place"
    if line["clients"] is not None:
        clients, local, split = line["clients"]
        plural = "s" if local > 1 else ""
        where = f"{clients} clients, {split}, {local} local epoch{plural}"
    figures = {part: line[part] for part in _figures(line)}
    figures = {plan.metric.test: figures[plan.metric.test], **figures}
    seeds = list(range(len(figures[plan.metric.test])))
    cell = _cell(plan, f"{line['model']}; {where}", dataset, seeds, figures, line)
    if line["clients"] is None:
        return cell
    return replace(cell, federated=FederatedFigures(**line["federated"]))


FORMATS: dict[str, Callable[[Plan, JsonView, str], Cell]] = {
    "setting": _of_setting,
    "budget": _of_curve,
    "clients": _of_clients,
}
"""A field that only one kind of line has, and what reads it."""


def _figures(line: JsonView) -> Iterator[str]:
    return (name for name in line if name.startswith(("train_", "validation_", "test_")))


def _cell(
    plan: Plan,
    name: str,
    dataset: str,
    seeds: list[int],
    figures: dict[str, Figures],
    line: JsonView,
) -> Cell:
    row = next((row for row in plan.rows if row.name == name), None)
    if not isinstance(row, TrainedRow) or dataset not in plan.datasets:
        raise DataError(f"{plan.study} has no row {name!r} on {dataset!r}.")
    numbers, target = _counts(plan, row, dataset)
    return Cell(
        study=plan.name,
        row=name,
        dataset=dataset,
        group=row.group,
        circuit=row.circuit,
        trainable=numbers,
        target=target,
        deterministic=False,
        identical=row.identical,
        seeds=seeds,
        figures=figures,
        seconds=line.get("seconds"),
        failures={},
    )


def _counts(plan: Plan, row: TrainedRow, dataset: str) -> tuple[int, int | None]:
    """Trained numbers of one seed's model, and the parameters of what it writes."""
    data = plan.made.load(dataset, plan.data_dir)
    if isinstance(data, EnvironmentTask):
        made = make_agents(row, data, [0])
        numbers = sum(parameter.numel() for parameter in made.parameters_in_order)
        return numbers, sum(_count(network()) for network in (data.policy, data.value))
    task = row.on(make_task(data, plan.recipe))
    assert isinstance(row.settings, Settings)
    numbers = trainable(row.populate(task, row.settings, [0]), 1)
    return numbers, _count(task.target()) if row.has_target else None


def _count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def main() -> None:
    """Write the cells of a file of lines, and the report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("lines", type=Path)
    parser.add_argument("study", help="FILE.py:NAME")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dataset", default="mnist", help="of lines without one")
    parser.add_argument("--seeds", type=int, default=10, help="as of `diffqas study`")
    parser.add_argument("--epochs", type=int, help="as of `diffqas study`")
    parser.add_argument("--data-dir", help="as of `diffqas study`")
    chosen = parser.parse_args()
    plan = Plan(chosen.study, seeds=chosen.seeds, epochs=chosen.epochs, data_dir=chosen.data_dir)
    folder, console = StudyFolder(chosen.folder), Terminal()
    folder.open(plan)
    # The versions of today are not those that made the figures.
    write_json(folder.settings, {**read_json(folder.settings), "environment": {}})
    for text in chosen.lines.read_text().splitlines():
        try:
            cell = cell_of(plan, json.loads(text), chosen.dataset)
        except DataError as error:
            # The two studies of agents shared one file.
            console.say(f"Left out: {error}")
            continue
        folder.write(cell, None)
    report(chosen.folder, plan, console)


if __name__ == "__main__":
    main()
