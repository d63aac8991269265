"""A quantum fast weight programmer: a slow network that writes the angles of a searched circuit.

The circuits of all moments run at once: what is added to the angles depends on the inputs alone,
not on what a circuit gave, so that the angles of a moment are a running sum over the moments.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import cast

import torch
from torch import Tensor
from torch.nn.functional import pad

from diffqas.architecture import (
    DescribedModule,
    ParameterGroup,
    Ranking,
    Rankings,
    Relaxation,
    best,
    trained,
)
from diffqas.circuits import (
    QLSTM_SPACE,
    AnyCandidate,
    AnyObservables,
    EncodedFinding,
    SearchSpace,
    Z,
)
from diffqas.errors import choose, require
from diffqas.layers.layer_ranking import PROBES, layer_ranking
from diffqas.layers.open_circuits import open_qasm
from diffqas.layers.perturbation import Loss
from diffqas.layers.qfwp_checks import (
    check_cell_sizes,
    check_lstm,
    check_sequence,
    checked_cell_rates,
)
from diffqas.layers.qfwp_report import QFWPReport
from diffqas.layers.quantum_layer import QuantumLayer
from diffqas.layers.slow_programmer import SlowProgrammer, slow_groups
from diffqas.quantum_train import QuantumTrain
from diffqas.simulator import eager

INPUT_QUBITS = ("all", "first")
"""Inputs are on all qubits, repeated from the beginning, or on as many as there are inputs."""

BASE_ANGLES = ("zero", "trained")
"""The angles before the first moment are zero or trained."""

SLOW = ("trained", "written")
"""The weights of the slow network are trained, or circuits write them (Quantum-Train)."""

WRITTEN_DEPTH = 5
"""The depth of the circuits that write them: with the usual sizes 56 numbers write 106 weights."""

PROBED = 4
"""The moments of the sequences on which candidates are compared, if none are given."""


class QFWP(DescribedModule):
    """y_t = sum_j w_j <O>_j(x_t; theta_t), theta_t = theta_(t-1) + l(e(x_t)) q(e(x_t))^T.

    A slow network of three linear layers e, l and q adds an outer product to the angles at each
    moment. The circuit, a weighted sum of candidates j, reads the input with these angles. So the
    angles, which are the fast weights, are the memory (arXiv 2402.17760, which has one circuit and
    no search). Call and shapes are those of `torch.nn.LSTM(batch_first=True)`, but the state is one
    tensor: the sum of what was added to the angles so far. All that is random at the start follows
    from `torch.manual_seed`.

    Args:
        input_size: the values per moment.
        output_size: the length of y, the first observables.
        qubits: the qubits of every circuit.
        depth: the layers of every circuit after each encoding of the inputs.
        candidates: circuits with data encoding. The weight of a single one is fixed, at 1 unless
            the relaxation says otherwise.
        latent_size: the length of e(x).
        observables: what is measured, as in `QuantumLayer`.
        input_qubits: `"all"` (input i on the qubits i, i + input_size, ...) or `"first"` (on qubit
            i alone, as in the public code; the other qubits are not turned).
        base_angles: `"zero"` (the angles before the first moment are 0, as in the public code) or
            `"trained"` (they are trained; drawn at first).
        slow: `"trained"` or `"written"` (the weights of the slow network are written by a mixture
            of circuits, as by `QuantumTrain(cell.slow, depth=5)`; arXiv 2412.01173).
        relaxation: `"raw"`, `"softmax"`, `"gumbel"` or a relaxation object.
        structure: `"layer"` (one set of structural weights) or `"output"` (one for each output).
        init_std: standard deviation of trained angles at the start, in radians.
        rates: learning rates of `"angles"`, `"structure"`, `"observables"` and `"slow"` relative
            to that of `parameter_groups`; 1 where not given.
        num_layers: only 1. This argument and the next four explain a call of `torch.nn.LSTM`.
        batch_first: only True.
        bidirectional: only False.
        dropout: only 0.
        proj_size: only 0.

    Raises:
        ArgumentError: a wrong argument.

    >>> cell = QFWP(1, 4)
    >>> print(cell.parameter_report())
    142 trainable numbers: 0 angles + 36 structural + 106 of the slow network, 36 candidates,
    8 qubits, depth 2
    >>> output, state = cell(torch.zeros(10, 5, 1))
    >>> output.shape, state.shape
    (torch.Size([10, 5, 4]), torch.Size([10, 2, 8]))
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        qubits: int = 8,
        depth: int = 2,
        candidates: SearchSpace[AnyCandidate] | Iterable[AnyCandidate] = QLSTM_SPACE,
        *,
        latent_size: int = 8,
        observables: AnyObservables = Z(),  # noqa: B008 - a frozen choice
        input_qubits: str = "all",
        base_angles: str = "zero",
        slow: str = "trained",
        relaxation: str | Relaxation = "raw",
        structure: str = "layer",
        init_std: float = 0.1,
        rates: Mapping[str, float] | None = None,
        num_layers: int = 1,
        batch_first: bool = True,
        bidirectional: bool = False,
        dropout: float = 0.0,
        proj_size: int = 0,
    ) -> None:
        super().__init__()
        check_cell_sizes(input_size, output_size, latent_size, qubits, observables)
        check_lstm(num_layers, batch_first, bidirectional, dropout, proj_size)
        choose(input_qubits, INPUT_QUBITS, "input_qubits")
        choose(base_angles, BASE_ANGLES, "base_angles")
        choose(slow, SLOW, "slow")
        if input_qubits == "first":
            fits = input_size <= qubits
            require(fits, "input_size", f"be at most {qubits}, the qubits", input_size)
        self.rates = checked_cell_rates(rates)
        self.input_size, self.output_size, self.latent_size = input_size, output_size, latent_size
        self.input_qubits, self.base_angles = input_qubits, base_angles
        # Of the two, only angles that are trained are drawn.
        self.circuits = QuantumLayer(
            input_size if input_qubits == "all" else qubits,
            output_size,
            qubits,
            depth,
            candidates,
            observables,
            relaxation=relaxation,
            structure=structure,
            init_std=init_std if base_angles == "trained" else 0.0,
            rates={name: rate for name, rate in self.rates.items() if name != "slow"},
        )
        self.circuits.angles.requires_grad_(base_angles == "trained")
        columns = qubits * self.circuits.candidates.angles_per_qubit
        network = SlowProgrammer(input_size, latent_size, self.circuits.depth, columns)
        self.slow: SlowProgrammer | QuantumTrain = network
        if slow == "written":
            self.slow = QuantumTrain(network, WRITTEN_DEPTH, relaxation=relaxation)

    @eager
    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Run the cell over a sequence.

        Args:
            x: (batch, time, input_size) or, for one sample, (time, input_size), with the dtype and
                device of the numbers of the cell.
            state: what was added to the angles before the first moment, (batch, *state_shape), or
                `state_shape` for one sample; None means 0.

        Returns:
            y at every moment, (batch, time, output_size), and the state after the last moment;
            without the batch for one sample.

        Raises:
            ArgumentError: an input or state of the wrong shape, dtype or device.
        """
        added = self.added(x, state)
        return self.circuits(self.encoded(x), added), added.select(self._time, -1)

    def last(self, x: Tensor, state: Tensor | None = None) -> Tensor:
        """As `forward`, but y of the last moment alone: only its circuits are run.

        Returns:
            (batch, output_size), or (output_size,) for one sample.
        """
        added = self.added(x, state).select(self._time, -1)
        return self.circuits(self.encoded(x[..., -1, :]), added)

    def added(self, x: Tensor, state: Tensor | None = None) -> Tensor:
        """What was added to the angles up to each moment.

        Args:
            x: as in `forward`.
            state: as in `forward`.

        Returns:
            The sums (batch, time, *state_shape) in radians, or (time, *state_shape) for one sample.

        Raises:
            ArgumentError: as in `forward`.
        """
        check_sequence(x, state, self.circuits.angles, self.input_size, self.state_shape)
        written = self.slow(x).unflatten(-1, self.state_shape[1:])
        total = written.cumsum(self._time)
        if state is None:
            return total
        return total + state.unsqueeze(self._time)

    def encoded(self, x: Tensor) -> Tensor:
        """The inputs of the circuits, (..., input_size) -> (..., inputs of the circuits)."""
        if self.input_qubits == "all":
            return x
        return pad(x, (0, self.circuits.n - self.input_size))

    @property
    def state_shape(self) -> tuple[int, ...]:
        """Of the state of one sample: (depth, qubits), or (depth, qubits, rotations)."""
        return self.circuits.angle_shape

    @property
    def _time(self) -> int:
        """The dimension of the moments in what was added, from behind."""
        return -len(self.state_shape) - 1

    @property
    def progress(self) -> float:
        """The share of the training done, 0 to 1.

        The training loop sets it, and annealed relaxations read it.
        """
        return self.circuits.progress

    @progress.setter
    def progress(self, value: float) -> None:
        self.circuits.progress = value
        if isinstance(self.slow, QuantumTrain):
            self.slow.progress = value

    def state_choices(self) -> Mapping[str, object]:
        """Choices that a `state_dict` tells; those of the circuits are told by themselves."""
        return {
            "input_size": self.input_size,
            "latent_size": self.latent_size,
            "input_qubits": self.input_qubits,
            "base_angles": self.base_angles,
            "slow": "written" if isinstance(self.slow, QuantumTrain) else "trained",
        }

    @property
    def structural_weights(self) -> Tensor:
        """Noiseless weights after the relaxation, (rows, candidates) as in `chosen`."""
        return self.circuits.structural_weights

    @property
    def chosen(self) -> dict[str, SearchSpace[AnyCandidate]]:
        """Candidates of each row of structural weights, as of `QuantumLayer.chosen`."""
        return self.circuits.chosen

    def audit(self) -> list[EncodedFinding]:
        """What is known about every candidate before any training, as in `QuantumLayer.audit`.

        The inputs also act through the angles. So a candidate that does not see its encoding, but
        trains, is not blind here.
        """
        return self.circuits.audit()

    def ranking(
        self, by: str = "weight", *, x: Tensor | None = None, loss: Loss | None = None
    ) -> Rankings:
        """Candidates of each row by what they contribute, best first, by the names of `chosen`.

        Args:
            by: as of `QuantumLayer.ranking`; `"weight"` looks at the last moment of sequences.
            x: those sequences, (samples, time, input_size); None takes 64 of four moments, standard
                normal.
            loss: as of `QuantumLayer.ranking`.

        Raises:
            ArgumentError: a wrong argument.
        """
        return Rankings(zip(self.circuits.rows, self._rankings(by, x, loss), strict=True))

    def _rankings(self, by: str, x: Tensor | None, loss: Loss | None) -> list[Ranking]:
        if by != "weight":
            return layer_ranking(self.circuits, by, x, loss)
        if x is None:
            draw = torch.Generator().manual_seed(0)
            size = PROBES, PROBED, self.input_size
            normal = torch.randn(size, generator=draw, dtype=torch.float64)
            x = normal.to(self.circuits.angles)
        with torch.no_grad():
            added = self.added(x)
        rule = f"have the shape (samples, time, {self.input_size})"
        require(x.dim() == 3, "x", rule, tuple(x.shape))
        return layer_ranking(self.circuits, by, self.encoded(x[:, -1]), loss, added[:, -1])

    def discretize(
        self,
        k: int = 1,
        by: str = "weight",
        *,
        x: Tensor | None = None,
        loss: Loss | None = None,
    ) -> QFWP:
        """A new cell with the k best candidates of each row, ready to evaluate or retrain.

        The slow network and all other numbers are kept; of candidates that are the same function
        one is kept, with the sum of their weights.

        Args:
            k: how many candidates are kept.
            by: as in `ranking`.
            x: as in `ranking`.
            loss: as in `ranking`.

        Raises:
            ArgumentError: as in `ranking`, or `k` is out of range.
        """
        groups = best(self._rankings(by, x, loss), k)
        found = copy.deepcopy(self)
        found.circuits = self.circuits.restricted(groups)
        before = self.circuits.candidates.angles_per_qubit
        after = found.circuits.candidates.angles_per_qubit
        if after < before:
            # A candidate of fewer rotations uses the first ones of every qubit.
            kept = [q * before + r for q in range(self.circuits.n) for r in range(after)]
            if isinstance(found.slow, QuantumTrain):
                # The circuits write a network of all columns: its weights are kept, not they.
                found.slow = cast("SlowProgrammer", found.slow.export())
            found.slow.keep_columns(kept)
        return found

    @torch.no_grad()
    def programmed(self, x: Tensor, state: Tensor | None = None) -> QuantumLayer:
        """A layer with the angles that the fast weights have at the last moment of one sequence.

        It runs, ranks, draws and exports circuits like any other `QuantumLayer`.

        Args:
            x: (time, input_size).
            state: as in `forward` for one sample.

        Raises:
            ArgumentError: as in `forward`, or `x` holds several sequences.
        """
        added = self.added(x, state)
        require(x.dim() == 2, "x", f"have the shape (time, {self.input_size})", tuple(x.shape))
        layer = copy.deepcopy(self.circuits)
        layer.angles.add_(added[-1])
        return layer

    def to_qasm(self) -> str:
        """The found circuit as OpenQASM 3 without measurements; inputs and fast weights are open.

        Inputs are `x0`, `x1`, ..., and `w<l>_<q>` is added to the angle of qubit q in layer l.
        `programmed` gives a layer whose text has numbers in place of these.

        Raises:
            ArgumentError: the cell has several circuits; call `discretize(k=1)` first.
        """
        count = len(self.circuits.candidates)
        rule = "have one circuit: call `discretize(k=1)` first"
        require(count == 1, "candidates", rule, f"{count}")
        return open_qasm(self.circuits, 0)

    def parameter_report(self) -> QFWPReport:
        """Counts of trained and frozen numbers; angles that are 0 at the start are none."""
        of_circuits = self.circuits.parameter_report()
        slow = sum(p.numel() for p in self.slow.parameters() if p.requires_grad)
        frozen = sum(p.numel() for p in self.parameters() if not p.requires_grad)
        if self.base_angles == "zero":
            frozen -= self.circuits.angles.numel()
        written = 0
        if isinstance(self.slow, QuantumTrain):
            written = self.slow.parameter_report().target
        return QFWPReport(
            qubits=self.circuits.n,
            depth=self.circuits.depth,
            candidates=len(self.circuits.candidates),
            circuit=of_circuits.circuit,
            structure=of_circuits.structure,
            slow=slow,
            written=written,
            observables=of_circuits.observables,
            frozen=frozen,
        )

    def parameter_groups(self, lr: float) -> list[ParameterGroup]:
        """Groups for `torch.optim`: angles, structure, observables, slow, without frozen ones.

        Each has `lr` times its own rate. Of a written slow network there are those of what writes.
        """
        if isinstance(self.slow, QuantumTrain):
            written = slow_groups(self.slow, lr, self.rates.get("slow", 1.0))
            return [*self.circuits.parameter_groups(lr), *written]
        slow = trained({"slow": self.slow.parameters()}, self.rates, lr)
        return [*self.circuits.parameter_groups(lr), *slow]

    def extra_repr(self) -> str:
        """Line shown by print(model)."""
        return f"{self.input_size}, {self.output_size}, base_angles={self.base_angles}"
