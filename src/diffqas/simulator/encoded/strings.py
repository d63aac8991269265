"""Observables as sums of Pauli strings, the form in which the kernels read all of them.

A string is i^y X^x Z^z with y = |x & z|, the count of Y. The strings that share x come out of one
transform of a state (`diffqas.simulator.encoded.kernels.correlations`), so a string is found by the
place of its x among the observable's masks and by z. There the coefficient of a string carries the
sign (-1)^(y // 2).

A matrix H on a window is sum h(x, z) P(x, z) with h = Tr(P H) / 2^k, and

    Tr(P H) = i^y sum_t (-1)^(z.t) H(t, t ^ x),

the same sum that gives the expectation of P in a state: h with its sign is the Walsh-Hadamard
transform over t of Re H(t, t ^ x) - Im H(t, t ^ x), divided by 2^k.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffqas.simulator.encoded.terms import DIAGONAL, HERMITIAN, Terms
from diffqas.simulator.kept import kept


class Strings(NamedTuple):
    """The strings that the outputs are sums of."""

    masks: NDArray[np.int64]
    """The different x of all strings."""
    places: NDArray[np.int64]
    """(outputs, K): place of x among the masks times 2**n, plus z."""
    signs: NDArray[np.int64]
    """(K,) or (outputs, K), what coefficients are multiplied by."""


@lru_cache(maxsize=64)
def strings_of(terms: Terms) -> Strings:
    """The strings of checked observables."""
    one = np.ones(1, np.int64)
    if terms.kind == DIAGONAL:
        z = np.stack([_inside(window, terms.n) for window in terms.windows])
        return _placed(np.zeros_like(z), z, one, terms.n)
    if terms.kind == HERMITIAN:
        inside = np.stack([_inside(window, terms.n) for window in terms.windows])
        outputs, size = inside.shape
        x = np.broadcast_to(inside[:, :, None], (outputs, size, size)).reshape(outputs, -1)
        z = np.broadcast_to(inside[:, None], (outputs, size, size)).reshape(outputs, -1)
        return _placed(x, z, one, terms.n)
    x, z = (_with_letters(terms, letters) for letters in ("XY", "ZY"))
    count = np.array([letters.count("Y") for letters in terms.letters])
    signs = 1 - 2 * (count // 2 % 2)
    if terms.numbers is None:
        return _placed(x[:, None], z[:, None], signs[:, None], terms.n)
    # Every output is a sum of all strings.
    rows = terms.outputs, 1
    return _placed(np.tile(x, rows), np.tile(z, rows), signs, terms.n)


def _placed(
    x: NDArray[np.int64], z: NDArray[np.int64], signs: NDArray[np.int64], n: int
) -> Strings:
    masks, rows = np.unique(x, return_inverse=True)
    return Strings(masks, rows.reshape(x.shape) * 2**n + z, signs)


def _inside(window: tuple[int, ...], n: int) -> NDArray[np.int64]:
    """Masks of the subsets of a window's qubits; subset a holds the qubits of the bits of a."""
    subsets = np.arange(2 ** len(window))
    masks = np.zeros_like(subsets)
    for place, qubit in enumerate(reversed(window)):
        masks |= (subsets >> place & 1) << (n - 1 - qubit)
    return masks


def _with_letters(terms: Terms, wanted: str) -> NDArray[np.int64]:
    """Of each string the mask of the qubits that have one of two letters."""
    masks = []
    for window, letters in zip(terms.windows, terms.letters, strict=True):
        qubits = zip(window, letters, strict=True)
        masks.append(sum(1 << (terms.n - 1 - q) for q, letter in qubits if letter in wanted))
    return np.array(masks, np.int64)


def coefficients_of(terms: Terms, numbers: Tensor | None, like: Tensor) -> Tensor:
    """Signed coefficients (sets or 1, outputs, K) of the strings, of the numbers of observables."""
    signs = _signs(terms, like.dtype)
    if numbers is None:
        return signs.expand(1, terms.outputs, -1)
    if terms.kind == DIAGONAL:
        return _transformed(numbers)
    if terms.kind == HERMITIAN:
        entries = _entries(numbers.shape[-1], like.dtype)
        real = numbers.index_select(-1, entries.real)
        imaginary = numbers.index_select(-1, entries.imaginary).mul_(entries.signs)
        return _transformed((real - imaginary).unflatten(-1, (entries.size, -1))).flatten(-2)
    return numbers * signs


def gradient_of_numbers(terms: Terms, above: Tensor) -> Tensor:
    """The gradient of the numbers, (sets, outputs, K), given that of `coefficients_of`."""
    if terms.kind == DIAGONAL:
        return _transformed(above)
    if terms.kind != HERMITIAN:
        return above * _signs(terms, above.dtype)
    entries = _entries(above.shape[-1], above.dtype)
    back = _transformed(above.unflatten(-1, (entries.size, -1))).flatten(-2)
    found = torch.zeros_like(above).index_add_(-1, entries.real, back)
    return found.index_add_(-1, entries.imaginary, back * entries.signs, alpha=-1)


@kept(maxsize=64)
def _signs(terms: Terms, dtype: torch.dtype) -> Tensor:
    return torch.from_numpy(strings_of(terms).signs).to(dtype)


def _transformed(numbers: Tensor) -> Tensor:
    """WHT / 2**k of the last dimension, 2**k; the matrix is symmetric, so it also pulls back."""
    from diffqas.simulator.encoded.kernels.spectrum import walsh_rows  # needs the compiler

    rows = (numbers / numbers.shape[-1]).contiguous()
    walsh_rows(rows.view(-1, numbers.shape[-1]).numpy())
    return rows


class _Entries(NamedTuple):
    """Where Re H(t, t ^ x) and Im H(t, t ^ x) stand among 4**k numbers, in the order (x, t)."""

    size: int
    real: Tensor
    imaginary: Tensor
    signs: Tensor
    """1 above the diagonal of H, -1 below, 0 on it."""


@kept(maxsize=32)
def _entries(numbers: int, dtype: torch.dtype) -> _Entries:
    size = round(numbers**0.5)
    pairs = size * (size - 1) // 2
    order = np.zeros((size, size), np.int64)
    order[np.triu_indices(size, 1)] = np.arange(pairs)
    x, t = np.divmod(np.arange(numbers), size)
    row, column = np.minimum(t, t ^ x), np.maximum(t, t ^ x)
    # The diagonal comes first, then the real parts above it, then the imaginary ones.
    real = np.where(x == 0, t, size + order[row, column])
    imaginary = np.where(x == 0, t, size + pairs + order[row, column])
    signs = np.sign((t ^ x) - t)
    return _Entries(
        size,
        torch.from_numpy(real),
        torch.from_numpy(imaginary),
        torch.from_numpy(signs).to(dtype),
    )
