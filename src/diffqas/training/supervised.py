"""The supervised loop: several seeds in lockstep, one record per epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

import torch
from torch import Tensor

from diffqas.errors import RunError
from diffqas.optimisers import Population, per_seed
from diffqas.tasks import Settings, Task
from diffqas.training.finite import first_fault
from diffqas.training.selection import BestEpoch
from diffqas.training.steps import make_optimisation

P = TypeVar("P", bound=Population)

EVALUATED = 4096
"""Samples that go through the networks together when they are evaluated."""


@dataclass(frozen=True)
class EpochRecord:
    """What one epoch left behind; every list has one entry per seed.

    Attributes:
        epoch: 1 for the first.
        loss: mean loss over the epoch's batches, before each step.
        metrics: `train_<name>` and `test_<name>` after the epoch.
        structural_weights: (seeds, candidates).
    """

    epoch: int
    loss: list[float]
    metrics: dict[str, list[float]]
    structural_weights: list[list[float]]

    def to_json(self) -> dict[str, Any]:
        """Flat, as a line of metrics.jsonl."""
        head = {"epoch": self.epoch, "loss": self.loss}
        return head | self.metrics | {"structural_weights": self.structural_weights}


@dataclass
class Training(Generic[P]):
    """A training that can be stopped after any epoch and go on bit by bit the same.

    Attributes:
        population: the seeds' models as one.
        task: data and loss, on the population's device.
        settings: how to train.
        seeds: one number per model; they decide every random choice.
        epoch: epochs done.
        seconds: time spent so far, in this and in earlier processes.
        failures: for each seed that diverged, where.
        snapshots: predictions on all samples, (seeds, count), by epoch.
        metrics: figures after the last epoch, as in its record.
        remarks: what a person should know of what happened since somebody emptied the list.
    """

    population: P
    task: Task
    settings: Settings
    seeds: list[int]
    epoch: int = 0
    seconds: float = 0.0
    failures: dict[int, str] = field(default_factory=dict)
    snapshots: dict[int, Tensor] = field(default_factory=dict)
    metrics: dict[str, list[float]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        population, settings = self.population, self.settings
        self.best: BestEpoch | None = None
        if settings.select == "best" or settings.bilevel:
            self.task = self.task.with_validation(settings.validation)
        if settings.select == "best":
            self.best = BestEpoch(population, len(self.seeds))
        self.optimisation = make_optimisation(population, self.task, settings)

    unit: ClassVar[str] = "epoch"
    """What its progress is counted in."""
    anytime: ClassVar[bool] = False
    """Whether the state can be stored whenever the training is interrupted, not between two records
    alone.
    """

    @property
    def finished(self) -> bool:
        """Whether the last epoch is done."""
        return self.epoch >= self.settings.epochs

    @property
    def facts(self) -> dict[str, Any]:
        """Entries of result.json besides the figures."""
        return {}

    def close(self) -> None:
        """Nothing to let go of."""

    @property
    def steps_per_epoch(self) -> int:
        """Batches of one epoch; the last one may be short."""
        return self.settings.steps_per_epoch(len(self.task.train))

    def epochs(self) -> Iterator[EpochRecord]:
        """Train until the last epoch, one record after each.

        Raises:
            RunError: the loss of every seed became NaN or infinite.
        """
        while not self.finished:
            started = time.perf_counter()
            record = self._one_epoch()
            self.seconds += time.perf_counter() - started
            yield record

    def _one_epoch(self) -> EpochRecord:
        self.population.train()
        total = self.one_pass()
        self.epoch += 1
        return self._record((total / len(self.task.train)).tolist())

    def one_pass(self) -> Tensor:
        """A step on every batch; losses before the steps, summed over the samples, (seeds,)."""
        train, size = self.task.train, self.settings.batch_size
        order = self._order()
        total = torch.zeros(len(self.seeds), dtype=torch.float64)
        for step in range(self.steps_per_epoch):
            batch = (
                order[step * size : (step + 1) * size]
                if order is not None
                else slice(step * size, (step + 1) * size)
            )
            inputs = train.inputs[batch]
            losses = self._step(inputs, train.targets[batch], step)
            total += losses.double().cpu() * len(inputs)
        return total

    def _record(self, loss: list[float]) -> EpochRecord:
        """Evaluate after an epoch."""
        self._advance()
        metrics = self._evaluate()
        weights = self.population.structural_weights.tolist()
        record = EpochRecord(self.epoch, loss, metrics, weights)
        if self.best is not None and self.epoch == self.settings.epochs:
            metrics = self.best.restore()
        self.metrics = metrics
        return record

    def _order(self) -> Tensor | None:
        """The samples' order in this epoch, the same for every seed and in every company; None: as
        they stand.
        """
        if not self.settings.shuffle:
            return None
        draw = torch.Generator().manual_seed(self.epoch)
        return torch.randperm(len(self.task.train), generator=draw).to(
            self.task.train.inputs.device
        )

    def _step(self, inputs: Tensor, targets: Tensor, step: int) -> Tensor:
        progress = self._advance(step)
        frozen = torch.tensor([seed in self.failures for seed in self.seeds], device=inputs.device)
        losses = self.optimisation.step(inputs, targets, progress, frozen)
        sound = torch.isfinite(losses)
        if self.optimisation.unsound is not None:
            sound &= ~self.optimisation.unsound
        if not sound.all():
            self._drop(sound, losses, step)
        return losses

    def _advance(self, step: int = 0) -> float:
        done = self.epoch * self.steps_per_epoch + step
        progress = done / (self.settings.epochs * self.steps_per_epoch)
        self.population.advance(progress, done, self.seeds)
        return progress

    def _drop(self, sound: Tensor, losses: Tensor, step: int) -> None:
        """Freeze the seeds whose loss or gradient is no number any more; stop when none is left."""
        for index in torch.nonzero(~sound).flatten().tolist():
            seed, loss = self.seeds[index], losses[index].item()
            if seed in self.failures:
                continue
            what = "a gradient is not finite" if math.isfinite(loss) else f"the loss became {loss}"
            tensor = first_fault(self.population, index, loss)
            self.failures[seed] = (
                f"{what} at epoch {self.epoch + 1}, step {step + 1} (first in {tensor})"
            )
            self.remarks.append(f"Seed {seed} is frozen, the others go on: {self.failures[seed]}.")
        if len(self.failures) == len(self.seeds):
            seed, reason = next(iter(self.failures.items()))
            raise RunError(
                f"Training diverged: seed {seed}: {reason}. Try a lower learning rate (--lr)."
            )

    def evaluate(self) -> None:
        """Take the figures of the numbers as they are, without a step, as those of the last epoch."""
        self.metrics = self._evaluate()

    @torch.no_grad()
    def _evaluate(self) -> dict[str, list[float]]:
        self.population.eval()
        parts = self.task.parts
        every = torch.cat([split.inputs for split in parts.values()])
        predictions = torch.cat([self.population(few) for few in every.split(EVALUATED)], dim=1)
        by_part = dict(
            zip(
                parts,
                predictions.split([len(split) for split in parts.values()], dim=1),
                strict=True,
            )
        )
        result = {
            f"{name}_{metric}": per_seed(function, by_part[name], split.targets).tolist()
            for name, split in parts.items()
            for metric, function in self.task.metrics.items()
        }
        for index, seed in enumerate(self.seeds):
            if (
                seed in self.failures
            ):  # an accuracy of outputs that are no numbers would look like one
                for values in result.values():
                    values[index] = math.nan
        if self.best is not None:
            losses = per_seed(self.task.loss, by_part["validation"], parts["validation"].targets)
            self.best.consider(self.epoch, losses, result)
        wanted = self.task.snapshot_epochs
        if self.epoch in wanted or (wanted and self.epoch == self.settings.epochs):
            self.snapshots[self.epoch] = predictions.cpu()
        return result

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to go on, in plain tensors, numbers and dicts."""
        return {
            "epoch": self.epoch,
            "seconds": self.seconds,
            "seeds": self.seeds,
            "failures": self.failures,
            "snapshots": self.snapshots,
            "metrics": self.metrics,
            "population": self.population.state_dict(),
            "optimizer": self.optimisation.state_dict(),
            "rng": torch.get_rng_state(),
        } | ({} if self.best is None else {"best": self.best.state_dict()})

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from what `state_dict` gave."""
        self.epoch, self.seconds = state["epoch"], state["seconds"]
        self.failures, self.snapshots = dict(state["failures"]), dict(state["snapshots"])
        self.metrics = dict(state["metrics"])
        self.population.load_state_dict(state["population"])
        self.optimisation.load_state_dict(state["optimizer"])
        if self.best is not None:
            self.best.load_state_dict(state["best"])
        torch.set_rng_state(state["rng"])
        self._advance()
