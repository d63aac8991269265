"""Trials on held-out training samples: kept, continued, shared, and blind to the test part."""

import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch

from diffqas.circuits import QLSTM_SPACE
from diffqas.cli import main
from diffqas.cli.parsing import parse
from diffqas.cli.tune import Tune
from diffqas.errors import ArgumentError, DataError, RunError
from diffqas.optimisers import OPTIMISERS
from diffqas.runs import prepare
from diffqas.searches.tuning import held_out, parameters_for, tune
from diffqas.searches.tuning.space import PARAMETERS, applied, own_values, words_of
from diffqas.tasks import Split
from diffqas.tasks.series.task import SERIES_RECIPES

optuna = pytest.importorskip("optuna", reason="needs optuna: pip install 'diffqas[tune]'")
SMALL = {"epochs": 2, "depth": 1, "optimizer": "adam", "seeds": 2}


def journal(path):
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(path)))
    return optuna.load_study(study_name="tune", storage=storage).trials


def tuning(path, trials=50, before="pass"):
    """The command of `few` as a process of its own."""
    words = [
        "tune",
        "narma5",
        *(str(word) for name, value in SMALL.items() for word in (f"--{name}", value)),
    ]
    words += ["--params", "lr", "depth"]
    program = f"{before}; from diffqas.cli import main; main()"
    return [sys.executable, "-c", program, *words, "--trials", str(trials), "--storage", str(path)]


def few(path, trials=3, params=("lr", "depth"), **changes):
    return tune(
        prepare("narma5", **SMALL | changes), trials=trials, storage=path, params=params, quiet=True
    )


def test_the_test_part_is_never_read(tmp_path):
    prepared = prepare("narma5", **SMALL)
    spoilt = Split(
        torch.full_like(prepared.task.test.inputs, torch.nan),
        torch.full_like(prepared.task.test.targets, 9),
    )
    blind = replace(prepared, task=replace(prepared.task, test=spoilt))
    seen, unseen = (
        tune(p, trials=3, storage=tmp_path / n, params=["lr"], quiet=True)
        for p, n in ((prepared, "a"), (blind, "b"))
    )
    assert seen == unseen
    inner = held_out(prepared.task, 0.2)
    assert torch.equal(
        torch.cat([inner.train.inputs, inner.test.inputs]), prepared.task.train.inputs
    )
    assert len(inner.test) == round(0.2 * len(prepared.task.train))


def test_the_first_trial_is_the_recipe_and_the_best_is_no_worse(tmp_path):
    found = few(tmp_path / "trials.log")
    first, *_ = journal(tmp_path / "trials.log")
    assert first.params == {"lr": 0.01, "depth": 1}
    assert found.first == first.value
    assert found.loss <= found.first
    assert found.finished + found.pruned == 3
    assert found.settings.optimizer.lr == found.values["lr"]


def test_the_same_call_goes_on(tmp_path):
    path = tmp_path / "trials.log"
    few(path, 2)
    before = [(trial.params, trial.value) for trial in journal(path)]
    few(path, 4)
    after = [(trial.params, trial.value) for trial in journal(path)]
    assert after[:2] == before
    assert len(after) == 4
    assert len({str(params) for params, _ in after}) == 4
    few(path, 4)
    assert len(journal(path)) == 4


def test_a_killed_process_costs_its_trial_only(tmp_path):
    path = tmp_path / "trials.log"
    command = tuning(path, trials=500)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        if path.exists() and sum(trial.state.is_finished() for trial in journal(path)) >= 2:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = {trial.number: trial.value for trial in journal(path) if trial.state.is_finished()}
    assert len(before) >= 2
    few(path, len(before) + 2)
    after = journal(path)
    assert {trial.number: trial.value for trial in after if trial.number in before} == before
    assert not [trial for trial in after if trial.state == optuna.trial.TrialState.RUNNING]


def test_a_trial_has_an_owner_from_its_first_moment(tmp_path):
    path = tmp_path / "trials.log"
    command = tuning(
        path, before="import os, optuna; optuna.Trial.set_user_attr = lambda *_: os._exit(9)"
    )
    for trials in (2, 4):  # the trial that was queued at the start, and one that was not
        assert subprocess.run(command, timeout=300, check=False).returncode == 9
        few(path, trials)
    assert not [trial for trial in journal(path) if trial.state == optuna.trial.TrialState.RUNNING]


def test_two_processes_share_a_file(tmp_path):
    path = tmp_path / "trials.log"
    command = tuning(path, trials=6)
    both = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    errors = [process.communicate(timeout=240)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], errors
    trials = journal(path)
    assert 6 <= len(trials) <= 7
    assert all(trial.state.is_finished() for trial in trials)
    assert {tuple(trial.params) for trial in trials} == {("lr", "depth")}


def test_a_diverging_trial_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr("diffqas.searches.tuning.trials.losses", lambda *_: iter([torch.inf]))
    with pytest.raises(RunError, match="all of them diverged"):
        few(tmp_path / "trials.log", 2)
    assert {trial.state.name for trial in journal(tmp_path / "trials.log")} == {"PRUNED"}


