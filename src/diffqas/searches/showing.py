"""What a search shows to people, by its kind of model: pictures, files of circuits, lines to read.

The kinds themselves (`diffqas.kinds`, `diffqas.agents`) hold the mathematics and draw nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Generic, TypeAlias, TypeVar

from matplotlib.figure import Figure
from torch import nn

from diffqas.architecture import Ranked, as_layer, in_short
from diffqas.circuits import SearchSpace, to_qasm
from diffqas.kinds import (
    AnyKind,
    LayerKind,
    QFWPKind,
    QLSTMKind,
    QuantumTrainKind,
    SearchTraining,
    VQCKind,
    blind,
    blind_in,
    constant,
    leading,
    live_candidates,
    searched,
)
from diffqas.layers import (
    GATES,
    FastWeightForecaster,
    FastWeightLockstep,
    Forecaster,
    ForecasterLockstep,
    GateCircuits,
    HybridLockstep,
    HybridModel,
    open_qasm,
)
from diffqas.quantum_train import Lockstep, QuantumTrain
from diffqas.reports import (
    Floats,
    Terminal,
    circuit_figure,
    space_note,
    structure_figure,
    structure_maps,
)
from diffqas.searches.artefacts import write_data_artefacts
from diffqas.searches.config import RunConfig
from diffqas.searches.progress import Display, EpisodeDisplay, display_on_data
from diffqas.storage import Json, RunFolder
from diffqas.text import file_name
from diffqas.training import Training

SEED_BY_SEED = (
    "This network cannot run under torch.func.vmap (torch's recurrent layers, dropout and buffers "
    "such as batch norm's cannot): the circuits of all seeds run together, the networks one after "
    "the other."
)

MOST_LINES = 24
"""Candidates of one picture; the names of more take all of its height."""

HEAD = 3
"""Lines of an OpenQASM text before its comments: `to_qasm` writes version, library and name."""

K = TypeVar("K", bound=AnyKind)
M = TypeVar("M", bound=nn.Module)
T = TypeVar("T", bound=SearchTraining)
D = TypeVar("D", bound=Training)


class Showing(ABC, Generic[K, M, T]):
    """What a kind of model shows to people.

    Args:
        kind: the choices of the run.
    """

    def __init__(self, kind: K) -> None:
        self.kind = kind

    @abstractmethod
    def notes(self, training: T, models: Sequence[M]) -> list[str]:
        """Lines said before the training begins."""

    @abstractmethod
    def display(self, training: T, console: Terminal) -> Display | EpisodeDisplay:
        """The display of the progress while it trains."""

    @abstractmethod
    def artefacts(self, folder: RunFolder, config: RunConfig, training: T) -> Json:
        """Write the files of the training besides its models and circuits.

        Returns:
            The entries of result.json that not every run has.
        """

    @abstractmethod
    def picture(
        self, model: M, weights: Floats, title: str, counts: Floats | None = None
    ) -> Figure:
        """Draw the structural weights over the epochs.

        Args:
            model: the model of one seed, which knows the candidates.
            weights: the weights (records, count), the medians over the seeds.
            title: the heading.
            counts: how many epochs, or for agents episodes, are done at each record; None stands
                for 1, 2 and so on.
        """

    @abstractmethod
    def circuits(self, model: M) -> dict[str, str]:
        """The circuits that one seed found, as OpenQASM 3, by file name."""

    def circuit_pictures(self, model: M, whose: str = "") -> dict[str, Figure]:
        """The same circuits as pictures, by file name; `whose` is added to the heading."""
        return {}


AnyShowing: TypeAlias = Showing[Any, Any, Any]


class _OnData(Showing[K, M, D]):
    """Of models that learn from samples."""

    def display(self, training: D, console: Terminal) -> Display:
        """Epochs and losses."""
        return display_on_data(training, console)

    def artefacts(self, folder: RunFolder, config: RunConfig, training: D) -> Json:
        """Curves, and the predictions of a series."""
        return write_data_artefacts(folder, config, training)


def device_notes(kind: QuantumTrainKind | VQCKind) -> list[str]:
    """What a device does in every training step; nothing where training is exact."""
    told: list[str] = []
    if kind.shots is not None:
        each = " for every sample" if isinstance(kind, VQCKind) else ""
        told.append(
            f"measures each live circuit {kind.shots.count:,} times{each} (gradient "
            f"{kind.shots.gradient})"
        )
    if kind.errors.readout:
        told.append(f"reads {kind.errors.readout:g} of all bits wrongly")
    if kind.errors.depolarising:
        told.append(f"has depolarising errors at the rate {kind.errors.depolarising:g}")
    if not told:
        return []
    what = "probabilities" if isinstance(kind, QuantumTrainKind) else "outputs"
    done = ", ".join(told)
    return [f"Every training step {done}; figures after an epoch are those of exact {what}."]


class QuantumTrainShowing(_OnData[QuantumTrainKind, QuantumTrain, Training[Lockstep]]):
    """Of circuits that write the weights of one network."""

    def notes(self, training: Training[Lockstep], models: Sequence[QuantumTrain]) -> list[str]:
        """The search space, the shots, and whether the networks run one after the other."""
        lines = [*self.space_notes(models[0]), *device_notes(self.kind)]
        one = training.task.train.inputs[:1]
        if len(models) > 1 and not training.population.together(one):
            lines.append(SEED_BY_SEED)
        return lines

    def space_notes(self, model: QuantumTrain) -> list[str]:
        """A line if the search space holds constants."""
        if not self.kind.circuits:
            return []
        note = space_note(SearchSpace(self.kind.candidates), model.circuits.n)
        if note is None:
            return []
        return [note]

    def picture(
        self, model: QuantumTrain, weights: Floats, title: str, counts: Floats | None = None
    ) -> Figure:
        """One line per candidate."""
        labels = self.kind.labels(model)
        return structure_figure(weights, labels.names, labels.constant, title, counts=counts)

    def circuits(self, model: QuantumTrain) -> dict[str, str]:
        """The best candidate that is not constant, at its learned angles; none without circuits."""
        if not self.kind.circuits:
            return {}
        ranking = model.ranking()
        best = leading(ranking, constant)
        angles = model.circuits.angles.detach()
        if model.circuits.sharing == "separate":
            angles = angles[best.indices[0]]
        text = to_qasm(best.candidate, angles.tolist())
        return {"circuit.qasm": commented(text, *in_words(best, ranking))}

    def circuit_pictures(self, model: QuantumTrain, whose: str = "") -> dict[str, Figure]:
        """The picture of the same circuit."""
        if not self.kind.circuits:
            return {}
        best, circuits = leading(model.ranking(), constant).candidate, model.circuits
        return {"circuit.png": circuit_figure(best, circuits.n, circuits.depth, whose)}


class PerLayerShowing(QuantumTrainShowing):
    """Of circuits whose layers are searched one by one."""

    def space_notes(self, model: QuantumTrain) -> list[str]:
        """How many layers there are to choose from."""
        candidates = self.kind.candidates
        different = len({as_layer(candidate) for candidate in candidates})
        return [
            f"A candidate for each of {model.circuits.depth} layers: {len(candidates)} for the "
            f"first, which says how the circuit begins, {different} different ones after it."
        ]

    def picture(
        self, model: QuantumTrain, weights: Floats, title: str, counts: Floats | None = None
    ) -> Figure:
        """One map per layer: probabilities of the candidates over the epochs."""
        names = SearchSpace(self.kind.candidates).names
        maps = weights.reshape(len(weights), -1, len(names)).swapaxes(0, 1)
        by_layer = {f"layer {number}": values for number, values in enumerate(maps, 1)}
        return structure_maps(by_layer, names, (False,) * len(names), title)

    def circuits(self, model: QuantumTrain) -> dict[str, str]:
        """The most probable circuit at its learned angles."""
        circuit = searched(model)
        return {"circuit.qasm": to_qasm(circuit.found[0], circuit.angles.detach().tolist())}

    def circuit_pictures(self, model: QuantumTrain, whose: str = "") -> dict[str, Figure]:
        """No pictures, because the layers differ and a picture shows a single layer."""
        return {}


class FixedLayersShowing(PerLayerShowing):
    """Of a circuit whose layers are given."""

    def space_notes(self, model: QuantumTrain) -> list[str]:
        """The circuit."""
        return [f"One circuit, whose layers are given: {in_short(searched(model).found[0])}."]


class QLSTMShowing(_OnData[QLSTMKind, Forecaster, Training[ForecasterLockstep]]):
    """Of the quantum LSTM, which has a searched circuit in each gate."""

    def notes(
        self, training: Training[ForecasterLockstep], models: Sequence[Forecaster]
    ) -> list[str]:
        """How many candidates of a gate do anything, if not all do."""
        layer = models[0].cell.circuits[0]
        live, every = live_candidates(layer), len(layer.candidates)
        if live == every:
            return []
        return [
            f"{live} of {every} candidates of a gate see their input and train "
            "(see `diffqas candidates --model qlstm`)."
        ]

    def picture(
        self, model: Forecaster, weights: Floats, title: str, counts: Floats | None = None
    ) -> Figure:
        """One map per gate: candidates over the epochs."""
        gates = [self.kind.plain(gate) for gate in model.cell.chosen]
        names = SearchSpace(self.kind.candidates).names
        constants = self.kind.labels(model).constant[: len(names)]
        maps = weights.reshape(len(weights), len(gates), len(names)).swapaxes(0, 1)
        return structure_maps(dict(zip(gates, maps, strict=True)), names, constants, title)

    def circuits(self, model: Forecaster) -> dict[str, str]:
        """For each gate the best candidate that is not constant, at the gate's own angles."""
        rankings = model.cell.ranking()
        found: dict[str, str] = {}
        for index, layer in enumerate(model.cell.circuits):
            for row, gate in enumerate(GATES):
                # Gates with common structural weights have a common ranking, `all`.
                ranked = "all"
                if len(layer.rows) > 1:
                    ranked = gate
                place = self.kind.plain(f"{gate}_l{index}")
                text = self._circuit(layer, row, rankings[f"{ranked}_l{index}"], place)
                found[f"circuit-{place}.qasm"] = text
        return found

    def _circuit(self, layer: GateCircuits, row: int, ranking: Sequence[Ranked], place: str) -> str:
        best = leading(ranking, blind(layer))
        angles = layer.angles.detach()[row]
        if layer.separate:
            angles = angles[best.indices[0]]
        # A gate reads the inputs on its first qubits, the hidden state on the others.
        inputs = [f"x{i}" for i in range(layer.n - layer.outputs)]
        inputs += [f"h{i}" for i in range(layer.outputs)]
        text = to_qasm(best.candidate, angles.tolist(), inputs)
        described = self._described(place, inputs, layer.outputs)
        return commented(text, *in_words(best, ranking), *described)

    def _described(self, place: str, inputs: Sequence[str], outputs: int) -> list[str]:
        what = "inputs x and state h"
        if self.kind.squash != "none":
            what = f"{self.kind.squash} of inputs x and of state h"
        return [
            f"gate: {place}; read are <Z> of q[0] to q[{outputs - 1}], one for each entry of h",
            f"angles that encode, in radians, the {what}: "
            f"{', '.join(inputs)} on q[0] to q[{len(inputs) - 1}]",
        ]


