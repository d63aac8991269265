"""The folder of a study: kept, continued, refused, mended."""

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch

from diffqas.choices import adjusted
from diffqas.errors import RunError
from diffqas.quantum_train.controls import HashedWeights
from diffqas.studies import STUDIES, Plan, run_study
from diffqas.studies.cells import StudyFolder

table_2 = sys.modules[STUDIES["table-2"].rows.__module__]
PLAN = Plan("table-2", seeds=2, epochs=2, depth=1)
OPTIONS = ["study", "table-2", "--seeds", "2", "--epochs", "2", "--depth", "1"]
FEW = ["search-raw", "hashed-vector", "least-squares"]


def cells_of(folder) -> dict[str, dict]:
    return {
        str(path.relative_to(folder)): json.loads(path.read_text())
        for path in folder.glob("cells/*/*.json")
    }


def stamps(folder) -> dict:
    return {
        path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.glob("cells/*/*.json")
    }


def few(folder, plan=PLAN, **choices):
    options = {"rows": FEW, "datasets": ["narma5"], "workers": 1} | choices
    return run_study(plan, output=folder, **options)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A small study that is finished; to be copied."""
    folder = tmp_path_factory.mktemp("finished") / "study"
    few(folder, quiet=True)
    return folder


@pytest.fixture
def copied(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "study")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """One data set's whole column, by one process without a stop."""
    folder = tmp_path_factory.mktemp("whole") / "study"
    run_study(PLAN, datasets=["narma5"], workers=1, output=folder, quiet=True)
    return folder


def test_killed_in_the_middle_and_continued(whole, tmp_path):
    folder = tmp_path / "study"
    rows = ["search", "control", "reference"]
    arguments = [
        *OPTIONS,
        "--datasets",
        "narma5",
        "--rows",
        *rows,
        "--workers",
        "2",
        "--output",
        str(folder),
    ]
    command = [sys.executable, "-c", "from diffqas.cli import main; main()", *arguments]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + 120
    while len(stamps(folder)) < 2 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    while (
        _alive(process.pid) and time.monotonic() < deadline
    ):  # the workers end with the one that began them
        time.sleep(0.02)
    before = stamps(folder)
    assert 2 <= len(before) < len(PLAN.jobs(rows, ["narma5"]))
    run_study(PLAN, datasets=["narma5"], workers=1, output=folder, quiet=True)
    after = stamps(folder)
    assert {path: after[path] for path in before} == before
    found, expected = cells_of(folder), cells_of(whole)
    assert found.keys() == expected.keys()
    for name, cell in found.items():
        assert cell | {"seconds": 0} == expected[name] | {"seconds": 0}


def _alive(group: int) -> bool:
    """Whether a process of this group still runs (one that has ended but was not collected does
    not).
    """
    listed = subprocess.run(
        ["ps", "-eo", "pgid=,stat="], capture_output=True, text=True, check=True
    ).stdout
    return any(
        int(pgid) == group and state[0] != "Z"
        for pgid, state in map(str.split, listed.splitlines())
    )


def test_a_finished_study_computes_nothing(whole, capsys):
    before = stamps(whole)
    run = run_study(PLAN, datasets=["narma5"], workers=1, output=whole)
    assert stamps(whole) == before
    printed = capsys.readouterr().out
    assert "30 cells, 30 of them finished before" in printed
    assert len(run.cells) == 30
    (comparison,) = run.comparisons
    assert comparison.search.row == "search raw"
    assert "candidate 1 = 3 = 4 = 6 = uniform distribution" in [
        entry.row for entry in comparison.entries
    ]


def test_what_lies_in_the_folder(whole):
    cell = cells_of(whole)["cells/narma5/search-raw.json"]
    assert cell["trainable"] == 11 + 12 + 13
    assert cell["paper"] == 5e-5
    assert cell["seeds"] == [0, 1]
    assert cell["failures"] == {}
    study = json.loads((whole / "study.json").read_text())
    assert (
        study["command"] == "diffqas study table-2 --recipe default --seeds 2 --epochs 2 --depth 1"
    )
    assert "torch" in study["environment"]["versions"]
    for name in (
        "table.csv",
        "table.md",
        "table.tex",
        "table.png",
        "figures/predictions-narma5.png",
        "log.jsonl",
    ):
        assert (whole / name).stat().st_size > 0
    samples = StudyFolder(whole).samples("narma5")
    assert sorted(samples["snapshots"]) == [1, 2]
    assert samples["snapshots"][1].shape == (2, 295)
    assert not list(whole.rglob("*.tmp"))


