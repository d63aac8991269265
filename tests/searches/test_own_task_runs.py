"""Runs on a task in a file: searched, resumed, forecast, exported; executed only where a person is
told.
"""

import json
import shutil
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from diffqas import load, resume, search
from diffqas.cli import main
from diffqas.errors import DataError, RunError
from diffqas.quantum_train import RECIPES
from diffqas.reports import Predictions
from diffqas.runs import forecast_run, list_runs
from diffqas.runs.report import report_runs, run_page
from diffqas.searches.command import command_of
from diffqas.searches.config import config_from_json
from diffqas.storage import RunFolder
from diffqas.tasks import Settings, Split, Task
from diffqas.tasks.task_file import load_task_file

EXAMPLE = Path(__file__).parents[2] / "examples" / "regression"

SERIES = """
from dataclasses import replace
import torch
from torch import nn
from torch.nn.functional import mse_loss
from diffqas.quantum_train import RECIPES
from diffqas.tasks import Settings, Split, Task

wave = torch.sin(torch.arange(60) / 5)
windows, targets = wave.unfold(0, 4, 1)[:-1], wave[4:]
settings = {"default": Settings(RECIPES["default"], depth=1, epochs=2, batch_size=10)}
def task():
    train, test = Split(windows[:40], targets[:40]), Split(windows[40:], targets[40:])
    network = lambda: nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 1), nn.Flatten(0))
    task = Task("wave", train, test, network, mse_loss, {"mse": mse_loss}, settings, kind="series")
    return replace(task, snapshot_epochs=(1,))
"""


@pytest.fixture
def wave(tmp_path):
    """The words of a small series in a file."""
    path = tmp_path / "wave.py"
    path.write_text(SERIES)
    return f"{path}:task"


@pytest.fixture
def half(wave, tmp_path, stopped):
    """A run on it that stopped after the first of its epochs."""
    with stopped():
        search(wave, seeds=2, output=tmp_path / "run", quiet=True)
    return tmp_path / "run"


def test_a_resumed_run_ends_bit_equal(half, wave, tmp_path, capsys):
    whole = search(wave, seeds=2, output=tmp_path / "whole", quiet=True)
    run = resume(half)
    assert capsys.readouterr().err.split() == ["Executing", str(tmp_path / "wave.py")]
    assert run.result["test_mse"] == whole.result["test_mse"]
    assert (run.folder / "model.safetensors").read_bytes() == (
        whole.folder / "model.safetensors"
    ).read_bytes()
    assert (run.folder / "predictions.png").exists()


def test_a_series_whose_task_asks_for_no_epochs_is_drawn_at_its_end(wave, tmp_path):
    path = tmp_path / "wave.py"
    path.write_text(SERIES.replace("return replace(task, snapshot_epochs=(1,))", "return task"))
    run = search(wave, output=tmp_path / "run", quiet=True)
    stored = Predictions.read(run.folder / "predictions.pt")
    assert list(stored.snapshots) == [2]
    assert (run.folder / "predictions.png").exists()


def test_config_names_the_file_as_typed_and_where_it_lies(tmp_path, monkeypatch, wave):
    monkeypatch.chdir(tmp_path)
    main(["search", "wave.py:task", "--epochs", "1"])
    own = json.loads((tmp_path / "runs" / "wave" / "config.json").read_text())["run"]["own"]
    sha = load_task_file(wave)[1].sha256
    path = str(tmp_path / "wave.py")
    assert own == {
        "is": "TaskSource",
        "given": "wave.py:task",
        "path": path,
        "name": "task",
        "sha256": sha,
    }


def test_a_changed_file_is_told(half, tmp_path, capsys):
    (tmp_path / "wave.py").write_text(SERIES + "\n# changed\n")
    main(["resume", str(half), "--task", f"{tmp_path / 'wave.py'}:task"])
    assert (
        "wave.py is not the file that the run was begun with: it has changed since."
        in capsys.readouterr().err
    )


