"""A searcher on a task of one's own: what it trains, and the run that it leaves."""

import csv

import pytest

from diffqas import ENCODED_SPACE
from diffqas.cli.main import main
from diffqas.errors import ArgumentError
from diffqas.searches import prepare
from diffqas.strategies import search_by
from diffqas.strategies.listed_space import ListedSpace

TINY = {"qubits": 2, "epochs": 3, "baselines": False, "quiet": True}


def test_the_pick_is_trained_as_an_ordinary_run(tmp_path):
    prepared = prepare("iris", model="vqc", output=tmp_path / "run", **TINY)
    found = search_by("random", prepared, budget=3)
    rows = list(csv.DictReader((tmp_path / "run/trials.csv").read_text().splitlines()))
    assert len(rows) == 3
    best = min(rows, key=lambda row: float(row["loss"]))
    assert found.candidate.name == best["candidate"]
    assert found.run.result["ranking"][0]["candidate"] == best["candidate"]
    assert float(rows[-1]["evaluations"]) == 3
    assert found.ledger.seconds == pytest.approx(float(rows[-1]["seconds"]), abs=1e-3)


def test_halving_starts_anew_and_pays_for_it(tmp_path):
    prepared = prepare("moons", model="vqc", output=tmp_path / "run", **(TINY | {"epochs": 9}))
    found = search_by("halving", prepared, budget=2)
    epochs = {line.trial.epochs for line in found.ledger.lines}
    assert epochs <= {1, 3, 9}
    paid = sum(line.trial.epochs for line in found.ledger.lines) / 9
    assert found.ledger.evaluations == pytest.approx(paid)


def test_from_the_command_line(tmp_path, capsys):
    words = "search iris --model vqc --qubits 2 --epochs 2 --no-baselines --strategy evolution"
    main([*words.split(), "--budget", "2", "--output", str(tmp_path / "run")])
    shown = capsys.readouterr().out
    assert "evolution chose" in shown
    assert (tmp_path / "run/trials.csv").exists()
    assert (tmp_path / "run/result.json").exists()


def test_what_a_strategy_is_not_made_for(tmp_path):
    def refused(what: str, **choices):
        settings = TINY | {"output": tmp_path / "run"} | choices
        with pytest.raises(ArgumentError, match=what):
            search_by("random", prepare("iris", model="vqc", **settings))

    refused("clients", clients=2)
    refused("select", select="best")
    refused("two to choose from", candidates=[ENCODED_SPACE[0]])
    with pytest.raises(ArgumentError, match="strategy"):
        search_by("chance", prepare("iris", model="vqc", **TINY))
    with pytest.raises(ArgumentError, match="budget"):
        search_by("random", prepare("iris", model="vqc", **TINY), budget=0)
    with pytest.raises(ArgumentError, match="vqc and qt"):
        search_by("random", prepare("bessel", model="qlstm", quiet=True))


def test_other_commands_have_no_strategy(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["estimate", "iris", "--model", "vqc", "--strategy", "random"])
    assert ended.value.code == 2
    assert "strategy" in capsys.readouterr().err


def test_a_part_of_a_product_is_one_gene():
    assert ListedSpace(ENCODED_SPACE).sizes == (6, 8, 10)
    assert ListedSpace(list(ENCODED_SPACE)[1:]).sizes == (479,)
    assert ListedSpace(list(ENCODED_SPACE)[:80]).sizes == (1, 8, 10)
