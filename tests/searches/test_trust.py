"""Code that a run folder names: executed only if this person ran it before, or names it now."""

import hashlib
import json
import os
import shutil
import stat
import sys

import pytest

from diffqas.cli import main
from diffqas.errors import RunError
from diffqas.searches import config_from_json, load, search, task_of
from diffqas.searches.trust import Code, module_code, record, refuse_untrusted, trust_file
from diffqas.storage import read_json

TASK = """
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import mse_loss

from diffqas.quantum_train import RECIPES
from diffqas.tasks import Settings, Split, Task

(Path(__file__).parent / "sprung").touch()
x = torch.linspace(-1, 1, 12).unsqueeze(1)
settings = {"default": Settings(RECIPES["default"], depth=1, epochs=1, batch_size=6)}
network = lambda: nn.Sequential(nn.Linear(1, 2), nn.Linear(2, 1))
mine = Task("mine", Split(x[:9], x[:9]), Split(x[9:], x[9:]), network, mse_loss, {"mse": mse_loss},
            settings)
"""


@pytest.fixture
def own(tmp_path):
    """A finished run on a task in a file, both in folders of their own."""
    place = tmp_path / "mine"
    place.mkdir()
    (place / "task.py").write_text(TASK)
    search(f"{place / 'task.py'}:mine", output=tmp_path / "run", quiet=True)
    (place / "sprung").unlink()
    return tmp_path / "run"


def named(run, path):
    """The run with another file as its task's."""
    file = run / "config.json"
    content = json.loads(file.read_text())
    content["run"]["own"]["path"] = str(path)
    file.write_text(json.dumps(content))


def test_what_was_searched_is_executed_again(own, tmp_path):
    assert len(load(own).models) == 1
    assert (tmp_path / "mine" / "sprung").exists()


WAYS = {
    "absolute": lambda place: place / "task.py",
    "relative": lambda place: f"{place.name}/task.py",
    "up and down": lambda place: place / ".." / place.name / "task.py",
    "working folder": lambda place: f"/proc/self/cwd/{place.name}/task.py",
    "subfolder": lambda place: place / "deep" / "er" / "task.py",
    "link": lambda place: place.parent / "link.py",
    "linked folder": lambda place: place.parent / "linked" / "task.py",
    "double slash": lambda place: f"/{place}/./task.py",
}


@pytest.mark.skipif(sys.platform == "win32", reason="links and /proc")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("whose", ["own folder", "another run"])
def test_no_file_in_a_run_folder_is_executed(own, tmp_path, monkeypatch, way, whose):
    place = own
    if whose == "another run":
        place = shutil.copytree(own, tmp_path / "other")
    monkeypatch.chdir(tmp_path)
    (place / "deep" / "er").mkdir(parents=True)
    for file in (place / "task.py", place / "deep" / "er" / "task.py"):
        file.write_text(TASK)
        # Not even one that was recorded, which a link could lead to.
        sha256 = hashlib.sha256(TASK.encode()).hexdigest()
        assert record(Code(os.path.realpath(file), sha256)) is None
    (tmp_path / "link.py").symlink_to(place / "task.py")
    (tmp_path / "linked").symlink_to(place)
    named(own, WAYS[way](place))
    with pytest.raises(RunError, match=r"lies in the run folder .*not executed unasked"):
        load(own)
    assert not list(tmp_path.rglob("sprung"))


def test_a_file_that_somebody_else_brought_is_not_executed(own, tmp_path, refused):
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "task.py").write_text(TASK)  # the same content in another place
    named(own, bundle / "task.py")
    line = refused("export", str(own))
    assert line.endswith(
        f"is not executed unasked. If you trust it, name it: --task {bundle}/task.py:mine "
        "(from Python: task=...)."
    )
    assert not (bundle / "sprung").exists()
    main(["export", str(own), "--task", f"{bundle}/task.py:mine"])
    assert (bundle / "sprung").exists()
    main(["export", str(own)])  # it is known from now on


@pytest.mark.parametrize("command", ["resume", "repeat", "export", "noise", "forecast"])
def test_a_file_that_has_changed_is_not_executed(own, tmp_path, refused, command):
    if command == "resume":
        (own / "result.json").unlink()
    with (tmp_path / "mine" / "task.py").open("a") as file:
        file.write("# changed\n")
    assert "was not run by you before" in refused(command, str(own))
    assert not (tmp_path / "mine" / "sprung").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="permissions")
def test_what_others_could_write_counts_for_nothing(own):
    file = trust_file()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    file.chmod(0o666)
    with pytest.raises(RunError, match="was not run by you before"):
        load(own)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 1, "trusted": [7, {"path": 1}]}'])
def test_a_damaged_file_is_written_anew(own, tmp_path, content):
    trust_file().write_text(content)
    with pytest.raises(RunError, match="was not run by you before"):
        load(own)
    load(own, task=f"{tmp_path / 'mine' / 'task.py'}:mine")
    assert len(load(own).models) == 1


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root may write")
def test_a_search_goes_on_where_nothing_can_be_remembered(tmp_path, monkeypatch, capsys):
    place = tmp_path / "locked"
    place.mkdir(mode=0o500)
    monkeypatch.setenv("XDG_DATA_HOME", str(place))
    (tmp_path / "task.py").write_text(TASK)
    search(f"{tmp_path / 'task.py'}:mine", output=tmp_path / "run")
    assert "It is not remembered" in capsys.readouterr().out


ROOMS = """
from pathlib import Path

import gymnasium
from gymnasium.envs.classic_control import CartPoleEnv

(Path(__file__).parent / "sprung").touch()
gymnasium.register("Pole-v0", CartPoleEnv, max_episode_steps=5)
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module that registers an environment, to be found by its name."""
    place = tmp_path / "modules"
    place.mkdir()
    (place / "own_rooms.py").write_text(ROOMS)
    monkeypatch.syspath_prepend(str(place))
    yield place
    sys.modules.pop("own_rooms", None)


def test_the_module_of_an_environment_is_not_imported_unasked(tmp_path, module):
    pytest.importorskip("gymnasium")
    name = "own_rooms:Pole-v0"
    run = search(name, episodes=2, depth=1, output=tmp_path / "run", quiet=True)
    (module / "sprung").unlink()
    config = config_from_json(read_json(run.folder / "config.json"))
    assert task_of(config, run.folder).name == name  # searched before
    trust_file().unlink()
    with pytest.raises(RunError, match="If you trust it, name it: --task own_rooms:Pole-v0"):
        load(run.folder)
    assert len(load(run.folder, task=name).models) == 1
    assert len(load(run.folder).models) == 1


def test_of_a_module_only_its_file_is_looked_at(module):
    code = module_code("own_rooms:Pole-v0")
    assert code is not None
    assert code.path == os.path.realpath(module / "own_rooms.py")
    assert module_code("CartPole-v1") is None
    assert not (module / "sprung").exists()
    assert "own_rooms" not in sys.modules
    with pytest.raises(RunError, match="There is no file of the module"):
        module_code("no_such_rooms:Pole-v0")


def test_a_module_in_a_run_folder_is_not_imported(own, monkeypatch):
    (own / "own_rooms.py").write_text(ROOMS)
    monkeypatch.syspath_prepend(str(own))
    code = module_code("own_rooms:Pole-v0")
    assert code is not None
    record(code)
    with pytest.raises(RunError, match="lies in the run folder itself"):
        refuse_untrusted(code, own, "")


def test_a_run_is_told_from_other_config_files(own, tmp_path):
    (tmp_path / "mine" / "config.json").write_text('{"model_type": "bert"}')
    assert load(own).models
