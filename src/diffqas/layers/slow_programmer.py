"""The slow network of a fast weight programmer: what it adds to the angles at each moment."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from diffqas.architecture import ParameterGroup
from diffqas.quantum_train import Lockstep, QuantumTrain


class SlowProgrammer(nn.Module):
    """W(x) = l(e(x)) q(e(x))^T, a matrix of rank one: rows are layers, columns are angles of one.

    There are three linear layers. The layer e gives a latent vector from the inputs. From this
    vector, l gives a number for each layer of the circuit, and q a number for each angle of a layer
    (arXiv 2402.17760, whose public code has no nonlinear function between them).

    Args:
        inputs: the length of the last dimension of x.
        latent: the length of the latent vector.
        depth: the layers of the circuit.
        columns: the angles of one layer.

    >>> SlowProgrammer(1, 8, 2, 8)(torch.zeros(10, 4, 1)).shape
    torch.Size([10, 4, 2, 8])
    """

    def __init__(self, inputs: int, latent: int, depth: int, columns: int) -> None:
        super().__init__()
        self.encoder = nn.Linear(inputs, latent)
        self.to_layers = nn.Linear(latent, depth)
        self.to_qubits = nn.Linear(latent, columns)

    def forward(self, x: Tensor) -> Tensor:
        """What is added to the angles, (..., inputs) -> (..., depth, columns) in radians."""
        latent = self.encoder(x)
        return self.to_layers(latent).unsqueeze(-1) * self.to_qubits(latent).unsqueeze(-2)

    @torch.no_grad()
    def keep_columns(self, places: list[int]) -> None:
        """Write only some of the angles of a layer from now on."""
        few = nn.Linear(self.to_qubits.in_features, len(places)).to(self.to_qubits.weight)
        few.weight.copy_(self.to_qubits.weight[places])
        few.bias.copy_(self.to_qubits.bias[places])
        self.to_qubits = few


def slow_groups(writing: QuantumTrain | Lockstep, lr: float, rate: float) -> list[ParameterGroup]:
    """Groups for `torch.optim` of the circuits that write a slow network.

    Each group has its own rate relative to that of the slow network.

    Args:
        writing: the model that writes the network, of one seed or of several.
        lr: the base rate.
        rate: the rate of the slow network relative to the base rate.
    """
    groups = writing.parameter_groups(lr * rate)
    return [{**group, "name": f"slow {group['name']}"} for group in groups]
