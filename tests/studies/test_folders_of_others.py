"""Folders of studies that somebody else changed, or that two work on: one line, no mixed table."""

import json
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diffqas.cli import main
from diffqas.errors import ArgumentError, DiffqasError, RunError
from diffqas.reports import Terminal
from diffqas.storage import save_tensors
from diffqas.studies import Plan, Study, TrainedRow, populations, run_study
from diffqas.studies.cells import StudyFolder
from diffqas.studies.library import LoadedStudy
from diffqas.studies.plan import share_of
from diffqas.studies.run import report

RESULTS = Path(__file__).parents[2] / "studies" / "results"
PLAN = Plan("table-2", seeds=2, epochs=1, depth=1)
FEW = {"rows": ["constant", "persistence"], "datasets": ["narma5"], "workers": 1, "quiet": True}


@pytest.fixture
def folder(tmp_path):
    run_study(PLAN, output=tmp_path / "study", **FEW)
    return tmp_path / "study"


@cache
def contents() -> dict[str, dict]:
    """The files of a small committed study, by their places."""
    source = RESULTS / "agents-factors"
    files = [source / "study.json", *sorted(source.glob("cells/*/*.json"))]
    return {str(file.relative_to(source)): json.loads(file.read_text()) for file in files}


ODD = [None, True, -1, 0, 10**400, 1e308, float("nan"), "", "x", "[red]", "\x1b[2J", [], [[]], {}]
odd = st.sampled_from(ODD)


@st.composite
def edited(draw, good):
    """A JSON value in which one entry, however deep, is another one, or is gone."""
    if not isinstance(good, (dict, list)) or not good or draw(st.integers(0, 3)) == 0:
        return draw(odd)
    if isinstance(good, list):
        place = draw(st.integers(0, len(good) - 1))
        return [*good[:place], draw(edited(good[place])), *good[place + 1 :]]
    key = draw(st.sampled_from(sorted(good)))
    if draw(st.booleans()):
        return {name: value for name, value in good.items() if name != key}
    return good | {key: draw(edited(good[key]))}


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_an_edited_study_is_shown_or_refused_in_one_line(data, tmp_path, capsys):
    name = data.draw(st.sampled_from(sorted(contents())))
    path = tmp_path / "sent"
    shutil.rmtree(path, ignore_errors=True)
    for place, content in contents().items():
        (path / place).parent.mkdir(parents=True, exist_ok=True)
        changed = data.draw(edited(content)) if place == name else content
        (path / place).write_text(json.dumps(changed))
    try:
        main(["show", str(path)])
        code = 0
    except SystemExit as stop:
        code = stop.code
    told = capsys.readouterr()
    assert (code, len(told.err.splitlines())) in {(0, 0), (0, 1), (2, 1)}, told.err
    assert "\x1b" not in told.out + told.err


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_an_edited_study_goes_on_or_is_refused_in_one_line(data, tmp_path):
    plan, sent = Plan("table-2", seeds=2, epochs=1), StudyFolder(tmp_path / "sent")
    good = tmp_path / "good.json"
    if not good.exists():
        sent.open(plan)
        shutil.copy(sent.settings, good)
    sent.settings.write_text(json.dumps(data.draw(edited(json.loads(good.read_text())))))
    told = ""
    try:
        sent.open(plan)
        sent.changed_versions()
    except DiffqasError as error:
        told = str(error)
    assert len(told.splitlines()) <= 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": 2}, r"is not of this version of diffqas\. Give another --output"),
        ({"settings": []}, "`settings` should be an object"),
        ({"rows": []}, "`rows` should be a list with every name once"),
        ({"rows": ["a", "a"]}, "`rows` should be a list with every name once"),
        ({"datasets": "bessel"}, "`datasets` should be a list"),
        ({"metric": {"name": "mse"}}, "it lacks `metric.higher`"),
        ({"named": [{"title": "x"}]}, r"it lacks `named\.0\.part`"),
        ({"environment": {"versions": {"torch": 2}}}, r"`environment\.versions\.torch` should be"),
    ],
)
def test_settings_that_are_wrong_are_told(folder, changes, words):
    file = folder / "study.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))
    with pytest.raises(RunError, match=words):
        run_study(PLAN, output=folder, **FEW)


def test_cells_without_their_settings_are_not_mixed_with_new_ones(folder):
    (folder / "study.json").unlink()
    with pytest.raises(RunError, match=r"holds cells, but no study\.json"):
        run_study(PLAN, output=folder, **FEW)
    assert not (folder / "study.json").exists()


def test_overwrite_removes_nothing_where_no_study_was_begun(tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "mine.png").write_text("")
    run_study(PLAN, output=tmp_path, overwrite=True, **FEW)
    assert (tmp_path / "figures" / "mine.png").exists()


