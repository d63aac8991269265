"""How a model is checked: its start is measured, and a copy makes a few steps on one batch."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar

import torch
from torch import Tensor, nn

from diffqas.architecture import CircuitMixture, ParameterGroup, forked_draws
from diffqas.circuits import findings
from diffqas.errors import ArgumentError, require
from diffqas.quantum_train.checkup import Checkup, GroupStep, LayerUnits, TensorSpread
from diffqas.quantum_train.generator import AnyCircuits, Generator, spread_of

STEPS = 20
"""Steps on the batch. A rate that is too high kills a network within five."""

ROUNDING = 1e-6
"""Relative difference between samples below which a unit is the same for all of them."""


@dataclass(frozen=True, eq=False)
class Batch:
    """The batch on which a model is checked.

    Attributes:
        inputs: a tensor, or a tuple of the target's arguments; the first dimension is the samples.
        targets: whatever the loss takes.
        loss: a function of outputs and targets that gives one number.
    """

    inputs: Tensor | tuple[Any, ...]
    targets: Any
    loss: Callable[[Any, Any], Tensor]

    @property
    def arguments(self) -> tuple[Any, ...]:
        """The arguments of the model."""
        return self.inputs if isinstance(self.inputs, tuple) else (self.inputs,)

    @property
    def size(self) -> int:
        """The number of samples.

        Raises:
            ArgumentError: the inputs are no tensors, but for example an array of NumPy.
        """
        sizes = [len(part) for part in self.arguments if isinstance(part, Tensor) and part.ndim]
        rule = "be a tensor whose first dimension counts the samples, or a tuple with such a tensor"
        require(len(sizes) > 0, "inputs", rule, type(self.inputs).__name__)
        return sizes[0]

    def measure(self, model: Callable[..., Any]) -> tuple[Tensor, Tensor]:
        """The loss and the outputs of a model, with the same random draws in every call.

        Raises:
            ArgumentError: the loss is not one number with a gradient, or it broadcasts outputs and
                targets against each other.
        """
        torch.manual_seed(0)
        outputs = model(*self.arguments)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            loss = self.loss(outputs, self.targets)
        self._refuse_broadcast(outputs, caught)
        fits = isinstance(loss, Tensor) and loss.numel() == 1
        rule = "give a tensor with one number, the mean over the samples"
        got = f"the shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else repr(loss)
        require(fits, "loss", rule, got)
        return loss, _first_tensor(outputs)

    def _refuse_broadcast(self, outputs: object, caught: Sequence[warnings.WarningMessage]) -> None:
        """Refuse a loss of all pairs: torch gives it no more than a warning.

        Other warnings of the loss are passed on.
        """
        for one in caught:
            if "broadcast" not in str(one.message):
                warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
                continue
            both = (outputs, self.targets)
            shapes = [str(tuple(each.shape)) for each in both if isinstance(each, Tensor)]
            raise ArgumentError(
                "Argument `targets` must have the shape of the outputs, or the loss compares each "
                f"with every other, but got the shapes {' and '.join(shapes)}."
            )


class Written(Protocol):
    """What can be checked: a network whose weights are written by groups of numbers."""

    @property
    def own_spreads(self) -> Mapping[str, float]:
        """Spread of each written tensor in the target's own start."""
        ...

    @property
    def generator(self) -> Generator:
        """What writes."""
        ...

    def __call__(self, *args: Any) -> Any:
        """Call the network."""
        ...

    def generate(self) -> dict[str, Tensor]:
        """The written tensors by name."""
        ...

    def export(self) -> nn.Module:
        """A plain copy of the network."""
        ...

    def train(self) -> object:
        """Switch to training mode."""
        ...

    def zero_grad(self) -> None:
        """Forget all gradients."""
        ...

    def parameter_groups(self, lr: float) -> list[ParameterGroup]:
        """Groups of numbers, each with its rate."""
        ...


M = TypeVar("M", bound=Written)

