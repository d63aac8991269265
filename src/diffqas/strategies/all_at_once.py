"""The search that trains every candidate of a layer at once, each by itself."""

from __future__ import annotations

import statistics
import time
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from diffqas.errors import require
from diffqas.kinds import AnyKind, VQCKind
from diffqas.reports import Terminal
from diffqas.searches import Prepared
from diffqas.strategies.alone import epochs
from diffqas.strategies.apart import CandidatesApart, TaskProblem, pooled_losses
from diffqas.strategies.catalogue import RECIPES
from diffqas.strategies.ledger import Ledger, Outcome, Trial
from diffqas.tasks import Settings, Task

SIDE_BY_SIDE = "side-by-side"
"""Word of the command line."""


def side_by_side(prepared: Prepared, inner: Task) -> Ledger:
    """Train all candidates of a layer together, and judge each by its own loss.

    The recipe is that of the benchmark's encoded circuits, with which it was measured how far such
    a ranking can be trusted. Depth, qubits, uploads and front are those of the search. The
    observables must be `"zz"`, and the factors of the inputs are not trained.

    Args:
        prepared: a search of the model vqc.
        inner: its task, in which held-out training samples take the place of the test part.

    Returns:
        One line for each candidate, all trained to the end. The loss is the mean over all training
        samples, including those that were held out, and the median over the seeds.

    Raises:
        ArgumentError: the search is of another model, or candidates with its choices cannot be
            trained side by side.
    """
    config = prepared.config
    kind = _checked(config.kind)
    settings = config.settings
    assert isinstance(settings, Settings)
    recipe = RECIPES["encoded"]
    # An order needs no more digits than the table's, which has single precision.
    inner = inner.to("cpu", torch.float32)
    started = time.process_time()
    found = np.stack([_losses(kind, settings, inner, seed).numpy() for seed in config.seeds])
    spent = time.process_time() - started
    count = len(kind.candidates)
    said = f"{count} candidates side by side, {recipe.epochs} epochs each"
    Terminal(quiet=prepared.quiet).say(said)
    ledger = Ledger(recipe.epochs)
    for number in range(count):
        loss = statistics.median(found[:, number].tolist())
        # A candidate pays its share of what all of them took together.
        ledger.enter(Trial(number, recipe.epochs), Outcome(loss, spent / count))
    return ledger


def _losses(kind: VQCKind, settings: Settings, inner: Task, seed: int) -> Tensor:
    """Of every candidate with one seed, (candidates,)."""
    _, (model,) = kind.make(inner, settings, [seed])
    samples = TaskProblem.of(inner)
    outputs = 1
    if not model.single:
        outputs = model(inner.train.inputs[:1]).shape[-1]
    models = CandidatesApart(model, outputs, seed)
    for _ in epochs(models, samples, RECIPES["encoded"], seed):
        pass
    return pooled_losses(models, samples)


def _checked(kind: AnyKind) -> VQCKind:
    """The kind as candidates side by side are made of it."""
    rule = f"go with the model vqc where it is {SIDE_BY_SIDE}"
    require(isinstance(kind, VQCKind), "strategy", rule, f"the model {kind.name}")
    assert isinstance(kind, VQCKind)
    rule = f"be zz where the strategy is {SIDE_BY_SIDE}: its heads read Z and neighbours' ZZ"
    require(kind.observables == "zz", "observables", rule, kind.observables)
    rule = f"be none or pool where the strategy is {SIDE_BY_SIDE}"
    require(kind.front != "linear", "front", rule, kind.front)
    return replace(kind, input_scale="fixed", sharing="separate", structure="layer", head="scale")
