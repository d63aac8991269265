"""Options of a quantum LSTM's run are used and stored; stopped runs go on bit by bit."""

import json

import pytest
import torch

from diffqas import QLSTM_SPACE, search
from diffqas.architecture import Gumbel
from diffqas.choices import adjusted
from diffqas.errors import ArgumentError
from diffqas.kinds.qlstm import QLSTM_RECIPES, nearest_hidden_size
from diffqas.layers import BASELINES
from diffqas.optimisers import OPTIMISERS, Kalman, RMSProp
from diffqas.searches.config import config_from_json
from diffqas.storage import RunFolder, read_json
from diffqas.tasks.series import SeriesLSTM

SMALL = {
    "model": "qlstm",
    "hidden_size": 1,
    "depth": 1,
    "epochs": 1,
    "candidates": QLSTM_SPACE[:4],
    "classical": False,
    "quiet": True,
}


def test_the_papers_recipe_is_what_the_paper_states():
    paper = QLSTM_RECIPES["paper"]
    assert paper.optimizer == RMSProp(lr=0.01, alpha=0.99, eps=1e-8)
    assert paper.schedule == "constant"
    assert (paper.batch_size, paper.depth, paper.epochs, paper.generator.init_std) == (
        10,
        5,
        100,
        0.01,
    )
    assert paper.generator.relaxation.name == "raw"
    assert {*vars(paper.generator.rates).values()} == {1.0}


@pytest.mark.parametrize(
    ("options", "circuit", "structure"),
    [
        ({}, 4 * 4 * 2, 16),
        ({"sharing": "shared"}, 4 * 2, 16),
        ({"reservoir": True}, 0, 16),
        ({"structure": "shared"}, 4 * 4 * 2, 4),
        ({"candidates": None, "circuit": "C4"}, 4 * 2, 0),
        ({"candidates": [BASELINES["C1"]]}, 4 * 2, 0),
        ({"layers": 2, "recipe": "paper"}, 2 * 4 * 4 * 2, 32),
        ({"relaxation": Gumbel(2.0, 0.5), "structure_rate": 3.0}, 4 * 4 * 2, 16),
        ({"squash": "arctan", "dtype": "float64", "select": "best"}, 4 * 4 * 2, 16),
    ],
    ids=str,
)
def test_options_are_used_and_stored(options, circuit, structure, tmp_path):
    run = search("bessel", **{**SMALL, **options}, output=tmp_path / "run")
    report = run.models[0].parameter_report()
    assert (report.circuit, report.structure, report.head) == (circuit, structure, 2)
    config = config_from_json(read_json(run.folder / "config.json"))
    for name in ("sharing", "reservoir", "structure", "layers", "squash"):
        if name in options:
            assert getattr(config.kind, name) == options[name]
    assert config.kind.candidates == tuple(run.models[0].cell.circuits[0].candidates)
    assert config.settings.generator.relaxation == options.get(
        "relaxation", QLSTM_RECIPES["default"].generator.relaxation
    )
    weights = RunFolder(run.folder).records()[-1]["structural_weights"][0]
    assert weights == pytest.approx(run.models[0].cell.structural_weights.flatten().tolist())


def test_rates_of_the_recipe_reach_the_optimiser(tmp_path):
    run = search(
        "bessel", **SMALL, optimizer="adam", lr=0.1, structure_rate=3.0, output=tmp_path / "run"
    )
    rates = {group["name"]: group["lr"] for group in run.models[0].parameter_groups(0.1)}
    assert rates == pytest.approx({"angles": 0.1, "structure": 0.3, "head": 0.1})


def test_a_seed_in_company_is_the_seed_alone(tmp_path):
    options = {**SMALL, "epochs": 2, "dtype": "float64", "relaxation": "gumbel"}
    both = search("bessel", **options, seeds=2, output=tmp_path / "both")
    alone = search("bessel", **options, seeds=[1], output=tmp_path / "alone")
    assert alone.result["test_mse"][0] == pytest.approx(both.result["test_mse"][1], rel=1e-9)


def test_a_series_of_ones_own(tmp_path):
    table = tmp_path / "sales.csv"
    table.write_text("month,sales\n" + "".join(f"{i},{(i % 7) + 0.1 * i}\n" for i in range(60)))
    options = {**SMALL, "csv": table, "column": "sales", "scaling": "train"}
    run = search("series", **options, output=tmp_path / "run")
    assert not [row for row in run.result["references"] if row["name"].startswith("paper")]


