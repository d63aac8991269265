"""Errors of a device in closed form, for training: wrongly read bits, depolarised circuits.

Each bit is read wrongly with probability e. So the probabilities of the results are those of the
state times n matrices ((1 - e, e), (e, 1 - e)), one for each bit. This is exact.

If each gate is followed by a depolarising error, the final state is (1 - l) rho + l rho', where
1 - l is the probability that no error happens at all. The state rho' after at least one error is
replaced by the fully mixed state, so that p becomes (1 - l) p + l / 2**n. This is the only
approximation: an error in a few qubits late in the circuit leaves more of p than that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from diffqas.choices import check, option
from diffqas.circuits import AnyCandidate
from diffqas.devices import MAX_DEPOLARISING, error_gates
from diffqas.storage import storable


@storable
@dataclass(frozen=True)
class DeviceErrors:
    """The errors in every circuit that is run in a training step; constants are not run.

    Args:
        readout: the probability with which every bit is read wrongly, 0 to 0.5.
        depolarising: the rate of depolarising errors after pulses on one qubit, 0 to 0.1; after
            CNOTs it is ten times as large, as in `diffqas noise`.

    Raises:
        ArgumentError: a rate is out of range.

    >>> DeviceErrors(readout=0.01)
    DeviceErrors(readout=0.01, depolarising=0.0)
    """

    readout: float = option(
        0.0,
        "Rate of bits that are read wrongly in every training step, in closed form (qt, vqc).",
        least=0,
        most=0.5,
    )
    depolarising: float = option(
        0.0,
        "Rate of depolarising errors after one-qubit gates in every training step, ten times that "
        "after cx, as white noise of the whole circuit (qt, vqc).",
        least=0,
        most=MAX_DEPOLARISING,
    )

    def __post_init__(self) -> None:
        check(self)

    @property
    def none(self) -> bool:
        """Whether nothing goes wrong."""
        return self.readout == 0 and self.depolarising == 0

    def untouched(
        self, candidates: Sequence[AnyCandidate], n: int, depth: int, uploads: int = 1
    ) -> list[float]:
        """The probability 1 - l of each candidate that no gate is followed by an error."""
        return [
            error_gates(candidate, n, depth, uploads).untouched(self.depolarising)
            for candidate in candidates
        ]

    def disturbed(self, p: Tensor, untouched: Tensor) -> Tensor:
        """The probabilities of what a device reads, from those of the states.

        Args:
            p: the probabilities of the states, (..., candidates, 2**n).
            untouched: the result of `untouched` for the candidates, (candidates,).

        Returns:
            A tensor of the shape of `p`, differentiable.
        """
        kept = untouched.to(p).unsqueeze(-1)
        mixed = kept * p + (1 - kept) / p.shape[-1]
        return misread(mixed, self.readout)


NO_ERRORS = DeviceErrors()


def misread(p: Tensor, rate: float) -> Tensor:
    """Probabilities (..., 2**n) of the results if every bit is read wrongly with this rate.

    >>> import torch
    >>> misread(torch.tensor([1.0, 0.0]), 0.25).tolist()
    [0.75, 0.25]
    """
    if rate == 0:
        return p
    n = p.shape[-1].bit_length() - 1
    bits = p.unflatten(-1, (2,) * n) if n > 1 else p
    for qubit in range(-n, 0):
        # ((1 - e, e), (e, 1 - e)) acts on one bit: the two halves trade a share e.
        bits = (1 - rate) * bits + rate * bits.flip(qubit)
    return bits.flatten(-n) if n > 1 else bits
