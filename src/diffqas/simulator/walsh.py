"""RX circuits from |0..0>, computed in one Walsh-Hadamard form whatever the depth.

CNOTs map X-strings to X-strings, so all rotations become commuting X-strings X^s, and
psi = WHT(exp(-i/2 WHT(c))) / 2**n, where c holds at s the sum of the angles whose string is s.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from diffqas.circuits import Cnot, walsh_strings
from diffqas.simulator import card
from diffqas.simulator.kept import kept
from diffqas.simulator.rotations import group_sizes


@kept(maxsize=32)
def _hadamard(size: int, dtype: torch.dtype, device: str) -> Tensor:
    """Unnormalised Sylvester-Hadamard matrix (size, size): the sign of <row, column>."""
    matrix = torch.ones(1, 1, dtype=dtype, device=device)
    while matrix.shape[0] < size:
        matrix = torch.cat((torch.cat((matrix, matrix), 1), torch.cat((matrix, -matrix), 1)))
    return matrix


def wht_rows(x: Tensor) -> Tensor:
    """Unnormalised Walsh-Hadamard transform of each row: (rows, 2**n) -> columns, (2**n, rows).

    >>> wht_rows(torch.tensor([[1.0, 2.0, 3.0, 4.0]])).flatten().tolist()
    [10.0, -2.0, -4.0, 0.0]
    """
    rows, n = x.shape[0], x.shape[1].bit_length() - 1
    # WHT of n bits is the Kronecker product of those of its groups, one matrix product each; every
    # product moves its group to the front, so that the last one leaves them in order.
    for g in reversed(group_sizes(n)):
        x = _hadamard(2**g, x.dtype, str(x.device)) @ x.reshape(-1, 2**g).t()
    return x.reshape(-1, rows)


def wht_columns(x: Tensor) -> Tensor:
    """The same of each column: (2**n, columns) -> rows, (columns, 2**n)."""
    columns, n = x.shape[1], x.shape[0].bit_length() - 1
    for g in group_sizes(n):
        x = x.reshape(2**g, -1).t() @ _hadamard(2**g, x.dtype, str(x.device))
    return x.reshape(columns, -1)


def walsh_probabilities(angles: Tensor, layers: Sequence[tuple[Cnot, ...]]) -> Tensor:
    """Probabilities of RX circuits that start in |0..0>.

    Args:
        angles: (batch, columns or 1, depth, n), the sum of each qubit's angles per layer.
        layers: the CNOTs of one layer of each column.

    Returns:
        (batch, columns, 2**n), differentiable in `angles`.
    """
    batch, _, depth, n = angles.shape
    columns = len(layers)
    strings = _string_index(tuple(layers), n, depth, str(angles.device))
    spread = angles.flatten(-2).expand(batch, columns, -1)
    coefficients = angles.new_zeros(batch, columns, 2**n).scatter_add(
        -1, strings.expand(batch, -1, -1), spread
    )
    # H X^s H = Z^s, whose entry at x is (-1)^<s, x>: in the Hadamard basis the whole circuit is the
    # diagonal exp(-i/2 sum_s c_s (-1)^<s, x>), the exponent being WHT(c).
    if card.serves(angles):
        phase = card.walsh(coefficients.flatten(0, 1)) / 2
        amplitudes = card.walsh(torch.cat((torch.cos(phase), torch.sin(phase))))
    else:
        phase = wht_rows(coefficients.flatten(0, 1)) / 2
        amplitudes = wht_columns(torch.cat((torch.cos(phase), torch.sin(phase)), dim=1))
    # WHT / 2**n, squared below: divide once, where the numbers are of order one.
    real, imaginary = (amplitudes * math.ldexp(1.0, -n)).view(2, batch, columns, -1)
    return real.square() + imaginary.square()


@kept(maxsize=32)
def _string_index(layers: tuple[tuple[Cnot, ...], ...], n: int, depth: int, device: str) -> Tensor:
    strings = np.stack([walsh_strings(pairs, n, depth).ravel() for pairs in layers])
    return torch.from_numpy(strings).to(device)
