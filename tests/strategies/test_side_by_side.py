"""Candidates side by side on a task of one's own: each as it is alone, judged by its own loss."""

import csv

import pytest
import torch

from diffqas import ENCODED_SPACE
from diffqas.cli.main import main
from diffqas.errors import ArgumentError
from diffqas.searches import held_out, prepare
from diffqas.strategies import search_by
from diffqas.strategies.apart import CandidatesApart, TaskProblem, pooled_losses

FEW = [ENCODED_SPACE[number] for number in (0, 13, 250, 401)]
TINY = {"qubits": 2, "epochs": 2, "baselines": False, "quiet": True}


def parts(candidates):
    prepared = prepare("iris", model="vqc", candidates=candidates, **TINY)
    inner = held_out(prepared.task, 0.2).to("cpu", torch.float32)
    kind = prepared.config.kind
    _, (model,) = kind.make(inner, prepared.config.settings, [0])
    # The kind has trained factors and shared angles: what the search makes of it is simpler.
    model.layer.factors = None
    return CandidatesApart(model, 3, seed=0), TaskProblem.of(inner), inner


def test_a_candidate_in_company_is_what_it_is_alone():
    together, samples, _ = parts(FEW)
    batch = samples.train.inputs[:7]
    values = together(batch)
    assert values.shape == (len(FEW), 7, 3)
    for place, candidate in enumerate(FEW):
        alone, _, _ = parts([candidate])
        shared = alone.angles.shape[1:]
        own = together.angles.detach()[place]
        with torch.no_grad():
            if own.dim() > len(shared):
                own = own[..., 0]
            alone.angles[0] = own[tuple(slice(size) for size in shared)]
        assert torch.allclose(alone(batch)[0], values[place], atol=1e-5)


def test_the_loss_is_over_all_training_samples():
    models, samples, inner = parts(FEW)
    found = pooled_losses(models, samples)
    inputs = torch.cat([inner.train.inputs, inner.test.inputs])
    targets = torch.cat([inner.train.targets, inner.test.targets])
    by_hand = [inner.loss(prediction, targets) for prediction in models(inputs).detach()]
    assert found.tolist() == pytest.approx([float(loss) for loss in by_hand], rel=1e-5)


def test_the_best_one_is_trained_as_a_run(tmp_path):
    prepared = prepare("iris", model="vqc", candidates=FEW, output=tmp_path / "run", **TINY)
    found = search_by("side-by-side", prepared)
    rows = list(csv.DictReader((tmp_path / "run/trials.csv").read_text().splitlines()))
    assert [row["candidate"] for row in rows] == [candidate.name for candidate in FEW]
    best = min(rows, key=lambda row: float(row["loss"]))
    assert found.candidate.name == best["candidate"]
    assert found.run.result["ranking"][0]["candidate"] == best["candidate"]
    assert found.ledger.evaluations == len(FEW)


def test_what_cannot_be_side_by_side(tmp_path, capsys):
    def refused(what: str, **choices):
        settings = {**TINY, "candidates": FEW, "output": tmp_path / "run", **choices}
        with pytest.raises(ArgumentError, match=what):
            search_by("side-by-side", prepare("iris", model="vqc", **settings))

    refused("observables", observables="z", qubits=3)
    refused("front", front="linear")
    with pytest.raises(ArgumentError, match="model vqc"):
        search_by("side-by-side", prepare("bessel", quiet=True))
    with pytest.raises(SystemExit) as ended:
        main(["search", "iris", "--model", "vqc", "--strategy", "side-by-side", "--budget", "3"])
    assert ended.value.code == 2
    assert "budget" in capsys.readouterr().err
