"""The circuits of a searched layer, with front and head, as files for other programs."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, cast

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save
from torch import nn

from diffqas.agents import Agent, QuantumAgentKind
from diffqas.circuits import Hermitian, PauliStrings
from diffqas.errors import RunError, path_of, require
from diffqas.kinds import AnyModel, QFWPKind, VQCKind
from diffqas.layers import HybridModel, QuantumLayer, circuit_qasm, hermitian, weighted_circuits
from diffqas.runs.export.circuit_folder import CircuitFolder
from diffqas.runs.export.interface import interface, samples
from diffqas.runs.finished import FinishedRun
from diffqas.searches import environment
from diffqas.storage import Json
from diffqas.tasks import Task

Values: TypeAlias = NDArray[np.float64]

FORMAT = 1
FOLDER = CircuitFolder("diffqas-circuits", "circuits.json", re.compile(r"circuit-[0-9]+\.qasm"))
SCRIPT = Path(__file__).with_name("run_circuits.py.txt")
"""Reads the other files without diffqas; no module of the package, which needs no Qiskit."""


@dataclass(frozen=True)
class ExportedCircuits:
    """The exported circuits of one model.

    Attributes:
        path: the folder.
        size: the bytes of all its files.
        circuits: the number of circuits.
        trained: how many numbers were trained.
        about: task, seed, what to feed the model, and what comes out.
    """

    path: Path
    size: int
    circuits: int
    trained: int
    about: Json


def export_circuits(
    folder: str | Path,
    *,
    seed: int | None = None,
    output: str | Path | None = None,
    task: str | Task | None = None,
    top_k: int | None = None,
) -> ExportedCircuits:
    """Write the circuits of a finished run of a searched layer, and the model around them.

    This is what `diffqas export RUN --format circuits` does. It writes circuit-1.qasm,
    circuit-2.qasm, ... (OpenQASM 3 with open inputs), circuits.json (weights, observables, what to
    feed the model, and some samples with their outputs), around.safetensors (front, head and
    trained observables), and run.py, which computes the outputs from these files with Qiskit and
    without diffqas.

    Args:
        folder: the run folder.
        seed: the seed whose model is exported; None stands for the first.
        output: the folder for the files; None stands for `circuits` in the run folder, with the
            seed in its name if it is not the first.
        task: the task, as of `load`.
        top_k: keep only the k best candidates, with their weights as found; None keeps all that
            have a weight.

    Raises:
        ArgumentError: the run has no such seed, k is out of range, or `output` is a file.
        DataError: the run's data cannot be used any more.
        RunError: there is no finished run of a searched layer, the seed diverged, a policy without
            a front has centred or shrunk observations, or a file cannot be written.
    """
    run = FinishedRun.open(folder, task=task)
    place, kind = run.folder.path, run.config.kind
    if isinstance(kind, QFWPKind):
        remedy = (
            "the angles of its circuit change from moment to moment; circuit.qasm has them open, "
            "model.safetensors the slow network that writes them"
        )
        raise RunError(f"The run in {place} is of the model {kind.name}: {remedy}.")
    if not isinstance(kind, VQCKind | QuantumAgentKind):
        remedy = "circuits with a front and a head are those of --model vqc"
        raise RunError(f"The run in {place} is of the model {kind.name}: {remedy}.")
    index = run.finished_index(seed)
    number = run.seeds[index]
    name = "circuits" if index == 0 else f"circuits-seed-{number}"
    target = place / name if output is None else path_of(output, "output")
    require(not target.is_file(), "output", "be a folder", f"the file {target}")
    # The model is copied in double precision, so that the files can be checked to many digits.
    model = _model(run.models[index])
    if top_k is not None:
        model.layer = model.layer.discretize(top_k)
    numbers = _around(model)
    about = {
        "kind": FOLDER.kind,
        "format": FORMAT,
        "task": run.result.task,
        "seed": number,
        "versions": environment()["versions"],
        **_samples(model, run),
        "qubits": model.layer.n,
        "front": _front(model),
        "factor": model.factor,
        "head": "linear" if isinstance(model.head, nn.Linear) else "scale",
        "observables": list(_observables(model.layer, numbers)),
    }
    files: dict[str, bytes] = {}
    listed: list[Json] = []
    for count, found in enumerate(weighted_circuits(model.layer), 1):
        file = f"circuit-{count}.qasm"
        files[file] = circuit_qasm(model.layer, found).encode()
        entry = {"file": file, "candidate": found.candidate.name, "weights": list(found.weights)}
        listed.append(entry)
    about["circuits"] = listed
    files["around.safetensors"] = save(numbers)
    files["run.py"] = SCRIPT.read_bytes()
    size = FOLDER.write(target, place if output is None else None, about, files)
    return ExportedCircuits(target, size, len(listed), model.parameter_report().total, about)


def _model(found: AnyModel) -> HybridModel:
    """A copy of a model in double precision; of an agent the policy for raw observations.

    Raises:
        RunError: a policy has no front that could absorb the centring of its observations.
    """
    if isinstance(found, HybridModel):
        return copy.deepcopy(found).cpu().double()
    assert isinstance(found, Agent)
    agent = copy.deepcopy(found).cpu().double()
    policy = cast("HybridModel", agent.policy)
    front = [part for part in policy.front.modules() if isinstance(part, nn.Linear)]
    if front:
        # W ((x - mean) shrink) + b = (shrink W) x + (b - shrink W mean)
        weight = agent.shrink * front[0].weight.detach()
        front[0].bias.detach().sub_(weight @ agent.mean)
        front[0].weight.detach().copy_(weight)
        return policy
    rule = "a policy without a front that sees centred or shrunk observations cannot be exported"
    if agent.shrink != 1 or agent.mean.any():
        raise RunError(f"The run's circuits have no front: {rule}. Search with --front linear.")
    return policy


def _front(model: HybridModel) -> str:
    """The word of `--front` for the model's front."""
    kinds = {type(part) for part in model.front.modules()}
    if nn.AdaptiveAvgPool2d in kinds:
        return "pool"
    return "linear" if nn.Linear in kinds else "none"


