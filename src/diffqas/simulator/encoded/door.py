"""Calls of small circuits that look like an earlier one, for which the checks need not be repeated.

Whether arguments fit each other, and how they are computed, follows from the shapes, dtypes and
devices of tensors, not from their numbers. Of a few qubits the checks take as long as the work, and
a model is trained with the same shapes in thousands of steps.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache

from torch import Tensor
from torch.nn import Parameter

from diffqas.circuits import AnyCandidate, AnyObservables, SearchSpace, Z
from diffqas.simulator.encoded.polynomial import Call

PLAIN = (Tensor, Parameter)
"""Tensors that are what they look like; classes derived from them may not be."""


class Door:
    """What is known of calls that look alike."""

    call: Call | None = None
    """How they are computed; None until one of them has passed all checks."""


def door_of(
    space: SearchSpace[AnyCandidate],
    observables: AnyObservables,
    outputs: int,
    uploads: int,
    separate: bool,
    tensors: tuple[Tensor, Tensor, Tensor | None],
) -> Door:
    """The door of calls like this one, a new one where they may be no small circuits.

    Args:
        space: as of `observed`, like the others; none is checked yet.
        observables: likewise.
        outputs: likewise.
        uploads: likewise.
        separate: likewise.
        tensors: inputs, angles and weights.
    """
    inputs, angles, weights = tensors
    # Exact types: True and 1.0 are equal to 1 as keys, and refused by the checks.
    small = type(observables) is Z and type(outputs) is int and type(uploads) is int
    if not small or type(inputs) not in PLAIN or type(angles) not in PLAIN:
        return Door()
    if type(weights) not in PLAIN:
        return Door()
    assert weights is not None
    looks = (
        *(inputs.shape, inputs.dtype, inputs.device),
        *(angles.shape, angles.dtype, angles.device),
        *(weights.shape, weights.dtype, weights.device),
    )
    return _doors(space, observables, outputs, uploads, bool(separate), *looks)


@lru_cache(maxsize=256)
def _doors(*looks: Hashable) -> Door:
    return Door()
