"""What trains in a row: populations of seeds made for a task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from diffqas.agents import NETWORKS, AgentSettings, EnvironmentTask, ordinary_agent
from diffqas.architecture import Raw
from diffqas.circuits import CONSTANTS, TABLE_I, Candidate, form
from diffqas.kinds import AnyKind, ordinary_networks
from diffqas.optimisers import DirectLockstep, Population
from diffqas.quantum_train import HashedWeights, Lockstep, RandomSubspace
from diffqas.tasks import Settings, Task
from diffqas.training import ModelSettings, choose_rate, make_models, seeded


@dataclass(frozen=True)
class OneHot(Raw):
    """Weight 1 for one candidate, 0 for all others.

    >>> OneHot(index=1).initial(3).tolist()
    [0.0, 1.0, 0.0]
    """

    index: int = 0

    def initial(self, count: int) -> Tensor:
        """The weights, (count,)."""
        return torch.nn.functional.one_hot(torch.tensor(self.index), count).float()


def search(
    task: Task, settings: Settings, seeds: Sequence[int], sharing: str = "shared"
) -> Lockstep:
    """The mixture of all twelve candidates, as `diffqas search` trains it."""
    return Lockstep(make_models(task, settings, seeds, sharing=sharing))


def of_kind(task: Task, settings: Settings, seeds: Sequence[int], kind: AnyKind) -> Population:
    """What `diffqas search` trains with these choices."""
    population, _ = kind.make(task, settings, seeds)
    return population


def fixed(task: Task, settings: Settings, seeds: Sequence[int], candidate: Candidate) -> Lockstep:
    """One candidate at weight 1: the search's program, with nothing else simulated; angles and
    mapping learn.

    The angles of a constant do nothing: the optimiser is not given them.
    """
    models = make_models(task, _with_relaxation(settings, Raw(1.0)), seeds, candidates=[candidate])
    for model in models:
        model.circuits.structure.requires_grad_(False)
        model.circuits.angles.requires_grad_(form(candidate) not in CONSTANTS)
    return Lockstep(models)


def random_candidate(task: Task, settings: Settings, seeds: Sequence[int]) -> Lockstep:
    """Each seed trains one candidate at weight 1, drawn by the seed."""
    models = []
    for seed in seeds:
        chosen = _with_relaxation(settings, OneHot(index=drawn_candidate(seed)))
        models += make_models(task, chosen, [seed])
        models[-1].circuits.structure.requires_grad_(False)
    return Lockstep(models)


def drawn_candidate(seed: int) -> int:
    """Index of the candidate that a seed draws.

    >>> [drawn_candidate(seed) + 1 for seed in range(10)]
    [9, 2, 1, 11, 11, 12, 3, 4, 4, 11]
    """
    return int(torch.randint(len(TABLE_I), (), generator=torch.Generator().manual_seed(seed)))


def uniform(task: Task, settings: Settings, seeds: Sequence[int]) -> Lockstep:
    """No circuit: the uniform distribution for ever, so that weights are linear in the bits of
    their index.
    """
    population = fixed(task, settings, seeds, Candidate(True, "ent", "rx"))
    population.circuits.requires_grad_(False)
    return population


def wide_uniform(task: Task, settings: Settings, seeds: Sequence[int]) -> Lockstep:
    """No circuit: the mapping on equal probabilities, with at most as many numbers as the search.

    A basis state writes several weights, so that the mapping has more numbers.
    """
    numbers = _search_count(task, settings)
    return Lockstep(make_models(task, settings, seeds, generator="uniform", numbers=numbers))


def frozen(task: Task, settings: Settings, seeds: Sequence[int]) -> Lockstep:
    """The mixture of all candidates at random angles and equal weights, which stay; the mapping
    learns.
    """
    population = search(task, settings, seeds)
    population.circuits.requires_grad_(False)
    return population


def hashed(
    task: Task, settings: Settings, seeds: Sequence[int], rate: float = 1.0
) -> HashedWeights:
    """A classical vector of as many numbers as the search trains, shared by all weights."""
    return HashedWeights(_targets(task, seeds), seeds, _search_count(task, settings), rate)


def subspace(
    task: Task, settings: Settings, seeds: Sequence[int], rate: float = 1.0
) -> RandomSubspace:
    """As many random directions from the target's own start as the search trains numbers."""
    return RandomSubspace(_targets(task, seeds), seeds, _search_count(task, settings), rate)


def direct(task: Task, settings: Settings, seeds: Sequence[int]) -> DirectLockstep:
    """The target itself, all of its weights trained."""
    return DirectLockstep(_targets(task, seeds))


def tuned_direct(task: Task, settings: Settings, seeds: Sequence[int]) -> DirectLockstep:
    """The same at a rate of its own, chosen by the figure that is reported first.

    Each trial of `choose_rate` is as long as the training.
    """

    def populate(seeds: Sequence[int], rate: float) -> DirectLockstep:
        return DirectLockstep(_targets(task, seeds), rate)

    return populate(
        seeds, choose_rate(populate, task, settings, shorter=1, figure=next(iter(task.metrics)))
    )


def ordinary(task: Task, settings: Settings, seeds: Sequence[int]) -> DirectLockstep:
    """An ordinary small network with at most as many weights as the search trains numbers.

    Which one, and at which rate it learns, is the rule of `ordinary_network` and `choose_rate`, as
    beside `diffqas search`.
    """
    return ordinary_networks(task, settings, seeds, _search_count(task, settings))


def ordinary_agents(task: EnvironmentTask, settings: AgentSettings) -> EnvironmentTask:
    """An environment whose agents are ordinary small networks, to be trained by `direct`.

    Policy and value together have at most as many weights as the search trains numbers.
    """
    policy, value = (_search_count(task.network(name), settings) for name in NETWORKS)
    return ordinary_agent(task, policy + value)


def _with_relaxation(settings: Settings, relaxation: Raw) -> Settings:
    return replace(settings, generator=replace(settings.generator, relaxation=relaxation))


def _search_count(task: Task, settings: ModelSettings) -> int:
    return make_models(task, settings, [0])[0].parameter_report().total


def _targets(task: Task, seeds: Sequence[int]) -> list[nn.Module]:
    return [seeded(seed, task.target, task) for seed in seeds]
