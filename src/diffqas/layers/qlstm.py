"""A long short-term memory whose gates are circuits found by search, called as `torch.nn.LSTM`."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

from diffqas.architecture import (
    DescribedModule,
    ParameterGroup,
    Rankings,
    Relaxation,
    as_relaxation,
    best,
    trained,
)
from diffqas.circuits import QLSTM_SPACE, Candidate, SearchSpace, as_space
from diffqas.errors import choose, require, whole
from diffqas.layers.gates import GateCircuits
from diffqas.layers.parameter_report import QLSTMReport
from diffqas.layers.recurrence import SQUASHES, State, unroll
from diffqas.simulator import eager

T = TypeVar("T")


class QLSTM(DescribedModule):
    """f, i, o = sigmoid(QNN(v)), g = tanh(QNN(v)), c' = f c + i g, h' = o tanh(c').

    The input of the gates is v = cat(x, h). A gate's QNN is a weighted sum of candidate circuits on
    n = input_size + hidden_size qubits that encode v as angles. Its outputs are <Z> of the first
    hidden_size qubits (arXiv 2508.14955). Call and shapes are those of
    `torch.nn.LSTM(batch_first=True)`. All that is random at the start follows from
    `torch.manual_seed`.

    Args:
        input_size: the values per moment.
        hidden_size: the length of h and c.
        depth: the layers of the circuits.
        candidates: circuits of CNOTs and rotations that encode each input by one rotation; a user's
            own circuits are refused. The weight of a single candidate is fixed, at 1 unless the
            relaxation says otherwise.
        sharing: `"separate"` (angles for each candidate of each gate) or `"shared"` (for each
            gate).
        reservoir: whether the angles stay as they are drawn; only structural weights are trained.
        relaxation: `"raw"`, `"softmax"`, `"gumbel"` or a relaxation object.
        num_layers: the number of networks on top of each other, each of which reads the outputs of
            the one below. From the second on they read hidden_size values, so they have
            2 * hidden_size qubits.
        structure: `"gate"` (structural weights for each gate) or `"shared"` (one set for the four
            of a layer).
        squash: `"none"` encodes v itself, `"arctan"` its arc tangent; the papers' summary mentions
            neither.
        spread: the standard deviation of the angles at the start, in radians.
        batch_first: only True. This argument and the next three explain a call of `torch.nn.LSTM`.
        bidirectional: only False.
        dropout: only 0.
        proj_size: only 0.

    Raises:
        ArgumentError: a wrong argument.

    >>> cell = QLSTM(1, 2, depth=2, sharing="shared")
    >>> print(cell.parameter_report())
    168 trainable numbers: 24 angles + 144 structural, 3 qubits, depth 2
    >>> output, (h, c) = cell(torch.zeros(10, 4, 1))
    >>> output.shape, h.shape
    (torch.Size([10, 4, 2]), torch.Size([1, 10, 2]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        depth: int = 5,
        candidates: SearchSpace | Iterable[Candidate] = QLSTM_SPACE,
        sharing: str = "separate",
        reservoir: bool = False,
        relaxation: str | Relaxation = "raw",
        num_layers: int = 1,
        *,
        structure: str = "gate",
        squash: str = "none",
        spread: float = 0.01,
        batch_first: bool = True,
        bidirectional: bool = False,
        dropout: float = 0.0,
        proj_size: int = 0,
    ) -> None:
        super().__init__()
        sizes = {"input_size": input_size, "hidden_size": hidden_size, "num_layers": num_layers}
        for name, size in sizes.items():
            require(whole(size), name, "be a whole number of at least 1", repr(size))
        require(isinstance(reservoir, bool), "reservoir", "be True or False", repr(reservoir))
        # Of these arguments of `torch.nn.LSTM` the cell has one value only. A message tells what
        # to do instead; otherwise the cell would silently compute something else.
        rule = "be True (transpose the input instead)"
        require(batch_first is True, "batch_first", rule, batch_first)
        rule = "be False (use two cells instead)"
        require(bidirectional is False, "bidirectional", rule, bidirectional)
        rule = "be 0 (stack cells with nn.Dropout between them instead)"
        require(dropout == 0, "dropout", rule, dropout)
        rule = "be 0 (put an nn.Linear behind the cell instead)"
        require(proj_size == 0, "proj_size", rule, proj_size)
        require(spread >= 0, "spread", "be at least 0", spread)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.squash = choose(squash, SQUASHES, "squash")
        space, relaxed = as_space(candidates), as_relaxation(relaxation)
        self.layers = nn.ModuleList(
            GateCircuits(
                space, width + hidden_size, hidden_size, depth, relaxed, sharing, structure, spread
            )
            for width in (input_size, *[hidden_size] * (num_layers - 1))
        )
        # A reservoir keeps its random angles; only structural weights and the head learn.
        for layer in self.circuits:
            layer.angles.requires_grad_(not reservoir)

    @property
    def circuits(self) -> list[GateCircuits]:
        """The circuits of every layer."""
        return [layer for layer in self.layers if isinstance(layer, GateCircuits)]

    @property
    def progress(self) -> float:
        """The share of the training done, 0 to 1.

        The training loop sets it, and annealed relaxations read it.
        """
        return self.circuits[0].progress

    @progress.setter
    def progress(self, value: float) -> None:
        for layer in self.circuits:
            layer.progress = value

    def state_choices(self) -> Mapping[str, object]:
        """Choices that a `state_dict` tells, and that it is compared by when it is loaded."""
        first = self.circuits[0]
        return {
            "input_size": self.input_size,
            "hidden_size": self.hidden_size,
            "num_layers": self.num_layers,
            "depth": first.depth,
            "sharing": first.sharing,
            "structure": "gate" if len(first.choice) > 1 else "shared",
            "relaxation": first.relaxation,
            "squash": self.squash,
            # After `discretize` every layer has candidates of its own, and every gate picks some.
            "candidates": tuple(tuple(layer.candidates) for layer in self.circuits),
            "choice": tuple(layer.choice.tolist() for layer in self.circuits),
        }

    @eager
    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Run the cell over a sequence.

        Args:
            x: (batch, time, input_size) or, for one sample, (time, input_size), with the dtype and
                device of the angles.
            state: h and c before the first moment, (num_layers, batch, hidden_size) each, without
                the batch for one sample; None means 0.

        Returns:
            h of the last layer at every moment, (batch, time, hidden_size), and h and c of every
            layer after the last moment, shaped like `state`; without the batch for one sample.

        Raises:
            ArgumentError: an input or state of the wrong shape, dtype or device.
        """
        self._check("x", x, isinstance(x, Tensor) and x.dim() in (2, 3))
        rule = f"have the shape (batch, time, {self.input_size}) or (time, {self.input_size})"
        got = tuple(x.shape)
        require(got[-1] == self.input_size and 0 not in got, "x", rule, got)
        hidden, memory = self._start(x, state)
        single = x.dim() == 2
        if single:
            x, hidden, memory = x.unsqueeze(0), hidden.unsqueeze(1), memory.unsqueeze(1)
        x, (h, c) = unroll(self.circuits, x, (hidden, memory), self.squash)
        if single:
            return x.squeeze(0), (h.squeeze(1), c.squeeze(1))
        return x, (h, c)

    def _start(self, x: Tensor, state: State | None) -> State:
        shape = (self.num_layers, *x.shape[:-2], self.hidden_size)
        if state is None:
            return x.new_zeros(shape), x.new_zeros(shape)
        pair = isinstance(state, (tuple, list)) and len(state) == 2
        require(pair, "state", "be a pair (h, c)", type(state).__name__)
        for name, part in zip(("h", "c"), state, strict=True):
            self._check(f"state ({name})", part, True)
            got = tuple(part.shape)
            require(got == shape, f"state ({name})", f"have the shape {shape}", got)
        return state[0], state[1]

    def _check(self, name: str, tensor: Tensor, shaped: bool) -> None:
        like = self.circuits[0].angles
        kind = tensor.dtype if isinstance(tensor, Tensor) else type(tensor).__name__
        require(kind == like.dtype, name, f"be a {like.dtype} tensor like the angles", kind)
        rule = f"be on the device of the angles, {like.device}"
        require(tensor.device == like.device, name, rule, tensor.device)
        require(shaped, name, "have two or three dimensions", tensor.dim())

    @property
    def structural_weights(self) -> Tensor:
        """Noiseless weights after the relaxation, (num_layers, gates, candidates) as in `chosen`.

        The gates are forget, input, output and cell; with `structure="shared"` there is one row for
        all.
        """
        return torch.stack([layer.weights.detach() for layer in self.circuits])

    @property
    def chosen(self) -> dict[str, SearchSpace]:
        """Candidates of each gate, such as `forget_l0`; `all_l0` if the structure is shared."""
        pairs = ((layer.rows, layer.spaces) for layer in self.circuits)
        return self._named(zip(*pair, strict=True) for pair in pairs)

    def ranking(self) -> Rankings:
        """Candidates of each gate by what they contribute, best first, by the names of `chosen`.

        With raw weights the contribution is |w| times the standard deviation of the outputs over
        inputs uniform in [-1, 1]; otherwise it is the weight. Candidates that are provably the same
        function are merged.
        """
        squash = SQUASHES[self.squash]
        rankings = (zip(layer.rows, layer.ranking(squash), strict=True) for layer in self.circuits)
        return Rankings(self._named(rankings))

    def discretize(self, k: int = 1) -> QLSTM:
        """A new cell with the k best candidates of each gate, ready to evaluate or retrain.

        Different gates may keep different candidates. Angles are kept. Of candidates that are the
        same function one is kept, with the sum of their weights.

        Raises:
            ArgumentError: `k` is out of range, or the contributions are not finite.
        """
        rankings = [layer.ranking(SQUASHES[self.squash]) for layer in self.circuits]
        rows = iter(best([entries for layer in rankings for entries in layer], k))
        found = copy.deepcopy(self)
        found.layers = nn.ModuleList(
            layer.restricted([next(rows) for _ in own])
            for layer, own in zip(self.circuits, rankings, strict=True)
        )
        return found

    def parameter_report(self) -> QLSTMReport:
        """Counts of trained and frozen numbers."""
        angles = [layer.angles for layer in self.circuits]
        weights = [layer.structure for layer in self.circuits]
        return QLSTMReport(
            qubits=tuple(layer.n for layer in self.circuits),
            depth=self.circuits[0].depth,
            circuit=sum(each.numel() for each in angles if each.requires_grad),
            structure=sum(each.numel() for each in weights if each.requires_grad),
            frozen=sum(each.numel() for each in (*angles, *weights) if not each.requires_grad),
        )

    def parameter_groups(self, lr: float) -> list[ParameterGroup]:
        """Groups for `torch.optim`: angles and structure at `lr`; frozen ones are left out."""
        return trained(circuit_parameters(self.circuits), {}, lr)

    def extra_repr(self) -> str:
        """Line shown by print(model)."""
        return f"{self.input_size}, {self.hidden_size}, squash={self.squash}"

    @staticmethod
    def _named(layers: Iterable[Iterable[tuple[str, T]]]) -> dict[str, T]:
        """Values of each layer's rows under names as `forget_l0`."""
        named: dict[str, T] = {}
        for index, rows in enumerate(layers):
            named |= {f"{name}_l{index}": value for name, value in rows}
        return named


def circuit_parameters(layers: Sequence[GateCircuits]) -> dict[str, list[nn.Parameter]]:
    """Angles and structure of layers, single or stacked."""
    return {
        "angles": [layer.angles for layer in layers],
        "structure": [layer.structure for layer in layers],
    }
