"""The quantum fast weight programmer as a kind of model: a slow network and searched circuits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor

from diffqas.architecture import Ranking
from diffqas.choices import Tuning, Unread, check, option
from diffqas.circuits import QLSTM_SPACE, AnyCandidate, SearchSpace, as_space
from diffqas.errors import require
from diffqas.kinds.kind import Companion, unpublished, without_costs, without_written_weights
from diffqas.kinds.layer_kind import LayerKind
from diffqas.kinds.qlstm import (
    QLSTM_RECIPES,
    affordable,
    classical_lstm,
    nearest_hidden_size,
)
from diffqas.layers import (
    BASE_ANGLES,
    INPUT_QUBITS,
    LAYER_STRUCTURES,
    QFWP,
    SLOW,
    FastWeightForecaster,
    FastWeightLockstep,
    QuantumLayer,
)
from diffqas.storage import storable
from diffqas.tasks import Reference, Settings, Task
from diffqas.training import seeded

QFWP_RECIPES = {
    name: replace(recipe, generator=replace(recipe.generator, init_std=0.1), depth=2)
    for name, recipe in QLSTM_RECIPES.items()
}
"""Those of the quantum LSTM, of other depth and spread: `paper` is how the public code of arXiv
2402.17760 trains its one circuit, `default` suits as many numbers (docs/fast-weights.md).

Of the recipe the relaxation, the spread and the rates count; the head has the rate of the
mapping.
"""

QUBITS = 8
"""Of the public code."""


@storable
@dataclass(frozen=True)
class QFWPKind(LayerKind[FastWeightLockstep, FastWeightForecaster]):
    """Choices of the quantum fast weight programmer; see `diffqas.QFWP`.

    Attributes:
        candidates: the search space.
        qubits: the qubits of every circuit; None stands for eight.
        measured: how many qubits are read and go into the linear head.
        latent_size: the length of the slow network's latent vector.
        input_qubits: which qubits are turned by the value of a moment: `"all"` or the `"first"`.
        base_angles: the angles before the first moment: `"zero"` or `"trained"`.
        structure: structural weights for the `"layer"`, or for each `"output"`.
        slow: whether the slow network's weights are `"trained"`, or written by circuits
            (`"written"`).
        slow_rate: the learning rate of the slow network relative to the base rate.
        classical: whether a classical LSTM of about as many numbers is trained beside it.
    """

    candidates: tuple[AnyCandidate, ...] = tuple(QLSTM_SPACE)
    qubits: int | None = option(QUBITS, "Qubits of every circuit.", least=1, most=26)
    measured: int = option(
        4, "How many qubits, from the first on, are read for the linear head.", least=1, most=26
    )
    latent_size: int = option(
        8,
        "Length of the latent vector that the slow network makes of an input.",
        least=1,
        most=10_000,
        tune=Tuning(2, 32, log=False),
    )
    input_qubits: str = option(
        "all",
        "Qubits that are turned by the value of a moment: all, or the first one, as in the public "
        "code.",
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
    slow: str = option(
        "trained",
        "Whether the weights of the slow network are trained, or written by circuits "
        "(Quantum-Train).",
        among=SLOW,
    )
    slow_rate: float = option(
        1.0,
        "Learning rate of the slow network relative to --lr.",
        least=0,
        tune=Tuning(0.1, 10.0),
    )
    classical: bool = option(True, "Train classical LSTMs beside the search, to compare with.")

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
        """Refuse every task that is no series."""
        require(task == "series", "model", "be qt for a task that is no series", repr(self.name))

    @property
    def space(self) -> tuple[AnyCandidate, ...]:
        """The field `candidates`."""
        return self.candidates

    def layer(self, model: FastWeightForecaster) -> QuantumLayer:
        """The layer of circuits in the model's cell."""
        return model.cell.circuits

    def rankings(self, model: FastWeightForecaster) -> Mapping[str, Ranking]:
        """As `LayerKind.rankings`, at angles that sequences of inputs write."""
        return model.cell.ranking()

    def unread(self, settings: Settings) -> Mapping[str, Unread]:
        """As `ModelKind.unread`."""
        found = {**super().unread(settings), **without_written_weights(self.name)}
        found |= without_costs(repr(self.name))
        if self.base_angles == "zero":
            why = Unread("go with base_angles trained", self.base_angles)
            found |= dict.fromkeys(("angles_rate", "spread"), why)
        return found

    def recipes(self, task: Task) -> Mapping[str, Settings]:
        """The recipes, which are the same for every series."""
        return QFWP_RECIPES

    def affordable(self, task: Task, settings: Settings) -> Settings:
        """As `ModelKind.affordable`: Adam where the filter's covariance would be too large."""
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
            slow=self.slow,
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

    def export(self, model: FastWeightForecaster) -> dict[str, Tensor]:
        """The numbers of the slow network, the circuits and the head."""
        return dict(model.named_parameters())

    def references(self, task: Task) -> list[Reference]:
        """The task's references without the published figures, which are of other models."""
        return unpublished(task.references)

    def companions(
        self, task: Task, settings: Settings, model: FastWeightForecaster
    ) -> list[Companion]:
        """A classical LSTM of about as many numbers."""
        if not self.classical:
            return []
        size = nearest_hidden_size(model.parameter_report().total)
        return [classical_lstm(size, task, settings)]
