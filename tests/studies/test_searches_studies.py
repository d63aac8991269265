"""The studies of how one searches: shared angles, every layer, stricter searches."""

import json
from dataclasses import replace

import pytest
import torch

import searched
from diffqas.circuits import TABLE_I, form
from diffqas.circuits.identities import CONSTANTS
from diffqas.cli import main
from diffqas.errors import RunError
from diffqas.searches.data_sets import load_task
from diffqas.storage import read_json, write_json
from diffqas.studies import Plan
from diffqas.studies.cells import StudyFolder
from diffqas.studies.measure import measure, trainable
from diffqas.studies.rows import TrainedRow
from sharing import EQUAL

TINY = {"seeds": 2, "epochs": 1, "depth": 2}


@pytest.fixture(scope="module")
def task():
    return load_task("bessel").to("cpu", torch.float32)


def rows(study: str, **changes) -> dict[str, TrainedRow]:
    return {row.slug: row for row in Plan(study, **changes).rows if isinstance(row, TrainedRow)}


def counts(task, row: TrainedRow) -> int:
    return trainable(row.populate(task, row.settings, [0]), 1)


def test_sharing_counts_and_depths(task):
    found = {name: counts(task, row) for name, row in rows("sharing").items()}
    assert found["shared-depth-10-adam"] == 135
    assert [found[f"shared-depth-{depth}-adam"] for depth in (5, 15)] == [80, 190]
    assert [found[f"separate-depth-{depth}-adam"] for depth in (5, 10, 15)] == [685, 1345, 2005]
    first, second = (
        f"{sharing}-depth-{depth}-adam"
        for sharing, depth in zip(("separate", "shared"), EQUAL, strict=True)
    )
    assert found[first] == found[second]


def test_a_row_says_its_optimiser():
    for study in ("sharing", "per-layer", "strict"):
        for recipe in ("default", "paper"):
            for name, row in rows(study, recipe=recipe).items():
                assert name.endswith(row.settings.optimizer.name), name


def test_per_layer_counts(task):
    every = rows("per-layer", epochs=1, depth=3)
    angles, mapping = 3 * 11, 13
    expected = {
        "whole-circuit-search-adam": angles + 12 + mapping,
        "per-layer-search-adam": angles + 3 * 12 + mapping,
        "found-layers-adam": angles + mapping,
        "random-layers-kalman": angles + mapping,
        "found-candidate-adam": angles + mapping,
        "uniform-distribution-adam": mapping,
    }
    assert {name: counts(task, every[name]) for name in expected} == expected


def test_found_layers_are_those_of_the_search_from_a_new_start(task):
    every = rows("per-layer", epochs=1, depth=2)
    search, found = every["per-layer-search-adam"], every["found-layers-adam"]
    cell, _ = measure("per-layer", replace(search, structure=True), "bessel", [0, 1])
    again = found.populate(task, found.settings, [0, 1])
    names = [[candidate.name for candidate in circuit] for circuit in again.circuits.found]
    assert names == cell.layers
    assert len(cell.structural_weights[0]) == 2 * 12
    fresh = searched.with_layers(task, found.settings, [0, 1], again.circuits.choice.tolist())
    assert torch.equal(again.circuits.angles, fresh.circuits.angles)


@pytest.mark.parametrize("judge", ["held-out", "training"])
def test_layers_that_a_searcher_chooses_are_the_best_that_it_trained(task, judge, monkeypatch):
    """Each seed by itself; nothing but the judge's samples decides."""
    settings = rows("per-layer", epochs=1, depth=2)["best-candidate-adam"].settings
    trained = []

    def watched(*arguments):
        losses = final_losses(*arguments)
        trained.append((losses, arguments[-1], len(arguments[0].train), len(arguments[0].test)))
        return losses

    final_losses = searched.final_losses
    monkeypatch.setattr(searched, "final_losses", watched)
    found = searched.chosen_layers(task, settings, [0, 1], "evolution", 8, judge)
    assert len(trained) == 8
    for seed in range(2):
        best = min(trained, key=lambda each: each[0][seed])
        chosen = [candidate.name for candidate in found.circuits.found[seed]]
        expected = searched.with_layers(task, settings, [seed], [best[1][seed]])
        assert chosen == [candidate.name for candidate in expected.circuits.found[0]]
    count = len(task.train)
    held_out = round(settings.validation * count)
    sizes = (count - held_out, held_out) if judge == "held-out" else (count, count)
    assert all(each[2:] == sizes for each in trained)


