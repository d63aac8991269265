"""The base of the kinds whose models hold one searched layer of circuits with data."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from diffqas.architecture import Ranking
from diffqas.kinds.kind import Labels, SupervisedKind, Trainable
from diffqas.kinds.ranking import Constant, Findings, RankedRow, merged_ranking
from diffqas.layers import FastWeightForecaster, HybridModel, QuantumLayer

Q = TypeVar("Q", bound=Trainable)
L = TypeVar("L", bound=HybridModel | FastWeightForecaster)


@dataclass(frozen=True)
class LayerKind(SupervisedKind[Q, L]):
    """A kind of model with one `QuantumLayer`.

    The layer has one set of structural weights, or one for each output.
    """

    @abstractmethod
    def layer(self, model: L) -> QuantumLayer:
        """The model's searched layer."""

    @abstractmethod
    def rankings(self, model: L) -> Mapping[str, Ranking]:
        """The layer's candidates, best first, for each row of structural weights by its name."""

    def places(self, count: int) -> list[str]:
        """The names of the outputs, if each has structural weights of its own."""
        if count == 1:
            return [""]
        return [f"output {number}" for number in range(count)]

    def labels(self, model: L) -> Labels:
        """One label per candidate, for each output if the outputs have weights of their own."""
        names: list[str] = []
        constants: list[bool] = []
        layer = self.layer(model)
        blind = blind_in(layer)
        for place, space in zip(self.places(len(layer.rows)), layer.spaces, strict=True):
            names += [f"{place} {name}".strip() for name in space.names]
            constants += [blind(candidate) for candidate in space]
        return Labels(tuple(names), tuple(constants))

    def figures(self, models: Sequence[L]) -> Findings:
        """As `ModelKind.figures`; the ranking lists one output after the other."""
        layer = self.layer(models[0])
        report = models[0].parameter_report()
        rankings = [self.rankings(model) for model in models]
        rows: list[RankedRow] = []
        for place, row in zip(self.places(len(layer.rows)), layer.rows, strict=True):
            of_row = [ranking[row] for ranking in rankings]
            rows += merged_ranking(of_row, blind_in(layer), place or None)
        return Findings(
            relaxation=layer.relaxation.name,
            trainable_parameters=report.total,
            target_parameters=None,
            report=str(report),
            ranking=rows,
        )


def blind_in(layer: QuantumLayer) -> Constant:
    """A function that tells whether a candidate of a layer is constant.

    A constant candidate gives the same for every input and every angle.
    """
    findings = layer.findings(layer.candidates)
    constants = {finding.candidate for finding in findings if finding.constant is not None}
    return constants.__contains__
