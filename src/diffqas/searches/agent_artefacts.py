"""What a finished training of agents leaves: every episode, and the picture of the rewards."""

from __future__ import annotations

import torch
from matplotlib.figure import Figure
from safetensors.torch import save as save_safetensors

from diffqas.agents import BEST, AgentSettings, AgentTraining, RewardLine, rewards_figure
from diffqas.reports import save_figure, stored_rewards
from diffqas.searches.config import RunConfig, config_from_json
from diffqas.storage import Json, RunFolder, write_atomically

EPISODES, REWARDS, ANIMATION = "episodes.safetensors", "rewards.png", "play.gif"


def write_agent_artefacts(folder: RunFolder, config: RunConfig, training: AgentTraining) -> Json:
    """Write the episodes and their picture.

    Returns:
        What belongs in result.json beside what every run leaves.
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


def rewards_picture(folder: RunFolder) -> Figure:
    """Rewards over the episodes, from what the run stored.

    Raises:
        RunError: the run stored none, or the file is damaged.
    """
    path = folder.path / EPISODES
    config = config_from_json(folder.load_config())
    assert isinstance(config.settings, AgentSettings)
    rewards = stored_rewards(path, config.seeds, config.settings.most_steps)
    seeds = f"median of {len(rewards)} seeds"
    if len(rewards) == 1:
        seeds = f"seed {next(iter(rewards))}"
    best = next((reference.value for reference in BEST.get(config.dataset, ())), None)
    line = RewardLine("search", list(rewards.values()))
    return rewards_figure([line], f"{config.dataset}: reward ({seeds})", best)