def test_a_file_whose_network_has_changed_is_one_line(half, tmp_path, capsys):
    (tmp_path / "wave.py").write_text(
        SERIES.replace("nn.Linear(4, 3)", "nn.Linear(4, 9)").replace("(3, 1)", "(9, 1)")
    )
    with pytest.raises(SystemExit):
        main(["resume", str(half), "--task", f"{tmp_path / 'wave.py'}:task"])
    changed, failed = capsys.readouterr().err.strip().splitlines()
    assert changed.endswith("it has changed since.")
    assert "wave.py:task failed: RuntimeError: Error(s) in loading state_dict" in failed


def test_a_missing_file_is_named_and_can_be_given(half, tmp_path, refused):
    moved = shutil.move(tmp_path / "wave.py", tmp_path / "moved.py")
    line = refused("resume", str(half))
    assert "wave.py, which is not there" in line
    assert "--task FILE.py:NAME" in line
    assert not (half / "result.json").exists()
    main(["resume", str(half), "--task", f"{moved}:task"])
    assert (half / "result.json").exists()
    assert len(load(half, task=f"{moved}:task").models) == 2


def test_a_file_in_the_run_folder_is_not_executed(half, tmp_path):
    config = json.loads((half / "config.json").read_text())
    trap = half / "trap.py"
    trap.write_text(
        f"from pathlib import Path\nPath({str(tmp_path / 'sprung')!r}).touch()\n{SERIES}"
    )
    config["run"]["own"]["path"] = str(trap)
    (half / "config.json").write_text(json.dumps(config))
    with pytest.raises(
        RunError, match="lies in the run folder itself, and is not executed unasked"
    ):
        resume(half, quiet=True)
    assert not (tmp_path / "sprung").exists()
    resume(half, task=f"{trap}:task", quiet=True)
    assert (tmp_path / "sprung").exists()


def test_looking_at_a_run_executes_nothing(half, tmp_path, capsys):
    resume(half, quiet=True)
    (tmp_path / "wave.py").write_text("raise SystemExit('executed')")
    main(["show", str(half)])
    main(["runs", str(tmp_path)])
    report_runs([half])
    assert "executed" not in capsys.readouterr().out


def test_forecast_and_export_of_an_own_series(half, capsys):
    resume(half, quiet=True)
    main(["forecast", str(half), "--steps", "3"])
    assert "persistence" in capsys.readouterr().out
    main(["export", str(half)])
    assert "samples of the task" in capsys.readouterr().out
    assert (half / "network.safetensors").exists()


def test_samples_that_are_no_windows_are_not_forecast(tmp_path):
    (tmp_path / "mixed.py").write_text(SERIES.replace("wave[4:]", "wave[4:] ** 2"))
    run = search(f"{tmp_path / 'mixed.py'}:task", epochs=1, output=tmp_path / "mixed", quiet=True)
    with pytest.raises(
        RunError, match="The samples of wave are not the successive windows of one series"
    ):
        forecast_run(run.folder)


def test_a_task_from_python_must_be_given_again(wave, tmp_path, stopped):
    task, _ = load_task_file(wave)
    with stopped():
        search(task, output=tmp_path / "python", quiet=True)
    with pytest.raises(
        RunError, match=r"The run's task, wave, was given from Python\. Name it with --task"
    ):
        resume(tmp_path / "python")
    resume(tmp_path / "python", task=task, quiet=True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no.py:task"], "Cannot read no.py"),
        (["no.py"], "`task` must name a task in its file, as in task.py:NAME"),
        (["WAVE", "--classes", "1", "2"], "`classes` must be used with the name of a data set"),
        (["WAVE", "--csv", "a.csv"], "`csv` must be used with the name of a data set"),
        (["WAVE", "--recipe", "paper"], "`recipe` must be one of default"),
        (["WAVE", "--epochs", "0"], "`epochs` must be at least 1"),
    ],
)
def test_wrong_words_are_one_line_and_leave_nothing(
    arguments, words, wave, tmp_path, monkeypatch, refused
):
    monkeypatch.chdir(tmp_path)
    assert words in refused("search", *(word.replace("WAVE", wave) for word in arguments))
    assert not (tmp_path / "runs").exists()


