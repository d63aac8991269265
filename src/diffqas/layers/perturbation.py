"""Candidates ranked by how much the loss rises without them.

The largest weight need not belong to the candidate that the network needs most. The loss on given
data without each candidate is a better criterion to select by (Wang et al. 2021, arXiv
2108.04392).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor

from diffqas.architecture import Ranked, Ranking
from diffqas.errors import as_number, require
from diffqas.layers.searched_circuits import SearchedCircuits

Loss = Callable[[], Tensor | float]
"""A loss on given data, of the model that the layer is part of."""


@torch.no_grad()
def by_perturbation(
    layer: SearchedCircuits, rankings: Sequence[Ranking], loss: Loss
) -> list[Ranking]:
    """Rankings of each row, best first, in which a contribution is the rise of the loss.

    The layer is left as it was.

    Args:
        layer: the layer whose candidates are dropped, one entry of a ranking after the other.
        rankings: a ranking for each row of structural weights; a single entry stays as it is.
        loss: a function without arguments that runs the layer and gives the loss.

    Raises:
        ArgumentError: the loss is no finite number, or does not run the layer.
    """
    with _evaluated(layer):
        whole = _value(loss)
        found: list[Ranking] = []
        for row, ranking in enumerate(rankings):
            if len(ranking) == 1:
                found.append(ranking)
                continue
            entries: list[Ranked] = []
            for entry in ranking:
                with _without(layer, row, list(entry.indices)):
                    entries.append(replace(entry, contribution=_value(loss) - whole))
            entries.sort(key=lambda entry: -entry.contribution)
            found.append(Ranking(entries))
    rises = [entry.contribution for ranking in found for entry in ranking if len(ranking) > 1]
    # A slip that would rank candidates in no order: the loss of another model, such as a copy.
    weighed = bool(layer.weights.any())
    deaf = weighed and len(rises) > 0 and not any(rises)
    rule = "run the model that this layer is part of"
    require(not deaf, "loss", rule, "the same loss without any of its candidates")
    return found


def _value(loss: Loss) -> float:
    found = loss()
    value = as_number(found)
    require(math.isfinite(value), "loss", "give a finite number", repr(found))
    return value


@contextmanager
def _evaluated(layer: SearchedCircuits) -> Iterator[None]:
    """The layer without the noise of training; the rest of the model stays as it is."""
    training = layer.training
    layer.eval()
    try:
        yield
    finally:
        layer.train(training)


@contextmanager
def _without(layer: SearchedCircuits, row: int, places: list[int]) -> Iterator[None]:
    """The layer without some candidates of a row.

    Raw weights are 0 there. Of a softmax the others share what is left, as without these entries.
    """
    kept = layer.structure.detach().clone()
    nothing = 0.0 if layer.relaxation.name == "raw" else -math.inf
    try:
        layer.structure[row, places] = nothing
        yield
    finally:
        layer.structure.copy_(kept)
