"""A finished run whose circuits are measured: from the run folder to a table and a picture."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import torch
from torch import Tensor

from diffqas.devices import (
    GENERIC,
    TWO_QUBITS,
    AnyReader,
    Backend,
    EstimatorReader,
    check_shots,
)
from diffqas.errors import ArgumentError, require, whole
from diffqas.kinds import AnyModel, QLSTMKind, VQCKind
from diffqas.reports import save_figure
from diffqas.runs.finished import FinishedRun
from diffqas.runs.noise.device import DENSITY_QUBITS, Device, Simulation
from diffqas.runs.noise.episodes import EPISODES, EpisodeScorer
from diffqas.runs.noise.layer import LAYER_SHOTS, LayerScorer
from diffqas.runs.noise.measured import (
    ESTIMATES,
    NO_EXPECTATIONS,
    Estimate,
    Made,
    Measured,
    Scores,
    on_device,
    weighted,
)
from diffqas.runs.noise.picture import report_figure
from diffqas.runs.noise.recurrent import WindowScorer
from diffqas.runs.noise.refused import refuse_devices, refuse_unmeasured
from diffqas.runs.noise.table import (
    CandidateCost,
    NoiseReport,
    NoiseRow,
    report_csv,
    report_markdown,
)
from diffqas.runs.noise.through import (
    DEVICE_REPEATS,
    DEVICE_SHOTS,
    chosen_reader,
    draw_number,
    note_of,
    through,
)
from diffqas.runs.noise.writing import Scorer, writing
from diffqas.storage import make_folder, write_atomically
from diffqas.tasks import Task

if TYPE_CHECKING:
    from qiskit.primitives import BaseEstimatorV2, BaseSamplerV2

SHOTS = tuple(10**power for power in range(3, 13))
REPEATS = 10
TOP_K = (1, 3)
MAX_SHOTS = 10**15
"""More than these are no integers in double precision once they are added up."""

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the steps done and their number."""


