"""Quantum-Train as a kind of model: circuits write the weights of the task's network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from torch import Tensor, nn

from diffqas.architecture import NO_ERRORS, DeviceErrors, Shots, forked_draws
from diffqas.choices import Unread, check, option
from diffqas.circuits import CONSTANTS, TABLE_I, AnyCandidate, SearchSpace, as_space, form
from diffqas.errors import require
from diffqas.kinds.kind import OF_COSTS, Companion, Labels, SupervisedKind
from diffqas.kinds.ordinary import ordinary_companion, takes_seconds
from diffqas.kinds.qlstm import affordable
from diffqas.kinds.ranking import Findings, RankedRow, merged_ranking
from diffqas.quantum_train import (
    CIRCUITS,
    GENERATORS,
    MAPPINGS,
    UNIFORM,
    VECTORS,
    LinearMapping,
    Lockstep,
    MLPMapping,
    QuantumTrain,
    Sizes,
    TensorTrainMapping,
    as_mapping,
    find_layout,
)
from diffqas.quantum_train import Mapping as WeightMapping
from diffqas.storage import storable
from diffqas.tasks import Settings, Task, with_auto
from diffqas.training import ModelSettings, make_models

OF_CIRCUITS = (
    *("relaxation", "spread", "angles_rate", "structure_rate"),
    *("bilevel", "sparsity", *OF_COSTS),
)
"""Options that have no effect without circuits."""
OF_MAPPING = ("scale", "bits", "order")
"""Options that mean nothing where a vector writes the weights. `QuantumTrain` refuses others."""


@storable
@dataclass(frozen=True)
class QuantumTrainKind(SupervisedKind[Lockstep, QuantumTrain]):
    """Choices of Quantum-Train.

    Attributes:
        candidates: the search space.
        sharing: `"shared"` or `"separate"` angles.
        mapping: the mapping from a basis state to weights.
        chunk: how many weights each basis state writes.
        target: the name of the network; None stands for the task's usual one.
        shots: finite shots in every training step; None stands for exact probabilities.
        baselines: whether an ordinary small network of as many numbers is trained beside it; None
            means where that takes seconds.
        generator: circuits, or a classical generator in their place.
        numbers: how many numbers are trained at most; None means as many as the other choices have.
        errors: the errors of the device on which circuits are run in every training step.
    """

    candidates: tuple[AnyCandidate, ...] = tuple(TABLE_I)
    sharing: str = option(
        "shared",
        "One set of angles for all candidates (of a gate), or one for each (separate).",
        among=("shared", "separate"),
    )
    mapping: WeightMapping = option(
        factory=LinearMapping,
        help="The mapping from a basis state to weights. linear is the papers' one; a perceptron "
        "(mlp) or a tensor train over the bits (mps) has more trainable numbers.",
        family=lambda: MAPPINGS,
        group="structure and mapping",
    )
    chunk: int = option(
        1,
        "How many weights each basis state writes. More weights mean more trainable numbers and "
        "fewer qubits.",
        least=1,
        group="structure and mapping",
    )
    target: str | None = option(
        None,
        "The classical network. Series: lstm, 1,781 weights. Tables: mlp. Images: mlp, smooth-mlp "
        "(the same behind a Gaussian filter) or cnn; for two classes of MNIST the perceptrons have "
        "108,866 weights and the cnn has 2,818. The recipe decides if not given.",
        among=("lstm", "mlp", "smooth-mlp", "cnn"),
    )
    shots: Shots | None = None
    baselines: bool | None = option(
        None,
        "Train ordinary models of about as many numbers beside the search, to compare with (qt: a "
        "network; vqc: also a linear model and random features). If neither --baselines nor "
        "--no-baselines is given: if training samples times epochs are at most 200,000.",
    )
    generator: str = option(
        "circuits",
        "What writes the weights: circuits, or a classical generator to compare them with. That is "
        "a vector whose entries the weights share (hashed), a vector along random directions "
        "(subspace), or the mapping without circuits (uniform).",
        among=GENERATORS,
    )
    numbers: int | None = option(
        None,
        "The most trainable numbers that the generator may have. It decides the depth of circuits. "
        "If it is not given, a vector has as many numbers as circuits would have.",
        least=1,
    )
    errors: DeviceErrors = field(default=NO_ERRORS)

    def __post_init__(self) -> None:
        object.__setattr__(self, "mapping", as_mapping(self.mapping))
        check(self)

    name: ClassVar[str] = "qt"
    writes_weights: ClassVar[bool] = True

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
        baselines: bool | None = None,
        generator: str = "circuits",
        numbers: int | None = None,
        readout: float = 0.0,
        depolarising: float = 0.0,
        fixed_layers: int | Sequence[int] | None = None,
    ) -> QuantumTrainKind:
        """As `ModelKind.choose`.

        `hidden` gives the widths of the mapping `"mlp"`, and `bond` the bond of `"mps"`.
        `shot_gradient` goes with `shots`; `readout` and `depolarising` are those of `DeviceErrors`.
        `per_layer` searches every layer. `fixed_layers` is read by `FixedLayersKind` alone. Without
        circuits, shots, errors and a search of every layer are refused, and the candidates decide
        only the length of a vector.
        """
        chosen = as_mapping(mapping)
        if hidden is not None:
            found = f"the mapping {mapping!r}"
            require(mapping == "mlp", "hidden", "go with the mapping mlp", found)
            chosen = MLPMapping(hidden=(hidden,) if isinstance(hidden, int) else tuple(hidden))
        if bond is not None:
            require(mapping == "mps", "bond", "go with the mapping mps", f"the mapping {mapping!r}")
            chosen = TensorTrainMapping(bond)
        measured = training_shots(shots, shot_gradient)
        errors = DeviceErrors(readout, depolarising)
        on_device = {"shots": shots, "readout": readout, "depolarising": depolarising}
        for name, value in on_device.items():
            if per_layer:
                require(not value, name, "not be used with a search of every layer", value)
            if generator != CIRCUITS:
                require(not value, name, "go with circuits", f"the generator {generator}")
        if generator != CIRCUITS:
            found = f"the generator {generator}"
            require(not per_layer, "per_layer", "go with circuits", found)
        return cls(
            tuple(as_space(candidates)),
            sharing,
            chosen,
            chunk,
            target,
            measured,
            baselines,
            generator,
            numbers,
            errors,
        )

    @property
    def circuits(self) -> bool:
        """Whether circuits write the weights, so that candidates are searched."""
        return self.generator == CIRCUITS

    @property
    def space(self) -> tuple[AnyCandidate, ...]:
        """The field `candidates`."""
        return self.candidates

    def sizes(self, weights: int, depth: int) -> Sizes:
        """The sizes that decide how many numbers the generator trains.

        Args:
            weights: how many weights it writes.
            depth: the layers of the circuits, as in the settings.
        """
        usual = Sizes(
            weights=weights,
            depth=depth,
            candidates=SearchSpace(self.candidates),
            sharing=self.sharing,
            per_layer=False,
            mapping=self.mapping,
            chunk=self.chunk,
        )
        return usual.for_generator(self.generator, self.numbers)

    def sizes_of(self, task: Task, depth: int) -> Sizes:
        """As `sizes`, for the network of a task; the global random state is left as it was."""
        with forked_draws():
            weights = find_layout(task.target()).size
        return self.sizes(weights, depth)

    def affordable(self, task: Task, settings: Settings) -> Settings:
        """As `ModelKind.affordable`: Adam where there are too many numbers for a covariance.

        This concerns calibrated recipes, which are for networks of any size, and a given `numbers`.
        The optimiser of another recipe stays, and is refused if it cannot hold the numbers.
        """
        if self.numbers is not None:
            return affordable(settings, self.numbers)
        if not settings.generator.calibrated or settings.optimizer.most_numbers is None:
            return settings
        return affordable(settings, self.sizes_of(task, settings.depth).trained())

    def unread(self, settings: Settings) -> Mapping[str, Unread]:
        """As `ModelKind.unread`."""
        of_training = super().unread(settings)
        return {**of_training, **settings.generator.unread(), **self.unread_by_generator()}

    def unread_by_generator(self) -> dict[str, Unread]:
        """The options that this generator does not read, which may include `candidates`."""
        found: dict[str, Unread] = {}
        other = f"the generator {self.generator}"
        if not self.circuits:
            of_circuits = Unread("go with the generator circuits", other)
            found |= dict.fromkeys(OF_CIRCUITS, of_circuits)
            # If no numbers are given, a vector is as long as the circuits would have numbers.
            if self.generator == UNIFORM or self.numbers is not None:
                found |= dict.fromkeys(("candidates", "sharing", "depth"), of_circuits)
        if self.generator in VECTORS:
            of_mapping = Unread("go with the generator circuits or uniform", other)
            found |= dict.fromkeys(OF_MAPPING, of_mapping)
        if self.circuits and self.numbers is not None:
            rule = "be left out where numbers are given, which decide the depth"
            found["depth"] = Unread(rule, f"{self.numbers} numbers")
        return found

    def recipes(self, task: Task) -> Mapping[str, Settings]:
        """The task's recipes, and `auto`."""
        return with_auto(task.recipes)

    def make(
        self, task: Task, settings: Settings, seeds: Sequence[int]
    ) -> tuple[Lockstep, list[QuantumTrain]]:
        """As `ModelKind.make`."""
        return self.networks(task, settings, seeds)

    def networks(
        self, task: Task, settings: ModelSettings, seeds: Sequence[int]
    ) -> tuple[Lockstep, list[QuantumTrain]]:
        """As `make`, from only that part of the settings that decides what the models are."""
        models = make_models(
            task,
            settings,
            seeds,
            candidates=self.candidates,
            sharing=self.sharing,
            mapping=self.mapping,
            chunk=self.chunk,
            generator=self.generator,
            numbers=self.numbers,
        )
        if self.circuits:
            for model in models:
                model.mixture.measure(self.shots, self.errors)
        return Lockstep(models), models

    def companions(self, task: Task, settings: Settings, model: QuantumTrain) -> list[Companion]:
        """The ordinary network with at most as many numbers as the search trains."""
        wanted = self.baselines
        if wanted is None:
            wanted = takes_seconds(task, settings)
        if not wanted:
            return []
        return [ordinary_companion(task, settings, model.parameter_report().total)]

    def labels(self, model: QuantumTrain) -> Labels:
        """One label per candidate; none without circuits."""
        if not self.circuits:
            return Labels((), ())
        return Labels(SearchSpace(self.candidates).names, tuple(map(constant, self.candidates)))

    def figures(self, models: Sequence[QuantumTrain]) -> Findings:
        """As `ModelKind.figures`."""
        report = models[0].parameter_report()
        return Findings(
            relaxation=models[0].generator.circuits.relaxation.name,
            trainable_parameters=report.total,
            target_parameters=report.target,
            report=str(report),
            ranking=self.ranking(models),
        )

    def ranking(self, models: Sequence[QuantumTrain]) -> list[RankedRow]:
        """The candidates by their mean rank over all seeds, best first; none without circuits."""
        if not self.circuits:
            return []
        return merged_ranking([model.ranking() for model in models], constant)

    def network(self, model: QuantumTrain) -> nn.Module:
        """The network with the weights that the circuits write."""
        return model.export()

    def export(self, model: QuantumTrain) -> dict[str, Tensor]:
        """The state of the written network."""
        return self.network(model).state_dict()


def training_shots(shots: int | None, shot_gradient: str | None) -> Shots | None:
    """The finite shots of every training step; None if training is exact.

    Raises:
        ArgumentError: `shot_gradient` is given without `shots`, or one of them is no such number or
            word.
    """
    fits = shots is not None or shot_gradient is None
    require(fits, "shot_gradient", "go with `shots`", shot_gradient)
    return None if shots is None else Shots(shots, shot_gradient or "exact")


def constant(candidate: AnyCandidate) -> bool:
    """Whether a candidate's probabilities are the same for all angles."""
    return form(candidate) in CONSTANTS
