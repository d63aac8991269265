"""The classical network of the series task: a small LSTM with one bias per gate and a linear head."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from diffqas.errors import require


class SeriesLSTM(nn.Module):
    """Predict the next value of a series from a window of it.

    With v = cat(x_t, h): ``f, i, o = sigmoid(W v + b)``, ``g = tanh(W v + b)``, ``c' = f c + i g``
    and ``h' = o tanh(c')``, each gate with its own W and b; the prediction is ``head(h)`` after the
    last value. h and c start at 0.

    Each gate has one bias where `torch.nn.LSTM` has two: with the default sizes there are
    4 * (21 * 20 + 20) + 21 = 1,781 parameters, as in DiffQAS-QT (arXiv 2505.09653).

    Args:
        input_size: values per time step.
        hidden_size: length of h and c.

    Raises:
        ArgumentError: a size is below 1, or the input of a call has the wrong shape.

    >>> model = SeriesLSTM()
    >>> sum(p.numel() for p in model.parameters()), tuple(model(torch.zeros(10, 4)).shape)
    (1781, (10,))
    """

    def __init__(self, input_size: int = 1, hidden_size: int = 20) -> None:
        super().__init__()
        require(input_size >= 1, "input_size", "be at least 1", input_size)
        require(hidden_size >= 1, "hidden_size", "be at least 1", hidden_size)
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.forget = nn.Linear(input_size + hidden_size, hidden_size)
        self.input = nn.Linear(input_size + hidden_size, hidden_size)
        self.candidate = nn.Linear(input_size + hidden_size, hidden_size)
        self.output = nn.Linear(input_size + hidden_size, hidden_size)
        self.head = nn.Linear(hidden_size, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map windows (batch, window) or (batch, window, input_size) to predictions (batch,)."""
        if x.ndim == 2 and self.input_size == 1:
            x = x.unsqueeze(-1)
        rule = f"have the shape (batch, window, {self.input_size})"
        require(
            x.ndim == 3 and x.shape[1] >= 1 and x.shape[2] == self.input_size,
            "x",
            rule,
            tuple(x.shape),
        )
        return self.head(self._last_hidden(x)).squeeze(-1)

    def _last_hidden(self, x: Tensor) -> Tensor:
        # The three sigmoid gates stand together, so that a time step needs one product and one
        # sigmoid.
        gates = (self.forget, self.input, self.output, self.candidate)
        weight = torch.cat([gate.weight for gate in gates]).t()
        bias = torch.cat([gate.bias for gate in gates])
        from_x, from_hidden = weight.split([self.input_size, self.hidden_size])
        first, *later = (x @ from_x + bias).unbind(1)
        _, i, o, g = self._gates(first)  # h and c are 0: nothing to forget, no product with h
        c = i * g
        h = o * torch.tanh(c)
        for projected in later:
            f, i, o, g = self._gates(projected + h @ from_hidden)
            c = f * c + i * g
            h = o * torch.tanh(c)
        return h

    def _gates(self, values: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        sigmoids, candidate = values.split([3 * self.hidden_size, self.hidden_size], dim=-1)
        f, i, o = torch.sigmoid(sigmoids).chunk(3, dim=-1)
        return f, i, o, torch.tanh(candidate)
