"""The studies of agents: their rows, their cells and what is drawn; and that those before are as
they were.
"""

import json
import math
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from diffqas.agents.task import random_policy
from diffqas.cli import main
from diffqas.errors import ArgumentError, RunError
from diffqas.studies import STUDIES, Plan, run_study
from diffqas.studies.cell import Cell, SmoothedRewards
from diffqas.studies.cells import StudyFolder
from diffqas.studies.datasets import load_data
from diffqas.studies.measure import measure
from diffqas.studies.measure_agents import compared, passed
from diffqas.studies.reward_curves import rewards_figure
from diffqas.studies.rows import TrainedRow

pytest.importorskip("minigrid", reason="environments need minigrid")

AGENTS = STUDIES["figures-13-14"].rows.__globals__
FIGURES = Plan("figures-13-14", seeds=10)
PLAN = Plan("figures-13-14", seeds=2, depth=1, episodes=4)
ROOMS = Plan("rooms", seeds=2, depth=1, episodes=6)
ROOM = "minigrid-empty-5x5"
FEW = ["search-raw", "direct-networks", "hashed-vector", "random-policy"]
RESULTS = Path(__file__).parents[2] / "studies" / "results"


def trained(plan):
    return {row.name: row for row in plan.rows if isinstance(row, TrainedRow)}


def small(row):
    """The same with fewer environments, so that every episode is a short wait."""
    return replace(row, settings=replace(row.settings, workers=4))


def test_the_rows_of_the_figures():
    live = [f"candidate {number}" for number in (2, 5, 7, 8, 10, 11)]
    constants = ["candidates 1, 3, 4, 6 (uniform)", "candidates 9, 12 (zero)"]
    rows = {row.name: row.group for row in FIGURES.rows}
    assert [name for name, group in rows.items() if group == "search"] == [
        "search raw",
        "search softmax",
        "search gumbel",
    ]
    assert sorted(name for name, group in rows.items() if group == "candidate") == sorted(
        live + constants
    )
    controls = ["random candidate", "hashed vector", "ordinary small network"]
    controls += ["frozen circuit", "direct networks"]
    assert [name for name, group in rows.items() if group == "control"] == controls
    assert [name for name, group in rows.items() if group == "reference"] == ["random policy"]
    assert len(rows) == len(FIGURES.rows) == 3 + 8 + 5 + 1
    assert FIGURES.datasets == (ROOM, "minigrid-empty-6x6")
    assert len(FIGURES.jobs()) == 2 * len(rows)


def test_two_rows_have_all_episodes_and_those_without_a_chosen_circuit_few_seeds():
    rows = trained(FIGURES)
    whole = {name for name, row in rows.items() if row.settings.episodes == 50_000}
    assert whole == {"search raw", "direct networks"}
    few = {name for name, row in rows.items() if row.seeds_of(10) == 3}
    assert few == {
        "candidates 1, 3, 4, 6 (uniform)",
        "candidates 9, 12 (zero)",
        "random candidate",
        "frozen circuit",
    }
    for name, row in rows.items():
        assert row.settings.episodes == (50_000 if name in whole else 5_000)
        assert row.seeds_of(10) == (3 if name in few else 10)
        assert row.seeds_of(2) == 2
    assert {row.settings.episodes for row in trained(replace(FIGURES, episodes=70)).values()} == {
        70
    }
    longest = [(job.row.slug, job.dataset) for job in FIGURES.jobs()[:4]]
    assert {slug for slug, _ in longest} == {"search-raw", "direct-networks"}


def test_the_rows_of_harder_rooms():
    plan = Plan("rooms")
    assert [row.slug for row in plan.rows] == [
        "search-raw",
        "hashed-vector",
        "ordinary-small-network",
        "direct-networks",
        "random-policy",
    ]
    assert all(
        row.seeds_of(10) == 3 and row.settings.episodes == 5_000 for row in trained(plan).values()
    )
    assert plan.datasets == AGENTS["ROOMS"]
    assert plan.command == "diffqas study rooms --recipe default --seeds 10"


