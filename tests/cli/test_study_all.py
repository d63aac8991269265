"""`diffqas study all`: what is missing of every study of the papers, listed and computed."""

import json
import re

import pytest

from diffqas.cli import main
from diffqas.errors import DataError
from diffqas.studies import STUDIES, StudyOfRun, papers_index, papers_plans, run_study, survey_of

TINY = ["--epochs", "1", "--depth", "1", "--seeds", "1", "--workers", "1"]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")


@pytest.fixture
def two(monkeypatch):
    """Only two small studies of the index, or every test would compute hundreds of cells."""
    every = papers_index()
    few = {name: every[name] for name in ("table-2", "pareto")}
    monkeypatch.setattr("diffqas.studies.survey.papers_index", lambda: few)


def total(text):
    """Cells finished and missing by the last line of totals."""
    found = re.findall(r"studies: (\d+) cells finished, (\d+) missing", text)
    return tuple(map(int, found[-1]))


def test_the_list_alone_has_every_study_and_writes_nothing(tmp_path, capsys):
    main(["study", "all", "--dry-run", "--output", "none"])
    printed = capsys.readouterr().out
    for name in papers_index():
        assert (name in printed) == (not isinstance(STUDIES[name], StudyOfRun))
    finished, missing = total(printed)
    assert finished == 0
    assert missing == sum(len(plan.jobs()) for plan in papers_plans())
    assert not list(tmp_path.iterdir())


def test_the_paper_recipe_has_folders_of_its_own(tmp_path):
    names = [state.folder.name for state in survey_of(papers_plans(recipe="paper"), tmp_path)]
    assert "table-2-paper" in names
    assert "pareto-paper" not in names  # it has no recipe of a paper


def test_the_soonest_finished_study_and_the_longest_cell_come_first(tmp_path):
    states = survey_of(papers_plans(), tmp_path)
    assert [state.seconds for state in states] == sorted(state.seconds for state in states)
    for state in states:
        costs = [job.cost for job in state.missing]
        assert costs == sorted(costs, reverse=True)


def test_what_is_missing_is_computed_once(two, tmp_path, capsys):
    command = ["study", "all", *TINY, "--shard", "10/10", "--output", "all"]
    main(command)
    first = capsys.readouterr().out
    assert first.index("pareto") < first.index("table-2")
    cells = sorted((tmp_path / "all").glob("*/cells/*/*.json"))
    assert {path.relative_to(tmp_path / "all").parts[0] for path in cells} == {"table-2", "pareto"}
    assert total(first) == (len(cells), 0)
    assert (tmp_path / "all" / "table-2" / "log.jsonl").exists()
    times = [path.stat().st_mtime_ns for path in cells]
    main(command)
    assert total(capsys.readouterr().out) == (len(cells), 0)
    assert [path.stat().st_mtime_ns for path in cells] == times

    cells[0].write_text("{")
    main([*command, "--dry-run"])
    assert total(capsys.readouterr().out) == (len(cells) - 1, 1)
    main(command)
    assert total(capsys.readouterr().out) == (len(cells), 0)
    assert json.loads(cells[0].read_text())["seeds"] == [0]


def test_shards_make_up_the_whole(two, tmp_path):
    plans = papers_plans()
    parts = [survey_of(plans, tmp_path, shard=f"{i}/3") for i in (1, 2, 3)]
    cells = [len(state.missing) for states in parts for state in states]
    assert sum(cells) == sum(len(plan.jobs()) for plan in plans)


def test_a_study_begun_otherwise_is_left_alone(two, tmp_path, capsys):
    row = ["--rows", "constant", "--datasets", "bessel"]
    tiny = ["--epochs", "1", "--depth", "1", "--workers", "1"]
    main(["study", "table-2", *tiny, "--seeds", "2", *row, "--output", "all/table-2"])
    capsys.readouterr()
    with pytest.raises(SystemExit) as stop:
        main(["study", "all", *TINY, "--shard", "9/10", "--output", "all"])
    assert stop.value.code == 2
    printed = capsys.readouterr()
    assert "table-2 is left alone" in printed.out
    (line,) = printed.err.strip().splitlines()
    assert "1 of 2 studies are not whole" in line
    assert "seeds 2, not 1" in line
    assert list((tmp_path / "all" / "pareto").glob("cells/*/*.json"))
    assert len(list((tmp_path / "all" / "table-2").glob("cells/*/*.json"))) == 1


def test_a_study_that_cannot_be_computed_stops_no_other(two, tmp_path, capsys, monkeypatch):
    def refusing(plan, **options):
        if plan.name == "pareto":
            raise DataError("no files")
        return run_study(plan, **options)

    monkeypatch.setattr("diffqas.studies.survey.run_study", refusing)
    with pytest.raises(SystemExit) as stop:
        main(["study", "all", *TINY, "--shard", "10/10", "--output", "all"])
    assert stop.value.code == 2
    assert "1 of 2 studies are not whole. pareto: no files" in capsys.readouterr().err
    assert list((tmp_path / "all" / "table-2").glob("cells/*/*.json"))


@pytest.mark.parametrize(
    "option", [["--rows", "search-raw"], ["--datasets", "bessel"], ["--overwrite"]]
)
def test_what_belongs_to_one_study_is_refused(option, refused):
    assert "be left out with `all`" in refused("study", "all", *option)


def test_the_list_of_one_study(tmp_path, capsys):
    main(["study", "table-2", "--dry-run", "--datasets", "bessel", "--rows", "search"])
    printed = capsys.readouterr().out
    assert "bessel: " in printed
    assert "search-raw" in printed
    assert "1 study: 0 cells finished, 5 missing" in printed
    assert not list(tmp_path.iterdir())
