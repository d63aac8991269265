"""The circuits of a finished run, routed to a device, with measurements and layout."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from diffqas.devices import LEVEL, SEED, Cost, cost_of, device_of, name_of, routed
from diffqas.errors import RunError, path_of, require
from diffqas.kinds import AnyModel, QuantumTrainKind, VQCKind
from diffqas.layers import HybridModel, LayerReadings
from diffqas.quantum_train import QuantumTrain
from diffqas.runs.export.circuit_folder import CircuitFolder
from diffqas.runs.finished import FinishedRun
from diffqas.runs.noise.writing import writing
from diffqas.storage import Json
from diffqas.tasks import Task

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

FORMAT = 1
FOLDER = CircuitFolder("diffqas-routed", "routed.json", re.compile(r"routed-[0-9]+\.qasm"))


@dataclass(frozen=True)
class RoutedCircuit:
    """One circuit that was routed to a device.

    Attributes:
        file: the name of its file in the folder.
        candidate: the name of the candidate.
        weights: its structural weight in each output; only one if the circuit writes weights.
        basis: the number of the measurement, if the observables need several.
        layout: for each qubit of the circuit the device's qubit on which it ends and is measured.
        cost: its two-qubit gates and its depth on the device, without the measurements.
    """

    file: str
    candidate: str
    weights: tuple[float, ...]
    basis: int
    layout: tuple[int, ...]
    cost: Cost

    def to_json(self) -> Json:
        """The circuit as an entry of `circuits` in routed.json."""
        return {
            "file": self.file,
            "candidate": self.candidate,
            "weights": list(self.weights),
            "basis": self.basis,
            "layout": list(self.layout),
            "two_qubit_gates": self.cost.two_qubit_gates,
            "depth": self.cost.depth,
        }


@dataclass(frozen=True)
class RoutedCircuits:
    """The circuits of one model that were routed to a device.

    Attributes:
        path: the folder.
        device: the name of the device.
        qubits: how many qubits each circuit has.
        circuits: the circuits that were written.
    """

    path: Path
    device: str
    qubits: int
    circuits: tuple[RoutedCircuit, ...]


def export_routed(
    folder: str | Path,
    backend: str,
    *,
    seed: int | None = None,
    output: str | Path | None = None,
    task: str | Task | None = None,
    top_k: int | None = None,
) -> RoutedCircuits:
    """Write the circuits of a finished run as a backend can run them.

    This is what `diffqas export RUN --format circuits --backend NAME` does, for runs of
    Quantum-Train on data and of a searched layer. It writes routed-1.qasm, routed-2.qasm, ...
    (OpenQASM 3 on the device's own qubits, with measurements; the inputs of a searched layer stay
    open) and routed.json. Constants are known without a circuit and are left out.

    Args:
        folder: the run folder.
        backend: the name of a coupling map or of a backend; see `diffqas.devices.routed`.
        seed: the seed whose model is exported; None stands for the first.
        output: the folder for the files; None stands for `routed` in the run folder.
        task: the task, as of `load`.
        top_k: keep only the k best candidates, with their weights as found; None keeps all.

    Raises:
        ArgumentError: the run has no such seed, the backend is unknown or has too few qubits, k is
            out of range, or `output` is a file.
        DataError: a circuit cannot be routed, or Qiskit is not installed.
        RunError: there is no such finished run, the seed diverged, all candidates are constant, or
            a file cannot be written.
    """
    run = FinishedRun.open(folder, task=task)
    place = run.folder.path
    _refuse_others(run)
    index = run.finished_index(seed)
    model = copy.deepcopy(run.models[index]).cpu()
    target = place / "routed" if output is None else path_of(output, "output")
    require(not target.is_file(), "output", "be a folder", f"the file {target}")
    found: list[RoutedCircuit] = []
    files: dict[str, bytes] = {}
    qubits, device = 0, None
    for candidate, weights, basis, circuit in _circuits(model, top_k):
        qubits = circuit.num_qubits
        if device is None:
            device = device_of(backend, qubits)
        file = f"routed-{len(found) + 1}.qasm"
        plain = routed(circuit, device)
        measured = circuit.copy()
        measured.measure_all()
        ready = routed(measured, device)
        files[file] = _qasm(ready).encode()
        found.append(
            RoutedCircuit(file, candidate, weights, basis, _layout(ready, qubits), cost_of(plain))
        )
    if not found:
        raise RunError(f"The run in {place} has constant candidates alone: nothing can be routed.")
    about: Json = {
        "kind": FOLDER.kind,
        "format": FORMAT,
        "task": run.result.task,
        "model": run.config.kind.name,
        "seed": run.seeds[index],
        "backend": name_of(backend),
        "qiskit": version("qiskit"),
        "level": LEVEL,
        "transpiler_seed": SEED,
        "qubits": qubits,
        "circuits": [one.to_json() for one in found],
    }
    FOLDER.write(target, place if output is None else None, about, files)
    return RoutedCircuits(target, name_of(backend), qubits, tuple(found))


def _refuse_others(run: FinishedRun) -> None:
    """Refuse runs without circuits that could be routed one by one.

    Raises:
        RunError: it is such a run.
    """
    kind = run.config.kind
    written = isinstance(kind, QuantumTrainKind) and kind.circuits
    if not written and not isinstance(kind, VQCKind):
        remedy = "circuits are routed of --model qt and of --model vqc, of both on data"
        raise RunError(f"The run in {run.folder.path} is of the model {kind.name}: {remedy}.")


def _circuits(
    model: AnyModel, top_k: int | None
) -> Iterator[tuple[str, tuple[float, ...], int, QuantumCircuit]]:
    """The candidate, the weights, the number of the basis, and the circuit without measurements."""
    if isinstance(model, QuantumTrain):
        if top_k is not None:
            model = model.discretize(top_k)
        mixture = writing(model)
        for index in mixture.run:
            weights = (float(mixture.weights[index]),)
            (circuit,) = mixture.readables(index)
            yield circuit.name, weights, 0, circuit.to_qiskit()
        return
    assert isinstance(model, HybridModel)
    layer = model.double().layer
    if top_k is not None:
        layer = layer.discretize(top_k)
    # The inputs of the circuits stay open, so these samples do not matter.
    readings = LayerReadings(layer, torch.zeros(1, layer.inputs, dtype=torch.float64))
    for index, finding in enumerate(layer.findings(layer.candidates)):
        if finding.constant is not None:
            continue
        weights = readings.circuits[index].weights
        for basis in range(len(readings.bases)):
            yield (
                finding.candidate.name,
                weights,
                basis,
                readings.readable(index, basis).to_qiskit(),
            )


def _layout(circuit: QuantumCircuit, n: int) -> tuple[int, ...]:
    """The device's qubits on which the n qubits of a routed circuit end."""
    if circuit.layout is None:
        return tuple(range(n))
    return tuple(int(place) for place in circuit.layout.final_index_layout(filter_ancillas=True))


def _qasm(circuit: QuantumCircuit) -> str:
    from qiskit import qasm3

    return qasm3.dumps(circuit)
