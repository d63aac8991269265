"""`study transfer`: what was found on one series, used on another."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from diffqas.circuits import TABLE_I
from diffqas.kinds.quantum_train import constant
from diffqas.searches.data_sets import load_task
from diffqas.studies import Plan, run_study
from diffqas.studies.cell import Cell, FoundStructure
from diffqas.studies.rows import TrainedRow
from diffqas.training import make_models
from restarts import ANEW
from transfer import LIVE, drawn_live

SEARCHED = Path(__file__).parents[2] / "studies/results/table-2/cells/bessel/search-raw.json"
PLAN = Plan("transfer", seeds=2, epochs=1, depth=1)


def cells_in(folder):
    return {
        str(path.relative_to(folder / "cells")): path.read_bytes()
        for path in folder.rglob("cells/*/*.json")
    }


@pytest.fixture(scope="module")
def studied(tmp_path_factory):
    folder = tmp_path_factory.mktemp("transfer") / "study"
    return folder, run_study(PLAN, datasets=["narma5"], workers=1, output=folder, quiet=True)


def row(word):
    found = PLAN.row(word)
    assert isinstance(found, TrainedRow)
    return found


def task():
    return load_task("narma5").to("cpu", torch.float32)


def test_the_source_is_trained_once_and_is_a_cell_of_its_own(studied):
    folder, run = studied
    assert "bessel/own-search.json" in cells_in(folder)
    assert {cell.dataset for cell in run.cells} == {"narma5"}
    assert len(run.cells) == 6
    (comparison,) = run.comparisons
    assert comparison.baseline == "own search"


def test_what_a_search_keeps(studied):
    structure = json.loads(cells_in(studied[0])["bessel/own-search.json"])["structure"]
    assert structure["candidates"] == list(TABLE_I.names)
    assert [len(weights) for weights in structure["weights"]] == [12, 12]
    assert all(not constant(TABLE_I[index]) for index in structure["leading"])


def test_the_same_command_goes_on_and_touches_nothing(studied, capsys):
    folder, _ = studied
    before = cells_in(folder)
    run_study(PLAN, datasets=["narma5"], workers=1, output=folder)
    assert "6 cells, 6 of them finished before" in capsys.readouterr().out
    assert cells_in(folder) == before


def test_one_row_alone_brings_the_search_that_it_needs_along(studied, tmp_path):
    run = run_study(
        PLAN,
        rows=["transferred-top-1-retrained"],
        datasets=["narma5"],
        workers=2,
        output=tmp_path,
        quiet=True,
    )
    assert sorted(cells_in(tmp_path)) == [
        "bessel/own-search.json",
        "narma5/transferred-top-1-retrained.json",
    ]
    (cell,) = run.cells
    whole = {one.row: one for one in studied[1].cells}
    assert cell.figures["test_mse"] == whole["transferred top 1, retrained"].figures["test_mse"]


def searched(failures, weights):
    """The cell of a search of two seeds."""
    content = json.loads(SEARCHED.read_text())
    structure = FoundStructure(list(TABLE_I.names), weights, [4, 9])
    return replace(
        Cell.from_json(content, SEARCHED), seeds=[0, 1], failures=failures, structure=structure
    )


def test_top_1_is_the_leading_candidate_at_weight_1_from_a_new_start():
    found = searched({}, [])
    chosen = row("own-top-1-retrained")
    population = chosen.populate(task(), chosen.settings, [0, 1], found=found)
    weights = population.structural_weights
    assert weights.tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert population.circuits.candidates.names == (TABLE_I.names[4], TABLE_I.names[9])
    for seed, index in enumerate((4, 9)):
        (fresh,) = make_models(task(), chosen.settings, [seed + ANEW], candidates=[TABLE_I[index]])
        assert torch.equal(population.circuits.angles[seed], fresh.circuits.angles)
    assert [group["name"] for group in population.parameter_groups(1.0)] == ["angles", "mapping"]


def test_transferred_weights_stay():
    given = [[0.1 * place - seed for place in range(12)] for seed in (0, 1)]
    found = searched({}, given)
    chosen = row("transferred-weights-frozen")
    population = chosen.populate(task(), chosen.settings, [1, 0], found=found)
    assert torch.allclose(population.structural_weights, torch.tensor([given[1], given[0]]))
    assert [group["name"] for group in population.parameter_groups(1.0)] == ["angles", "mapping"]


def test_a_search_that_diverged_leaves_no_figure(studied, tmp_path):
    from diffqas.studies.measure import measure

    found = searched({1: "it diverged"}, [])
    cell, _ = measure("transfer", row("transferred-top-1-retrained"), "narma5", [0, 1], found=found)
    assert cell.figures["test_mse"][1] is None
    assert cell.figures["test_mse"][0] is not None
    assert list(cell.failures) == [1]


def test_random_candidates_are_live():
    assert len(LIVE) == 6
    assert {drawn_live(seed) for seed in range(60)} == set(LIVE)


def test_images_have_their_own_study():
    plan = Plan("transfer-images")
    assert plan.datasets == ("fashion-mnist-1-5", "fashion-mnist-5-7")
    assert {job.dataset for job in plan.searches(plan.jobs())} == {*plan.datasets, "mnist-1-5"}
