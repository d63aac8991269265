"""Returns and losses against plain loops over episodes and samples."""

import math

import pytest
import torch

from diffqas.agents.rollouts import actor_critic_losses, discounted_returns


def slow_returns(rewards, terminated, truncated, values, gamma, bootstrap):
    """From every step to the end of its episode or of what is known, place after place."""
    steps, places = len(rewards), len(rewards[0])
    returns = [[0.0] * places for _ in range(steps)]
    for place in range(places):
        for start in range(steps):
            total, factor = 0.0, 1.0
            for step in range(start, steps):
                total += factor * rewards[step][place]
                factor *= gamma
                if terminated[step][place]:
                    break
                if truncated[step][place]:
                    total += factor * values[step][place] if bootstrap else 0.0
                    break
                if step == steps - 1:
                    total += factor * values[step][place]
            returns[start][place] = total
    return returns


@pytest.mark.parametrize("bootstrap", [False, True])
@pytest.mark.parametrize("gamma", [0.0, 0.9, 1.0])
@pytest.mark.parametrize("steps", [1, 2, 13])
def test_returns_are_those_of_plain_loops(steps, gamma, bootstrap):
    draw = torch.Generator().manual_seed(steps)
    rewards, values = torch.randn(2, steps, 40, dtype=torch.float64, generator=draw)
    terminated, truncated = torch.rand(2, steps, 40, generator=draw) < 0.2  # some steps are both
    found = discounted_returns(rewards, terminated, truncated, values, gamma, bootstrap)
    given = [tensor.tolist() for tensor in (rewards, terminated, truncated, values)]
    expected = torch.tensor(slow_returns(*given, gamma, bootstrap), dtype=torch.float64)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def test_returns_keep_whatever_dimensions_follow_the_steps():
    draw = torch.Generator().manual_seed(0)
    rewards, values = torch.randn(2, 5, 2, 3, generator=draw)
    terminated, truncated = torch.rand(2, 5, 2, 3, generator=draw) < 0.3
    found = discounted_returns(rewards, terminated, truncated, values, 0.9, True)
    flat = [tensor.flatten(1) for tensor in (rewards, terminated, truncated, values)]
    torch.testing.assert_close(found.flatten(1), discounted_returns(*flat, 0.9, True))


@pytest.mark.parametrize("ended", ["terminated", "truncated"])
def test_what_follows_an_end_cannot_be_seen_before_it(ended):
    rewards, no = (
        torch.tensor([1.0, 1.0, torch.nan]).unsqueeze(1),
        torch.zeros(3, 1, dtype=torch.bool),
    )
    end = torch.tensor([False, True, False]).unsqueeze(1)
    ends = (end, no) if ended == "terminated" else (no, end)
    found = discounted_returns(rewards, *ends, torch.full((3, 1), torch.nan), 0.5, False)
    assert found[:2].flatten().tolist() == [1.5, 1.0]
    assert found[2].isnan()


def random_samples(seeds=3, count=7, actions=4):
    draw = torch.Generator().manual_seed(5)
    logits = torch.randn(seeds, count, actions, dtype=torch.float64, generator=draw) * 2
    values, returns = torch.randn(2, seeds, count, dtype=torch.float64, generator=draw)
    chosen = torch.randint(actions, (seeds, count), generator=draw)
    return (
        logits,
        values,
        chosen,
        returns,
        torch.tensor([0.0, 0.5, 2.0], dtype=torch.float64)[:seeds],
    )


def slow_losses(logits, values, actions, returns, entropy_weight):
    """Loss, entropy, and by hand the gradient in logits and values, sample by sample."""
    seeds, count, options = logits.shape
    losses, entropies = torch.zeros(seeds), torch.zeros(seeds)
    losses, entropies = losses.double(), entropies.double()
    by_logits, by_values = torch.zeros_like(logits), torch.zeros_like(values)
    for seed in range(seeds):
        weight = float(entropy_weight[seed])
        for sample in range(count):
            exponentials = [math.exp(float(logit)) for logit in logits[seed, sample]]
            pi = [one / sum(exponentials) for one in exponentials]
            entropy = -sum(p * math.log(p) for p in pi)
            action, advantage = (
                int(actions[seed, sample]),
                float(returns[seed, sample] - values[seed, sample]),
            )
            losses[seed] += (
                advantage**2 - math.log(pi[action]) * advantage - weight * entropy
            ) / count
            entropies[seed] += entropy / count
            by_values[seed, sample] = -2 * advantage / count
            for k in range(options):
                slope = -advantage * ((k == action) - pi[k]) + weight * pi[k] * (
                    math.log(pi[k]) + entropy
                )
                by_logits[seed, sample, k] = slope / count
    return losses, entropies, by_logits, by_values


def test_losses_and_their_gradients_are_those_of_plain_loops():
    logits, values, actions, returns, weight = random_samples()
    logits.requires_grad_()
    values.requires_grad_()
    losses, entropy = actor_critic_losses(logits, values, actions, returns, weight)
    by_logits, by_values = torch.autograd.grad(losses.sum(), [logits, values])
    with torch.no_grad():
        expected = slow_losses(logits, values, actions, returns, weight)
    for found, right in zip((losses, entropy, by_logits, by_values), expected, strict=True):
        torch.testing.assert_close(found.detach(), right, rtol=1e-12, atol=1e-12)
    assert not entropy.requires_grad


def test_the_gradient_in_the_logits_is_that_of_the_loss():
    logits, values, actions, returns, weight = random_samples()
    assert torch.autograd.gradcheck(
        lambda inputs: actor_critic_losses(inputs, values, actions, returns, weight)[0],
        [logits.requires_grad_()],
    )


def test_the_policys_term_teaches_the_value_nothing():
    logits, values, actions, returns, weight = random_samples()
    values.requires_grad_()
    losses, _ = actor_critic_losses(logits, values, actions, returns, weight)
    (squared,) = torch.autograd.grad((returns - values).square().mean(1).sum(), [values])
    (found,) = torch.autograd.grad(losses.sum(), [values])
    torch.testing.assert_close(found, squared)


def test_a_seed_without_a_number_leaves_the_others_alone():
    logits, values, actions, returns, weight = random_samples()
    clean, _ = actor_critic_losses(logits, values, actions, returns, weight)
    logits[1] = torch.nan
    logits.requires_grad_()
    losses, entropy = actor_critic_losses(logits, values, actions, returns, weight)
    (gradient,) = torch.autograd.grad(losses.sum(), [logits])
    assert losses.isnan().tolist() == entropy.isnan().tolist() == [False, True, False]
    assert torch.equal(losses[::2], clean[::2])
    assert torch.isfinite(gradient[::2]).all()


def test_certain_actions_have_no_entropy():
    logits = torch.tensor([[[0.0, -1_000.0, -2_000.0]]], requires_grad=True)
    one = torch.ones(1, 1)
    losses, entropy = actor_critic_losses(
        logits, 0 * one, torch.zeros(1, 1, dtype=torch.int64), one, one[0]
    )
    losses.sum().backward()
    assert (losses.item(), entropy.item()) == (1.0, 0.0)
    assert torch.isfinite(logits.grad).all()