LK = TypeVar("LK", bound=LayerKind[Any, Any])


class _OfLayer(_OnData[LK, M, D]):
    """Of models with one searched layer."""

    @abstractmethod
    def text(self, model: M, best: Ranked) -> str:
        """The layer's circuit of one candidate, OpenQASM 3."""

    @abstractmethod
    def described(self, model: M) -> list[str]:
        """What such a circuit reads, and what is measured."""

    def picture(
        self, model: M, weights: Floats, title: str, counts: Floats | None = None
    ) -> Figure:
        """One line per candidate; one map per output where these have weights of their own."""
        places = self.kind.places(len(self.kind.layer(model).rows))
        names = SearchSpace(self.kind.space).names
        constants = self.kind.labels(model).constant[: len(names)]
        return structure_picture(places, names, constants, weights, title, counts)

    def circuits(self, model: M) -> dict[str, str]:
        """The best candidate that is not constant, for each set of structural weights."""
        layer = self.kind.layer(model)
        rankings = self.kind.rankings(model)
        found: dict[str, str] = {}
        for place, row in zip(self.kind.places(len(layer.rows)), layer.rows, strict=True):
            best = leading(rankings[row], blind_in(layer))
            name = "circuit.qasm"
            if place:
                name = f"circuit-{file_name(place)}.qasm"
            said = in_words(best, rankings[row])
            found[name] = commented(self.text(model, best), *said, *self.described(model))
        return found