def noise_run(
    folder: str | Path,
    *,
    shots: Sequence[int] | None = None,
    depolarising: Sequence[float] = (),
    readout: Sequence[float] = (),
    backend: str | Backend | None = None,
    primitives: str | None = None,
    sampler: BaseSamplerV2 | None = None,
    estimator: BaseEstimatorV2 | None = None,
    repeats: int | None = None,
    top_k: Sequence[int] | None = None,
    seeds: int | None = None,
    constants: bool = False,
    method: str = "auto",
    trajectories: int = 200,
    episodes: int | None = None,
    samples: int | None = None,
    output: str | Path | None = None,
    task: str | Task | None = None,
    progress: Progress | None = None,
) -> NoiseReport:
    """Score a finished run with measured circuits in place of exact probabilities.

    This is what `diffqas noise` does, for scripts and notebooks. Runs of Quantum-Train, of a
    searched layer and of a quantum LSTM are scored on their test part; agents are scored in
    episodes, with measured circuits behind the policy. The function writes noise.csv, noise.md and
    noise.png. Seeds that diverged in training are left out.

    Args:
        folder: the run folder.
        shots: how often each circuit is measured, one row for each number. None stands for 1e3 to
            1e12; for circuits that are measured for every sample, 10 to 1e6; and where the circuits
            are run on a device, 4,096.
        depolarising: rates of errors after gates, for infinitely many shots.
        readout: rates of bits that are read wrongly, for infinitely many shots.
        backend: a device. If only its name is given, it is simulated, see `Device`, also with
            shots. With one of the next three arguments, or as an object (a backend of Qiskit, such
            as one of your own account, or a device of PennyLane), the circuits are run on it. A
            name is then one that `diffqas.devices.routed` takes, and None is Qiskit's exact
            simulator.
        primitives: run the circuits there by Qiskit's `"sampler"` (`SamplerV2`) or `"estimator"`
            (`EstimatorV2`, if the circuits give expectations).
        sampler: a `SamplerV2` of your own, such as `qiskit_ibm_runtime.SamplerV2(mode=backend)`.
        estimator: an `EstimatorV2` of your own.
        repeats: how often shots are drawn anew. None means ten times, or once where the circuits
            are run on a device.
        top_k: score also the mixtures of the k best candidates. None stands for 1 and 3, as far as
            there are so many candidates.
        seeds: how many of the run's seeds are scored, from the first on; None means all.
        constants: whether constant candidates, which are known without a circuit, are measured too.
        method: how devices are simulated, see `Simulation`.
        trajectories: the number of trajectories, see `Simulation`.
        episodes: how many episodes an agent plays for every figure; None means 20.
        samples: for how many evenly spaced test samples circuits that read samples are measured;
            None means at most 200.
        output: the folder for the files; None stands for `noise` in the run folder.
        task: the task, if it was one of your own.
        progress: a function that is told how many steps are done, and how many there are.

    Raises:
        ArgumentError: an argument is wrong.
        DataError: a package is not installed, a device cannot run the circuits, or the run's data
            cannot be used any more.
        RunError: there is no finished run that can be measured, or the disk is full.
    """
    reader = chosen_reader(backend, primitives, sampler, estimator)
    run = FinishedRun.open(folder, task=task)
    place, kind = run.folder.path, run.config.kind
    by_sample = isinstance(kind, VQCKind | QLSTMKind)
    refuse_unmeasured(run)
    if isinstance(reader, EstimatorReader) and not by_sample:
        raise ArgumentError(NO_EXPECTATIONS)
    if shots is None:
        usual = LAYER_SHOTS if by_sample else SHOTS
        shots = usual if reader is None else DEVICE_SHOTS
    if repeats is None:
        repeats = REPEATS if reader is None else DEVICE_REPEATS
    _check(shots, repeats, top_k or (), {"seeds": seeds, "episodes": episodes, "samples": samples})
    rule = "go with circuits that read samples (models vqc and qlstm)"
    require(samples is None or by_sample, "samples", rule, samples)
    if reader is not None:
        for count in shots:
            check_shots(count)
        backend = None
    devices = _devices(depolarising, readout, backend)
    refuse_devices(kind, devices)
    target = Path(output) if output is not None else place / "noise"
    require(not target.is_file(), "output", "be a folder", f"the file {target}")
    loaded = run.task
    if isinstance(loaded, Task):
        given = f"the data set {loaded.name!r}"
        require(episodes is None, "episodes", "go with an environment", given)
    chosen = dict(list(run.sound.items())[:seeds])
    score, made, ranked = _opened(run, list(chosen.values()), constants, episodes, samples)
    if top_k is None:
        top_k = [k for k in TOP_K if k <= ranked]
    job = _Job(list(chosen), score, made, top_k, repeats)
    simulations = [Simulation(device, job.n, method, trajectories) for device in devices]
    backends = sum(device.backend is not None for device in devices)
    total, rows = job.steps(len(shots), len(devices), backends, reader is not None), []
    with torch.no_grad():
        for done, row in enumerate(job.rows(shots, simulations, reader), 1):
            if row is not None:
                rows.append(row)
            if progress is not None:
                progress(done, total)
    notes = [*score.notes, *_notes(job, simulations, list(shots), repeats, constants)]
    if reader is not None:
        notes.append(note_of(reader))
    report = NoiseReport(
        loaded.name,
        score.metrics,
        tuple(chosen),
        tuple(rows),
        tuple(notes),
        score.part,
        tuple(_costs(simulations, reader)),
    )
    score.close()
    make_folder(target, inside=place if output is None else None)
    _save(report, target)
    return report


def _devices(
    depolarising: Sequence[float], readout: Sequence[float], backend: str | None
) -> list[Device]:
    for name, rates in (("depolarising", depolarising), ("readout", readout)):
        for rate in rates:
            require(rate > 0, name, "be above 0, as the exact figures stand beside it anyway", rate)
    devices = [Device(depolarising=rate) for rate in depolarising]
    devices += [Device(readout=rate) for rate in readout]
    if backend is not None:
        devices.append(Device(backend=backend))
    return devices


def _opened(
    run: FinishedRun,
    models: list[AnyModel],
    constants: bool,
    episodes: int | None,
    samples: int | None,
) -> tuple[Scores, Made, int]:
    """What scores the models, what makes their circuits, and how many candidates all rank."""
    loaded = run.task.to(run.config.device, run.config.torch_dtype)
    if isinstance(run.config.kind, VQCKind):
        assert isinstance(loaded, Task)
        layers = LayerScorer(models, loaded, samples)
        ranked = [len(row) for model in models for row in model.layer.ranking().values()]
        return layers, partial(layers.readings, constants=constants), min(ranked)
    if isinstance(run.config.kind, QLSTMKind):
        assert isinstance(loaded, Task)
        cells = WindowScorer(models, loaded, samples)
        ranked = [len(row) for model in models for row in model.cell.ranking().values()]
        return cells, partial(cells.readings, constants=constants), min(ranked)
    if isinstance(loaded, Task):
        score: Scores = Scorer(models, loaded)
    else:
        score = EpisodeScorer(models, loaded.identity, episodes or EPISODES)
        models = [agent.policy for agent in models]

    def made(k: int | None) -> list[Measured]:
        few = [model if k is None else model.discretize(k) for model in models]
        return [writing(model, constants) for model in few]

    return score, made, min(len(model.ranking()) for model in models)


