"""How structural parameters become the weights of a mixture of candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import torch
from torch import Tensor

from diffqas.choices import check, option
from diffqas.errors import choose, require
from diffqas.storage import storable

TEMPERATURE = "Of softmax the temperature, of gumbel the first one."


@storable
@dataclass(frozen=True)
class Raw:
    """The papers' weighted sum: parameters are the weights (arXiv 2505.09653, Eq. 5).

    Args:
        start: the value of every weight at the start; None means 1 / number of candidates.
    """

    start: float | None = option(
        None,
        "Of raw weights: value of every one at the start; none means 1 / number of candidates.",
        flag="raw_start",
    )
    name = "raw"
    stochastic = False

    def initial(self, count: int) -> Tensor:
        """Structural parameters at the start, (count,)."""
        start = self.start
        if start is None:
            start = 1 / count
        return torch.full((count,), start)

    def weights(
        self, structure: Tensor, progress: float = 1.0, noise: Tensor | None = None
    ) -> Tensor:
        """Mixture weights for structural parameters (..., count)."""
        return structure

    def merge(self, structure: Tensor, groups: list[list[int]], progress: float = 1.0) -> Tensor:
        """Parameters of a space in which each group's members have become one candidate."""
        return torch.stack([structure[..., group].sum(-1) for group in groups], dim=-1)


@storable
@dataclass(frozen=True)
class Softmax:
    """Weights that are a probability distribution: softmax(structure / temperature).

    Raises:
        ArgumentError: the temperature is not positive.
    """

    temperature: float = option(1.0, TEMPERATURE, above=0)
    name = "softmax"
    stochastic = False

    def __post_init__(self) -> None:
        check(self)

    def initial(self, count: int) -> Tensor:
        """Structural parameters at the start, (count,): all candidates alike."""
        return torch.zeros(count)

    def weights(
        self, structure: Tensor, progress: float = 1.0, noise: Tensor | None = None
    ) -> Tensor:
        """Mixture weights for structural parameters (..., count)."""
        return torch.softmax(structure / self.temperature, dim=-1)

    def merge(self, structure: Tensor, groups: list[list[int]], progress: float = 1.0) -> Tensor:
        """Parameters of a space in which each group's members have become one candidate."""
        scaled = structure / self.temperature
        merged = torch.stack([scaled[..., group].logsumexp(-1) for group in groups], dim=-1)
        return merged * self.temperature


@storable
@dataclass(frozen=True)
class Gumbel:
    """Softmax over noisy parameters with a falling temperature (Jang et al., arXiv 1611.01144).

    The temperature falls geometrically from `temperature` to `final` over the training. In
    evaluation there is no noise, and the temperature is the current one.

    Raises:
        ArgumentError: a temperature is not positive, or `final` is above `temperature`.
    """

    temperature: float = option(1.0, TEMPERATURE, above=0)
    final: float = option(0.1, "Of gumbel: the last temperature.", flag="final_temperature")
    name = "gumbel"
    stochastic = True

    def __post_init__(self) -> None:
        check(self)
        rule = "be positive and at most `temperature`"
        require(0 < self.final <= self.temperature, "final", rule, self.final)

    def initial(self, count: int) -> Tensor:
        """Structural parameters at the start, (count,): all candidates alike."""
        return torch.zeros(count)

    def weights(
        self, structure: Tensor, progress: float = 1.0, noise: Tensor | None = None
    ) -> Tensor:
        """Mixture weights for structural parameters (..., count).

        Args:
            structure: (..., count).
            progress: how far training has come, 0 to 1.
            noise: uniform on (0, 1), like `structure`; None means no noise.
        """
        if noise is not None:
            # Gumbel noise is -log(-log u) for uniform u; both logarithms stay finite with `tiny`.
            tiny = torch.finfo(noise.dtype).tiny
            exponential = (-torch.log(noise.clamp(min=tiny))).clamp(min=tiny)
            structure = structure - torch.log(exponential)
        return self._softmax(progress).weights(structure)

    def merge(self, structure: Tensor, groups: list[list[int]], progress: float = 1.0) -> Tensor:
        """Parameters of a space in which each group's members have become one candidate."""
        return self._softmax(progress).merge(structure, groups)

    def _softmax(self, progress: float) -> Softmax:
        # Geometric: each share of the training divides the temperature by the same factor.
        return Softmax(self.temperature * (self.final / self.temperature) ** progress)


class Relaxation(Protocol):
    """What a search needs from a relaxation; the package has `Raw`, `Softmax` and `Gumbel`."""

    @property
    def name(self) -> str:
        """The word for it on the command line."""
        ...

    @property
    def stochastic(self) -> bool:
        """Whether training needs noise."""
        ...

    def initial(self, count: int) -> Tensor:
        """Structural parameters at the start."""
        ...

    def weights(
        self, structure: Tensor, progress: float = 1.0, noise: Tensor | None = None
    ) -> Tensor:
        """Mixture weights."""
        ...

    def merge(self, structure: Tensor, groups: list[list[int]], progress: float = 1.0) -> Tensor:
        """Parameters after merging candidates."""
        ...


def generators(seeds: Sequence[int], step: int) -> list[torch.Generator]:
    """The generators that draw the noise of a step, one per seed.

    They depend on seed and step only. So there is nothing to save, and a seed draws the same
    whatever other seeds are trained with it.
    """
    return [torch.Generator().manual_seed(seed * 1_000_003 + step) for seed in seeds]


def noise_like(structure: Tensor, draws: Sequence[torch.Generator]) -> Tensor:
    """Uniform noise for structural parameters (seeds, ...), each seed's from its own generator."""
    return torch.stack([torch.rand(structure.shape[1:], generator=draw) for draw in draws]).to(
        structure
    )


def step_noise(relaxation: Relaxation, structure: Tensor, given: Tensor | None) -> Tensor | None:
    """Uniform noise for a training step: the given noise, or new draws; None if none is needed."""
    if not relaxation.stochastic:
        return None
    if given is not None:
        return given
    return torch.rand_like(structure)


def fresh_numbers(relaxation: Relaxation) -> str | None:
    """The reason, in words, why a relaxation needs new numbers from the host in each step, or None.

    Noise is drawn on the CPU, and a falling temperature is a number of Python. A relaxation that is
    not one of this package may need anything.

    >>> fresh_numbers(Gumbel()), fresh_numbers(Raw())
    ('the relaxation gumbel has new numbers in every step', None)
    """
    if type(relaxation) in (Raw, Softmax):
        return None
    return f"the relaxation {relaxation.name} has new numbers in every step"


RELAXATIONS: dict[str, type[Raw] | type[Softmax] | type[Gumbel]] = {
    "raw": Raw,
    "softmax": Softmax,
    "gumbel": Gumbel,
}

RelaxationLike: TypeAlias = str | Relaxation


def as_relaxation(relaxation: RelaxationLike) -> Relaxation:
    """Make a relaxation from its name; a relaxation is returned as it is.

    Raises:
        ArgumentError: an unknown name, or something that is no relaxation.

    >>> as_relaxation("softmax")
    Softmax(temperature=1.0)
    """
    if isinstance(relaxation, str):
        return RELAXATIONS[choose(relaxation, RELAXATIONS, "relaxation")]()
    require(
        hasattr(relaxation, "weights"), "relaxation", "be a name or a relaxation", repr(relaxation)
    )
    return relaxation
