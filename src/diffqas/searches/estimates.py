"""Time and memory of a search before it is begun."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import nn

from diffqas.agents import AgentSettings, Environment, EnvironmentTask, SyncTraining
from diffqas.architecture import CircuitMixture, forked_draws
from diffqas.circuits import SearchSpace
from diffqas.errors import ArgumentError, DiffqasError, require
from diffqas.kinds import AnyModel, QuantumTrainKind
from diffqas.optimisers import trained_tensors
from diffqas.quantum_train import qubits_needed
from diffqas.searches import memory
from diffqas.searches.config import RunConfig
from diffqas.searches.correction import correction_trial
from diffqas.searches.preparation import Prepared
from diffqas.searches.session import make_training
from diffqas.simulator import using_cores
from diffqas.tasks import Settings, Task
from diffqas.training import EVALUATED, Training, rate_trial

SECONDS = 3.0
"""Time to measure steps in, beside the first one."""
MOST_STEPS = 20
MEASURED_BYTES = 2**30
"""Generators that take more than this by rule are not tried."""
MODEL_QUBITS = 16
"""Size of the circuit that is timed in place of one that is too large."""

AnyTraining: TypeAlias = Training[Any]
"""A training of whatever models."""


@dataclass(frozen=True)
class Beside:
    """The time for an ordinary network that is trained beside a search.

    Attributes:
        name: the name of the network.
        seconds: the time to choose its rate and to train it.
    """

    name: str
    seconds: float


@dataclass(frozen=True)
class Estimate:
    """The time and the memory that a search will need.

    Attributes:
        qubits: the qubits of each circuit of Quantum-Train on data; None for all other models.
        trainable: how many numbers each seed trains.
        weights: how many weights they write; None if they write none.
        seeds: how many seeds are trained together.
        steps: the number of steps of the whole run.
        step_seconds: the time of one step of all seeds.
        seconds: the time of all steps, of evaluating all samples after each epoch, and of the
            networks beside the search.
        bytes: the most memory that is held, including the program (on cuda, tensors alone); None
            if the system does not tell.
        free: how many bytes can still be had besides what this process holds; None if the system
            does not tell.
        held: how many bytes this process holds already, as a part of `bytes`.
        measured: whether steps were done. If not, a smaller circuit alone was timed, and memory is
            estimated by rule.
        limit: for agents, the most steps of an episode; `steps` and `seconds` assume that all
            episodes are so long.
        beside: the ordinary networks that are trained beside the search; empty if nothing was
            measured.
    """

    qubits: int | None
    trainable: int
    weights: int | None
    seeds: int
    steps: int
    step_seconds: float
    seconds: float
    bytes: int | None
    free: int | None
    held: int
    measured: bool
    limit: int | None = None
    beside: tuple[Beside, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether there is enough memory, as far as the system tells."""
        return self.bytes is None or self.free is None or self.bytes - self.held <= self.free


def estimate(prepared: Prepared) -> Estimate:
    """Estimate the time and the memory of a search.

    A few of its steps are done or, if they would be too large, a rule is applied.

    Args:
        prepared: the search, as `diffqas.searches.prepare` gives it.

    Raises:
        ArgumentError: the search is of agents by a3c or in an environment without a limit for its
            episodes, or an option was given that the search does not read.
    """
    prepared.refuse_unread()
    config, task = prepared.config, prepared.task
    if isinstance(task, EnvironmentTask):
        return _agents(config, task)
    assert isinstance(config.settings, Settings)
    if isinstance(config.kind, QuantumTrainKind):
        return _quantum_train(config, config.kind, task, config.settings)
    return _measured(config, task, None, None)


def _quantum_train(
    config: RunConfig, kind: QuantumTrainKind, task: Task, settings: Settings
) -> Estimate:
    """By a few steps if they fit into a small memory; else from a smaller circuit and by rule."""
    chosen = kind.sizes_of(task, settings.depth)
    weights = chosen.weights
    if not kind.circuits:
        return _measured(config, task, None, weights)
    n = qubits_needed(weights, chosen.chunk)
    size = torch.finfo(config.torch_dtype).bits // 8
    ruled = memory.rule(kind, n, chosen.depth, weights, len(config.seeds), size)
    if ruled <= MEASURED_BYTES:
        return _measured(config, task, n, weights)
    with using_cores(config.threads):
        smaller = _timed_circuit(config, kind, chosen.depth, n)
    # The work of a circuit grows with its basis states; each seed has circuits of its own.
    step = smaller * 2.0 ** (n - min(n, MODEL_QUBITS)) * len(config.seeds)
    steps = settings.epochs * _steps_per_epoch(task, settings)
    now = memory.Peak(torch.device(config.device))
    return Estimate(
        qubits=n,
        trainable=_trainable(kind, chosen.depth, n),
        weights=weights,
        seeds=len(config.seeds),
        steps=steps,
        step_seconds=step,
        seconds=steps * step,
        bytes=now.held + ruled,
        free=now.free,
        held=now.held,
        measured=False,
    )


def _trainable(kind: QuantumTrainKind, depth: int, n: int) -> int:
    """Trainable numbers of a generator that is too large to be made for this."""
    angles = memory.angles_of(kind, n, depth)
    # The numbers of a mapping are linear in n, so two small ones tell those of a large one.
    one, two = (_numbers(kind.mapping.make(n=small, chunk=kind.chunk)) for small in (1, 2))
    return angles + len(kind.candidates) + one + (n - 1) * (two - one)


def _numbers(module: nn.Module) -> int:
    """How many parameters a module has."""
    return sum(numbers.numel() for numbers in module.parameters())


