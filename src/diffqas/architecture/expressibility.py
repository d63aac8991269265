"""Properties of a circuit's states at random angles: how they spread, how entangled they are.

Both measures are those of Sim, Johnson and Aspuru-Guzik (2019, arXiv 1905.10876). They are computed
from states with their phases. Probabilities do not show phases, so a circuit can have high values
of both measures although its probabilities are constant.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffqas.circuits import Ansatz, AnyCandidate, check_no_data
from diffqas.simulator import amplitudes, evolve, qubit_unitaries

Floats = NDArray[np.float64]

BINS = 75
"""The number of bins of the fidelities in [0, 1], as in the paper."""


@torch.no_grad()
def states(candidate: AnyCandidate, angles: Tensor) -> Tensor:
    """The final statevectors of a circuit for many sets of angles at once, with all phases.

    Args:
        candidate: a circuit without data encoding.
        angles: radians, float64, (samples, depth, n, r), r at least the candidate's rotations per
            qubit.

    Returns:
        complex128, (samples, 2**n); qubit 0 is the most significant bit of an index.

    Raises:
        ArgumentError: the candidate encodes data.

    >>> from diffqas.circuits import Candidate
    >>> half_turn = torch.full((1, 1, 1, 1), torch.pi, dtype=torch.float64)
    >>> states(Candidate(rotation="ry"), half_turn).real.round().tolist()
    [[0.0, 1.0]]
    """
    check_no_data([candidate], "candidate")
    n = angles.shape[2]
    if isinstance(candidate, Ansatz):
        return amplitudes(candidate, angles)
    unitaries = qubit_unitaries(candidate.rotations, angles)
    start = unitaries.new_zeros(1, 2**n, 1)
    if candidate.hadamard:
        start.fill_(0.5 ** (n / 2))
    else:
        start[0, 0] = 1
    return evolve(unitaries, [candidate.cnots(n)], start).squeeze(-1).to(torch.complex128)


def fidelities(left: Tensor, right: Tensor) -> Floats:
    """|<left|right>|**2 of pairs of states, (pairs, 2**n) each: (pairs,), at most 1."""
    overlaps = (left.conj() * right).sum(-1).abs().square()
    return overlaps.clamp(max=1).numpy()


def log_haar_masses(size: int, bins: int = BINS) -> Floats:
    """Logarithm of the share of Haar-random pairs in each bin of fidelity, (bins,).

    P(F) = (size - 1) (1 - F)**(size - 2) gives (1 - low)**(size - 1) - (1 - high)**(size - 1), kept
    as logarithms: for twelve qubits the last is exp(-17680).

    >>> log_haar_masses(2, 4).round(6).tolist() == [round(math.log(1 / 4), 6)] * 4
    True
    """
    # Haar fidelities have P(F > f) = (1 - f)**(N - 1), so a bin from `low` to `high` holds
    # (1 - low)**(N - 1) (1 - ((1 - high) / (1 - low))**(N - 1)).
    edges = np.arange(bins) / bins
    ratio = (bins - np.arange(1, bins + 1)) / (bins - np.arange(bins))  # (1 - high) / (1 - low)
    return (size - 1) * np.log1p(-edges) + np.log1p(-(ratio ** (size - 1)))


def haar_divergence(values: Floats, size: int, bins: int = BINS) -> float:
    """Kullback-Leibler divergence, in nats, of fidelities from Haar-random ones; 0 is best.

    Sim et al. call it Expr. If all states are equal, it has its largest value, (size - 1) ln(bins).

    Args:
        values: the fidelities of independent pairs of states, (pairs,).
        size: the dimension of the states, 2**n.
        bins: the number of bins of the histogram.
    """
    counts, _ = np.histogram(values, bins, range=(0.0, 1.0))
    # An empty bin adds nothing: p log(p / q) goes to 0 with p.
    filled = counts > 0
    shares = counts[filled] / counts.sum()
    return float((shares * (np.log(shares) - log_haar_masses(size, bins)[filled])).sum())


def haar_floor(size: int, pairs: int, seed: int = 0, repeats: int = 50) -> float:
    """The mean expressibility of so many Haar-random pairs, which is the bias of the histogram."""
    draws = np.random.default_rng(seed).random((repeats, pairs))
    values = -np.expm1(np.log1p(-draws) / (size - 1))  # the inverse of 1 - (1 - F)**(size - 1)
    return float(np.mean([haar_divergence(one, size) for one in values]))


def meyer_wallach(vectors: Tensor) -> Floats:
    """Entanglement Q = 2 (1 - mean over qubits of Tr rho_k**2): (samples, 2**n) -> (samples,).

    Q is 0 for product states, and 1 if every qubit alone is fully mixed (GHZ). The formula is that
    of Brennen (2003, quant-ph/0305094). Its mean over random angles is what Sim et al. call Ent.

    >>> ghz = torch.tensor([[1, 0, 0, 0, 0, 0, 0, 1]], dtype=torch.complex128) / 2**0.5
    >>> meyer_wallach(ghz).round(12).tolist()
    [1.0]
    """
    count, size = vectors.shape
    n = round(math.log2(size))
    purities = torch.zeros(count, dtype=torch.float64)
    for q in range(n):
        # rho_q = A A^dagger, with the qubit's own index in front and all others traced out.
        halves = vectors.reshape(count, 2**q, 2, -1).transpose(1, 2).flatten(2)
        reduced = halves @ halves.mH
        purities += reduced.abs().square().sum((-2, -1))
    return (2 * (1 - purities / n)).clamp(0, 1).numpy()
