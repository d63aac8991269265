import pytest
import torch

from diffqas.agents.networks import tanh_network
from diffqas.agents.settings import AgentSettings
from diffqas.agents.task import AGENT_RECIPES, POLICY_HEAD, environment_task
from diffqas.errors import ArgumentError


def test_the_networks_of_minigrid_are_the_papers():
    task = environment_task("minigrid-empty-5x5")
    policy, value = task.policy(), task.value()
    assert sum(p.numel() for p in policy.parameters()) == 147 * 32 + 32 + 32 * 32 + 32 + 32 * 7 + 7
    assert sum(p.numel() for p in value.parameters()) == 147 * 32 + 32 + 32 * 32 + 32 + 32 + 1
    assert policy(torch.zeros(5, 147)).shape == (5, 7)
    assert value(torch.zeros(5, 147)).shape == (5, 1)


def test_a_network_is_tanh_between_its_layers_and_a_smaller_head():
    torch.manual_seed(0)
    network = tanh_network(3, 2, widths=(4,))
    torch.manual_seed(0)
    small = tanh_network(3, 2, widths=(4,), head=POLICY_HEAD)
    x = torch.randn(6, 3)
    first, _, last = network
    torch.testing.assert_close(network(x), last(torch.tanh(first(x))))
    torch.testing.assert_close(small(x), POLICY_HEAD * network(x))


@pytest.mark.parametrize(("name", "outputs"), [("policy", 2), ("value", 1)])
def test_each_network_is_the_target_of_a_task(name, outputs):
    task = environment_task("cartpole").to("cpu", torch.float64).network(name)
    assert task.train.inputs.dtype == torch.float64
    assert task.target().double()(task.train.inputs).shape == (1, outputs)


def test_recipes_are_chosen_by_name():
    task = environment_task("cartpole")
    assert task.settings("paper") is AGENT_RECIPES["paper"]
    with pytest.raises(ArgumentError, match="did you mean 'paper'"):
        task.settings("papers")


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"depth": 0}, "`depth` must be at least 1, but got 0"),
        ({"episodes": 1.5}, "`episodes` must be at least 1, but got 1.5"),
        ({"workers": True}, "`workers` must be at least 1"),
        ({"steps": -1}, "`steps` must be at least 1"),
        ({"decay": 0}, "`decay` must be at least 1"),
        ({"algorithm": "a2"}, "did you mean 'a2c'"),
        ({"gamma": 1.1}, "`gamma` must be between 0 and 1"),
        ({"gamma": float("nan")}, "`gamma` must be between 0 and 1"),
        ({"lr": 0.0}, "`lr` must be positive"),
        ({"clip": 0.0}, "`clip` must be positive or None"),
    ],
)
def test_a_wrong_setting_is_told_with_its_rule(wrong, rule):
    with pytest.raises(ArgumentError) as stop:
        AgentSettings(AGENT_RECIPES["paper"].generator, **wrong)
    assert rule in str(stop.value)
