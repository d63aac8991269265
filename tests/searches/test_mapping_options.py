"""Chunk and mapping of a search: used, stored, resumed, and refused in one line."""

import json

import pytest

from diffqas import resume, search
from diffqas.cli import main
from diffqas.errors import ArgumentError
from diffqas.quantum_train import LinearMapping, MLPMapping, TensorTrainMapping
from diffqas.searches.config import config_from_json
from diffqas.storage import read_json

SMALL = {"depth": 1, "epochs": 2, "quiet": True}


def config_of(folder):
    return config_from_json(read_json(folder / "config.json"))


def test_the_command_line_reaches_the_model_and_config_json(tmp_path, capsys):
    options = [
        "--depth",
        "1",
        "--epochs",
        "1",
        "--mapping",
        "mlp",
        "--hidden",
        "3",
        "2",
        "--chunk",
        "64",
    ]
    main(["search", "narma5", *options, "--output", str(tmp_path / "run")])
    numbers = 3 * 7 + 2 * 4 + 64 * 3
    assert f"5 angles + 12 structural + {numbers} mapping, 5 qubits" in " ".join(
        capsys.readouterr().out.split()
    )
    config = config_of(tmp_path / "run")
    assert (config.kind.mapping, config.kind.chunk) == (MLPMapping((3, 2)), 64)


@pytest.mark.parametrize(
    ("options", "mapping"),
    [
        ({}, LinearMapping()),
        ({"mapping": "mlp"}, MLPMapping((16,))),
        ({"mapping": "mlp", "hidden": 4}, MLPMapping((4,))),
        ({"mapping": MLPMapping((5,), gain=3.0)}, MLPMapping((5,), gain=3.0)),
        ({"mapping": "mps"}, TensorTrainMapping(4)),
        ({"mapping": "mps", "bond": 2}, TensorTrainMapping(2)),
    ],
    ids=str,
)
def test_every_mapping_is_stored(tmp_path, options, mapping):
    run = search("bessel", depth=1, epochs=1, output=tmp_path / "run", quiet=True, **options)
    config = config_of(run.folder)
    assert (config.kind.mapping, config.kind.chunk) == (mapping, 1)
    assert run.models[0].generator.mapping.choice == mapping


@pytest.mark.parametrize("mapping", [MLPMapping((4,), gain=2.0), TensorTrainMapping(2)], ids=str)
def test_a_stopped_run_ends_like_one_that_was_not(tmp_path, stopped, mapping):
    options = {**SMALL, "mapping": mapping, "chunk": 50, "seeds": 2, "optimizer": "adam"}
    whole = search("narma5", **options, output=tmp_path / "whole")
    with stopped():
        search("narma5", **options, output=tmp_path / "stopped")
    continued = resume(tmp_path / "stopped", quiet=True)
    for key in ("test_mse", "train_mse", "trainable_parameters", "ranking"):
        assert continued.result[key] == whole.result[key]
    files = [run.folder / "model.safetensors" for run in (whole, continued)]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_choices_that_a_run_folder_leaves_out_are_the_defaults(tmp_path):
    run = search("bessel", **SMALL, output=tmp_path / "run")
    content = json.loads((run.folder / "config.json").read_text())
    del content["run"]["kind"]["mapping"], content["run"]["kind"]["chunk"]
    config = config_from_json(content)
    assert (config.kind.mapping, config.kind.chunk) == (LinearMapping(), 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden": 4}, "`hidden` must go with the mapping mlp, but got the mapping 'linear'."),
        (
            {"bond": 3, "mapping": "mlp"},
            "`bond` must go with the mapping mps, but got the mapping 'mlp'.",
        ),
        ({"bond": 0, "mapping": "mps"}, "`bond` must be a whole number of at least 1, but got 0."),
        (
            {"mapping": "mlpp"},
            "`mapping` must be one of linear, mlp, mps, but got 'mlpp' (did you mean 'mlp'?).",
        ),
        (
            {"mapping": "mlp", "hidden": ()},
            "`hidden` must be one or more widths of at least 1, as a tuple, but got ().",
        ),
        ({"chunk": 0}, "`chunk` must be at least 1, but got 0."),
    ],
)
def test_wrong_options_leave_nothing_behind(tmp_path, options, message):
    with pytest.raises(ArgumentError) as error:
        search("bessel", **SMALL, output=tmp_path / "run", **options)
    assert str(error.value) == f"Argument {message}"
    assert not (tmp_path / "run").exists()