@pytest.mark.parametrize("relaxation", ["raw", "gumbel"])
def test_stopping_after_every_epoch_changes_nothing(stops_and_goes_on, relaxation):
    options = {**SMALL, "epochs": 3, "seeds": 2, "relaxation": relaxation, "classical": True}
    stops_and_goes_on(options)


def test_the_kalman_filter_trains_it(tmp_path):
    options = {**SMALL, "sharing": "shared", "epochs": 3, "optimizer": "kalman", "seeds": 2}
    run = search("bessel", **options, output=tmp_path / "run")
    records = RunFolder(run.folder).records()
    for seed in (0, 1):
        assert records[-1]["train_mse"][seed] < 0.1 * records[0]["loss"][seed]


@pytest.mark.parametrize("optimizer", ["kalman", "soap"])
def test_a_classical_network_that_is_too_large_is_trained_by_adam(tmp_path, monkeypatch, optimizer):
    monkeypatch.setattr(OPTIMISERS[optimizer], "most_numbers", 13)
    options = {**SMALL, "candidates": [BASELINES["C1"]], "optimizer": optimizer, "classical": True}
    run = search("bessel", **options, output=tmp_path / "run")
    (row,) = [row for row in run.result["references"] if row["name"].startswith("LSTM")]
    assert row["name"] == "LSTM, hidden 1"
    assert row["remark"] == f"14 trainable numbers, trained by adam: too many for {optimizer}"


def test_too_many_numbers_for_the_recipes_filter_are_trained_by_adam(tmp_path, monkeypatch, capsys):
    assert QLSTM_RECIPES["default"].optimizer.name == "kalman"
    monkeypatch.setattr(Kalman, "most_numbers", 49)  # one fewer than the small one trains
    options = {**SMALL, "quiet": False}
    run = search("bessel", **options, lr=0.02, output=tmp_path / "run")
    settings = config_from_json(read_json(run.folder / "config.json")).settings
    assert settings == adjusted(
        QLSTM_RECIPES["default"], optimizer="adam", lr=0.02, depth=1, epochs=1
    )
    note = "Too many trainable numbers for the default recipe's optimizer, kalman: trained by adam."
    assert capsys.readouterr().out.count(note) == 1
    for fits in ({"optimizer": "adam"}, {"recipe": "paper"}, {"sharing": "shared"}):
        search("bessel", **options, **fits, output=tmp_path / str(fits))
    assert note not in capsys.readouterr().out
    with pytest.raises(
        ArgumentError,
        match="`optimizer` must be adam or rmsprop above 49 trainable numbers, but got 50",
    ):
        search("bessel", **options, optimizer="kalman", output=tmp_path / "refused")
    assert not (tmp_path / "refused").exists()


@pytest.mark.parametrize("count", [1, 14, 35, 126, 270, 4470])
def test_the_nearest_lstm_has_no_nearer_neighbour(count):
    def off(size):
        return abs(sum(p.numel() for p in SeriesLSTM(1, size).parameters()) - count)

    size = nearest_hidden_size(count)
    assert off(size) <= min(off(other) for other in range(1, 41))


def test_a_classical_network_is_that_of_its_seed_alone(tmp_path):
    options = {**SMALL, "classical": True, "dtype": "float64"}
    both = search("bessel", **options, seeds=2, output=tmp_path / "both")
    alone = search("bessel", **options, seeds=[1], output=tmp_path / "alone")
    pairs = zip(both.result["references"], alone.result["references"], strict=True)
    trained = [(two["values"][1], one["values"][0]) for two, one in pairs if "values" in two]
    assert len(trained) == 2
    for two, one in trained:
        assert one == pytest.approx(two, rel=1e-9)


def test_classical_networks_that_diverge_are_told_and_left_out(tmp_path, capsys, monkeypatch):
    def explode(self, x):
        return torch.full(x.shape[:1], torch.nan) + 0 * self.head.bias

    monkeypatch.setattr(SeriesLSTM, "forward", explode)
    options = {**SMALL, "classical": True, "quiet": False}
    run = search("bessel", **options, output=tmp_path / "run")
    assert not [row for row in run.result["references"] if row["name"].startswith("LSTM")]
    assert "LSTM, hidden 1: Training diverged: seed 0" in capsys.readouterr().out


def test_the_file_says_every_choice(tmp_path):
    run = search("bessel", **SMALL, output=tmp_path / "run")
    content = json.loads((run.folder / "config.json").read_text())
    assert content["format"] == 3
    assert content["run"]["kind"]["is"] == "QLSTMKind"
    assert content["run"]["kind"]["hidden_size"] == 1