def test_a_row_that_diverges_is_reported_and_stops_no_other(tmp_path, capsys, monkeypatch):
    populate = table_2.populations.hashed

    def wild(task, settings, seeds, rate):
        population: HashedWeights = populate(task, settings, seeds, rate)
        with torch.no_grad():
            population.vector[wild.lost] = torch.nan
        return population

    monkeypatch.setattr(table_2.populations, "hashed", wild)
    for wild.lost, failed in (([1], [1]), ([0, 1], [0, 1])):
        run = few(tmp_path / f"{len(failed)}")
        printed = capsys.readouterr().out
        cells = {cell.row: cell.to_json() for cell in run.cells}
        assert list(cells) == ["search raw", "hashed vector", "least squares"]
        cell = cells["hashed vector"]
        assert [value is None for value in cell["test_mse"]] == [seed in failed for seed in (0, 1)]
        assert list(cell["failures"]) == [str(seed) for seed in failed]
        assert (
            "narma5, hashed vector: seed 1 failed: the loss became nan at epoch 1, step 1"
            in printed
        )
        assert cells["search raw"]["failures"] == {}
    before = stamps(tmp_path / "2")
    few(tmp_path / "2", quiet=True)
    assert stamps(tmp_path / "2") == before


DAMAGED = (
    b"",
    b"{",
    b"[]",
    b"{}",
    b'{"row": "hashed vector", "dataset": "narma5", "seeds": [0, 1]}',
    b"\xff\xfe",
)


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_cell_is_told_apart_from_a_missing_one(tmp_path, content):
    (job,) = PLAN.jobs(["hashed-vector"], ["narma5"])
    folder = StudyFolder(tmp_path)
    assert folder.read(job, PLAN) is None
    path = folder.cell("narma5", "hashed-vector")
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"Cannot (read|use) .*hashed-vector\.json"):
        folder.read(job, PLAN)
    assert folder.cells(PLAN) == []


def test_a_damaged_cell_is_computed_again(copied, capsys):
    damaged = copied / "cells" / "narma5" / "hashed-vector.json"
    good, before = json.loads(damaged.read_text()), stamps(copied)
    damaged.write_bytes(damaged.read_bytes()[:100])
    few(copied)
    printed = capsys.readouterr().out
    assert "hashed-vector.json" in printed
    assert "It is computed again." in printed
    assert json.loads(damaged.read_text()) | {"seconds": 0} == good | {"seconds": 0}
    after = stamps(copied)
    assert {path for path in before if after[path] != before[path]} == {damaged}


def test_damaged_predictions_cost_a_picture_only(copied, capsys):
    (copied / "predictions" / "narma5.pt").write_bytes(b"PK")
    few(copied)
    assert "narma5.pt is damaged: no picture." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (replace(PLAN, epochs=3), "was begun with epochs 2, not 3"),
        (replace(PLAN, seeds=3), "was begun with seeds 2, not 3"),
        (replace(PLAN, recipe="paper"), "was begun with recipe default, not paper"),
        (replace(PLAN, study="ablation"), "was begun with study table-2, not ablation"),
    ],
)
def test_other_settings_are_refused(finished, plan, words):
    before = stamps(finished)
    with pytest.raises(RunError, match=words) as refused:
        run_study(plan, output=finished, workers=1, quiet=True)
    assert "\n" not in str(refused.value)
    assert stamps(finished) == before


def test_a_changed_recipe_is_refused(finished, monkeypatch):
    changed = {"default": adjusted(Plan("table-2").settings, memory=4.0)}
    monkeypatch.setattr("diffqas.studies.study.SERIES_RECIPES", changed)
    with pytest.raises(RunError, match="a default recipe that this version of diffqas has changed"):
        run_study(PLAN, output=finished, workers=1, quiet=True)


def test_a_changed_row_is_refused(finished, monkeypatch):
    monkeypatch.setattr(table_2, "CONTROL_RATES", {"default": {"hashed": 5.0, "subspace": 5.0}})
    with pytest.raises(
        RunError, match="a row hashed-vector that this version of diffqas has changed"
    ):
        run_study(PLAN, output=finished, workers=1, quiet=True)


def test_overwrite_begins_anew(copied):
    run = few(copied, plan=replace(PLAN, epochs=1), rows=["constant"], overwrite=True)
    assert [cell.row for cell in run.cells] == ["constant"]
    assert list(cells_of(copied)) == ["cells/narma5/constant.json"]
    assert run.comparisons == []


def test_shards_make_the_whole_table(tmp_path):
    rows = ["search-raw", "direct-lstm", "reference"]
    for shard in ("1/2", "2/2"):
        run = few(tmp_path / "study", rows=rows, shard=shard, quiet=True)
        assert len(run.cells) == (3 if shard == "1/2" else 6)
    assert {cell.row for cell in run.cells} == {
        "search raw",
        "direct LSTM",
        "constant",
        "persistence",
        "persistence of the hidden response",
        "least squares",
    }


def test_a_full_disk_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="Cannot make the folder"):
        few(tmp_path / "file" / "study")
