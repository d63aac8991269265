"""A layer of any model that is a weighted sum of circuits found by search."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from diffqas.architecture import (
    DescribedModule,
    ParameterGroup,
    Rankings,
    Relaxation,
    angle_shape,
    as_relaxation,
    best,
    fewer_rotations,
    trained,
)
from diffqas.circuits import (
    QLSTM_SPACE,
    AnyCandidate,
    AnyObservables,
    EncodedFinding,
    SearchSpace,
    Z,
    as_space,
    check_inputs,
    encoded_findings,
)
from diffqas.errors import choose, require
from diffqas.layers.device_training import Beside
from diffqas.layers.found_circuits import MeasuredCircuits, layer_qasm, pennylane_node
from diffqas.layers.input_rule import SCALES, InputRule
from diffqas.layers.layer_checks import (
    GROUPS,
    check_added,
    check_input,
    check_sizes,
    checked_init_std,
    checked_rates,
    under_autocast,
)
from diffqas.layers.layer_ranking import layer_ranking
from diffqas.layers.layer_report import QuantumLayerReport
from diffqas.layers.measured import Measured
from diffqas.layers.perturbation import Loss
from diffqas.layers.searched_circuits import Groups, stacked
from diffqas.simulator import eager, observed

if TYPE_CHECKING:
    from pennylane import QNode
    from pennylane.devices import Device

LAYER_STRUCTURES = ("layer", "output")
"""One row of structural weights for all outputs, or a row for each."""


class QuantumLayer(Measured, DescribedModule):
    """f(x) = sum_j w_j <O>_j(x; theta): a searched circuit inside any PyTorch model.

    A circuit starts in |0..0>, with or without Hadamards. Then, `uploads` times, the inputs turn
    the qubits, and `depth / uploads` layers follow, each an entangler and rotations by the angles
    theta (data re-uploading, arXiv 1907.02085). Output k is the expectation of the k-th observable
    in the weighted sum of all candidates j. Training is the search: angles, structural weights w
    and the numbers of the observables learn together, and `discretize` keeps the best circuits.

    Position p = c * qubits + q of an upload takes input p modulo `inputs`. So fewer inputs than
    qubits are repeated. With more inputs than qubits each upload makes ceil(inputs / qubits)
    encodings c, each followed by `depth / uploads` layers.

    All that is random at the start follows from `torch.manual_seed`. In shapes, `lead` is (), or
    (layers,) for layers that were `stacked`.

    Args:
        inputs: the length of the last dimension of x; x are angles in radians.
        outputs: the length of the last dimension of the result.
        qubits: the qubits of every circuit; None takes as many as inputs.
        depth: the layers, a multiple of `uploads`; with several encodings per upload each adds so
            many layers.
        candidates: circuits with data encoding, or `"encoded"` for the 480 of `ENCODED_SPACE`. The
            weight of a single one is fixed, at 1 unless the relaxation says otherwise.
        observables: `Z`, `PauliStrings`, `Diagonal` or `Hermitian`; the first `outputs` of them are
            read. Trained ones start with normal numbers of spread 1 (arXiv 2504.13414).
        uploads: how many times the inputs are encoded.
        input_scale: `"fixed"`, or `"trained"`: a factor for each input and upload, 1 at the start.
        relaxation: `"raw"`, `"softmax"`, `"gumbel"` or a relaxation object.
        sharing: `"shared"` (one theta for all candidates) or `"separate"` (one for each).
        structure: `"layer"` (one set of structural weights) or `"output"` (one for each output).
        init_std: standard deviation of the angles at the start, in radians.
        rates: learning rates of `"angles"`, `"structure"`, `"observables"` and `"inputs"` relative
            to that of `parameter_groups`; 1 where not given.
        shots: the shots of every circuit in evaluation, see `measure`; None: exact outputs. A layer
            with shots refuses to be trained: set them afterwards, by `layer.shots = 1000`.
            `measure_in_training` is for training with shots.

    Raises:
        ArgumentError: a wrong argument.

    >>> from diffqas import Diagonal
    >>> layer = QuantumLayer(4, 3, observables=Diagonal(2))
    >>> print(layer.parameter_report())
    56 trainable numbers: 8 angles + 36 structural + 12 of observables, 36 candidates, 4 qubits,
    depth 2, 1 upload
    >>> layer(torch.zeros(10, 7, 4)).shape
    torch.Size([10, 7, 3])
    """

    places: Tensor
    coefficients: nn.Parameter | None
    factors: nn.Parameter | None

    def __init__(
        self,
        inputs: int,
        outputs: int,
        qubits: int | None = None,
        depth: int = 2,
        candidates: SearchSpace[AnyCandidate] | Iterable[AnyCandidate] | str = QLSTM_SPACE,
        observables: AnyObservables = Z(),  # noqa: B008 - a frozen choice
        uploads: int = 1,
        input_scale: str = "fixed",
        relaxation: str | Relaxation = "raw",
        sharing: str = "shared",
        structure: str = "layer",
        *,
        init_std: float = 0.1,
        rates: Mapping[str, float] | None = None,
        shots: int | None = None,
    ) -> None:
        if qubits is None:
            qubits = inputs
        check_sizes(inputs, outputs, qubits, depth, uploads, observables)
        choose(input_scale, SCALES, "input_scale")
        choose(structure, LAYER_STRUCTURES, "structure")
        rule = InputRule(inputs, qubits)
        super().__init__(
            as_space(candidates),
            qubits,
            depth * rule.encodings,
            as_relaxation(relaxation),
            sharing,
            rows=1 if structure == "layer" else outputs,
            init_std=checked_init_std(init_std),
        )
        for candidate in self.candidates:
            check_inputs(candidate, qubits, inputs)  # tells of a circuit that leaves one out
        self.inputs, self.outputs, self.uploads = inputs, outputs, uploads
        self.observables, self.input_scale, self.structured = observables, input_scale, structure
        self.rates = checked_rates(rates)
        self.shots = shots
        self.encodings = rule.encodings
        """Encodings of one upload."""
        self.register_buffer("places", torch.tensor(rule.places), persistent=False)
        numbers = observables.numbers(qubits, outputs)
        self.coefficients = None if numbers is None else nn.Parameter(torch.randn(numbers))
        self.factors = None
        if input_scale == "trained":
            self.factors = nn.Parameter(torch.ones(uploads, inputs))

    @eager
    def forward(self, x: Tensor, added: Tensor | None = None) -> Tensor:
        """Compute the outputs of the weighted sum.

        Args:
            x: (*lead, ..., inputs), with the dtype and device of the angles; under `torch.autocast`
                with any dtype.
            added: radians by which the angles of every sample differ from those of the layer,
                (*lead, ..., *angle_shape); None: by nothing.

        Returns:
            Outputs (*lead, ..., outputs), differentiable once in x, `added` and all parameters.

        Raises:
            ArgumentError: the input has the wrong shape, dtype or device; or, with shots, it is not
                finite or `added` is given.
            DiffqasError: the model is traced, for example for ONNX, or it is trained with `shots`.
        """
        if under_autocast(x):
            # Angles of half precision are other angles: circuits compute as exactly as ever.
            dtype = self.angles.dtype
            with torch.autocast(x.device.type, enabled=False):
                return self._outputs(x.to(dtype), None if added is None else added.to(dtype))
        return self._outputs(x, added)

    def _outputs(self, x: Tensor, added: Tensor | None) -> Tensor:
        check_input(self, x)
        angles = self._beside(self.angles, x)
        if added is not None:
            check_added(self, x, added)
            angles = angles + self._of_candidates(added)
        if x.numel() == 0:
            return self._of_no_samples(x, angles)
        if self.shots is not None:
            require(added is None, "added", "be None where shots are drawn", "a tensor")
            return self.of_shots(x)
        coefficients = self.coefficients
        if coefficients is not None:
            coefficients = self._beside(coefficients, x)
        weights = self._beside(self.placed(self.step_weights(), self.choice), x)
        if self.read_by_device:
            return self.as_read(self.encoded(x), Beside(angles, weights, coefficients), added)
        return observed(
            self.candidates,
            self.encoded(x),
            angles,
            self.observables,
            outputs=self.outputs,
            weights=weights,
            coefficients=coefficients,
            uploads=self.uploads * self.encodings,
            separate=self.separate,
        )

    def _of_no_samples(self, x: Tensor, angles: Tensor) -> Tensor:
        """Outputs of an empty batch; all numbers have gradients, 0, as those of `nn.Linear` do."""
        touched = self.encoded(x).sum() + angles.sum() + self.step_weights().sum()
        if self.coefficients is not None:
            touched = touched + self.coefficients.sum()
        return x.new_zeros(*x.shape[:-1], self.outputs) + touched

    def encoded(self, x: Tensor) -> Tensor:
        """The encoding angles that follow from the inputs, in radians.

        Args:
            x: (*lead, ..., inputs).

        Returns:
            Angles (*lead, ..., uploads * encodings, qubits).
        """
        plain = self.inputs == len(self.places)
        v = x if plain else x.index_select(-1, self.places)
        v = v.unsqueeze(-2)
        if self.factors is not None:
            own = self.factors if plain else self.factors.index_select(-1, self.places)
            v = v * self._beside(own, x)
        elif self.uploads > 1:
            v = v.expand(*v.shape[:-2], self.uploads, -1)
        if self.encodings == 1:
            return v
        return v.reshape(*x.shape[:-1], self.uploads * self.encodings, self.n)

    @property
    def angle_shape(self) -> tuple[int, ...]:
        """The shape of one circuit's angles: (layers, qubits), or (layers, qubits, rotations)."""
        return angle_shape(self.candidates, self.depth, self.n)

    def _of_candidates(self, added: Tensor) -> Tensor:
        """Angles with a dimension for the candidates where each has angles of its own."""
        if not self.separate:
            return added
        return added.unsqueeze(-len(self.angle_shape) - 1)

    @property
    def lead(self) -> tuple[int, ...]:
        """Leading dimensions of every parameter: (), or (layers,) of stacked ones."""
        return tuple(self.structure.shape[:-2])

    def _beside(self, numbers: Tensor, x: Tensor) -> Tensor:
        """Numbers (*lead, ...) with a dimension of 1 for each one that x has behind its lead."""
        lead = self.lead
        if not lead:
            return numbers  # broadcasting adds dimensions at the left
        batch = x.dim() - 1 - len(lead)
        return numbers.reshape(*lead, *[1] * batch, *numbers.shape[len(lead) :])

    def state_choices(self) -> Mapping[str, object]:
        """Choices that a `state_dict` tells, and that it is compared by when it is loaded."""
        return {
            "inputs": self.inputs,
            "outputs": self.outputs,
            "qubits": self.n,
            "depth": self.depth,
            "uploads": self.uploads,
            "input_scale": self.input_scale,
            "observables": self.observables,
            "relaxation": self.relaxation,
            "sharing": self.sharing,
            "structure": self.structured,
            "candidates": tuple(self.candidates),
            "choice": tuple(map(tuple, self.choice.tolist())),
        }

    @property
    def rows(self) -> tuple[str, ...]:
        """What each row of structural weights belongs to: `all`, or outputs as `output_0`."""
        if self.structured == "layer":
            return ("all",)
        return tuple(f"output_{k}" for k in range(self.outputs))

    @property
    def structural_weights(self) -> Tensor:
        """Noiseless weights after the relaxation, (*lead, rows, candidates) as in `chosen`."""
        # Raw weights are the parameters themselves: a caller gets numbers of its own.
        return self.weights.detach().clone()

    @property
    def chosen(self) -> dict[str, SearchSpace[AnyCandidate]]:
        """Candidates of each row: of `all`, or of `output_0`, `output_1`, ..."""
        return dict(zip(self.rows, self.spaces, strict=True))

    def audit(self) -> list[EncodedFinding]:
        """Find out what is known about every candidate in this layer before any training.

        A finding says whether the outputs depend on the inputs and on the angles, and which earlier
        candidate is the same function, whatever the numbers of the observables. Its `known_by` says
        what proves this, or that it was measured.

        >>> layer = QuantumLayer(2, 2, candidates=QLSTM_SPACE)
        >>> layer.audit()[12].reason
        'blind: RX leaves |+> alone, the input only turns a global phase'
        """
        return list(self.findings(self.candidates))

    def findings(self, space: SearchSpace[AnyCandidate]) -> Sequence[EncodedFinding]:
        """The findings of `audit` for any candidates."""
        return encoded_findings(
            space,
            self.n,
            self.depth,
            self.outputs,
            uploads=self.uploads * self.encodings,
            observables=self.observables,
        )

    def ranking(
        self, by: str = "weight", *, x: Tensor | None = None, loss: Loss | None = None
    ) -> Rankings:
        """Candidates of each row by what they contribute, best first, by the names of `chosen`.

        Candidates that are the same function are merged.

        Args:
            by: the criterion. `"weight"` is the weight, or, with raw weights, |w| times the
                standard deviation of the outputs over samples (root mean square over outputs that
                share w). `"perturbation"` is the rise of the loss without the candidate (arXiv
                2108.04392).
            x: samples for `"weight"`, (samples, inputs); None takes 64 standard normal ones.
            loss: for `"perturbation"`, a function without arguments that gives the loss, on given
                data, of the model with this layer; it is called for each candidate.

        Raises:
            ArgumentError: a wrong argument, or a loss that is no finite number.
        """
        return Rankings(zip(self.rows, layer_ranking(self, by, x, loss), strict=True))

    def discretize(
        self,
        k: int = 1,
        by: str = "weight",
        *,
        x: Tensor | None = None,
        loss: Loss | None = None,
    ) -> QuantumLayer:
        """A new layer with the k best candidates of each row, ready to evaluate or retrain.

        Angles, observables and factors are kept; of candidates that are the same function one is
        kept, with the sum of their weights.

        Args:
            k: how many candidates are kept.
            by: as in `ranking`.
            x: as in `ranking`.
            loss: as in `ranking`.

        Raises:
            ArgumentError: as in `ranking`, `k` is out of range, or contributions are not finite.

        >>> QuantumLayer(2, 2).discretize(k=3).structural_weights.shape
        torch.Size([1, 3])
        """
        return self.restricted(best(layer_ranking(self, by, x, loss), k))

    def alike(self, space: SearchSpace) -> QuantumLayer:
        """A layer of the same choices with other candidates, its numbers drawn anew."""
        return QuantumLayer(
            self.inputs,
            self.outputs,
            self.n,
            self.depth // self.encodings,
            space,
            self.observables,
            self.uploads,
            self.input_scale,
            self.relaxation,
            self.sharing,
            self.structured,
            rates=self.rates,
            shots=self.shots,
        )

    @torch.no_grad()
    def restricted(self, groups: Groups) -> QuantumLayer:
        """A layer with fewer candidates: per row the first of each group, with its weight."""
        _, space = self.part(groups)
        few = self.alike(space)
        angles = self.angles
        if self.separate:
            places = [list(self.candidates).index(candidate) for candidate in space]
            angles = angles[places]
        self.hand_on(few, groups, fewer_rotations(self.candidates, space, angles))
        few.places = self.places.clone()
        few.coefficients = copy.deepcopy(self.coefficients)
        few.factors = copy.deepcopy(self.factors)
        return few

    def to_qiskit(self, x: Tensor | None = None) -> MeasuredCircuits:
        """The candidates with a weight other than 0 as Qiskit circuits (extra `interop`).

        There is one circuit with measurements for every candidate and every basis. The method
        `outputs` of the result computes the outputs of this layer from a device's counts.

        Args:
            x: one sample, (inputs,); None leaves Qiskit parameters x0, x1, ... open.

        Raises:
            ArgumentError: `x` is not one sample or not finite, or all weights are 0.
            DataError: Qiskit is not installed.
        """
        return MeasuredCircuits(self, x)

    def to_pennylane(self, device: Device | None = None) -> QNode:
        """The found circuit and its observables as a QNode of x (extra `interop`).

        x is a tensor or an array, (inputs,) or (batch, inputs). The result is a list with one
        expectation for each output, times its structural weight.

        Args:
            device: a device of PennyLane; None takes `default.qubit`.

        Raises:
            ArgumentError: the layer has several circuits; call `discretize(k=1)` first.
            DataError: PennyLane is not installed.
        """
        return pennylane_node(self, device)

    def to_qasm(self) -> str:
        """The found circuit as OpenQASM 3 without measurements; inputs `x0`, `x1`, ... are open.

        Raises:
            ArgumentError: the layer has several circuits; call `discretize(k=1)` first.
        """
        return layer_qasm(self)

    @staticmethod
    def stacked(layers: Sequence[QuantumLayer]) -> QuantumLayer:
        """Stack layers that differ in their numbers only; x gets a leading dimension, too.

        Raises:
            ArgumentError: something is no such layer, or the layers have different choices.
        """
        rule = "be a list of searched layers"
        require(isinstance(layers, Iterable), "layers", rule, type(layers).__name__)
        layers = list(layers)
        together = stacked(layers)
        choices = layers[0].state_choices()
        different = [layer for layer in layers if layer.state_choices() != choices]
        got = f"{len(different)} of other choices than the first"
        require(not different, "layers", "differ in their numbers only", got)
        return together

    def parameter_report(self) -> QuantumLayerReport:
        """Counts of trained and frozen numbers."""
        counts: dict[str, int] = dict.fromkeys(GROUPS, 0)
        for name, parameters in self._kinds().items():
            counts[name] = sum(each.numel() for each in parameters if each.requires_grad)
        every = sum(parameter.numel() for parameter in self.parameters())
        return QuantumLayerReport(
            qubits=self.n,
            depth=self.depth,
            uploads=self.uploads,
            candidates=len(self.candidates),
            circuit=counts["angles"],
            structure=counts["structure"],
            observables=counts["observables"],
            inputs=counts["inputs"],
            frozen=every - sum(counts.values()),
        )

    def parameter_groups(self, lr: float) -> list[ParameterGroup]:
        """Groups for `torch.optim`: angles, structure, observables, inputs, without frozen ones.

        Each has `lr` times its own rate.
        """
        return trained(self._kinds(), self.rates, lr)

    def _kinds(self) -> dict[str, list[nn.Parameter]]:
        every = (self.angles, self.structure, self.coefficients, self.factors)
        pairs = zip(GROUPS, every, strict=True)
        return {name: [numbers] for name, numbers in pairs if numbers is not None}

    def extra_repr(self) -> str:
        """Line shown by print(model)."""
        circuits = f"{len(self.candidates)} candidates, {self.n} qubits, depth {self.depth}"
        sizes = f"{self.inputs}, {self.outputs}, {circuits}, uploads={self.uploads}"
        shots = "" if self.shots is None else f", {self.shots} shots in evaluation"
        return f"{sizes}, {self.observables}, {self.sharing} angles, {self.relaxation}{shots}"
