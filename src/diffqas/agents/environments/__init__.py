"""Environments of gymnasium, agents' networks, and how they are trained."""

from diffqas.agents.environments.arena import Arena as Arena
from diffqas.agents.environments.episode import Episode as Episode
from diffqas.agents.environments.episode import play_episode as play_episode
from diffqas.agents.environments.gym import ENVIRONMENTS as ENVIRONMENTS
from diffqas.agents.environments.gym import Environment as Environment
from diffqas.agents.environments.gym import is_environment as is_environment
from diffqas.agents.environments.networks import tanh_network as tanh_network
from diffqas.agents.environments.references import random_policy as random_policy
from diffqas.agents.environments.settings import AgentSettings as AgentSettings
from diffqas.agents.environments.task import EnvironmentTask as EnvironmentTask
from diffqas.agents.environments.task import environment_task as environment_task
