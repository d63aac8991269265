"""The supervised loop: several seeds in lockstep, one record per epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Generic, TypeVar

import torch
from torch import Tensor

from diffqas.architecture import governed_draws, seed_draws
from diffqas.errors import RunError
from diffqas.optim import records
from diffqas.optimisers import Captures, Population, per_seed
from diffqas.reports import EpochRecord
from diffqas.storage import COUNT, DURATION, NUMBER, Entries, Json, State, list_of
from diffqas.tasks import Settings, Task
from diffqas.training.cost import cost_facts
from diffqas.training.finite import first_fault
from diffqas.training.selection import BestEpoch
from diffqas.training.short_batches import check_short_batch
from diffqas.training.standing import in_words, judged_at, stuck
from diffqas.training.steps import make_optimisation

P = TypeVar("P", bound=Population)

EVALUATED = 4096
"""Samples that go through the networks together when they are evaluated."""


@dataclass
class Training(Generic[P]):
    """A training that can be stopped after any epoch and go on bit by bit the same.

    Attributes:
        population: the seeds' models as one.
        task: data and loss, on the population's device.
        settings: how to train.
        seeds: one number per model; they decide every random choice.
        epoch: the number of epochs done.
        seconds: the time spent so far, in this process and in earlier ones.
        failures: for each seed that diverged, when and in which tensor.
        snapshots: predictions on all samples, (seeds, count), by epoch.
        metrics: the figures after the last epoch. With `select="best"` they are those of each
            seed's best epoch at the end.
        start: the losses before the first step, one per seed; empty once they have been compared.
        stuck: for each seed that had learnt nothing after a tenth of the epochs, how that is seen.
        remarks: lines for a person about what has happened since the list was last emptied.
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
    start: list[float] = field(default_factory=list)
    stuck: dict[int, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings = self.settings
        self._told = False
        # Samples are held out before the optimiser is made. An optimiser counts the batches of an
        # epoch, and a filter measures the variance of the targets: the validation part must not
        # be among them.
        if settings.select == "best" or settings.bilevel:
            self.task = self.task.with_validation(settings.validation)
        parts = [len(self.task.train)]
        if settings.bilevel and self.task.validation is not None:
            parts.append(len(self.task.validation))
        check_short_batch(self.population, self.task, settings.batch_size, parts)
        self.best: BestEpoch | None = None
        if settings.select == "best":
            self.best = BestEpoch(self.population, len(self.seeds))
        self.optimisation = make_optimisation(self.population, self.task, settings)

    unit: ClassVar[str] = "epoch"
    """The unit in which progress is counted."""
    anytime: ClassVar[bool] = False
    """Whether the state can be stored at any moment, and not only between two records."""

    @property
    def finished(self) -> bool:
        """Whether the last epoch is done."""
        return self.epoch >= self.settings.epochs

    @property
    def facts(self) -> Json:
        """Entries of result.json besides the figures."""
        failed = [seed in self.failures for seed in self.seeds]
        found = cost_facts(self.population, self.settings, failed)
        if self.stuck:
            found["stuck"] = {str(seed): reason for seed, reason in self.stuck.items()}
        return found

    def close(self) -> None:
        """Do nothing: this training holds nothing open."""

    @property
    def steps_per_epoch(self) -> int:
        """Batches of one epoch; the last one may be short."""
        return self.settings.steps_per_epoch(len(self.task.train))

    def epochs(self) -> Iterator[EpochRecord]:
        """Train until the last epoch, and yield a record after each epoch.

        Raises:
            RunError: the loss or the gradient of every seed became NaN or infinite.
        """
        while not self.finished:
            started = time.perf_counter()
            with governed_draws(self.task.train.inputs.device):
                if self.epoch == 0:
                    self.start = self._starting_level()
                record = self._one_epoch()
            self.seconds += time.perf_counter() - started
            yield record

    def _one_epoch(self) -> EpochRecord:
        self.population.train()
        total = self.one_pass()
        self.epoch += 1
        return self._record((total / len(self.task.train)).tolist())

    def one_pass(self) -> Tensor:
        """Make a step on every batch.

        Returns:
            Losses before each step, summed over the samples of the pass, (seeds,).
        """
        if records(self.task.train.inputs.device):
            return self._pass_without_waiting()
        total = torch.zeros(len(self.seeds), dtype=torch.float64)
        for step, batch in enumerate(self._batches()):
            inputs = self.task.train.inputs[batch]
            losses = self._step(inputs, self.task.train.targets[batch], step)
            # Weighted by the number of samples: the last batch may be short and counts less.
            total += losses.double().cpu() * len(inputs)
        return total

    def _pass_without_waiting(self) -> Tensor:
        """Do what `one_pass` does on a graphics card, and read its results once, at the end.

        The host only launches the work. The card knows at once which seeds are frozen; a person is
        told after the pass.
        """
        device = self.task.train.inputs.device
        frozen = torch.tensor([seed in self.failures for seed in self.seeds]).to(device)
        total = torch.zeros(len(self.seeds), dtype=torch.float64, device=device)
        losses: list[Tensor] = []
        every_sound: list[Tensor] = []
        for step, batch in enumerate(self._batches()):
            inputs = self.task.train.inputs[batch]
            progress = self._advance(step)
            self._seed_draws(step)
            targets = self.task.train.targets[batch]
            losses.append(self.optimisation.step(inputs, targets, progress, frozen))
            total += losses[-1].double() * len(inputs)
            every_sound.append(self._sound(losses[-1]))
            frozen = frozen | ~every_sound[-1]
        self._tell_uncaptured()
        table = torch.stack(every_sound).cpu()
        for step in torch.nonzero(~table.all(1)).flatten().tolist():
            self._drop(table[step], losses[step], step)
        return total.cpu()

    def _tell_uncaptured(self) -> None:
        """Say once why the steps are not recorded, if they are not."""
        if self._told or not isinstance(self.optimisation, Captures):
            return
        reason = self.optimisation.uncaptured
        if reason is not None:
            self.remarks.append(f"The steps run one by one, not as a CUDA graph: {reason}.")
            self._told = True

    def _sound(self, losses: Tensor) -> Tensor:
        """Which seeds survived the last step, (seeds,) of bool."""
        sound = torch.isfinite(losses)
        if self.optimisation.unsound is not None:
            sound = sound & ~self.optimisation.unsound
        return sound

    def _batches(self) -> Iterator[Tensor | slice]:
        """The batches of this epoch, as indices or slices of the samples."""
        size = self.settings.batch_size
        order = self._order()
        for step in range(self.steps_per_epoch):
            batch = slice(step * size, (step + 1) * size)
            yield batch if order is None else order[batch]

    @torch.no_grad()
    def _starting_level(self) -> list[float]:
        """Losses on the first training samples before any step, one per seed."""
        self._advance()
        self._seed_draws()
        self.population.eval()
        predictions = self.population(self.task.train.inputs[:EVALUATED])
        return self._losses(predictions).tolist()

    def _losses(self, predictions: Tensor) -> Tensor:
        """Losses of predictions on the first training samples, (seeds,)."""
        return per_seed(self.task.loss, predictions, self.task.train.targets[:EVALUATED])

    def _judge(self, predictions: Tensor) -> None:
        """After a tenth of all epochs, tell of seeds that are where they started."""
        if not self.start or self.epoch < judged_at(self.settings.epochs):
            return
        # What a linear model leaves of a series may be noise. Then it is no fault to learn nothing.
        if self.task.units is not None:
            self.start = []
            return
        few = predictions[:, :EVALUATED]
        self.stuck = stuck(self.seeds, self.start, self._losses(few).tolist(), few)
        self.start = []
        if self.stuck:
            self.remarks.append(in_words(self.stuck, self.epoch, self.settings.epochs))

    def _record(self, loss: list[float]) -> EpochRecord:
        """Evaluate after an epoch."""
        # What is annealed is moved to the end of the epoch first: a resumed training begins there.
        self._advance()
        self._seed_draws()
        metrics = self._evaluate()
        weights = self.population.structural_weights.tolist()
        record = EpochRecord(self.epoch, loss, metrics, weights)
        # The record keeps the figures of its own epoch; the training ends with the chosen one's.
        if self.best is not None and self.epoch == self.settings.epochs:
            metrics = self.best.restore()
        self.metrics = metrics
        return record

    def _order(self) -> Tensor | None:
        """The samples' order in this epoch; None: as they stand."""
        if not self.settings.shuffle:
            return None
        # A separate generator on the CPU is seeded by the epoch alone. So the order is the same for
        # every seed whatever the others are, after a resume, and on every device.
        draw = torch.Generator().manual_seed(self.epoch)
        order = torch.randperm(len(self.task.train), generator=draw)
        return order.to(self.task.train.inputs.device)

    def _step(self, inputs: Tensor, targets: Tensor, step: int) -> Tensor:
        """One step on a batch; freezes the seeds that did not survive it."""
        progress = self._advance(step)
        self._seed_draws(step)
        frozen = torch.tensor([seed in self.failures for seed in self.seeds], device=inputs.device)
        losses = self.optimisation.step(inputs, targets, progress, frozen)
        sound = self._sound(losses)
        if not sound.all():
            self._drop(sound, losses, step)
        return losses

    def _advance(self, step: int = 0) -> float:
        """Tell the population how far the training is, and return the share of steps done.

        What a population draws or anneals depends on this alone. It is told before every step,
        after every epoch and after a resume, so that it does the same in one process as in two.
        """
        done = self.epoch * self.steps_per_epoch + step
        progress = done / (self.settings.epochs * self.steps_per_epoch)
        self.population.advance(progress, done, self.seeds)
        return progress

    def _seed_draws(self, step: int = 0) -> None:
        """Let the seeds and the steps done decide what the task itself draws, such as its loss.

        Where several seeds are computed together, the first one decides for all. A network that
        runs seed by seed, as every network with dropout does, draws by each seed's own number.
        """
        seed_draws(self.seeds[0], self.epoch * self.steps_per_epoch + step)

    def _drop(self, sound: Tensor, losses: Tensor, step: int) -> None:
        """Freeze the seeds whose loss or gradient is no longer finite; stop when none is left.

        The optimiser has left such a seed out of its step, so the fault can still be found where it
        arose. From the next step on the seed is passed as frozen.
        """
        for index in torch.nonzero(~sound).flatten().tolist():
            seed = self.seeds[index]
            # The loss of a frozen seed stays as it is, so it is reported only once.
            if seed not in self.failures:
                self.failures[seed] = self._reason(index, losses[index].item(), step)
                remark = f"Seed {seed} is frozen, the others go on: {self.failures[seed]}."
                self.remarks.append(remark)
        if len(self.failures) == len(self.seeds):
            seed, reason = next(iter(self.failures.items()))
            raise RunError(
                f"Training diverged: seed {seed}: {reason}. Try a lower learning rate (--lr)."
            )

    def _reason(self, index: int, loss: float, step: int) -> str:
        """What happened to a seed, when, and in which tensor it is first seen."""
        what = "a gradient is not finite" if math.isfinite(loss) else f"the loss became {loss}"
        tensor = first_fault(self.population, index, loss)
        return f"{what} at epoch {self.epoch + 1}, step {step + 1} (first in {tensor})"

    def evaluate(self) -> None:
        """Measure the models as they are, without a step, as if the last epoch had ended."""
        with governed_draws(self.task.train.inputs.device):
            self._seed_draws()
            self.metrics = self._evaluate()

    @torch.no_grad()
    def _evaluate(self) -> dict[str, list[float]]:
        """Compute the figures on all parts, look for the best epoch, and keep predictions."""
        self.population.eval()
        predictions = self._predictions()
        sizes = [len(split) for split in self.task.parts.values()]
        by_part = dict(zip(self.task.parts, predictions.split(sizes, dim=1), strict=True))
        metrics = self._figures(by_part)
        self._judge(by_part["train"])
        # The choice is made on the validation part alone; the figures of the others follow it.
        if self.best is not None:
            targets = self.task.parts["validation"].targets
            losses = per_seed(self.task.loss, by_part["validation"], targets)
            self.best.consider(self.epoch, losses, metrics)
        if self._wants_snapshot():
            self.snapshots[self.epoch] = predictions.cpu()
        return metrics

    def _predictions(self) -> Tensor:
        """Outputs of every seed on the samples of all parts, (seeds, count, ...)."""
        # All parts are concatenated: a population writes its weights once per call, so they are
        # written once and not once per part.
        every = torch.cat([split.inputs for split in self.task.parts.values()])
        return torch.cat([self.population(few) for few in every.split(EVALUATED)], dim=1)

    def _figures(self, predictions: dict[str, Tensor]) -> dict[str, list[float]]:
        """Every metric on every part, by the part's name; one entry per seed."""
        figures = {}
        for part, split in self.task.parts.items():
            for name, metric in self.task.metrics.items():
                values = per_seed(metric, predictions[part], split.targets)
                figures[f"{part}_{name}"] = values.tolist()
        # An accuracy of outputs that are NaN would look like an ordinary accuracy.
        for index, seed in enumerate(self.seeds):
            if seed in self.failures:
                for values in figures.values():
                    values[index] = math.nan
        return figures

    def _wants_snapshot(self) -> bool:
        """Whether this epoch's predictions are kept, as the task asks; a series keeps the last."""
        wanted = self.task.snapshot_epochs
        if self.epoch in wanted:
            return True
        # The pictures of a series show the last epoch in any case.
        drawn = bool(wanted) or self.task.kind == "series"
        return drawn and self.epoch == self.settings.epochs

    def state_dict(self) -> State:
        """Everything that is needed to continue, in plain tensors, numbers and dicts."""
        state = {
            "epoch": self.epoch,
            "seconds": self.seconds,
            "seeds": self.seeds,
            "failures": self.failures,
            "snapshots": self.snapshots,
            "metrics": self.metrics,
            "start": self.start,
            "stuck": self.stuck,
            "population": self.population.state_dict(),
            "optimizer": self.optimisation.state_dict(),
        }
        if self.best is not None:
            state["best"] = self.best.state_dict()
        return state

    def load_state_dict(self, state: State) -> None:
        """Continue from what `state_dict` gave."""
        progress = Entries.of(state, "the checkpoint")
        if state["seeds"] != self.seeds:
            raise progress.fault(f"`seeds` should be {self.seeds}, as in config.json")
        self.epoch = progress.one("epoch", COUNT)
        self.seconds = progress.one("seconds", DURATION)
        self.failures, self.snapshots = dict(state["failures"]), dict(state["snapshots"])
        self.metrics = {
            name: list(values)
            for name, values in progress.inner("metrics").every(list_of(NUMBER)).items()
        }
        if any(len(values) != len(self.seeds) for values in self.metrics.values()):
            raise progress.fault("`metrics` should have one figure for each seed")
        # A state of version 0.1.0 has neither entry. Such a training is not judged.
        self.start, self.stuck = list(state.get("start", [])), dict(state.get("stuck", {}))
        self.population.load_state_dict(state["population"])
        self.optimisation.load_state_dict(state["optimizer"])
        if self.best is not None:
            self.best.load_state_dict(state["best"])
        self._advance()
