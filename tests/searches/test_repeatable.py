"""A run is decided by its choices and seeds: not by the machine, the caller, or its company."""

# ruff: noqa: NPY002 - numpy's old global generator is the one that is meant

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import dropout, mse_loss

from diffqas.errors import RunError
from diffqas.quantum_train import RECIPES
from diffqas.searches import load, resume, search
from diffqas.searches.session import free_folder
from diffqas.storage import RunFolder, load_tensors, save_tensors
from diffqas.tasks import Settings, Split, Task

X = torch.randn(24, 3, generator=torch.Generator().manual_seed(0))


class Drawing(nn.Module):
    """Draws from all three global generators, and at its start from that of numpy."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(3, 1)
        with torch.no_grad():
            self.inner.bias.fill_(float(np.random.rand()))

    def forward(self, x):
        y = self.inner(dropout(x, 0.4, self.training)).flatten()
        if not self.training:
            return y
        return y + 0.1 * float(np.random.rand()) + 0.1 * random.random()


def noisy_loss(prediction, target):
    return mse_loss(prediction + 0.01 * torch.randn(()), target)


def drawing(loss=mse_loss, **choices) -> Task:
    settings = Settings(RECIPES["default"], depth=1, epochs=3, batch_size=8, **choices)
    parts = Split(X[:16], X[:16, 0]), Split(X[16:], X[16:, 0])
    return Task("drawing", *parts, Drawing, loss, {"mse": mse_loss}, {"default": settings})


def seed_all(number):
    torch.manual_seed(number)
    np.random.seed(number)
    random.seed(number)


def state_of_all():
    return torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()


def ends(folder):
    tensors = load_tensors(folder / "checkpoint.pt")["population"]
    return [tensor.tolist() for tensor in tensors.values()]


@pytest.mark.parametrize("optimizer", ["adam", "kalman", "soap"])
def test_the_seed_alone_decides_what_a_network_draws(tmp_path, optimizer):
    found = []
    for number in (1, 2):
        seed_all(number)
        before = state_of_all()
        folder = tmp_path / str(number)
        search(drawing(optimizer=optimizer), seeds=[4], quiet=True, output=folder)
        assert state_of_all() == before
        found.append(ends(folder))
    assert found[0] == found[1]


def test_the_seed_alone_decides_what_a_loss_draws(tmp_path):
    found = []
    for number in (1, 2):
        seed_all(number)
        search(drawing(noisy_loss), quiet=True, output=tmp_path / str(number))
        found.append(ends(tmp_path / str(number)))
    assert found[0] == found[1]


@pytest.mark.parametrize("optimizer", ["adam", "kalman"])
def test_a_seed_draws_the_same_in_company(tmp_path, optimizer):
    task = drawing(optimizer=optimizer)
    search(task, seeds=[4], quiet=True, output=tmp_path / "alone")
    search(task, seeds=[9, 4], quiet=True, output=tmp_path / "company")
    for mine, all_of_them in zip(ends(tmp_path / "alone"), ends(tmp_path / "company"), strict=True):
        np.testing.assert_allclose(mine[0], all_of_them[1], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("killed", ["after an epoch", "before the first checkpoint"])
def test_a_run_that_was_killed_draws_on(tmp_path, stopped, killed):
    task = drawing(optimizer="adam")
    search(task, seeds=2, quiet=True, output=tmp_path / "whole")
    with stopped():
        search(task, seeds=2, quiet=True, output=tmp_path / "half")
    if killed == "before the first checkpoint":
        for file in (tmp_path / "half").glob("checkpoint*.pt"):
            file.unlink()
    seed_all(7)
    resume(tmp_path / "half", task=task, quiet=True)
    assert ends(tmp_path / "half") == ends(tmp_path / "whole")


WIDE = """
import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import mse_loss

from diffqas import search
from diffqas.quantum_train import RECIPES
from diffqas.tasks import Settings, Split, Task

x = torch.randn(12, 3, generator=torch.Generator().manual_seed(0))


class Wide(nn.Module):
    # So many weights that torch takes their mean and spread in several threads.
    def __init__(self):
        super().__init__()
        self.body = nn.Conv2d(64, 128, 5)

    def forward(self, x):
        return self.body(x[:, :1, None, None].expand(-1, 64, 5, 5)).mean((1, 2, 3))


