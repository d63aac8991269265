"""Quantum-Train by one circuit whose layers were chosen one by one, as a kind of model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import cycle, islice
from typing import Any, Self

from diffqas.architecture import Layers
from diffqas.choices import Unread, option
from diffqas.errors import require
from diffqas.kinds.kind import Labels
from diffqas.kinds.per_layer import PerLayerKind
from diffqas.kinds.quantum_train import QuantumTrainKind
from diffqas.kinds.ranking import Findings, RankedRow
from diffqas.quantum_train import Lockstep, QuantumTrain
from diffqas.storage import storable
from diffqas.tasks import Settings, Task

OF_STRUCTURE = ("relaxation", "structure_rate", "bilevel", "sparsity", "sharing", "numbers")
"""Options that mean nothing where no structural weight is trained."""


@storable
@dataclass(frozen=True)
class FixedLayersKind(PerLayerKind):
    """Choices of Quantum-Train whose circuit has a given candidate in every layer.

    Attributes:
        layers: for each layer the number of its candidate among `candidates`, counted from 1. If
            they are fewer than the layers, they are repeated in turn.
    """

    layers: tuple[int, ...] | None = option(
        None,
        "No search: train one circuit. The numbers name the candidates of its layers from first to "
        "last; fewer numbers than --depth are repeated in turn.",
        least=1,
        flag="fixed_layers",
        rule="be numbers of candidates, the first of which is 1",
        group="circuits",
    )

    def __post_init__(self) -> None:
        if isinstance(self.layers, list):
            object.__setattr__(self, "layers", tuple(self.layers))
        super().__post_init__()
        for number in self.layers or ():
            rule = f"be numbers of the {len(self.candidates)} candidates"
            require(number <= len(self.candidates), "fixed_layers", rule, number)

    @classmethod
    def choose(cls, *, fixed_layers: Sequence[int] = (1,), **others: Any) -> Self:  # pyright: ignore[reportIncompatibleMethodOverride]
        """As `ModelKind.choose`; it refuses what a search of every layer refuses."""
        require(not others.get("per_layer"), "fixed_layers", "go without per_layer", "both")
        asked: dict[str, Any] = {**others, "per_layer": True}
        kind = QuantumTrainKind.choose(**asked)
        return cls.of(kind, [fixed_layers] if isinstance(fixed_layers, int) else fixed_layers)

    @classmethod
    def of(cls, kind: QuantumTrainKind, layers: Sequence[int]) -> Self:
        """The choices of another kind, with the candidates of these numbers as layers."""
        own: dict[str, Any] = {each.name: getattr(kind, each.name) for each in fields(kind)}
        return cls(**own, layers=tuple(layers))

    def recipes(self, task: Task) -> Mapping[str, Settings]:
        """The recipes of a search of one circuit; a filter is possible here, too."""
        return QuantumTrainKind.recipes(self, task)

    def unread(self, settings: Settings) -> Mapping[str, Unread]:
        """As `ModelKind.unread`."""
        searched = Unread("go with a search of the circuit", "given layers")
        return {**super().unread(settings), **dict.fromkeys(OF_STRUCTURE, searched)}

    def layer_places(self, depth: int) -> tuple[int, ...]:
        """For every layer the place of its candidate among `candidates`, counted from 0."""
        assert self.layers is not None
        return tuple(number - 1 for number in islice(cycle(self.layers), depth))

    def make(
        self, task: Task, settings: Settings, seeds: Sequence[int]
    ) -> tuple[Lockstep, list[QuantumTrain]]:
        """As `ModelKind.make`."""
        relaxation = Layers(layers=self.layer_places(settings.depth))
        generator = replace(settings.generator, relaxation=relaxation)
        models = self.models(task, replace(settings, generator=generator), seeds)
        return Lockstep(models), models

    def labels(self, model: QuantumTrain) -> Labels:
        """Empty labels, because no structural weight is trained."""
        return Labels((), ())

    def figures(self, models: Sequence[QuantumTrain]) -> Findings:
        """As `ModelKind.figures`; the entry `layers` names the circuit, the same for each seed."""
        return replace(super().figures(models), relaxation="none")

    def ranking(self, models: Sequence[QuantumTrain]) -> list[RankedRow]:
        """An empty ranking, because nothing was searched."""
        return []