Stepper: TypeAlias = Callable[[], object]
"""Makes one step of training on the batch."""


def examine(
    model: M, batch: Batch, lr: float | None, measured: bool, stepper: Callable[[M], Stepper]
) -> Checkup:
    """Check a model; its numbers, its buffers and all random generators stay as they are.

    Args:
        model: the model to be checked.
        batch: a batch of at least two samples.
        lr: the learning rate that the groups multiply; None for an optimiser without one.
        measured: whether the rates of the groups follow from a measurement.
        stepper: a function of a copy of the model that gives a function for one training step.

    Raises:
        ArgumentError: there are too few samples, the loss is not one number or has no gradient, or
            the model is frozen.
    """
    require(batch.size >= 2, "inputs", "hold at least two samples", batch.size)
    rule = "be a function of outputs and targets, such as torch.nn.functional.cross_entropy"
    made = callable(batch.loss) and not isinstance(batch.loss, type)
    require(made, "loss", rule, repr(batch.loss))
    # Whatever it is called under: a copy that was made in inference mode has no gradients.
    with torch.inference_mode(False), torch.enable_grad():
        return _examined(model, batch, lr, measured, stepper)


def _examined(
    model: M, batch: Batch, lr: float | None, measured: bool, stepper: Callable[[M], Stepper]
) -> Checkup:
    twin = copy.deepcopy(model)
    twin.train()
    groups = twin.parameter_groups(1.0 if lr is None else lr)
    require(len(groups) > 0, "model", "have numbers that are trained", "frozen ones alone")
    with forked_draws(groups[0]["params"][0].device):
        loss, outputs = batch.measure(twin)
        rule = "be computed from the outputs by operations that have derivatives"
        require(loss.requires_grad, "loss", rule, "a number without a gradient")
        twin.zero_grad()
        loss.backward()
        gradients = [_size(_gradients(group)) for group in groups]
        idle = _constant_units(twin, batch)
        weights = {name: tensor.detach() for name, tensor in twin.generate().items()}
        step = stepper(twin)
        moved = _parts_of_a_step(twin, groups, batch, step)
        for _ in range(STEPS - 1):
            step()
        with torch.no_grad():
            loss_later, outputs_later = batch.measure(twin)
        idle_later = _constant_units(twin, batch)
    return Checkup(
        steps=STEPS,
        loss=float(loss.detach()),
        loss_later=float(loss_later),
        outputs=_spread(outputs),
        outputs_later=_spread(outputs_later),
        tensors=tuple(
            TensorSpread(name, weights[name].numel(), own_spread(weights[name]), own)
            for name, own in model.own_spreads.items()
        ),
        groups=tuple(
            GroupStep(
                name=group["name"],
                rate=float(group["lr"]),
                gradient=gradient,
                weights=_moved(weights, written),
                outputs=_relative(given - outputs.detach(), _spread(outputs)),
            )
            for group, gradient, (written, given) in zip(groups, gradients, moved, strict=True)
        ),
        layers=tuple(
            LayerUnits(name, units, constant, idle_later.get(name, (units, 0))[1])
            for name, (units, constant) in idle.items()
        ),
        silent=_silent(model.generator.circuits),
        candidates=len(model.generator.circuits.candidates),
        measured_rates=measured,
        base_rate=lr,
    )


def own_spread(tensor: Tensor) -> float:
    """Standard deviation of a tensor's numbers; of a single one its size."""
    if tensor.numel() < 2:
        return float(tensor.detach().abs().sum())
    return float(tensor.detach().std(correction=0))