def _around(model: HybridModel) -> dict[str, Values]:
    """The trained numbers of front and head, by the names that run.py uses."""
    numbers: dict[str, Values] = {}
    for part, module in (("front", model.front), ("head", model.head)):
        for name, parameter in module.named_parameters():
            # In a front the linear layer comes after one that flattens.
            numbers[f"{part}.{name.split('.')[-1]}"] = parameter.detach().numpy()
    return numbers


def _observables(layer: QuantumLayer, numbers: dict[str, Values]) -> Iterator[list[Json]]:
    """The terms of each output: Pauli strings with coefficients, or matrices.

    Matrices are added to `numbers`.
    """
    observables, trained = layer.observables, None
    if layer.coefficients is not None:
        trained = layer.coefficients.detach().numpy()
    supports = observables.supports(layer.n, layer.outputs)
    for output in range(layer.outputs):
        if isinstance(observables, PauliStrings):
            own = {observables.strings[output]: 1.0}
            if trained is not None:
                own = dict(zip(observables.strings, trained[output].tolist(), strict=True))
            yield [{"pauli": string, "coefficient": value} for string, value in own.items()]
        elif trained is None:
            letters = ["I"] * layer.n
            letters[supports[output][0]] = "Z"
            yield [{"pauli": "".join(letters), "coefficient": 1.0}]
        else:
            matrix = np.diag(trained[output]).astype(complex)
            if isinstance(observables, Hermitian):
                matrix = hermitian(trained[output])
            name = f"observable.{output}"
            numbers[f"{name}.real"] = np.ascontiguousarray(np.real(matrix))
            numbers[f"{name}.imag"] = np.ascontiguousarray(np.imag(matrix))
            yield [{"matrix": name, "qubits": list(supports[output])}]


@torch.no_grad()
def _samples(model: HybridModel, run: FinishedRun) -> Json:
    """What to feed the model and what comes out, with a few samples of the test part."""
    few = samples(run.task, model)
    outputs = model(few)
    name = "network" if isinstance(run.task, Task) else "policy"
    said = interface(name, run.config, run.task, run.own, few, outputs)
    return {**said, "samples": {"inputs": few.tolist(), "outputs": outputs.tolist()}}
