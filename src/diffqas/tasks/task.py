"""A task for a search: data, a target network, a loss, and figures to compare with."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from diffqas.errors import choose, require
from diffqas.optimisers import Loss as Loss
from diffqas.tasks.auto import AUTO, NO_RECIPES, auto_settings
from diffqas.tasks.series.scale import SeriesScale, SeriesUnits
from diffqas.tasks.settings import Settings


@dataclass(frozen=True, eq=False)
class Split:
    """Samples: inputs (count, ...) and targets (count, ...).

    Raises:
        ArgumentError: the numbers of inputs and targets differ.
    """

    inputs: Tensor
    targets: Tensor

    def __post_init__(self) -> None:
        same = len(self.inputs) == len(self.targets) > 0
        rule = "have one entry per input, and at least one"
        require(same, "targets", rule, f"{self.targets.shape}")

    def __len__(self) -> int:
        return len(self.inputs)

    def to(self, device: torch.device | str, dtype: torch.dtype) -> Split:
        """The same samples elsewhere; integer tensors keep their dtype."""

        def moved(tensor: Tensor) -> Tensor:
            # Labels are integers: as floats they would be no classes any more.
            return tensor.to(device, dtype if tensor.is_floating_point() else None)

        return Split(moved(self.inputs), moved(self.targets))


@dataclass(frozen=True)
class Reference:
    """A figure to compare a result with: who reached it, and what that model sees."""

    name: str
    value: float
    remark: str = ""


@dataclass(frozen=True, eq=False)
class Task:
    """Everything that a search needs to know about a problem.

    Attributes:
        name: the word for it on the command line.
        train: the samples to learn from.
        test: the samples that must not influence any choice.
        target: a function that makes a fresh target network.
        loss: (prediction, targets) of one model -> a scalar, the mean over the samples.
        metrics: the figures that are reported for both parts, by name (`mse` -> `train_mse`,
            `test_mse`).
        recipes: the settings by the name of their recipe; without any, `auto_settings` is used.
        references: figures to compare the first metric's test value with.
        kind: the kind of the samples, which decides what is drawn and stored. `"series"` has values
            in time order (predictions against truth are drawn). `"images"` has classes and the
            metrics `accuracy` and `loss` (both are drawn over the epochs). `"table"` has rows of
            numbers, each with a class or a value. `"plain"` is any other (the first metric is drawn
            over the epochs).
        snapshot_epochs: the epochs whose predictions are kept for the pictures.
        validation: samples of the training part for making choices; see `with_validation`.
        higher: the names of the metrics for which more is better.
        scale: for a series, what its numbers stand for, if this is known. Pictures then show the
            values in their own units, and tables say that their figures are of the scaled ones.
        units: for a series whose samples are what a linear part leaves: how to make values of them.
        class_names: the names of the classes in the order of the logits, if they are known.
        remarks: sentences for the user on how the samples were read.
        small: (numbers) -> an ordinary network of at most so many weights, which is trained for
            comparison with a search of as many numbers; None: see `ordinary_network`.
    """

    name: str
    train: Split
    test: Split
    target: Callable[[], nn.Module]
    loss: Loss
    metrics: Mapping[str, Loss]
    recipes: Mapping[str, Settings] = field(default_factory=lambda: NO_RECIPES)
    references: Sequence[Reference] = ()
    kind: str = "plain"
    snapshot_epochs: Sequence[int] = field(default_factory=tuple)
    validation: Split | None = None
    higher: Collection[str] = ("accuracy",)
    scale: SeriesScale | None = None
    units: SeriesUnits | None = None
    class_names: Sequence[str] = ()
    remarks: Sequence[str] = ()
    small: Callable[[int], nn.Module] | None = None

    def __post_init__(self) -> None:
        if self.recipes is NO_RECIPES:
            object.__setattr__(self, "recipes", {AUTO: auto_settings(len(self.train))})

    def settings(self, recipe: str) -> Settings:
        """The settings of a recipe.

        Raises:
            ArgumentError: the task has no recipe of that name.
        """
        return self.recipes[choose(recipe, self.recipes, "recipe")]

    @property
    def parts(self) -> dict[str, Split]:
        """The samples by their part, in order: train, validation if there is one, test."""
        parts = {"train": self.train}
        if self.validation is not None:
            parts["validation"] = self.validation
        parts["test"] = self.test
        return parts

    def with_validation(self, share: float) -> Task:
        """The same task with the last `share` of the training samples held out for choices.

        Raises:
            ArgumentError: the share leaves no sample for one of the two parts.
        """
        count = round(share * len(self.train))
        rule = "leave samples to train on and to choose by"
        require(0 < count < len(self.train), "validation", rule, share)
        # The last ones: of a series, those nearest to the test part and none from between others.
        inputs, targets = self.train.inputs, self.train.targets
        kept = Split(inputs[:-count], targets[:-count])
        held_out = Split(inputs[-count:], targets[-count:])
        return replace(self, train=kept, validation=held_out)

    def without_validation(self) -> Task:
        """The same task with its validation samples put back into the training samples."""
        if self.validation is None:
            return self
        inputs = torch.cat([self.train.inputs, self.validation.inputs])
        targets = torch.cat([self.train.targets, self.validation.targets])
        return replace(self, train=Split(inputs, targets), validation=None)

    def checksum(self) -> str:
        """SHA-256 over shapes, types and values of all samples, as they were read.

        >>> from diffqas.tasks import load_series, series_task
        >>> bessel, narma = (series_task(load_series(name)) for name in ("bessel", "narma5"))
        >>> bessel.checksum() == bessel.checksum() != narma.checksum()
        True
        """
        digest = hashlib.sha256()
        for name, part in self.parts.items():
            for what, tensor in (("inputs", part.inputs), ("targets", part.targets)):
                digest.update(f"{name} {what} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
                # A column of a table is strided, and has no bytes of its own to be looked at.
                flat = tensor.detach().cpu().flatten().contiguous()
                digest.update(flat.view(torch.uint8).numpy().data)
        return digest.hexdigest()

    def to(self, device: torch.device | str, dtype: torch.dtype) -> Task:
        """The same task with its samples elsewhere."""
        moved = {name: part.to(device, dtype) for name, part in self.parts.items()}
        return replace(self, **moved)
