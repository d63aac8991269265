"""The quantum fast weight programmer as a kind of model: a slow network and searched circuits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor

from diffqas.choices import Unread, check, option
from diffqas.circuits import QLSTM_SPACE, AnyCandidate, SearchSpace, as_space
from diffqas.errors import require
from diffqas.kinds.kind import Companion, Labels, SupervisedKind, without_written_weights
from diffqas.kinds.qlstm import affordable, classical_lstm, nearest_hidden_size
from diffqas.kinds.ranking import Findings, RankedRow, merged_ranking
from diffqas.kinds.vqc import blind_in
from diffqas.layers import (
    BASE_ANGLES,
    INPUT_QUBITS,
    LAYER_STRUCTURES,
    QFWP,
    FastWeightForecaster,
    FastWeightLockstep,
)
from diffqas.optimisers import SOAP, Adam, Kalman, RMSProp
from diffqas.quantum_train import Rates, Recipe
from diffqas.storage import storable
from diffqas.tasks import Reference, Settings, Task
from diffqas.training import seeded

QFWP_RECIPES = {
    # As the public code of arXiv 2402.17760 trains its one circuit.
    "paper": Settings(
        Recipe(init_std=0.1, rates=Rates()),
        depth=2,
        epochs=100,
        batch_size=10,
        optimizer=RMSProp(0.01),
    ),
    # That of the quantum LSTM, which has as many numbers: docs/fast-weights.md.
    "default": Settings(
        Recipe(init_std=0.1, rates=Rates()),
        depth=2,
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

QUBITS = 8
"""Of the public code."""


@storable
@dataclass(frozen=True)
class QFWPKind(SupervisedKind[FastWeightLockstep, FastWeightForecaster]):
    """Choices of the quantum fast weight programmer; see `diffqas.QFWP`.

    Attributes:
        candidates: the search space.
        qubits: of every circuit; None: eight.
        measured: qubits that are read, and go into the linear head.
        latent_size: length of the slow network's latent vector.
        input_qubits: which qubits the value of a moment turns.
        base_angles: the angles before the first moment.
        structure: structural weights for the `"layer"`, or for each `"output"`.
        slow_rate: learning rate of the slow network relative to the base rate.
        classical: train a classical LSTM of about as many numbers beside it.
    """

    candidates: tuple[AnyCandidate, ...] = tuple(QLSTM_SPACE)
    qubits: int | None = option(QUBITS, "Qubits of every circuit.", least=1, most=26)
    measured: int = option(
        4, "Qubits that are read, the first ones, and go into a linear head.", least=1, most=26
    )
    latent_size: int = option(
        8,
        "Length of the latent vector that the slow network makes of an input.",
        least=1,
        most=10_000,
    )
    input_qubits: str = option(
        "all",
        "Qubits that the value of a moment turns: all, or the first one, as in the public code.",
        among=INPUT_QUBITS,
    )
    base_angles: str = option(
        "zero",
        "Angles before the first moment: zero, as in the public code, or trained ones.",
        among=BASE_ANGLES,
    )
    structure: str = option(
        "layer",
        "One set of structural weights for the layer, or one for each qubit that is read.",
        among=LAYER_STRUCTURES,
    )
    slow_rate: float = option(
        1.0,
        "Learning rate of the slow network relative to --lr.",
        least=0,
    )
    classical: bool = option(True, "Train classical LSTMs beside it, to compare with.")

    name: ClassVar[str] = "qfwp"
    companions_in: ClassVar[str] = "references"

    def __post_init__(self) -> None:
        check(self)

    @classmethod
    def choose(
        cls,
        candidates: SearchSpace | Iterable[AnyCandidate] | None = None,
        structure: str = "layer",
        classical: bool = True,
    ) -> QFWPKind:
        """As `ModelKind.choose`; its other choices are set where they are declared."""
        space = tuple(as_space(QLSTM_SPACE if candidates is None else candidates))
        return cls(space, structure=structure, classical=classical)

    def check(self, task: str) -> None:
        """The model reads series."""
        require(task == "series", "model", "be qt for a task that is no series", repr(self.name))

    @property
    def space(self) -> tuple[AnyCandidate, ...]:
        """The field `candidates`."""
        return self.candidates

    def places(self, count: int) -> list[str]:
        """The qubits that are read, where each has structural weights of its own."""
        if count == 1:
            return [""]
        return [f"output {number}" for number in range(count)]

    def unread(self, settings: Settings) -> Mapping[str, Unread]:
        """As `ModelKind.unread`."""
        found = {**super().unread(settings), **without_written_weights(self.name)}
        if self.base_angles == "zero":
            why = Unread("go with base_angles trained", self.base_angles)
            found |= dict.fromkeys(("angles_rate", "spread"), why)
        return found

    def recipes(self, task: Task) -> Mapping[str, Settings]:
        """The same for every series."""
        return QFWP_RECIPES

    def affordable(self, task: Task, settings: Settings) -> Settings:
        """By Adam where there are too many numbers for a covariance."""
        with torch.random.fork_rng(devices=[]):
            count = self._forecaster(settings).parameter_report().total
        return affordable(settings, count)

    def make(
        self, task: Task, settings: Settings, seeds: Sequence[int]
    ) -> tuple[FastWeightLockstep, list[FastWeightForecaster]]:
        """As `ModelKind.make`."""
        make = partial(self._forecaster, settings)
        models = [seeded(seed, make, task) for seed in seeds]
        return FastWeightLockstep(models), models

    def _forecaster(self, settings: Settings) -> FastWeightForecaster:
        qubits = QUBITS if self.qubits is None else self.qubits
        rule = f"be at most {qubits}, the qubits"
        require(self.measured <= qubits, "measured", rule, self.measured)
        choices = settings.generator
        cell = QFWP(
            1,
            self.measured,
            qubits,
            settings.depth,
            self.candidates,
            latent_size=self.latent_size,
            input_qubits=self.input_qubits,
            base_angles=self.base_angles,
            relaxation=choices.relaxation,
            structure=self.structure,
            init_std=choices.init_std,
            rates={
                "angles": choices.rates.angles,
                "structure": choices.rates.structure,
                "slow": self.slow_rate,
            },
        )
        return FastWeightForecaster(cell, {"head": choices.rates.mapping})

    def labels(self, model: FastWeightForecaster) -> Labels:
        """One weight per candidate, of each output where these have their own."""
        names: list[str] = []
        constants: list[bool] = []
        layer = model.cell.circuits
        constant = blind_in(layer)
        for place, space in zip(self.places(len(layer.rows)), layer.spaces, strict=True):
            names += [f"{place} {name}".strip() for name in space.names]
            constants += [constant(candidate) for candidate in space]
        return Labels(tuple(names), tuple(constants))

    def figures(self, models: Sequence[FastWeightForecaster]) -> Findings:
        """As `ModelKind.figures`; in the ranking one output follows the other."""
        first = models[0]
        layer = first.cell.circuits
        report = first.parameter_report()
        rankings = [model.cell.ranking() for model in models]
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

    def export(self, model: FastWeightForecaster) -> dict[str, Tensor]:
        """The numbers of the slow network, the circuits and the head."""
        return dict(model.named_parameters())

    def references(self, task: Task) -> list[Reference]:
        """The task's, without published figures, which are those of other models."""
        return [row for row in task.references if not row.name.startswith("paper")]

    def companions(
        self, task: Task, settings: Settings, model: FastWeightForecaster
    ) -> list[Companion]:
        """A classical LSTM of about as many numbers."""
        if not self.classical:
            return []
        size = nearest_hidden_size(model.parameter_report().total)
        return [classical_lstm(size, task, settings)]
