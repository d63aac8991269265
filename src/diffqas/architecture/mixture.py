"""A learnable mixture of candidate circuits, from angles and structure to probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from diffqas.architecture.angles import angle_shape, fewer_rotations
from diffqas.architecture.device_errors import NO_ERRORS, DeviceErrors
from diffqas.architecture.kept import Kept, stays
from diffqas.architecture.relaxation import Relaxation, step_noise
from diffqas.architecture.shots import Shots, sampled, shot_generators
from diffqas.circuits import Candidate, SearchSpace, check_no_data, gate_list
from diffqas.errors import choose, require
from diffqas.simulator import MAX_QUBITS, eager, mixture, probabilities

SHARINGS = ("shared", "separate")


class CircuitMixture(nn.Module):
    """p = sum_j w_j p_j(theta) over the candidates of a space (arXiv 2505.09653, Eq. 6 and 7).

    Every parameter may have leading dimensions `lead`, one entry per independent copy.

    Args:
        candidates: the search space.
        n: the number of qubits, at most 26.
        depth: the number of layers.
        relaxation: how structural parameters become weights.
        sharing: `"shared"` (one theta for all candidates) or `"separate"` (one each).
        spread: the standard deviation of the angles at the start, in radians.
        lead: the leading dimensions of the parameters.

    Raises:
        ArgumentError: a wrong argument, or a candidate that encodes data or does not fit `n`
            qubits.
    """

    def __init__(
        self,
        candidates: SearchSpace,
        n: int,
        depth: int,
        relaxation: Relaxation,
        sharing: str = "shared",
        spread: float = 1.0,
        lead: tuple[int, ...] = (),
    ) -> None:
        super().__init__()
        require(isinstance(depth, int) and depth >= 1, "depth", "be at least 1", depth)
        require(1 <= n <= MAX_QUBITS, "n", f"be between 1 and {MAX_QUBITS} qubits", n)
        choose(sharing, SHARINGS, "sharing")
        for candidate in candidates:
            check_no_data([candidate])
            gate_list(candidate, n)  # tells of one that does not fit n qubits
            if isinstance(candidate, Candidate):
                candidate.cnots(n)  # tells of one with other gates, which only take data
        self.candidates, self.n, self.depth = candidates, n, depth
        self.relaxation, self.sharing = relaxation, sharing
        own = (len(candidates),) if sharing == "separate" else ()
        shape = (*lead, *own, *angle_shape(candidates, depth, n))
        self.angles = nn.Parameter(spread * torch.randn(shape))
        self.structure = nn.Parameter(relaxation.initial(len(candidates)).expand(*lead, -1).clone())
        self.progress = 0.0
        """The share of the training done, 0 to 1; the training loop sets it, and annealed
        relaxations read it.
        """
        self.noise: Tensor | None = None
        """Uniform noise for the next pass of a stochastic relaxation; None draws it anew."""
        self.shots: Shots | None = None
        """Set by `measure`."""
        self.errors = NO_ERRORS
        """Set by `measure`."""
        self.draws: Sequence[np.random.Generator] | None = None
        """Generators for the shots of the next forward pass, one per copy; None: new ones."""
        self._frozen: Kept[Tensor] = Kept()

    @property
    def weights(self) -> Tensor:
        """Mixture weights without noise, (*lead, candidates)."""
        return self.relaxation.weights(self.structure, self.progress)

    @property
    def measured(self) -> bool:
        """Whether training takes what a device reads in place of exact probabilities."""
        return self.shots is not None or not self.errors.none

    def measure(self, shots: Shots | None, errors: DeviceErrors = NO_ERRORS) -> None:
        """In training, use what a device would read instead of exact probabilities.

        Args:
            shots: the shots of each circuit, whose frequencies are used; None stands for infinitely
                many shots.
            errors: the errors of the device.

        Raises:
            ArgumentError: the gradient would take too many shifted circuits.
        """
        if shots is not None:
            shots.check(self.candidates, self.n, self.depth)
        self.shots, self.errors = shots, errors

    @eager
    def forward(self) -> Tensor:
        """The mixed probabilities, (*lead, 2**n); in training as `measure` has set it."""
        noise = None
        if self.training:
            noise = step_noise(self.relaxation, self.structure, self.noise)
        weights = self.relaxation.weights(self.structure, self.progress, noise)
        separate = self.sharing == "separate"
        if self.training and self.measured:
            draws = self.draws
            if not draws and self.shots is not None:
                seeds = torch.randint(2**62, weights.shape[:-1]).flatten().tolist()
                draws = shot_generators(seeds, 0)
            # Each candidate is a circuit of its own on a device: shots are drawn from every p_j,
            # and the frequencies are mixed afterwards.
            measured = sampled(
                self.candidates,
                self.angles,
                self.shots,
                () if draws is None else draws,
                separate=separate,
                errors=self.errors,
            )
            return (weights.unsqueeze(-1) * measured).sum(-2)
        mix = partial(mixture, self.candidates, separate=separate)
        # If neither is trained, the sum is always the same, so it is computed once.
        if stays(self.angles) and stays(self.structure):
            # A copy, so that a caller may change it.
            return self._frozen(mix, self.angles, weights).clone()
        return mix(self.angles, weights)

    def probabilities(self) -> Tensor:
        """The exact probabilities of every candidate by itself, (*lead, candidates, 2**n)."""
        return probabilities(self.candidates, self.angles, separate=self.sharing == "separate")

    def stacked(self, lead: tuple[int, ...]) -> CircuitMixture:
        """A freshly started module of the same choices with leading dimensions."""
        stacked = CircuitMixture(
            self.candidates, self.n, self.depth, self.relaxation, self.sharing, lead=lead
        )
        stacked.shots, stacked.errors = self.shots, self.errors
        return stacked

    @torch.no_grad()
    def restricted(self, groups: list[list[int]]) -> CircuitMixture:
        """A mixture of fewer candidates: the first of each group, with the weight of its group."""
        firsts = [group[0] for group in groups]
        space = SearchSpace(self.candidates[index] for index in firsts)
        few = CircuitMixture(space, self.n, self.depth, self.relaxation, self.sharing)
        angles = self.angles
        if self.sharing == "separate":
            own = self.structure.dim() - 1
            angles = angles.index_select(own, torch.tensor(firsts, device=angles.device))
        angles = fewer_rotations(self.candidates, space, angles)
        structure = self.relaxation.merge(self.structure, groups, self.progress)
        few.angles = nn.Parameter(angles.clone(), self.angles.requires_grad)
        few.structure = nn.Parameter(structure.clone(), self.structure.requires_grad)
        few.progress, few.shots, few.errors = self.progress, self.shots, self.errors
        return few.train(self.training)

    def extra_repr(self) -> str:
        """Line shown by print(model)."""
        return f"{len(self.candidates)} candidates, {self.sharing} angles, {self.relaxation}"
