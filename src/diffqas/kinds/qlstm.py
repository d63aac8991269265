"""The quantum LSTM as a kind of model: four searched circuits in each cell, a linear head behind
it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure
from torch import Tensor

from diffqas.choices import option
from diffqas.circuits import (
    QLSTM_SPACE,
    Candidate,
    EncodedFinding,
    SearchSpace,
    as_space,
    encoded_findings,
    to_qasm,
)
from diffqas.errors import choose, require, whole
from diffqas.kinds.kind import Companion, Labels, ModelKind
from diffqas.kinds.qlstm_paper import PUBLISHED
from diffqas.kinds.ranking import Constant, commented, leading, merged_ranking
from diffqas.layers import BASELINES, GATES, QLSTM, Forecaster, ForecasterLockstep, GateCircuits
from diffqas.optimisers import SOAP, Adam, DirectLockstep, Kalman, RMSProp
from diffqas.quantum_train import Rates, Recipe
from diffqas.reports import Floats, structure_maps
from diffqas.storage import storable
from diffqas.tasks import Reference, SeriesLSTM, Settings, Task
from diffqas.training import seeded

QLSTM_RECIPES = {
    # arXiv 2508.14955 by its summary; what it leaves open as in the code of the same authors.
    "paper": Settings(
        Recipe(init_std=0.01, rates=Rates()),
        depth=5,
        epochs=100,
        batch_size=10,
        optimizer=RMSProp(0.01),
    ),
    # Chosen on held-out training windows: docs/qlstm.md. Where the numbers are too many for the
    # filter, it is Adam's.
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


@storable
@dataclass(frozen=True)
class QLSTMKind(ModelKind[ForecasterLockstep, Forecaster]):
    """Choices of the quantum LSTM; all but the last as of `diffqas.QLSTM`.

    Attributes:
        candidates: the search space of every gate.
        sharing: `"separate"` angles for each candidate of each gate, or `"shared"` ones for each
            gate.
        reservoir: leave the angles as they are drawn.
        structure: structural weights for each `"gate"`, or `"shared"` ones for all four.
        hidden_size: length of h and c.
        layers: cells on top of each other.
        squash: `"none"` or `"arctan"`.
        classical: train classical LSTMs beside it.
    """

    candidates: tuple[Candidate, ...] = tuple(QLSTM_SPACE)
    sharing: str = option(
        "separate",
        "One set of angles for all candidates of a gate, or one each.",
        among=("shared", "separate"),
    )
    reservoir: bool = option(
        False,
        "The angles stay as they are drawn; the structural weights and the head are trained.",
    )
    structure: str = option(
        "gate",
        "Structural weights for each gate, or one set shared by all four.",
        among=("gate", "shared"),
    )
    hidden_size: int = option(5, "Length of h and c; a gate has one qubit more.", least=1)
    layers: int = option(1, "Cells on top of each other.", least=1)
    squash: str = option(
        "none", "Encode inputs as they are, or their arc tangent.", among=("none", "arctan")
    )
    classical: bool = option(True, "Train classical LSTMs beside it, to compare with.")

    name: ClassVar[str] = "qlstm"
    files: ClassVar[Mapping[str, str]] = {
        "model.safetensors": "the quantum LSTM with its head",
        "circuit-*.qasm": "the leading circuit of each gate, OpenQASM 3",
    }

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
        """As `ModelKind.choose`; `circuit` is a single candidate, by its name in `BASELINES`."""
        if circuit is not None:
            require(candidates is None, "circuit", "be given without `candidates`", circuit)
            candidates = [BASELINES[choose(circuit, BASELINES, "circuit")]]
        require(whole(layers), "layers", "be a whole number of at least 1", repr(layers))
        space = tuple(as_space(QLSTM_SPACE if candidates is None else candidates))
        return cls(space, sharing, reservoir, structure, hidden_size, layers, squash, classical)

    def check(self, task: str) -> None:
        """The model reads series."""
        require(task == "series", "model", "be qt for a task that is no series", repr(self.name))

    def recipes(self, task: Task) -> Mapping[str, Settings]:
        """The same for every series."""
        return QLSTM_RECIPES

    def affordable(self, settings: Settings) -> Settings:
        """By Adam where there are too many numbers for a covariance."""
        return affordable(settings, self.count(settings))

    def count(self, settings: Settings) -> int:
        """Trainable numbers of one model."""
        with torch.random.fork_rng(devices=[]):
            return self._forecaster(settings).parameter_report().total

    def make(
        self, task: Task, settings: Settings, seeds: Sequence[int]
    ) -> tuple[ForecasterLockstep, list[Forecaster]]:
        """As `ModelKind.make`."""
        models = [seeded(seed, lambda: self._forecaster(settings), task) for seed in seeds]
        return ForecasterLockstep(models), models

    def _forecaster(self, settings: Settings) -> Forecaster:
        recipe = settings.recipe
        cell = QLSTM(
            1,
            self.hidden_size,
            settings.depth,
            self.candidates,
            self.sharing,
            self.reservoir,
            recipe.relaxation,
            self.layers,
            structure=self.structure,
            squash=self.squash,
            spread=recipe.init_std,
        )
        rates = {
            "angles": recipe.rates.angles,
            "structure": recipe.rates.structure,
            "head": recipe.rates.mapping,
        }
        return Forecaster(cell, rates)

    def notes(
        self, population: ForecasterLockstep, models: Sequence[Forecaster], task: Task
    ) -> list[str]:
        """How many candidates of a gate do anything."""
        layer = models[0].cell.circuits[0]
        live = sum(finding.live for finding in _findings(layer))
        if live == len(layer.candidates):
            return []
        head = f"{live} of {len(layer.candidates)} candidates of a gate see their input and train"
        return [f"{head} (see `diffqas candidates --model qlstm`)."]

    def labels(self, model: Forecaster) -> Labels:
        """One weight per candidate of each gate of each layer."""
        names, constants = [], []
        for gate, space in model.cell.chosen.items():
            constant = _constant(_layer(model, gate))
            names += [f"{self._plain(gate)} {name}" for name in space.names]
            constants += [constant(candidate) for candidate in space]
        return Labels(tuple(names), tuple(constants))

    def figures(self, models: Sequence[Forecaster]) -> dict[str, Any]:
        """As `ModelKind.figures`; in the ranking one gate follows the other."""
        report = models[0].parameter_report()
        rankings = [model.cell.ranking() for model in models]
        rows = [
            {"gate": self._plain(gate)} | row
            for gate in rankings[0]
            for row in merged_ranking(
                [ranking[gate] for ranking in rankings], _constant(_layer(models[0], gate))
            )
        ]
        return {
            "relaxation": models[0].cell.circuits[0].relaxation.name,
            "trainable_parameters": report.total,
            "target_parameters": None,
            "report": str(report),
            "ranking": rows,
        }

    def picture(self, model: Forecaster, weights: Floats, title: str) -> Figure:
        """One map per gate: candidates over the epochs."""
        gates = [self._plain(gate) for gate in model.cell.chosen]
        names = SearchSpace(self.candidates).names
        constants = self.labels(model).constant[: len(names)]
        maps = weights.reshape(len(weights), len(gates), len(names))
        return structure_maps(
            dict(zip(gates, maps.swapaxes(0, 1), strict=True)), names, constants, title
        )

    def circuits(self, model: Forecaster) -> dict[str, str]:
        """For each gate the best candidate that is no constant, at the gate's own angles."""
        rankings = model.cell.ranking()
        found = {}
        for index, layer in enumerate(model.cell.circuits):
            constant = _constant(layer)
            for gate, angles in zip(GATES, layer.angles.detach(), strict=True):
                ranking = rankings[f"{gate if len(layer.rows) > 1 else 'all'}_l{index}"]
                best = leading(ranking, constant)
                own = angles[best.indices[0]] if layer.separate else angles
                inputs = [f"x{i}" for i in range(layer.n - layer.outputs)] + [
                    f"h{i}" for i in range(layer.outputs)
                ]
                text = to_qasm(best.candidate, own.tolist(), inputs)
                place = self._plain(f"{gate}_l{index}")
                said = self._described(place, inputs, layer.outputs)
                found[f"circuit-{place}.qasm"] = commented(text, best, ranking, *said)
        return found

    def _described(self, place: str, inputs: Sequence[str], outputs: int) -> list[str]:
        what = (
            "inputs x and state h"
            if self.squash == "none"
            else f"{self.squash} of inputs x and of state h"
        )
        return [
            f"gate: {place}; read are <Z> of q[0] to q[{outputs - 1}], one for each entry of h",
            f"angles that encode, in radians, the {what}: {', '.join(inputs)} on q[0] to q[{len(inputs) - 1}]",
        ]

    def export(self, model: Forecaster) -> dict[str, Tensor]:
        """The state of the cell and the head."""
        return model.state_dict()

    def references(self, task: Task) -> list[Reference]:
        """The task's, with the published figure of this model in place of Quantum-Train's."""
        others = [row for row in task.references if not row.name.startswith("paper")]
        published = PUBLISHED.get(self._row(), {}).get(task.name)
        if published is None:
            return others
        return [
            Reference(f"paper, {self._row()}", published, "arXiv 2508.14955, one seed"),
            *others,
        ]

    def _row(self) -> str:
        """The row of the paper's table that has these choices; empty where none has."""
        if len(self.candidates) == 1 and not self.reservoir:
            return next(
                (name for name, found in BASELINES.items() if (found,) == self.candidates), ""
            )
        if self.candidates != tuple(QLSTM_SPACE) or self.structure != "gate" or self.layers > 1:
            return ""
        return ("reservoir-" if self.reservoir else "") + {"separate": "non-shared"}.get(
            self.sharing, self.sharing
        )

    def companions(
        self, task: Task, settings: Settings, seeds: Sequence[int], model: Forecaster
    ) -> list[Companion]:
        """Classical LSTMs: one of the same hidden size, one with about as many trainable numbers."""
        if not self.classical:
            return []
        sizes = dict.fromkeys(
            (self.hidden_size, nearest_hidden_size(model.parameter_report().total))
        )
        return [_classical(size, task, settings, seeds) for size in sizes]

    def _plain(self, gate: str) -> str:
        """`forget` for `forget_l0` where there is a single layer."""
        return gate if self.layers > 1 else gate.removesuffix("_l0")


