"""`study discretise` of a searched layer: kept by weight and by the loss without each candidate."""

import pytest
import torch

from diffqas import search
from diffqas.circuits import ENCODED_SPACE, QLSTM_SPACE
from diffqas.errors import ArgumentError, RunError
from diffqas.layers import HybridLockstep, HybridModel, QuantumLayer
from diffqas.storage import read_json
from diffqas.studies import Plan, run_study
from discretise_layer import KEPT, kept, training_loss
from found import find
from restarts import ANEW

FEW = [*(QLSTM_SPACE[index] for index in (0, 6, 9, 30)), ENCODED_SPACE[200]]
SMALL = {"model": "vqc", "candidates": FEW, "baselines": False, "quiet": True, "qubits": 3}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small run of two seeds."""
    path = tmp_path_factory.mktemp("run") / "run"
    search("iris", seeds=2, seed=4, epochs=2, output=path, **SMALL)
    return str(path)


@pytest.fixture(scope="module")
def plan(folder):
    return Plan("discretise", run=folder)


def test_rows_are_every_way_of_keeping_and_of_training(plan):
    names = [row.name for row in plan.rows]
    ways = ("as found", "fine-tuned", "retrained")
    assert names == [f"{name}, {way}" for way in ways for name in KEPT]


def test_cells_as_found_are_the_layers_discretised(folder, plan, tmp_path):
    words = ["full-mixture-as-found", "top-1-as-found", "top-1-by-loss-as-found"]
    run = run_study(plan, rows=words, workers=1, output=tmp_path / "study", quiet=True)
    cells = {cell.row: cell for cell in run.cells}
    found = find(folder)
    whole = read_json(found.origin.path + "/result.json")
    figures = cells["full mixture, as found"].figures
    assert figures["test_accuracy"] == pytest.approx(whole["test_accuracy"])
    assert figures["test_loss"] == whole["test_loss"]
    task = found.task.to("cpu", torch.float32)
    for name, by in (("top 1", "weight"), ("top 1 by loss", "perturbation")):
        expected = []
        for model in found.models.values():
            few = kept(model, task, 1, by)
            outputs = model.answers(few(model.angles_of(task.test.inputs)))
            expected.append(task.metrics["loss"](outputs, task.test.targets).item())
        assert cells[f"{name}, as found"].figures["test_loss"] == pytest.approx(expected, rel=1e-5)
    assert (tmp_path / "study" / "figures" / "kept.png").exists()
    assert "H-" in (tmp_path / "study" / "ranks.csv").read_text()


def test_the_best_by_loss_is_the_one_without_which_the_loss_is_highest(folder):
    found = find(folder)
    task = found.task.to("cpu", torch.float32)
    model = found.models[4]
    losses = []
    with torch.no_grad():
        for place in range(len(FEW)):
            before = model.layer.structure[0, place].item()
            model.layer.structure[0, place] = 0
            losses.append(training_loss(model, task).item())
            model.layer.structure[0, place] = before
    best = kept(model, task, 1, "perturbation").candidates[0]
    assert best == FEW[losses.index(max(losses))]


@pytest.mark.parametrize("way", ["fine-tuned", "retrained"])
def test_trained_rows_keep_what_each_seed_found(folder, plan, way):
    found = find(folder)
    row = plan.row(f"top-1-{way}")
    task = found.task.to("cpu", torch.float32)
    population = row.populate(task, row.settings, [4, 5])
    kept_names = [model.layer.discretize(1).candidates[0].name for model in found.models.values()]
    layer = population.layer
    # Of seeds that keep the same candidate there is one choice for all.
    choice = layer.choice.expand(2, 1, 1).flatten().tolist()
    assert [layer.candidates[place].name for place in choice] == kept_names
    if way == "retrained":
        fresh = found.of_layer.make(task, found.settings, [4 + ANEW])[1][0].layer
        own = layer.angles[0].reshape(fresh.angles.shape[0], 3, -1)[..., 0]
        torch.testing.assert_close(own, fresh.angles.reshape(*own.shape, -1)[..., 0])
        assert layer.structure.tolist() == [[[1.0]], [[1.0]]]


def test_separate_angles_are_refused(tmp_path):
    search("iris", epochs=1, sharing="separate", output=tmp_path / "run", **SMALL)
    with pytest.raises(RunError, match="has separate angles"):
        Plan("discretise", run=str(tmp_path / "run")).rows  # noqa: B018


def model_of(candidates, seed, **choices):
    torch.manual_seed(seed)
    layer = QuantumLayer(3, 2, candidates=candidates, input_scale="trained", **choices)
    return HybridModel(layer.double(), classes=2).double()


@pytest.mark.parametrize("choices", [{}, {"structure": "output"}, {"relaxation": "softmax"}])
def test_layers_that_keep_different_candidates_train_as_one(choices):
    models = [
        model_of(FEW[:3], 0, **choices),
        model_of(FEW[1:4], 1, **choices),
        model_of([FEW[4], FEW[0], FEW[3]], 2, **choices),
    ]
    models[1].layer = models[1].layer.restricted([[[2], [0], [1]]] * len(models[1].layer.rows))
    x = torch.randn(5, 3, dtype=torch.float64)
    together = HybridLockstep(models)
    outputs = together(x)
    outputs.square().sum().backward()
    for place, model in enumerate(models):
        torch.testing.assert_close(outputs[place], model(x))
        model(x).square().sum().backward()
        for name in ("structure", "factors"):
            theirs = together.layer.get_parameter(name).grad[place]
            torch.testing.assert_close(theirs, model.layer.get_parameter(name).grad)


def test_different_candidates_share_their_angles():
    models = [model_of(FEW[:2], 0, sharing="separate"), model_of(FEW[2:4], 1, sharing="separate")]
    with pytest.raises(ArgumentError, match="share angles if they keep different candidates"):
        HybridLockstep(models)
