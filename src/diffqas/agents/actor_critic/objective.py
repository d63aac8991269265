"""Returns and losses of an advantage actor-critic (Mnih et al. 2016; arXiv 2505.09653, V-C)."""

from __future__ import annotations

import torch
from torch import Tensor


def discounted_returns(
    rewards: Tensor,
    terminated: Tensor,
    truncated: Tensor,
    values: Tensor,
    gamma: float,
    bootstrap: bool,
) -> Tensor:
    """R_t = r_t + gamma R_(t+1), from the value of the last state on, (steps, ...).

    Args:
        rewards: (steps, ...).
        terminated: where an episode came to its end, (steps, ...) of bool.
        truncated: where it was cut at its time limit.
        values: of the states that the steps led to, (steps, ...); used at the last step, and where
            one was cut.
        gamma: discount.
        bootstrap: a cut episode counts with the value of its last state; else its end is an end
            like any other.

    >>> one = torch.ones(3)
    >>> no = torch.zeros(3, dtype=torch.bool)
    >>> discounted_returns(one, no, no, 8 * one, 0.5, False)
    tensor([2.7500, 3.5000, 5.0000])
    """
    returns = torch.empty_like(rewards)
    following = values[-1]
    for step in range(len(rewards) - 1, -1, -1):
        cut = values[step] if bootstrap else torch.zeros_like(following)
        following = torch.where(truncated[step], cut, following).masked_fill(terminated[step], 0)
        following = returns[step] = rewards[step] + gamma * following
    return returns


def actor_critic_losses(
    logits: Tensor, values: Tensor, actions: Tensor, returns: Tensor, entropy_weight: Tensor
) -> tuple[Tensor, Tensor]:
    """Mean of (R - V)^2 - log pi(a) (R - V) - c H over the samples of each seed, and the mean
    entropy H, in nats.

    The advantage R - V in the second term carries no gradient.

    Args:
        logits: (seeds, count, actions).
        values: (seeds, count).
        actions: (seeds, count) of int64.
        returns: (seeds, count).
        entropy_weight: c of each seed, (seeds,).
    """
    logarithms = torch.log_softmax(logits, dim=-1)
    chosen = logarithms.gather(-1, actions.unsqueeze(-1)).squeeze(-1)
    entropy = -(logarithms.exp() * logarithms).sum(-1).mean(1)
    advantage = returns - values
    losses = (advantage.square() - chosen * advantage.detach()).mean(1)
    return losses - entropy_weight * entropy, entropy.detach()
