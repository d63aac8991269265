"""The steps between two updates, and the gradient that follows from them.

Returns and losses are those of an advantage actor-critic (Mnih et al. 2016; arXiv 2505.09653, V-C).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from diffqas.agents.arena import Arena, Transitions
from diffqas.agents.networks import Agents, Weights
from diffqas.agents.settings import AgentSettings


@dataclass(frozen=True, eq=False)
class Experience:
    """Some steps of every environment, and the gradient that they give.

    Attributes:
        gradient: the clipped gradient of each seed's loss in its trainable numbers, (seeds,
            numbers).
        losses: the losses, (seeds,).
        entropy: the policy's entropy in nats, the mean over the samples, (seeds,).
        observations: the observations that the policy acted on, (seeds, count, size).
    """

    gradient: Tensor
    losses: Tensor
    entropy: Tensor
    observations: Tensor

    @property
    def sound(self) -> Tensor:
        """Whether loss and gradient are finite, (seeds,) of bool."""
        return torch.isfinite(self.losses) & torch.isfinite(self.gradient).all(1)

    def fault(self, seed: int) -> str:
        """What is wrong with a seed that is not sound, in words."""
        loss = self.losses[seed]
        if torch.isfinite(loss):
            return "the gradient is not finite"
        return f"the loss became {loss.item()}"


def experience(
    agents: Agents,
    arena: Arena,
    settings: AgentSettings,
    draws: Tensor,
    active: Sequence[bool],
    entropy_weight: Tensor,
) -> Experience:
    """Act for `settings.steps` steps with the numbers as they are; the weights are written once.

    Args:
        agents: the agents of all seeds.
        arena: their environments, which move on.
        settings: how to train.
        draws: numbers drawn uniformly from [0, 1), which choose the actions, (steps, seeds,
            workers).
        active: for each seed whether its environments move.
        entropy_weight: the weight of the entropy for each seed, (seeds,).
    """
    # The circuits run once for all steps. Acting uses the weights without gradients; the losses at
    # the end use the same weights with gradients.
    policy, value = agents.policy.generate(), agents.value.generate()
    acting, judging = _plain(policy), _plain(value)
    like = agents.example
    seen, chosen, led = [], [], list[Transitions]()
    for draw in draws:
        observations = torch.as_tensor(arena.observations, dtype=like.dtype, device=like.device)
        with torch.no_grad():
            logits = agents.policy.call(acting, agents.inputs(observations), own=True)
        actions = choose_actions(logits, draw)
        led.append(arena.step(actions.numpy(), active))
        seen.append(observations)
        chosen.append(actions)
    seeds, workers = draws.shape[1:]
    following = torch.as_tensor(
        np.stack([t.following for t in led], 1), dtype=like.dtype, device=like.device
    )
    # A bootstrapped return is a constant in the loss, so the critic is not drawn towards itself.
    with torch.no_grad():
        values = agents.value.call(judging, agents.inputs(following.flatten(1, 2)), own=True)
    returns = discounted_returns(
        torch.as_tensor(np.stack([t.rewards for t in led]), dtype=like.dtype, device=like.device),
        torch.as_tensor(np.stack([t.terminated for t in led]), device=like.device),
        torch.as_tensor(np.stack([t.truncated for t in led]), device=like.device),
        values.reshape(seeds, len(led), workers).transpose(0, 1),
        settings.gamma,
        settings.bootstrap,
    )
    looked_at = torch.stack(seen, 1).flatten(1, 2)
    inputs = agents.inputs(looked_at)
    losses, entropy = actor_critic_losses(
        agents.policy.call(policy, inputs, own=True),
        agents.value.call(value, inputs, own=True).squeeze(-1),
        torch.stack(chosen, 1).flatten(1).to(like.device),
        returns.transpose(0, 1).flatten(1),
        entropy_weight.to(like),
    )
    parts = [clipped(losses, network, settings.clip) for network in agents.numbers]
    return Experience(torch.cat(parts, 1), losses.detach(), entropy, looked_at)


def choose_actions(logits: Tensor, draws: Tensor) -> Tensor:
    """Choose actions by inverting the cumulative probabilities.

    Logits (..., actions) and uniform draws (...) give actions (...) on the CPU.

    >>> logits = torch.log(torch.tensor([0.2, 0.5, 0.3])).expand(3, 3)
    >>> choose_actions(logits, torch.tensor([0.1, 0.6, 0.9]))
    tensor([0, 1, 2])
    """
    # Computed in float64, because the sum of rounded float32 probabilities may stay below a draw
    # near 1. The last action needs no bound: it is taken when all others are passed.
    cumulated = torch.softmax(logits.double(), -1).cumsum(-1).cpu()
    return (draws.unsqueeze(-1) >= cumulated[..., :-1]).sum(-1)


def clipped(losses: Tensor, numbers: Sequence[Tensor], most: float | None) -> Tensor:
    """The gradients of each seed's loss in its numbers, (seeds, numbers).

    With `most` their norm is cut to at most that.
    """
    # No number is shared between seeds, so the gradient of the sum is each seed's own.
    gradients = torch.autograd.grad(
        losses.sum(), numbers, retain_graph=True, allow_unused=True, materialize_grads=True
    )
    flat = torch.cat([gradient.flatten(1) for gradient in gradients], 1)
    if most is None:
        return flat
    # A norm below the limit is replaced by the limit, so that the factor is 1.
    norm = flat.norm(dim=1, keepdim=True).clamp(min=most)
    return flat * (most / norm)


def _plain(weights: Weights) -> Weights:
    return {name: tensor.detach() for name, tensor in weights.items()}


def discounted_returns(
    rewards: Tensor,
    terminated: Tensor,
    truncated: Tensor,
    values: Tensor,
    gamma: float,
    bootstrap: bool,
) -> Tensor:
    """The discounted returns R_t = r_t + gamma R_(t+1), (steps, ...).

    They start from the value of the last state.

    Args:
        rewards: the rewards, (steps, ...).
        terminated: where an episode came to an end of its own, (steps, ...) of bool.
        truncated: where it was cut at its time limit, (steps, ...) of bool.
        values: the values of the states that the steps led to, (steps, ...). They are used at the
            last step and where an episode was cut.
        gamma: the discount.
        bootstrap: whether a cut episode counts with the value of its last state; if not, the cut
            is an end like any other.

    >>> one = torch.ones(3)
    >>> no = torch.zeros(3, dtype=torch.bool)
    >>> discounted_returns(one, no, no, 8 * one, 0.5, False)
    tensor([2.7500, 3.5000, 5.0000])
    """
    returns = torch.empty_like(rewards)
    following = values[-1]
    # This goes backwards, since R_t needs R_(t+1). At the end of an episode nothing of the next
    # episode flows back.
    for step in range(len(rewards) - 1, -1, -1):
        cut = values[step] if bootstrap else torch.zeros_like(following)
        following = torch.where(truncated[step], cut, following).masked_fill(terminated[step], 0)
        following = returns[step] = rewards[step] + gamma * following
    return returns


def actor_critic_losses(
    logits: Tensor, values: Tensor, actions: Tensor, returns: Tensor, entropy_weight: Tensor
) -> tuple[Tensor, Tensor]:
    """The losses of policy and value, and the mean entropy H in nats, each (seeds,).

    The loss is the mean of (R - V)^2 - log pi(a) (R - V) - c H over the samples of a seed. The
    advantage R - V in the second term carries no gradient.

    Args:
        logits: logits of the actions, (seeds, count, actions).
        values: the values V, (seeds, count).
        actions: the actions a that were taken, (seeds, count) of int64.
        returns: the returns R, (seeds, count).
        entropy_weight: c of each seed, (seeds,).
    """
    # log pi is computed directly: the logarithm of a softmax that underflows would be infinite.
    logarithms = torch.log_softmax(logits, dim=-1)
    chosen = logarithms.gather(-1, actions.unsqueeze(-1)).squeeze(-1)
    entropy = -(logarithms.exp() * logarithms).sum(-1).mean(1)
    advantage = returns - values
    losses = (advantage.square() - chosen * advantage.detach()).mean(1)
    return losses - entropy_weight * entropy, entropy.detach()
