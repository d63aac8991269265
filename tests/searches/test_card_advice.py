"""Where a card was slower than the CPU, one line says so."""

import pytest
from torch import nn

from diffqas import QLSTM, QuantumTrain
from diffqas.layers import Forecaster
from diffqas.searches.card import advice


def test_few_qubits_are_told():
    model = QuantumTrain(nn.Linear(20, 50), depth=1)
    line = advice("cuda", model)
    assert line.startswith("11 qubits: below 15 the CPU was faster than a card (measured on one")
    assert "\n" not in line
    assert advice("cpu", model) is None


@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_a_quantum_lstm_is_told(device):
    assert "A quantum LSTM was faster on the CPU" in advice(
        device, Forecaster(QLSTM(1, 2, depth=1))
    )


def test_many_qubits_and_other_models_are_not():
    assert advice("cuda", QuantumTrain(nn.Linear(200, 100), depth=1)) is None
    assert advice("cuda", nn.Linear(3, 2)) is None
