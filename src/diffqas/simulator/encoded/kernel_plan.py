"""What the kernels know of a plan: arrays of numbers, made once."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffqas.simulator.encoded.plan import EncodedPlan
from diffqas.simulator.encoded.strings import strings_of

AXES = {"rx": 0, "ry": 1, "rz": 2}


class Kernel(NamedTuple):
    """What the kernels know of a plan; per candidate unless said otherwise."""

    n: int
    depth: int
    layers: int
    """Behind each upload."""
    real: bool
    hadamard: NDArray[np.int64]
    encodings: NDArray[np.int64]
    """(candidates, rotations), axes of the encoding; -1 is none."""
    rotations: NDArray[np.int64]
    """(candidates, r), axes of a layer's rotations; -1 is none."""
    entangler: NDArray[np.int64]
    sources: NDArray[np.int64]
    """(entanglers, 2**n)"""
    signs: NDArray[np.int64]
    """(entanglers, 2**n), or no signs."""
    back: NDArray[np.int64]
    """(entanglers, 2**n), sources and signs of the inverse."""
    back_signs: NDArray[np.int64]
    masks: NDArray[np.int64]
    """What the strings that are read do to basis states, as in `strings`."""
    strings: NDArray[np.int64]
    """(outputs, K), the place of each string that is read."""


@lru_cache(maxsize=64)
def kernel_of(plan: EncodedPlan, r: int) -> Kernel:
    """The arrays of a plan, for angles with r rotations per qubit."""
    circuits, strings = plan.circuits, strings_of(plan.terms)
    signs, back = np.ones((len(plan.sources), 0), np.int64), plan.sources.argsort(1)
    back_signs = signs
    if plan.signs is not None:
        signs, back_signs = plan.signs, np.take_along_axis(plan.signs, back, 1)
    most = max(len(circuit.encodings) for circuit in circuits)
    return Kernel(
        plan.n,
        plan.depth,
        plan.layers,
        plan.real,
        np.array([circuit.hadamard for circuit in circuits], np.int64),
        np.stack([_axes(circuit.encodings, most) for circuit in circuits]),
        np.stack([_axes(circuit.rotations, r) for circuit in circuits]),
        np.array([circuit.entangler for circuit in circuits], np.int64),
        np.ascontiguousarray(plan.sources, np.int64),
        np.ascontiguousarray(signs, np.int64),
        back,
        np.ascontiguousarray(back_signs, np.int64),
        strings.masks,
        strings.places,
    )


def _axes(names: tuple[str, ...], length: int) -> NDArray[np.int64]:
    axes = np.full(length, -1, np.int64)
    axes[: len(names)] = [AXES[name] for name in names]
    return axes