def _measured(config: RunConfig, task: Task, n: int | None, weights: int | None) -> Estimate:
    device = torch.device(config.device)
    peak = memory.Peak(device)
    with using_cores(config.threads), forked_draws():
        training, models = make_training(config, task)
        assert isinstance(training, Training)
        step = _timed_step(training, device)
        own = _duration(training, step, device)
        beside = tuple(_beside(config, training.task, models[0], device))
    settings = training.settings
    trained = sum(numbers.numel() for numbers in trained_tensors(training.population))
    steps = settings.epochs * training.steps_per_epoch
    return Estimate(
        qubits=n,
        trainable=trained // len(config.seeds),
        weights=weights,
        seeds=len(config.seeds),
        steps=steps,
        step_seconds=step,
        seconds=own + sum(each.seconds for each in beside),
        bytes=peak(),
        free=peak.free,
        held=peak.held,
        measured=True,
        beside=beside,
    )


def _beside(
    config: RunConfig, task: Task, model: AnyModel, device: torch.device
) -> Iterator[Beside]:
    """The ordinary networks of a run, as `train_companions` trains them, and its trial."""
    if config.series is not None and config.series.correction is None:
        trial = correction_trial(config)
        if trial is not None:
            yield Beside("trial of the correction", _whole(trial.training, device))
    try:
        found = config.kind.companions(task.without_validation(), config.settings, model)
    except DiffqasError:
        return  # the run says why there is none
    seeds = list(config.seeds)
    for companion in found:
        population = companion.populate(seeds, 1.0)
        seconds = _whole(Training(population, companion.task, companion.settings, seeds), device)
        if companion.rates:
            first, *_ = companion.rates
            trial = rate_trial(companion.populate, companion.task, companion.settings, first)
            seconds += len(companion.rates) * _whole(trial, device)
        yield Beside(companion.name, seconds)


def _whole(training: AnyTraining, device: torch.device) -> float:
    """Seconds that a training will take, by a few of its steps."""
    return _duration(training, _timed_step(training, device), device)


def _duration(training: AnyTraining, step: float, device: torch.device) -> float:
    """Seconds of a training whose steps take so long, with a look at all samples per epoch."""
    evaluation = _timed_evaluation(training, device)
    return training.settings.epochs * (training.steps_per_epoch * step + evaluation)


def _agents(config: RunConfig, task: EnvironmentTask) -> Estimate:
    """Of episodes that all reach their limit: how long they will be, nobody knows before."""
    settings = config.settings
    assert isinstance(settings, AgentSettings)
    require(settings.algorithm == "a2c", "algorithm", "be a2c for an estimate", settings.algorithm)
    environment = Environment(task.identity)
    environment.close()
    limit = environment.limit
    if limit is None:
        raise ArgumentError(
            "Argument `dataset` must set its episodes a limit for an estimate, but got "
            f"{task.name!r}."
        )
    device = torch.device(config.device)
    peak = memory.Peak(device)
    with using_cores(config.threads), forked_draws():
        training, models = make_training(config, task)
        assert isinstance(training, SyncTraining)
        step = _median_time(training.update, device)
        training.close()
    figures = config.kind.figures(models)
    longest = math.ceil(settings.episodes / settings.places) * limit
    if settings.most_steps is not None:
        longest = min(longest, math.ceil(settings.most_steps / settings.places))
    updates = math.ceil(longest / settings.steps)
    return Estimate(
        qubits=None,
        trainable=figures.trainable_parameters,
        weights=figures.target_parameters,
        seeds=len(config.seeds),
        steps=updates,
        step_seconds=step,
        seconds=updates * step,
        bytes=peak(),
        free=peak.free,
        held=peak.held,
        measured=True,
        limit=limit,
    )


def _steps_per_epoch(task: Task, settings: Settings) -> int:
    train = (
        task.with_validation(settings.validation).train if settings.select == "best" else task.train
    )
    return settings.steps_per_epoch(len(train))


def _timed_step(training: AnyTraining, device: torch.device) -> float:
    """The median time of a few steps after a first one."""
    size, train = training.settings.batch_size, training.task.train
    inputs, targets = train.inputs[:size], train.targets[:size]
    frozen = torch.zeros(len(training.seeds), dtype=torch.bool, device=inputs.device)
    training.population.train()
    training.population.advance(0.0, 0, training.seeds)

    def step() -> None:
        training.optimisation.step(inputs, targets, 0.0, frozen)

    return _median_time(step, device)


def _median_time(step: Callable[[], object], device: torch.device) -> float:
    step()  # compiles and fills caches
    found, began = [], time.perf_counter()
    while not found or (len(found) < MOST_STEPS and time.perf_counter() - began < SECONDS):
        found.append(_seconds(step, device))
    return statistics.median(found)


@torch.no_grad()
def _timed_evaluation(training: AnyTraining, device: torch.device) -> float:
    """Time to look at all samples, from one piece of them."""
    parts = training.task.parts.values()
    piece = torch.cat([part.inputs for part in parts])[:EVALUATED]
    training.population.eval()
    return _seconds(lambda: training.population(piece), device) * sum(map(len, parts)) / len(piece)


def _timed_circuit(config: RunConfig, kind: QuantumTrainKind, depth: int, n: int) -> float:
    """Time of a smaller mixture, forward and backward, without the network."""
    choices = config.settings.generator
    with forked_draws():
        space = SearchSpace(kind.candidates)
        circuits = CircuitMixture(
            space, min(n, MODEL_QUBITS), depth, choices.relaxation, kind.sharing, choices.init_std
        )
        circuits.to(config.device, config.torch_dtype)
    device = torch.device(config.device)

    def step() -> None:
        circuits().square().sum().backward()

    step()
    return min(_seconds(step, device) for _ in range(3))


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    began = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - began
