"""Quantum-Train with a candidate searched for every layer, as a kind of model."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from matplotlib.figure import Figure

from diffqas.architecture import Gumbel, PerLayerCircuit, Relaxation, as_layer
from diffqas.circuits import SearchSpace, to_qasm
from diffqas.errors import require
from diffqas.kinds.kind import Labels
from diffqas.kinds.quantum_train import QuantumTrainKind
from diffqas.quantum_train import Lockstep, QuantumTrain
from diffqas.reports import Floats, structure_maps
from diffqas.storage import storable
from diffqas.tasks import Settings, Task
from diffqas.training import make_models

STRUCTURE_RATE = 10.0
"""Rate of the structural parameters relative to the base rate; 1, 3, 10 and 30 did alike
(docs/searches.md).
"""


def first_order(settings: Settings) -> Settings:
    """The same by gradient descent: Adam in place of an optimiser with a covariance."""
    if settings.optimizer.elementwise:
        return settings
    return settings.by("adam")


def of_layers(settings: Settings, relaxation: Relaxation | None = None) -> Settings:
    """The same for a search of every layer, by default with layers that are drawn."""
    rates = replace(settings.recipe.rates, structure=STRUCTURE_RATE)
    own = Gumbel() if relaxation is None else relaxation
    return replace(settings, recipe=replace(settings.recipe, relaxation=own, rates=rates))


@storable
@dataclass(frozen=True)
class PerLayerKind(QuantumTrainKind):
    """Choices of Quantum-Train whose circuit is searched layer by layer."""

    def recipes(self, task: Task) -> Mapping[str, Settings]:
        """The task's, by gradient descent: another circuit is drawn at every step, so no filter can
        follow.
        """
        return {name: of_layers(first_order(settings)) for name, settings in task.recipes.items()}

    def make(
        self, task: Task, settings: Any, seeds: Sequence[int]
    ) -> tuple[Lockstep, list[QuantumTrain]]:
        """As `ModelKind.make`."""
        rule = "be adam or rmsprop in a search of every layer"
        fits = settings.optimizer.most_numbers is None
        require(fits, "optimizer", rule, settings.optimizer.name)
        choices = {"sharing": self.sharing, "mapping": self.mapping, "chunk": self.chunk}
        models = make_models(
            task, settings, seeds, candidates=self.candidates, per_layer=True, **choices
        )
        return Lockstep(models), models

    def constants_note(self, model: QuantumTrain) -> list[str]:
        """How many layers there are to choose from."""
        count = len({as_layer(candidate) for candidate in self.candidates})
        head = f"A candidate for each of {model.circuits.depth} layers: {len(self.candidates)} for the first"
        return [f"{head}, which says how the circuit begins, {count} different ones after it."]

    def labels(self, model: QuantumTrain) -> Labels:
        """One weight per candidate of each layer."""
        names = SearchSpace(self.candidates).names
        every = [
            f"layer {layer + 1} {name}" for layer in range(model.circuits.depth) for name in names
        ]
        return Labels(tuple(every), (False,) * len(every))

    def figures(self, models: Sequence[QuantumTrain]) -> dict[str, Any]:
        """As `ModelKind.figures`; `layers` names each seed's circuit."""
        layers = [[candidate.name for candidate in _circuit(model).found[0]] for model in models]
        return super().figures(models) | {"layers": layers}

    def ranking(self, models: Sequence[QuantumTrain]) -> list[dict[str, Any]]:
        """One layer after the other."""
        return [
            row
            for layer in range(models[0].circuits.depth)
            for row in self._of_layer(models, layer)
        ]

    def _of_layer(self, models: Sequence[QuantumTrain], layer: int) -> list[dict[str, Any]]:
        """The candidates of one layer by the median of their probability."""
        merged = [_circuit(model).merged[layer].tolist() for model in models]
        groups: dict[Any, list[int]] = {}
        for index, candidate in enumerate(self.candidates):
            groups.setdefault(as_layer(candidate) if layer else index, []).append(index)
        rows = []
        for first, *others in groups.values():
            weights = [row[first] for row in merged]
            alike = [self.candidates[index] for index in (first, *others)]
            rows.append(
                {
                    "gate": f"layer {layer + 1}",
                    "candidate": (as_layer(alike[0]) if layer else alike[0]).name,
                    "weight": statistics.median(weights),
                    "contribution": statistics.median(weights),
                    "weights": weights,
                    "merged": [candidate.name for candidate in alike],
                    "constant": False,
                }
            )
        return sorted(rows, key=lambda row: -row["contribution"])

    def picture(self, model: QuantumTrain, weights: Floats, title: str) -> Figure:
        """One map per layer: probabilities of the candidates over the epochs."""
        names = SearchSpace(self.candidates).names
        maps = weights.reshape(len(weights), -1, len(names)).swapaxes(0, 1)
        named = {f"layer {layer + 1}": values for layer, values in enumerate(maps)}
        return structure_maps(named, names, (False,) * len(names), title)

    def circuit_pictures(self, model: QuantumTrain) -> dict[str, Figure]:
        """None: its layers differ, and a picture shows one."""
        return {}

    def circuits(self, model: QuantumTrain) -> dict[str, str]:
        """The most probable circuit at its learned angles."""
        circuit = _circuit(model)
        return {"circuit.qasm": to_qasm(circuit.found[0], circuit.angles.detach().tolist())}


def _circuit(model: QuantumTrain) -> PerLayerCircuit:
    return cast("PerLayerCircuit", model.circuits)