class VQCShowing(_OfLayer[VQCKind, HybridModel, Training[HybridLockstep]]):
    """Of a quantum layer between a front and a head."""

    def notes(self, training: Training[HybridLockstep], models: Sequence[HybridModel]) -> list[str]:
        """As `layer_notes`, and what a device does in training."""
        return [*self.layer_notes(models[0]), *device_notes(self.kind)]

    def layer_notes(self, model: HybridModel) -> list[str]:
        """How many encodings each upload makes, where there are several."""
        layer = model.layer
        if layer.encodings == 1:
            return []
        return [
            f"{layer.inputs} inputs on {layer.n} qubits: each upload makes {layer.encodings} "
            "encodings, one after the other."
        ]

    def text(self, model: HybridModel, best: Ranked) -> str:
        """With its angles; inputs are open."""
        layer = model.layer
        return layer.restricted([[list(best.indices)]] * len(layer.rows)).to_qasm()

    def described(self, model: HybridModel) -> list[str]:
        """As `_OfLayer.described`."""
        layer = model.layer
        return [
            f"inputs x0 to x{layer.inputs - 1}: what the front gives, times {model.factor:g}",
            f"measured are the first {layer.outputs} of {layer.observables}",
        ]


class QFWPShowing(_OfLayer[QFWPKind, FastWeightForecaster, Training[FastWeightLockstep]]):
    """Of the quantum fast weight programmer, whose circuit has the angles that it is given."""

    def notes(
        self, training: Training[FastWeightLockstep], models: Sequence[FastWeightForecaster]
    ) -> list[str]:
        """How many candidates do anything, if not all do."""
        findings = models[0].cell.audit()
        live = sum(finding.trains for finding in findings)
        if live == len(findings):
            return []
        return [f"{live} of {len(findings)} candidates see the fast weights."]

    def text(self, model: FastWeightForecaster, best: Ranked) -> str:
        """Inputs and angles are open."""
        layer = model.cell.circuits
        return open_qasm(layer, list(layer.candidates).index(best.candidate))

    def described(self, model: FastWeightForecaster) -> list[str]:
        """As `_OfLayer.described`."""
        return [
            "x0: the value of a moment; w<layer>_<qubit>: what the slow network of "
            "model.safetensors has added to the angle up to this moment",
            f"read are <Z> of q[0] to q[{model.cell.circuits.outputs - 1}]",
        ]


