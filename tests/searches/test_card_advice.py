"""Where a card was slower than the CPU, one line says so."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from diffqas import QuantumTrain
from diffqas.layers import HybridModel, QuantumLayer
from diffqas.quantum_train import Lockstep
from diffqas.searches.card import advice
from diffqas.tasks import Split, Task, auto_settings
from diffqas.training import Training

SETTINGS = replace(auto_settings(4), epochs=1)
MSE = nn.functional.mse_loss


def training(target, relaxation="raw"):
    model = QuantumTrain(target, depth=1, relaxation=relaxation)
    inputs = torch.randn(4, target.in_features)
    split = Split(inputs, target(inputs).detach())
    task = Task("own", split, split, lambda: target, MSE, {"mse": MSE})
    return model, Training(Lockstep([model]), task, SETTINGS, [0])


def test_a_step_that_is_recorded_pays_with_few_qubits():
    assert advice("cuda", *training(nn.Linear(20, 50))) is None


@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_few_qubits_are_told_where_noise_is_new_in_each_step(device):
    model, own = training(nn.Linear(20, 50), "gumbel")
    line = advice(device, model, own)
    assert line.startswith("11 qubits, and steps that cannot be recorded as a CUDA graph: below 15")
    assert "\n" not in line
    assert advice("cpu", model, own) is None


def test_many_qubits_pay_in_any_case():
    assert advice("cuda", *training(nn.Linear(200, 100), "gumbel")) is None


def test_a_small_layer_is_told():
    _, own = training(nn.Linear(3, 2))
    small, larger = (HybridModel(QuantumLayer(qubits, 2, depth=1), classes=2) for qubits in (4, 8))
    assert advice("cuda", small, own).startswith("4 qubits: a layer of 4 was faster on the CPU")
    assert advice("cuda", larger, own) is None
