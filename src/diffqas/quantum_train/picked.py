"""Seeds in lockstep whose mixtures hold different candidates, such as the best ones of each."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from diffqas.architecture import CircuitMixture, step_noise
from diffqas.circuits import SearchSpace
from diffqas.errors import require
from diffqas.quantum_train.lockstep import Lockstep
from diffqas.quantum_train.model import QuantumTrain
from diffqas.simulator import mixture, probabilities


class PickedMixture(CircuitMixture):
    """Copies of a mixture, each of which mixes its own k candidates.

    All candidates that any copy has are simulated. The parameters are those of the single mixtures,
    with one leading dimension: angles (copies, depth, n), or (copies, k, depth, n) if they are
    separate, and structure (copies, k).

    Args:
        mixtures: mixtures that differ in their numbers and candidates only, and have one angle per
            qubit and layer.

    Raises:
        ArgumentError: a candidate has several angles per qubit and layer.
    """

    picks: Tensor

    def __init__(self, mixtures: Sequence[CircuitMixture]) -> None:
        first = mixtures[0]
        together = SearchSpace(
            dict.fromkeys(one for single in mixtures for one in single.candidates)
        )
        rule = "have one angle per qubit and layer"
        require(together.angles_per_qubit == 1, "candidates", rule, together.angles_per_qubit)
        lead = (len(mixtures),)
        with torch.random.fork_rng(devices=[]):  # every number is replaced below
            super().__init__(
                together, first.n, first.depth, first.relaxation, first.sharing, lead=lead
            )
        self.angles = _stack([single.angles for single in mixtures])
        self.structure = _stack([single.structure for single in mixtures])
        picks = [
            [together.index(candidate) for candidate in single.candidates] for single in mixtures
        ]
        self.register_buffer(
            "picks", torch.tensor(picks, device=self.angles.device), persistent=False
        )

    @property
    def weights(self) -> Tensor:
        """Mixture weights without noise, (copies, candidates).

        They are 0 for candidates that a copy does not have.
        """
        return self._spread(self.relaxation.weights(self.structure, self.progress))

    def forward(self) -> Tensor:
        """Mixed probabilities, (copies, 2**n)."""
        noise = None
        if self.training:
            noise = step_noise(self.relaxation, self.structure, self.noise)
        weights = self._spread(self.relaxation.weights(self.structure, self.progress, noise))
        return mixture(
            self.candidates, self._own_angles(), weights, separate=self.sharing == "separate"
        )

    def probabilities(self) -> Tensor:
        """Probabilities of every candidate by itself, (copies, candidates, 2**n)."""
        return probabilities(
            self.candidates, self._own_angles(), separate=self.sharing == "separate"
        )

    @torch.no_grad()
    def stacked(self, lead: tuple[int, ...]) -> PickedMixture:
        """So many copies of the first one."""
        made = copy.deepcopy(self)
        made.angles = _stack([self.angles[0]] * math.prod(lead))
        made.structure = _stack([self.structure[0]] * math.prod(lead))
        made.picks = self.picks[:1].repeat(*lead, 1)
        return made

    def _own_angles(self) -> Tensor:
        if self.sharing == "separate":
            return self._spread(self.angles)
        return self.angles

    def _spread(self, values: Tensor) -> Tensor:
        """Values (copies, k, ...) at their places among all candidates, 0 elsewhere.

        The result is (copies, candidates, ...).
        """
        ones = [1] * (values.dim() - 2)
        places = self.picks.reshape(*self.picks.shape, *ones).expand(values.shape)
        empty = values.new_zeros(len(values), len(self.candidates), *values.shape[2:])
        return empty.scatter(1, places, values)


def stacked(models: Sequence[QuantumTrain]) -> Lockstep:
    """A `Lockstep` of models with equally many candidates, which differ from model to model.

    >>> models = [QuantumTrain(nn.Linear(3, 2), depth=2).discretize(1) for _ in range(4)]
    >>> stacked(models)(torch.zeros(7, 3)).shape
    torch.Size([4, 7, 2])
    """
    population = Lockstep(models)
    population.generator.circuits = PickedMixture([model.mixture for model in models])
    return population


def _stack(parameters: Sequence[Tensor]) -> nn.Parameter:
    return nn.Parameter(
        torch.stack([one.detach() for one in parameters]), parameters[0].requires_grad
    )
