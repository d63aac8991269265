"""Agents whose policies are written by measured circuits."""

import csv

import numpy as np
import pytest
import torch

from diffqas import search
from diffqas.agents.arena import Place
from diffqas.agents.environments import Environment
from diffqas.errors import ArgumentError
from diffqas.runs.noise import noise_run
from diffqas.runs.noise.episodes import EpisodeScorer
from diffqas.runs.noise.writing import writing

pytest.importorskip("gymnasium", reason="needs gymnasium: pip install 'diffqas[rl]'")
EPISODES = 3


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("agents") / "run"
    return search("cartpole", seeds=2, episodes=2, depth=1, workers=2, output=folder, quiet=True)


def slowly(policy: torch.nn.Module) -> float:
    """Mean reward of a policy, one step after the other; the draws are those of the scorer."""
    draws, rewards = np.random.default_rng(0).random((500, EPISODES)), []
    for number in range(EPISODES):
        place = Place(Environment("cartpole"), 0, number)
        place.begin(0)
        for row in draws:
            with torch.no_grad():
                chances = policy(torch.from_numpy(place.observation)).double().softmax(-1).numpy()
            step = place.act(int(row[number] >= chances[0]))
            if step.terminated or step.truncated:
                break
        rewards.append(place.reward)
    return float(np.mean(rewards))


def test_rewards_are_those_of_the_exported_policies(run):
    scorer = EpisodeScorer(run.models, "cartpole", EPISODES)
    assert torch.equal(scorer.mean[:, 0], torch.stack([agent.mean for agent in run.models]))
    assert scorer.mean.abs().max() > 0
    exact = scorer([writing(agent.policy).mixed() for agent in run.models])
    scorer.close()
    assert exact["reward"] == [slowly(agent.export()) for agent in run.models]
    assert exact["success"] == [1.0, 1.0]


def test_the_mean_of_the_observations_is_the_agents_own(run):
    """Another centre is another policy: a scorer that forgot it would not tell."""
    here = [writing(agent.policy).mixed() for agent in run.models]
    scorer = EpisodeScorer(run.models, "cartpole", EPISODES)
    as_is = scorer(here)["reward"]
    scorer.mean = scorer.mean + 5
    assert scorer(here)["reward"] != as_is
    scorer.close()


def test_the_report_of_an_agent(run, tmp_path):
    report = noise_run(
        run.folder,
        shots=[10, 10**15],
        readout=[0.3],
        top_k=[],
        repeats=2,
        episodes=EPISODES,
        output=tmp_path / "noise",
    )
    assert report.label == "reward"
    few, many = report.of("search", "shots")
    assert many.figures["reward"] == tuple(
        (one, one) for (one,) in report.exact("search").figures["reward"]
    )
    assert few.figures["reward"] != many.figures["reward"]
    assert len(report.of("search", "readout")[0].values("reward")) == 2
    assert any("means of 3 episodes" in note for note in report.notes)
    rows = list(csv.DictReader((tmp_path / "noise" / "noise.csv").read_text().splitlines()))
    assert {"reward", "success"} < set(rows[0])
    assert "# cartpole: reward, measured circuits" in (tmp_path / "noise" / "noise.md").read_text()


def test_episodes_belong_to_agents(run, tmp_path):
    with pytest.raises(
        ArgumentError, match="`episodes` must be a whole number of at least 1, but got 0"
    ):
        noise_run(run.folder, episodes=0)
    series = search("bessel", depth=1, epochs=1, output=tmp_path / "series", quiet=True)
    with pytest.raises(
        ArgumentError, match="`episodes` must go with an environment, but got the data set 'bessel'"
    ):
        noise_run(series.folder, episodes=5)
