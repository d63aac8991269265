"""A line for every run: finished, stopped, begun, broken, and the cells of a study; read without
loading anything.
"""

import json
import shutil
from pathlib import Path

import pytest

from diffqas import search
from diffqas.cli import main
from diffqas.errors import RunError
from diffqas.runs import list_runs
from diffqas.runs.listing import RunSummary, summarise

STUDY = Path(__file__).parents[2] / "studies" / "results" / "figures-13-14"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished") / "bessel"
    return search("bessel", depth=1, epochs=2, seeds=[3, 5], output=folder, quiet=True)


@pytest.fixture
def runs(finished, tmp_path):
    """A finished run, one after its first epoch, one that was only begun, and three that are
    broken.
    """
    top = tmp_path / "runs"
    for name in ("a", "deep/b", "c", "cut", "empty", "odd", "lost"):
        shutil.copytree(finished.folder, top / name)
    for name in ("deep/b", "c"):
        (top / name / "result.json").unlink()
    first = (top / "a" / "metrics.jsonl").read_text().splitlines()[0]
    (top / "deep/b" / "metrics.jsonl").write_text(f'{first}\n{{"epoch": 2, "lo')
    (top / "c" / "metrics.jsonl").unlink()
    (top / "cut" / "result.json").write_text('{"task": "bes')
    (top / "empty" / "config.json").write_text("{}")
    (top / "lost" / "config.json").unlink()
    content = json.loads((top / "odd" / "result.json").read_text())
    del content["recipe"]
    (top / "odd" / "result.json").write_text(json.dumps(content))
    (top / "notes").mkdir()
    return top


def test_every_state(runs, finished):
    found = {run.name: run for run in list_runs(runs)}
    assert list(found) == sorted(["a", "deep/b", "c", "cut", "empty", "odd", "lost"])
    a, b, c = found["a"], found["deep/b"], found["c"]
    assert a.figures == tuple(finished.result["test_mse"])
    assert (a.task, a.model, a.seeds, a.state, a.metric) == (
        "bessel",
        "qt",
        (3, 5),
        "finished",
        "mse",
    )
    assert (a.trainable, a.target, a.done, a.total) == (36, 1781, 2, 2)
    assert (b.progress, len(b.figures), b.task) == ("epoch 1 of 2", 2, "bessel")
    assert (c.progress, c.figures, c.figure) == ("begun", (), "")
    broken = {
        "cut": "Cannot read result.json",
        "empty": "Cannot use config.json: it lacks `run`",
        "odd": "Cannot use result.json: it lacks `recipe`",
    }
    for name, words in (broken | {"lost": "There is no config.json"}).items():
        assert found[name].state == "broken"
        assert words in found[name].progress


def test_a_run_itself_and_a_folder_without_any(runs):
    assert [run.name for run in list_runs(runs / "a")] == ["a"]
    assert list_runs(runs / "notes") == []
    with pytest.raises(RunError, match=r"There is no folder .*nowhere"):
        list_runs(runs / "nowhere")


def test_seeds_without_a_figure_are_left_out_of_the_median(runs):
    result = json.loads((runs / "a" / "result.json").read_text())
    result["test_mse"] = [float("nan"), 0.25]
    (runs / "a" / "result.json").write_text(json.dumps(result))
    run = summarise(runs / "a")
    assert (run.figures, run.median, run.figure) == ((None, 0.25), 0.25, "test mse 0.25")


def test_cells_of_a_study(tmp_path):
    folder = shutil.copytree(
        STUDY, tmp_path / "study", ignore=shutil.ignore_patterns("figures", "*.png")
    )
    files = sorted(folder.glob("cells/*/*.json"))
    files[0].write_text("{")
    found = list_runs(tmp_path)
    assert len(found) == len(files)
    assert sum(run.state == "broken" for run in found) == 1
    search_cell = next(run for run in found if run.name == "study/minigrid-empty-5x5/search-raw")
    cell = json.loads((folder / "cells/minigrid-empty-5x5/search-raw.json").read_text())
    assert search_cell.figures == tuple(cell["test_reward"])
    assert (search_cell.metric, search_cell.higher, search_cell.trainable) == ("reward", True, 314)


def test_the_command_filters_and_sorts(runs, capsys):
    for arguments, names in {
        ("--state", "finished"): ["a"],
        ("--state", "broken"): ["cut", "empty", "lost", "odd"],
        ("--task", "bessel"): ["a", "c", "deep/b"],
        ("--model", "qt", "--sort", "figure"): None,
    }.items():
        main(["runs", str(runs), *arguments, "--json"])
        listed = [run["name"] for run in json.loads(capsys.readouterr().out)]
        assert names is None or listed == names
    assert set(listed) == {"a", "c", "deep/b"}
    assert listed[-1] == "c"  # it has no figure


def test_figures_are_sorted_by_what_is_better():
    from diffqas.cli.runs import ordered

    def run(name, task, higher, *figures):
        return RunSummary(
            Path(name), name, "finished", task, metric="m", higher=higher, figures=figures
        )

    runs = [
        run("a", "t", False, 3.0),
        run("b", "t", False, 1.0, 2.0),
        run("c", "u", True, 0.1),
        run("d", "u", True, 0.9),
    ]
    assert [run.name for run in ordered(runs, "figure")] == ["b", "a", "d", "c"]


def test_the_table_and_refusals(runs, capsys, refused, tmp_path, monkeypatch):
    main(["runs", str(runs), str(runs / "a")])
    printed = capsys.readouterr().out
    for words in (
        "epoch 1 of 2",
        "broken: Cannot read result.json",
        "2 seeds",
        "36",
        (runs / "a").as_posix(),
    ):
        assert words in printed
    assert "`task` must be one of bessel, but got 'besel' (did you mean 'bessel'?)" in refused(
        "runs", str(runs), "--task", "besel"
    )
    monkeypatch.chdir(tmp_path / "runs" / "notes")
    assert "There is no folder runs: name one that holds runs" in refused("runs")
    main(["runs", "."])
    assert capsys.readouterr().out.strip() == "No such runs."
