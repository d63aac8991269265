"""An epoch of Bessel windows: diffqas beside a loop that runs one circuit per moment and sample.

The loop is that of the public code of arXiv 2402.17760 (PennyLane, `default.qubit`, torch
backprop): one circuit, 168 windows of four moments in batches of 10, RMSProp.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np
import pennylane as qml
import torch
from scipy.special import jv
from torch import Tensor, nn

from diffqas import QFWP, QLSTM_SPACE
from diffqas.layers import FastWeightForecaster

from .workload import cnots

QUBITS, DEPTH, READ, LATENT, BATCH = 8, 2, 4, 8, 10

LOOP_BATCHES = 2
"""Batches that the loop is timed on. An epoch has 17, each of the same circuits."""


class Loop(nn.Module):
    """The public code's cell and head: a QNode for each sample at each moment."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(1, LATENT)
        self.to_layers, self.to_qubits = nn.Linear(LATENT, DEPTH), nn.Linear(LATENT, QUBITS)
        self.head = nn.Linear(READ, 1)
        device = qml.device("default.qubit", wires=QUBITS)

        @qml.qnode(device, interface="torch", diff_method="backprop")
        def circuit(inputs: Tensor, angles: Tensor) -> object:
            for q in range(QUBITS):
                qml.Hadamard(wires=q)
            for q, value in enumerate(inputs):
                qml.RY(value, wires=q)
            for row in angles:
                for pair in cnots(QUBITS, ring=False):
                    qml.CNOT(wires=pair)
                for q, angle in enumerate(row):
                    qml.RY(angle, wires=q)
            return [qml.expval(qml.PauliZ(q)) for q in range(READ)]

        self.circuit = circuit

    def forward(self, windows: Tensor) -> Tensor:
        """(batch, time) -> (batch,)"""
        fast = windows.new_zeros(len(windows), DEPTH, QUBITS)
        for moment in windows.T.unsqueeze(-1):
            latent = self.encoder(moment)
            pairs = zip(self.to_layers(latent), self.to_qubits(latent), strict=True)
            fast = fast + torch.stack([torch.outer(*pair) for pair in pairs])
            rows = zip(moment, fast, strict=True)
            read = torch.stack([torch.stack(self.circuit(*row)) for row in rows])
            output = self.head(read).squeeze(-1)
        return output


def windows() -> tuple[Tensor, Tensor]:
    """The training windows of the Bessel series, (168, 4), and the values after them."""
    series = jv(2, np.linspace(2, 100, 256))
    scaled = 2 * (series - series.min()) / (series.max() - series.min()) - 1
    rows = torch.from_numpy(scaled).unfold(0, 5, 1)[:168]
    return rows[:, :4], rows[:, 4]


def seconds(make: Callable[[], nn.Module], epochs: int = 1, batches: int | None = None) -> float:
    """CPU seconds of an epoch after a first step.

    Args:
        make: the model.
        epochs: that are timed.
        batches: of an epoch that are timed, the whole epoch being counted from them; None: all.
    """
    torch.manual_seed(0)
    x, y = windows()
    model = make().double()
    optimizer = torch.optim.RMSprop(model.parameters(), lr=0.01)

    def step(first: int) -> None:
        optimizer.zero_grad()
        part = slice(first, first + BATCH)
        nn.functional.mse_loss(model(x[part]), y[part]).backward()
        optimizer.step()

    places = list(range(0, len(x), BATCH))
    timed = places if batches is None else places[:batches]
    samples = sum(len(x[first : first + BATCH]) for first in timed)
    step(0)
    start = time.process_time()
    for _ in range(epochs):
        for first in timed:
            step(first)
    return (time.process_time() - start) / epochs * len(x) / samples


def programmer(candidates: int) -> FastWeightForecaster:
    """The same model, its circuit one of so many candidates."""
    space = QLSTM_SPACE[:candidates]
    return FastWeightForecaster(QFWP(1, READ, QUBITS, DEPTH, space, input_qubits="first"))


def measured() -> dict[str, float]:
    """CPU seconds of an epoch by the name of what trains."""
    loop = f"PennyLane, one circuit per moment and sample (from {LOOP_BATCHES * BATCH} of 168)"
    return {
        "diffqas, the same circuit": seconds(partial(programmer, 1), 10),
        "diffqas, 36 candidates": seconds(partial(programmer, 36), 10),
        loop: seconds(Loop, batches=LOOP_BATCHES),
    }
