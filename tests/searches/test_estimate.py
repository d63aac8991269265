"""What an estimate says, against the run itself."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from torch import nn

from diffqas.cli import main
from diffqas.errors import ArgumentError
from diffqas.searches import memory, prepare, search
from diffqas.searches.estimates import estimate

RUN = """
import sys
import torch
from diffqas.searches import memory, search
peak = memory.Peak(torch.device("cpu"))
search("bessel", epochs=1, optimizer="adam", seeds=SEEDS, output=sys.argv[1], quiet=True)
print(peak())
"""
ESTIMATE = """
from diffqas.runs import prepare
from diffqas.searches.estimates import estimate
print(estimate(prepare("bessel", epochs=1, optimizer="adam", seeds=SEEDS)).bytes)
"""

STEP = """
import ctypes
import torch
from dataclasses import replace
from diffqas.searches import memory, prepare
from diffqas.searches.session import make_training
from diffqas.simulator import memory as kept

class Wide(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(2**10, 2**10))

    def forward(self, inputs):
        return inputs.reshape(len(inputs), -1)[:, 0] * self.weight[0, 0]

prepared = prepare("bessel", epochs=1, depth=2, optimizer="adam")
training, _ = make_training(prepared.config, replace(prepared.task, target=Wide))
inputs, targets = training.task.train.inputs[:10], training.task.train.targets[:10]
# What the making of the models has left is taken by the step, too: it is none of what is held.
kept.forget_workspace()
kept.forget_lent()
ctypes.CDLL(None).malloc_trim(0)
held, peak = memory.resident(), memory.Peak(torch.device("cpu"))
training.optimisation.step(inputs, targets, 0.0, torch.zeros(1, dtype=torch.bool))
print(peak() - held)
"""


@pytest.mark.parametrize(
    "choices", [{}, {"select": "best"}, {"sharing": "separate"}, {"mapping": "mlp"}]
)
def test_numbers_and_steps_are_those_of_the_run(choices, tmp_path):
    options = {"epochs": 2, "depth": 1, "optimizer": "adam", "seeds": 2} | choices
    found = estimate(prepare("narma5", **options))
    steps = []
    one = torch.optim.Adam.step

    def counted(self, *others):
        steps.append(1)
        return one(self, *others)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim.Adam, "step", counted)
        run = search("narma5", output=tmp_path / "run", quiet=True, **options)
    assert found.measured
    assert found.steps == len(steps)
    assert found.trainable == run.result["trainable_parameters"]
    assert found.weights == run.result["target_parameters"]
    assert found.qubits == 11
    assert found.step_seconds > 0
    assert found.seconds >= found.steps * found.step_seconds
    assert found.fits


def test_the_network_beside_a_run_is_counted(capsys):
    options = {"epochs": 1, "depth": 1, "optimizer": "adam"}
    found = estimate(prepare("narma5", baselines=True, **options))
    (network,) = found.beside
    assert network.name == "LSTM, hidden 2"
    assert 0 < network.seconds < found.seconds
    assert found.seconds - network.seconds >= found.steps * found.step_seconds
    assert estimate(prepare("narma5", baselines=False, **options)).beside == ()
    words = ["--epochs", "1", "--depth", "1", "--optimizer", "adam", "--baselines"]
    main(["estimate", "narma5", *words])
    assert "of it for the LSTM, hidden 2 beside it" in capsys.readouterr().out


def ask(script, *arguments):
    """What a process of its own prints last: memory that this one has let go of would hide what a
    step takes.
    """
    command = [sys.executable, "-c", script.replace("SEEDS", "4"), *arguments]
    return int(
        subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1]
    )


def test_memory_is_within_a_factor_of_two_of_a_run(tmp_path):
    told, true = ask(ESTIMATE), ask(RUN, str(tmp_path / "run"))
    assert true / 2 < told < 2 * true


class Wide(nn.Module):
    """2**20 weights that cost no time."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(2**10, 2**10))

    def forward(self, inputs):
        return inputs.reshape(len(inputs), -1)[:, 0] * self.weight[0, 0]


