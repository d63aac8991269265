"""The rows of `diffqas study discretise RUN` for a run of a searched layer.

Candidates are kept by their weight, or by the loss that dropping each causes (arXiv 2108.04392).
That loss is of the training samples: nothing is chosen on the test part.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from diffqas.errors import RunError
from diffqas.layers import HybridLockstep, HybridModel, QuantumLayer
from diffqas.studies import Row
from diffqas.tasks import Settings, Task
from found import Found, find
from kept_candidates import Kept, rows_of
from restarts import anew

KEPT: Mapping[str, Kept] = {
    "full mixture": {"keep": None, "by": "weight"},
    "top 1": {"keep": 1, "by": "weight"},
    "top 3": {"keep": 3, "by": "weight"},
    "top 1 by loss": {"keep": 1, "by": "perturbation"},
    "top 3 by loss": {"keep": 3, "by": "perturbation"},
}
"""By name: how many candidates are kept (None: all), and by what."""
LOOKED_AT = 2000
"""Most training samples that the loss without a candidate is taken on."""


def layer_rows(found: Found, settings: Settings, recipe: str) -> list[Row]:
    """Every way of keeping candidates, by what is done then; the mixture as found is the first.

    Raises:
        RunError: the run has angles of each candidate's own.
    """
    model = next(iter(found.models.values()))
    if model.layer.separate:
        raise RunError(
            f"The run in {found.origin.path} has separate angles: `study discretise` needs a "
            "searched layer whose candidates share them."
        )
    different = min(len(row) for row in model.layer.ranking().values())
    return rows_of(KEPT, different, settings, LayerMade(found.origin.path), has_target=False)


@dataclass(frozen=True)
class LayerMade:
    """Populations made of a run's models; where the run lies is no part of a row's choices."""

    path: str

    def __call__(
        self,
        task: Task,
        settings: Settings,
        seeds: Sequence[int],
        keep: int | None,
        by: str,
        way: str,
    ) -> HybridLockstep:
        """One model per seed of the run.

        Args:
            task: what they work on.
            settings: how they are trained.
            seeds: of the run.
            keep: candidates of each seed (of each output, where these have weights of their own),
                the best of its own ranking; None: all.
            by: the ranking, `"weight"` or `"perturbation"`.
            way: one of `kept_candidates.WAYS`.
        """
        found = find(self.path)
        models = [copy.deepcopy(found.models[seed]) for seed in seeds]
        for model in models:
            if keep is not None:
                model.layer = kept(model, task, keep, by)
        if way != "retrained":
            return HybridLockstep(models)
        assert found.of_layer is not None
        _, fresh = found.of_layer.make(task, settings, anew(seeds))
        for model, new in zip(models, fresh, strict=True):
            if keep is not None:
                new.layer = with_candidates_of(model.layer, new.layer)
        return HybridLockstep(fresh)


def kept(model: HybridModel, task: Task, k: int, by: str) -> QuantumLayer:
    """The layer with the k best candidates of each row, as found."""
    if by == "weight":
        return model.layer.discretize(k)
    return model.layer.discretize(k, by=by, loss=partial(training_loss, model, task))


@torch.no_grad()
def training_loss(model: HybridModel, task: Task) -> Tensor:
    """The loss on training samples, evenly spaced if there are many."""
    count = len(task.train.inputs)
    places = torch.linspace(0, count - 1, min(count, LOOKED_AT)).round().long()
    return task.loss(model(task.train.inputs[places]), task.train.targets[places])


def with_candidates_of(few: QuantumLayer, new: QuantumLayer) -> QuantumLayer:
    """A layer that was not trained, with the candidates that another one keeps."""
    order = list(new.candidates)
    groups = [[[order.index(candidate)] for candidate in space] for space in few.spaces]
    layer = new.restricted(groups)
    count = layer.structure.shape[-1]
    start = layer.relaxation.initial(count).repeat(len(layer.rows), 1)
    # As in every fresh layer: a single candidate has nothing to be weighed against.
    layer.structure = nn.Parameter(start.to(layer.structure), count > 1)
    return layer
