"""What models predict of new rows of a table, and how well where the labels are there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import nn

from diffqas.tasks.tables.columns import Floats, Labels
from diffqas.tasks.tables.new_rows import NewRows
from diffqas.tasks.tables.table_data import TableData

BATCH = 1024
"""Rows that a model sees at a time: circuits that read them take memory for each."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions of several models, one per seed.

    Attributes:
        rows: the rows that are predicted.
        data: the table that the models have learnt.
        each: the predictions of each model: probabilities (models, rows, classes), or values
            (models, rows) in the label's own units.
    """

    rows: NewRows
    data: TableData
    each: Floats

    @cached_property
    def probabilities(self) -> Floats:
        """The probabilities of the classes, (rows, classes), as means over the models."""
        return self.each.mean(axis=0)

    @cached_property
    def predicted(self) -> Labels | Floats:
        """For each row, (rows,), the place of the likeliest class, or the median of the models."""
        if self.data.class_names:
            return self.probabilities.argmax(axis=1)
        return np.median(self.each, axis=0)

    @cached_property
    def answers(self) -> list[str] | list[float]:
        """What is predicted of each row: the name of its class, or its value."""
        if self.data.class_names:
            return [self.data.class_names[place] for place in self.predicted]
        return self.predicted.tolist()

    @cached_property
    def ranges(self) -> list[tuple[float, float]]:
        """The lowest and the highest value over the models, for each row of values."""
        return list(
            zip(self.each.min(axis=0).tolist(), self.each.max(axis=0).tolist(), strict=True)
        )

    @property
    def score(self) -> float | None:
        """Over the rows that tell their label: the share that is right, or the root of the mean
        squared error in the label's own units. None if no row does.
        """
        return self._score(self.predicted[self.rows.labelled])

    @property
    def score_of_guess(self) -> float | None:
        """The same of a guess without a look at the columns: the most frequent class of the
        training rows, or their mean.
        """
        guess = self.data.label_mean
        if self.data.class_names:
            guess = np.bincount(self.data.train_targets.astype(np.int64)).argmax()
        return self._score(np.full(len(self.rows.labelled), guess))

    def _score(self, answers: Labels | Floats) -> float | None:
        if not len(answers):
            return None
        if self.data.class_names:
            return float(np.mean(answers == self.rows.targets))
        return float(np.sqrt(np.mean((answers - self.rows.targets) ** 2)))


def predict(models: Sequence[nn.Module], rows: NewRows, data: TableData) -> Predictions:
    """Let models predict new rows; they are networks of `table_task(data)` in evaluation mode."""
    each = np.stack([_outputs(model, rows.inputs) for model in models])
    if data.class_names:
        each = torch.from_numpy(each).softmax(dim=-1).numpy()
    else:
        each = data.label_mean + data.label_std * each
    return Predictions(rows, data, each)


def _outputs(model: nn.Module, inputs: Floats) -> Floats:
    """What a model gives for standardised rows, (rows, classes) or (rows,), in float64."""
    parameter = next(model.parameters())
    whole = torch.from_numpy(inputs).to(parameter)
    with torch.no_grad():
        parts = [model(part) for part in whole.split(BATCH)]
    return torch.cat(parts).double().cpu().numpy()
