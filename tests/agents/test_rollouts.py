"""Acting and what follows from it, against one agent alone that writes its weights anew for every
step.
"""

from dataclasses import replace

import gymnasium
import numpy as np
import pytest
import torch

from diffqas.agents.arena import Arena
from diffqas.agents.rollouts import choose_actions, clipped, experience
from diffqas.agents.task import environment_task
from diffqas.training import make_models


def test_actions_come_as_often_as_they_are_likely():
    probabilities = torch.tensor([0.05, 0.6, 0.0, 0.3, 0.05], dtype=torch.float64)
    draws = (torch.arange(10_000, dtype=torch.float64) + 0.5) / 10_000
    actions = choose_actions(torch.log(probabilities).expand(10_000, 5) + 3, draws)
    assert torch.bincount(actions, minlength=5).tolist() == [500, 6_000, 0, 3_000, 500]
    assert torch.equal(actions, actions.sort().values)


@pytest.mark.parametrize("draw", [0.0, 2.0**-60, 0.3, 1 - 2.0**-53])
@pytest.mark.parametrize("certain", [0, 1, 2])
def test_a_certain_action_is_taken_whatever_is_drawn(certain, draw):
    logits = torch.full((3,), -1_000.0)
    logits[certain] = 0.0
    assert choose_actions(logits, torch.tensor(draw, dtype=torch.float64)).item() == certain


def test_the_smallest_and_the_largest_draw_take_the_first_and_the_last_action():
    draws = torch.tensor([0.0, 1 - 2.0**-53], dtype=torch.float64)
    assert choose_actions(torch.zeros(2, 7), draws).tolist() == [0, 6]


def test_every_draw_has_logits_of_its_own():
    logits = torch.zeros(2, 3, 4).index_put(
        (torch.tensor(1), torch.tensor(2), torch.tensor(3)), torch.tensor(50.0)
    )
    assert choose_actions(logits, torch.full((2, 3), 0.1)).tolist() == [[0, 0, 0], [0, 0, 3]]


@pytest.mark.parametrize("most", [None, 2.0, 0.5])
def test_gradients_are_cut_for_each_seed_by_itself(most):
    numbers = [torch.ones(3, 2, 2, requires_grad=True), torch.ones(3, 1, requires_grad=True)]
    slopes = torch.tensor([1.0, 0.1, 0.0])
    losses = slopes * (numbers[0].sum((1, 2)) + numbers[1].sum(1) * 2)
    found = clipped(losses, numbers, most)
    expected = slopes.unsqueeze(1) * torch.tensor([1.0, 1.0, 1.0, 1.0, 2.0])
    if most is not None:
        for row in expected:
            row *= min(1.0, most / max(row.norm().item(), 1e-12))
    torch.testing.assert_close(found, expected)


def test_numbers_that_the_losses_do_not_know_have_no_slope():
    known, unknown = torch.ones(2, 1, requires_grad=True), torch.ones(2, 3, requires_grad=True)
    assert clipped(known.sum(1) * 3, [unknown, known], 1.0).tolist() == [[0, 0, 0, 1], [0, 0, 0, 1]]


@pytest.fixture(scope="module")
def hurried():
    """CartPole with at most twelve steps: some episodes end, some are cut."""
    name = "HurriedCartPole-v0"
    gymnasium.register(
        name, entry_point="gymnasium.envs.classic_control:CartPoleEnv", max_episode_steps=12
    )
    yield environment_task(name).to("cpu", torch.float64)
    del gymnasium.registry[name]


def moved(agents):
    """The agents with other numbers than at their start, and a mean of what they have seen."""
    draw = torch.Generator().manual_seed(8)
    with torch.no_grad():
        for tensor in agents.parameters_in_order:
            tensor += 0.3 * torch.randn(tensor.shape, dtype=tensor.dtype, generator=draw)
        agents.mean += torch.randn(agents.mean.shape, dtype=torch.float64, generator=draw)
    return agents