settings = {"default": Settings(RECIPES["default"], depth=1, epochs=1, batch_size=8)}
task = Task("wide", Split(x[:8], x[:8, 0]), Split(x[8:], x[8:, 0]), Wide, mse_loss,
            {"mse": mse_loss}, settings)
search(task, quiet=True, output=sys.argv[1])
"""


def test_threads_of_the_machine_decide_nothing(tmp_path):
    (tmp_path / "wide.py").write_text(WIDE)
    for count in ("1", "2"):
        command = [sys.executable, "wide.py", str(tmp_path / count)]
        environment = os.environ | {"OMP_NUM_THREADS": count}
        subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    assert ends(tmp_path / "1") == ends(tmp_path / "2")


def test_cores_decide_nothing(tmp_path, monkeypatch):
    function = pytest.importorskip("diffqas.simulator.compiled.function")
    monkeypatch.setattr(function, "MIN_WORK_PER_THREAD", 1)  # small circuits, too, are shared
    found = []
    for threads in (1, 2, 3, 4):
        folder = tmp_path / str(threads)
        search("bessel", depth=1, epochs=1, threads=threads, quiet=True, output=folder)
        found.append(ends(folder))
    assert found == found[:1] * 4


EDITS = {
    "seeds": [7],
    "dataset": "damped-shm",
    "settings.optimizer.lr": 0.1,
    "settings.epochs": 9,
    "settings.depth": 2,
    "settings.generator.rates.angles": 1.0,
    "settings.batch_size": 5,
    "kind.chunk": 2,
    "recipe": "paper",
    "dtype": "float64",
}


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A run whose last checkpoint is not its end, as far as its folder tells."""
    folder = tmp_path_factory.mktemp("edited") / "run"
    search("bessel", depth=1, epochs=2, optimizer="adam", quiet=True, output=folder)
    (folder / "result.json").unlink()
    return folder


def edited(folder: Path, place: str, value) -> None:
    file = folder / "config.json"
    content = json.loads(file.read_text())
    *ways, last = place.split(".")
    inner = content["run"]
    for way in ways:
        inner = inner[way]
    assert inner[last] != value
    inner[last] = value
    file.write_text(json.dumps(content))


@pytest.mark.parametrize("place", EDITS)
def test_an_edited_choice_is_refused(begun, tmp_path, place):
    folder = tmp_path / "run"
    folder.mkdir()
    for file in ("config.json", "metrics.jsonl", "checkpoint.pt"):
        (folder / file).write_bytes((begun / file).read_bytes())
    edited(folder, place, EDITS[place])
    name = place.removeprefix("settings.").replace(".", r"\.")
    with pytest.raises(
        RunError, match=rf"is not what the checkpoint was made with: .*{name} .+, not "
    ):
        resume(folder, quiet=True)
    assert not (folder / "result.json").exists()


def test_where_it_computes_may_be_another_place(begun, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    for file in ("config.json", "metrics.jsonl", "checkpoint.pt"):
        (folder / file).write_bytes((begun / file).read_bytes())
    edited(folder, "threads", 2)
    resume(folder, quiet=True)
    assert len(load(folder).models) == 1


def test_a_checkpoint_of_before_is_read(begun, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    for file in ("config.json", "metrics.jsonl"):
        (folder / file).write_bytes((begun / file).read_bytes())
    state = load_tensors(begun / "checkpoint.pt")
    del state["choices"]
    save_tensors(RunFolder(folder).checkpoint, state)
    assert resume(folder, quiet=True).result["epochs"] == 2


def test_two_that_start_at_once_take_two_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = [free_folder("bessel") for _ in range(3)]
    assert [path.name for path in found] == ["bessel", "bessel-2", "bessel-3"]
    (tmp_path / "runs" / "mine").write_text("a file")
    assert free_folder("mine").name == "mine-2"


def test_a_search_that_cannot_begin_leaves_no_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="must be adam or rmsprop"):
        search("bessel", model="qlstm", depth=5, hidden_size=9, optimizer="kalman", quiet=True)
    assert not (tmp_path / "runs").exists()
