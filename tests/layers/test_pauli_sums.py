"""Observables as sums of Pauli strings: the outputs of the layer they belong to."""

import numpy as np
import pytest
import torch

from diffqas import Diagonal, Hermitian, PauliStrings, QuantumLayer, Z
from diffqas.circuits import PAULIS, QLSTM_SPACE
from diffqas.errors import ArgumentError
from diffqas.layers import LayerReadings, pauli_sums
from diffqas.simulator import gate_states

OBSERVABLES = [
    Z(),
    PauliStrings(("ZII", "XIY", "IYX")),
    PauliStrings(("ZII", "XIY", "IYX", "III"), trained=True),
    Diagonal(2),
    Hermitian(2),
]


@pytest.mark.parametrize("observables", OBSERVABLES, ids=str)
def test_expectations_of_the_sums_are_the_outputs(observables):
    torch.manual_seed(0)
    candidates = [QLSTM_SPACE[9]]
    layer = QuantumLayer(3, 3, candidates=candidates, observables=observables).double()
    x = torch.randn(4, 3, dtype=torch.float64)
    (found,) = LayerReadings(layer, x).circuits
    states = gate_states(found.gates, 3, x).numpy()
    outputs = np.zeros((4, 3))
    for output, terms in enumerate(pauli_sums(layer)):
        for string, coefficient in terms.items():
            matrix = np.eye(1)
            for letter in string:
                matrix = np.kron(matrix, PAULIS[letter])
            means = np.einsum("si,ij,sj->s", states.conj(), matrix, states).real
            outputs[:, output] += found.weights[output] * coefficient * means
    np.testing.assert_allclose(outputs, layer(x).detach().numpy(), atol=1e-12)


def test_wide_observables_are_refused():
    torch.manual_seed(0)
    layer = QuantumLayer(7, 1, candidates=[QLSTM_SPACE[9]], observables=Diagonal(7))
    with pytest.raises(ArgumentError, match="`observables` must act on at most 6 qubits each"):
        pauli_sums(layer)