def test_rows_that_were_tuned_are_rows():
    assert set(AGENTS["TUNED"]) <= {row.slug for row in FIGURES.rows}


def test_a_plan_tells_its_episodes():
    assert PLAN.to_json()["episodes"] == 4
    assert "epochs" not in PLAN.to_json()
    assert (
        PLAN.command
        == "diffqas study figures-13-14 --recipe default --seeds 2 --episodes 4 --depth 1"
    )
    assert json.loads(json.dumps(PLAN.to_json(), allow_nan=False)) == PLAN.to_json()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["figures-13-14", "--epochs", "3"],
            "`epochs` must not be used with a study of environments, but got 3.",
        ),
        (["rooms", "--episodes", "0"], "`episodes` must be at least 1, but got 0."),
        (
            ["table-2", "--episodes", "3"],
            "`episodes` must not be used with a study of data sets, but got 3.",
        ),
        (
            ["figures-5-7", "--episodes", "3"],
            "`episodes` must not be used with a study of data sets, but got 3.",
        ),
        (["rooms", "--datasets", ROOM], "`datasets` must be one of minigrid-empty-8x8, "),
        (["rooms", "--rows", "candidate-8"], "`rows` must be one of search-raw, "),
        (
            ["rooms", "--data-dir", "."],
            "`data_dir` must be used with a study of images, but got rooms.",
        ),
    ],
)
def test_options_of_other_studies(arguments, words, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert words in refused("study", *arguments)
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Some rows of one room, by the command line."""
    folder = tmp_path_factory.mktemp("study") / "study"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(AGENTS, "random_policy", partial(random_policy, episodes=3))
        main(command(folder))
    return folder


def command(folder):
    options = [
        "--seeds",
        "2",
        "--depth",
        "1",
        "--episodes",
        "4",
        "--workers",
        "1",
        "--datasets",
        ROOM,
    ]
    return ["study", "figures-13-14", *options, "--rows", *FEW, "--output", str(folder)]


def strict(text):
    """JSON of which every other program can read every number."""

    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_cells_hold_what_was_measured(finished):
    cells = {path.stem: strict(path.read_text()) for path in (finished / "cells" / ROOM).iterdir()}
    assert sorted(cells) == sorted(FEW)
    reference = cells.pop("random-policy")
    assert reference["seeds"] == []
    assert reference["deterministic"] is True
    (value,) = reference["test_reward"]
    assert value == random_policy(load_data(ROOM), episodes=3)
    counts = {
        "search-raw": 2 * (13 + 12 + 15),
        "hashed-vector": 2 * (13 + 12 + 15),
        "direct-networks": 11_848,
    }
    assert {word: cell["trainable"] for word, cell in cells.items()} == counts
    for cell in cells.values():
        assert (cell["study"], cell["dataset"], cell["target"]) == ("figures-13-14", ROOM, 11_848)
        assert cell["seeds"] == [0, 1]
        assert cell["episodes"] == [4, 4]
        assert cell["last"] == 4
        assert cell["passed"] == [None, None]
        assert (cell["failures"], cell["paper"], cell["identical"]) == ({}, None, None)
        assert cell["seconds"] > 0
        assert all(0 <= value <= 0.955 for value in cell["test_reward"] + cell["mean_reward"])
        assert all(0 <= share <= 1 for share in cell["success_rate"])
        for steps, length, mean in zip(
            cell["steps"], cell["mean_length"], cell["mean_reward"], strict=True
        ):
            assert steps == 4 * length
            assert 5 <= length <= 100
            assert (mean > 0) == (length < 100)
        for curve, mean in zip(cell["rewards"], cell["mean_reward"], strict=True):
            assert curve["episode"] == [1, 2, 3, 4]
            assert np.mean(curve["mean"]) == pytest.approx(mean, abs=1e-5)
            assert curve["deviation"] == [0.0] * 4


def test_a_study_leaves_tables_and_a_picture(finished):
    text = (finished / "table.md").read_text()
    for words in (
        "search - row",
        "search raw",
        "direct networks",
        "hashed vector",
        "random policy",
        "hence not tested: hashed vector",
    ):
        assert words in text
    assert "%" not in text.split("\n\n")[1]
    heading = (finished / "table.csv").read_text().splitlines()[0].split(",")
    assert {"rewards", "difference", "difference_low", "difference_high"} <= set(heading)
    assert (finished / "figures" / f"rewards-{ROOM}.png").read_bytes()[:4] == b"\x89PNG"
    assert [path.name for path in (finished / "figures").iterdir()] == [f"rewards-{ROOM}.png"]
    assert not (finished / "predictions").exists()
    study = strict((finished / "study.json").read_text())
    assert study["settings"]["episodes"] == 4
    assert study["command"] == PLAN.command


def test_the_same_command_computes_nothing_again(finished, capsys, monkeypatch):
    monkeypatch.setattr("diffqas.studies.executors.cell.measure", None)
    before = {path: path.stat().st_mtime_ns for path in finished.glob("cells/*/*.json")}
    assert len(before) == 4
    main(command(finished))
    assert {path: path.stat().st_mtime_ns for path in finished.glob("cells/*/*.json")} == before
    printed = capsys.readouterr().out
    assert "4 cells, 4 of them finished before" in printed
    assert "4 of 34 cells finished" in printed


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"episodes": 5}, "was begun with episodes 4, not 5"),
        ({"depth": 2}, "was begun with depth 1, not 2"),
        ({"study": "rooms"}, "was begun with study figures-13-14, not rooms"),
    ],
)
def test_other_settings_are_refused(finished, changes, words):
    with pytest.raises(RunError, match=words):
        StudyFolder(finished).open(replace(PLAN, **changes))


def test_a_cell_of_other_seeds_is_damaged(finished, tmp_path):
    folder = shutil.copytree(finished, tmp_path / "study")
    (job,) = PLAN.jobs(["frozen-circuit"], [ROOM])
    path = folder / "cells" / ROOM / "frozen-circuit.json"
    found = json.loads(path.with_stem("hashed-vector").read_text()) | {"row": "frozen circuit"}
    path.write_text(json.dumps(found))
    assert StudyFolder(folder).read(job, PLAN) is not None
    for seeds, whole in ((3, True), (10, True), (4, True), (2, False)):
        cell = json.loads(path.read_text()) | {"seeds": [0, 1, 2], "test_reward": [0.5] * 3}
        for name in ("passed", "mean_reward", "success_rate", "mean_length", "episodes", "steps"):
            cell[name] = (2 * cell[name])[:3]
        cell["rewards"] = (2 * cell["rewards"])[:3]
        path.write_text(json.dumps(cell))
        if whole:  # it has three seeds, however many the search has
            assert StudyFolder(folder).read(job, replace(PLAN, seeds=seeds)).to_json() == cell
        else:
            with pytest.raises(RunError, match="its seeds are not the study's"):
                StudyFolder(folder).read(job, replace(PLAN, seeds=seeds))


def test_rows_with_fewer_seeds_are_compared_on_those_that_they_have(tmp_path, monkeypatch):
    monkeypatch.setitem(AGENTS, "FEW", 1)
    monkeypatch.setitem(AGENTS, "random_policy", partial(random_policy, episodes=3))
    plan = Plan("figures-13-14", seeds=2, depth=1, episodes=2)
    rows = ["search-raw", "frozen-circuit", "random-policy"]
    run = run_study(
        plan, rows=rows, datasets=[ROOM], workers=1, output=tmp_path / "study", quiet=True
    )
    assert [cell.seeds for cell in run.cells] == [[0, 1], [0], []]
    (comparison,) = run.comparisons
    assert [entry.pairs for entry in comparison.others] == [1, 2]


@pytest.fixture(scope="module")
def cartpole():
    return load_data("cartpole")


def wild(row, lost):
    """The row, but some of its seeds begin with numbers that are none."""
    populate = row.populate

    def make(task, settings, seeds):
        population = populate(task, settings, seeds)
        with torch.no_grad():
            population.vector[lost] = torch.nan
        return population

    return replace(small(row), populate=make)


@pytest.mark.parametrize("lost", [[1], [0, 1]])
def test_seeds_that_diverge_are_told_and_left_out(lost, cartpole, tmp_path):
    sound, _ = measure("rooms", small(ROOMS.row("hashed-vector")), "cartpole", [0, 1], cartpole)
    cell, samples = measure(
        "rooms", wild(ROOMS.row("hashed-vector"), lost), "cartpole", [0, 1], cartpole
    )
    assert samples is None
    stored = cell.to_json()
    assert strict(json.dumps(stored)) == stored
    assert list(stored["failures"]) == [str(seed) for seed in lost]
    for key in ("test_reward", "mean_reward", "success_rate", "mean_length"):
        for seed in (0, 1):
            assert (stored[key][seed] is None) == (seed in lost)
    assert [count == 6 for count in stored["episodes"]] == [seed not in lost for seed in (0, 1)]
    figure = rewards_figure([sound, cell])
    figure.savefig(tmp_path / "picture.png")
    whole, start = figure.axes
    assert whole.get_xlim() == start.get_xlim() == (0, 6)
    folder = StudyFolder(tmp_path / "study")
    folder.write(cell, samples)
    (job,) = ROOMS.jobs(["hashed-vector"], ["cartpole"])
    assert folder.read(job, ROOMS) == cell


def test_a_picture_of_nothing_but_failures(cartpole, tmp_path):
    cell, _ = measure("rooms", wild(ROOMS.row("hashed-vector"), [0]), "cartpole", [0], cartpole)
    rewards_figure([cell]).savefig(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 1000


def curve(row, episodes, group="control", level=0.5):
    """A finished cell with even rewards."""
    file = RESULTS / "figures-13-14" / "cells" / ROOM / "search-raw.json"
    places = list(range(100, episodes + 1, 100))
    line = SmoothedRewards(places, [level] * len(places), [0.1] * len(places))
    higher = replace(line, mean=[level + 0.2] * len(places))
    cell = Cell.from_json(json.loads(file.read_text()), file)
    agents = replace(cell.agents, episodes=[episodes] * 2, rewards=[line, higher])
    return replace(cell, row=row, group=group, seeds=[0, 1], agents=agents)


@pytest.mark.parametrize(("longest", "inset"), [(10_000, False), (12_000, True)])
def test_the_picture_has_long_rows_left_and_all_rows_at_the_right(longest, inset):
    rows = [
        curve("search raw", longest, "search"),
        curve("short", 5_000, level=0.1),
        curve("direct", longest),
    ]
    whole, start = rewards_figure(rows, 0.955).axes
    assert [line.get_xdata()[-1] for line in whole.lines[:2]] == [longest, longest]
    assert [line.get_ydata()[0] for line in start.lines[:3]] == pytest.approx([0.6, 0.2, 0.6])
    assert all(line.get_xdata()[-1] == 5_000 for line in start.lines[:3])
    assert (whole.get_xlim(), start.get_xlim()) == ((0, longest), (0, 5_000))
    words = [text.get_text() for text in start.get_legend().get_texts()]
    assert words[1] == "short (2 seeds, 5,000 episodes)"
    assert len(whole.child_axes) == inset
    for small_one in whole.child_axes:
        assert small_one.get_xlim() == (longest - 5_000, longest)


def in_steps(row, total, group="control", level=0.5):
    """A finished cell of seeds of as many steps and of different numbers of episodes."""
    cell = curve(row, 1_000, group, level)
    many, second = cell.agents.rewards
    few = SmoothedRewards(second.episode[:4], second.mean[:4], second.deviation[:4])
    quarters = [quarter * total // 4 for quarter in (1, 2, 3, 4)]
    lines = [
        replace(many, step=[total * place // 1_000 for place in many.episode]),
        replace(few, step=quarters),
    ]
    return replace(cell, agents=replace(cell.agents, episodes=[1_000, 400], rewards=lines))


def test_where_steps_end_a_seed_every_row_is_drawn_to_its_end_over_steps():
    rows = [in_steps("search", 8_000, "search"), in_steps("other", 8_000, level=0.1)]
    (axes,) = rewards_figure(rows).axes
    assert [line.get_xdata()[-1] for line in axes.lines] == [8_000, 8_000]
    assert [line.get_ydata()[-1] for line in axes.lines] == pytest.approx([0.6, 0.2])
    assert axes.get_xlabel() == "steps of each seed in the environment"
    assert len(axes.collections) == 1
    words = [text.get_text() for text in axes.get_legend().get_texts()]
    assert words == ["search (2 seeds)", "other (2 seeds)"]


def test_steps_are_stored_where_they_end_a_seed_and_nowhere_else():
    of_steps = RESULTS / "policies-cartpole" / "cells" / "cartpole" / "search-z.json"
    of_episodes = RESULTS / "figures-13-14" / "cells" / ROOM / "search-raw.json"
    for file in (of_steps, of_episodes):
        content = json.loads(file.read_text())
        stored = Cell.from_json(content, file).to_json()
        assert stored["rewards"] == content["rewards"]
        assert ("step" in stored["rewards"][0]) is (file is of_steps)


@pytest.mark.parametrize("name", ["policies-cartpole", "policies-cartpole-soon"])
def test_committed_curves_end_with_the_steps_of_each_seed(name):
    files = list((RESULTS / name / "cells" / "cartpole").glob("*.json"))
    assert len(files) >= 6
    for file in files:
        agents = Cell.from_json(json.loads(file.read_text()), file).agents
        for seed, steps in zip(agents.rewards, agents.steps, strict=True):
            assert seed.step[-1] == steps
            assert seed.step == sorted(seed.step)


def test_rows_are_compared_by_the_end_of_the_episodes_that_all_have():
    assert compared([1.0] * 4_000 + [0.25] * 1_000 + [1.0] * 10) == 0.25
    assert compared([0.0] * 8 + [1.0, 0.5]) == 0.75
    assert compared([0.0, 1.0, 0.5]) == 0.5
    assert math.isnan(compared([]))


def test_when_a_level_is_passed():
    assert passed([]) is passed([1.0] * 499) is None
    assert passed([1.0] * 500) == 500
    assert passed([0.9] * 600) is None  # not above
    assert passed([0.0] * 50 + [1.0] * 450 + [0.0] * 100) is None
    assert passed([0.0] * 50 + [1.0] * 451 + [0.0] * 100) == 501
    assert passed([1.0] * 500 + [0.0] * 500) == 500


def test_studies_of_data_sets_store_what_they_did():
    stored = Plan("table-2").to_json()
    assert list(stored) == ["recipe", "seeds", "epochs", "depth", "choices", "rows"]
    assert Plan("table-2").command == "diffqas study table-2 --recipe default --seeds 10"
    assert all(row.seeds_of(10) == 10 for row in trained(Plan("table-2")).values())


@pytest.mark.parametrize(
    "name", ["ablation", "figures-5-7", "qlstm-table", "qlstm-table-paper", "table-2"]
)
def test_stored_studies_go_on(name):
    folder = StudyFolder(RESULTS / name)
    study = json.loads(folder.settings.read_text())
    plan = Plan(study["study"], study["settings"]["recipe"], study["settings"]["seeds"])
    assert plan.command == study["command"]
    folder.open(plan)
    files = len(list(folder.path.glob("cells/*/*.json")))
    assert len(folder.cells(plan)) == files > 0


def test_settings_that_agents_have_not():
    with pytest.raises(ArgumentError, match="`recipe` must be one of"):
        Plan("rooms", "best")


def test_the_papers_settings_are_trained_by_a2c():
    for row in Plan("figures-13-14", recipe="paper").rows:
        if isinstance(row, TrainedRow):
            assert row.settings.algorithm == "a2c"
            assert (row.settings.lr, row.settings.betas, row.settings.centre) == (
                1e-4,
                (0.92, 0.999),
                False,
            )