def test_overwrite_follows_no_link(folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    shutil.move(folder / "cells", elsewhere)
    (folder / "cells").symlink_to(elsewhere)
    before = sorted(elsewhere.rglob("*"))
    run_study(PLAN, output=folder, overwrite=True, **FEW)
    assert sorted(elsewhere.rglob("*")) == before
    assert not (folder / "cells").is_symlink()


def test_a_cell_that_another_process_finished_is_not_computed_again(folder, monkeypatch):
    from diffqas.studies.executors import local

    monkeypatch.setattr(local, "attempt", None)
    (job,) = PLAN.jobs(["constant"], ["narma5"])
    cell = local._store(StudyFolder(folder), PLAN, job)
    assert cell.row == "constant"


def test_a_study_that_another_process_began_anew_gets_no_old_cell(folder):
    from diffqas.studies.executors import local

    (job,) = PLAN.jobs(["least-squares"], ["narma5"])
    run_study(replace(PLAN, seeds=3), output=folder, overwrite=True, **FEW)
    with pytest.raises(RunError, match="begun with seeds 3, not 2"):
        local._store(StudyFolder(folder), PLAN, job)
    assert not StudyFolder(folder).cell("narma5", "least-squares").exists()


def test_a_negative_error_is_told_with_its_file(folder, capsys):
    file = StudyFolder(folder).cell("narma5", "constant")
    file.write_text(json.dumps(json.loads(file.read_text()) | {"test_mse": [-1.0]}))
    run_study(PLAN, output=folder, **FEW | {"quiet": False})
    printed = " ".join(capsys.readouterr().out.split())
    assert "constant.json: its test_mse is negative. It is computed again." in printed


def test_strange_predictions_cost_a_picture_only(folder, capsys):
    file = StudyFolder(folder).predictions("narma5")
    file.parent.mkdir()
    for content in ({}, {"snapshots": 3}, {"snapshots": {}, "truth": None, "boundary": "x"}):
        save_tensors(file, content)
        report(folder, PLAN, Terminal())
        assert "is damaged: no picture." in " ".join(capsys.readouterr().out.split())


SHARDS = ["", "/", "1", "0/2", "3/2", "-1/2", "1/0", "1/2/3", "a/b", "1.0/2", " 1/2", "1/2\n"]


@pytest.mark.parametrize("shard", [*SHARDS, "٣/٤", "²/3", "1/" + "9" * 5000, "+1/2", "1_0/20"])
def test_a_wrong_shard_is_told(shard):
    with pytest.raises(ArgumentError, match=r"Argument `shard` must be i/n with 1 <= i <= n"):
        share_of([], shard)


@settings(max_examples=40)
@given(count=st.integers(0, 30), shards=st.integers(1, 40))
def test_shards_are_all_jobs_once(count, shards):
    jobs = list(range(count))
    found = [job for part in range(shards) for job in share_of(jobs, f"{part + 1}/{shards}")]
    assert sorted(found) == jobs


def plan_with(monkeypatch, names=("a",), datasets=("narma5",)):
    """A plan of a user's study with rows and data sets of these names."""

    def rows(settings, recipe):
        return [TrainedRow(name, "search", settings, populations.search) for name in names]

    study = Study(rows, tuple(datasets), samples=lambda dataset: 100)
    monkeypatch.setattr("diffqas.studies.plan.load_study", lambda word: LoadedStudy(word, study))
    return Plan("own", seeds=1, epochs=1)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], "`rows` must hold at least one row"),
        (["a", "a"], "`rows` must have names that differ"),
        (["lr 1", "lr, 1"], r"both are 'lr-1' in files.*'lr 1' and 'lr, 1'"),
        (["§§"], "have names with a letter or digit of ASCII"),
        (["a" * 300], "of at most 200 characters"),
    ],
)
def test_rows_that_would_share_a_file_are_told(monkeypatch, names, words):
    with pytest.raises(ArgumentError, match=words):
        plan_with(monkeypatch, names).jobs()


@pytest.mark.parametrize("names", [[], ["a", "a"], ["a/b", "a-b"]])
def test_data_sets_that_would_share_a_folder_are_told(monkeypatch, names):
    with pytest.raises(ArgumentError, match="`datasets` must"):
        plan_with(monkeypatch, datasets=names)


@pytest.mark.parametrize("name", ["../../out", "/etc/x", "ALE/Pong-v5", ".hidden", "a\x1b[2J"])
def test_a_data_set_lies_in_the_folder_whatever_its_name(name, tmp_path):
    folder = StudyFolder(tmp_path)
    for path in (folder.cell(name, "row"), folder.predictions(name)):
        assert path.resolve().is_relative_to(tmp_path.resolve())
        assert path.parent.parent in (tmp_path, tmp_path / "cells")
