"""A series as a task: windows in, next value out, a small LSTM as the target network."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from diffqas.errors import require
from diffqas.optimisers import SOAP, Adam, Kalman, RMSProp
from diffqas.quantum_train import RECIPES
from diffqas.tasks.series.baselines import TABLE_II, references
from diffqas.tasks.series.scale import SeriesScale
from diffqas.tasks.series.series_data import Floats, SeriesData
from diffqas.tasks.settings import Settings
from diffqas.tasks.task import Reference, Split, Task

SNAPSHOTS = (1, 15, 30, 100)
"""Epochs that the papers draw (arXiv 2505.09653, Fig. 8-12)."""

SERIES_RECIPES = {
    # arXiv 2505.09653, VI-B1.
    "paper": Settings(
        RECIPES["paper"], depth=10, epochs=100, batch_size=10, optimizer=RMSProp(0.01)
    ),
    # Chosen on held-out training windows: docs/series.md.
    "default": Settings(
        RECIPES["default"],
        depth=10,
        epochs=100,
        batch_size=10,
        optimizer=Kalman(measurement_noise=(100.0, 1e-3), forget_epochs=3.0),
        schedule="cosine",
        others=(Adam(0.01, betas=(0.9, 0.95)), SOAP(0.01, betas=(0.9, 0.95))),
    ),
}


class SeriesLSTM(nn.Module):
    """An LSTM with one bias per gate and a linear head, which predicts a series' next value.

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

    @staticmethod
    def count(hidden_size: int, input_size: int = 1) -> int:
        """How many weights it has: four gates with one bias each, and the head.

        >>> SeriesLSTM.count(20)
        1781
        """
        gate = hidden_size * (input_size + hidden_size) + hidden_size
        return 4 * gate + hidden_size + 1

    def forward(self, x: Tensor) -> Tensor:
        """Map windows (batch, window) or (batch, window, input_size) to predictions (batch,)."""
        if x.ndim == 2 and self.input_size == 1:
            x = x.unsqueeze(-1)
        fits = x.ndim == 3 and x.shape[1] >= 1 and x.shape[2] == self.input_size
        require(fits, "x", f"have the shape (batch, window, {self.input_size})", tuple(x.shape))
        return self.head(self._last_hidden(x)).squeeze(-1)

    def _last_hidden(self, x: Tensor) -> Tensor:
        # The three sigmoid gates stand together, so that a time step needs one product and one
        # sigmoid.
        gates = (self.forget, self.input, self.output, self.candidate)
        weight = torch.cat([gate.weight for gate in gates]).t()
        bias = torch.cat([gate.bias for gate in gates])
        # The part of the inputs does not depend on h: one product for all time steps.
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


def series_task(data: SeriesData) -> Task:
    """The task of predicting a series' next value with an LSTM of 1,781 weights.

    >>> from diffqas.tasks.series import load_series
    >>> task = series_task(load_series("bessel"))
    >>> len(task.train), len(task.test), sum(p.numel() for p in task.target().parameters())
    (168, 83, 1781)
    """
    return Task(
        name=data.name,
        train=_split(*data.train),
        test=_split(*data.test),
        target=SeriesLSTM,
        loss=mse_loss,
        metrics={"mse": mse_loss},
        recipes=SERIES_RECIPES,
        references=_references(data),
        kind="series",
        snapshot_epochs=SNAPSHOTS,
        scale=SeriesScale(data.name, data.low, data.high),
    )


def _split(inputs: Floats, targets: Floats) -> Split:
    # Copies: the parts are views of one array, which a task must not change behind the data's back.
    return Split(torch.from_numpy(inputs.copy()), torch.from_numpy(targets.copy()))


def _references(data: SeriesData) -> list[Reference]:
    """The paper's figure, if it has one for this series, before the simple predictors."""
    rows = []
    if data.name in TABLE_II:
        published = TABLE_II[data.name].search
        rows.append(Reference("paper, search", published, "arXiv 2505.09653, Table II, one seed"))
    for row in references(data):
        rows.append(Reference(row.name, row.test_mse, f"sees {row.sees}"))
    return rows


def windows_of(task: Task) -> SeriesData | None:
    """The samples of a user's own task as windows over one series, in their own units.

    The result is None if they are no such windows, that is, if a target is not the last value of
    the next window.

    >>> from diffqas.tasks.series import load_series
    >>> data = windows_of(series_task(load_series("bessel")))
    >>> data.count, data.window, data.boundary
    (251, 4, 168)
    """
    if task.kind != "series":
        return None
    inputs = torch.cat([task.train.inputs, task.test.inputs]).double()
    if inputs.ndim == 3:
        inputs = inputs.squeeze(-1)
    targets = torch.cat([task.train.targets, task.test.targets]).double()
    if inputs.ndim != 2 or targets.ndim != 1:
        return None
    # Each window is the one before it, moved on by one value: that value was the target before.
    moved_on = torch.equal(inputs[1:, :-1], inputs[:-1, 1:])
    if not moved_on or not torch.equal(inputs[1:, -1], targets[:-1]):
        return None
    window = inputs.shape[1]
    boundary = len(task.train)
    return SeriesData(task.name, inputs.numpy(), targets.numpy(), boundary, offset=window)
