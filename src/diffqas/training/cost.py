"""The cost of circuits in the search: a penalty on what the mixture's shares of candidates cost.

The share of candidate j is s_j = |w_j| / sum_k |w_k|, summed over the candidates that are run.
Constants are known without a circuit, so they are not run. Under softmax and gumbel the weights are
probabilities, and the shares are equal to them. Raw weights give the shares of the shots, if each
circuit is measured in proportion to the size of its weight. With c_j the count of candidate j, the
expected cost of a run of the device is

    C(w) = sum_j s_j c_j,

computed from the weights without noise, at the present temperature. Training descends

    ln(loss) + L C(w) / max_j c_j

along gradient(loss) + L loss gradient(C) / max c. The penalty is thus a share of the loss, and it
counts as much when the loss is 1e-7 as when it is 1. With L = 1 a circuit without any cost may have
e times the loss of the most expensive one. Where |w_j| is 0, its derivative is taken as 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from diffqas.architecture import RunCircuits
from diffqas.devices import circuit_cost
from diffqas.errors import ArgumentError, require
from diffqas.optimisers import Population, Problem
from diffqas.storage import Json
from diffqas.tasks import Settings, Task


@runtime_checkable
class WeighsCircuits(Protocol):
    """A population that weighs candidates in one mixture."""

    @property
    def run_circuits(self) -> RunCircuits:
        """The candidates of the mixture, and which of them are run."""
        ...

    @property
    def mixture_weights(self) -> Tensor:
        """The candidates' weights without noise, differentiable, (seeds, ..., candidates)."""
        ...


@dataclass(frozen=True)
class ExpectedCost:
    """The expected cost C of a run of the device, as a function of a population's weights.

    Attributes:
        population: the models whose weights decide.
        counts: c_j of the candidates that are run, (run,) in the weights' dtype.
        places: the places of these candidates among all candidates, (run,).
        names: the counts of all candidates, by their names.
    """

    population: WeighsCircuits
    counts: Tensor
    places: Tensor
    names: dict[str, int]

    @property
    def largest(self) -> float:
        """The largest count of a candidate that is run."""
        return float(self.counts.max())

    def __call__(self) -> Tensor:
        """The cost C of every seed, (seeds,): the mean over the rows if it has several."""
        sizes = self.population.mixture_weights.index_select(-1, self.places).abs()
        # All weights may be 0; then all shares are 0, too.
        total = sizes.sum(-1).clamp(min=torch.finfo(sizes.dtype).tiny)
        costs = (sizes * self.counts).sum(-1) / total
        return costs.reshape(len(costs), -1).mean(1)


def expected_cost(population: Population, settings: Settings) -> ExpectedCost | None:
    """The cost that a search weighs or reports; None if the settings name no cost.

    Raises:
        ArgumentError: the population mixes no candidates, or all candidates are constant.
        DataError: as of `circuit_cost`.
    """
    if settings.cost is None:
        return None
    if not isinstance(population, WeighsCircuits):
        raise ArgumentError(
            "Argument `cost` must go with a mixture of candidates (the models qt and vqc), but got "
            f"{type(population).__name__}."
        )
    run = population.run_circuits
    found = [
        circuit_cost(candidate, run.n, run.depth, run.uploads, settings.coupling)
        for candidate in run.candidates
    ]
    counts = [cost.by(settings.cost) for cost in found]
    require(len(run.places) > 0, "cost", "go with candidates that are not constant", "none")
    weights = population.mixture_weights
    places = torch.tensor(run.places, device=weights.device)
    of_run = torch.tensor(counts, dtype=weights.dtype, device=weights.device)[places]
    names = [candidate.name for candidate in run.candidates]
    return ExpectedCost(population, of_run, places, dict(zip(names, counts, strict=True)))


def problem_of(population: Population, task: Task, settings: Settings) -> Problem:
    """The problem that an optimiser solves, with a penalty if the search weighs costs.

    Raises:
        ArgumentError: as of `expected_cost`, or no candidate that is run costs anything.
        DataError: as of `circuit_cost`.
    """
    problem = settings.problem(task)
    if settings.cost_weight == 0:
        return problem
    return replace(problem, penalty=_penalty(population, settings))


def _penalty(population: Population, settings: Settings) -> Callable[[Tensor], Tensor]:
    expected = expected_cost(population, settings)
    assert expected is not None, "settings with a weight have a cost"
    largest = expected.largest
    rule = "be 0 where no candidate that is run costs anything"
    require(largest > 0, "cost_weight", rule, settings.cost_weight)
    strength = settings.cost_weight / largest

    def penalty(losses: Tensor) -> Tensor:
        return strength * losses * expected().to(losses.dtype)

    return penalty


@torch.no_grad()
def cost_facts(population: Population, settings: Settings, failed: Sequence[bool]) -> Json:
    """The entry of result.json on the cost of a finished search; empty if no cost is counted.

    Args:
        population: the models as the training left them.
        settings: how they were trained.
        failed: for each seed whether it diverged, so that its weights say nothing.

    Raises:
        ArgumentError, DataError: as of `expected_cost`.
    """
    expected = expected_cost(population, settings)
    if expected is None:
        return {}
    values = [
        None if bad else value for bad, value in zip(failed, expected().tolist(), strict=True)
    ]
    return {
        "cost": {
            "count": settings.cost,
            "coupling": settings.coupling,
            "weight": settings.cost_weight,
            "expected": values,
            "largest": int(expected.largest),
            "candidates": expected.names,
        }
    }
