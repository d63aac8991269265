"""The worth of a search space, candidate by candidate, before any training."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from diffqas.architecture.expressibility import BINS as BINS
from diffqas.architecture.expressibility import fidelities, haar_divergence, meyer_wallach, states
from diffqas.circuits import (
    TABLE_I,
    Ansatz,
    AnyCandidate,
    Finding,
    SearchSpace,
    as_space,
    check_no_data,
    findings,
    fits,
)
from diffqas.errors import require, whole
from diffqas.simulator import probabilities

MAX_AUDIT_QUBITS = 12
RANK_POINTS = 3
"""Random points at which the rank of the Jacobian is taken; the largest counts."""
RANK_TOLERANCE = 1e-9
"""Singular values below this share of the largest one count as zero."""
ZERO_VARIANCE = 1e-20
"""Smaller variances are rounding errors of zero, of which no logarithm is taken."""
ROUNDS, SECONDS = (5, 51), 1.5
"""The fewest and the most rounds of timed steps, and the seconds after which rounds end."""
TIMED = 2**15
"""Amplitudes per candidate in a timed step. With so many sets of angles at once, arithmetic takes
most of the time and not the call.
"""
AMPLITUDES = 2**19
"""The most amplitudes that are held at once."""


@dataclass(frozen=True)
class Audit:
    """What is measured and known about one candidate at one size.

    Attributes:
        finding: the candidate, whether it is constant and why, and which candidate it repeats.
        n: the number of qubits.
        depth: the number of layers.
        directions: the rank of d probabilities / d angles, that is, the number of independent
            changes that training can make.
        angles: the number of angles.
        expressibility: the divergence from Haar-random states in nats; 0 is best.
        entanglement: the mean Meyer-Wallach Q, 0 to 1.
        gradient_variance: pairs (qubits, variance) for numbers of qubits up to n. The variance is
            that of d<Z>/d angle over random angles, with Z on the first qubit, summed over all
            angles.
        seconds: the time of one step of this candidate alone on this machine, forward and gradient,
            per set of angles.
        cost: `seconds` as a share of those of a step of the whole space.
    """

    finding: Finding
    n: int
    depth: int
    directions: int
    angles: int
    expressibility: float
    entanglement: float
    gradient_variance: tuple[tuple[int, float], ...]
    seconds: float = field(compare=False)
    cost: float = field(compare=False)

    @property
    def candidate(self) -> AnyCandidate:
        """The circuit."""
        return self.finding.candidate

    @property
    def slope(self) -> float | None:
        """The change of log2 of the gradient variance per qubit, by least squares.

        It is None for constants, or if there is only one size.
        """
        if len(self.gradient_variance) < 2:
            return None
        sizes, variances = zip(*self.gradient_variance, strict=True)
        if min(variances) < ZERO_VARIANCE:
            return None
        # A barren plateau is a variance that falls as 2**(slope * n).
        return float(np.polyfit(sizes, np.log2(variances), 1)[0])


def audit(
    candidates: SearchSpace | Iterable[AnyCandidate] = TABLE_I,
    n: int = 6,
    depth: int = 5,
    samples: int = 300,
    seed: int = 0,
    space: SearchSpace | None = None,
) -> list[Audit]:
    """Audit candidates, all at once; arguments and errors are those of `audits`."""
    return list(audits(candidates, n, depth, samples, seed, space))


def audits(
    candidates: SearchSpace | Iterable[AnyCandidate] = TABLE_I,
    n: int = 6,
    depth: int = 5,
    samples: int = 300,
    seed: int = 0,
    space: SearchSpace | None = None,
) -> Iterator[Audit]:
    """Audit candidates one after the other, at angles uniform in [0, 2 pi).

    All candidates are given the same angles, so the numbers of one do not depend on which others
    are asked for.

    Args:
        candidates: circuits without data encoding.
        n: the number of qubits, at most 12.
        depth: the number of layers.
        samples: the number of pairs of states, and of points at which gradients are taken.
        seed: decides all random angles; only times differ from call to call.
        space: the whole space, if `candidates` are a part of it. Duplicates are then found in the
            whole space, and `cost` is a share of the time of its step.

    Returns:
        An iterator over the audits, in the order of the candidates.

    Raises:
        ArgumentError: a size is out of range, or a candidate encodes data or is not in the space.

    >>> from diffqas.circuits import Candidate
    >>> (one,) = audit([Candidate(rotation="rz")], n=2, depth=1, samples=4)
    >>> worst = 3 * math.log(BINS)  # all fidelities are 1: they fall into the last bin
    >>> one.directions, one.angles, round(one.entanglement, 9), round(one.expressibility / worst, 9)
    (0, 2, 0.0, 1.0)
    """
    chosen = as_space(candidates)
    every = chosen if space is None else space
    missing = [candidate.name for candidate in chosen if candidate not in every]
    require(not missing, "candidates", "be in the space", ", ".join(missing))
    check_no_data(chosen)
    require(whole(n) and n <= MAX_AUDIT_QUBITS, "n", f"be between 1 and {MAX_AUDIT_QUBITS}", n)
    for name, value, least in (("depth", depth, 1), ("samples", samples, 2), ("seed", seed, 0)):
        require(whole(value, least), name, f"be a whole number of at least {least}", value)
    return _audits(chosen, n, depth, samples, seed, every)


def _audits(
    chosen: SearchSpace, n: int, depth: int, samples: int, seed: int, space: SearchSpace
) -> Iterator[Audit]:
    known = {finding.candidate: finding for finding in findings(space, n)}
    timed = random_angles(space, n, depth, max(1, TIMED >> n), seed)
    whole_step, *steps = step_seconds(
        [space, *(SearchSpace([candidate]) for candidate in chosen)], timed
    )
    for candidate, seconds in zip(chosen, steps, strict=True):
        one = SearchSpace([candidate])
        pairs = random_angles(one, n, depth, 2 * samples, seed)
        values, entanglement = _state_measures(candidate, pairs)
        yield Audit(
            finding=known[candidate],
            n=n,
            depth=depth,
            directions=max(directions(candidate, point) for point in pairs[:RANK_POINTS]),
            angles=depth * n * candidate.rotations_per_qubit,
            expressibility=haar_divergence(values, 2**n),
            entanglement=entanglement,
            gradient_variance=tuple(
                (size, gradient_variance(candidate, random_angles(one, size, depth, samples, seed)))
                for size in _sizes(candidate, n)
            ),
            seconds=seconds,
            cost=seconds / whole_step,
        )


def _sizes(candidate: AnyCandidate, n: int) -> Sequence[int]:
    """Every second size up to `n`, from 2 or 3 on; only `n` for an entangler given as pairs."""
    least = min(n, 2 + n % 2)
    if isinstance(candidate, Ansatz):
        return [size for size in range(least, n + 1, 2) if fits(candidate, size)]
    if not isinstance(candidate.entangler, str):
        return [n]
    return range(least, n + 1, 2)


def random_angles(space: SearchSpace, n: int, depth: int, samples: int, seed: int) -> Tensor:
    """Angles uniform in [0, 2 pi), float64 (samples, depth, n, r)."""
    shape = (samples, depth, n, space.angles_per_qubit)
    return torch.from_numpy(np.random.default_rng((seed, n)).uniform(0, 2 * math.pi, shape))


def directions(candidate: AnyCandidate, angles: Tensor) -> int:
    """The rank of d probabilities / d angles at one point, angles (depth, n, r).

    Singular values above `RANK_TOLERANCE` times the largest one are counted.
    """
    values = torch.linalg.svdvals(jacobian(candidate, angles))
    return int((values > RANK_TOLERANCE * max(float(values[0]), RANK_TOLERANCE)).sum())


def jacobian(candidate: AnyCandidate, angles: Tensor) -> Tensor:
    """Jacobian of probabilities in angles at one point, (2**n, depth n r).

    It is exact, by the parameter-shift rule: every angle enters one rotation, hence
    dp/dt = (p(t + pi/2) - p(t - pi/2)) / 2 (Schuld et al. 2019, arXiv 1811.11184). In a user's own
    circuit an angle may enter anywhere, so that reverse-mode differentiation is used.
    """
    if isinstance(candidate, Ansatz):
        leaf = angles.clone().requires_grad_()
        values = _probabilities(candidate, leaf.unsqueeze(0)).squeeze(0)
        if not values.requires_grad:
            # A file may hold a circuit without a parameter: no angle is in it.
            return angles.new_zeros(len(values), angles.numel())
        rows = torch.eye(len(values), dtype=angles.dtype).split(_at_once(angles.shape[1]))

        def pull(row: Tensor) -> Tensor:
            return torch.autograd.grad(values, leaf, row, retain_graph=True)[0]

        pulled = [torch.func.vmap(pull)(part) for part in rows]
        return torch.cat(pulled).flatten(1)
    units = torch.eye(angles.numel(), dtype=angles.dtype).reshape(-1, *angles.shape)
    shifts = units * (math.pi / 2)
    parts = [
        (_probabilities(candidate, angles + part) - _probabilities(candidate, angles - part)) / 2
        for part in shifts.split(_at_once(angles.shape[1]))
    ]
    return torch.cat(parts).T


def gradient_variance(candidate: AnyCandidate, angles: Tensor) -> float:
    """The variance of d<Z_1>/d angle over samples, summed over all angles (samples, depth, n, r).

    <Z_1> = sum_i s_i p_i, where s_i is +1 if the first qubit of basis state i is 0, else -1. For a
    single angle, as in McClean et al. (2018, arXiv 1803.11173), the variance can be zero at some
    sizes only because of the circuit's structure; so the sum over all angles is taken.
    """
    n = angles.shape[2]
    signs = torch.ones(2**n, dtype=angles.dtype)
    signs[2 ** (n - 1) :] = -1
    gradients = []
    for part in angles.split(_at_once(n)):
        leaf = part.clone().requires_grad_()
        cost = (_probabilities(candidate, leaf) @ signs).sum()
        if not cost.requires_grad:
            return 0.0  # a constant
        gradients.append(torch.autograd.grad(cost, leaf)[0])
    return float(torch.cat(gradients).var(0).sum())


def step_seconds(spaces: Sequence[SearchSpace], angles: Tensor) -> list[float]:
    """The median seconds of a step of each space, per set of angles, on this machine.

    A step computes probabilities and a gradient. The spaces are timed in turns, so that other work
    of the machine slows down all of them.

    Args:
        spaces: the spaces, each of which is computed in a step of its own.
        angles: (sets, depth, n, r); a space that needs fewer rotations per qubit uses the first
            ones.
    """
    times: list[list[float]] = []
    fewest, most = ROUNDS
    while len(times) < fewest + 1 or (sum(map(sum, times)) < SECONDS and len(times) < most):
        times.append([_one_step(space, angles[..., : space.angles_per_qubit]) for space in spaces])
    timed = times[1:]  # the first round fills caches
    return [statistics.median(own) / len(angles) for own in zip(*timed, strict=True)]


def _one_step(space: SearchSpace, angles: Tensor) -> float:
    leaf = _squeezed(angles).clone().requires_grad_()
    begin = time.perf_counter()
    loss = probabilities(space, leaf).square().sum()
    if loss.requires_grad:
        torch.autograd.grad(loss, leaf)
    return time.perf_counter() - begin


def _state_measures(candidate: AnyCandidate, pairs: Tensor) -> tuple[np.ndarray, float]:
    """Fidelities of the first half of the samples with the second, and the mean Q of all."""
    first, second = pairs.chunk(2)
    values, entangled = [], []
    count = _at_once(pairs.shape[2])
    for ours, theirs in zip(first.split(count), second.split(count), strict=True):
        left, right = states(candidate, ours), states(candidate, theirs)
        values.append(fidelities(left, right))
        entangled += [meyer_wallach(left), meyer_wallach(right)]
    return np.concatenate(values), float(np.concatenate(entangled).mean())


def _probabilities(candidate: AnyCandidate, angles: Tensor) -> Tensor:
    """(samples, 2**n) of one candidate for angles (samples, depth, n, r)."""
    return probabilities([candidate], _squeezed(angles)).squeeze(-2)


def _squeezed(angles: Tensor) -> Tensor:
    if angles.shape[-1] == 1:
        return angles.squeeze(-1)
    return angles


def _at_once(n: int) -> int:
    return max(1, AMPLITUDES >> n)
