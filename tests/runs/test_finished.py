"""A finished run that is opened: what is read once, and which models are sound."""

import json

import pytest

from diffqas import search
from diffqas.errors import ArgumentError, RunError
from diffqas.quantum_train import QuantumTrain
from diffqas.runs import FinishedRun


@pytest.fixture
def folder(tmp_path):
    search("bessel", depth=1, epochs=1, seeds=[3, 5], output=tmp_path / "run", quiet=True)
    return tmp_path / "run"


def test_everything_is_read_once(folder):
    run = FinishedRun.open(folder)
    assert (run.result.task, run.config.dataset, run.task.name) == ("bessel", "bessel", "bessel")
    assert (run.seeds, run.index_of(5), run.index_of(None), run.own) == ((3, 5), 1, 0, False)
    for name in ("result", "config", "task", "models"):
        assert getattr(run, name) is getattr(run, name)
    assert list(run.sound) == [3, 5]
    assert all(isinstance(model, QuantumTrain) for model in run.models)
    with pytest.raises(ArgumentError, match="`seed` must be one of the run's seeds, 3, 5, but got"):
        run.index_of(4)


def test_a_seed_that_diverged_is_not_sound(folder):
    content = json.loads((folder / "result.json").read_text())
    (folder / "result.json").write_text(json.dumps(content | {"failures": {"3": "NaN"}}))
    run = FinishedRun.open(folder)
    assert list(run.sound) == [5]
    assert run.sound[5] is run.models[1]


def test_a_folder_without_a_finished_run(tmp_path):
    with pytest.raises(RunError, match=r"There is no result\.json"):
        FinishedRun.open(tmp_path)
