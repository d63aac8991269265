"""The supervised loop: several seeds in lockstep, one record per epoch."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

from diffqas.errors import RunError
from diffqas.tasks.settings import Settings
from diffqas.tasks.task import Split, Task
from diffqas.training.kalman import KalmanFilter
from diffqas.training.optimisation import GradientDescent, Optimisation, per_seed
from diffqas.training.population import Population

P = TypeVar("P", bound=Population)


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

    def __post_init__(self) -> None:
        population, loss, settings = self.population, self.task.loss, self.settings
        self.optimisation: Optimisation = (
            KalmanFilter(population, loss, settings, self.steps_per_epoch)
            if settings.optimizer == "kalman"
            else GradientDescent(population, loss, settings)
        )

    @property
    def steps_per_epoch(self) -> int:
        """Batches of one epoch; the last one may be short."""
        return -(-len(self.task.train) // self.settings.batch_size)

    def epochs(self) -> Iterator[EpochRecord]:
        """Train until the last epoch, one record after each.

        Raises:
            RunError: the loss of every seed became NaN or infinite.
        """
        while self.epoch < self.settings.epochs:
            started = time.perf_counter()
            record = self._one_epoch()
            self.seconds += time.perf_counter() - started
            yield record

    def _one_epoch(self) -> EpochRecord:
        self.population.train()
        train, size = self.task.train, self.settings.batch_size
        total = torch.zeros(len(self.seeds), dtype=torch.float64)
        for step in range(self.steps_per_epoch):
            batch = slice(step * size, (step + 1) * size)
            losses = self._step(train.inputs[batch], train.targets[batch], step)
            total += losses.double().cpu() * len(train.inputs[batch])
        self.epoch += 1
        self._advance()
        self.metrics = self._evaluate()
        weights = self.population.structural_weights.tolist()
        return EpochRecord(self.epoch, (total / len(train)).tolist(), self.metrics, weights)

    def _step(self, inputs: Tensor, targets: Tensor, step: int) -> Tensor:
        progress = self._advance(step)
        frozen = torch.tensor([seed in self.failures for seed in self.seeds], device=inputs.device)
        losses = self.optimisation.step(inputs, targets, progress, frozen)
        if not torch.isfinite(losses).all():
            self._drop(losses, step)
        return losses

    def _advance(self, step: int = 0) -> float:
        done = self.epoch * self.steps_per_epoch + step
        progress = done / (self.settings.epochs * self.steps_per_epoch)
        self.population.advance(progress, done, self.seeds)
        return progress

    def _drop(self, losses: Tensor, step: int) -> None:
        """Freeze the seeds whose loss is no number any more; stop when none is left."""
        for index in torch.nonzero(~torch.isfinite(losses)).flatten().tolist():
            where = f"epoch {self.epoch + 1}, step {step + 1}"
            self.failures.setdefault(self.seeds[index], f"the loss became {losses[index].item()} at {where}")
        if len(self.failures) == len(self.seeds):
            seed, reason = next(iter(self.failures.items()))
            raise RunError(f"Training diverged: seed {seed}: {reason}. Try a lower learning rate (--lr).")

    @torch.no_grad()
    def _evaluate(self) -> dict[str, list[float]]:
        self.population.eval()
        result: dict[str, list[float]] = {}
        predictions = [self._predict(split) for split in (self.task.train, self.task.test)]
        parts = zip(("train", "test"), (self.task.train, self.task.test), predictions, strict=True)
        for part, split, prediction in parts:
            for name, metric in self.task.metrics.items():
                result[f"{part}_{name}"] = per_seed(metric, prediction, split.targets).tolist()
        if self.epoch in self.task.snapshot_epochs or self.epoch == self.settings.epochs:
            self.snapshots[self.epoch] = torch.cat(predictions, dim=1).cpu()
        return result

    def _predict(self, split: Split, limit: int = 4096) -> Tensor:
        return torch.cat([self.population(part) for part in split.inputs.split(limit)], dim=1)

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
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from what `state_dict` gave."""
        self.epoch, self.seconds = state["epoch"], state["seconds"]
        self.failures, self.snapshots = dict(state["failures"]), dict(state["snapshots"])
        self.metrics = dict(state["metrics"])
        self.population.load_state_dict(state["population"])
        self.optimisation.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["rng"])
        self._advance()
