"""Finite shots: frequencies of sampled states instead of probabilities, with gradients.

Errors of a device act first: shots are drawn from the probabilities of what the device reads.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from diffqas.architecture.angles import angle_shape, fewer_rotations
from diffqas.architecture.device_errors import NO_ERRORS, DeviceErrors
from diffqas.choices import option
from diffqas.circuits import CONSTANTS, SearchSpace, form
from diffqas.errors import ArgumentError, choose, require, whole
from diffqas.simulator import probabilities
from diffqas.storage import storable

SHOT_GRADIENTS = ("exact", "parameter-shift")
MAX_SHIFTED = 2**22
"""The most sampled probabilities of all shifted circuits in one step of one seed. They take a few
tenths of a second and 34 MB.
"""


@storable
@dataclass(frozen=True)
class Shots:
    """The choice that every live circuit is measured `count` times in a training step.

    Args:
        count: the shots of each circuit; constants are known and need none.
        gradient: the gradient in the angles. `"exact"` takes that of the exact probabilities
            (straight through), which only a simulator can do. `"parameter-shift"` measures
            (p(t + pi/2) - p(t - pi/2)) / 2 for every angle with `count` shots per circuit, as a
            device would. In both cases everything after the probabilities gets the frequencies.

    Raises:
        ArgumentError: `count` is no whole number of at least 1, or the gradient is unknown.

    >>> Shots(1000)
    Shots(count=1000, gradient='exact')
    """

    count: int = option(
        help="Measurements of each circuit in every training step, of vqc for each sample; exact "
        "if not given (qt, vqc).",
        least=1,
        flag="shots",
    )
    gradient: str = option(
        "exact",
        "With --shots: gradient in the angles, of the exact probabilities (straight through) or "
        "measured by shifted circuits (qt).",
        among=SHOT_GRADIENTS,
        flag="shot_gradient",
    )

    def __post_init__(self) -> None:
        require(whole(self.count), "shots", "be a whole number of at least 1", self.count)
        choose(self.gradient, SHOT_GRADIENTS, "shot_gradient")

    def check(self, space: SearchSpace, n: int, depth: int) -> None:
        """Refuse a search with too many shifted circuits to be simulated.

        Raises:
            ArgumentError: a step would take more than `MAX_SHIFTED` probabilities.
        """
        circuits = 2 * depth * n * space.angles_per_qubit * len(live(space))
        fits = self.gradient == "exact" or circuits << n <= MAX_SHIFTED
        rule = f"be exact above {MAX_SHIFTED:,} shifted probabilities a step"
        require(fits, "shot_gradient", rule, f"{circuits:,} circuits of {2**n:,} each")


def live(space: SearchSpace) -> list[int]:
    """The indices of the candidates that are not constant, which are the ones to measure.

    >>> from diffqas.circuits import TABLE_I
    >>> live(TABLE_I)
    [1, 4, 6, 7, 9, 10]
    """
    return [index for index, candidate in enumerate(space) if form(candidate) not in CONSTANTS]


def shot_generators(seeds: Sequence[int], step: int) -> list[np.random.Generator]:
    """Generators that draw the shots of a step, one per seed.

    They depend on seed and step only, so there is nothing to save.
    """
    return [np.random.default_rng((seed % 2**64, step)) for seed in seeds]


def frequencies(p: Tensor, count: int, draw: np.random.Generator) -> Tensor:
    """The shares of `count` shots in each basis state, by exact multinomial sampling.

    The time hardly depends on `count`.

    Args:
        p: probabilities (..., 2**n).
        count: the shots of each distribution.
        draw: the generator of random numbers.

    Returns:
        A tensor of the shape of `p`, without a gradient.

    >>> frequencies(torch.tensor([0.0, 1.0]), 10, np.random.default_rng(0)).tolist()
    [0.0, 1.0]
    """
    # Single precision may sum to slightly more than 1, which numpy refuses.
    exact = p.detach().cpu().double().numpy().clip(0)
    counts = draw.multinomial(count, exact / exact.sum(-1, keepdims=True))
    return torch.from_numpy(counts / count).to(p)


def sampled(
    space: SearchSpace,
    angles: Tensor,
    shots: Shots | None,
    draws: Sequence[np.random.Generator],
    *,
    separate: bool = False,
    errors: DeviceErrors = NO_ERRORS,
) -> Tensor:
    """What a device reads instead of the probabilities, with a gradient in the angles.

    Constants stay exact.

    Args:
        space: the candidates.
        angles: (*lead, depth, n) or (*lead, depth, n, r); with `separate` (*lead, candidates, ...).
        shots: the number of shots and the kind of gradient. None stands for infinitely many, with
            the gradient of the probabilities after the errors.
        draws: generators of random numbers, one per entry of the leading dimension, of which there
            is at most one; not used without shots.
        separate: whether each candidate has its own angles.
        errors: the errors of the device.

    Returns:
        Frequencies or probabilities, (*lead, candidates, 2**n).
    """
    places = live(space)
    shifted = shots is not None and shots.gradient == "parameter-shift"
    # Of shifted circuits only values are taken: the gradient is measured, in `_linear`.
    seen = angles.detach() if shifted else angles
    exact = probabilities(space, seen, separate=separate)
    if not places:
        return exact
    rows = exact[..., places, :]
    if not errors.none:
        rows = errors.disturbed(rows, _untouched(space, places, angles, errors))
    measured = rows if shots is None else _counted(rows, shots.count, draws)
    if shots is not None and shifted and angles.requires_grad and torch.is_grad_enabled():
        change = _linear(space, angles, shots.count, draws, separate, errors)
        rows = rows + change.reshape(rows.shape)
    # Straight through: the value is that of the frequencies, the gradient that of `rows`.
    passed = rows if shots is None else rows + (measured - rows).detach()
    return exact.index_copy(-2, torch.tensor(places, device=exact.device), passed)


def _counted(rows: Tensor, count: int, draws: Sequence[np.random.Generator]) -> Tensor:
    """Frequencies of rows (*lead, live candidates, 2**n), each entry of the lead by its own."""
    stacked = rows.detach().reshape(len(draws), *rows.shape[-2:])
    pairs = zip(stacked, draws, strict=True)
    counted = [frequencies(p, count, draw) for p, draw in pairs]
    return torch.stack(counted).reshape(rows.shape)


def _untouched(
    space: SearchSpace, places: Sequence[int], angles: Tensor, errors: DeviceErrors
) -> Tensor:
    """The probability of each live candidate that no error happens, (live candidates,)."""
    depth, n = angles.shape[angles.dim() - len(angle_shape(space, 1, 1)) :][:2]
    shares = errors.untouched([space[index] for index in places], n, depth)
    return torch.tensor(shares, dtype=angles.dtype, device=angles.device)


def shift_jacobian(
    space: SearchSpace,
    angles: Tensor,
    count: int | None = None,
    draw: np.random.Generator | None = None,
    *,
    separate: bool = False,
    errors: DeviceErrors = NO_ERRORS,
) -> Tensor:
    """Derivatives of the live candidates' probabilities in the angles by the parameter-shift rule.

    Every angle enters one rotation, so (p(t + pi/2) - p(t - pi/2)) / 2 is exact (Schuld et al.
    2019, arXiv 1811.11184).

    Args:
        space: the candidates.
        angles: (depth, n), or (depth, n, r); with `separate` (candidates, ...).
        count: the shots of each shifted circuit; None: its exact probabilities.
        draw: the generator for the shots, which must be given with `count`.
        separate: whether each candidate has its own angles; its derivatives are then those in
            these.
        errors: the errors of the device. They are linear in the probabilities, so the rule stays
            exact.

    Returns:
        Derivatives (angles of one candidate, live candidates, 2**n).

    Raises:
        ArgumentError: `count` is given without `draw`.
    """
    places = live(space)
    few = SearchSpace(space[index] for index in places)
    base = angles.detach()
    if separate:
        base = base[places]
    base = fewer_rotations(space, few, base)  # only constants use the others
    one = base[0] if separate else base
    units = torch.eye(one.numel(), dtype=base.dtype, device=base.device)
    steps = units.reshape(-1, *one.shape) * (math.pi / 2)
    if separate:
        steps = steps.unsqueeze(1)  # the same angle of every candidate at once: they do not meet
    both = probabilities(few, torch.stack([base + steps, base - steps]), separate=separate)
    if not errors.none:
        both = errors.disturbed(both, _untouched(space, places, angles, errors))
    if count is not None:
        if draw is None:
            raise ArgumentError("Argument `draw` must be given with `count`, but got None.")
        both = frequencies(both, count, draw)
    # dp/dt = (p(t + pi/2) - p(t - pi/2)) / 2: p is a + b cos t + c sin t in every single angle.
    return (both[0] - both[1]) / 2


def _linear(
    space: SearchSpace,
    angles: Tensor,
    count: int,
    draws: Sequence[np.random.Generator],
    separate: bool,
    errors: DeviceErrors,
) -> Tensor:
    """Zeros whose derivative in the angles is the measured one, (seeds, live candidates, 2**n)."""
    inner = len(angle_shape(space, 1, 1)) + int(separate)
    flat = angles.reshape(len(draws), *angles.shape[angles.dim() - inner :])
    parts = []
    for one, draw in zip(flat, draws, strict=True):
        jacobian = shift_jacobian(space, one, count, draw, separate=separate, errors=errors)
        change = one - one.detach()  # 0, with derivative 1 in the angles
        if separate:
            change = _used(change[live(space)], len(jacobian), 1)
            parts.append(torch.einsum("ca,aci->ci", change, jacobian))
        else:
            parts.append(torch.einsum("a,aci->ci", _used(change, len(jacobian), 0), jacobian))
    return torch.stack(parts)


def _used(change: Tensor, count: int, kept: int) -> Tensor:
    """Angles that live candidates use, flattened behind the first `kept` dimensions."""
    if change[(0,) * kept].numel() > count:
        positions = change.shape[kept] * change.shape[kept + 1]
        change = change[..., : count // positions]
    return change.flatten(kept)