def slow(task, settings, seed, agents, row, draws, weight):
    """Gradient, loss and entropy of one seed: its own two models, one state after the other, plain
    loops.
    """
    models = [make_models(task.network("policy"), settings, [seed])[0]]
    models += make_models(task.network("value"), settings, [seed + 2**20])
    for model, network in zip(models, (agents.policy, agents.value), strict=True):
        with torch.no_grad():
            model.generator.load_state_dict(
                {k: t[row] for k, t in network.generator.state_dict().items()}
            )
    policy, value = models
    places = Arena(task.identity, [seed], draws.shape[1]).places[0]
    look = lambda o: (torch.as_tensor(o, dtype=torch.float64) - agents.mean[row]) * settings.shrink  # noqa: E731
    samples, ends = [], set()
    for number, place in enumerate(places):
        history = []
        for draw in draws[:, number].tolist():
            seen = look(place.observation)
            logarithms = torch.log_softmax(policy(seen), -1)
            action, sum_ = 0, logarithms[0].exp().item()
            while draw >= sum_:
                action += 1
                sum_ += logarithms[action].exp().item()
            step = place.environment.step(action)
            ends |= {("end", step.terminated), ("cut", step.truncated)}
            history.append((seen, action, logarithms, step))
            place.observation = step.observation
            if step.terminated or step.truncated:
                place.begin(place.episode + 1)
        *_, last = history
        following = value(look(last[3].observation)).item()
        for seen, action, logarithms, step in reversed(history):
            if step.terminated:
                following = 0.0
            elif step.truncated:
                following = value(look(step.observation)).item() if settings.bootstrap else 0.0
            following = step.reward + settings.gamma * following
            judged = value(seen).squeeze()
            entropy = -(logarithms.exp() * logarithms).sum()
            advantage = following - judged
            loss = advantage**2 - logarithms[action] * advantage.item() - weight * entropy
            samples.append((loss, entropy.item()))
    loss = sum(one for one, _ in samples) / len(samples)
    gradients = []
    for model in models:
        numbers = [p for group in model.parameter_groups(1.0) for p in group["params"]]
        flat = torch.cat(
            [
                gradient.flatten()
                for gradient in torch.autograd.grad(loss, numbers, retain_graph=True)
            ]
        )
        if settings.clip is not None and flat.norm() > settings.clip:
            flat = flat * settings.clip / flat.norm()
        gradients.append(flat)
    return torch.cat(gradients), loss.item(), np.mean([entropy for _, entropy in samples]), ends


@pytest.mark.parametrize(
    "chosen",
    [
        {"clip": None, "bootstrap": False, "entropy": 0.0, "centre": False, "shrink": 1.0},
        {"clip": 0.3, "bootstrap": True, "gamma": 0.7},
    ],
    ids=["paper", "default"],
)
def test_the_gradient_is_that_of_one_seed_after_the_other(hurried, settings, make_agents, chosen):
    settings, seeds = replace(settings, workers=2, steps=26, **chosen), [4, 1]
    agents = moved(make_agents(hurried, settings, seeds))
    draws = torch.rand(26, 2, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    weights, ends = torch.tensor([0.4, 0.1], dtype=torch.float64), set()
    found = experience(
        agents, Arena(hurried.identity, seeds, 2), settings, draws, [True, True], weights
    )
    assert found.observations.shape == (2, 52, 4)
    for row, seed in enumerate(seeds):
        gradient, loss, entropy, met = slow(
            hurried, settings, seed, agents, row, draws[:, row], weights[row].item()
        )
        torch.testing.assert_close(found.gradient[row], gradient, rtol=1e-9, atol=1e-9)
        assert found.losses[row].item() == pytest.approx(loss, rel=1e-9)
        assert found.entropy[row].item() == pytest.approx(entropy, rel=1e-9)
        ends |= met
    assert len(ends) == 4  # episodes ended, were cut, and went on


def test_each_network_has_its_own_largest_norm(cartpole, settings, make_agents):
    agents, draws = (
        moved(make_agents(cartpole, settings, [0, 1])),
        torch.full((10, 2, 3), 0.5, dtype=torch.float64),
    )
    weight = torch.zeros(2)

    def gradients(clip):
        arena = Arena("cartpole", [0, 1], 3)
        found = experience(
            agents, arena, replace(settings, clip=clip), draws, [True, True], weight
        ).gradient
        return found.split([sum(p[0].numel() for p in network) for network in agents.numbers], 1)

    whole = gradients(None)
    norms = torch.stack([part.norm(dim=1) for part in whole])
    most = norms.sort(dim=0).values.mean(0).min().item()
    assert (norms > most).any()
    assert (norms < most).any()
    for part, cut in zip(whole, gradients(most), strict=True):
        factors = (most / part.norm(dim=1, keepdim=True)).clamp(max=1)
        torch.testing.assert_close(cut, part * factors, rtol=1e-12, atol=1e-15)


def test_a_seed_that_is_left_out_stays_where_it_is(cartpole, settings, make_agents):
    agents, arena = make_agents(cartpole, settings, [0, 1]), Arena("cartpole", [0, 1], 3)
    before, draws = arena.observations, torch.full((10, 2, 3), 0.5, dtype=torch.float64)
    found = experience(agents, arena, settings, draws, [False, True], torch.zeros(2))
    np.testing.assert_array_equal(arena.observations[0], before[0])
    expected = torch.as_tensor(before[0], dtype=torch.float64).repeat(10, 1)
    torch.testing.assert_close(found.observations[0], expected)
    assert not np.array_equal(arena.observations[1], before[1])


def test_the_numbers_stay_as_they_are(cartpole, settings, make_agents):
    agents = make_agents(cartpole, settings, [0])
    before = {name: tensor.clone() for name, tensor in agents.state_dict().items()}
    draws = torch.full((10, 1, 3), 0.5, dtype=torch.float64)
    experience(agents, Arena("cartpole", [0], 3), settings, draws, [True], torch.zeros(1))
    after = agents.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