@pytest.fixture
def large(monkeypatch):
    prepared = prepare("bessel", epochs=1, depth=2, optimizer="adam")
    monkeypatch.setattr("diffqas.searches.estimates.MEASURED_BYTES", 0)
    monkeypatch.setattr("diffqas.searches.estimates.MODEL_QUBITS", 8)
    return replace(prepared, task=replace(prepared.task, target=Wide))


def test_what_is_too_large_is_told_by_rule(large, monkeypatch):
    found = estimate(large)
    assert not found.measured
    assert (found.qubits, found.weights, found.steps) == (20, 2**20, 17)
    assert found.trainable == 2 * 20 + 12 + 22
    assert found.bytes - found.held == memory.rule(large.config.kind, 20, 2, 2**20, 1, 4)
    assert found.fits
    monkeypatch.setattr(memory, "free", lambda device: 10 * 2**20)
    assert not estimate(large).fits


def test_the_rule_is_within_a_factor_of_two_of_a_step(large):
    ruled = memory.rule(large.config.kind, 20, 2, 2**20, 1, 4)
    assert ruled / 2 < ask(STEP) < 2 * ruled


def test_the_command_warns_and_leaves_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(memory, "free", lambda device: 0)
    monkeypatch.setattr(memory, "resident", lambda: 0)
    main(["estimate", "bessel", "--epochs", "3", "--optimizer", "adam", "--depth", "1"])
    printed = capsys.readouterr().out
    for words in (
        "11 qubits, 2,048 basis states",
        "36 numbers per seed",
        "1,781 weights",
        "51",
        "more memory than is free",
    ):
        assert words in printed
    assert list(tmp_path.iterdir()) == []


def test_agents_are_estimated_by_the_limit_of_their_episodes(capsys, tmp_path):
    pytest.importorskip("gymnasium", reason="needs gymnasium: pip install 'diffqas[rl]'")
    options = {"episodes": 50, "workers": 2, "depth": 1, "seeds": 2}
    found = estimate(prepare("cartpole", **options))
    assert (found.limit, found.steps) == (500, 25 * 500 // 5)
    assert found.seconds == found.steps * found.step_seconds
    run = search("cartpole", output=tmp_path / "run", quiet=True, **options)
    assert found.trainable == run.result["trainable_parameters"]
    assert found.weights == run.result["target_parameters"]
    assert max(run.result["steps"]) / (2 * 5) <= found.steps
    main(["estimate", "cartpole", "--episodes", "50", "--workers", "2", "--depth", "1"])
    assert "if every episode took its 500 steps" in capsys.readouterr().out


def test_no_run_of_agents_takes_more_updates_than_told(tmp_path):
    """Acrobot's untrained agents go to the limit of 500 steps."""
    pytest.importorskip("gymnasium", reason="needs gymnasium: pip install 'diffqas[rl]'")
    options = {"episodes": 3, "workers": 2, "depth": 1}
    found = estimate(prepare("Acrobot-v1", **options))
    run = search("Acrobot-v1", output=tmp_path / "run", quiet=True, **options)
    *_, last = (
        json.loads(line) for line in (run.folder / "metrics.jsonl").read_text().splitlines()
    )
    assert found.steps / 2 < last["updates"] <= found.steps


def test_episodes_without_a_limit_cannot_be_estimated(monkeypatch):
    pytest.importorskip("gymnasium", reason="needs gymnasium: pip install 'diffqas[rl]'")
    monkeypatch.setattr("diffqas.agents.environments.Environment.limit", None)
    with pytest.raises(ArgumentError, match="`dataset` must set its episodes a limit"):
        estimate(prepare("cartpole", episodes=2))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["estimate", "CartPole-v1", "--algorithm", "a3c"],
            "`algorithm` must be a2c for an estimate, but got a3c",
        ),
        (["estimate", "bessel", "--output", "here"], "an estimate leaves no folder"),
    ],
)
def test_refusals(arguments, words, refused):
    assert words in refused(*arguments)
