"""`diffqas study discretise RUN`: the best candidates of a finished search in place of the whole
mixture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from diffqas.architecture import Raw
from diffqas.circuits import SearchSpace, groups
from diffqas.quantum_train import Lockstep, QuantumTrain, stacked
from diffqas.studies import Row, Study, StudyOfRun
from diffqas.tasks import Settings, Task
from diffqas.training import make_models
from discretise_layer import layer_rows
from discretise_report import tell
from found import Found, find
from kept_candidates import Kept, rows_of
from restarts import Given, anew, freeze_structure, with_relaxation

KEPT: Mapping[str, Kept] = {
    "full mixture": {"keep": None, "weighted": False},
    "top 1": {"keep": 1, "weighted": False},
    "top 3": {"keep": 3, "weighted": False},
    "weighted top 3": {"keep": 3, "weighted": True},
}
"""By name: how many candidates are kept (None: all), and whether their weights belong to what is
kept.
"""


def study(path: str) -> Study:
    """The study of one run.

    Raises:
        RunError: no finished run of Quantum-Train or of a searched layer on data lies there.
    """
    found = find(path)
    name = "-".join(map(str, (found.config.dataset, *(found.config.classes or ()))))
    return Study(
        rows=partial(rows if found.of_layer is None else layer_rows, found),
        datasets=(name,),
        metric=found.compared,
        recipes=lambda: {"default": found.settings},
        load=lambda dataset, data_dir: found.task,
        samples=lambda dataset: 1000,
        origin=found.origin,
        more=partial(tell, found),
    )


def rows(found: Found, settings: Settings, recipe: str) -> list[Row]:
    """Every way of keeping candidates, by what is done then; the mixture as the run left it is the
    first.
    """
    model = next(iter(found.models.values()))
    circuits = model.circuits
    different = len(groups(circuits.candidates, circuits.n, shared=circuits.sharing == "shared"))
    return rows_of(KEPT, different, settings, Made(found.origin.path))


@dataclass(frozen=True)
class Made:
    """Populations made of a run's models; where the run lies is no part of a row's choices."""

    path: str

    def __call__(
        self,
        task: Task,
        settings: Settings,
        seeds: Sequence[int],
        keep: int | None,
        weighted: bool,
        way: str,
    ) -> Lockstep:
        """One model per seed of the run.

        Args:
            task: what they work on.
            settings: how they are trained.
            seeds: of the run.
            keep: candidates of each seed, the best of its own ranking; None: all.
            weighted: whether their weights are fitted to the mixture and stay, or learn with
                everything else.
            way: one of `kept_candidates.WAYS`.
        """
        found = find(self.path)
        models = [found.models[seed] for seed in seeds]
        if keep is None:
            return Lockstep(
                _anew(found, task, settings, seeds, None) if way == "retrained" else models
            )
        fits = [fitted(model, keep) if weighted else None for model in models]
        if way == "retrained":
            few = [
                _anew(found, task, settings, [seed], kept(model, keep), fit)[0]
                for seed, model, fit in zip(seeds, models, fits, strict=True)
            ]
        else:
            few = [_discretised(model, keep, fit) for model, fit in zip(models, fits, strict=True)]
        return stacked(few)


def kept(model: QuantumTrain, k: int) -> SearchSpace:
    """The k best candidates of a model's ranking, as `QuantumTrain.discretize` keeps them."""
    return SearchSpace(entry.candidate for entry in model.ranking()[:k])


@torch.no_grad()
def fitted(model: QuantumTrain, k: int) -> Tensor:
    """Weights of the k best candidates whose mixture is nearest the whole one, (k,).

    Nearest in the sum of squares over the basis states that write a weight, at the model's angles:
    linear least squares, which looks at no data.
    """
    circuits, generator = model.mixture, model.generator
    used = -(-sum(generator.sizes) // generator.mapping.chunk)
    probabilities = circuits.probabilities()[:, :used].double()
    picks = [entry.indices[0] for entry in model.ranking()[:k]]
    whole = circuits.weights.double() @ probabilities
    solution = torch.linalg.lstsq(
        probabilities[picks].T, whole.unsqueeze(1), driver="gelsd"
    ).solution
    return solution.squeeze(1).to(circuits.structure.dtype)


def _discretised(model: QuantumTrain, k: int, weights: Tensor | None) -> QuantumTrain:
    few = model.discretize(k)
    if weights is not None:
        few.circuits.relaxation = Raw()
        few.circuits.structure = nn.Parameter(weights, requires_grad=False)
    return few


def _anew(
    found: Found,
    task: Task,
    settings: Settings,
    seeds: Sequence[int],
    candidates: SearchSpace | None,
    weights: Tensor | None = None,
) -> list[QuantumTrain]:
    kind = found.kind
    if weights is not None:
        settings = with_relaxation(settings, Given(found=tuple(weights.tolist())))
    models = make_models(
        task,
        settings,
        anew(seeds),
        candidates=kind.candidates if candidates is None else candidates,
        sharing=kind.sharing,
        mapping=kind.mapping,
        chunk=kind.chunk,
    )
    return models if weights is None else [freeze_structure(model) for model in models]


STUDY = StudyOfRun(study)
