"""Fresh models for a task, one per seed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

import torch
from torch import nn

from diffqas.architecture import forked_draws, seed_others
from diffqas.circuits import TABLE_I, AnyCandidate, SearchSpace
from diffqas.quantum_train import Mapping, QuantumTrain, Recipe
from diffqas.tasks import Task

M = TypeVar("M", bound=nn.Module)


class ModelSettings(Protocol):
    """What models need to know of their settings."""

    @property
    def depth(self) -> int:
        """Layers of the circuits."""
        ...

    @property
    def generator(self) -> Recipe:
        """Choices about what writes the weights."""
        ...


def make_models(
    task: Task,
    settings: ModelSettings,
    seeds: Iterable[int],
    *,
    candidates: SearchSpace | Iterable[AnyCandidate] = TABLE_I,
    sharing: str = "shared",
    mapping: str | Mapping = "linear",
    chunk: int = 1,
    per_layer: bool = False,
    generator: str = "circuits",
    numbers: int | None = None,
) -> list[QuantumTrain]:
    """One `QuantumTrain` per seed, in the dtype of the task's inputs.

    A seed alone decides its start, whatever the other seeds are. The global random state is left as
    it was.
    """

    def make() -> QuantumTrain:
        return QuantumTrain(
            task.target(),
            settings.depth,
            candidates,
            sharing=sharing,
            mapping=mapping,
            chunk=chunk,
            recipe=settings.generator,
            per_layer=per_layer,
            generator=generator,
            numbers=numbers,
        )

    return [seeded(seed, make, task) for seed in seeds]


def seeded(seed: int, make: Callable[[], M], task: Task) -> M:
    """A model made with random numbers of the seed alone, where and as the task's inputs are.

    Device and dtype are those of the inputs. The global random state is left as it was.
    """
    # Drawn on the CPU and in the default dtype, then moved: the same numbers on every device.
    with forked_draws():
        torch.manual_seed(seed)
        # Not torch's alone: a network of one's own may draw its start from the others.
        seed_others(seed)
        made = make()
    inputs = task.train.inputs
    return made.to(inputs.device, inputs.dtype if inputs.is_floating_point() else None)
