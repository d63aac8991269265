"""The quantum LSTM as a kind of model: four searched circuits in each cell, and a linear head."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor

from diffqas.choices import Unread, option
from diffqas.circuits import (
    QLSTM_SPACE,
    AnyCandidate,
    Candidate,
    EncodedFinding,
    SearchSpace,
    as_space,
    encoded_findings,
)
from diffqas.errors import choose, require, whole
from diffqas.kinds.kind import (
    Companion,
    Labels,
    SupervisedKind,
    unpublished,
    without_costs,
    without_written_weights,
)
from diffqas.kinds.qlstm_paper import PUBLISHED
from diffqas.kinds.ranking import Constant, Findings, merged_ranking
from diffqas.layers import BASELINES, GATES, QLSTM, Forecaster, ForecasterLockstep, GateCircuits
from diffqas.optimisers import SOAP, Adam, DirectLockstep, Kalman, RMSProp
from diffqas.quantum_train import Rates, Recipe
from diffqas.storage import storable
from diffqas.tasks import Reference, SeriesLSTM, Settings, Task
from diffqas.training import seeded

QLSTM_RECIPES = {
    # As arXiv 2508.14955 summarises it; what it leaves open is as in the code of the same authors.
    "paper": Settings(
        Recipe(init_std=0.01, rates=Rates()),
        depth=5,
        epochs=100,
        batch_size=10,
        optimizer=RMSProp(0.01),
    ),
    # Chosen on held-out training windows, see docs/qlstm.md. If there are too many numbers for the
    # filter, Adam takes its place.
    "default": Settings(
        Recipe(init_std=1.0, rates=Rates()),
        depth=5,
        epochs=100,
        batch_size=10,
        optimizer=Kalman(),
        schedule="cosine",
        others=(Adam(0.01, betas=(0.9, 0.95)), SOAP(0.01, betas=(0.9, 0.95))),
    ),
}
"""Of the recipe the relaxation, the spread and the rates count; the head has the rate of the
mapping.
"""


WHOLE = "be a whole number of at least 1"


@storable
@dataclass(frozen=True)
class QLSTMKind(SupervisedKind[ForecasterLockstep, Forecaster]):
    """Choices of the quantum LSTM; all but `classical` mean the same as in `diffqas.QLSTM`.

    Attributes:
        candidates: the search space of every gate.
        sharing: `"separate"` angles for each candidate of each gate, or `"shared"` ones for each
            gate.
        reservoir: whether the angles stay as they are drawn.
        structure: structural weights for each `"gate"`, or `"shared"` ones for all four.
        hidden_size: the length of h and c.
        layers: how many cells stand on top of each other.
        squash: `"none"` encodes the inputs as they are, `"arctan"` their arc tangent.
        classical: whether classical LSTMs are trained beside it.
    """

    candidates: tuple[Candidate, ...] = tuple(QLSTM_SPACE)
    sharing: str = option(
        "separate",
        "One set of angles for all candidates of a gate (shared), or one for each (separate).",
        among=("shared", "separate"),
    )
    reservoir: bool = option(
        False,
        "The angles stay as they are drawn; the structural weights and the head are trained.",
    )
    structure: str = option(
        "gate",
        "qlstm: structural weights for each gate, or one set shared by all four. vqc: for the "
        "layer, or for each output.",
        among=("gate", "shared"),
    )
    hidden_size: int = option(
        5, "Length of h and c; a gate has one qubit more.", least=1, rule=WHOLE
    )
    layers: int = option(1, "Cells on top of each other.", least=1, rule=WHOLE)
    squash: str = option(
        "none",
        "Encode the inputs as they are (none), or their arc tangent (arctan).",
        among=("none", "arctan"),
    )
    classical: bool = option(True, "Train classical LSTMs beside the search, to compare with.")

    name: ClassVar[str] = "qlstm"
    companions_in: ClassVar[str] = "references"

    @classmethod
    def choose(
        cls,
        candidates: SearchSpace | Iterable[Candidate] | None = None,
        circuit: str | None = None,
        sharing: str = "separate",
        reservoir: bool = False,
        structure: str = "gate",
        hidden_size: int = 5,
        layers: int = 1,
        squash: str = "none",
        classical: bool = True,
    ) -> QLSTMKind:
        """As `ModelKind.choose`; `circuit` names a single candidate of `BASELINES`."""
        if circuit is not None:
            require(candidates is None, "circuit", "be given without `candidates`", circuit)
            candidates = [BASELINES[choose(circuit, BASELINES, "circuit")]]
        require(whole(layers), "layers", "be a whole number of at least 1", repr(layers))
        space = tuple(as_space(QLSTM_SPACE if candidates is None else candidates))
        return cls(space, sharing, reservoir, structure, hidden_size, layers, squash, classical)

    def check(self, task: str) -> None:
        """Refuse every task that is no series."""
        require(task == "series", "model", "be qt for a task that is no series", repr(self.name))

    def places(self, count: int) -> list[str]:
        """The names of the four gates; if there are several cells, with the cell's number."""
        if count == len(GATES):
            return list(GATES)
        if count == 1 or count % len(GATES) != 0:
            return super().places(count)
        cells = range(count // len(GATES))
        return [f"{gate}_l{cell}" for cell in cells for gate in GATES]

    @property
    def space(self) -> tuple[AnyCandidate, ...]:
        """The field `candidates`."""
        return self.candidates

    def unread(self, settings: Settings) -> Mapping[str, Unread]:
        """As `ModelKind.unread`."""
        found = {**super().unread(settings), **without_written_weights(self.name)}
        found |= without_costs(repr(self.name))
        if self.reservoir:
            found["angles_rate"] = Unread("go with angles that are trained", "a reservoir")
        return found

    def recipes(self, task: Task) -> Mapping[str, Settings]:
        """The recipes, which are the same for every series."""
        return QLSTM_RECIPES

    def affordable(self, task: Task, settings: Settings) -> Settings:
        """As `ModelKind.affordable`: Adam where the filter's covariance would be too large."""
        return affordable(settings, self.count(settings))

    def count(self, settings: Settings) -> int:
        """The count of trainable numbers of one model."""
        with torch.random.fork_rng(devices=[]):
            return self._forecaster(settings).parameter_report().total

    def make(
        self, task: Task, settings: Settings, seeds: Sequence[int]
    ) -> tuple[ForecasterLockstep, list[Forecaster]]:
        """As `ModelKind.make`."""
        models = [seeded(seed, lambda: self._forecaster(settings), task) for seed in seeds]
        return ForecasterLockstep(models), models

    def _forecaster(self, settings: Settings) -> Forecaster:
        choices = settings.generator
        cell = QLSTM(
            1,
            self.hidden_size,
            settings.depth,
            self.candidates,
            self.sharing,
            self.reservoir,
            choices.relaxation,
            self.layers,
            structure=self.structure,
            squash=self.squash,
            spread=choices.init_std,
        )
        rates = {
            "angles": choices.rates.angles,
            "structure": choices.rates.structure,
            "head": choices.rates.mapping,
        }
        return Forecaster(cell, rates)

    def labels(self, model: Forecaster) -> Labels:
        """One label per candidate of each gate of each cell."""
        names, constants = [], []
        for gate, space in model.cell.chosen.items():
            constant = blind(_layer(model, gate))
            names += [f"{self.plain(gate)} {name}" for name in space.names]
            constants += [constant(candidate) for candidate in space]
        return Labels(tuple(names), tuple(constants))

    def figures(self, models: Sequence[Forecaster]) -> Findings:
        """As `ModelKind.figures`; the ranking lists one gate after the other."""
        report = models[0].parameter_report()
        rankings = [model.cell.ranking() for model in models]
        rows = []
        for gate in rankings[0]:
            of_gate = [ranking[gate] for ranking in rankings]
            rows += merged_ranking(of_gate, blind(_layer(models[0], gate)), self.plain(gate))
        return Findings(
            relaxation=models[0].cell.circuits[0].relaxation.name,
            trainable_parameters=report.total,
            target_parameters=None,
            report=str(report),
            ranking=rows,
        )

    def export(self, model: Forecaster) -> dict[str, Tensor]:
        """The state of the cell and the head."""
        return model.state_dict()

    def references(self, task: Task) -> list[Reference]:
        """The task's references, with the paper's figure of this model, if there is one."""
        others = unpublished(task.references)
        published = PUBLISHED.get(self._row(), {}).get(task.name)
        if published is None:
            return others
        return [
            Reference(f"paper, {self._row()}", published, "arXiv 2508.14955, one seed"),
            *others,
        ]

    def _row(self) -> str:
        """The row of the paper's table with these choices; empty if there is none."""
        if len(self.candidates) == 1 and not self.reservoir:
            names = [name for name, found in BASELINES.items() if (found,) == self.candidates]
            return names[0] if names else ""
        if self.candidates != tuple(QLSTM_SPACE) or self.structure != "gate" or self.layers > 1:
            return ""
        sharing = "non-shared" if self.sharing == "separate" else self.sharing
        return f"reservoir-{sharing}" if self.reservoir else sharing

    def companions(self, task: Task, settings: Settings, model: Forecaster) -> list[Companion]:
        """Classical LSTMs: one of the same hidden size, one of about as many numbers."""
        if not self.classical:
            return []
        as_large = nearest_hidden_size(model.parameter_report().total)
        sizes = [self.hidden_size]
        if as_large != self.hidden_size:
            sizes.append(as_large)
        return [classical_lstm(size, task, settings) for size in sizes]

    def plain(self, gate: str) -> str:
        """The plain name of a gate: `forget` for `forget_l0` if there is a single layer."""
        return gate if self.layers > 1 else gate.removesuffix("_l0")


def nearest_hidden_size(count: int) -> int:
    """Hidden size of the `SeriesLSTM` whose number of parameters is nearest to a count.

    >>> nearest_hidden_size(270), nearest_hidden_size(1781)
    (7, 20)
    """
    return min(range(1, count + 2), key=lambda size: abs(lstm_count(size) - count))


def lstm_count(size: int) -> int:
    """Parameters of `SeriesLSTM`: four gates with one bias each, and the head."""
    return SeriesLSTM.count(size)


def affordable(settings: Settings, count: int) -> Settings:
    """The settings for so many trainable numbers.

    Adam takes the optimiser's place if its covariance cannot hold so many numbers.

    >>> [affordable(QLSTM_RECIPES["default"], count).optimizer.name for count in (270, 4470)]
    ['kalman', 'adam']
    """
    most = settings.optimizer.most_numbers
    if most is None or count <= most:
        return settings
    return settings.by("adam")


def classical_lstm(size: int, task: Task, settings: Settings) -> Companion:
    """A classical LSTM of this hidden size, trained in the same way as the search.

    Adam trains it if its numbers are too many for the optimiser of the search.
    """
    count, alike = lstm_count(size), "trained alike"
    chosen = affordable(settings, count)
    if chosen is not settings:
        alike = f"trained by {chosen.optimizer.name}: too many for {settings.optimizer.name}"

    def populate(seeds: Sequence[int], rate: float) -> DirectLockstep:
        return DirectLockstep([seeded(seed, make, task) for seed in seeds], rate)

    make = partial(SeriesLSTM, 1, size)
    remark = f"{count:,} trainable numbers, {alike}"
    return Companion(f"LSTM, hidden {size}", count, remark, populate, task, chosen)


def _layer(model: Forecaster, gate: str) -> GateCircuits:
    """The layer of a gate by its name, such as `forget_l0`."""
    return model.cell.circuits[int(gate.rpartition("_l")[2])]


def live_candidates(layer: GateCircuits) -> int:
    """How many candidates of a gate see their input and can be trained."""
    return sum(finding.live for finding in _findings(layer))


def blind(layer: GateCircuits) -> Constant:
    """A function that tells whether a candidate of a gate is constant.

    A constant candidate gives the same for every input and every angle.
    """
    constants = {finding.candidate for finding in _findings(layer) if finding.constant is not None}
    return constants.__contains__


def _findings(layer: GateCircuits) -> list[EncodedFinding]:
    return encoded_findings(layer.candidates, layer.n, layer.depth, layer.outputs)
