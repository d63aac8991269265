"""Whether a card is worth it for a model: what was measured so far, in one line."""

from __future__ import annotations

import torch

from diffqas.kinds import AnyModel
from diffqas.layers import Forecaster
from diffqas.quantum_train import QuantumTrain

PAYS_FROM = 15
"""Qubits from which one H100 was faster than one core of its host, steps launched one by one:
13 qubits 8.2 ms against 2.0, 17 qubits 11.1 against 43.9 (docs/card.md).
"""


def advice(device: str, model: AnyModel) -> str | None:
    """Where a card was slower than the host at such a model; None where it was not, or on a CPU."""
    if torch.device(device).type != "cuda":
        return None
    measured = "measured on one H100, before steps were recorded as CUDA graphs"
    if isinstance(model, QuantumTrain) and model.generator.mapping.n < PAYS_FROM:
        n = model.generator.mapping.n
        return (
            f"{n} qubits: below {PAYS_FROM} the CPU was faster than a card ({measured}); "
            "--device cpu may be the better choice."
        )
    if isinstance(model, Forecaster):
        return (
            f"A quantum LSTM was faster on the CPU than on a card ({measured}); "
            "--device cpu may be the better choice."
        )
    return None
