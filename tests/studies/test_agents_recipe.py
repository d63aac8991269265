"""The studies that tuned the agents: what they try, what a cell of them holds, and that none is
computed again.
"""

import json
from collections import Counter
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import pytest

from diffqas.agents import AGENT_RECIPES
from diffqas.cli import main

pytest.importorskip("minigrid", reason="environments need minigrid")

FOLDER = Path(__file__).parents[2] / "studies"

TINY = """\
from dataclasses import replace
import agents_recipe

few = replace(agents_recipe.DEFAULT, episodes=2, workers=2, depth=1)
recipes = lambda: {"default": few}
agents_recipe.CONFIGURATIONS = 2
agents_recipe.agents.TUNED = ("hashed-vector",)
FACTORS = replace(agents_recipe.AGENTS_FACTORS, recipes=recipes)
TUNING = replace(agents_recipe.AGENTS_TUNING, recipes=recipes)
"""


@pytest.fixture
def module(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    import agents_recipe

    monkeypatch.setattr(agents_recipe, "CONFIGURATIONS", agents_recipe.CONFIGURATIONS)
    monkeypatch.setattr(agents_recipe.agents, "TUNED", agents_recipe.agents.TUNED)
    return agents_recipe


@pytest.fixture
def tiny(module, tmp_path):
    """A study with a setting or two of two episodes."""
    own = tmp_path / "tiny.py"
    own.write_text(TINY)

    def run(study, folder, *rows):
        words = ["--rows", *rows] if rows else []
        main(["study", f"{own}:{study}", "--workers", "1", "--output", str(folder), *words])
        return {file.stem: json.loads(file.read_text()) for file in folder.glob("cells/*/*.json")}

    return run


def test_every_factor_has_its_name_and_its_setting(module):
    rows = list(module.factors(module.DEFAULT))
    names = [row.name for row in rows]
    assert names[0] == "default"
    assert len(set(names)) == len(names) > 10
    default = rows[0].settings
    assert default == replace(AGENT_RECIPES["default"], episodes=module.EPISODES)
    settings = [row.settings for row in rows]
    assert all(settings.count(one) == 1 for one in settings)
    assert {one.episodes for one in settings} == {module.EPISODES}
    assert {one.algorithm for one in settings} == {"a2c"}


def test_every_kind_of_agent_is_tuned_by_the_same_settings(module):
    rows = list(module.tuning(module.DEFAULT))
    assert len({row.slug for row in rows}) == len(rows)
    names = {row.name: row.slug for row in module.agents.rows(module.DEFAULT, "default")}

    def kind(row):
        return names[row.name.rpartition(": ")[0]]

    kinds = {name: list(group) for name, group in groupby(rows, kind)}
    assert tuple(kinds) == module.agents.TUNED
    assert Counter(map(kind, rows)) == dict.fromkeys(kinds, module.CONFIGURATIONS)
    tried = [
        [(s.lr, s.entropy, s.clip) for s in (row.settings for row in group)]
        for group in kinds.values()
    ]
    assert all(one == tried[0] for one in tried)
    default = module.DEFAULT
    assert tried[0][0] == (default.lr, default.entropy, default.clip)
    assert all(len(set(column)) > 1 for column in zip(*tried[0], strict=True))
    assert {row.settings.episodes for row in rows} == {module.EPISODES}


def test_a_cell_says_how_it_went(tiny, tmp_path, capsys):
    cells = tiny("FACTORS", tmp_path / "out", "default", "no-entropy")
    assert set(cells) == {"default", "no-entropy"}
    for cell in cells.values():
        assert cell["seeds"] == [100, 101, 102, 103]  # none of a table
        assert cell["passed"] == [None] * 4
        assert cell["mean_reward"] == cell["test_mean_reward"]  # there are but two episodes
        assert all(0 <= value <= 1 for value in cell["test_mean_reward"])
        assert cell["seconds"] >= 0
    table = (tmp_path / "out" / "settings.md").read_text()
    assert table.strip() in capsys.readouterr().out
    head, *_, last = table.splitlines()
    assert head == "| setting | 0.9 passed after (episodes) | mean of the last 500 | mean of all |"
    assert last.startswith("| no entropy | never, never, never, never | ")


def test_what_stands_there_is_not_computed_again(tiny, tmp_path, capsys):
    folder = tmp_path / "out"
    first = tiny("TUNING", folder)
    table = (folder / "settings.md").read_text()
    assert len(first) == 2
    assert tiny("TUNING", folder) == first
    assert (folder / "settings.md").read_text() == table
    assert "2 cells, 2 of them finished before" in capsys.readouterr().out
    next(folder.glob("cells/*/*.json")).unlink()
    again = tiny("TUNING", folder)
    assert "2 cells, 1 of them finished before" in capsys.readouterr().out
    assert {row: cell | {"seconds": None} for row, cell in again.items()} == {
        row: cell | {"seconds": None} for row, cell in first.items()
    }