def nearest_hidden_size(count: int) -> int:
    """Hidden size of the `SeriesLSTM` whose number of parameters is nearest to a count.

    >>> nearest_hidden_size(270), nearest_hidden_size(1781)
    (7, 20)
    """
    return min(range(1, count + 2), key=lambda size: abs(lstm_count(size) - count))


def lstm_count(size: int) -> int:
    """Parameters of `SeriesLSTM`: four gates with one bias each, and the head."""
    return 4 * (size * (1 + size) + size) + size + 1


def affordable(settings: Settings, count: int) -> Settings:
    """Settings for so many trainable numbers: by Adam where they are too many for the covariance of
    the optimiser.

    >>> [affordable(QLSTM_RECIPES["default"], count).optimizer.name for count in (270, 4470)]
    ['kalman', 'adam']
    """
    most = settings.optimizer.most_numbers
    if most is None or count <= most:
        return settings
    return settings.by("adam")


def _classical(size: int, task: Task, settings: Settings, seeds: Sequence[int]) -> Companion:
    count, alike = lstm_count(size), "trained alike"
    chosen = affordable(settings, count)
    if chosen is not settings:
        alike = f"trained by {chosen.optimizer.name}: too many for {settings.optimizer.name}"
    networks = [seeded(seed, lambda: SeriesLSTM(1, size), task) for seed in seeds]
    remark = f"{count:,} trainable numbers, {alike}"
    return Companion(f"LSTM, hidden {size}", remark, DirectLockstep(networks), chosen)


def _layer(model: Forecaster, gate: str) -> GateCircuits:
    """The layer of a gate by its name, such as `forget_l0`."""
    return model.cell.circuits[int(gate.rpartition("_l")[2])]


def _findings(layer: GateCircuits) -> list[EncodedFinding]:
    return encoded_findings(layer.candidates, layer.n, layer.depth, layer.outputs)


def _constant(layer: GateCircuits) -> Constant:
    constants = {finding.candidate for finding in _findings(layer) if finding.constant is not None}
    return constants.__contains__
