"""A run that is killed at any moment and resumed ends bit by bit like one that was not."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from diffqas import resume, search
from diffqas.errors import RunError
from diffqas.training.folder import RunFolder

OPTIONS = ["search", "bessel", "--depth", "2", "--epochs", "12", "--seeds", "2"]
COMMAND = [sys.executable, "-c", "from diffqas.cli import main; main()"]
KILLS = int(os.environ.get("DIFFQAS_KILLS", "5"))


def start(arguments: list[str]) -> subprocess.Popen:
    return subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def finish(arguments: list[str]) -> None:
    process = start(arguments)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors


def figures(folder) -> tuple[dict, bytes, list]:
    result = json.loads((folder / "result.json").read_text())
    del result["seconds"]
    records = RunFolder(folder).records()
    return result, (folder / "model.safetensors").read_bytes(), records


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    finish([*OPTIONS, "--output", str(folder)])
    return figures(folder)


@pytest.fixture
def eager_checkpoints(monkeypatch):
    monkeypatch.setattr("diffqas.runs.session.CHECKPOINT_SECONDS", 0.0)


def test_killed_runs_end_bit_equal(whole, tmp_path):
    folder = tmp_path / "run"
    moments = random.Random(0)
    kills = 0
    arguments = [*OPTIONS, "--output", str(folder)]
    while kills < KILLS:
        process = start(arguments)
        while not (folder / "config.json").exists() and process.poll() is None:
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 2.5) if kills else 0)  # the first kill comes before any checkpoint
        process.send_signal(signal.SIGKILL)
        process.communicate()
        kills += 1
        if (folder / "result.json").exists():
            break
        arguments = ["resume", str(folder)]
    if not (folder / "result.json").exists():
        finish(["resume", str(folder)])
    assert figures(folder) == whole


def test_stopping_after_every_epoch_changes_nothing(tmp_path, eager_checkpoints, monkeypatch):
    options = {"depth": 2, "epochs": 3, "seeds": 2, "quiet": True}
    unbroken = search("bessel", output=tmp_path / "unbroken", **options)

    class Stop(Exception):
        pass

    append = RunFolder.append
    records = iter(range(100))

    def stop_after_every_second_line(self, record):
        append(self, record)
        if next(records) % 2:
            raise Stop

    monkeypatch.setattr(RunFolder, "append", stop_after_every_second_line)
    with pytest.raises(Stop):
        search("bessel", output=tmp_path / "broken", **options)
    for _ in range(2):
        try:
            run = resume(tmp_path / "broken", quiet=True)
        except Stop:
            continue
        break
    assert run.result["test_mse"] == unbroken.result["test_mse"]
    assert RunFolder(run.folder).records() == RunFolder(unbroken.folder).records()


def test_an_unfinished_run_is_neither_shown_nor_replaced(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.create({"format": 1})
    with pytest.raises(RunError, match=r"is not finished\. Continue it with `diffqas resume"):
        folder.load_result()
    with pytest.raises(RunError, match=r"holds an unfinished run\. Continue it with `diffqas resume"):
        search("bessel", depth=1, epochs=1, output=folder.path, quiet=True)


def test_a_damaged_checkpoint_or_config_is_one_line(tmp_path, eager_checkpoints):
    run = search("bessel", depth=1, epochs=1, output=tmp_path / "run", quiet=True)
    (run.folder / "result.json").unlink()
    (run.folder / "checkpoint.pt").write_bytes(b"PK cut")
    with pytest.raises(RunError, match=r"checkpoint\.pt: it is damaged"):
        resume(run.folder)
    wrong = json.loads((run.folder / "config.json").read_text())
    wrong["run"]["kind"] = {"is": "Raw"}
    for content in (
        '{"format": 1}',
        '{"format": 2}',
        '{"format": 2, "run": {"dataset": "bessel"}}',
        json.dumps(wrong),
        "{",
    ):
        (run.folder / "config.json").write_text(content)
        with pytest.raises(RunError, match=r"config\.json"):
            resume(run.folder)
