"""What a run of the quantum LSTM leaves: the same folder as Quantum-Train's, with circuits for four
gates.
"""

import json

import pytest
import torch
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from diffqas import QLSTM, QLSTM_SPACE, search
from diffqas.cli import main
from diffqas.layers import GATES, Forecaster
from diffqas.searches.config import config_from_json
from diffqas.searches.data_sets import load_task
from diffqas.searches.showings import showing_of
from diffqas.simulator.oracle import dense_state
from diffqas.storage import read_json

SMALL = {"model": "qlstm", "hidden_size": 2, "depth": 2}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "damped-shm"
    return search("damped-shm", **SMALL, epochs=3, seeds=2, output=folder, quiet=True)


def test_the_folder_holds_what_is_promised(run):
    assert {path.name for path in run.folder.iterdir()} == {
        "config.json",
        "metrics.jsonl",
        "checkpoint.pt",
        "result.json",
        "model.safetensors",
        "model-seed-1.safetensors",
        *(f"circuit-{gate}.qasm" for gate in GATES),
        *(f"circuit-{gate}-seed-1.qasm" for gate in GATES),
        "predictions.pt",
        "predictions.png",
        "structural_weights.png",
        "curves.png",
        "tensorboard",
    }
    for picture in run.folder.glob("*.png"):
        assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_result_has_one_entry_per_seed_and_a_ranking_per_gate(run):
    result = read_json(run.folder / "result.json")
    assert result == run.result
    assert (result["task"], result["model"], result["seeds"]) == ("damped-shm", "qlstm", [0, 1])
    assert result["trainable_parameters"] == 4 * 36 * 6 + 4 * 36 + 3
    assert result["target_parameters"] is None
    assert len(result["train_mse"]) == len(result["test_mse"]) == 2
    assert list(dict.fromkeys(row["gate"] for row in result["ranking"])) == list(GATES)
    for gate in GATES:
        rows = [row for row in result["ranking"] if row["gate"] == gate]
        assert sorted(name for row in rows for name in row["merged"]) == sorted(QLSTM_SPACE.names)
        best = [model.cell.ranking()[f"{gate}_l0"] for model in run.models]
        for row in rows:
            weights = [
                next(e.weight for e in found if e.candidate.name == row["candidate"])
                for found in best
            ]
            assert row["weights"] == weights
        assert [r["rank"] for r in rows] == sorted(r["rank"] for r in rows)


def test_the_file_of_the_model_loads_and_has_the_figures(run):
    task = load_task("damped-shm").to("cpu", torch.float32)
    for seed, name in enumerate(["model.safetensors", "model-seed-1.safetensors"]):
        network = Forecaster(QLSTM(1, 2, depth=2))
        network.load_state_dict(load_file(run.folder / name))
        error = (network(task.test.inputs) - task.test.targets).square().mean().item()
        assert error == pytest.approx(run.result["test_mse"][seed], rel=1e-4)
        torch.testing.assert_close(network(task.test.inputs), run.models[seed](task.test.inputs))


def test_metrics_and_events_have_the_weights_of_every_gate(run):
    records = [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text().splitlines()]
    assert [record["epoch"] for record in records] == [1, 2, 3]
    last = torch.tensor(records[-1]["structural_weights"])
    assert last.shape == (2, 4 * 36)
    expected = torch.stack([model.cell.structural_weights.flatten() for model in run.models])
    torch.testing.assert_close(last, expected)
    events = EventAccumulator(str(run.folder / "tensorboard")).Reload()
    place = 36 + QLSTM_SPACE.names.index("RY/Ent-RX")
    values = [event.value for event in events.Scalars("structural weight/input RY/Ent-RX")]
    assert values[-1] == pytest.approx(float(last[:, place].mean()), rel=1e-5)