@torch.no_grad()
def _parts_of_a_step(
    twin: Written, groups: list[ParameterGroup], batch: Batch, step: Stepper
) -> list[tuple[dict[str, Tensor], Tensor]]:
    """Make a step; weights and outputs with the part of each group alone."""
    first = [[number.clone() for number in group["params"]] for group in groups]
    with torch.enable_grad():
        step()
    last = [[number.clone() for number in group["params"]] for group in groups]
    found = []
    for moved in range(len(groups)):
        for index, group in enumerate(groups):
            _put(group, last[index] if index == moved else first[index])
        _, outputs = batch.measure(twin)
        found.append((twin.generate(), outputs))
    for group, numbers in zip(groups, last, strict=True):
        _put(group, numbers)
    return found


def _put(group: ParameterGroup, numbers: list[Tensor]) -> None:
    for number, value in zip(group["params"], numbers, strict=True):
        number.copy_(value)


def _gradients(group: ParameterGroup) -> Tensor:
    parts = [torch.zeros_like(n) if n.grad is None else n.grad for n in group["params"]]
    return torch.cat([part.flatten() for part in parts])


def _size(values: Tensor) -> float:
    """Root mean square."""
    return float(values.double().square().mean().sqrt())


def _relative(values: Tensor, unit: float) -> float:
    size = _size(values)
    return size / unit if unit > 0 else size


def _moved(weights: Mapping[str, Tensor], now: Mapping[str, Tensor]) -> float:
    """Root mean square change of all weights, each in units of its tensor's spread."""
    parts = [
        ((now[name] - tensor) / spread_of(tensor)).flatten() for name, tensor in weights.items()
    ]
    return _size(torch.cat(parts))


def _spread(outputs: Tensor) -> float:
    """Root mean square over the outputs of their standard deviation over the samples."""
    return float(outputs.detach().double().var(0, correction=0).mean().sqrt())


def _first_tensor(outputs: object) -> Tensor:
    """The first tensor of real numbers in what a network gives."""
    parts = [outputs]
    while parts:
        part = parts.pop(0)
        if isinstance(part, Tensor) and part.is_floating_point() and part.ndim > 0:
            return part
        if isinstance(part, Mapping):
            parts = [*part.values(), *parts]
        elif isinstance(part, tuple | list):
            parts = [*part, *parts]
    raise ArgumentError("Argument `model` must give a tensor of real numbers for every sample.")


@torch.no_grad()
def _constant_units(twin: Written, batch: Batch) -> dict[str, tuple[int, int]]:
    """Units of each layer, and how many of them are the same for every sample.

    Layers are the modules without parts, in the order in which they are called; what a function
    makes between two of them is counted as what enters the second one.
    """
    plain = twin.export().train()
    found: dict[str, tuple[int, int]] = {}
    seen: list[Tensor] = []

    def count(name: str, values: object) -> None:
        if not isinstance(values, Tensor) or not values.is_floating_point() or values.ndim < 2:
            return
        if len(values) != batch.size:
            return
        seen.append(values)
        widest = (values - values[:1]).abs().amax(0)
        constant = int((widest <= ROUNDING * values.abs().max()).sum())
        units, before = found.get(name, (0, 0))
        found[name] = units + widest.numel(), before + constant

    def hook(name: str) -> Callable[[nn.Module, tuple[Any, ...], Any], None]:
        def note(module: nn.Module, inputs: tuple[Any, ...], outputs: Any) -> None:
            entering = inputs[0] if inputs else None
            # The inputs of the network itself may well have constant entries.
            if seen and isinstance(entering, Tensor):
                same = entering.data_ptr() == seen[-1].data_ptr()
                if not same:
                    count(f"{name} (what enters it)", entering)
            count(f"{name} ({type(module).__name__})", outputs)

        return note

    for path, module in plain.named_modules():
        if not list(module.children()):
            module.register_forward_hook(hook(path))
    torch.manual_seed(0)
    plain(*batch.arguments)
    return found


def _silent(circuits: AnyCircuits) -> tuple[str, ...]:
    """Candidates that write the same whatever their angles."""
    if not isinstance(circuits, CircuitMixture):
        return ()
    known = findings(circuits.candidates, circuits.n)
    return tuple(finding.candidate.name for finding in known if finding.constant)
