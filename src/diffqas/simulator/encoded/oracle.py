"""The slow, obvious simulator of encoded circuits: dense matrices, gate by gate, in float64.

Every fast way is tested against it, in values and in gradients.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import reduce

import torch
from torch import Tensor

from diffqas.circuits import (
    AnyCandidate,
    AnyObservables,
    Diagonal,
    Hermitian,
    PauliStrings,
    SearchSpace,
    as_space,
    gate_list,
)
from diffqas.simulator.oracle import PAULI, dense_gate


def dense_observed(
    candidates: SearchSpace | Iterable[AnyCandidate],
    inputs: Tensor,
    angles: Tensor,
    observables: AnyObservables,
    *,
    outputs: int,
    coefficients: Tensor | None = None,
    separate: bool = False,
) -> Tensor:
    """The values that `observed` must give for one sample and one set of angles.

    Args:
        candidates: circuits with data encoding.
        inputs: (uploads, n), float64.
        angles: (depth, n, r), with `separate` (len(candidates), depth, n, r), float64.
        observables: what is read.
        outputs: the number of outputs.
        coefficients: the trained numbers of the observables, float64.
        separate: whether each candidate has its own angles.

    Returns:
        The outputs of every candidate, (len(candidates), outputs).
    """
    space, n = as_space(candidates), inputs.shape[1]
    matrices = list(_matrices(observables, n, outputs, coefficients))
    rows = []
    for place, candidate in enumerate(space):
        own = angles[place] if separate else angles
        state = dense_encoded_state(candidate, inputs, own)
        rows.append(torch.stack([(state.conj() @ (h @ state)).real for h in matrices]))
    return torch.stack(rows)


def dense_encoded_state(candidate: AnyCandidate, inputs: Tensor, angles: Tensor) -> Tensor:
    """Final amplitudes, complex128 (2**n,), for inputs (uploads, n) and angles (depth, n, r)."""
    uploads, n = inputs.shape
    state = torch.zeros(2**n, dtype=torch.complex128)
    state[0] = 1
    parts = gate_list(candidate, n)
    for gate in parts.start:
        state = dense_gate(gate, angles[0], n) @ state
    for upload, rows in zip(inputs, angles.chunk(uploads), strict=True):
        for gate in parts.encoding:
            state = dense_gate(gate, upload.unsqueeze(-1), n) @ state
        for row in rows:
            for gate in parts.layer:
                state = dense_gate(gate, row, n) @ state
    return state


def _string(letters: str) -> Tensor:
    """The matrix of a Pauli string, first letter on qubit 0, the most significant bit."""
    identity = torch.eye(2, dtype=torch.complex128)
    factors = [PAULI[f"r{letter}"] if letter != "i" else identity for letter in letters.lower()]
    return reduce(torch.kron, factors)


def _matrices(
    observables: AnyObservables, n: int, outputs: int, coefficients: Tensor | None
) -> Iterator[Tensor]:
    """The Hermitian matrix (2**n, 2**n) of each output."""
    windows = observables.supports(n)
    if isinstance(observables, PauliStrings):
        strings = [_string(string) for string in observables.strings]
        if coefficients is None:
            yield from strings[:outputs]
        else:
            for row in coefficients:
                yield (row[:, None, None] * torch.stack(strings)).sum(0)
    elif isinstance(observables, Diagonal):
        assert coefficients is not None
        for row, window in zip(coefficients, windows[:outputs], strict=True):
            yield _on_window(torch.diag(row).to(torch.complex128), window, n)
    elif isinstance(observables, Hermitian):
        assert coefficients is not None
        for row, window in zip(coefficients, windows[:outputs], strict=True):
            yield _on_window(_hermitian(row), window, n)
    else:
        for window in windows[:outputs]:
            yield _string("".join("z" if q in window else "i" for q in range(n)))


def _hermitian(numbers: Tensor) -> Tensor:
    """H of its 4**k real numbers: diagonal, real parts above it, imaginary parts above it."""
    size = round(len(numbers) ** 0.5)
    entries: list[list[Tensor]] = [[torch.zeros(())] * size for _ in range(size)]
    pairs = [(a, b) for a in range(size) for b in range(a + 1, size)]
    for a in range(size):
        entries[a][a] = numbers[a] + 0j
    for place, (a, b) in enumerate(pairs):
        real, imaginary = numbers[size + place], numbers[size + len(pairs) + place]
        entries[a][b], entries[b][a] = real + 1j * imaginary, real - 1j * imaginary
    return torch.stack([torch.stack(row) for row in entries])


def _on_window(matrix: Tensor, window: tuple[int, ...], n: int) -> Tensor:
    """H on some qubits, the identity on the others: (2**n, 2**n), entry by entry."""
    result = torch.zeros(2**n, 2**n, dtype=torch.complex128)
    basis = torch.arange(2**n)
    inside, outside = torch.zeros_like(basis), basis.clone()
    for place, qubit in enumerate(window):
        bit = basis >> (n - 1 - qubit) & 1
        inside = inside | bit << (len(window) - 1 - place)
        outside = outside - (bit << (n - 1 - qubit))
    same = outside[:, None] == outside[None, :]
    return torch.where(same, matrix[inside[:, None], inside[None, :]], result)
