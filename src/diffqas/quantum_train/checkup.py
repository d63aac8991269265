"""The result of a model's check: measures of the start and of a few steps, with sentences."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from diffqas.text import html, visible

MOSTLY = 0.9
"""Share of a layer's units that, when constant, keep it from learning."""

CONSTANT = 1e-3
"""Spread of the outputs, relative to that at the start, below which they ignore the inputs."""

UNLIKE = 10.0
"""Factor between the spread of written weights and the target's own that is told."""

STILL = 1e-5
"""Relative change of the loss below which nothing was learnt."""

FAR = 0.3
"""Spreads that one step may move the outputs by."""

GOAL = 0.1
"""Spreads that one step of the advised rate moves the outputs by."""


FEW = 16
"""Weights of a tensor whose spread says little."""

MOST_LAYERS = 4
"""Layers that one sentence names."""


@dataclass(frozen=True)
class TensorSpread:
    """A written tensor: the spread of its weights, and that of the target's own start.

    A single number has its size in place of a spread.
    """

    name: str
    weights: int
    spread: float
    own: float

    @property
    def ratio(self) -> float:
        """Spread of the written weights relative to the own; 1 where that is 0, as of biases."""
        return self.spread / self.own if self.own > 0 else 1.0

    @property
    def unlike(self) -> bool:
        """Whether the two differ by more than chance; that of a few numbers is an accident."""
        alike = self.weights < FEW or 1 / UNLIKE <= self.ratio <= UNLIKE
        return not alike and self.ratio > 0


@dataclass(frozen=True)
class GroupStep:
    """A group of numbers, and the effect of its part of the first step.

    Attributes:
        name: the name of the group.
        rate: its learning rate.
        gradient: the root mean square of its gradient over its numbers.
        weights: the root mean square change of the weights, in units of their spread.
        outputs: the root mean square change of the outputs, in units of their spread over the
            batch.
    """

    name: str
    rate: float
    gradient: float
    weights: float
    outputs: float


@dataclass(frozen=True)
class LayerUnits:
    """A layer, and how many of its units are the same for every sample, before and after."""

    name: str
    units: int
    constant: int
    later: int

    @property
    def dead_at_the_start(self) -> bool:
        """Whether so many units are constant at the start that nothing gets through."""
        return self.constant >= MOSTLY * self.units

    @property
    def dies(self) -> bool:
        """Whether so many are constant after the steps, which were not at the start."""
        return self.later >= MOSTLY * self.units and not self.dead_at_the_start


