"""A quantum fast weight programmer that predicts the next value of a series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from torch import Tensor, nn

from diffqas.architecture import ParameterGroup, trained
from diffqas.errors import require
from diffqas.layers.qfwp import QFWP
from diffqas.layers.qfwp_report import QFWPReport


class FastWeightForecaster(nn.Module):
    """A forecaster head(y), where y is the last output of a `QFWP` and the head is linear.

    Args:
        cell: the cell, which reads one value per moment.
        rates: the learning rate of `"head"` relative to the base rate, 1 where not given; the cell
            has its own rates.

    Raises:
        ArgumentError: the cell reads several values per moment.

    >>> import torch
    >>> model = FastWeightForecaster(QFWP(1, 4))
    >>> print(model.parameter_report())
    147 trainable numbers: 0 angles + 36 structural + 106 of the slow network + 5 head,
    36 candidates, 8 qubits, depth 2
    >>> model(torch.zeros(10, 4)).shape
    torch.Size([10])
    """

    def __init__(self, cell: QFWP, rates: Mapping[str, float] | None = None) -> None:
        super().__init__()
        got = f"input_size {cell.input_size}"
        require(cell.input_size == 1, "cell", "read one value per moment", got)
        self.cell, self.head = cell, nn.Linear(cell.output_size, 1)
        self.rates = {} if rates is None else dict(rates)

    def forward(self, x: Tensor) -> Tensor:
        """Map windows (batch, time) to predictions (batch,)."""
        return self.head(self.cell.last(x.unsqueeze(-1))).squeeze(-1)

    def parameter_report(self) -> QFWPReport:
        """Counts of trained and frozen numbers."""
        head = sum(parameter.numel() for parameter in self.head.parameters())
        return replace(self.cell.parameter_report(), head=head)

    def parameter_groups(self, lr: float) -> list[ParameterGroup]:
        """Groups for `torch.optim`: those of the cell, and the head.

        Frozen parameters are left out.
        """
        head = trained({"head": self.head.parameters()}, self.rates, lr)
        return [*self.cell.parameter_groups(lr), *head]
