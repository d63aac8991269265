"""The results of a searched layer's circuits on a device, for many samples at once.

Every candidate is measured in every basis that the observables need. An output is linear in the
frequencies f of the bit strings: it is the sum over candidates j and bases b of w_j f_jb V_b, where
V_b holds the value of each bit string for each output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from diffqas.devices import Readable
from diffqas.layers.found_circuits import (
    FoundCircuit,
    all_circuits,
    layer_settings,
    readable,
)
from diffqas.simulator import gate_states, turned_states

if TYPE_CHECKING:
    from diffqas.layers.quantum_layer import QuantumLayer


class LayerReadings:
    """The exact probabilities of all results of a layer, and its outputs from frequencies.

    Args:
        layer: a single layer.
        x: samples, (samples, inputs).

    Attributes:
        circuits: the candidates with their weights, in the layer's order.
        bases: the measurements of each circuit.
        probabilities: float64 (candidates, bases, samples, 2**n), with qubit 0 as the most
            significant bit.
        weights: the structural weights, float64 (outputs, candidates).
        tables: the value of each result for each output, float64 (bases, 2**n, outputs).

    Raises:
        ArgumentError: the layer is a stack of several.
    """

    def __init__(self, layer: QuantumLayer, x: Tensor) -> None:
        self.n = layer.n
        self.circuits: list[FoundCircuit] = all_circuits(layer)
        self.bases = layer_settings(layer)
        every = [self._measured(circuit, x) for circuit in self.circuits]
        self.probabilities = torch.stack(every)
        own = [circuit.weights for circuit in self.circuits]
        self.weights = torch.tensor(own, dtype=torch.float64).T
        tables = [basis.table(layer.n, layer.outputs) for basis in self.bases]
        self.tables = torch.from_numpy(np.stack(tables))

    def _measured(self, circuit: FoundCircuit, x: Tensor) -> Tensor:
        """Probabilities of one circuit, (bases, samples, 2**n)."""
        states = gate_states(circuit.gates, self.n, x)
        found: list[Tensor] = []
        for basis in self.bases:
            turns = [(turn.qubits, torch.from_numpy(turn.matrix)) for turn in basis.turns]
            p = turned_states(states, turns).abs().square()
            found.append(p / p.sum(-1, keepdim=True))
        return torch.stack(found)

    def readable(self, place: int, basis: int) -> Readable:
        """A candidate as it is measured in a basis."""
        return readable(self.circuits[place], self.n, self.bases[basis])

    def outputs(self, results: Tensor) -> Tensor:
        """Outputs of the layer, (samples, outputs).

        Args:
            results: shares of every result, (candidates, bases, samples, 2**n).
        """
        return torch.einsum("cbsi,bio,oc->so", results, self.tables, self.weights)

    def mixed(self) -> Tensor:
        """Probabilities of the mixture, (bases, samples, 2**n).

        The weights must be a probability distribution that all outputs share.
        """
        return torch.einsum("cbsi,c->bsi", self.probabilities, self.weights[0])

    def outputs_of_mixture(self, results: Tensor) -> Tensor:
        """Outputs (samples, outputs) by shares (bases, samples, 2**n) of the mixture itself."""
        return torch.einsum("bsi,bio->so", results, self.tables)
