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
    """The part of the settings that models need."""

    @property
    def depth(self) -> int:
        """The number of layers of the circuits."""
        ...

    @property
    def generator(self) -> Recipe:
        """The choices about what writes the weights."""
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
    """Make one `QuantumTrain` per seed, on the device and in the dtype of the task's inputs.

    The start of a model depends on its seed alone, not on the other seeds. The global random state
    is left as it was.
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
    """Make a model whose random numbers depend on the seed alone.

    It has the device and the dtype of the task's inputs. The global random state is left as it was.
    """
    # The numbers are drawn on the CPU in the default dtype and then moved, so that they are the
    # same on every device.
    with forked_draws():
        torch.manual_seed(seed)
        # The other generators are seeded, too: a user's network may draw its start from them.
        seed_others(seed)
        made = make()
    inputs = task.train.inputs
    return made.to(inputs.device, inputs.dtype if inputs.is_floating_point() else None)
