"""Candidates of your own beside one of the twelve: a class, and a circuit from a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from diffqas import TABLE_I, Ansatz, Gate, QuantumTrain, Slot, read_qasm


@dataclass(frozen=True)
class Ising(Ansatz):
    """RY on every qubit, then RZZ between neighbours; both angles are learned."""

    rotations_per_qubit = 2

    def layer(self, n: int) -> Sequence[Gate]:
        """Gates of one layer, in the order in which they act."""
        turns = [Gate("ry", (q,), Slot(q)) for q in range(n)]
        couplings = [Gate("rzz", (q, q + 1), Slot(q, 1)) for q in range(n - 1)]
        return turns + couplings


torch.manual_seed(0)
# Four qubits write the 16 numbers of nn.Linear(3, 4). Reading the file needs diffqas[qasm].
candidates = [TABLE_I[7], Ising(), read_qasm(Path(__file__).with_name("mine.qasm"))]
model = QuantumTrain(nn.Linear(3, 4), depth=2, candidates=candidates)

x = torch.randn(64, 3)
optimizer = torch.optim.Adam(model.parameter_groups(lr=0.02))
for _ in range(10):
    optimizer.zero_grad()
    nn.functional.mse_loss(model(x), x.cumsum(1)[:, [0, 1, 2, 2]]).backward()
    optimizer.step()
for place in model.ranking():
    print(place.candidate.name)
