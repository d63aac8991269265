"""The gates of one layer of RY rotations, and the gradients of its angles."""

from __future__ import annotations

import math

from diffqas.simulator.compiled.layers import inner
from diffqas.simulator.compiled.vectors import Array


@inner
def angle_of(angles: Array, used: int) -> float:
    """Rotations about one axis add up."""
    total = 0.0
    for i in range(used):
        total += angles[i]
    return total


@inner
def rotations(angles: Array, used: int, sign: float, gates: Array) -> None:
    """RY gates of one layer of angles (n, r), or their adjoints for sign = -1."""
    n = len(angles)
    for q in range(n):
        half = 0.5 * sign * angle_of(angles[q], used)
        cos, sin = math.cos(half), math.sin(half)
        at = 4 * (n - 1 - q)
        gates[at], gates[at + 1], gates[at + 2], gates[at + 3] = cos, -sin, sin, cos


@inner
def add_to_angles(sums: Array, used: int, grad: Array) -> None:
    """Add the gradient of a layer to `grad` (n, r), from sums (units, n or more) of each bit."""
    # Rotations of a qubit about one axis add up, so that all of them have the same gradient.
    n = len(grad)
    for q in range(n):
        total = 0.0
        for unit in range(len(sums)):
            total += sums[unit, n - 1 - q]
        for i in range(used):
            grad[q, i] += 0.5 * total