def test_a_file_of_other_settings_is_refused(tmp_path):
    few(tmp_path / "trials.log", 1)
    for changes, word in (
        ({"epochs": 3}, "settings"),
        ({"seeds": 3}, "seeds"),
        ({"params": ["lr"]}, "params"),
    ):
        with pytest.raises(RunError, match=f"trials with another {word}"):
            few(tmp_path / "trials.log", 1, **changes)


def test_a_file_of_something_else_is_refused(tmp_path):
    (tmp_path / "file").write_text("no journal\nat all\n")
    with pytest.raises(DataError, match="no journal of trials"):
        few(tmp_path / "file")


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "soap", "kalman"])
def test_the_command_sets_what_was_found(optimizer):
    start = prepare("narma5", optimizer=optimizer).config.settings
    parameters = parameters_for(start)
    values = {
        name: p.range.low + 0.4 * (p.range.high - p.range.low) for name, p in parameters.items()
    }
    settings = applied(parameters, start, values)
    words = [
        "diffqas",
        "search",
        "narma5",
        "--optimizer",
        optimizer,
        *words_of(parameters, settings),
    ]
    import diffqas.cli.search as cli

    with pytest.MonkeyPatch.context() as patch:
        caught = []
        patch.setattr(cli.Search, "run", lambda self: caught.append(self.call(prepare)))
        main(words[1:])
    assert caught[0].config.settings == settings
    assert settings != start


def test_every_parameter_reads_what_it_writes():
    every = [SERIES_RECIPES["default"].by(word) for word in OPTIMISERS]
    every.append(prepare("moons", model="vqc").config)
    every.append(prepare("bessel", model="qfwp").config)
    for name, parameter in PARAMETERS.items():
        settings = next(each for each in every if parameter.used_by(each))
        value = parameter.range.words[-1] if parameter.range.words else parameter.range.high
        changed = parameter.put(settings, value)
        assert parameter.get(changed) == value, name
    used = parameters_for(SERIES_RECIPES["paper"])
    assert (
        applied(used, SERIES_RECIPES["paper"], own_values(used, SERIES_RECIPES["paper"]))
        == SERIES_RECIPES["paper"]
    )


