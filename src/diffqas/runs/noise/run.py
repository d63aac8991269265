"""A finished run whose circuits are measured: from the run folder to a table and a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from diffqas.agents import AgentKind
from diffqas.errors import RunError, require, whole
from diffqas.kinds import QuantumTrainKind
from diffqas.quantum_train import QuantumTrain
from diffqas.reports import save_figure
from diffqas.runs.finished import FinishedRun
from diffqas.runs.noise.device import DENSITY_QUBITS, GENERIC, TWO_QUBITS, Device, Simulation
from diffqas.runs.noise.episodes import EPISODES, EpisodeScorer
from diffqas.runs.noise.picture import report_figure
from diffqas.runs.noise.table import NoiseReport, NoiseRow, report_csv, report_markdown
from diffqas.runs.noise.writing import ESTIMATES, Scorer, Writing, writing
from diffqas.searches import RunConfig
from diffqas.storage import make_folder, write_atomically
from diffqas.tasks import Task

SHOTS = tuple(10**power for power in range(3, 13))
TOP_K = (1, 3)
MAX_SHOTS = 10**15
"""More than these are no integers in double precision once they are added up."""

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the steps done and their number."""


def noise_run(
    folder: str | Path,
    *,
    shots: Sequence[int] = SHOTS,
    depolarising: Sequence[float] = (),
    readout: Sequence[float] = (),
    backend: str | None = None,
    repeats: int = 10,
    top_k: Sequence[int] | None = None,
    seeds: int | None = None,
    constants: bool = False,
    method: str = "auto",
    trajectories: int = 200,
    episodes: int | None = None,
    output: str | Path | None = None,
    task: str | Task | None = None,
    progress: Progress | None = None,
) -> NoiseReport:
    """Score a finished Quantum-Train run with measured circuits in place of exact probabilities.

    Series and images on their test part, agents in episodes with measured circuits behind the
    policy. What `diffqas noise` does, for scripts and notebooks; leaves noise.csv, noise.md and
    noise.png. Seeds that diverged in training are left out.

    Args:
        folder: the run folder.
        shots: how often each circuit is measured, one row for each.
        depolarising: rates of errors after gates, with as many shots as one likes.
        readout: rates of bits read wrongly, likewise.
        backend: a device by name, see `Device`.
        repeats: how often shots are drawn anew.
        top_k: mixtures of the k best candidates, beside that of all; None: of 1 and 3, or what
            there is of them.
        seeds: how many of the run's seeds, the first ones; None: all.
        constants: measure constant candidates too, which are known without a circuit.
        method: how devices are simulated, see `Simulation`.
        trajectories: how many, likewise.
        episodes: that an agent plays for every figure; None: 20.
        output: folder for the files; None: `noise` in the run folder.
        task: the task, if it was one of your own.
        progress: told how far it is.

    Raises:
        ArgumentError: a wrong argument.
        DataError: Qiskit Aer is not installed, or the run's data cannot be used any more.
        RunError: no finished Quantum-Train run there, or a full disk.
    """
    run = FinishedRun.open(folder, task=task)
    place, config = run.folder.path, run.config
    if not config.kind.writes_weights:
        remedy = "only networks written by circuits can be measured (model qt)"
        raise RunError(f"The run in {place} is of the model {config.kind.name}: {remedy}.")
    kind = config.kind.choices
    if isinstance(kind, QuantumTrainKind) and not kind.circuits:
        remedy = "no circuit writes its networks, and there is nothing to measure"
        raise RunError(f"The run in {place} has the generator {kind.generator}: {remedy}.")
    _check(shots, repeats, top_k or (), seeds, episodes)
    for name, rates in (("depolarising", depolarising), ("readout", readout)):
        for rate in rates:
            require(rate > 0, name, "be above 0, as the exact figures stand beside it anyway", rate)
    target = Path(output) if output is not None else place / "noise"
    require(not target.is_file(), "output", "be a folder", f"the file {target}")
    devices = [Device(depolarising=rate) for rate in depolarising]
    devices += [Device(readout=rate) for rate in readout]
    if backend is not None:
        devices.append(Device(backend=backend))
    loaded = run.task
    if isinstance(loaded, Task):
        given = f"the data set {loaded.name!r}"
        require(episodes is None, "episodes", "go with an environment", given)
    chosen = dict(list(run.sound.items())[:seeds])
    loaded = loaded.to(config.device, config.torch_dtype)
    if isinstance(loaded, Task):
        score = Scorer(list(chosen.values()), loaded)
    else:
        score = EpisodeScorer(list(chosen.values()), loaded.identity, episodes or EPISODES)
        chosen = {seed: agent.policy for seed, agent in chosen.items()}
    if top_k is None:
        most = min(len(model.ranking()) for model in chosen.values())
        top_k = [k for k in TOP_K if k <= most]
    job = _Job(chosen, score, constants, top_k, repeats)
    simulations = [Simulation(device, job.n, method, trajectories) for device in devices]
    total, rows = job.steps(len(shots), len(devices)), []
    with torch.no_grad():
        for done, row in enumerate(job.rows(shots, simulations), 1):
            if row is not None:
                rows.append(row)
            if progress is not None:
                progress(done, total)
    notes = [*score.notes, *_notes(job, config, simulations, list(shots), repeats, constants)]
    report = NoiseReport(
        loaded.name, score.metrics, tuple(chosen), tuple(rows), tuple(notes), score.part
    )
    score.close()
    make_folder(target, inside=place if output is None else None)
    _save(report, target)
    return report