def structure_picture(
    places: Sequence[str],
    names: Sequence[str],
    constants: Sequence[bool],
    weights: Floats,
    title: str,
    counts: Floats | None,
) -> Figure:
    """Structural weights over the epochs: lines of few candidates at one place, else maps."""
    if len(places) == 1 and len(names) <= MOST_LINES:
        return structure_figure(weights, names, constants, title, counts=counts)
    maps = weights.reshape(len(weights), len(places), len(names)).swapaxes(0, 1)
    return structure_maps(dict(zip(places, maps, strict=True)), names, constants, title)


def in_words(best: Ranked, ranking: Sequence[Ranked]) -> list[str]:
    """What part a circuit has in the mixture whose ranking it leads."""
    total = sum(entry.contribution for entry in ranking)
    if total == 0:
        total = 1.0  # nothing contributes, the leader neither
    share = f"weight {best.weight:+.4f}, {best.contribution / total:.0%} of all contributions"
    return [f"the leading live candidate of the mixture: {share}"]


def commented(qasm: str, *said: str) -> str:
    """OpenQASM text with lines of comment after its head."""
    lines = qasm.splitlines(keepends=True)
    comments = [f"// {line}\n" for line in said]
    return "".join([*lines[:HEAD], *comments, *lines[HEAD:]])
