"""The folder of a run on an environment: what lies in it, and how it goes on after a stop."""

import json
import multiprocessing
from dataclasses import replace

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from diffqas import load, resume, search
from diffqas.agents import a2c, a3c
from diffqas.agents.arena import Arena
from diffqas.agents.rewards import moving
from diffqas.agents.task import environment_task
from diffqas.cli import main
from diffqas.errors import RunError
from diffqas.searches import choose_kind
from diffqas.searches.agent_artefacts import rewards_picture
from diffqas.storage import RunFolder

pytest.importorskip("minigrid", reason="environments need minigrid")

TINY = {"workers": 4, "depth": 2, "quiet": True}
EPISODES = 20
MODELS = {3: "model.safetensors", 5: "model-seed-5.safetensors"}
CIRCUITS = {"circuit-policy.qasm", "circuit-value.qasm"}


def short_records(patch):
    patch.setattr(a2c, "UPDATES_PER_RECORD", 4)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "cartpole"
    with pytest.MonkeyPatch.context() as patch:
        short_records(patch)
        return search("cartpole", episodes=EPISODES, seeds=[3, 5], output=folder, **TINY)


def names(folder):
    return {path.name for path in folder.iterdir()}


def exported(folder, name, like):
    """A plain policy with the numbers of a file."""
    network = like.export()
    for tensor in network.state_dict().values():
        tensor.fill_(torch.nan)
    network.load_state_dict(load_file(folder / name))
    return network


def test_the_folder_holds_what_is_promised(run):
    assert names(run.folder) == CIRCUITS | {
        "circuit-policy-seed-5.qasm",
        "circuit-value-seed-5.qasm",
        "config.json",
        "metrics.jsonl",
        "checkpoint.pt",
        "result.json",
        "model.safetensors",
        "model-seed-5.safetensors",
        "episodes.safetensors",
        "rewards.png",
        "structural_weights.png",
        "tensorboard",
    }
    for picture in run.folder.glob("*.png"):
        assert picture.read_bytes().startswith(b"\x89PNG")
    for circuit in CIRCUITS:
        assert (run.folder / circuit).read_text().startswith("OPENQASM 3")


def test_the_result_says_what_was_trained(run):
    result = json.loads((run.folder / "result.json").read_text())
    assert result == run.result
    assert (result["task"], result["model"], result["algorithm"]) == ("cartpole", "qt", "a2c")
    assert (result["recipe"], result["relaxation"], result["metric"]) == (
        "default",
        "raw",
        "reward",
    )
    assert (result["seeds"], result["workers"]) == ([3, 5], 4)
    # 11 qubits for either network: angles, structural weights, and the mapping's 11 + 2.
    assert result["trainable_parameters"] == 2 * (2 * 11 + 12 + 13)
    task = environment_task("cartpole")
    assert result["target_parameters"] == sum(
        p.numel() for make in (task.policy, task.value) for p in make().parameters()
    )
    assert f"{result['trainable_parameters']} trainable numbers" in result["report"]
    assert result["episodes"] == [EPISODES, EPISODES]
    assert result["seconds"] > 0
    assert result["failures"] == {}
    assert result["references"] == []


def test_a_value_does_not_start_like_its_policy():
    task, kind = environment_task("cartpole"), choose_kind("qt", "environment")
    settings = replace(task.settings("default"), depth=2)
    agents, _ = kind.make(task, settings, [0, 1])
    starts = [*agents.policy.circuits.angles, *agents.value.circuits.angles]
    assert len({tuple(start.flatten().tolist()) for start in starts}) == 4
    alone, _ = kind.make(task, settings, [1])
    assert torch.equal(alone.value.circuits.angles[0], starts[3])


def test_the_ranking_names_the_network_of_each_candidate(run):
    for network in ("policy", "value"):
        entries = [entry for entry in run.result["ranking"] if entry["gate"] == network]
        assert sum(len(entry["merged"]) for entry in entries) == 12
        assert all(
            {"candidate", "weight", "contribution", "constant"} <= entry.keys() for entry in entries
        )
    assert {entry["gate"] for entry in run.result["ranking"]} == {"policy", "value"}