class _Job:
    """Models and mixtures that are scored alike under every disturbance."""

    def __init__(
        self,
        models: dict[int, QuantumTrain],
        score: Scorer | EpisodeScorer,
        constants: bool,
        top_k: Sequence[int],
        repeats: int,
    ) -> None:
        self.seeds, self.repeats, self.score = list(models), repeats, score
        first = next(iter(models.values()))
        self.n = first.circuits.n
        whole_mixture = [writing(model, constants) for model in models.values()]
        self.mixtures: dict[str, tuple[str, list[Writing]]] = {
            "search": ("weighted", whole_mixture)
        }
        if first.circuits.relaxation.name != "raw":  # weights are probabilities
            self.mixtures["search, drawn"] = ("drawn", whole_mixture)
        self._keys = {name: index for index, name in enumerate(("search", "search, drawn"))}
        for k in top_k:
            self._keys[f"top-{k}"] = 1 + k
            few = [writing(model.discretize(k), constants) for model in models.values()]
            self.mixtures[f"top-{k}"] = ("weighted", few)

    @property
    def together(self) -> dict[str, list[Writing]]:
        """Mixtures that differ in more than how they are drawn."""
        return {
            name: found
            for name, (estimate, found) in self.mixtures.items()
            if estimate == "weighted"
        }

    def steps(self, shots: int, devices: int) -> int:
        """How many steps `rows` takes."""
        circuits = sum(len(found.run) for found in self.mixtures["search"][1])
        return len(self.mixtures) * (1 + shots) + devices * (circuits + len(self.together))

    def rows(
        self, shots: Sequence[int], simulations: Sequence[Simulation]
    ) -> Iterator[NoiseRow | None]:
        """Rows, and None for every step that gives none."""
        for name, (_, found) in self.mixtures.items():
            yield self._row(name, "exact", "", found, [[one.mixed() for one in found]])
        for name, (estimate, found) in self.mixtures.items():
            for count in sorted(shots):
                yield self._row(
                    name,
                    "shots",
                    count,
                    found,
                    list(self._draws(estimate, found, count, self._keys[name])),
                )
        for simulation in simulations:
            yield from self._device_rows(simulation)

    def _draws(
        self, estimate: str, found: list[Writing], count: int, key: int
    ) -> Iterator[list[Tensor]]:
        """Mixtures of every seed, once for each repeat; a function of seed, shots, mixture and
        repeat alone.
        """
        for repeat in range(self.repeats):
            keys = [(seed % 2**64, count, key, repeat) for seed in self.seeds]
            pairs = zip(found, keys, strict=True)
            yield [
                ESTIMATES[estimate](one, count, np.random.default_rng(own)) for one, own in pairs
            ]

    def _device_rows(self, simulation: Simulation) -> Iterator[NoiseRow | None]:
        device, whole_mixture = simulation.device, self.mixtures["search"][1]
        noisy: list[dict[object, Tensor]] = []
        for found in whole_mixture:
            by_candidate: dict[object, Tensor] = {}
            for index in found.run:
                candidate, angles = (
                    found.model.circuits.candidates[index],
                    found.angles(index).tolist(),
                )
                p = simulation.probabilities(candidate, angles, found.exact[index].numpy())
                by_candidate[candidate] = torch.from_numpy(p)
                yield None
            noisy.append(by_candidate)
        sweep, level = _disturbance(device)
        for name, found in self.together.items():
            mixed = []
            for one, known in zip(found, noisy, strict=True):
                space = one.model.circuits.candidates
                measured = [known[space[index]] for index in one.run]
                mixed.append(one.mixed(torch.stack(measured) if measured else None))
            yield self._row(name, sweep, level, found, [mixed])

    def _row(
        self,
        name: str,
        sweep: str,
        level: float | str,
        found: list[Writing],
        mixed: list[list[Tensor]],
    ) -> NoiseRow:
        scores = [self.score(few) for few in mixed]
        figures = {
            metric: tuple(
                tuple(score[metric][seed] for score in scores) for seed in range(len(self.seeds))
            )
            for metric in scores[0]
        }
        return NoiseRow(name, sweep, level, tuple(len(one.run) for one in found), figures)


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
    seeds: int | None,
    episodes: int | None,
) -> None:
    for count in shots:
        require(
            whole(count) and count <= MAX_SHOTS,
            "shots",
            f"be whole numbers from 1 to {MAX_SHOTS:.0e}",
            count,
        )
    require(whole(repeats), "repeats", "be a whole number of at least 1", repeats)
    for name, count in (("seeds", seeds), ("episodes", episodes)):
        require(count is None or whole(count), name, "be a whole number of at least 1", count)
    for name, values in (("shots", shots), ("top_k", top_k)):
        require(len(set(values)) == len(values), name, "differ from each other", list(values))


def _notes(
    job: _Job,
    config: RunConfig,
    simulations: Sequence[Simulation],
    shots: Sequence[int],
    repeats: int,
    constants: bool,
) -> list[str]:
    circuits = {len(found.run) for found in job.mixtures["search"][1]}
    # An agent's candidates are those of the generator of its networks.
    kind: Any = config.kind.generator if isinstance(config.kind, AgentKind) else config.kind
    head = f"{len(kind.candidates)} candidates on {job.n} qubits; {max(circuits)} are measured"
    if not constants:
        head += ", constants are known without a circuit"
    notes = [f"{head}."]
    if shots:
        draws = f"{repeats} draws for each of {len(job.seeds)} seeds"
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