class _Job:
    """Models and mixtures that are scored alike under every disturbance."""

    def __init__(
        self, seeds: Sequence[int], score: Scores, made: Made, top_k: Sequence[int], repeats: int
    ) -> None:
        self.seeds, self.repeats, self.score = list(seeds), repeats, score
        whole_mixture = made(None)
        first = whole_mixture[0]
        self.n, self.candidates = first.n, len(first.candidates)
        self.mixtures: dict[str, tuple[str, list[Measured]]] = {
            "search": ("weighted", whole_mixture)
        }
        if first.drawable:
            self.mixtures["search, drawn"] = ("drawn", whole_mixture)
        self._keys = {name: index for index, name in enumerate(("search", "search, drawn"))}
        for k in top_k:
            self._keys[f"top-{k}"] = 1 + k
            self.mixtures[f"top-{k}"] = ("weighted", made(k))

    @property
    def together(self) -> dict[str, list[Measured]]:
        """Mixtures that differ in more than how they are drawn."""
        return {
            name: found
            for name, (estimate, found) in self.mixtures.items()
            if estimate == "weighted"
        }

    def steps(self, shots: int, devices: int, backends: int, there: bool) -> int:
        """How many steps `rows` takes; `there`: on a device itself, too."""
        circuits = sum(len(found.run) for found in self.mixtures["search"][1])
        of_devices = devices * (circuits + len(self.together))
        of_backends = backends * shots * len(self.together)
        of_reader = there * shots * (self.repeats * len(self.seeds) + len(self.together))
        return len(self.mixtures) * (1 + shots) + of_devices + of_backends + of_reader

    def rows(
        self,
        shots: Sequence[int],
        simulations: Sequence[Simulation],
        reader: AnyReader | None = None,
    ) -> Iterator[NoiseRow | None]:
        """Rows, and None for every step that gives none."""
        for name, (_, found) in self.mixtures.items():
            yield self._row(name, "exact", "", found, [[one.mixed() for one in found]])
        for name, (estimate, found) in self.mixtures.items():
            for count in sorted(shots):
                read = ESTIMATES[estimate]
                draws = list(self._draws(read, found, count, self._keys[name]))
                yield self._row(name, "shots", count, found, draws)
        for simulation in simulations:
            yield from self._device_rows(simulation, sorted(shots))
        if reader is not None:
            yield from self._reader_rows(reader, sorted(shots))

    def _draws(
        self, read: Estimate, found: list[Measured], count: int, key: int
    ) -> Iterator[list[Tensor]]:
        """Mixtures of every seed, once for each repeat; a function of seed, shots, mixture and
        repeat alone.
        """
        for repeat in range(self.repeats):
            keys = [(seed % 2**64, count, key, repeat) for seed in self.seeds]
            pairs = zip(found, keys, strict=True)
            yield [read(one, count, np.random.default_rng(own)) for one, own in pairs]

    def _device_rows(
        self, simulation: Simulation, shots: Sequence[int]
    ) -> Iterator[NoiseRow | None]:
        """Rows of a device as if there were infinitely many shots; of a backend with shots, too."""
        noisy: list[dict[Hashable, Tensor]] = []
        for found in self.mixtures["search"][1]:
            by_candidate: dict[Hashable, Tensor] = {}
            for index in found.run:
                by_candidate[found.candidates[index]] = found.disturbed(index, simulation)
                yield None
            noisy.append(by_candidate)
        sweep, level = _disturbance(simulation.device)
        for name, found in self.together.items():
            there = [on_device(one, known) for one, known in zip(found, noisy, strict=True)]
            yield self._row(name, sweep, level, found, [[one.mixed() for one in there]])
            if simulation.device.backend is None:
                continue
            for count in shots:
                draws = list(self._draws(weighted, there, count, self._keys[name]))
                yield self._row(name, sweep, level, found, draws, count)

    def _reader_rows(self, reader: AnyReader, shots: Sequence[int]) -> Iterator[NoiseRow | None]:
        """Rows of what a device itself gives; candidates of several mixtures are measured once."""
        for count in shots:
            draws: dict[str, list[list[Tensor]]] = {name: [] for name in self.together}
            for repeat in range(self.repeats):
                for few in draws.values():
                    few.append([])
                for place, seed in enumerate(self.seeds):
                    known: dict[Hashable, Tensor] = {}
                    for name, found in self.together.items():
                        number = draw_number(seed, count, self._keys[name], repeat)
                        read = through(found[place], reader, count, number, known)
                        draws[name][-1].append(read)
                    yield None
            for name, found in self.together.items():
                yield self._row(name, reader.way, reader.name, found, draws[name], count)

    def _row(
        self,
        name: str,
        sweep: str,
        level: float | str,
        found: list[Measured],
        mixed: list[list[Tensor]],
        shots: int | None = None,
    ) -> NoiseRow:
        scores = [self.score(few) for few in mixed]
        figures = {
            metric: tuple(
                tuple(score[metric][seed] for score in scores) for seed in range(len(self.seeds))
            )
            for metric in scores[0]
        }
        circuits = tuple(one.circuits for one in found)
        return NoiseRow(name, sweep, level, circuits, figures, shots)