def test_the_whole_command(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    model = ["--model", "qlstm", "--sharing", "shared", "--hidden-size", "2", "--no-classical"]
    length = ["--epochs", "1", "--depth", "1", "--optimizer", "adam", "--seeds", "2"]
    main(["tune", "bessel", *model, *length, "--trials", "2", "--params", "lr", "beta2"])
    printed = capsys.readouterr().out
    assert (tmp_path / "runs" / "tune-bessel.log").exists()
    command = printed.strip().splitlines()[-1]
    assert command.startswith("diffqas search bessel --model qlstm --sharing shared ")
    for words in (
        "--no-classical",
        "--hidden-size 2",
        "--depth 1",
        "--epochs 1",
        "--optimizer adam",
        "--lr 0.",
        "--betas 0.9 0.",
    ):
        assert words in command
    assert "--seeds" not in command


def test_a_searched_layer(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = ["--model", "vqc", "--qubits", "2", "--candidates", "1", "2", "--no-baselines"]
    words = ["--epochs", "1", "--seeds", "1", "--trials", "3"]
    params = ["--params", "uploads", "input_factor", "observables_rate", "inputs_rate", "lr"]
    main(["tune", "moons", *model, *words, *params])
    command = capsys.readouterr().out.strip().splitlines()[-1].split()
    flags = ["--uploads", "--input-factor", "--observables-rate", "--inputs-rate", "--lr"]
    for flag in ("--model", "--qubits", "--candidates", *flags):
        assert command.count(flag) == 1
    found = {flag: command[command.index(flag) + 1] for flag in flags}
    import diffqas.cli.search as cli

    caught = []
    monkeypatch.setattr(cli.Search, "run", lambda self: caught.append(self.call(prepare)))
    main(command[1:])
    kind = caught[0].config.kind
    assert kind.uploads == int(found["--uploads"])
    assert kind.observables_rate == float(found["--observables-rate"])


def test_observables_of_a_searched_layer(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    model = ["--model", "vqc", "--qubits", "2", "--candidates", "1", "2", "--no-baselines"]
    words = ["--epochs", "1", "--seeds", "1", "--trials", "12"]
    params = ["--params", "observables", "locality", "input_scale", "uploads"]
    main(["tune", "moons", *model, *words, "--params", "lr"])
    assert "locality" not in capsys.readouterr().out
    refused_range = "`locality` must be at most the number of qubits, 2"
    with pytest.raises(SystemExit):
        main(["tune", "moons", *model, *words, *params, "--storage", "small.log"])
    assert refused_range in capsys.readouterr().err
    model[3] = "4"
    main(["tune", "moons", *model, *words, *params, "--storage", "four.log"])
    printed = capsys.readouterr().out
    tried = {
        word for word in ("zz,", "diagonal,", "hermitian,") if f"observables {word}" in printed
    }
    assert len(tried) > 1
    command = printed.strip().splitlines()[-1].split()
    found = command[command.index("--observables") + 1]
    assert ("--locality" in command) == (found in ("diagonal", "hermitian"))
    import diffqas.cli.search as cli

    caught = []
    monkeypatch.setattr(cli.Search, "run", lambda self: caught.append(self.call(prepare)))
    main(command[1:])
    assert caught[0].config.kind.observables == found
    # The same call has nothing more to do, and a file of other words is refused.
    main(["tune", "moons", *model, *words, *params, "--storage", "four.log"])
    assert capsys.readouterr().out.strip().splitlines()[-1].split() == command
    text = (tmp_path / "four.log").read_text().replace('"zz","diagonal"', '"zz","other"')
    (tmp_path / "four.log").write_text(text)
    with pytest.raises(SystemExit):
        main(["tune", "moons", *model, *words, *params, "--storage", "four.log"])
    assert "four.log" in capsys.readouterr().err


def test_words_that_another_one_decides_are_refused_alone(refused, tmp_path):
    words = ("tune", "moons", "--model", "vqc", "--storage", str(tmp_path / "file.log"))
    told = refused(*words, "--params", "locality")
    assert "`locality` must go with the observables diagonal or hermitian" in told


def test_parameters_of_a_layer_belong_to_it(refused, tmp_path):
    words = ("tune", "narma5", "--params", "uploads", "--storage", str(tmp_path / "file.log"))
    assert "`params` must hold uploads with --model vqc only" in refused(*words)


@pytest.mark.parametrize("other", [{"fold": 1}, {"label": "b"}, {"missing": "drop"}])
def test_a_file_of_another_table_is_refused(tmp_path, other):
    path, csv = tmp_path / "file.log", tmp_path / "own.csv"
    rows = [f"{k},{k % 2},{(k // 2) % 2}" for k in range(40)]
    csv.write_text("\n".join(["a,b,c", *rows]) + "\n")
    options = {
        "csv": csv,
        "label": "c",
        "model": "vqc",
        "epochs": 1,
        "qubits": 2,
        "candidates": QLSTM_SPACE[9:10],
    }
    settings = {"trials": 1, "storage": path, "params": ["lr"], "quiet": True}
    tune(prepare("table", **options | other), **settings)
    (name,) = other
    with pytest.raises(RunError, match=f"holds trials with another {name}"):
        tune(prepare("table", **options), **settings)


def test_images(tmp_path):
    prepared = prepare("digits", classes=[0, 1], target="cnn", epochs=1, depth=1, seeds=1)
    found = tune(prepared, trials=2, storage=tmp_path / "trials.log", params=["lr"], quiet=True)
    assert found.loss <= found.first


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["minigrid-empty-5x5"], "`dataset` must name a series, images or a table to tune on"),
        (
            ["bessel", "--params", "lr"],
            "`params` must hold lr with the optimizer adam or rmsprop or soap only",
        ),
        (["bessel", "--params", "memry"], "did you mean 'memory'?"),
        (["bessel", "--trials", "0"], "`trials` must be at least 1"),
        (["bessel", "--output", "here"], "`output` must be used with `diffqas search`"),
    ],
)
def test_refusals(arguments, words, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert words in refused("tune", *arguments)
    assert list(tmp_path.iterdir()) == []


def test_without_optuna_the_remedy_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ArgumentError, match=r"pip install 'diffqas\[tune\]'"):
        few(tmp_path / "trials.log")
    assert not (tmp_path / "trials.log").exists()


def test_what_the_command_repeats():
    tuned = type("Found", (), {"options": ["--lr", "0.1"], "unread": frozenset()})
    words = ["series", "--csv", "a b.csv", "--lr", "0.5", "--seeds", "5", "--no-classical"]
    command = parse(Tune.for_words(words), "tune", words).best_command(tuned)
    assert command == [
        "diffqas",
        "search",
        "series",
        "--no-classical",
        "--csv",
        "a b.csv",
        "--lr",
        "0.1",
    ]


def test_fast_weights_have_ranges_of_their_own():
    small = {"model": "qfwp", "qubits": 3, "measured": 2, "depth": 1, "epochs": 1, "quiet": True}
    config = prepare("bessel", **small).config
    found = parameters_for(config, ["latent_size", "slow_rate"])
    changed = applied(found, config, {"latent_size": 5.0, "slow_rate": 0.31234})
    assert (changed.kind.latent_size, changed.kind.slow_rate) == (5, 0.312)
    assert words_of(found, changed) == ["--latent-size", "5", "--slow-rate", "0.312"]
    other = prepare("bessel", epochs=1, quiet=True).config
    with pytest.raises(ArgumentError, match="hold latent_size with --model qfwp only"):
        parameters_for(other, ["latent_size"])
