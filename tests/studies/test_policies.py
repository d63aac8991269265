"""The study of policies that are circuits: controls of as many numbers, and what is compared."""

from dataclasses import replace
from pathlib import Path

import pytest

from diffqas.agents import environment_task
from diffqas.studies.library import load_study
from diffqas.studies.measure_agents import make_agents, measure_agents

pytest.importorskip("gymnasium", reason="environments need gymnasium")

FILE = Path(__file__).parents[2] / "studies" / "policies.py"


@pytest.fixture(scope="module")
def rows():
    study = load_study(f"{FILE}:CARTPOLE").study
    settings = study.recipes()["default"]
    return {row.slug: row for row in study.rows(settings, "default")}


def count(row, environment="cartpole"):
    task = environment_task(environment)
    if row.agents is not None:
        task = row.agents(task, row.settings)
    agents = make_agents(row, task, [0])
    return sum(numbers.numel() for numbers in agents.parameters_in_order)


def test_controls_have_as_many_numbers_as_the_search_or_a_few_less(rows):
    counts = {name: count(row) for name, row in rows.items()}
    search = counts.pop("search-3-local")
    assert search == 615
    assert counts.pop("search-z") == 103
    assert all(0.95 * search < number <= search for number in counts.values())


def test_the_smallest_search_in_minigrid():
    pytest.importorskip("minigrid", reason="the room is minigrid's")
    study = load_study(f"{FILE}:MINIGRID").study
    settings = study.recipes()["default"]
    rows = {row.slug: row for row in study.rows(settings, "default")}
    counts = {name: count(row, "minigrid-empty-5x5") for name, row in rows.items()}
    assert counts == {
        "search-one-qubit": 346,
        "frozen-circuits": 344,
        "ordinary-small-network": 312,
    }
    row = rows["search-one-qubit"]
    policy = row.populate(environment_task("minigrid-empty-5x5").network("policy"), settings, [0])
    assert sum(numbers.numel() for numbers in policy.parameters() if numbers.requires_grad) == 179


def test_the_last_episodes_are_compared(rows):
    row = rows["ordinary-small-network"]
    settings = replace(row.settings, most_steps=60, workers=2)
    cell = measure_agents(
        "policies",
        replace(row, settings=settings),
        "cartpole",
        [0, 1],
        environment_task("cartpole"),
    )
    assert min(cell.agents.steps) >= 60
    assert cell.figures["test_reward"] == cell.agents.mean_reward
    assert cell.agents.last == 100
    for curve, episodes, steps in zip(
        cell.agents.rewards, cell.agents.episodes, cell.agents.steps, strict=True
    ):
        assert (curve.episode[-1], curve.step[-1]) == (episodes, steps)
