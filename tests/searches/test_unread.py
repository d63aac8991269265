"""Options that nothing reads beside the other choices: refused in one line, not ignored."""

from dataclasses import replace

import pytest
import torch

from diffqas.cli.main import main
from diffqas.errors import ArgumentError
from diffqas.searches import command_of, options, prepare
from diffqas.searches.session import make_training
from diffqas.searches.tuning import parameters_for
from diffqas.tasks import SeriesLSTM, Split, load_series, series_task

CLASSICAL = ("hashed", "subspace", "uniform")


@pytest.mark.parametrize("generator", CLASSICAL)
@pytest.mark.parametrize(
    "option",
    [
        {"relaxation": "softmax"},
        {"raw_start": 0.3},
        {"spread": 0.1},
        {"angles_rate": 2.0},
        {"structure_rate": 2.0},
        {"sparsity": 0.1, "optimizer": "adam"},
        {"bilevel": True, "optimizer": "adam"},
    ],
    ids=str,
)
def test_a_classical_generator_refuses_what_only_circuits_read(generator, option):
    (name, _), *_ = option.items()
    with pytest.raises(ArgumentError, match=f"^Argument `{name}` must go with the "):
        prepare("bessel", generator=generator, quiet=True, **option)


@pytest.mark.parametrize("generator", ["hashed", "subspace"])
@pytest.mark.parametrize("option", [{"scale": "raw"}, {"bits": "signed"}, {"order": "shuffled"}])
def test_a_vector_refuses_what_only_a_mapping_reads(generator, option):
    (name,) = option
    rule = f"`{name}` must go with the generator circuits or uniform, but got the generator"
    with pytest.raises(ArgumentError, match=rule):
        prepare("bessel", generator=generator, quiet=True, **option)
    prepare("bessel", generator="uniform", quiet=True, **option)


def test_circuits_count_for_the_length_of_a_vector_alone():
    asked = {"depth": 3, "sharing": "separate", "quiet": True}
    assert prepare("bessel", generator="hashed", **asked).config.settings.depth == 3
    for generator, more in (("hashed", {"numbers": 30}), ("uniform", {})):
        for option in ({"depth": 3}, {"sharing": "shared"}, {"candidates": [1, 2]}):
            (name,) = option
            given = option if name != "candidates" else {name: CANDIDATES}
            with pytest.raises(ArgumentError, match=f"`{name}` must go with the generator circ"):
                prepare("bessel", generator=generator, quiet=True, **given, **more)
    with pytest.raises(ArgumentError, match="`depth` must be left out where numbers are given"):
        prepare("bessel", depth=3, numbers=60, quiet=True)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["bessel", "--generator", "hashed", "--numbers", "40", "--depth", "5"],
            "Argument `depth` must go with the generator circuits, but got the generator hashed.",
        ),
        (
            ["bessel", "--generator", "subspace", "--order", "shuffled"],
            "Argument `order` must go with the generator circuits or uniform, but got the "
            "generator subspace.",
        ),
        (
            ["bessel", "--leverage", "5"],
            "Argument `leverage` must go with the start drawn or own, but got the start target.",
        ),
        (
            ["bessel", "--schedule", "constant"],
            "Argument `schedule` must go with an optimizer that has a learning rate, but got "
            "kalman.",
        ),
        (
            ["bessel", "--validation", "0.3"],
            "Argument `validation` must go with `select` best or `bilevel`, but got neither of "
            "them.",
        ),
        (
            ["bessel", "--model", "qlstm", "--order", "shuffled"],
            "Argument `order` must be used with the model qt, but got 'qlstm'.",
        ),
        (
            ["iris", "--model", "vqc", "--limit", "3"],
            "Argument `limit` must go with the scale dimension, but got tanh.",
        ),
        (
            ["iris", "--model", "vqc", "--locality", "3"],
            "Argument `locality` must go with the observables diagonal or hermitian, but got the "
            "observables zz.",
        ),
        (
            ["cartpole", "--generator", "hashed", "--spread", "0.1"],
            "Argument `spread` must go with the generator circuits, but got the generator hashed.",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_the_command_line_says_so_and_writes_nothing(words, line, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        main(["search", *words])
    assert left.value.code == 2
    assert capsys.readouterr().err.strip() == f"diffqas: {line}"
    assert not list(tmp_path.iterdir())


def test_trials_leave_them_out():
    prepared = prepare("bessel", generator="hashed", validation=0.3, quiet=True)
    config = prepared.config
    unread = config.kind.unread(config.settings)
    tuned = parameters_for(config.settings, unread=unread)
    assert "mapping_rate" in tuned
    # The length of the vector is that of circuits of this depth.
    assert "depth" in tuned
    assert not {"angles_rate", "structure_rate", "spread"} & set(tuned)
    with pytest.raises(ArgumentError, match="`spread` must go with the generator circuits"):
        parameters_for(config.settings, ["spread"], unread)


def test_the_command_that_repeats_a_run_is_not_refused():
    """Of a task of one's own it names every option that something reads."""
    task = small_series()
    found = prepare(task, generator="hashed", numbers=20, quiet=True)
    config = replace(found.config, own=None, dataset="bessel")
    words = command_of(config).words
    assert "--generator" in words
    assert not {"--scale", "--relaxation", "--depth", "--leverage"} & set(words)


def small_series():
    """Few windows, for a network of 73 weights."""
    task = series_task(load_series("bessel"))
    train, test = (Split(part.inputs[:12], part.targets[:12]) for part in (task.train, task.test))
    few = replace(task, train=train, test=test, references=(), snapshot_epochs=())
    return replace(few, target=lambda: SeriesLSTM(1, 2))


CANDIDATES = prepare(small_series(), quiet=True).config.kind.space[:2]

TRIED = {
    "sharing": "separate",
    "mapping": "mlp",
    "chunk": 3,
    "relaxation": "softmax",
    "raw_start": 0.4,
    "scale": "raw",
    "scale_gain": 3.0,
    "start": "drawn",
    "bits": "signed",
    "spread": 0.1,
    "order": "shuffled",
    "leverage": 7.0,
    "calibrated": True,
    "angles_rate": 2.5,
    "structure_rate": 2.5,
    "mapping_rate": 2.5,
    "depth": 3,
    "batch_size": 5,
    "lr": 0.3,
    "schedule": "constant",
    "validation": 0.4,
    "select": "best",
}


@pytest.mark.parametrize("generator", ["circuits", *CLASSICAL])
@pytest.mark.parametrize("optimizer", ["adam", "kalman"])
def test_an_option_that_is_taken_changes_what_comes_out(generator, optimizer):
    assert set(TRIED) <= set(options())
    usual = {"generator": generator, "optimizer": optimizer}
    if generator != "uniform":
        usual["depth"] = 1
    if generator == "subspace":
        usual["start"] = "own"
    before = trained(usual)
    for name, value in TRIED.items():
        try:
            after = trained(usual | {name: value})
        except ArgumentError:
            continue
        assert len(before) != len(after) or not torch.equal(before, after), name


def trained(choices):
    """The numbers after one epoch."""
    prepared = prepare(small_series(), epochs=1, quiet=True, **choices)
    prepared.refuse_unread()
    training, _ = make_training(prepared.config, prepared.task)
    for _ in training.epochs():
        pass
    found = [number.detach().flatten() for number in training.population.parameters()]
    weights = training.population.generate().values()
    return torch.cat([*found, *(weight.detach().flatten() for weight in weights)])
