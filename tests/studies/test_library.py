"""Studies by name and from a user's own file."""

import json
import re
from pathlib import Path

import pytest

from diffqas.cli import main
from diffqas.errors import DataError, DiffqasError
from diffqas.studies import STUDIES, Plan, Study, StudyOfRun, papers_index
from diffqas.studies.library import papers_folder

OWN = """\
from beside import NAMES
from diffqas.studies import Study, TrainedRow, populations

def rows(settings, recipe):
    makers = (populations.search, populations.uniform)
    groups = ("search", "control")
    return [
        TrainedRow(name, group, settings, make)
        for name, group, make in zip(NAMES, groups, makers, strict=True)
    ]

mine = Study(rows, datasets=("narma5",))
number = 3

def broken(settings, recipe):
    return rows(settings, recipe)[7]

wrong = Study(broken, datasets=("narma5",))
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "beside.py").write_text('NAMES = ("circuits", "no circuit")\n')
    (tmp_path / "own.py").write_text(OWN)
    return tmp_path / "own.py"


def test_the_index_names_every_study_and_says_what_it_is():
    for name, entry in papers_index().items():
        assert isinstance(STUDIES[name], Study | StudyOfRun)
        assert entry.about
        assert (papers_folder() / entry.study.partition(":")[0]).exists()
    assert "nothing" not in STUDIES


def test_the_documented_study_runs(tmp_path, monkeypatch, capsys):
    page = (Path(__file__).parents[2] / "docs" / "studies.md").read_text("utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    Path("own.py").write_text(code)
    main(["study", "own.py:mine", "--seeds", "2", "--epochs", "1", "--workers", "1"])
    printed = capsys.readouterr().out
    assert "no circuit" in printed
    assert "2 of 2 cells finished" in printed


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_study_of_ones_own_is_computed_and_continued(file, capsys, workers):
    options = ["--seeds", "2", "--epochs", "1", "--depth", "1", "--workers", workers]
    main(["study", "own.py:mine", *options])
    assert "2 of 2 cells finished" in capsys.readouterr().out
    folder = file.parent / "runs" / "mine"
    assert json.loads((folder / "study.json").read_text())["study"] == "mine"
    (cells,) = (folder / "cells").iterdir()
    assert {path.name for path in cells.iterdir()} == {"circuits.json", "no-circuit.json"}
    main(["study", "own.py:mine", *options])
    assert "2 cells, 2 of them finished before" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("own.py", r"`study` must name a study in its file, as in study\.py:NAME"),
        ("own.py:main", r"There is no main in own\.py; it has mine, wrong"),
        ("own.py:number", "number must be a Study or a function without .* but is a int"),
        ("no.py:mine", r"Cannot read no\.py: No such file"),
        ("own.py:wrong", r"own\.py:16: IndexError: list index out of range"),
    ],
)
def test_wrong_words_and_files_are_one_line(file, word, words):
    with pytest.raises(DiffqasError, match=words) as refused:
        _ = Plan(word).rows
    assert "\n" not in str(refused.value)


def test_a_changed_file_is_read_again(file):
    assert len(Plan("own.py:mine").rows) == 2
    file.write_text(OWN.replace("narma5", "narma10"))
    assert Plan("own.py:mine").datasets == ("narma10",)
    file.write_text("1 / 0\n")
    with pytest.raises(DataError, match=r"own\.py:1: ZeroDivisionError"):
        Plan("own.py:mine")
