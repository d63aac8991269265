"""The command that repeats a run: typed again, it makes the same choices."""

import os
import shlex
from dataclasses import replace

import pytest

from diffqas import Candidate
from diffqas.architecture import Gumbel, Raw
from diffqas.cli import main
from diffqas.errors import RunError
from diffqas.quantum_train import MLPMapping
from diffqas.searches import choose_kind
from diffqas.searches.command import command_of
from diffqas.searches.config import RunConfig, config_from_json
from diffqas.tasks.images.task import IMAGE_RECIPES as IMAGES
from diffqas.tasks.series.task import SERIES_RECIPES


@pytest.fixture
def chosen(monkeypatch, capsys):
    """What `diffqas search` would store in config.json, without a training and without a folder."""
    found = []

    def stop(config, task):
        found.append(config)
        raise RunError("enough")

    monkeypatch.setattr("diffqas.searches.session.make_training", stop)

    def call(words):
        with pytest.raises(SystemExit):
            main(list(words))
        assert "enough" in capsys.readouterr().err
        return found.pop()

    return call


@pytest.mark.parametrize(
    "line",
    [
        "bessel",
        "bessel --recipe paper --seeds 10 --seed 4 --depth 3 --dtype float64",
        "narma10 --relaxation softmax --temperature 0.5 --structure-rate 2.5 --optimizer adam "
        "--lr 0.003",
        "narma5 --relaxation gumbel --sharing separate --select best --scaling train",
        "bessel --mapping mlp --hidden 8 4 --chunk 3 --target lstm --epochs 7",
        "bessel --mapping mlp",
        "bessel --candidates 2 8 5 --shots 1000 --shot-gradient parameter-shift",
        "bessel --optimizer adam --bilevel --betas 0.8 0.99 --angles-rate 2 --mapping-rate 0.5 "
        "--spread 0.3",
        "bessel --optimizer adam --sparsity 0.01",
        "bessel --memory 2 --noise 3 0.1",
        "bessel --optimizer rmsprop --alpha 0.9",
        "bessel --per-layer",
        "bessel --per-layer --relaxation softmax --depth 3",
        "bessel --mapping mps --bond 3 --chunk 2",
        "bessel --mapping mps",
        "bessel --clients 4 --local-epochs 5 --split iid",
        "narma5 --clients 3 --rounds 7 --optimizer adam",
        "damped-shm --model qlstm",
        "damped-shm --model qlstm --candidates 1 2",
        "damped-shm --model qlstm --circuit C2 --no-classical --hidden-size 3 --layers 2 "
        "--squash arctan",
        "bessel --model qlstm --reservoir --structure shared --sharing shared --recipe paper",
        "bessel --model qlstm --hidden-size 12",
        "cartpole --episodes 50 --workers 3 --seeds 2",
        "iris --model vqc --candidates encoded --qubits 2",
        "cartpole --algorithm a3c --recipe paper --relaxation raw",
    ],
)
def test_typed_again_it_gives_the_same_choices(line, chosen):
    if line.startswith("cartpole"):
        pytest.importorskip("gymnasium", reason="environments need gymnasium")
    first = chosen(["search", *shlex.split(line)])
    command = command_of(config_from_json(first.to_json()))
    assert command.remarks == ()
    assert chosen(shlex.split(command.text)[1:]) == first


def test_images_and_their_classes(chosen):
    pytest.importorskip("sklearn", reason="digits need scikit-learn")
    first = chosen(shlex.split("search digits --classes 1 5 --target cnn --relaxation raw"))
    assert first.settings.generator.relaxation == Raw()  # not the recipe's
    assert chosen(command_of(first).words[1:]) == first


@pytest.mark.parametrize(
    ("words", "target"),
    [
        ("", "smooth-mlp"),
        ("--recipe paper", "mlp"),
        ("--target mlp", "mlp"),
        ("--recipe paper --target smooth-mlp", "smooth-mlp"),
    ],
)
def test_the_network_of_images_is_the_recipes(words, target, chosen):
    if not os.environ.get("DIFFQAS_DATA"):
        pytest.skip("DIFFQAS_DATA names no folder with the files of MNIST")
    first = chosen(shlex.split(f"search mnist --classes 1 5 {words}"))
    assert first.kind.target == target
    command = command_of(config_from_json(first.to_json()))
    assert command.remarks == ()
    assert ("--target" in command.words) == ("--target" in words)
    assert chosen(shlex.split(command.text)[1:]) == first


def test_a_run_from_before_has_the_plain_network():
    first = RunConfig("mnist", IMAGES["default"], choose_kind("qt"), seeds=(0,))
    assert command_of(first).text == "diffqas search mnist --target mlp"


def test_a_file_with_a_blank_in_its_name(chosen, tmp_path):
    table = tmp_path / "my sales.csv"
    table.write_text("month,<sales>\n" + "".join(f"{i},{i % 7}\n" for i in range(60)))
    first = chosen(["search", "series", "--csv", str(table), "--column", "<sales>"])
    assert chosen(shlex.split(command_of(first).text)[1:]) == first


def test_what_no_flag_says_is_told():
    settings = replace(SERIES_RECIPES["default"], batch_size=3)
    settings = replace(
        settings, generator=replace(settings.generator, bits="signed", relaxation=Gumbel(2.0, 0.5))
    )
    kind = replace(
        choose_kind("qt", candidates=[Candidate(rotation=("rz", "ry"))]),
        mapping=MLPMapping((8,), gain=2.0),
    )
    command = command_of(RunConfig("bessel", settings, kind, seeds=(3, 5)))
    assert command.text == (
        "diffqas search bessel --mapping mlp --hidden 8 --mapping-gain 2.0 --relaxation gumbel "
        "--temperature 2.0 --final-temperature 0.5 --bits signed --batch-size 3 --seed 3 --seeds 2"
    )
    told = " ".join(command.remarks)
    for words in (
        "candidates",
        "(Ent-RZ.RY)",
        "3, 5",
    ):
        assert words in told
    assert len(command.remarks) == 2


def test_a_task_of_ones_own_has_no_command():
    command = command_of(RunConfig("my task", SERIES_RECIPES["default"], choose_kind("qt")))
    assert command.words == ()
    assert "from Python, diffqas.search(task, ...)" in command.remarks[0]
