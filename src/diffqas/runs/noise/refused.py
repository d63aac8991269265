"""Which finished runs cannot be measured, and which devices do not fit a model."""

from __future__ import annotations

from collections.abc import Sequence

from diffqas.agents import QuantumAgentKind
from diffqas.errors import RunError, require
from diffqas.kinds import AnyKind, QFWPKind, QLSTMKind, QuantumTrainKind, VQCKind
from diffqas.runs.finished import FinishedRun
from diffqas.runs.noise.device import Device
from diffqas.simulator import MAX_COEFFICIENT_QUBITS
from diffqas.tasks import Task


def refuse_unmeasured(run: FinishedRun) -> None:
    """Refuse runs whose circuits are not measured here.

    Raises:
        RunError: the run is of a quantum fast weight programmer, of agents that are circuits
            themselves, or of a quantum LSTM that is too large or has several layers; or no circuit
            writes its networks, or its network has no part in the predictions.
    """
    place, kind = run.folder.path, run.config.kind
    if isinstance(kind, QFWPKind):
        raise RunError(
            f"The run in {place} is of the model {kind.name}, whose angles differ from sample to "
            "sample: there is no circuit to be measured for all of them. "
            "`diffqas.load(RUN).models[0].cell.programmed(window)` is the layer of one."
        )
    if isinstance(kind, QuantumAgentKind):
        raise RunError(
            f"The run in {place} is of the model {kind.name} in an environment, whose circuits "
            "read another observation at every step: there is no circuit to be measured for all "
            "of them. `agent = diffqas.load(RUN).models[0].eval()` acts by 1,000 shots with "
            "`agent.policy.layer.shots = 1000`."
        )
    measured = isinstance(kind, VQCKind | QLSTMKind)
    if not kind.writes_weights and not measured:
        remedy = "networks written by circuits, searched layers and quantum LSTMs can be measured"
        raise RunError(f"The run in {place} is of the model {kind.name}: only {remedy}.")
    if isinstance(kind, QLSTMKind):
        most = MAX_COEFFICIENT_QUBITS - 1
        if kind.layers > 1 or kind.hidden_size > most:
            size = f"{kind.layers} layers and the hidden size {kind.hidden_size}"
            remedy = f"one layer of at most {most} is measured"
            raise RunError(f"The quantum LSTM of the run in {place} has {size}: {remedy}.")
    choices = kind.choices
    if isinstance(choices, QuantumTrainKind) and not choices.circuits:
        remedy = "no circuit writes its networks, and there is nothing to measure"
        raise RunError(f"The run in {place} has the generator {choices.generator}: {remedy}.")
    task = run.task
    if isinstance(task, Task) and task.units is not None and task.units.correction == 0:
        raise RunError(
            f"The run in {place} predicts by a line alone (correction 0): whatever its circuits "
            "give, the figures are the line's. Search with --correction 1 to measure the network."
        )


def refuse_devices(kind: AnyKind, devices: Sequence[Device]) -> None:
    """Refuse to simulate a backend for a quantum LSTM, whose inputs differ from draw to draw.

    Raises:
        ArgumentError: there is such a backend.
    """
    for device in devices:
        rule = "be measured with `primitives` of a quantum LSTM, whose inputs every draw decides"
        fits = device.backend is None or not isinstance(kind, QLSTMKind)
        require(fits, "backend", rule, device.backend)
