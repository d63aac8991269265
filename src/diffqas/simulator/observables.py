"""Expectations in two stages: first what the angles decide, then any number of inputs, cheaply.

An input enters a circuit in one rotation of one qubit. So an output is a polynomial of degree one
in each input's (1, cos, sin), and its 3**n coefficients depend on the angles alone. In the training
of a recurrent network they are computed once per step of the optimiser and reused for every sample
and every moment of the series. A weighted sum of candidates has the weighted sum of their
coefficients, so that its evaluation costs no more than that of one candidate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from diffqas.circuits import Candidate, SearchSpace, as_space
from diffqas.errors import ArgumentError, require, whole
from diffqas.simulator.arguments import checked_angles, checked_weights, lead_of, type_of
from diffqas.simulator.broadcasting import Alignment
from diffqas.simulator.eager import eager
from diffqas.simulator.pauli import coefficients, mixed
from diffqas.simulator.pauli_plan import Size, pauli_plan
from diffqas.simulator.states import state_expectations

MAX_COEFFICIENT_QUBITS = 8
"""The most qubits for which coefficients are computed; wider circuits are simulated per input."""

MAX_COEFFICIENTS = 2**26
"""The most coefficients, of all candidates at all sets of angles, that are held in memory."""


class Observables:
    """Outputs of candidates at given angles, as functions of the inputs; made by `heisenberg`."""

    def __init__(
        self,
        n: int,
        angles: Tensor,
        lead: tuple[int, ...],
        values: Callable[[Tensor], Tensor],
        coefficients: Tensor | None = None,
    ) -> None:
        self.n, self.lead, self.coefficients = n, lead, coefficients
        """The coefficients, (*lead, candidates, outputs, 3**n) or (*lead, outputs, 3**n) of a
        weighted sum; None where they are not held.
        """
        self._angles, self._values = angles, values

    @eager
    def __call__(self, inputs: Tensor) -> Tensor:
        """Expectations at the inputs.

        Args:
            inputs: (..., n) in radians, with the dtype and device of the angles. The leading
                dimensions broadcast against those of the angles.

        Returns:
            Expectations (..., len(candidates), outputs), or (..., outputs) for a weighted sum,
            differentiable in the inputs and in the angles and weights given to `heisenberg`.

        Raises:
            ArgumentError: inputs of the wrong shape, dtype or device.
        """
        self._check(inputs)
        return self._values(inputs)

    def _check(self, inputs: Tensor) -> None:
        kind, dtype, device = type_of(inputs), self._angles.dtype, self._angles.device
        require(kind == dtype, "inputs", f"be a {dtype} tensor like `angles`", kind)
        got = tuple(inputs.shape)
        proper = len(got) >= 1 and got[-1] == self.n and 0 not in got
        require(proper, "inputs", f"have the shape (..., {self.n})", got)
        rule = f"be on the device of `angles`, {device}"
        require(inputs.device == device, "inputs", rule, inputs.device)
        try:
            torch.broadcast_shapes(got[:-1], self.lead)
        except RuntimeError:
            rule = f"have leading dimensions that broadcast against those of `angles`, {self.lead}"
            raise ArgumentError(f"Argument `inputs` must {rule}, but got {got[:-1]}.") from None

    def mixed(self, weights: Tensor) -> Observables:
        """Observables of the weighted sum of all candidates, from coefficients that are held.

        It is for angles that do not change, for which everything else is computed once.

        Args:
            weights: (..., len(candidates)) with the leading dimensions of the angles. The result is
                differentiable in the weights and inputs, but not in the angles.
        """
        # Where coefficients are not held, `heisenberg` takes the weights itself.
        assert self.coefficients is not None
        found = mixed(self.coefficients.flatten(0, -4), weights.reshape(-1, weights.shape[-1]))
        coefficients = found.reshape(*self.lead, *found.shape[1:])
        return _of_coefficients(self.n, self._angles, self.lead, coefficients, True)


@eager
def heisenberg(
    candidates: SearchSpace | Iterable[Candidate],
    angles: Tensor,
    outputs: int,
    *,
    weights: Tensor | None = None,
    separate: bool = False,
) -> Observables:
    """The first stage of `expectations`: everything that does not depend on the inputs.

    Args:
        candidates: circuits with data encoding.
        angles: as in `expectations`.
        outputs: the number of qubits that are read; these are the first ones.
        weights: (..., len(candidates)) with the leading dimensions of `angles`, for the weighted
            sum of all candidates; None gives the expectations of every candidate.
        separate: as in `expectations`.

    Returns:
        A function of the inputs. Its coefficients belong to these angles, so in training it is
        valid for one step only.

    Raises:
        ArgumentError: as in `expectations`, or the weights have the wrong shape or dtype.

    >>> space = [Candidate(encoding="ry"), Candidate(hadamard=True, encoding="ry", rotation="rz")]
    >>> observables = heisenberg(space, torch.zeros(1, 2), 2, weights=torch.tensor([1.0, 2.0]))
    >>> observables(torch.tensor([[0.0, 0.0], [torch.pi, -torch.pi / 2]])).round().tolist()
    [[1.0, 1.0], [-1.0, 0.0]]
    """
    space = as_space(candidates)
    silent = [candidate.name for candidate in space if not candidate.encodes]
    require(not silent, "candidates", "encode data", ", ".join(silent))
    # Several rotations by one input are no polynomial of degree one in its cosine and sine.
    several = [candidate.name for candidate in space if len(candidate.encodings) > 1]
    require(
        not several,
        "candidates",
        "encode each input once (`observed` takes more)",
        ", ".join(several),
    )
    flat = checked_angles(space, angles, separate)
    sets, _, depth, n, _ = flat.shape
    rule = f"be a whole number from 1 to the number of qubits, {n}"
    require(whole(outputs) and outputs <= n, "outputs", rule, outputs)
    for candidate in space:
        candidate.cnots(n)  # tells of an entangler that does not fit n qubits
    lead = lead_of(space, angles, separate)
    together = weights is not None
    if weights is not None:
        weights = checked_weights(space, weights, angles, lead)
    rows = sets if together else sets * len(space)
    size = Size(space, depth, n, outputs)
    held = n <= MAX_COEFFICIENT_QUBITS and rows * outputs * 3**n <= MAX_COEFFICIENTS
    if not held or pauli_plan(size) is None:
        return Observables(n, angles, lead, _simulated(space, flat, lead, outputs, weights))
    if weights is None:
        weights = flat.new_ones(sets, len(space))
    found = coefficients(size, flat, weights, together)
    found = found.reshape(*lead, *found.shape[1:])
    return _of_coefficients(n, angles, lead, found, together)


def _of_coefficients(
    n: int, angles: Tensor, lead: tuple[int, ...], found: Tensor, together: bool
) -> Observables:
    # <Z_k>(x) = sum over f of coefficient[k, f] * feature[f](x); c counts candidates.
    equation = "...f,...kf->...k" if together else "...f,...ckf->...ck"

    def values(inputs: Tensor) -> Tensor:
        return torch.einsum(equation, features(inputs), found)

    return Observables(n, angles, lead, values, found)


def features(inputs: Tensor) -> Tensor:
    """All products of one of (1, cos, sin) of each input, (..., n) -> (..., 3**n).

    The first input's factor changes slowest.

    >>> features(torch.zeros(2)).tolist()
    [1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    """
    parts = torch.ones_like(inputs), inputs.cos(), inputs.sin()
    first, *others = torch.stack(parts, dim=-1).unbind(-2)
    product = first
    for factor in others:
        product = (product.unsqueeze(-1) * factor.unsqueeze(-2)).flatten(-2)
    return product


def _simulated(
    space: SearchSpace, angles: Tensor, lead: tuple[int, ...], outputs: int, weights: Tensor | None
) -> Callable[[Tensor], Tensor]:
    def values(inputs: Tensor) -> Tensor:
        align = Alignment(tuple(inputs.shape[:-1]), lead)
        per_set = angles.reshape(*lead, *angles.shape[1:])
        samples, sets = align.samples(inputs), align.sets(per_set)
        found = align.restored(state_expectations(space, samples, sets, outputs))
        if weights is None:
            return found
        return (weights.reshape(*lead, -1, 1) * found).sum(-2)

    return values
