"""A searched quantum layer between two ordinary ones, and the circuit that it finds."""

import torch
from torch import nn

from diffqas import QLSTM_SPACE, Diagonal, QuantumLayer

torch.manual_seed(0)
# Two rings, one in the other: a linear classifier is right for half of the points.
turn, radius = 6.3 * torch.rand(200), torch.randint(2, (200,))
points = (0.5 + radius + 0.1 * torch.randn(200)) * torch.stack((turn.cos(), turn.sin()))
points = points.T

layer = QuantumLayer(
    inputs=2,
    outputs=2,
    qubits=4,  # each input on two qubits
    depth=2,
    uploads=2,  # the inputs are encoded before each of the two layers
    candidates=QLSTM_SPACE,
    observables=Diagonal(2),
)
model = nn.Sequential(layer, nn.Linear(2, 2))
print(layer.parameter_report())

head = {"params": model[1].parameters(), "lr": 0.05}
optimizer = torch.optim.Adam([*layer.parameter_groups(lr=0.05), head])
for _ in range(60):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(points), radius).backward()
    optimizer.step()


def accuracy():
    """Share of the points that the model is right about."""
    return (model(points).argmax(1) == radius).float().mean().item()


print(f"36 candidates: {accuracy():.1%} of the points are right")


def error():
    """Loss of the whole model on all points."""
    return nn.functional.cross_entropy(model(points), radius)


# The candidate that the loss needs most, then a few steps with it alone.
model[0] = found = layer.discretize(k=1, by="perturbation", loss=error)
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
for _ in range(60):
    optimizer.zero_grad()
    error().backward()
    optimizer.step()
print(f"{found.chosen['all'].names[0]} alone: {accuracy():.1%}")
print(found.to_qasm().splitlines()[2])
