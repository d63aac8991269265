"""Ten digits of 4x4 pixels by observables on more and more qubits, with controls.

    diffqas study studies/pooled_digits.py:POOLED_DIGITS [--rows k-8 frozen-k-8 ...]

Circuit, sizes and protocol are those of arXiv 2605.15410: sixteen qubits, six layers, 96 angles,
and the first ten windows of a ring of sixteen as logits. The recipe is the project's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from diffqas.circuits import Candidate
from diffqas.kinds import POOLED_RECIPES, VQCKind
from diffqas.layers import HybridLockstep
from diffqas.studies import ACCURACY, Group, Row, Study, TrainedRow, populations
from diffqas.tasks import POOLED, Settings, Task
from layer_controls import (
    CLASSICAL_EPOCHS,
    FEATURES,
    LINEAR,
    PERCEPTRON,
    classical,
    frozen,
)

LOCALITIES = (8, 6, 4, 2, 1)
"""Qubits of an observable; 1 is plain Z. The widest first: it has the published figure to beat."""
PUBLISHED = {1: 0.31, 2: 0.45, 4: 0.56, 6: 0.59, 8: 0.67}
"""One run each, one circuit chosen by hand, read off the figure of arXiv 2605.15410."""

BRICK = Candidate(hadamard=True, encoding="ry", entangler="ent", rotation="ry")
CHAIN = Candidate(hadamard=True, encoding="ry", entangler="chain", rotation="ry")
RING = Candidate(encoding="ry", entangler="ring", rotation="ry")
CIRCUITS = {8: RING, 6: BRICK, 4: BRICK, 2: CHAIN, 1: BRICK}
"""By locality; chosen among eighteen on held-out training images: docs/tables.md."""
SAMPLES = {8: 1_920, 6: 1_920, 4: 4_800, 2: 4_800, 1: 4_800}
"""Images that the angles see: the wider the observables, the less there is left for angles."""

WIDEST = LOCALITIES[0]


def kind_of(locality: int) -> VQCKind:
    """What `diffqas search mnist-4x4 --model vqc` trains with these choices."""
    kind = VQCKind(
        (CIRCUITS[locality],),
        qubits=16,
        uploads=1,
        observables="diagonal",
        locality=locality,
        input_factor=0.5,
        observables_rate=5.0,
        inputs_rate=3.0,
        fit_observables=True,
        epoch_samples=SAMPLES[locality],
        baselines=True,
    )
    if locality == 1:
        return replace(kind, observables="z")
    return kind


def rows(settings: Settings, recipe: str) -> list[Row]:
    """For each locality the trained circuit, then a frozen one; at last what has no circuit."""
    trained = [_row(_name(k), "search", settings, k) for k in LOCALITIES]
    still = [
        replace(
            _row(f"frozen {_name(k)}", "control", settings, k),
            populate=partial(frozen_and_fitted, kind=kind_of(k)),
            trains=False,
            work=0.5,
        )
        for k in LOCALITIES
    ]
    classical = replace(settings, epochs=CLASSICAL_EPOCHS)
    return [
        *trained,
        *still,
        _classical("logistic regression", classical, LINEAR),
        _classical("perceptron of as many numbers", classical, PERCEPTRON),
        _classical("random features of as many numbers", classical, FEATURES),
    ]


def _name(locality: int) -> str:
    if locality == 1:
        return "Z"
    return f"k = {locality}"


def _row(name: str, group: Group, settings: Settings, locality: int) -> TrainedRow:
    kind = kind_of(locality)
    return TrainedRow(
        name,
        group,
        settings,
        partial(populations.of_kind, kind=kind),
        published={POOLED: PUBLISHED[locality]},
        circuit=CIRCUITS[locality].name,
        has_target=False,
        training=kind.training,
    )


def _classical(name: str, settings: Settings, place: int) -> TrainedRow:
    kind = kind_of(WIDEST)
    return TrainedRow(
        name,
        "control",
        settings,
        partial(classical, kind=kind, place=place),
        work=0.1,
        has_target=False,
    )


def frozen_and_fitted(
    task: Task, settings: Settings, seeds: Sequence[int], kind: VQCKind
) -> HybridLockstep:
    """The circuit at the angles that it is drawn with; observables and head are fitted."""
    population = frozen(task, settings, seeds, kind)
    if population.layer.factors is not None:
        population.layer.factors.requires_grad_(False)
    population.fit_readout(task.train.inputs, task.train.targets, task.loss)
    return population


POOLED_DIGITS = Study(
    rows,
    (POOLED,),
    metric=ACCURACY,
    recipes=lambda: POOLED_RECIPES,
)
