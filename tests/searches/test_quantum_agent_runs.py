"""Runs of agents that are circuits: folder, resume, page, repeat, play, export and wrong words."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from diffqas import load, resume, search
from diffqas.agents import a2c, a3c
from diffqas.cli import main
from diffqas.kinds import LIVE_SPACE
from diffqas.runs import export_circuits, report_runs
from diffqas.runs.listing import summarise
from diffqas.searches import command_of, config_from_json, estimate, prepare
from diffqas.searches.agent_artefacts import rewards_picture
from diffqas.storage import RunFolder, read_json

pytest.importorskip("gymnasium", reason="environments need gymnasium")

CANDIDATES = tuple(LIVE_SPACE)[:3]
NAMES = sorted(candidate.name for candidate in CANDIDATES)
SMALL = {
    "model": "vqc",
    "candidates": CANDIDATES,
    "qubits": 3,
    "depth": 1,
    "workers": 2,
    "most_steps": 150,
}
MODELS = ("model.safetensors", "model-seed-5.safetensors")
CIRCUITS = ("circuit-policy.qasm", "circuit-value-seed-5.qasm")


@pytest.fixture(scope="module", autouse=True)
def short_records():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(a2c, "UPDATES_PER_RECORD", 4)
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory, short_records):
    folder = tmp_path_factory.mktemp("runs") / "pole"
    return search("CartPole-v1", **SMALL, seeds=[3, 5], output=folder, quiet=True)


def test_the_folder_holds_what_is_promised(run):
    names = {path.name for path in run.folder.iterdir()}
    assert names == {
        "config.json",
        "metrics.jsonl",
        "checkpoint.pt",
        "result.json",
        *MODELS,
        "circuit-policy.qasm",
        "circuit-value.qasm",
        "circuit-policy-seed-5.qasm",
        "circuit-value-seed-5.qasm",
        "episodes.safetensors",
        "rewards.png",
        "structural_weights.png",
        "tensorboard",
    }
    text = (run.folder / "circuit-policy.qasm").read_text()
    assert "x2" in text
    assert "what the front gives" in text


def test_the_result_counts_and_ranks_both_networks(run):
    result = read_json(run.folder / "result.json")
    assert (result["model"], result["task"], result["last"]) == ("vqc", "CartPole-v1", 100)
    # front, head, angles, structural weights, and a Hermitian matrix of 8 rows on each window
    policy = (4 + 1) * 3 + (3 + 1) * 2 + 3 + 3 + 3 * 64
    assert result["trainable_parameters"] == policy + policy - (3 + 1)
    assert result["target_parameters"] is None
    for network in ("policy", "value"):
        rows = [row for row in result["ranking"] if row["gate"] == network]
        assert sorted(name for row in rows for name in row["merged"]) == NAMES


def test_steps_end_a_seed(run):
    assert min(run.result["steps"]) >= SMALL["most_steps"]
    rewards = load_file(run.folder / "episodes.safetensors")
    counts = [len(rewards[f"reward-{seed}"]) for seed in (3, 5)]
    assert run.result["episodes"] == counts
    (axes,) = rewards_picture(RunFolder(run.folder)).axes
    # Seeds have many short episodes or few long ones: what they have in common are steps.
    assert axes.lines[0].get_xdata()[-1] == min(run.result["steps"])
    assert axes.get_xlabel() == "steps of each seed in the environment"


def test_a_stopped_run_ends_bit_equal(run, tmp_path, monkeypatch):
    monkeypatch.setattr("diffqas.searches.session.CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr("diffqas.searches.session.CHECKPOINT_SHARE", 0)
    append = RunFolder.append
    left = iter([False, True])

    def write(self, record):
        append(self, record)
        if next(left):
            raise KeyboardInterrupt

    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "append", write)
        with pytest.raises(KeyboardInterrupt):
            search("CartPole-v1", **SMALL, seeds=[3, 5], output=folder, quiet=True)
    assert summarise(folder).state == "unfinished"
    assert not (folder / "result.json").exists()
    continued = resume(folder, quiet=True)
    for name in ("metrics.jsonl", "episodes.safetensors", *MODELS, *CIRCUITS):
        assert (folder / name).read_bytes() == (run.folder / name).read_bytes()
    timeless = [{**result, "seconds": None} for result in (continued.result, run.result)]
    assert timeless[0] == timeless[1]


def test_workers_that_do_not_wait_train_circuits_too_and_go_on(
    stopped_after, tmp_path, monkeypatch
):
    # Processes begin twice, before and after the stop: some seconds.
    monkeypatch.setattr(a3c, "EPISODES_PER_RECORD", 1)
    own = {name: value for name, value in SMALL.items() if name != "most_steps"}
    own |= {"algorithm": "a3c", "episodes": 20, "output": tmp_path / "run", "quiet": True}
    with stopped_after(1, KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        search("CartPole-v1", **own)
    assert summarise(tmp_path / "run").state == "unfinished"
    result = resume(tmp_path / "run", quiet=True).result
    assert (result["algorithm"], result["episodes"]) == ("a3c", [20.0])
    assert (tmp_path / "run" / "circuit-policy.qasm").exists()


def test_a_seed_alone_is_the_seed_in_company(run, tmp_path):
    alone = search("CartPole-v1", **SMALL, seeds=[5], output=tmp_path / "run", quiet=True)
    assert alone.result["episodes"] == run.result["episodes"][1:]
    stored = load_file(run.folder / MODELS[1])
    for name, tensor in load_file(alone.folder / "model.safetensors").items():
        torch.testing.assert_close(tensor, stored[name])


def test_stored_numbers_are_those_of_the_policy(run):
    again = load(run.folder)
    for agent, name in zip(again.models, MODELS, strict=True):
        policy = agent.export()
        stored = load_file(run.folder / name)
        numbers = dict(policy.named_parameters())
        assert stored.keys() == numbers.keys() | {"0.mean"}
        assert all(torch.equal(numbers[key], stored[key]) for key in numbers)


def test_the_command_of_a_run_makes_its_choices(run):
    config = config_from_json(json.loads((run.folder / "config.json").read_text()))
    text = command_of(config).text
    assert text.startswith("diffqas search CartPole-v1 --model vqc ")
    assert "--qubits 3" in text
    assert "--most-steps 150" in text


def test_the_page_the_list_and_the_terminal_show_it(run, tmp_path, capsys):
    path, notes = report_runs([run.folder], output=tmp_path / "page.html")
    text = path.read_text()
    assert not notes
    assert "policy" in text
    assert "reward, mean of" in text
    assert summarise(run.folder).model == "vqc"
    main(["show", str(run.folder)])
    assert "the policy of raw observations: front, quantum layer and head" in (
        capsys.readouterr().out
    )


def test_it_is_repeated_bit_by_bit(run, capsys):
    main(["repeat", str(run.folder)])
    assert "exported networks  bit-equal" in capsys.readouterr().out


def test_the_agent_plays(run, tmp_path, capsys):
    pytest.importorskip("pygame", reason="pictures need pygame")
    main(["play", str(run.folder), "--seed", "5", "--output", str(tmp_path / "play.gif")])
    assert "reward" in capsys.readouterr().out
    assert (tmp_path / "play.gif").read_bytes().startswith(b"GIF8")


def test_time_and_memory_are_told_before():
    found = estimate(prepare("CartPole-v1", **SMALL))
    assert found.weights is None
    assert found.steps == 15  # updates of two environments with five steps


def test_a_circuit_that_must_stay_is_said_to(run, refused):
    assert "keeps its circuits" in refused("export", str(run.folder))
    assert "keeps its circuits" in refused("export", str(run.folder), "--format", "onnx")
    assert "another observation at every step" in refused("noise", str(run.folder))


def test_shots_of_an_agent_in_hand(run):
    (agent, _) = load(run.folder).models
    agent.eval()
    x = torch.zeros(4)
    exact = agent(x)
    agent.policy.layer.shots = 1000
    assert not torch.equal(agent(x), exact)
    agent.policy.layer.shots = 10**9
    torch.testing.assert_close(agent(x), exact, atol=1e-2, rtol=0)


def test_the_policy_leaves_as_circuits_of_raw_observations(run, tmp_path):
    agent = load(run.folder).models[1].double()
    found = export_circuits(run.folder, seed=5, output=tmp_path / "circuits")
    assert found.about["input"]["name"] == "observation"
    samples = found.about["samples"]
    with torch.no_grad():
        outputs = agent(torch.tensor(samples["inputs"], dtype=torch.float64))
    np.testing.assert_allclose(outputs, samples["outputs"], atol=1e-12)
    assert found.circuits == len(CANDIDATES)


def test_centred_observations_are_folded_into_the_front(tmp_path):
    options = SMALL | {"most_steps": 30, "observables": "z", "locality": None}
    room = search(
        "CartPole-v1", **options, centre=True, shrink=0.5, output=tmp_path / "run", quiet=True
    )
    agent = room.models[0].double()
    assert agent.mean.any()
    samples = export_circuits(room.folder).about["samples"]
    with torch.no_grad():
        outputs = agent(torch.tensor(samples["inputs"], dtype=torch.float64))
    np.testing.assert_allclose(outputs, samples["outputs"], atol=1e-6)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["Pendulum-v1"], "must have discrete actions"),
        (["CartPole-v1", "--qubits", "2"], "locality"),
        (["CartPole-v1", "--structure", "output"], "`structure` must be layer for an agent"),
        (["CartPole-v1", "--front", "pool"], "`front` must be linear or none for an agent"),
        (["CartPole-v1", "--fit-observables"], "`fit_observables` must be used with a data set"),
        (["CartPole-v1", "--baselines"], "`baselines` must be used with a data set"),
        (["CartPole-v1", "--scale", "tanh"], "`scale` must be used with the model qt"),
        (["CartPole-v1", "--observables", "z", "--locality", "3"], "`locality` must go with"),
        (["CartPole-v1", "--hidden-size", "2"], "must be used with"),
        (["CartPole-v1", "--most-steps", "0"], "`most_steps` must be at least 1"),
        (["iris", "--most-steps", "5"], "`most_steps` must be used with an environment"),
    ],
)
def test_wrong_words_are_one_line(words, line, refused):
    assert line in refused("search", *words, "--model", "vqc")