def test_figures_are_means_of_the_stored_episodes(run):
    stored = load_file(run.folder / "episodes.safetensors")
    assert stored.keys() == {f"{what}-{seed}" for what in ("reward", "steps") for seed in (3, 5)}
    for index, seed in enumerate((3, 5)):
        rewards, steps = stored[f"reward-{seed}"], stored[f"steps-{seed}"]
        assert len(rewards) == len(steps) == EPISODES
        assert run.result["mean_reward"][index] == pytest.approx(rewards.double().mean().item())
        assert run.result["success_rate"][index] == pytest.approx(
            (rewards > 0).double().mean().item()
        )
        assert run.result["mean_length"][index] == pytest.approx(steps.double().mean().item())
        assert run.result["steps"][index] == steps.sum()
        assert torch.equal(rewards, steps.float())  # a pole that stands earns one for every step
    assert not torch.equal(stored["reward-3"], stored["reward-5"])


@pytest.mark.parametrize("index", [0, 1])
def test_a_policy_needs_no_circuit(run, index):
    name = MODELS[run.result["seeds"][index]]
    network = exported(run.folder, name, run.models[index])
    arena = Arena("CartPole-v1", [7], 8)
    observations = torch.from_numpy(arena.observations[0])
    arena.close()
    with torch.no_grad():
        logits = run.models[index](observations)
        torch.testing.assert_close(network(observations), logits)
        other = run.models[1 - index](observations)
    assert (run.models[index].mean != 0).any()
    assert (logits - other).abs().max() > 1e-3


def test_metrics_have_one_entry_per_seed_and_events_tell_the_same(run):
    records = [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text().splitlines()]
    assert len(records) >= 3
    assert [record["epoch"] for record in records] == list(range(1, len(records) + 1))
    for record in records:
        lists = {key: value for key, value in record.items() if isinstance(value, list)}
        assert lists.keys() == record.keys() - {"epoch", "updates"}
        assert all(len(value) == 2 for value in lists.values())
    last = records[-1]
    assert last["reward"] == run.result["mean_reward"]
    assert last["updates"] == run.result["updates"]
    # Behind the last record no number moved.
    assert np.shape(last["structural_weights"]) == (2, 24)
    heaviest = next(entry["weights"] for entry in run.result["ranking"] if entry["gate"] == "value")
    assert any(
        heaviest == pytest.approx([row[column] for row in last["structural_weights"]])
        for column in range(12, 24)
    )
    events = EventAccumulator(str(run.folder / "tensorboard")).Reload()
    told = [event.value for event in events.Scalars("reward/seed 1")]
    assert told == pytest.approx([record["reward"][1] for record in records], rel=1e-6, nan_ok=True)
    assert "structural weight/value Ring-RY" in events.Tags()["scalars"]