@dataclass(frozen=True)
class Checkup:
    """The result of `model.check(...)`; `print` shows it as plain sentences.

    Attributes:
        steps: the number of training steps on the batch, which a copy of the model made.
        loss: the loss of the batch at the start.
        loss_later: the loss of the batch after the steps.
        outputs: the spread of the outputs over the batch at the start.
        outputs_later: the spread of the outputs over the batch after the steps.
        tensors: the written tensors.
        groups: the groups of numbers.
        layers: the layers of the target, in the order in which they are called.
        silent: candidates that write the same weights whatever their angles.
        candidates: the number of candidates.
        measured_rates: whether the rates follow from a measurement, as those of `"auto"` do.
        base_rate: the learning rate that the groups multiply; None for an optimiser without one.
    """

    steps: int
    loss: float
    loss_later: float
    outputs: float
    outputs_later: float
    tensors: tuple[TensorSpread, ...]
    groups: tuple[GroupStep, ...]
    layers: tuple[LayerUnits, ...]
    silent: tuple[str, ...]
    candidates: int
    measured_rates: bool
    base_rate: float | None

    @property
    def healthy(self) -> bool:
        """Whether nothing was found that keeps the model from learning."""
        return not self.findings

    @property
    def findings(self) -> tuple[str, ...]:
        """Sentences on what will not learn, and what to change; empty for a healthy model."""
        broken = tuple(self._broken())
        # Of numbers that are none all else is a consequence.
        return broken or tuple(self._faults())

    def _broken(self) -> Iterator[str]:
        if not math.isfinite(self.loss):
            yield (
                f"The loss of the batch is {self.loss:g} before anything is trained. Look for "
                "values that are not finite in inputs and targets, and scale the inputs to about 1."
            )
            return
        wrong = [group.name for group in self.groups if not math.isfinite(group.gradient)]
        if wrong:
            yield (
                f"The gradient of {_listed(wrong)} is not finite at the start, though the loss is: "
                "an operation of the network or of the loss has no derivative there."
            )

    def _faults(self) -> Iterator[str]:
        yield from self._unlike()
        yield from self._still()
        if self.candidates and len(self.silent) == self.candidates:
            yield (
                "All candidates write the same whatever their angles, so that no angle can learn. "
                "Take others: `diffqas spaces` lists some."
            )
        died = tuple(self._died())
        yield from died
        if not died:
            yield from self._wrong_way()

    def _unlike(self) -> Iterator[str]:
        unlike = [tensor for tensor in self.tensors if tensor.unlike]
        if not unlike:
            return
        worst = max(unlike, key=lambda tensor: abs(math.log(tensor.ratio)))
        others = ""
        if len(unlike) > 1:
            others = f", and {len(unlike) - 1} other tensors are more than {UNLIKE:g} times off"
        yield (
            f"The weights written for {visible(worst.name)} spread {worst.ratio:.3g} times as much "
            f"as in the target's own start ({worst.spread:.2g}, not {worst.own:.2g}){others}. Use "
            "start='target', 'drawn' or 'own'."
        )

    def _still(self) -> Iterator[str]:
        for group in self.groups:
            if group.rate == 0:
                yield f"The {group.name} stay as they are: their rate is 0."
            elif group.gradient == 0:
                yield (
                    f"The {group.name} will not learn: their gradient is 0, nothing that is "
                    "measured depends on them."
                )

    def _died(self) -> Iterator[str]:
        """What has become constant, or was so from the start."""
        found = [*self._dead(), *self._dying()]
        if self._dies and found:
            found[-1] = f"{found[-1]} {self._advice()}"
        yield from found

    @property
    def _dies(self) -> bool:
        """Whether the steps, and not the start, are what keeps it from learning."""
        return self._deaf or any(layer.dies for layer in self.layers)

    @property
    def _deaf(self) -> bool:
        """Whether the outputs have become independent of the inputs."""
        return self.outputs > 0 and self.outputs_later <= CONSTANT * self.outputs

    def _dead(self) -> Iterator[str]:
        if self.outputs == 0:
            yield (
                "The outputs are the same for every sample of the batch at the start, so that "
                "nothing of the inputs can be learnt. Look for layers that let nothing through."
            )
        dead = [layer for layer in self.layers if layer.dead_at_the_start]
        if dead:
            units = _units(dead, later=False)
            yield f"The same for every sample from the start: {units}. Little gets through them."

    def _dying(self) -> Iterator[str]:
        when = f"after {self.steps} steps"
        if self._deaf:
            yield (
                f"The outputs hardly depend on the inputs any more {when}: their spread over the "
                f"batch falls from {self.outputs:.2g} to {self.outputs_later:.1g}, and the network "
                "will stay at chance."
            )
        dying = [layer for layer in self.layers if layer.dies]
        if dying:
            units = _units(dying, later=True)
            yield f"The same for every sample {when}: {units}. Little gets through them any more."

    def _wrong_way(self) -> Iterator[str]:
        """What the loss tells where everything is alive."""
        change = self.loss_later - self.loss
        if not math.isfinite(self.loss_later) or change > STILL * abs(self.loss):
            yield (
                f"The loss of the batch rises from {self.loss:.4g} to {self.loss_later:.4g} within "
                f"{self.steps} steps. {self._advice()}"
            )
        elif change > -STILL * abs(self.loss):
            yield (
                f"The loss of the batch stays at {self.loss:.4g} over {self.steps} steps: the "
                "steps are too small, or what they change is not what is measured. Raise the "
                "learning rate."
            )

    def _advice(self) -> str:
        """What to change where steps are too large."""
        widest = max(self.groups, key=lambda group: group.outputs)
        if widest.outputs <= FAR:
            return "Make the steps smaller: lower the learning rate."
        advice = (
            f"One step of the {widest.name} moves the outputs by {widest.outputs:.2g} times their "
            "spread: "
        )
        if self.base_rate is None:
            advice += f"lower the rate of the {widest.name}"
        else:
            lower = self.base_rate * GOAL / widest.outputs
            advice += (
                f"a learning rate of {lower:.1g} in place of {self.base_rate:g} moves them by "
            )
            advice += f"{GOAL:g}"
        if self.measured_rates:
            return f"{advice}."
        return f"{advice}; recipe='auto' measures the rates."

    def facts(self) -> tuple[str, ...]:
        """What was measured, in sentences."""
        ratios = [tensor.ratio for tensor in self.tensors if tensor.own > 0]
        lines = [
            f"The loss of the batch is {self.loss:.4g}, and {self.loss_later:.4g} after "
            f"{self.steps} steps on it.",
        ]
        if ratios:
            lines.append(
                f"The weights of {len(self.tensors)} tensors spread {min(ratios):.3g} to "
                f"{max(ratios):.3g} times as much as in the target's own start."
            )
        lines += [
            f"One step of the {group.name} (rate {group.rate:.2g}, gradient {group.gradient:.1e}) "
            f"moves the weights by {group.weights:.2g} and the outputs by {group.outputs:.2g} of "
            "their spread."
            for group in self.groups
        ]
        for when, later in (("at the start", False), ("after the steps", True)):
            units = _units(self.layers, later)
            if units:
                lines.append(f"The same for every sample {when}: {units}.")
        if self.silent:
            names = ", ".join(visible(name) for name in self.silent)
            lines.append(
                f"Of {self.candidates} candidates {len(self.silent)} write the same whatever their "
                f"angles: {names}."
            )
        return tuple(lines)

    @property
    def verdict(self) -> str:
        """The result of the check in one sentence."""
        if self.healthy:
            return "Nothing was found that keeps it from learning."
        return "What keeps it from learning well, and what to change:"

    def __str__(self) -> str:
        found = [f"- {finding}" for finding in self.findings]
        return "\n".join([*self.facts(), self.verdict, *found])

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return f"<pre>{html(self)}</pre>"


def _listed(names: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _units(layers: Iterable[LayerUnits], later: bool) -> str:
    """How many units of each layer are the same for every sample, the idlest layers first."""
    counted = [(layer.later if later else layer.constant, layer) for layer in layers]
    idle = sorted(counted, key=lambda pair: -pair[0] / max(pair[1].units, 1))
    parts = [
        f"{count} of {layer.units} units of {visible(layer.name)}" for count, layer in idle if count
    ]
    if len(parts) > MOST_LAYERS:
        parts = [*parts[:MOST_LAYERS], f"some of {len(parts) - MOST_LAYERS} layers more"]
    return ", ".join(parts)