def test_an_error_while_training_names_the_line(tmp_path):
    broken = SERIES.replace('{"mse": mse_loss}', '{"mse": mse_loss, "late": late}')
    late = (
        "def late(p, t):\n"
        "    if len(t) > 8:\n"
        "        raise ValueError('too many')\n"
        "    return t.sum()\n"
    )
    (tmp_path / "late.py").write_text(late + broken)
    with pytest.raises(
        DataError,
        match=r"late\.py:3: ValueError: too many \(the whole traceback: DIFFQAS_TRACEBACK=1\)",
    ):
        search(f"{tmp_path / 'late.py'}:task", output=tmp_path / "run", quiet=True)


def test_the_command_repeats_the_run_without_executing_anything(half, wave, tmp_path, monkeypatch):
    config = config_from_json(RunFolder(half).load_config())
    (tmp_path / "wave.py").rename(tmp_path / "away.py")
    command = command_of(config)
    assert command.words[:3] == ("diffqas", "search", wave)
    (tmp_path / "away.py").rename(tmp_path / "wave.py")
    monkeypatch.chdir(tmp_path)
    main([*command.words[1:], "--output", "again"])
    again = config_from_json(RunFolder(tmp_path / "again").load_config())
    assert (again.settings, again.kind, again.seeds) == (config.settings, config.kind, config.seeds)


def test_inputs_of_integers_and_any_metric(tmp_path):
    tokens = torch.randint(0, 5, (30, 4), generator=torch.Generator().manual_seed(0))
    part = Split(tokens, (tokens.sum(1) > 8).long())
    settings = {"default": Settings(RECIPES["default"], depth=1, epochs=2, batch_size=10)}

    def network():
        return nn.Sequential(nn.Embedding(5, 2), nn.Flatten(), nn.Linear(8, 2))

    def margin(prediction, targets):
        return (prediction[:, 1] - prediction[:, 0]).mean() - 10

    task = Task("tokens", part, part, network, cross_entropy, {"margin": margin}, settings)
    run = search(task, seeds=2, output=tmp_path / "run", quiet=True)
    assert (run.result["metric"], run.result["higher"]) == ("margin", [])
    assert [axes.get_yscale() for axes in run.plot().axes] == ["linear"]  # a margin can be negative
    assert [chart.log for chart in run_page(run.folder).charts] == [False]


def test_a_study_of_a_run_compares_the_metric_of_the_task(wave, tmp_path, capsys):
    name = Path(wave.rpartition(":")[0])
    name.write_text(
        SERIES + "\ndef r2(p, t):\n    return 1 - mse_loss(p, t) / t.var()\n"
        "\ndef turned():\n    return replace(task(), metrics={'r2': r2}, higher=['r2'])\n"
    )
    run = search(f"{name}:turned", seeds=2, output=tmp_path / "run", quiet=True)
    main(
        [
            "study",
            "discretise",
            str(run.folder),
            "--workers",
            "1",
            "--output",
            str(tmp_path / "study"),
        ]
    )
    printed = capsys.readouterr().out
    assert "final test r2" in printed
    main(["show", str(tmp_path / "study")])
    assert "final test r2" in capsys.readouterr().out
    cell = next(
        one for one in list_runs(tmp_path / "study") if one.model == "full mixture, as found"
    )
    assert (cell.metric, cell.higher, cell.figures) == ("r2", True, tuple(run.result["test_r2"]))


def test_the_example_runs(tmp_path, capsys):
    main(
        [
            "search",
            f"{EXAMPLE / 'task.py'}:friedman",
            "--epochs",
            "2",
            "--depth",
            "1",
            "--output",
            str(tmp_path / "run"),
        ]
    )
    printed = capsys.readouterr().out
    for words in ("friedman: test r2 (more is better)", "least squares", "669 weights"):
        assert words in printed
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert (result["metric"], result["higher"]) == ("r2", ["r2"])
    assert len(result["test_rmse"]) == 1
    assert (tmp_path / "run" / "curves.png").exists()
