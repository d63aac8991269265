"""What a finished training of agents leaves: every episode, and the picture of the rewards."""

from __future__ import annotations

import torch
from matplotlib.figure import Figure
from safetensors.torch import save as save_safetensors

from diffqas.agents import BEST, AgentSettings, AgentTraining, RewardLine, rewards_figure
from diffqas.reports import StoredRewards, save_figure, stored_rewards
from diffqas.searches.config import RunConfig, config_from_json
from diffqas.storage import Json, RunFolder, write_atomically

EPISODES, REWARDS, ANIMATION = "episodes.safetensors", "rewards.png", "play.gif"


def write_agent_artefacts(folder: RunFolder, config: RunConfig, training: AgentTraining) -> Json:
    """Write the episodes and their picture.

    Returns:
        The entries of result.json that only runs of agents have.
    """
    tensors: dict[str, torch.Tensor] = {}
    log = training.log
    for seed, rewards, lengths in zip(config.seeds, log.rewards, log.lengths, strict=True):
        tensors[f"reward-{seed}"] = torch.tensor(rewards, dtype=torch.float32)
        tensors[f"steps-{seed}"] = torch.tensor(lengths, dtype=torch.int32)
    write_atomically(folder.path / EPISODES, save_safetensors(tensors, {"format": "pt"}))
    save_figure(rewards_picture(folder), folder.path / REWARDS)
    settings = training.settings
    return {
        "algorithm": settings.algorithm,
        "workers": settings.places,
        "updates": training.updates,
        "last": training.last,
        "metric": "reward",
        **training.metrics,
    }


def reward_line(stored: StoredRewards) -> RewardLine:
    """The line of a run in a picture, over its episodes, or over steps if these end a seed."""
    rewards = list(stored.rewards.values())
    if stored.lengths is None:
        return RewardLine("search", rewards)
    return RewardLine("search", rewards, lengths=list(stored.lengths.values()))


def rewards_picture(folder: RunFolder) -> Figure:
    """Draw the rewards over the episodes or the steps, from what the run stored.

    Raises:
        RunError: the run stored no rewards, or the file is damaged.
    """
    path = folder.path / EPISODES
    config = config_from_json(folder.load_config())
    assert isinstance(config.settings, AgentSettings)
    stored = stored_rewards(path, config.seeds, config.settings.most_steps)
    seeds = f"median of {len(stored.rewards)} seeds"
    if len(stored.rewards) == 1:
        seeds = f"seed {next(iter(stored.rewards))}"
    best = next((reference.value for reference in BEST.get(config.dataset, ())), None)
    line = reward_line(stored)
    return rewards_figure([line], f"{config.dataset}: reward ({seeds})", best)
