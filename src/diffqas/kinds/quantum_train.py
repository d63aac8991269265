"""Quantum-Train as a kind of model: circuits write the weights of the task's network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from matplotlib.figure import Figure
from torch import Tensor, nn

from diffqas.architecture import Shots
from diffqas.choices import option
from diffqas.circuits import CONSTANTS, TABLE_I, AnyCandidate, SearchSpace, as_space, form, to_qasm
from diffqas.errors import require
from diffqas.kinds.kind import Labels, ModelKind
from diffqas.kinds.ranking import commented, leading, merged_ranking
from diffqas.quantum_train import (
    MAPPINGS,
    LinearMapping,
    Lockstep,
    MLPMapping,
    QuantumTrain,
    TensorTrainMapping,
    as_mapping,
)
from diffqas.quantum_train import Mapping as WeightMapping
from diffqas.reports import Floats, circuit_figure, space_note, structure_figure
from diffqas.storage import storable
from diffqas.tasks import Settings, Task
from diffqas.training import ModelSettings, make_models

SEED_BY_SEED = (
    "This network cannot run under torch.func.vmap (torch's recurrent layers, dropout and buffers such as batch "
    "norm's cannot): the circuits of all seeds run together, the networks one after the other."
)


@storable
@dataclass(frozen=True)
class QuantumTrainKind(ModelKind[Lockstep, QuantumTrain]):
    """Choices of Quantum-Train.

    Attributes:
        candidates: the search space.
        sharing: `"shared"` or `"separate"` angles.
        mapping: from a basis state to weights.
        chunk: weights written by each basis state.
        target: the network by name; None: the task's own.
        shots: finite shots in every training step; None: exact probabilities.
    """

    candidates: tuple[AnyCandidate, ...] = tuple(TABLE_I)
    sharing: str = option(
        "shared",
        "One set of angles for all candidates (of a gate), or one each.",
        among=("shared", "separate"),
    )
    mapping: WeightMapping = option(
        factory=LinearMapping,
        help="From a basis state to weights: linear is the papers'; with more trainable numbers a "
        "perceptron (mlp) or a tensor train over the bits (mps).",
        family=lambda: MAPPINGS,
        group="structure and mapping",
    )
    chunk: int = option(
        1,
        "Weights written by each basis state; more means more trainable numbers and fewer qubits.",
        least=1,
        group="structure and mapping",
    )
    target: str | None = option(
        None,
        "The classical network. Series: lstm, 1,781 weights. Images: mlp, smooth-mlp (the same "
        "behind a Gaussian filter) or cnn; 108,866 or 2,818 weights for two classes of MNIST. The "
        "recipe decides if not given.",
        among=("lstm", "mlp", "smooth-mlp", "cnn"),
    )
    shots: Shots | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "mapping", as_mapping(self.mapping))

    name: ClassVar[str] = "qt"
    files: ClassVar[Mapping[str, str]] = {
        "model.safetensors": "the classical network, no quantum part",
        "circuit.qasm": "the leading circuit, OpenQASM 3",
        "circuit.png": "the same drawn, one layer",
    }

    @classmethod
    def choose(
        cls,
        candidates: SearchSpace | Iterable[AnyCandidate] = TABLE_I,
        sharing: str = "shared",
        mapping: str | WeightMapping = "linear",
        hidden: int | Sequence[int] | None = None,
        bond: int | None = None,
        chunk: int = 1,
        target: str | None = None,
        shots: int | None = None,
        shot_gradient: str | None = None,
        per_layer: bool = False,
    ) -> QuantumTrainKind:
        """As `ModelKind.choose`.

        `hidden` are widths of the mapping `"mlp"`, `bond` is that of `"mps"`, `shot_gradient` goes
        with `shots`, `per_layer` searches every layer.
        """
        chosen = as_mapping(mapping)
        if hidden is not None:
            require(
                mapping == "mlp", "hidden", "go with the mapping mlp", f"the mapping {mapping!r}"
            )
            chosen = MLPMapping(hidden=(hidden,) if isinstance(hidden, int) else tuple(hidden))
        if bond is not None:
            require(mapping == "mps", "bond", "go with the mapping mps", f"the mapping {mapping!r}")
            chosen = TensorTrainMapping(bond)
        require(
            shots is not None or shot_gradient is None,
            "shot_gradient",
            "go with `shots`",
            shot_gradient,
        )
        measured = None if shots is None else Shots(shots, shot_gradient or "exact")
        if per_layer:
            require(measured is None, "shots", "not be used with a search of every layer", shots)
        return cls(tuple(as_space(candidates)), sharing, chosen, chunk, target, measured)

    def recipes(self, task: Task) -> Mapping[str, Settings]:
        """The task's."""
        return task.recipes

    def make(
        self, task: Task, settings: ModelSettings, seeds: Sequence[int]
    ) -> tuple[Lockstep, list[QuantumTrain]]:
        """As `ModelKind.make`."""
        choices = {"sharing": self.sharing, "mapping": self.mapping, "chunk": self.chunk}
        models = make_models(task, settings, seeds, candidates=self.candidates, **choices)
        for model in models:
            model.mixture.measure(self.shots)
        return Lockstep(models), models

    def notes(self, population: Lockstep, models: Sequence[QuantumTrain], task: Task) -> list[str]:
        """Constants in the search space, and whether the seeds' networks run one after the other."""
        slow = len(models) > 1 and not population.together(task.train.inputs[:1])
        return self.constants_note(models[0]) + self._shots_note() + [SEED_BY_SEED] * slow

    def constants_note(self, model: QuantumTrain) -> list[str]:
        """A line if the search space holds constants."""
        note = space_note(SearchSpace(self.candidates), model.circuits.n)
        return [] if note is None else [note]

    def _shots_note(self) -> list[str]:
        if self.shots is None:
            return []
        line = f"Every training step measures each live circuit {self.shots.count:,} times, with the gradient"
        return [
            f"{line} {self.shots.gradient}; figures after an epoch are those of exact probabilities."
        ]

    def labels(self, model: QuantumTrain) -> Labels:
        """One weight per candidate."""
        return Labels(SearchSpace(self.candidates).names, tuple(map(constant, self.candidates)))

    def figures(self, models: Sequence[QuantumTrain]) -> dict[str, Any]:
        """As `ModelKind.figures`."""
        report = models[0].parameter_report()
        return {
            "relaxation": models[0].circuits.relaxation.name,
            "trainable_parameters": report.total,
            "target_parameters": report.target,
            "report": str(report),
            "ranking": self.ranking(models),
        }

    def ranking(self, models: Sequence[QuantumTrain]) -> list[dict[str, Any]]:
        """Candidates by what they contribute over all seeds, best first."""
        return merged_ranking([model.ranking() for model in models], constant)

    def picture(self, model: QuantumTrain, weights: Floats, title: str) -> Figure:
        """One line per candidate."""
        labels = self.labels(model)
        return structure_figure(weights, labels.names, labels.constant, title)

    def circuits(self, model: QuantumTrain) -> dict[str, str]:
        """The best candidate that is no constant, at its learned angles."""
        ranking = model.ranking()
        best = leading(ranking, constant)
        angles = model.circuits.angles.detach()
        own = angles[best.indices[0]] if model.circuits.sharing == "separate" else angles
        return {"circuit.qasm": commented(to_qasm(best.candidate, own.tolist()), best, ranking)}

    def circuit_pictures(self, model: QuantumTrain) -> dict[str, Figure]:
        """The same circuit drawn."""
        best = leading(model.ranking(), constant).candidate
        return {"circuit.png": circuit_figure(best, model.circuits.n, model.circuits.depth)}

    def network(self, model: QuantumTrain) -> nn.Module:
        """The written network."""
        return model.export()

    def export(self, model: QuantumTrain) -> dict[str, Tensor]:
        """The state of the written network."""
        return self.network(model).state_dict()


def constant(candidate: AnyCandidate) -> bool:
    """Whether a candidate's probabilities are the same for every angle."""
    return form(candidate) in CONSTANTS
