"""The Born rule: from amplitudes to probabilities."""

from __future__ import annotations

from torch import Tensor


def squared(amplitudes: Tensor) -> Tensor:
    """|amplitude|^2 of each amplitude, real or complex, without a square root in between."""
    if amplitudes.is_complex():
        return amplitudes.real.square() + amplitudes.imag.square()
    return amplitudes.square()
