"""How probabilities, which are near 2**-n, are brought to the size of the bits beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from diffqas.choices import check, option
from diffqas.errors import choose, finite, require
from diffqas.storage import storable


@storable
@dataclass(frozen=True)
class RawScale:
    """Probabilities as they are."""

    def __call__(self, p: Tensor, n: int) -> Tensor:
        """(..., 2**n) -> (..., 2**n)."""
        return p


@storable
@dataclass(frozen=True)
class DimensionScale:
    """The scale 2**n p, whose mean is 1, cut at +-`limit`.

    Candidates that stay in |0..0> give the value 2**n to a single weight of the target. The cut
    keeps this peak from outweighing all other weights. With a limit of None nothing is cut.

    Raises:
        ArgumentError: the limit is not positive.
    """

    limit: float | None = option(
        32.0,
        "Of the scale dimension: where 2^n p is cut; none: nowhere.",
        above=0,
        rule="be positive or None",
    )

    def __post_init__(self) -> None:
        check(self)

    def __call__(self, p: Tensor, n: int) -> Tensor:
        """(..., 2**n) -> (..., 2**n)."""
        scaled = p * 2**n
        if self.limit is None:
            return scaled
        return scaled.clamp(-self.limit, self.limit)


@storable
@dataclass(frozen=True)
class TanhScale:
    """The scale tanh(gain 2**n p), with a smooth bound instead of a cut.

    Raises:
        ArgumentError: the gain is not positive.
    """

    gain: float = option(1.0, "Of the scale tanh: factor on 2^n p.", above=0, flag="scale_gain")

    def __post_init__(self) -> None:
        # Here the field is told by its own name, not by that of the option.
        require(finite(self.gain) and self.gain > 0, "gain", "be positive", self.gain)
        check(self)

    def __call__(self, p: Tensor, n: int) -> Tensor:
        """(..., 2**n) -> (..., 2**n)."""
        return torch.tanh(p * (float(self.gain) * 2**n))


Scale: TypeAlias = Callable[[Tensor, int], Tensor]

SCALES: dict[str, Callable[[], Scale]] = {
    "raw": RawScale,
    "dimension": DimensionScale,
    "tanh": TanhScale,
}


def as_scale(scale: str | Scale) -> Scale:
    """Make a scale from its name; a function of (p, n) is returned as it is.

    Raises:
        ArgumentError: an unknown name, or something that is no function.

    >>> as_scale("dimension")
    DimensionScale(limit=32.0)
    """
    if isinstance(scale, str):
        return SCALES[choose(scale, SCALES, "scale")]()
    require(callable(scale), "scale", "be a name or a function of (p, n)", repr(scale))
    return scale


@torch.no_grad()
def checked_scale(scale: Scale, n: int) -> Scale:
    """The given scale, after a check that it gives a finite number for each of 2**n probabilities.

    Raises:
        ArgumentError: it is a user's own function that does not.
    """
    if isinstance(scale, (RawScale, DimensionScale, TanhScale)):
        return scale
    # All different: a function may divide by their spread.
    p = torch.arange(1, 2**n + 1, dtype=torch.get_default_dtype())
    found = scale(p / p.sum(), n)
    rule = "give a tensor with a number for each of the probabilities that it is called with"
    require(isinstance(found, Tensor), "scale", rule, type(found).__name__)
    shape = tuple(found.shape)
    require(shape == p.shape, "scale", f"{rule}, {tuple(p.shape)}", f"the shape {shape}")
    finite_ones = bool(found.isfinite().all())
    require(finite_ones, "scale", "give finite numbers of p, which are positive", "nan or inf")
    return scale
