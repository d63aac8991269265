"""Quantum-Train with a candidate searched for every layer, as a kind of model."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from diffqas.architecture import Gumbel, PerLayerCircuit, Relaxation, as_layer
from diffqas.choices import Unread
from diffqas.circuits import SearchSpace
from diffqas.errors import require
from diffqas.kinds.kind import Labels, without_costs
from diffqas.kinds.quantum_train import QuantumTrainKind
from diffqas.kinds.ranking import Findings, RankedRow, best_first
from diffqas.quantum_train import Lockstep, QuantumTrain
from diffqas.storage import storable
from diffqas.tasks import AUTO, Settings, Task
from diffqas.training import make_models

STRUCTURE_RATE = 10.0
"""Rate of the structural parameters relative to the base rate; 1, 3, 10 and 30 did alike
(docs/searches.md).
"""


def first_order(settings: Settings) -> Settings:
    """The settings by gradient descent: Adam replaces an optimiser that couples the numbers."""
    if settings.optimizer.elementwise:
        return settings
    return settings.by("adam")


def of_layers(settings: Settings, relaxation: Relaxation | None = None) -> Settings:
    """The settings for a search of every layer, with a relaxation that draws layers by default."""
    rates = replace(settings.generator.rates, structure=STRUCTURE_RATE)
    own = Gumbel() if relaxation is None else relaxation
    return replace(settings, generator=replace(settings.generator, relaxation=own, rates=rates))


@storable
@dataclass(frozen=True)
class PerLayerKind(QuantumTrainKind):
    """Choices of Quantum-Train whose circuit is searched layer by layer."""

    def recipes(self, task: Task) -> Mapping[str, Settings]:
        """The task's recipes by gradient descent, without `auto`.

        Another circuit is drawn at every step, so no filter can follow. The start values of `auto`
        belong to one circuit.
        """
        own = {name: settings for name, settings in task.recipes.items() if name != AUTO}
        return {name: of_layers(first_order(settings)) for name, settings in own.items()}

    def unread(self, settings: Settings) -> Mapping[str, Unread]:
        """As `ModelKind.unread`."""
        return {**super().unread(settings), **without_costs("a search of every layer")}

    def make(
        self, task: Task, settings: Settings, seeds: Sequence[int]
    ) -> tuple[Lockstep, list[QuantumTrain]]:
        """As `ModelKind.make`."""
        rule = "be adam or rmsprop in a search of every layer"
        fits = settings.optimizer.most_numbers is None
        require(fits, "optimizer", rule, settings.optimizer.name)
        models = self.models(task, settings, seeds)
        return Lockstep(models), models

    def models(self, task: Task, settings: Settings, seeds: Sequence[int]) -> list[QuantumTrain]:
        """Make a fresh model for each seed."""
        choices = {
            "sharing": self.sharing,
            "mapping": self.mapping,
            "chunk": self.chunk,
            "numbers": self.numbers,
        }
        return make_models(
            task, settings, seeds, candidates=self.candidates, per_layer=True, **choices
        )

    def labels(self, model: QuantumTrain) -> Labels:
        """One label per candidate of each layer."""
        names = SearchSpace(self.candidates).names
        every = []
        for layer in range(1, model.circuits.depth + 1):
            every += [f"layer {layer} {name}" for name in names]
        return Labels(tuple(every), (False,) * len(every))

    def figures(self, models: Sequence[QuantumTrain]) -> Findings:
        """As `ModelKind.figures`; the entry `layers` names each seed's circuit."""
        layers = [[candidate.name for candidate in searched(model).found[0]] for model in models]
        return replace(super().figures(models), more={"layers": layers})

    def ranking(self, models: Sequence[QuantumTrain]) -> list[RankedRow]:
        """The candidates of each layer, one layer after the other."""
        rows = []
        for layer in range(models[0].circuits.depth):
            rows += self._of_layer(models, layer)
        return rows

    def _of_layer(self, models: Sequence[QuantumTrain], layer: int) -> list[RankedRow]:
        """The candidates of one layer, ranked by their probability."""
        by_seed = [searched(model).merged[layer].tolist() for model in models]
        rows = []
        for indices in self._groups(layer):
            # The first of a group has the probability of the whole group.
            weights = [probabilities[indices[0]] for probabilities in by_seed]
            alike = [self.candidates[index] for index in indices]
            shown = as_layer(alike[0]) if layer else alike[0]
            row = RankedRow(
                candidate=shown.name,
                weights=weights,
                contributions=weights,
                merged=[candidate.name for candidate in alike],
                constant=False,
                gate=f"layer {layer + 1}",
            )
            rows.append(row)
        return best_first(rows)

    def _groups(self, layer: int) -> list[list[int]]:
        """Indices of candidates that are one and the same in a layer.

        How a candidate begins counts in the first layer alone. In later layers, candidates that
        differ in nothing else are merged.
        """
        groups: dict[Hashable, list[int]] = {}
        for index, candidate in enumerate(self.candidates):
            key = as_layer(candidate) if layer else index
            groups.setdefault(key, []).append(index)
        return list(groups.values())


def searched(model: QuantumTrain) -> PerLayerCircuit:
    """The circuit of a model that was searched layer by layer."""
    return cast("PerLayerCircuit", model.circuits)
