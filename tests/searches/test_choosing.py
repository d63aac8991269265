"""A kind of model from a person's words: defaults, refusals, the way through config.json."""

import json

import pytest

from diffqas import QLSTM_SPACE, TABLE_I, search
from diffqas.agents.kind import AgentKind
from diffqas.circuits import Candidate
from diffqas.cli import main
from diffqas.errors import ArgumentError
from diffqas.layers import BASELINES, GATES
from diffqas.quantum_train import MLPMapping, TensorTrainMapping
from diffqas.searches import KINDS, choose_kind
from diffqas.searches.config import config_from_json
from diffqas.searches.data_sets import load_task
from diffqas.storage import decode, encode, read_json


def test_each_kind_has_defaults_of_its_own():
    qt, qlstm = choose_kind("qt", sharing=None), choose_kind("qlstm", sharing=None)
    assert (qt.name, qt.sharing, qt.candidates) == ("qt", "shared", tuple(TABLE_I))
    assert (qlstm.name, qlstm.sharing, qlstm.candidates) == (
        "qlstm",
        "separate",
        tuple(QLSTM_SPACE),
    )
    assert (qlstm.hidden_size, qlstm.layers, qlstm.structure, qlstm.squash) == (
        5,
        1,
        "gate",
        "none",
    )


@pytest.mark.parametrize(
    ("model", "arguments"),
    [
        ("qt", {}),
        (
            "qt",
            {
                "mapping": "mlp",
                "hidden": (3, 2),
                "chunk": 4,
                "target": "lstm",
                "candidates": [Candidate()],
            },
        ),
        ("qt", {"mapping": "mps", "bond": 3}),
        ("qlstm", {}),
        ("qlstm", {"circuit": "C4", "hidden_size": 3, "classical": False}),
        (
            "qlstm",
            {
                "reservoir": True,
                "structure": "shared",
                "layers": 2,
                "squash": "arctan",
                "sharing": "shared",
            },
        ),
    ],
    ids=str,
)
def test_choices_survive_json(model, arguments):
    kind = choose_kind(model, **arguments)
    assert isinstance(kind, KINDS[model])
    assert decode(json.loads(json.dumps(encode(kind)))) == kind


def test_arguments_are_used():
    assert choose_kind("qt", mapping="mlp", hidden=4).mapping == MLPMapping((4,))
    assert choose_kind("qt", mapping="mps", bond=2).mapping == TensorTrainMapping(2)
    agent = choose_kind("qt", "environment", mapping="mps", bond=2, chunk=3)
    assert isinstance(agent, AgentKind)
    assert (agent.generator.mapping, agent.generator.chunk) == (TensorTrainMapping(2), 3)
    assert choose_kind("qlstm", circuit="C2").candidates == (BASELINES["C2"],)
    assert choose_kind("qlstm", candidates=[BASELINES["C1"]]).candidates == (BASELINES["C1"],)


