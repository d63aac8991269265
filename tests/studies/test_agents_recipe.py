"""The script that tuned the agents: what it tries, what a line of it holds, and that no line is
computed again.
"""

import importlib.util
import json
import sys
from collections import Counter
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import pytest

from diffqas.agents.task import AGENT_RECIPES
from diffqas.storage import decode

pytest.importorskip("minigrid", reason="environments need minigrid")

SCRIPT = Path(__file__).parents[2] / "studies" / "agents_recipe.py"


@pytest.fixture
def script(monkeypatch):
    spec = importlib.util.spec_from_file_location("agents_recipe", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["agents_recipe.py", *arguments])
        module.main()

    run.module = module
    return run


@pytest.fixture
def tiny(script, monkeypatch):
    """The script with a setting or two of two episodes."""
    module = script.module
    few = replace(module.DEFAULT, episodes=2, workers=2, depth=1)
    monkeypatch.setattr(module, "DEFAULT", few)
    monkeypatch.setattr(
        module, "FACTORS", {"default": few, "no entropy": replace(few, entropy=0.0)}
    )
    monkeypatch.setattr(module, "CONFIGURATIONS", 2)
    monkeypatch.setattr(module.agents, "TUNED", ("hashed-vector",))
    return script


def test_every_factor_has_its_name_and_its_setting(script):
    jobs = list(script.module.factors())
    names = [name for name, *_ in jobs]
    assert names[0] == "default"
    assert len(set(names)) == len(names) > 10
    default = jobs[0][1].settings
    assert default == replace(AGENT_RECIPES["default"], episodes=script.module.EPISODES)
    settings = [row.settings for _, row, _, _ in jobs]
    assert all(settings.count(one) == 1 for one in settings)
    assert {one.episodes for one in settings} == {script.module.EPISODES}
    assert {one.algorithm for one in settings} == {"a2c"}


def test_every_kind_of_agent_is_tuned_by_the_same_settings(script):
    jobs = list(script.module.tuning())
    assert len({(name, environment) for name, _, environment, _ in jobs}) == len(jobs)
    kinds = {name: list(group) for name, group in groupby(jobs, lambda job: job[1].slug)}
    assert tuple(kinds) == script.module.agents.TUNED
    assert Counter(row.slug for _, row, _, _ in jobs) == dict.fromkeys(
        kinds, script.module.CONFIGURATIONS
    )
    tried = [
        [(s.lr, s.entropy, s.clip) for s in (row.settings for _, row, _, _ in group)]
        for group in kinds.values()
    ]
    assert all(one == tried[0] for one in tried)
    default = script.module.DEFAULT
    assert tried[0][0] == (default.lr, default.entropy, default.clip)
    assert all(len(set(column)) > 1 for column in zip(*tried[0], strict=True))
    assert {row.settings.episodes for _, row, _, _ in jobs} == {script.module.EPISODES}


def test_a_line_says_what_was_tried_and_how_it_went(tiny, tmp_path, capsys):
    out = tmp_path / "lines.jsonl"
    tiny("factors", "--out", str(out))
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["setting"] for line in lines] == ["default", "no entropy"]
    for line in lines:
        assert line["seeds"] == [100, 101, 102, 103]  # none of a study
        assert decode(line["settings"]) == tiny.module.FACTORS[line["setting"]]
        assert line["passed"] == [None] * 4
        assert line["last_500"] == line["mean"]  # there are but two episodes
        assert all(0 <= value <= 1 for value in line["mean"])
        assert line["seconds"] >= 0
    table = capsys.readouterr().out.splitlines()[-4:]
    assert (
        table[0] == "| setting | 0.9 passed after (episodes) | mean of the last 500 | mean of all |"
    )
    assert table[-1].startswith("| no entropy | never, never, never, never | ")


def test_what_stands_there_is_not_computed_again(tiny, tmp_path, monkeypatch, capsys):
    out = tmp_path / "lines.jsonl"
    tiny("tuning", "--out", str(out))
    first, told = out.read_text(), capsys.readouterr().out
    assert len(first.splitlines()) == 2
    with monkeypatch.context() as patch:
        patch.setattr(tiny.module, "run", None)
        tiny("tuning", "--out", str(out))
    assert out.read_text() == first
    again = capsys.readouterr().out
    assert again.strip()
    assert again == told[told.index("\n| setting") :]
    out.write_text(first.splitlines()[0] + "\n")
    tiny("tuning", "--out", str(out))
    lines = [
        [json.loads(line) | {"seconds": None} for line in text.splitlines()]
        for text in (first, out.read_text())
    ]
    assert lines[0] == lines[1]
