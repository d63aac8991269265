"""The results of a quantum LSTM's circuits on a device, moment by moment.

Every candidate of every gate is a separate circuit. The results at one moment decide the inputs of
all circuits at the next one, so that a sequence is measured in as many rounds as it has moments.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import torch
from torch import Tensor

from diffqas.circuits import operations
from diffqas.devices import Readable
from diffqas.errors import require
from diffqas.layers.gates import GATES
from diffqas.layers.qlstm import QLSTM
from diffqas.layers.recurrence import unroll
from diffqas.simulator import MAX_COEFFICIENT_QUBITS, features, final_states

if TYPE_CHECKING:
    from diffqas.circuits import AnyCandidate

Round: TypeAlias = Callable[[Tensor], Tensor]
"""Means of Z of some circuits at inputs (samples, n): (circuits, samples, hidden_size)."""


class GateReadings:
    """The circuits of a quantum LSTM of one layer.

    Args:
        cell: a cell with one layer.

    Attributes:
        n: the number of qubits.
        places: for each circuit its gate and its place among the candidates.
        weights: the structural weight of each circuit, float64 (circuits,).
        live: the indices of the circuits that are not constant.
        coefficients: the coefficients of their outputs as in `Observables`, float64 (circuits,
            hidden_size, 3**n).

    Raises:
        ArgumentError: the cell has several layers, or circuits too wide for their coefficients.
    """

    def __init__(self, cell: QLSTM) -> None:
        require(cell.num_layers == 1, "cell", "have one layer", cell.num_layers)
        layer = copy.deepcopy(cell.circuits[0]).cpu().double()
        rule = f"have at most {MAX_COEFFICIENT_QUBITS} qubits"
        require(layer.n <= MAX_COEFFICIENT_QUBITS, "cell", rule, layer.n)
        self.n, self.hidden, self.squash = layer.n, cell.hidden_size, cell.squash
        self.candidates, self._separate = layer.candidates, layer.separate
        with torch.no_grad():
            weights, every = layer.mixed_alone()
            self._angles = layer.angles_of_gates()
        named = layer.choice.expand(len(GATES), -1).tolist()
        self.places = [(gate, place) for gate in range(len(GATES)) for place in named[gate]]
        rows, columns = (torch.tensor(few) for few in zip(*self.places, strict=True))
        self.weights, self.coefficients = weights[rows, columns], every[rows, columns]
        known = [finding.constant is not None for finding in layer.findings(layer.candidates)]
        self.live = [index for index, (_, place) in enumerate(self.places) if not known[place]]
        states = torch.arange(2**self.n)
        bits = [states >> (self.n - 1 - qubit) & 1 for qubit in range(self.hidden)]
        self._signs = 1 - 2 * torch.stack(bits, dim=1).double()

    def candidate(self, index: int) -> tuple[str, AnyCandidate]:
        """Gate and candidate of a circuit."""
        gate, place = self.places[index]
        return GATES[gate], self.candidates[place]

    def readable(self, index: int) -> Readable:
        """A circuit as it is measured; its inputs are the values of v in order."""
        gate, place = self.places[index]
        candidate = self.candidates[place]
        names = [f"x{qubit}" for qubit in range(self.n)]
        gates = operations(candidate, self._of(gate, place).tolist(), names)
        return Readable(candidate.name, self.n, gates)

    def probabilities(self, v: Tensor, chosen: Sequence[int]) -> Tensor:
        """Exact ones of some circuits, (chosen, samples, 2**n), at v (samples, n)."""
        every: list[Tensor] = []
        for angles in self._angles:
            states = final_states(self.candidates, v.unsqueeze(1), angles, separate=self._separate)
            every.append(states.abs().square().transpose(0, 1))
        found = torch.stack(every)
        rows, columns = ([self.places[index][part] for index in chosen] for part in (0, 1))
        p = found[rows, columns]
        return p / p.sum(-1, keepdim=True)

    def means(self, shares: Tensor) -> Tensor:
        """Of Z, (circuits, samples, hidden_size), by shares (circuits, samples, 2**n)."""
        return shares @ self._signs

    def hidden_of(self, x: Tensor, coefficients: Tensor) -> Tensor:
        """The state h after the last moment, (samples, hidden_size), by exact coefficients.

        Args:
            x: windows of one value per moment, float64 (samples, time).
            coefficients: coefficients of every circuit, in the form of the attribute.
        """
        mixed = self._summed(coefficients)

        def gates(v: Tensor) -> Tensor:
            return torch.einsum("sf,gkf->gsk", features(v.squeeze(0)), mixed)

        return self._last(gates, x)

    def hidden_by(self, x: Tensor, chosen: Sequence[int], read: Round) -> Tensor:
        """The state h as in `hidden_of`, but with some circuits measured at each moment.

        Args:
            x: as in `hidden_of`.
            chosen: the indices of the circuits that are measured.
            read: the function that measures them.
        """
        others = self.coefficients.clone()
        others[list(chosen)] = 0
        mixed = self._summed(others)
        gates_of = torch.tensor([self.places[index][0] for index in chosen])
        weights = self.weights[list(chosen)]

        def gates(v: Tensor) -> Tensor:
            inputs = v.squeeze(0)
            known = torch.einsum("sf,gkf->gsk", features(inputs), mixed)
            return known.index_add(0, gates_of, weights[:, None, None] * read(inputs))

        return self._last(gates, x)

    def _of(self, gate: int, place: int) -> Tensor:
        """Angles of one circuit."""
        return self._angles[gate, place] if self._separate else self._angles[gate]

    def _summed(self, coefficients: Tensor) -> Tensor:
        """Of each gate the weighted sum over its circuits, (4, hidden_size, 3**n)."""
        rows = torch.tensor([gate for gate, _ in self.places])
        start = coefficients.new_zeros(len(GATES), *coefficients.shape[1:])
        return start.index_add(0, rows, self.weights[:, None, None] * coefficients)

    def _last(self, gates: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        start = x.new_zeros(1, len(x), self.hidden)
        _, (h, _) = unroll([lambda: gates], x.unsqueeze(-1), (start, start), self.squash)
        return h[-1]
