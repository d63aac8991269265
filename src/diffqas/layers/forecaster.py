"""A quantum LSTM that predicts the next value of a series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from torch import Tensor, nn

from diffqas.architecture import ParameterGroup, trained
from diffqas.errors import require
from diffqas.layers.parameter_report import QLSTMReport
from diffqas.layers.qlstm import QLSTM, circuit_parameters


class Forecaster(nn.Module):
    """A forecaster head(h), where h is the last state of a `QLSTM` and the head is linear.

    Args:
        cell: the cell, which reads one value per moment.
        rates: learning rates of `"angles"`, `"structure"` and `"head"` relative to the base rate; 1
            where not given.

    Raises:
        ArgumentError: the cell reads several values per moment.

    >>> import torch
    >>> model = Forecaster(QLSTM(1, 5, sharing="shared"))
    >>> print(model.parameter_report())
    270 trainable numbers: 120 angles + 144 structural + 6 head, 6 qubits, depth 5
    >>> model(torch.zeros(10, 4)).shape
    torch.Size([10])
    """

    def __init__(self, cell: QLSTM, rates: Mapping[str, float] | None = None) -> None:
        super().__init__()
        got = f"input_size {cell.input_size}"
        require(cell.input_size == 1, "cell", "read one value per moment", got)
        self.cell, self.head = cell, nn.Linear(cell.hidden_size, 1)
        self.rates = {} if rates is None else dict(rates)

    def forward(self, x: Tensor) -> Tensor:
        """Map windows (batch, time) to predictions (batch,)."""
        _, (h, _) = self.cell(x.unsqueeze(-1))
        return self.answers(h[-1])

    def answers(self, h: Tensor) -> Tensor:
        """Predictions (batch,) from h after the last value, (batch, hidden_size)."""
        return self.head(h).squeeze(-1)

    def parameter_report(self) -> QLSTMReport:
        """Counts of trained and frozen numbers."""
        head = sum(parameter.numel() for parameter in self.head.parameters())
        return replace(self.cell.parameter_report(), head=head)

    def parameter_groups(self, lr: float) -> list[ParameterGroup]:
        """Groups for `torch.optim`: angles, structure and head, each at `lr` times its own rate.

        Frozen parameters are left out.
        """
        kinds = circuit_parameters(self.cell.circuits)
        kinds["head"] = list(self.head.parameters())
        return trained(kinds, self.rates, lr)
