"""`study discretise`: what its rows are, and which runs it takes."""

import json
import shutil

import pytest
import torch

from diffqas import search
from diffqas.cli import main
from diffqas.errors import RunError
from diffqas.searches.data_sets import load_task
from diffqas.searches.session import load
from diffqas.storage import load_tensors, save_tensors
from diffqas.studies import Plan, run_study
from diffqas.studies.cell import Cell
from diffqas.studies.metric import MSE
from diffqas.studies.rows import TrainedRow
from diffqas.training import make_models
from discretise import fitted
from discretise_report import gaps_of
from found import find
from restarts import ANEW

FOUND = ["full-mixture-as-found", "top-1-as-found", "top-3-as-found", "weighted-top-3-as-found"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small run of two seeds."""
    path = tmp_path_factory.mktemp("run") / "run"
    search("narma5", seeds=2, seed=4, epochs=5, depth=2, optimizer="adam", output=path, quiet=True)
    return path


@pytest.fixture(scope="module")
def studied(folder, tmp_path_factory):
    """The rows without training, and their cells by row."""
    path = tmp_path_factory.mktemp("study") / "study"
    run = run_study(
        Plan("discretise", run=str(folder)), rows=FOUND, workers=1, output=path, quiet=True
    )
    return path, {cell.row: cell.to_json() for cell in run.cells}


def task():
    return load_task("narma5").to("cpu", torch.float32)


def errors(models):
    data = task()
    with torch.no_grad():
        return [
            float(torch.nn.functional.mse_loss(m(data.test.inputs), data.test.targets))
            for m in models
        ]


def population(folder, word, seeds=(4, 5)):
    row = Plan("discretise", run=str(folder)).row(word)
    assert isinstance(row, TrainedRow)
    return row, row.populate(task(), row.settings, list(seeds))


def test_the_mixture_as_found_is_the_run(folder, studied):
    _, cells = studied
    cell = cells["full mixture, as found"]
    assert cell["seeds"] == [4, 5]
    assert cell["test_mse"] == json.loads((folder / "result.json").read_text())["test_mse"]


@pytest.mark.parametrize("k", [1, 3])
def test_top_k_as_found_is_discretize_by_hand(folder, studied, k):
    expected = errors([model.discretize(k) for model in load(folder).models])
    assert studied[1][f"top {k}, as found"]["test_mse"] == pytest.approx(expected, rel=1e-4)


def test_fitted_weights_are_nearest_the_mixture(folder):
    for model in load(folder).models:
        circuits, best = model.circuits, [entry.indices[0] for entry in model.ranking()[:3]]
        probabilities = circuits.probabilities().detach()[:, :1781].double()
        whole = circuits.weights.detach().double() @ probabilities
        weights = fitted(model, 3).double()

        def distance(chosen, whole=whole, own=probabilities[best]):
            return float((whole - chosen @ own).square().sum())

        moved = [weights + 0.01 * sign * unit for unit in torch.eye(3).double() for sign in (-1, 1)]
        assert all(distance(weights) < distance(other) for other in moved)
        assert distance(weights) <= distance(model.discretize(3).structural_weights.double())


def test_weighted_rows_keep_their_weights_and_others_learn(folder):
    _, few = population(folder, "weighted-top-3-fine-tuned")
    expected = torch.stack([fitted(model, 3) for model in find(str(folder)).models.values()])
    assert torch.equal(few.circuits.structure.detach(), expected)
    assert [group["name"] for group in few.parameter_groups(1.0)] == ["angles", "mapping"]
    _, free = population(folder, "top-3-fine-tuned")
    assert [group["name"] for group in free.parameter_groups(1.0)] == [
        "angles",
        "structure",
        "mapping",
    ]


def test_fine_tuning_goes_on_from_what_was_found_for_a_fifth(folder):
    row, few = population(folder, "top-1-fine-tuned")
    assert row.settings.epochs == 1
    for angles, model in zip(few.circuits.angles, load(folder).models, strict=True):
        assert torch.equal(angles, model.circuits.angles)


def test_retraining_begins_elsewhere_with_the_candidates_of_each_seed(folder):
    row, few = population(folder, "top-1-retrained")
    assert row.settings.epochs == 5
    for index, (seed, model) in enumerate(zip((4, 5), load(folder).models, strict=True)):
        best = model.ranking()[0].candidate
        (fresh,) = make_models(task(), row.settings, [seed + ANEW], candidates=[best])
        assert torch.equal(few.circuits.angles[index], fresh.circuits.angles)
        assert few.rankings()[index][0].candidate == best
        assert not torch.equal(few.circuits.angles[index], model.circuits.angles)


def test_what_lies_in_the_folder(folder, studied):
    path, _ = studied
    for name in (
        "table.md",
        "gaps.md",
        "ranks.csv",
        "ranks.md",
        "figures/ranks.png",
        "figures/kept.png",
    ):
        assert (path / name).stat().st_size > 0
    assert "seed 4 | seed 5 |" in (path / "ranks.md").read_text().splitlines()[0]
    stored = json.loads((path / "study.json").read_text())
    assert stored["settings"]["run"]["path"] == str(folder)
    assert stored["settings"]["seeds"] == 2


def test_all_rows_then_nothing_is_left(folder, tmp_path, capsys):
    options = [
        "study",
        "discretise",
        str(folder),
        "--workers",
        "1",
        "--output",
        str(tmp_path / "study"),
    ]
    main([*options, "--rows", *FOUND, "top-3-fine-tuned"])
    assert "has 2 finished seeds, not 10" in capsys.readouterr().out.replace("\n", " ")
    before = {path: path.read_bytes() for path in (tmp_path / "study" / "cells").rglob("*.json")}
    main(options)
    printed = capsys.readouterr().out
    assert "12 cells, 5 of them finished before" in printed
    assert "Kendall's W" in printed
    assert {path: path.read_bytes() for path in before} == before
    main(options)
    assert "12 cells, 12 of them finished before" in capsys.readouterr().out


def test_a_run_moved_elsewhere_continues_and_another_run_is_refused(folder, studied, tmp_path):
    copy = shutil.copytree(studied[0], tmp_path / "study")
    moved = shutil.copytree(folder, tmp_path / "moved")
    run = run_study(
        Plan("discretise", run=str(moved)), rows=FOUND, workers=1, output=copy, quiet=True
    )
    assert len(run.cells) == 4
    state = load_tensors(moved / "checkpoint.pt")
    save_tensors(moved / "checkpoint.pt", state | {"seconds": 0.0})
    with pytest.raises(
        RunError, match=r"was begun with another run .*Give another --output, or --overwrite"
    ):
        run_study(
            Plan("discretise", run=str(moved)), rows=FOUND, workers=1, output=copy, quiet=True
        )


def test_separate_angles_softmax_and_annealed_weights(tmp_path):
    for name, choices in {
        "separate": {"sharing": "separate"},
        "softmax": {"relaxation": "softmax"},
        "gumbel": {"relaxation": "gumbel"},
    }.items():
        path = tmp_path / name
        search(
            "narma5",
            seeds=2,
            epochs=2,
            depth=1,
            optimizer="adam",
            output=path,
            quiet=True,
            **choices,
        )
        run = run_study(
            Plan("discretise", run=str(path)),
            workers=1,
            output=tmp_path / f"{name}-study",
            quiet=True,
        )
        cells = {cell.row: cell.to_json() for cell in run.cells}
        assert len(cells) == 12
        assert cells["full mixture, as found"]["test_mse"] == pytest.approx(
            json.loads((path / "result.json").read_text())["test_mse"], rel=1e-6
        )
        expected = errors([model.discretize(1) for model in load(path).models])
        assert cells["top 1, as found"]["test_mse"] == pytest.approx(expected, rel=1e-4)
        assert cells["top 1, retrained"]["trainable"] == 11 + 1 + 13


def test_images(tmp_path):
    path = tmp_path / "run"
    search("digits", classes=(1, 5), epochs=1, depth=1, output=path, quiet=True)
    run = run_study(
        Plan("discretise", run=str(path)),
        rows=FOUND,
        workers=1,
        output=tmp_path / "study",
        quiet=True,
    )
    assert {cell.dataset for cell in run.cells} == {"digits-1-5"}
    assert "One seed" in (tmp_path / "study" / "ranks.md").read_text()
    assert run.cells[0].figures["test_accuracy"] == pytest.approx(
        json.loads((path / "result.json").read_text())["test_accuracy"]
    )


def test_gaps_are_taken_after_the_same_training():
    def cell(row, group, values):
        common = {
            "study": "discretise",
            "dataset": "d",
            "trainable": 1,
            "target": 2,
            "deterministic": False,
        }
        seeds = {
            "identical": None,
            "seeds": list(range(6)),
            "seconds": 1.0,
            "failures": {},
            "paper": None,
        }
        own = {"row": row, "group": group, "test_mse": values, "train_mse": values}
        return Cell.from_json(common | seeds | own, "cell.json")

    cells = [
        cell("full mixture, as found", "search", [1.0] * 6),
        cell("top 1, as found", "candidate", [8.0] * 6),
        cell("full mixture, retrained", "search", [2.0] * 6),
        cell("top 1, retrained", "candidate", [2.0, 4.0, 8.0] * 2),
        cell("top 1, fine-tuned", "candidate", [2.0, 4.0, 8.0] * 2),
    ]
    gaps = gaps_of(cells, MSE)
    assert [gap.dataset for gap in gaps] == ["d, as found", "d, retrained"]
    assert [gap.others[0].ratio for gap in gaps] == [pytest.approx(8.0), pytest.approx(2.0)]
    # Differences 0, log 2, log 4, twice: of 64 ways to set signs, eight keep the size of the sum.
    assert gaps[1].others[0].p == pytest.approx(8 / 64)


def test_refusals(folder, refused, tmp_path, stopped):
    missing = str(tmp_path / "nothing")
    assert "There is no folder" in refused("study", "discretise", missing)
    assert "`run` must be the folder of a finished run" in refused("study", "discretise")
    assert "`run` must be left out with the study table-2" in refused(
        "study", "table-2", str(folder)
    )
    line = refused("study", "discretise", str(folder), "--epochs", "3")
    assert "`epochs` must be left to the run with the study discretise, but got 3" in line
    assert "`recipe` must be left to the run" in refused(
        "study", "discretise", str(folder), "--recipe", "paper"
    )
    search(
        "narma5",
        model="qlstm",
        epochs=1,
        depth=1,
        classical=False,
        output=tmp_path / "qlstm",
        quiet=True,
    )
    assert "of a quantum LSTM: a study of a run needs one of --model qt" in refused(
        "study", "discretise", str(tmp_path / "qlstm")
    )
    with stopped():
        search("narma5", epochs=2, depth=1, output=tmp_path / "half", quiet=True)
    assert "Continue it with `diffqas resume" in refused(
        "study", "discretise", str(tmp_path / "half")
    )
    (tmp_path / "bare").mkdir()
    for name in ("config.json", "result.json"):
        shutil.copy(folder / name, tmp_path / "bare")
    assert "There is no checkpoint.pt" in refused("study", "discretise", str(tmp_path / "bare"))
    assert not (tmp_path / "runs").exists()
