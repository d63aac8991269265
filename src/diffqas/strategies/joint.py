"""The papers' differentiable search on a space of the benchmark, carried out for real.

All architectures are the candidates of one `QuantumLayer`: their weighted sum is trained once, and
the order in which it ends is what the search says of them. Angles are shared by all or separate;
the head behind the sum is one for all.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffqas.architecture import Ranking
from diffqas.layers import HybridModel, QuantumLayer
from diffqas.optim import schedule_factor
from diffqas.strategies.catalogue import AloneRecipe
from diffqas.strategies.problems import Part, Problem
from diffqas.strategies.spaces import EncodedSpace
from diffqas.strategies.stacked import INIT_STD, INPUT_FACTOR

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class JointSearch:
    """Choices of a differentiable search.

    Attributes:
        relaxation: `"raw"`, `"softmax"` or `"gumbel"`.
        sharing: `"shared"` or `"separate"` angles.
        bilevel: whether the structural weights follow the gradient on the validation part, in turns
            with all other numbers (first-order DARTS). If not, all follow that on the training
            part.
        warm_up: the share of the epochs before the structural weights move.
        structure_rate: the rate of the structural weights relative to the recipe's rate.
    """

    relaxation: str = "raw"
    sharing: str = "shared"
    bilevel: bool = False
    warm_up: float = 0.0
    structure_rate: float = 1.0


RAW_RATE = 0.01
"""Of raw weights: hundreds of them move together, and one alone would take 0.03 a step."""

JOINT_SEARCHES: Mapping[str, JointSearch] = MappingProxyType(
    {
        "raw": JointSearch(structure_rate=RAW_RATE),
        "softmax": JointSearch("softmax"),
        "gumbel": JointSearch("gumbel"),
        "raw, separate angles": JointSearch(sharing="separate", structure_rate=RAW_RATE),
        "softmax, separate angles": JointSearch("softmax", "separate"),
        "softmax, bilevel": JointSearch("softmax", bilevel=True),
        "softmax, separate, warm-up": JointSearch("softmax", "separate", warm_up=0.5),
    }
)
"""The searches that the study carries out."""


@dataclass(frozen=True, eq=False)
class JointFound:
    """What one search says of every architecture.

    Attributes:
        by_weight: contribution, more is better, (architectures,); equal functions have the same.
        by_perturbation: rise of the validation loss without the architecture, (architectures,).
        loss: validation loss of the whole mixture at the end.
        seconds: CPU seconds of the training.
        ranking_seconds: CPU seconds of the ranking by perturbation.
    """

    by_weight: Floats
    by_perturbation: Floats
    loss: float
    seconds: float
    ranking_seconds: float


def joint_search(
    space: EncodedSpace, samples: Problem, recipe: AloneRecipe, search: JointSearch, seed: int
) -> JointFound:
    """Train the mixture of all architectures once, by the recipe of the benchmark.

    Args:
        space: of architectures.
        samples: the task as the seed sees it.
        recipe: epochs, batches and rate.
        search: its choices.
        seed: decides the start, the order of the samples and the noise of Gumbel.
    """
    started = time.process_time()
    torch.manual_seed(seed)
    model = _mixture(space, samples, search)
    layer = model.layer
    _train(model, samples, recipe, search, seed)
    model.eval()
    spent = time.process_time() - started

    def loss() -> Tensor:
        return _loss(model, samples, samples.validation)

    by_weight = layer.ranking()["all"]
    ranking_started = time.process_time()
    by_perturbation = layer.ranking(by="perturbation", loss=loss)["all"]
    with torch.no_grad():
        final = float(loss())
    return JointFound(
        by_weight=_values(by_weight, len(space)),
        by_perturbation=_values(by_perturbation, len(space)),
        loss=final,
        seconds=spent,
        ranking_seconds=time.process_time() - ranking_started,
    )


def _mixture(space: EncodedSpace, samples: Problem, search: JointSearch) -> HybridModel:
    layer = QuantumLayer(
        samples.train.inputs.shape[1],
        len(space.observables.strings),
        space.qubits,
        space.depth,
        space.candidates,
        space.observables,
        space.uploads,
        relaxation=search.relaxation,
        sharing=search.sharing,
        init_std=INIT_STD,
        rates={"structure": search.structure_rate},
    )
    return HybridModel(layer, samples.outputs, head="linear", factor=INPUT_FACTOR)


def _train(
    model: HybridModel, samples: Problem, recipe: AloneRecipe, search: JointSearch, seed: int
) -> None:
    optimizer = torch.optim.Adam(model.parameter_groups(recipe.lr), lr=recipe.lr)
    rates = [float(group["lr"]) for group in optimizer.param_groups]
    structure = model.layer.structure
    count = len(samples.train.targets)
    steps = recipe.epochs * -(-count // recipe.batch_size)
    model.train()
    done = 0
    for epoch in range(recipe.epochs):
        draw = torch.Generator().manual_seed(1_000 * seed + epoch)
        held = torch.randperm(len(samples.validation.targets), generator=draw)
        for batch in torch.randperm(count, generator=draw).split(recipe.batch_size):
            progress = done / steps
            model.layer.progress = progress
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * schedule_factor("cosine", progress)
            optimizer.zero_grad(set_to_none=True)
            _loss(model, samples, samples.train, batch).backward()
            if search.bilevel:
                structure.grad = _on_held_out(model, samples, held[: recipe.batch_size])
            if progress < search.warm_up:
                # Adam skips a parameter without a gradient: equal weights until then.
                structure.grad = None
            optimizer.step()
            done += 1


def _on_held_out(model: HybridModel, samples: Problem, batch: Tensor) -> Tensor:
    """Gradient of the structural weights on the validation part (DARTS, first order)."""
    loss = _loss(model, samples, samples.validation, batch)
    return torch.autograd.grad(loss, model.layer.structure)[0]


def _loss(
    model: HybridModel, samples: Problem, part: Part, batch: Tensor | slice = slice(None)
) -> Tensor:
    """Of the mixture on some samples of a part, a scalar."""
    predictions = model(part.inputs[batch]).reshape(1, -1, samples.outputs)
    return samples.losses(predictions, part.targets[batch]).squeeze(0)


def _values(ranking: Ranking, count: int) -> Floats:
    """The contribution of every architecture's function, (architectures,)."""
    values = np.zeros(count)
    for entry in ranking:
        values[list(entry.indices)] = entry.contribution
    return values
