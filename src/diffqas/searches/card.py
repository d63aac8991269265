"""Whether a graphics card pays off for a model, in one line, as measured (docs/card.md)."""

from __future__ import annotations

import torch

from diffqas.kinds import AnyModel, SearchTraining
from diffqas.layers import HybridModel
from diffqas.optimisers import Steady
from diffqas.quantum_train import QuantumTrain
from diffqas.training import Training

LAUNCHED_PAYS_FROM = 15
"""Qubits from which an H200 was faster than one core of its host, steps launched one by one:
13 qubits 5.9 ms against 2.2, 17 qubits 6.2 against 40. Recorded steps were so at every size.
"""

LAYER_PAYS_FROM = 6
"""Qubits from which a layer with data is presumably faster there: with 4 qubits a recorded step
took 2.1 ms against 0.2 on a CPU, with 8 qubits 2.5 against 5.9.
"""


def advice(device: str, model: AnyModel, training: SearchTraining) -> str | None:
    """Advice against a graphics card, if one was slower than the host at such a model."""
    if torch.device(device).type != "cuda":
        return None
    better = "--device cpu may be the better choice."
    if isinstance(model, HybridModel) and model.layer.n < LAYER_PAYS_FROM:
        return (
            f"{model.layer.n} qubits: a layer of 4 was faster on the CPU than on a card "
            f"(0.2 ms a step against 2.1 on an H200); {better}"
        )
    if not isinstance(model, QuantumTrain) or _recorded(training):
        return None
    n = model.generator.mapping.n
    if n >= LAUNCHED_PAYS_FROM:
        return None
    return (
        f"{n} qubits, and steps that cannot be recorded as a CUDA graph: below "
        f"{LAUNCHED_PAYS_FROM} qubits the CPU was faster than a card then (measured on an H200); "
        f"{better}"
    )


def _recorded(training: SearchTraining) -> bool:
    """Whether the steps of the training are recorded on a graphics card."""
    if not isinstance(training, Training) or not isinstance(training.population, Steady):
        return False
    return training.population.new_in_each_step is None