def _disturbance(device: Device) -> tuple[str, float | str]:
    """What disturbs a device, and how much: its name or a rate."""
    if device.backend:
        return "backend", device.backend
    if device.depolarising:
        return "depolarising", device.depolarising
    return "readout", device.readout


def _check(
    shots: Sequence[int],
    repeats: int,
    top_k: Sequence[int],
    counts: Mapping[str, int | None],
) -> None:
    for count in shots:
        require(
            whole(count) and count <= MAX_SHOTS,
            "shots",
            f"be whole numbers from 1 to {MAX_SHOTS:.0e}",
            count,
        )
    require(whole(repeats), "repeats", "be a whole number of at least 1", repeats)
    for name, count in counts.items():
        require(count is None or whole(count), name, "be a whole number of at least 1", count)
    for name, values in (("shots", shots), ("top_k", top_k)):
        require(len(set(values)) == len(values), name, "differ from each other", list(values))


def _costs(simulations: Sequence[Simulation], reader: AnyReader | None) -> Iterator[CandidateCost]:
    """What the candidates' circuits cost on the backends that they were routed to."""
    if reader is not None:
        for candidate, cost in reader.costs.items():
            yield CandidateCost(reader.name, candidate, cost)
    for simulation in simulations:
        backend = simulation.device.backend
        if backend is not None:
            for candidate, cost in simulation.costs.items():
                yield CandidateCost(backend, candidate, cost)


def _notes(
    job: _Job,
    simulations: Sequence[Simulation],
    shots: Sequence[int],
    repeats: int,
    constants: bool,
) -> list[str]:
    found = job.mixtures["search"][1]
    most = max(len(one.run) for one in found)
    bases = found[0].bases
    head = f"{job.candidates} candidates on {job.n} qubits; {most} are measured"
    if bases > 1:
        head += f" in {bases} bases each"
    if not constants:
        head += ", constants are known without a circuit"
    notes = [f"{head}."]
    if shots:
        each = "one draw" if repeats == 1 else f"{repeats} draws"
        draws = f"{each} for each of {len(job.seeds)} seeds"
        notes.append(f"Shots are those of each measured circuit; {draws}.")
    if any(simulation.device.depolarising for simulation in simulations):
        rates = f"that rate after sx and x, {TWO_QUBITS:.0f} times that after cx"
        notes.append(f"Depolarising: {rates}; no shot noise.")
    if any(simulation.device.readout for simulation in simulations):
        notes.append("Readout: that rate for every bit, either way; gates exact, no shot noise.")
    if any(simulation.device.backend == GENERIC for simulation in simulations):
        notes.append("Backend generic: Qiskit's GenericBackendV2 with all qubits coupled, seed 42.")
    noisy = [simulation for simulation in simulations if not simulation.device.ideal]
    if noisy and not noisy[0].exact:
        count = noisy[0].trajectories
        reason = f"more than {DENSITY_QUBITS} qubits, or asked for"
        notes.append(f"Devices: mean of {count} random trajectories ({reason}).")
    elif noisy:
        notes.append("Devices: density matrices, exact.")
    return notes


def _save(report: NoiseReport, target: Path) -> None:
    write_atomically(target / "noise.csv", report_csv(report).encode())
    write_atomically(target / "noise.md", report_markdown(report).encode())
    save_figure(report_figure(report), target / "noise.png")
