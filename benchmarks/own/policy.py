"""A policy for CartPole-v1, trained by a loop that knows nothing of `diffqas`."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import torch
from torch import nn

PARALLEL, MOMENTS, UPDATES, PASSES = 8, 64, 60, 4


def train_policy(model: nn.Module, optimizer: torch.optim.Optimizer, seed: int) -> None:
    """Proximal policy optimisation with the mean return as its baseline (30,720 moments)."""
    rooms = gym.make_vec("CartPole-v1", num_envs=PARALLEL, vectorization_mode="sync")
    seen, _ = rooms.reset(seed=seed)
    torch.manual_seed(seed)
    for _ in range(UPDATES):
        states, actions, rewards, ends = [], [], [], []
        for _ in range(MOMENTS):
            states.append(torch.as_tensor(seen, dtype=torch.float32))
            with torch.no_grad():
                actions.append(torch.distributions.Categorical(logits=model(states[-1])).sample())
            seen, _, ended, cut, _ = rooms.step(actions[-1].numpy())
            rewards.append(1.0 - ended.astype(np.float32))
            ends.append(ended | cut)
        gains = _returns(np.stack(rewards), np.stack(ends))
        states, actions = torch.cat(states), torch.cat(actions)
        old = torch.distributions.Categorical(logits=model(states)).log_prob(actions).detach()
        for _ in range(PASSES):
            now = torch.distributions.Categorical(logits=model(states))
            ratio = (now.log_prob(actions) - old).exp()
            clipped = torch.minimum(ratio * gains, ratio.clamp(0.8, 1.2) * gains)
            optimizer.zero_grad()
            (-clipped.mean() - 0.005 * now.entropy().mean()).backward()
            optimizer.step()
    rooms.close()


def _returns(rewards: np.ndarray, ends: np.ndarray) -> torch.Tensor:
    """Discounted sums of the rewards that follow, standardised, (moments * environments,)."""
    sums, later = np.zeros_like(rewards), np.zeros(rewards.shape[1], dtype=np.float32)
    for moment in reversed(range(len(rewards))):
        later = rewards[moment] + 0.97 * later * ~ends[moment]
        sums[moment] = later
    flat = torch.as_tensor(sums).flatten()
    return (flat - flat.mean()) / (flat.std() + 1e-6)


@torch.no_grad()
def mean_length(model: nn.Module) -> float:
    """Moments that the pole stands, mean of twenty episodes by the more likely action."""
    lengths = []
    room = gym.make("CartPole-v1")
    for episode in range(20):
        state, _ = room.reset(seed=10_000 + episode)
        length, over = 0, False
        while not over:
            action = model(torch.as_tensor(state).unsqueeze(0)).argmax().item()
            state, _, ended, cut, _ = room.step(action)
            length, over = length + 1, ended or cut
        lengths.append(length)
    return float(np.mean(lengths))