@pytest.mark.parametrize(
    ("model", "argument", "value", "owner"),
    [
        *(
            ("qlstm", name, value, "qt")
            for name, value in {"mapping": "mlp", "hidden": 4, "chunk": 1}.items()
        ),
        ("qlstm", "target", "lstm", "qt"),
        ("qt", "reservoir", True, "qlstm"),
        ("qt", "structure", "gate", "qlstm, vqc or qfwp"),
        ("qt", "hidden_size", 5, "qlstm"),
        ("qt", "layers", 1, "qlstm"),
        ("qt", "squash", "none", "qlstm"),
        ("qt", "circuit", "C1", "qlstm"),
        ("qt", "classical", False, "qlstm or qfwp"),
    ],
)
def test_arguments_of_the_other_kind_are_refused(model, argument, value, owner, tmp_path):
    with pytest.raises(ArgumentError) as error:
        search("bessel", model=model, output=tmp_path / "run", **{argument: value})
    rule = f"Argument `{argument}` must be used with the model {owner}"
    assert str(error.value) == f"{rule}, but got the model {model!r}."
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"model": "qlst"},
            "`model` must be one of qt, qlstm, vqc, qfwp, but got 'qlst' (did you mean 'qlstm'?).",
        ),
        ({"circuit": "C7"}, "`circuit` must be one of C1, C2, C3, C4, C5, C6, but got 'C7'"),
        (
            {"circuit": "C1", "candidates": QLSTM_SPACE},
            "`circuit` must be given without `candidates`, but got C1.",
        ),
        ({"candidates": TABLE_I}, "`candidates` must encode data, but got H-Ent-RX."),
        ({"layers": 0}, "`layers` must be a whole number of at least 1, but got 0."),
        ({"hidden_size": 0}, "`hidden_size` must be a whole number of at least 1, but got 0."),
        (
            {"structure": "all"},
            "`structure` must be one of gate, shared, layer, output, but got 'all'.",
        ),
        ({"squash": "tanh"}, "`squash` must be one of none, arctan"),
        ({"recipe": "best"}, "`recipe` must be one of paper, default, but got 'best'."),
        (
            {"optimizer": "kalman"},
            "`optimizer` must be adam or rmsprop above 4096 trainable numbers, but got 4470.",
        ),
        ({"task": "digits"}, "`model` must be qt for a task that is no series, but got 'qlstm'."),
        ({"task": "mnist"}, "`model` must be qt for a task that is no series, but got 'qlstm'."),
    ],
    ids=str,
)
def test_wrong_choices_leave_nothing_behind(options, message, tmp_path):
    with pytest.raises(ArgumentError) as error:
        search(**{"task": "bessel", "model": "qlstm", "output": tmp_path / "run", **options})
    assert str(error.value).startswith(f"Argument {message}")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "run").exists()


def test_the_command_line_says_it_in_one_line(refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for arguments, words in (
        (["--reservoir"], "`reservoir` must be used with the model qlstm, but got the model 'qt'."),
        (["--no-classical"], "`classical` must be used with the model qlstm"),
        (["--model", "qlstm", "--chunk", "2"], "`chunk` must be used with the model qt"),
    ):
        assert words in refused("search", "bessel", *arguments)
    assert not list(tmp_path.iterdir())


def test_the_command_line_reaches_every_choice(tmp_path):
    options = [
        "--model",
        "qlstm",
        "--circuit",
        "C4",
        "--hidden-size",
        "1",
        "--layers",
        "2",
        "--squash",
        "arctan",
    ]
    more = [
        "--structure",
        "shared",
        "--reservoir",
        "--sharing",
        "shared",
        "--no-classical",
        "--depth",
        "1",
    ]
    main(["search", "narma5", *options, *more, "--epochs", "1", "--output", str(tmp_path / "run")])
    kind = config_from_json(read_json(tmp_path / "run" / "config.json")).kind
    expected = choose_kind(
        "qlstm",
        circuit="C4",
        hidden_size=1,
        layers=2,
        squash="arctan",
        structure="shared",
        reservoir=True,
        sharing="shared",
        classical=False,
    )
    assert kind == expected
    assert {path.name for path in (tmp_path / "run").glob("*.qasm")} == {
        f"circuit-{gate}_l{layer}.qasm" for gate in GATES for layer in (0, 1)
    }


@pytest.mark.parametrize(
    ("arguments", "rows"),
    [
        ({}, {"paper, non-shared": 0.000229}),
        ({"sharing": "shared", "reservoir": True}, {"paper, reservoir-shared": 0.006546}),
        ({"circuit": "C4"}, {"paper, C4": 0.007316}),
        ({"structure": "shared"}, {}),
        ({"circuit": "C1", "reservoir": True}, {}),
        ({"candidates": QLSTM_SPACE[:3]}, {}),
    ],
    ids=str,
)
def test_the_published_figure_is_that_of_the_same_choices(arguments, rows):
    task = load_task("bessel")
    found = {row.name: row.value for row in choose_kind("qlstm", **arguments).references(task)}
    assert {name: value for name, value in found.items() if name.startswith("paper")} == rows
    assert "least squares" in found
    assert "paper, search" in {row.name for row in choose_kind("qt").references(task)}
