"""Several runs beside each other, their paired tests, and a study's tables from its folder."""

import json
import math
import shutil
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from diffqas import search
from diffqas.cli import main
from diffqas.errors import ArgumentError, RunError
from diffqas.runs.listing import RunSummary
from diffqas.runs.side_by_side import compare_runs
from diffqas.studies.outputs import markdown_text
from diffqas.studies.pairs import paired_tests
from diffqas.studies.stored import stored_study

RESULTS = Path(__file__).parents[2] / "studies" / "results"


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    top = tmp_path_factory.mktemp("two")
    choices = {"depth": 1, "seeds": 2, "quiet": True}
    search("bessel", **choices, epochs=1, output=top / "a")
    search("bessel", **choices, epochs=2, relaxation="softmax", output=top / "b")
    return top


def test_settings_that_differ_are_named(two):
    compared = compare_runs([two / "a", two / "b"])
    assert compared.settings["epochs"] == ("1", "2")
    assert compared.settings["generator.relaxation"] == ("Raw", "Softmax")
    assert "depth" not in compared.settings
    assert compared.environment == {}


def test_versions_that_differ_are_named(two, tmp_path):
    copy = shutil.copytree(two / "b", tmp_path / "c")
    config = json.loads((copy / "config.json").read_text())
    config["environment"]["versions"]["torch"] = "1.0"
    (copy / "config.json").write_text(json.dumps(config))
    compared = compare_runs([two / "b", copy])
    assert compared.settings == {}
    assert compared.environment["versions.torch"][1] == "1.0"


def summary(name, *figures, seeds=None, **choices):
    seeds = range(len(figures)) if seeds is None else seeds
    rest = {"task": "t", "metric": "mse"} | choices
    return RunSummary(Path(name), name, "finished", seeds=tuple(seeds), figures=figures, **rest)


def test_the_paired_test_agrees_with_all_sign_flips():
    first, second = [1.0, 2.0, 4.0, 3.0], [0.5, 1.8, 4.4, 1.0]
    (pair,) = paired_tests([summary("a", *first), summary("b", *second)])
    differences = np.log(second) - np.log(first)
    flipped = [abs(np.dot(signs, differences)) for signs in product((-1, 1), repeat=4)]
    assert pair.p == np.mean(np.array(flipped) >= abs(differences.sum()) - 1e-12)
    assert math.isclose(pair.effect.value, np.exp(differences.mean()))
    assert (pair.ratio, pair.pairs, pair.smallest_p) == (True, 4, 0.125)
    assert "by 4 paired seeds (sign-flip test, smallest possible p 0.125)" in pair.sentence


def test_figures_of_which_more_is_better_and_negative_ones_are_subtracted():
    for higher, figures in ((True, (0.5, 0.6, 0.7)), (False, (-1.0, 2.0, 3.0))):
        runs = [summary("a", *figures, metric="m", higher=higher)]
        runs.append(summary("b", *(value + 0.25 for value in figures), metric="m", higher=higher))
        (pair,) = paired_tests(runs)
        assert not pair.ratio
        assert math.isclose(pair.effect.value, 0.25)
        assert "test m +0.25 (mean difference)" in pair.sentence


def test_seeds_are_paired_by_their_numbers_and_failed_ones_dropped():
    first = summary("a", 1.0, None, 4.0, 8.0, seeds=(3, 4, 5, 6))
    (pair,) = paired_tests([first, summary("b", 8.0, 1.0, 4.0, 1.0, seeds=(6, 3, 5, 9))])
    assert (pair.pairs, pair.p, pair.effect.value) == (3, 1.0, 1.0)


def test_holm_adjusts_over_all_runs():
    runs = [summary("a", 1.0, 2.0, 3.0), summary("b", 0.5, 1.0, 1.5), summary("c", 0.5, 1.0, 1.5)]
    assert [pair.p_holm for pair in paired_tests(runs)] == [0.5, 0.5]
    assert "0.5 after Holm's adjustment" in paired_tests(runs)[0].sentence


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (summary("b", 1.0, seeds=(0,)), "they share 1 seed"),
        (summary("b", 1.0, 2.0, task="u"), "one is on t, the other on u"),
        (summary("b", 1.0, 2.0, metric="mae"), "they measure different things"),
        (RunSummary(Path("b"), "b", "unfinished", "t", done=1, metric="mse"), "b is not finished"),
    ],
)
def test_why_there_is_no_test(other, words):
    (pair,) = paired_tests([summary("a", 1.0, 2.0), other])
    assert pair.sentence == f"b against a: no test, {words}."


def test_the_command_prints_all_of_it(two, capsys):
    main(["show", str(two / "a"), str(two / "b")])
    printed = " ".join(capsys.readouterr().out.split())
    for words in (
        "settings that differ",
        "generator.relaxation",
        "2 paired seeds",
        "No versions differ.",
        "finished",
    ):
        assert words in printed


def test_refusals(two, refused, tmp_path):
    with pytest.raises(ArgumentError, match="`runs` must differ from each other"):
        compare_runs([two / "a", two / "a"])
    with pytest.raises(RunError, match=r"There is no config\.json"):
        compare_runs([two / "a", tmp_path])
    study = RESULTS / "table-2"
    assert "`runs` must be runs (a study is shown alone)" in refused(
        "show", str(two / "a"), str(study)
    )
    copy = shutil.copytree(two / "a", tmp_path / "broken")
    (copy / "result.json").write_text("{}")
    assert "Cannot compare" in refused("show", str(two / "b"), str(copy))


@pytest.mark.parametrize("name", ["discretise-bessel", "figures-5-7", "figures-13-14"])
def test_a_study_is_shown_as_its_report_wrote_it(name):
    study = stored_study(RESULTS / name)
    assert study.faults == []
    assert markdown_text(study.comparisons) == (RESULTS / name / "table.md").read_text("utf-8")


def test_show_of_a_study_changes_nothing_and_names_broken_cells(tmp_path, capsys):
    folder = shutil.copytree(RESULTS / "figures-13-14", tmp_path / "study")
    (folder / "cells" / "minigrid-empty-6x6" / "candidate-7.json").write_text("{}")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    main(["show", str(folder)])
    printed = capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert "candidate-7.json" in printed
    assert "figures-13-14: minigrid-empty-5x5, final test reward" in printed


def test_a_damaged_study_is_one_line(tmp_path, refused):
    (tmp_path / "study.json").write_text('{"format": 1}')
    assert "study.json: it lacks `study`." in refused("show", str(tmp_path))
    (tmp_path / "study.json").write_text('{"format": 2}')
    assert "study.json is not of this version of diffqas" in refused("show", str(tmp_path))


def test_one_run_is_shown_as_before(two, capsys):
    main(["show", str(two / "a")])
    assert "bessel: test mse" in capsys.readouterr().out
