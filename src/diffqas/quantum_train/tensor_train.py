"""A mapping that is a matrix product state over a basis state's bits, and its probability."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from diffqas.choices import option
from diffqas.errors import require, whole
from diffqas.quantum_train.mapping import Mapping, WeightMap
from diffqas.storage import storable


@storable
@dataclass(frozen=True)
class TensorTrainMapping(Mapping):
    """A tensor train over the bits: a row, n - 1 matrices, a column affine in the probability.

    Each bit picks one of two tensors at its site, so that the coding of the bits has no effect. In
    all there are 2 bond (1 + (n - 1) bond + chunk) numbers. A train of bond 2 can be any linear
    mapping; with a larger bond the bits act on each other. As in Liu, Lin & Chen, arXiv 2409.06992,
    the train replaces Quantum-Train's perceptron, but its form is our own.

    Attributes:
        bond: the rows and columns of the matrices.

    Raises:
        ArgumentError: the bond is no whole number of at least 1.

    >>> sum(beta.numel() for beta in TensorTrainMapping(bond=4).make(n=17).parameters())
    528
    """

    bond: int = option(
        4,
        "Of the mapping mps: bond dimension of the tensor train.",
        least=1,
        rule="be a whole number of at least 1",
    )

    def __post_init__(self) -> None:
        require(whole(self.bond), "bond", "be a whole number of at least 1", self.bond)

    def make(
        self, n: int, chunk: int = 1, bits: str = "signed", lead: tuple[int, ...] = ()
    ) -> WeightMap:
        """Make the mapping's module, as `Mapping.make`."""
        return TensorTrainMap(self, n, chunk, bits, lead)


class TensorTrainMap(WeightMap):
    """kappa_ic = F[b_1] A_2[b_2] .. A_n[b_n] (u_c + s(p_i) v_c).

    b_q are the bits of i, and c is the place in the chunk.

    It starts with random orthogonal matrices and a row of length 1: every product of matrices keeps
    that length, and the weights have a mean square of 1 + s(p_i)**2 / 4 over the starts, whatever
    the number of qubits.
    """

    def __init__(
        self, choice: TensorTrainMapping, n: int, chunk: int, bits: str, lead: tuple[int, ...]
    ) -> None:
        super().__init__(choice, n, chunk, bits)
        bond = choice.bond
        first = nn.functional.normalize(torch.randn(*lead, 2, bond), dim=-1)
        last = torch.randn(*lead, 2, chunk, bond) * torch.tensor([1.0, 0.5]).reshape(2, 1, 1)
        self.first = nn.Parameter(first)
        self.inner = nn.Parameter(_orthogonal(*lead, n - 1, 2, bond, bond))
        self.last = nn.Parameter(last)

    def forward(self, scaled: Tensor) -> Tensor:
        """Scaled probabilities (..., 2**n) -> weights (..., 2**n * chunk).

        The weights of a basis state stand together.

        The train is cut in the middle: all products of the left half and all of the right half, by
        doubling, then one matrix product of the two. O(2**n bond chunk) operations, and no tensor
        of more than 2**n chunk numbers twice, whatever the bond.
        """
        sites = list(self.inner.unbind(-4))
        half = self.n // 2
        rows = self.first
        for site in sites[:half]:
            rows = (rows.unsqueeze(-3) @ site).transpose(-2, -3).flatten(-3, -2)
        columns = self.last.unsqueeze(-2)
        for site in reversed(sites[half:]):
            # (.., 2, chunk, states, bond) and (.., 2, bond, bond) give
            # (.., 2, chunk, 2 states, bond), with the new bit first.
            step = columns.unsqueeze(-3) @ site.mT[..., None, None, :, :, :]
            columns = step.flatten(-3, -2)
        base, slope = (rows[..., None, None, :, :] @ columns.mT).flatten(-2).unbind(-3)
        return torch.addcmul(base, slope, scaled.unsqueeze(-2)).transpose(-1, -2).flatten(-2)


def _orthogonal(*shape: int) -> Tensor:
    """Random orthogonal matrices, evenly from all of them."""
    # QR alone favours some signs: with r's diagonal positive the draw is uniform in Haar's
    # measure (Mezzadri 2007, arXiv math-ph/0609050).
    q, r = torch.linalg.qr(torch.randn(*shape))
    return q * torch.where(r.diagonal(dim1=-2, dim2=-1) < 0, -1.0, 1.0).unsqueeze(-2)
