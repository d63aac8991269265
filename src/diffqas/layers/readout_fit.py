"""Observables fitted to samples: for given angles a layer is linear in their numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from diffqas.circuits import AnyObservables, Diagonal, PauliStrings, Z
from diffqas.errors import ArgumentError, require
from diffqas.layers.measurements import parity
from diffqas.layers.quantum_layer import QuantumLayer
from diffqas.simulator import observed

Loss: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""(outputs, targets) -> a scalar."""

PENALTY = 1e-4
"""Factor of the squared coefficients of standardised features. Of 1e-5, 1e-4, 3e-4 and 1e-3 it left
the highest accuracy on held-out training images of `mnist-4x4` with eight qubits to a window.
"""
ITERATIONS = 100
SAMPLES = 250
"""Samples that are simulated together."""
LEAST_SPREAD = 1e-3
"""The least spread that features are divided by, so that nearly constant ones are not enlarged."""


@dataclass(frozen=True)
class Readout:
    """Z-strings that outputs are sums of.

    A diagonal matrix on k qubits is a sum of the 2**k products of Z on some of them: its
    eigenvalues are the Walsh-Hadamard transform of the coefficients.

    Attributes:
        strings: all that occur, without the constant.
        of_output: for each output the places of its strings in `strings`.
    """

    strings: PauliStrings
    of_output: tuple[tuple[int, ...], ...]

    @property
    def mask(self) -> Tensor:
        """1 where an output has a string, (outputs, strings)."""
        mask = torch.zeros(len(self.of_output), len(self.strings.strings))
        for row, places in zip(mask, self.of_output, strict=True):
            row[list(places)] = 1.0
        return mask


def readout_of(observables: AnyObservables, n: int, outputs: int) -> Readout | None:
    """The strings of trained sums, diagonal matrices or Z; None of what Z-strings do not span.

    >>> readout_of(Diagonal(2), 3, 2).strings.strings
    ('ZII', 'IZI', 'ZZI', 'IIZ', 'IZZ')
    >>> readout_of(Diagonal(2), 3, 2).of_output
    ((0, 1, 2), (1, 3, 4))
    """
    if isinstance(observables, PauliStrings):
        others = any(set(string) - set("IZ") for string in observables.strings)
        if not observables.trained or others:
            return None
        every = tuple(range(len(observables.strings)))
        return Readout(PauliStrings(observables.strings), (every,) * outputs)
    if not isinstance(observables, Z | Diagonal):
        return None
    known: dict[str, int] = {}
    places: list[tuple[int, ...]] = []
    for window in observables.supports(n, outputs):
        texts = [_text(qubits, n) for qubits in _parts(window)]
        places.append(tuple(known.setdefault(text, len(known)) for text in texts))
    return Readout(PauliStrings(tuple(known)), tuple(places))


def readout_for(layer: QuantumLayer) -> Readout:
    """The strings of a layer's outputs.

    Raises:
        ArgumentError: no sums of Z-strings can take the place of its observables.
    """
    rule = "be layer where observables are fitted"
    require(layer.structured == "layer", "structure", rule, layer.structured)
    readout = readout_of(layer.observables, layer.n, layer.outputs)
    if readout is None:
        raise ArgumentError(
            "Argument `observables` must be Z, a trained sum of Z-strings or Diagonal where they "
            f"are fitted, but got {layer.observables}."
        )
    return readout


def _parts(window: tuple[int, ...]) -> list[tuple[int, ...]]:
    """All sets of qubits of a window but the empty one."""
    sizes = range(1, len(window) + 1)
    return [qubits for size in sizes for qubits in combinations(window, size)]


def _text(qubits: tuple[int, ...], n: int) -> str:
    return "".join("Z" if qubit in qubits else "I" for qubit in range(n))


def features(layer: QuantumLayer, strings: PauliStrings, x: Tensor, place: int) -> Tensor:
    """Expectations of Z-strings in one of several stacked layers' weighted sums of circuits.

    Args:
        layer: layers that were stacked; their outputs share structural weights.
        strings: what is measured.
        x: (samples, inputs), radians.
        place: which layer.

    Returns:
        (samples, strings).
    """
    weights = layer.placed(layer.step_weights(), layer.choice)[place]
    found: list[Tensor] = []
    for few in x.split(SAMPLES):
        encoded = layer.encoded(few.expand(*layer.lead, *few.shape))[place]
        outputs = observed(
            layer.candidates,
            encoded,
            layer.angles[place],
            strings,
            outputs=len(strings.strings),
            weights=weights,
            uploads=layer.uploads * layer.encodings,
            separate=layer.separate,
        )
        found.append(outputs)
    return torch.cat(found)


def fitted(
    features: Tensor, targets: Tensor, mask: Tensor, loss: Loss, *, single: bool
) -> tuple[Tensor, Tensor]:
    """Coefficients and constants under which sums of features have the least loss.

    The loss is convex in them where it is convex in the outputs, as cross-entropy and the squared
    error are. Features are standardised first and their squared coefficients cost `PENALTY`, so
    that strings that hardly vary get no large ones. Source: L-BFGS with a line search for the
    strong Wolfe conditions (Nocedal and Wright, Numerical Optimization, algorithm 7.4).

    Args:
        features: (samples, strings).
        targets: (samples,).
        mask: (outputs, strings), which strings an output may have.
        loss: of the outputs, (samples, outputs), of `single` ones (samples,).
        single: one number is predicted.

    Returns:
        (outputs, strings) and (outputs,).
    """
    middle = features.mean(0)
    spread = features.std(0) + LEAST_SPREAD
    standard = (features - middle) / spread
    coefficients = torch.zeros_like(mask, requires_grad=True)
    constants = torch.zeros(len(mask), dtype=mask.dtype, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [coefficients, constants],
        max_iter=ITERATIONS,
        history_size=20,
        line_search_fn="strong_wolfe",
    )

    def evaluate() -> Tensor:
        optimizer.zero_grad()
        allowed = coefficients * mask
        outputs = standard @ allowed.T + constants
        cost = loss(outputs.squeeze(-1) if single else outputs, targets)
        cost = cost + PENALTY * allowed.square().sum()
        cost.backward()
        return cost

    with torch.enable_grad():
        optimizer.step(evaluate)
    plain = (coefficients * mask).detach() / spread
    return plain, constants.detach() - plain @ middle


def eigenvalues(observables: Diagonal, readout: Readout, coefficients: Tensor) -> Tensor:
    """Diagonals of matrices that are sums of Z-strings.

    Args:
        observables: on windows whose strings `readout` lists.
        readout: as `readout_of` gave it.
        coefficients: (outputs, strings).

    Returns:
        (outputs, 2**locality).
    """
    columns = [_signs(part, observables.locality) for part in _parts(_all(observables))]
    signs = torch.from_numpy(np.stack(columns)).to(coefficients.dtype)
    rows = [
        row[list(places)] @ signs
        for row, places in zip(coefficients, readout.of_output, strict=True)
    ]
    return torch.stack(rows)


def _all(observables: Diagonal) -> tuple[int, ...]:
    return tuple(range(observables.locality))


def _signs(part: tuple[int, ...], count: int) -> np.ndarray:
    """Eigenvalues of Z on some of `count` qubits, the first one most significant, (2**count,)."""
    signs = np.ones(1)
    for qubit in range(count):
        own = parity(1) if qubit in part else np.ones(2)
        signs = np.kron(signs, own)
    return signs
