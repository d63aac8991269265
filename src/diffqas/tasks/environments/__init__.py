"""Environments of gymnasium, agents' networks, and how they are trained."""

from diffqas.tasks.environments.arena import Arena as Arena
from diffqas.tasks.environments.episode import Episode as Episode
from diffqas.tasks.environments.episode import play_episode as play_episode
from diffqas.tasks.environments.gym import ENVIRONMENTS as ENVIRONMENTS
from diffqas.tasks.environments.gym import Environment as Environment
from diffqas.tasks.environments.gym import is_environment as is_environment
from diffqas.tasks.environments.networks import tanh_network as tanh_network
from diffqas.tasks.environments.references import random_policy as random_policy
from diffqas.tasks.environments.settings import AgentSettings as AgentSettings
from diffqas.tasks.environments.task import EnvironmentTask as EnvironmentTask
from diffqas.tasks.environments.task import environment_task as environment_task
