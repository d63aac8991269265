"""Advantage actor-critic, with all environments in step or each in a process of its own."""

from diffqas.agents.actor_critic.a2c import SyncTraining as SyncTraining
from diffqas.agents.actor_critic.a3c import AsyncTraining as AsyncTraining
from diffqas.agents.actor_critic.agents import Agent as Agent
from diffqas.agents.actor_critic.agents import Agents as Agents
from diffqas.agents.actor_critic.agents import SeparateAgents as SeparateAgents
from diffqas.agents.actor_critic.records import AgentRecord as AgentRecord
from diffqas.agents.actor_critic.training import AgentTraining as AgentTraining
