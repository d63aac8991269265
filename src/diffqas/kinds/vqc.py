"""A searched quantum layer as a kind of model: circuits that read the sample themselves."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar

from torch import Tensor

from diffqas.architecture import NO_ERRORS, DeviceErrors, Ranking, Shots
from diffqas.choices import Tuning, Unread, check, option
from diffqas.circuits import (
    QLSTM_SPACE,
    AnyCandidate,
    AnyObservables,
    Diagonal,
    Hermitian,
    PauliStrings,
    SearchSpace,
    Z,
    as_space,
)
from diffqas.errors import require
from diffqas.kinds.kind import Companion, unpublished, without_written_weights
from diffqas.kinds.layer_kind import LayerKind
from diffqas.kinds.linear_controls import linear_model, random_features
from diffqas.kinds.ordinary import ordinary_companion, takes_seconds
from diffqas.kinds.quantum_train import training_shots
from diffqas.layers import (
    FRONTS,
    HEADS,
    LAYER_STRUCTURES,
    HybridLockstep,
    HybridModel,
    QuantumLayer,
    TrainingNoise,
    front_inputs,
)
from diffqas.optimisers import SOAP, Adam
from diffqas.quantum_train import Rates, Recipe
from diffqas.storage import storable
from diffqas.tasks import POOLED, Reference, Settings, Task, output_shape
from diffqas.training import ModelSettings, ProjectedTraining, Training, seeded

MOST_QUBITS = 8
"""Qubits if none are asked for, unless there are more classes."""
PIXELS = 16
"""Images of more pixels are averaged if no front is asked for."""

OF_WINDOWS = ("diagonal", "hermitian")
"""Observables on windows of several qubits."""
OBSERVABLES = ("z", "zz", *OF_WINDOWS)

LIVE_SPACE = SearchSpace(
    candidate
    for candidate in QLSTM_SPACE
    # Before an encoding RX leaves |+> alone and RZ |0>, and Z-strings pass by angles of RZ.
    if candidate.encoding != ("rx" if candidate.hadamard else "rz") and candidate.rotation != "rz"
)
"""The sixteen candidates of `QLSTM_SPACE` that see their inputs and can be trained."""

VQC_RECIPES = {
    # No paper searches on these data; docs/tables.md says how this recipe was chosen. The front and
    # the head have the rate of the mapping.
    "default": Settings(
        Recipe(init_std=0.1, rates=Rates()),
        depth=1,
        epochs=60,
        batch_size=32,
        optimizer=SOAP(0.1),
        schedule="cosine",
        shuffle=True,
    ),
}

POOLED_RECIPES = {
    # Chosen on held-out training images (docs/tables.md). It goes with --fit-observables, so that
    # the steps only have to find the angles.
    "default": Settings(
        Recipe(init_std=1.0, rates=Rates(angles=10.0, structure=1.0, mapping=5.0)),
        depth=6,
        epochs=1,
        batch_size=32,
        optimizer=Adam(0.01, betas=(0.9, 0.95)),
        schedule="cosine",
        shuffle=True,
    ),
}
"""Recipes for `mnist-4x4`, chosen for its ten classes on sixteen qubits."""
OWN_RECIPES: Mapping[str, Mapping[str, Settings]] = {
    POOLED: POOLED_RECIPES,
    # Three hundred steps, as on the smaller tables: with nine hundred the layer learns the rows by
    # heart, and the loss on held-out ones rises from 0.09 to 0.24.
    "breast-cancer": {name: replace(settings, epochs=20) for name, settings in VQC_RECIPES.items()},
}
"""Recipes of data sets that have one of their own."""
CLASSICAL_EPOCHS = 30
"""The classical models have at least so many epochs: a search that ends with a fit may have fewer
than they need.
"""

PAPER = {1: 0.31, 2: 0.45, 4: 0.56, 6: 0.59, 8: 0.67}
"""Test accuracy on MNIST averaged to 4x4 pixels by the locality of the observables, one circuit
chosen by hand (arXiv 2605.15410, read off its figure); 1 is plain Z.
"""


@storable
@dataclass(frozen=True)
class VQCKind(LayerKind[HybridLockstep, HybridModel]):
    """Choices of a searched quantum layer between a front and a head; see `diffqas.QuantumLayer`.

    Attributes:
        candidates: the search space.
        sharing: `"shared"` or `"separate"` angles.
        qubits: the qubits of every circuit. None means as many as inputs, at most eight; at least
            as many as outputs, unless `observables` is `"zz"`; and at least `locality` if the
            observables have windows.
        uploads: how many times the inputs are encoded. As many layers as the settings' depth stand
            behind each upload.
        observables: what is measured, a word of `OBSERVABLES`.
        locality: how many qubits a diagonal or hermitian observable has.
        windows: which qubits these are.
        input_scale: whether a factor for each input and upload is `"trained"`, or `"fixed"` at 1.
        input_factor: the angle, in radians, of an input of 1 at the start.
        structure: structural weights for the `"layer"`, or for each `"output"`.
        front: what stands before the layer. None means averages of pixels for images of more than
            16 pixels, and else nothing.
        head: what stands behind the layer.
        observables_rate, inputs_rate: learning rates relative to the base rate.
        fit_observables: whether the training begins and ends with a fit of the observables and the
            head.
        epoch_samples: how many training samples an epoch has; None means all of them.
        baselines: whether classical models of about as many numbers are trained beside it; None
            means where that takes seconds.
        shots: finite shots of every sample in every training step; None means exact outputs.
        errors: the errors of the device on which circuits are run in every training step.
    """

    candidates: tuple[AnyCandidate, ...] = tuple(LIVE_SPACE)
    sharing: str = option(
        "shared",
        "One set of angles for all candidates (of a gate), or one for each (separate).",
        among=("shared", "separate"),
    )
    qubits: int | None = option(
        None,
        "Qubits of every circuit. If not given: as many as inputs, at most 8, and at least as many "
        "as outputs unless --observables is zz. If there are more inputs than qubits, each upload "
        "makes several encodings.",
        least=1,
        most=26,
    )
    uploads: int = option(
        1,
        "How many times the inputs are encoded. --depth layers stand behind each upload.",
        least=1,
        most=1000,
        tune=Tuning(1, 4),
    )
    observables: str = option(
        "zz",
        "What is measured. z: Z of one qubit for each output. zz: trained sums of Z and of ZZ on "
        "neighbours. diagonal, hermitian: trained observables of several qubits each.",
        among=OBSERVABLES,
        tune=Tuning(words=OBSERVABLES, asked=True),
    )
    locality: int = option(
        2,
        "Qubits of a diagonal or hermitian observable.",
        least=1,
        most=12,
        tune=Tuning(1, 4, log=False, asked=True),
    )
    windows: str = option(
        "sliding",
        "Which qubits a diagonal or hermitian observable has: neighbours on a ring (sliding), or "
        "every set of so many qubits (pairwise).",
        among=("sliding", "pairwise"),
    )
    input_scale: str = option(
        "trained",
        "The angles are the inputs (fixed), or the inputs times a factor that is trained for each "
        "input and upload (trained).",
        among=("fixed", "trained"),
        tune=Tuning(words=("fixed", "trained"), asked=True),
    )
    input_factor: float = option(
        0.15,
        "The angle, in radians, of an input of 1 at the start. In a standardised column, 1 is the "
        "standard deviation.",
        above=0,
        tune=Tuning(0.03, 3),
    )
    structure: str = option(
        "layer",
        "One set of structural weights for the layer, or one for each output.",
        among=LAYER_STRUCTURES,
    )
    front: str | None = option(
        None,
        "What stands before the layer: nothing (none), averages over parts of an image (pool), or "
        "a trained linear layer (linear). If not given: pool for images of more than 16 pixels.",
        among=FRONTS,
    )
    head: str = option(
        "scale",
        "What stands behind the layer: a factor and a bias for each output (scale), or a linear "
        "layer of all observables (linear).",
        among=HEADS,
    )
    observables_rate: float = option(
        3.0,
        "Learning rate of the trained observables relative to --lr.",
        least=0,
        tune=Tuning(0.1, 100),
    )
    inputs_rate: float = option(
        1.0,
        "Learning rate of the inputs' factors relative to --lr.",
        least=0,
        tune=Tuning(0.1, 100),
    )
    fit_observables: bool = option(
        False,
        "Fit the observables and the head to the training samples before the first step and after "
        "the last. At given angles this is a convex problem (z, zz and diagonal; --head scale).",
        group="training",
    )
    epoch_samples: int | None = option(
        None,
        "How many training samples an epoch has, drawn anew in each epoch; all if not given.",
        least=1,
        group="training",
    )
    baselines: bool | None = option(
        None,
        "Train ordinary models of about as many numbers beside the search, to compare with (qt: a "
        "network; vqc: also a linear model and random features). If neither --baselines nor "
        "--no-baselines is given: if training samples times epochs are at most 200,000.",
        group="training",
    )
    shots: Shots | None = None
    errors: DeviceErrors = field(default=NO_ERRORS)

    name: ClassVar[str] = "vqc"

    def __post_init__(self) -> None:
        check(self)
        on_device = self.shots is not None or not self.errors.none
        rule = "go with exact training, without shots and errors"
        require(not (self.fit_observables and on_device), "fit_observables", rule, True)
        # What has no closed form is the same for any number of qubits.
        TrainingNoise(errors=self.errors).check(self._observables(MOST_QUBITS))

    @classmethod
    def choose(
        cls,
        candidates: SearchSpace | Iterable[AnyCandidate] | None = None,
        sharing: str = "shared",
        structure: str = "layer",
        baselines: bool | None = None,
        shots: int | None = None,
        shot_gradient: str | None = None,
        readout: float = 0.0,
        depolarising: float = 0.0,
    ) -> VQCKind:
        """As `ModelKind.choose`; its other choices are set where they are declared."""
        space = tuple(as_space(LIVE_SPACE if candidates is None else candidates))
        rule = "be exact with the model vqc, whose circuits would be shifted for every sample"
        require(shot_gradient in (None, "exact"), "shot_gradient", rule, shot_gradient)
        return cls(
            space,
            sharing,
            structure=structure,
            baselines=baselines,
            shots=training_shots(shots, shot_gradient),
            errors=DeviceErrors(readout, depolarising),
        )

    def check(self, task: str) -> None:
        """Refuse series; the model reads rows, images and the samples of other tasks."""
        rule = "be qt, qlstm or qfwp for a series"
        require(task != "series", "model", rule, repr(self.name))

    @property
    def space(self) -> tuple[AnyCandidate, ...]:
        """The field `candidates`."""
        return self.candidates

    def layer(self, model: HybridModel) -> QuantumLayer:
        """The searched layer between front and head."""
        return model.layer

    def rankings(self, model: HybridModel) -> Mapping[str, Ranking]:
        """As `LayerKind.rankings`."""
        return model.layer.ranking()

    def unread(self, settings: Settings) -> Mapping[str, Unread]:
        """As `ModelKind.unread`."""
        return {
            **super().unread(settings),
            **without_written_weights(self.name),
            **self.unread_by_circuits(),
        }

    def unread_by_circuits(self) -> dict[str, Unread]:
        """The options without effect beside these observables and this scale of the inputs."""
        found: dict[str, Unread] = {}
        measured = f"the observables {self.observables}"
        if self.observables not in OF_WINDOWS:
            rule = f"go with the observables {' or '.join(OF_WINDOWS)}"
            found |= dict.fromkeys(("locality", "windows"), Unread(rule, measured))
        if self.observables == "z":
            found["observables_rate"] = Unread("go with observables that are trained", measured)
        if self.input_scale == "fixed":
            found["inputs_rate"] = Unread("go with the input_scale trained", self.input_scale)
        return found

    def recipes(self, task: Task) -> Mapping[str, Settings]:
        """The recipes, which are the same for every task that has none of its own."""
        return OWN_RECIPES.get(task.name, VQC_RECIPES)

    def make(
        self, task: Task, settings: Settings, seeds: Sequence[int]
    ) -> tuple[HybridLockstep, list[HybridModel]]:
        """As `ModelKind.make`."""
        models = self.models(task, settings, seeds)
        return HybridLockstep(models), models

    def models(
        self, task: Task, settings: ModelSettings, seeds: Sequence[int]
    ) -> list[HybridModel]:
        """Make fresh models, one per seed; each takes samples with any leading dimensions.

        Raises:
            ArgumentError: the task asks for more than one row of numbers for each sample, or no
                layer has the sizes that are asked for.
        """
        shape = output_shape(task)
        rule = "predict one value or one row of numbers for each sample"
        require(len(shape) <= 1, "task", rule, f"predictions of the shape {shape}")
        classes = shape[0] if shape else None
        make = partial(self._model, task, settings, classes)
        return [seeded(seed, make, task) for seed in seeds]

    def _model(self, task: Task, settings: ModelSettings, classes: int | None) -> HybridModel:
        sample = tuple(task.train.inputs.shape[1:])
        front = self._front(task)
        outputs = 1 if classes is None else classes
        qubits = self._qubits(front_inputs(front, sample, self.qubits), outputs)
        observables = self._observables(qubits)
        measured = outputs
        if self.head == "linear":
            measured = observables.count(qubits)
        choices = settings.generator
        layer = QuantumLayer(
            front_inputs(front, sample, qubits),
            measured,
            qubits,
            settings.depth * self.uploads,
            self.candidates,
            observables,
            self.uploads,
            self.input_scale,
            choices.relaxation,
            self.sharing,
            self.structure,
            init_std=choices.init_std,
            rates={
                "angles": choices.rates.angles,
                "structure": choices.rates.structure,
                "observables": self.observables_rate,
                "inputs": self.inputs_rate,
            },
        )
        layer.measure_in_training(
            None if self.shots is None else self.shots.count,
            readout=self.errors.readout,
            depolarising=self.errors.depolarising,
        )
        around = {"front": choices.rates.mapping, "head": choices.rates.mapping}
        size, dims = math.prod(sample), len(sample)
        return HybridModel(layer, classes, front, size, self.head, self.input_factor, around, dims)

    def _front(self, task: Task) -> str:
        """The word of the front, also where the options leave it open."""
        pixels = task.train.inputs[0].numel()
        is_image = task.train.inputs.dim() == 4
        if self.front == "pool":
            require(is_image, "front", "be none or linear where samples are no images", "pool")
        if self.front is not None:
            return self.front
        return "pool" if is_image and pixels > PIXELS else "none"

    def _qubits(self, inputs: int, outputs: int) -> int:
        if self.qubits is not None:
            return self.qubits
        least = 1 if self.observables == "zz" else outputs
        if self.observables in OF_WINDOWS:
            least = max(least, self.locality)
        return max(least, min(inputs, MOST_QUBITS))

    def _observables(self, qubits: int) -> AnyObservables:
        if self.observables == "z":
            return Z()
        if self.observables == "zz":
            return PauliStrings(_neighbours(qubits), trained=True)
        if self.observables == "diagonal":
            return Diagonal(self.locality, self.windows)
        return Hermitian(self.locality, self.windows)

    def training(
        self, population: HybridLockstep, task: Task, settings: Settings, seeds: list[int]
    ) -> Training[HybridLockstep]:
        """Make a training in epochs, with fits before and after them if these are wanted."""
        if not self.fit_observables and self.epoch_samples is None:
            return super().training(population, task, settings, seeds)
        return ProjectedTraining(
            population, task, settings, seeds, self.epoch_samples, self.fit_observables
        )

    def export(self, model: HybridModel) -> dict[str, Tensor]:
        """The parameters of front, layer and head."""
        return dict(model.named_parameters())

    def references(self, task: Task) -> list[Reference]:
        """The task's references.

        For the ten classes of `mnist-4x4` the published figure of the same locality is among them.
        """
        others = unpublished(task.references)
        locality = self.locality if self.observables == "diagonal" else 1
        published = PAPER.get(locality)
        whole = task.name == POOLED and len(task.class_names) == 10
        if not whole or published is None or self.observables not in ("z", "diagonal"):
            return others
        remark = "arXiv 2605.15410, one circuit chosen by hand, read off a figure"
        return [Reference(f"paper, locality {locality}", published, remark), *others]

    def companions(self, task: Task, settings: Settings, model: HybridModel) -> list[Companion]:
        """A linear model, random features and a perceptron.

        The last two have at most as many numbers as the search.
        """
        wanted = self.baselines
        if wanted is None:
            wanted = takes_seconds(task, settings)
        if not wanted:
            return []
        total = model.parameter_report().total
        settings = replace(settings, epochs=max(settings.epochs, CLASSICAL_EPOCHS))
        return [
            linear_model(task, settings),
            random_features(task, settings, total),
            ordinary_companion(task, settings, total),
        ]


def _neighbours(qubits: int) -> tuple[str, ...]:
    """The Pauli strings with Z on each qubit, and with Z on each pair of neighbours on the ring.

    >>> _neighbours(3)
    ('ZII', 'IZI', 'IIZ', 'ZZI', 'IZZ', 'ZIZ')
    """
    strings: list[str] = []
    for distance in (0, 1):
        for first in range(qubits):
            places = {first, (first + distance) % qubits}
            string = "".join("Z" if qubit in places else "I" for qubit in range(qubits))
            if string not in strings:
                strings.append(string)
    return tuple(strings)