def test_the_plot_shows_the_rewards(run):
    figure = run.plot()
    assert isinstance(figure, Figure)
    (axes,) = figure.axes
    stored = load_file(run.folder / "episodes.safetensors")
    means = [
        moving(stored[f"reward-{seed}"].numpy(), EPISODES // 10, first=1)[0] for seed in (3, 5)
    ]
    np.testing.assert_allclose(axes.lines[0].get_ydata(), np.mean(means, axis=0))


def test_damaged_episodes_are_one_line(run, tmp_path):
    (tmp_path / "config.json").write_bytes((run.folder / "config.json").read_bytes())
    for content in (None, b"cut"):
        if content:
            (tmp_path / "episodes.safetensors").write_bytes(content)
        with pytest.raises(RunError, match=r"Cannot read .*episodes\.safetensors") as stop:
            rewards_picture(RunFolder(tmp_path))
        assert len(str(stop.value).splitlines()) == 1


def test_rooms_of_minigrid_have_the_counts_of_the_papers_depth(tmp_path):
    run = search("minigrid-empty-5x5", episodes=2, workers=2, output=tmp_path / "run", quiet=True)
    assert (run.result["trainable_parameters"], run.result["target_parameters"]) == (314, 11_848)
    assert run.result["references"] == [
        {"name": "best possible", "value": 0.955, "remark": "5 steps of at most 100"}
    ]


class Stop(Exception):
    pass


@pytest.mark.parametrize("lines", [1, 2, 3])  # after one there is no checkpoint yet
def test_a_stopped_run_ends_like_one_that_was_not(run, lines, stopped_after, tmp_path, monkeypatch):
    short_records(monkeypatch)
    monkeypatch.setattr("diffqas.searches.session.CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr("diffqas.searches.session.CHECKPOINT_SHARE", 0)
    folder = tmp_path / "run"
    with stopped_after(lines, Stop), pytest.raises(Stop):
        search("cartpole", episodes=EPISODES, seeds=[3, 5], output=folder, **TINY)
    assert (folder / "checkpoint.pt").exists() is (lines > 1)
    assert not (folder / "result.json").exists()
    continued = resume(folder, quiet=True)
    assert names(folder) == names(run.folder)
    for name in ("metrics.jsonl", "episodes.safetensors", *MODELS.values(), *CIRCUITS):
        assert (folder / name).read_bytes() == (run.folder / name).read_bytes()
    timeless = [{**result, "seconds": None} for result in (continued.result, run.result)]
    assert timeless[0] == timeless[1]


def test_a_finished_run_does_not_go_on(run):
    with pytest.raises(RunError, match="is finished"):
        resume(run.folder)
    with pytest.raises(RunError, match="holds a finished run"):
        search("cartpole", episodes=1, output=run.folder, **TINY)


def test_a_loaded_run_has_its_agents(run):
    again = load(run.folder)
    assert again.result == run.result
    for agent, name in zip(again.models, MODELS.values(), strict=True):
        stored = load_file(run.folder / name)
        own = agent.export().state_dict()
        assert own.keys() == stored.keys()
        assert all(torch.equal(own[key], stored[key]) for key in own)


def test_a_run_leaves_no_file_of_the_one_that_it_replaces(tmp_path):
    folder = tmp_path / "run"
    agents = {"episodes.safetensors", "rewards.png"} | CIRCUITS
    series = {"predictions.pt", "predictions.png", "curves.png", "circuit.qasm"}
    search("narma5", depth=1, epochs=1, seeds=2, output=folder, quiet=True)
    assert series < names(folder)
    for name in ("forecast.png", "forecast.csv"):
        (folder / name).touch()
    search("cartpole", episodes=2, output=folder, overwrite=True, **TINY)
    assert agents < names(folder)
    assert not names(folder) & (
        series | {"forecast.png", "forecast.csv", "model-seed-1.safetensors"}
    )
    (folder / "play.gif").touch()
    search("narma5", depth=1, epochs=1, output=folder, overwrite=True, quiet=True)
    assert series < names(folder)
    assert not names(folder) & (agents | {"play.gif"})


def test_a_seed_that_is_frozen_hides_no_other(tmp_path, monkeypatch):
    short_records(monkeypatch)
    update = a2c.SyncTraining.update

    def freeze(self):
        update(self)
        if self.updates == 5:
            self._drop(0, "the loss became nan at update 5")

    monkeypatch.setattr(a2c.SyncTraining, "update", freeze)
    run = search("cartpole", episodes=EPISODES, seeds=2, output=tmp_path / "run", **TINY)
    assert run.result["failures"] == {"0": "the loss became nan at update 5"}
    first, second = run.result["episodes"]
    assert first < second == EPISODES
    figure = run.plot()
    assert figure.get_suptitle() == "cartpole: reward (seed 1)"
    (axes,) = figure.axes
    assert axes.lines[0].get_xdata()[-1] == EPISODES


def test_an_interrupted_run_of_processes_goes_on(stopped_after, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(a3c, "EPISODES_PER_RECORD", 1)
    folder = RunFolder(tmp_path / "run")
    options = ["--algorithm", "a3c", "--workers", "2", "--episodes", "40", "--depth", "2"]
    with stopped_after(1, KeyboardInterrupt), pytest.raises(SystemExit) as stop:
        main(["search", "minigrid-empty-5x5", *options, "--output", str(folder.path)])
    assert stop.value.code == 130
    how = f"continue with `diffqas resume {folder.path}`"
    assert capsys.readouterr().err == f"diffqas: interrupted; {how}.\n"
    assert multiprocessing.active_children() == []
    state = folder.load_checkpoint()
    assert state is not None
    (before,) = state["log"]["rewards"]
    assert 1 <= len(before) < 40
    assert (state["epoch"], state["hired"]) == (1, 2)
    (first,) = folder.records()
    # Episodes that end between the record and the checkpoint are in the latter alone.
    assert 1 <= first["episodes"][0] <= len(before)

    run = resume(folder.path, quiet=True)
    assert multiprocessing.active_children() == []
    assert (run.result["algorithm"], run.result["episodes"]) == ("a3c", [40.0])
    rewards = load_file(folder.path / "episodes.safetensors")["reward-0"]
    assert torch.equal(rewards[: len(before)], before.float())
    records = folder.records()
    assert records[0] == first
    assert [record["epoch"] for record in records] == list(range(1, len(records) + 1))
    updates = [record["updates"] for record in records]
    assert updates == sorted(updates)
    assert run.result["updates"] == updates[-1] > updates[0]
    after = folder.load_checkpoint()
    assert after is not None
    assert after["hired"] == 4
    network = exported(folder.path, "model.safetensors", run.models[0])
    with torch.no_grad():
        torch.testing.assert_close(network(torch.ones(3, 147)), run.models[0](torch.ones(3, 147)))