def test_the_best_start_is_the_best_training_of_a_candidate_alone(task, monkeypatch):
    settings = rows("per-layer", epochs=1, depth=2)["best-candidate-adam"].settings
    trained = []

    def watched(*arguments):
        losses = final_losses(*arguments)
        trained.append((losses, arguments[3], arguments[4]))
        return losses

    final_losses = searched.final_losses
    monkeypatch.setattr(searched, "final_losses", watched)
    found = searched.best_start(task, settings, [0, 1], 8, "training")
    assert [starts for _, _, starts in trained] == [[0, 1]] * 6 + [[1_000, 1_001]] * 2
    for seed in range(2):
        _, layers, starts = min(trained, key=lambda each: each[0][seed])
        assert layers[seed][0] == layers[seed][1]
        alone = searched.with_layers(task, settings, [starts[seed]], [layers[seed]])
        assert torch.equal(found.circuits.choice[seed], alone.circuits.choice[0])
        assert torch.equal(found.circuits.angles[seed], alone.circuits.angles[0])


def test_random_layers_follow_from_the_seed(task):
    row = rows("per-layer", epochs=1, depth=4)["random-layers-adam"]
    together, alone = (
        row.populate(task, row.settings, [3, 5]),
        row.populate(task, row.settings, [5]),
    )
    assert together.circuits.found[1] == alone.circuits.found[0]
    assert len({searched.drawn_layers(seed, 4)[0] for seed in range(10)}) > 3


def test_the_best_candidate_is_live_and_never_sees_the_test_part(task):
    settings = rows("per-layer", epochs=1, depth=2)["best-candidate-adam"].settings
    other = replace(task, test=replace(task.test, targets=task.test.targets.flip(0) + 1))
    chosen = [
        searched.best_candidate(one, settings, [0, 1]).circuits.choice[:, 0].tolist()
        for one in (task, other)
    ]
    assert chosen[0] == chosen[1]
    assert all(form(TABLE_I[index]) not in CONSTANTS for index in chosen[0])


def test_strict_rows_differ_from_the_joint_search_by_what_they_say():
    every = rows("strict")
    joint = every["joint-raw-adam"].settings
    assert every["bilevel-raw-adam"].settings == replace(joint, bilevel=True)
    assert every["l1-0.1-raw-adam"].settings == replace(joint, sparsity=0.1)
    assert every["entropy-1-softmax-adam"].settings.generator.relaxation.name == "softmax"
    assert every["found-by-bilevel-raw-adam"].settings == joint


@pytest.mark.parametrize(
    ("study", "words"),
    [
        ("sharing", ["shared-depth-10-adam", "separate-depth-5-adam"]),
        ("per-layer", ["whole-circuit-search-adam", "per-layer-search-adam", "found-layers-adam"]),
        ("strict", ["joint-raw-adam", "bilevel-raw-adam", "found-by-l1-0.1-raw-adam"]),
    ],
)
def test_each_study_runs_and_continues(study, words, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    small = [
        "--epochs",
        "1",
        "--seeds",
        "1",
        "--depth",
        "1",
        "--workers",
        "1",
        "--datasets",
        "bessel",
    ]
    options = ["study", study, *small, "--output", str(tmp_path / "study"), "--rows", *words]
    main(options)
    assert "0 of them finished before" in capsys.readouterr().out
    cells = [
        json.loads(path.read_text()) for path in (tmp_path / "study" / "cells" / "bessel").iterdir()
    ]
    assert {cell["study"] for cell in cells} == {study}
    assert len(cells) == len(words)
    main(options)
    assert f"{len(words)} of them finished before" in capsys.readouterr().out


def test_a_study_of_an_older_version_goes_on_where_new_choices_have_their_defaults(tmp_path):
    plan, folder = Plan("ablation", **TINY), StudyFolder(tmp_path)
    folder.open(plan)
    stored = read_json(folder.settings)
    for name in ("bilevel", "sparsity"):
        del stored["settings"]["choices"][name]
        for choices in stored["settings"]["rows"].values():
            del choices["settings"][name]
    write_json(folder.settings, stored)
    folder.open(plan)
    stored["settings"]["choices"]["sparsity"] = 0.5
    stored["settings"]["choices"]["optimizer"] = "adam"
    write_json(folder.settings, stored)
    with pytest.raises(
        RunError, match="was begun with a default recipe that this version of diffqas has changed"
    ):
        folder.open(plan)
