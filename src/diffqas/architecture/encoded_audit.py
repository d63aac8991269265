"""Candidates with data before any training: what is known, and how far their outputs move."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from diffqas.architecture.angles import angle_shape
from diffqas.circuits import AnyObservables, EncodedFinding, SearchSpace
from diffqas.errors import require, whole
from diffqas.simulator import observed

MAX_ENCODED_AUDIT_QUBITS = 12

STILL = 1e-9
"""Outputs in double precision that move by less count as constant."""


@dataclass(frozen=True)
class EncodedAudit:
    """One candidate with data, for one size and the observables that are read.

    Attributes:
        finding: whether it sees its inputs and trains, which earlier candidate it equals, and how
            this is known.
        by_inputs: the standard deviation of an output over inputs (root mean square over angles).
        by_angles: the standard deviation of an output over angles (root mean square over inputs).
        gradient: the root mean square of the derivative of an output in an angle.
    """

    finding: EncodedFinding
    by_inputs: float
    by_angles: float
    gradient: float

    @property
    def agrees(self) -> bool:
        """Whether the measurement agrees with the finding; rules may not find every dead one."""
        sees, trains = self.by_inputs > STILL, self.by_angles > STILL
        return (sees, trains) == (self.finding.sees, self.finding.trains)


def encoded_audits(
    findings: Sequence[EncodedFinding],
    n: int,
    depth: int,
    outputs: int,
    observables: AnyObservables,
    *,
    uploads: int = 1,
    samples: int = 300,
    seed: int = 0,
) -> Iterator[EncodedAudit]:
    """Measure candidates one after the other, with the same random numbers for each.

    Angles are uniform in [0, 2 pi) and inputs in [-pi, pi). The trained numbers of observables are
    normal with standard deviation 1.

    Args:
        findings: the result of `encoded_findings` for the same size.
        n: the number of qubits, at most 12.
        depth: the number of layers of the whole circuit.
        outputs: the number of observables that are read; these are the first ones.
        observables: what is measured.
        uploads: how often the data is encoded.
        samples: the number of pairs of random places.
        seed: decides the random places.

    Raises:
        ArgumentError: there are more than 12 qubits, or no samples.
    """
    rule = f"be between 1 and {MAX_ENCODED_AUDIT_QUBITS}"
    require(1 <= n <= MAX_ENCODED_AUDIT_QUBITS, "qubits", rule, n)
    require(whole(samples), "samples", "be a whole number of at least 1", samples)
    places = _Places(n, outputs, observables, uploads, samples)
    for finding in findings:
        space = SearchSpace([finding.candidate])
        draw = torch.Generator().manual_seed(seed)
        shape = (samples, *angle_shape(space, depth, n))
        first, second = (_uniform(draw, *shape) * (2 * math.pi) for _ in range(2))
        inputs, others = ((_uniform(draw, samples, 1, n) * 2 - 1) * math.pi for _ in range(2))
        numbers = places.numbers(draw)
        first.requires_grad_()
        values = places.outputs(space, inputs, first, numbers)
        # With random signs, the mean square of the sum's gradient is the sum of the mean squares.
        signs = torch.randint(2, values.shape, generator=draw) * 2.0 - 1
        gradient = _rms(_gradient((values * signs).sum(), first)) / outputs**0.5
        with torch.no_grad():
            by_inputs = values - places.outputs(space, others, first, numbers)
            by_angles = values - places.outputs(space, inputs, second, numbers)
        # Of two independent values the mean square of the difference is twice the variance.
        yield EncodedAudit(finding, _rms(by_inputs) / 2**0.5, _rms(by_angles) / 2**0.5, gradient)


@dataclass(frozen=True)
class _Places:
    n: int
    count: int
    observables: AnyObservables
    uploads: int
    samples: int

    def numbers(self, draw: torch.Generator) -> Tensor | None:
        """Trained numbers of the observables at every place."""
        shape = self.observables.numbers(self.n, self.count)
        if shape is None:
            return None
        return torch.randn(self.samples, *shape, generator=draw, dtype=torch.float64)

    def outputs(
        self, space: SearchSpace, inputs: Tensor, angles: Tensor, numbers: Tensor | None
    ) -> Tensor:
        """(samples, outputs)"""
        # Each upload encodes the same sample.
        return observed(
            space,
            inputs.expand(-1, self.uploads, -1),
            angles,
            self.observables,
            outputs=self.count,
            coefficients=numbers,
            uploads=self.uploads,
        ).squeeze(-2)


def _uniform(draw: torch.Generator, *shape: int) -> Tensor:
    return torch.rand(*shape, generator=draw, dtype=torch.float64)


def _gradient(value: Tensor, angles: Tensor) -> Tensor:
    # A circuit without any angle that matters may leave none.
    (found,) = torch.autograd.grad(value, angles, allow_unused=True)
    return torch.zeros_like(angles) if found is None else found


def _rms(values: Tensor) -> float:
    return float(values.square().mean().sqrt())
