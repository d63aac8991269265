"""The forms of observables that need more of a state than its probabilities.

Nothing of a window is kept for the way back: the gradient of <psi|A|psi> is 2 A |psi>, with A made
of the cotangents of the window's forms, and A acts on the window's qubits alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from diffqas.simulator.encoded.amplitudes import transpose
from diffqas.simulator.encoded.folded import Wanted, call
from diffqas.simulator.encoded.terms import STRINGS, Terms
from diffqas.simulator.encoded.windows import window_axes
from diffqas.simulator.kept import kept


def state_forms(terms: Terms, states: Tensor) -> Tensor:
    """Forms (G, candidates, B, terms) of strings, (G, candidates, B, terms, 4**k) of Hermitian.

    States are (G, candidates, 2**n, B), real or complex; differentiable once.
    """
    if terms.kind == STRINGS:
        return call(_Strings(terms), states)
    return call(_Density(terms), states)


@dataclass(frozen=True)
class _Strings:
    """Expectations of Pauli strings."""

    terms: Terms

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        """(G, candidates, B, terms)"""
        (states,) = tensors
        each = []
        for acted in self._acted(states):
            overlap = states.conj() * acted
            each.append((overlap.real if states.is_complex() else overlap).sum(2))
        return (torch.stack(each, dim=-1),)

    def kept(self, tensors: Sequence[Tensor]) -> Sequence[Tensor]:
        """All."""
        return tensors

    def backward(
        self, wanted: Wanted, kept: Sequence[Tensor], results: object, upstream: Tensor
    ) -> tuple[Tensor, ...]:
        """The cotangent of the states."""
        (states,) = kept
        total = torch.zeros_like(states)
        for acted, above in zip(self._acted(states), upstream.unbind(-1), strict=True):
            total.addcmul_(acted, (2 * above).unsqueeze(2).to(states.dtype))
        return (total,)

    def _acted(self, states: Tensor) -> Iterator[Tensor]:
        """P |psi> of each string."""
        terms = self.terms
        dtype, device = states.dtype, str(states.device)
        for window, letters in zip(terms.windows, terms.letters, strict=True):
            string = _string(window, letters, terms.n, dtype, device)
            yield states.index_select(2, string.sources).mul_(string.factors.unsqueeze(1))


class _String(NamedTuple):
    """A Pauli string: (P psi)[s] = factors[s] * psi[sources[s]]."""

    sources: Tensor
    factors: Tensor


@kept(maxsize=256)
def _string(
    window: tuple[int, ...], letters: str, n: int, dtype: torch.dtype, device: str
) -> _String:
    states = torch.arange(2**n)
    sources, factors = states, torch.ones(2**n, dtype=torch.complex128)
    for qubit, letter in zip(window, letters, strict=True):
        sign = 1 - 2 * (states >> (n - 1 - qubit) & 1)
        if letter == "Z":
            factors = factors * sign
            continue
        sources = sources ^ (1 << (n - 1 - qubit))
        if letter == "Y":
            # Y = [[0, -i], [i, 0]]: row 0 has -i, row 1 has i.
            factors = factors * (-1j * sign)
    if not dtype.is_complex:
        # With an odd number of Y the matrix is imaginary, and real states have expectation 0.
        factors = factors.real
    return _String(sources.to(device), factors.to(device, dtype))


@dataclass(frozen=True)
class _Density:
    """The numbers of the windows' reduced density matrices, as `terms` orders them."""

    terms: Terms

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        """(G, candidates, B, terms, 4**k)"""
        (states,) = tensors
        flat = _rows(states)
        each = []
        for qubits in self.terms.windows:
            rows = window_axes(qubits, self.terms.n).matrix(flat)
            # rho = trace over all other qubits of |psi><psi|
            each.append(_numbers(rows @ rows.mH))
        sets, count, _, samples = states.shape
        return (torch.stack(each, dim=1).unflatten(0, (sets, count, samples)),)

    def kept(self, tensors: Sequence[Tensor]) -> Sequence[Tensor]:
        """All."""
        return tensors

    def backward(
        self, wanted: Wanted, kept: Sequence[Tensor], results: object, upstream: Tensor
    ) -> tuple[Tensor, ...]:
        """The cotangent of the states."""
        (states,) = kept
        flat = _rows(states)
        total = torch.zeros_like(flat)
        for qubits, numbers in zip(self.terms.windows, upstream.unbind(3), strict=True):
            window = window_axes(qubits, self.terms.n)
            acted = _matrix(2 * numbers.flatten(0, 2), flat) @ window.matrix(flat)
            into = window.rows(total)
            into.add_(acted.view(into.shape))
        size, samples = states.shape[2:]
        cotangent = torch.empty_like(states, memory_format=torch.contiguous_format)
        transpose(total.view(-1, samples, size), cotangent.view(-1, size, samples))
        return (cotangent,)


def _rows(states: Tensor) -> Tensor:
    """The state of every sample as a row, (G * candidates * B, 2**n)."""
    sets, count, size, samples = states.shape
    rows = states.new_empty(sets * count, samples, size)
    transpose(states.reshape(sets * count, size, samples), rows)
    return rows.flatten(0, 1)


def _numbers(rho: Tensor) -> Tensor:
    """Forms (batch, 4**k) whose sum with the real numbers of H is Tr(H rho)."""
    size = rho.shape[-1]
    diagonal = rho.diagonal(dim1=-2, dim2=-1)
    # H_ab rho_ba + H_ba rho_ab = 2 Re(H_ab) Re(rho_ab) + 2 Im(H_ab) Im(rho_ab), for H_ba and
    # rho_ba are conjugates.
    upper = 2 * rho.flatten(-2).index_select(-1, _above(size, str(rho.device)))
    if not rho.is_complex():
        return torch.cat((diagonal, upper, torch.zeros_like(upper)), dim=-1)
    return torch.cat((diagonal.real, upper.real, upper.imag), dim=-1)


def _matrix(numbers: Tensor, like: Tensor) -> Tensor:
    """The Hermitian matrices (batch, 2**k, 2**k) of real numbers (batch, 4**k).

    Of a real state the imaginary parts, which it does not show, are left out.
    """
    size = round(numbers.shape[-1] ** 0.5)
    pairs = size * (size - 1) // 2
    diagonal, real, imaginary = numbers.split((size, pairs, pairs), dim=-1)
    upper = torch.complex(real, imaginary) if like.is_complex() else real
    half = upper.new_zeros(len(numbers), size * size)
    half.index_copy_(1, _above(size, str(numbers.device)), upper)
    half = half.unflatten(1, (size, size))
    return half + half.mH + torch.diag_embed(diagonal).to(half.dtype)


@kept(maxsize=32)
def _above(size: int, device: str) -> Tensor:
    """Places above the diagonal of a matrix, row by row."""
    rows, columns = torch.triu_indices(size, size, 1)
    return (rows * size + columns).to(device)