def test_the_picture_of_the_weights_has_a_panel_per_gate(run):
    kind = config_from_json(read_json(run.folder / "config.json")).kind
    weights = torch.rand(3, 4 * 36).numpy()
    panels = [
        axes
        for axes in showing_of(kind).picture(run.models[0], weights, "t").axes
        if axes.get_title()
    ]
    assert [axes.get_title() for axes in panels] == list(GATES)
    for index, axes in enumerate(panels):
        drawn = axes.images[0].get_array()
        assert (weights[:, 36 * index : 36 * (index + 1)] == drawn.T).all()
    labels = {label.get_text(): label.get_color() for label in panels[0].get_yticklabels()}
    assert labels["H-RX/Ent-RZ"] != labels["H-RY/Ent-RY"]  # the first is constant


def test_every_gates_circuit_is_the_one_that_was_found(run):
    qasm3 = pytest.importorskip("qiskit.qasm3")
    pytest.importorskip("qiskit_qasm3_import")
    from qiskit.quantum_info import Statevector

    values = {"x0": 0.3, "h0": -0.7, "h1": 1.1}
    layer = run.models[0].cell.circuits[0]
    for gate, name in enumerate(GATES):
        text = (run.folder / f"circuit-{name}.qasm").read_text()
        assert "q[0] is the most significant bit" in text
        assert "x0, h0, h1 on q[0] to q[2]" in text
        read = Statevector(
            qasm3.loads(text).assign_parameters(values).reverse_bits()
        ).probabilities()
        best = run.models[0].cell.ranking()[f"{name}_l0"][0]
        assert best.candidate.name in text
        angles = layer.angles[gate, best.indices[0]].detach().double()
        state = dense_state(
            best.candidate, angles, torch.tensor(list(values.values()), dtype=torch.float64)
        )
        torch.testing.assert_close(torch.from_numpy(read), state.abs().square(), rtol=0, atol=1e-6)


def test_the_plot_has_a_panel_per_stored_epoch(run):
    assert [axes.get_title() for axes in run.plot().axes if axes.get_visible()] == [
        "epoch 1",
        "epoch 3",
    ]


def test_classical_networks_stand_beside_it(run):
    rows = {row["name"]: row for row in run.result["references"]}
    assert rows["paper, non-shared"]["value"] == 0.000019
    assert "paper, search" not in rows  # that figure is Quantum-Train's
    same, near = rows["LSTM, hidden 2"], rows["LSTM, hidden 15"]
    assert same["remark"] == "35 trainable numbers, trained alike"
    assert near["remark"] == "1,036 trainable numbers, trained alike"
    for row in (same, near):
        assert row["value"] == pytest.approx(sum(row["values"]) / 2)
        assert len(set(row["values"])) == 2


def test_the_command_prints_a_ranking_per_gate(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = ["--model", "qlstm", "--hidden-size", "1", "--depth", "1", "--epochs", "1"]
    main(
        [
            "search",
            "narma5",
            *options,
            "--sharing",
            "separate",
            "--structure",
            "shared",
            "--squash",
            "arctan",
        ]
    )
    printed = capsys.readouterr().out
    for words in (
        "candidates of a gate see their input and train",
        "LSTM, hidden 1",
        "gate",
        "more",
    ):
        assert words in printed
    main(["show", "runs/narma5"])
    shown = capsys.readouterr().out
    assert shown.strip() in printed
    assert "the leading circuit of each gate" in shown
    text = (tmp_path / "runs/narma5/circuit-cell.qasm").read_text()
    assert "the arctan of inputs x and of state h: x0, h0" in text


def test_replacing_a_run_of_the_other_kind_leaves_none_of_its_circuits(tmp_path):
    options = {"epochs": 1, "output": tmp_path / "run", "overwrite": True, "quiet": True}
    search("bessel", depth=1, **options)
    search("bessel", model="qlstm", hidden_size=1, depth=1, classical=False, **options)
    assert {path.name for path in (tmp_path / "run").glob("*.qasm")} == {
        f"circuit-{gate}.qasm" for gate in GATES
    }
