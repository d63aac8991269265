"""A quantum fast weight programmer in a loop of your own: its memory are a circuit's angles."""

import torch
from torch import nn

from diffqas import QFWP

torch.manual_seed(0)
cell = QFWP(1, 3, qubits=4)  # one input, three outputs, 36 candidates on four qubits
head = nn.Linear(3, 1)
optimizer = torch.optim.Adam([*cell.parameter_groups(0.02), {"params": head.parameters()}], lr=0.02)

# Windows of four moments of a sine, and the moment after each.
wave = torch.sin(torch.arange(60) / 4)
windows = wave.unfold(0, 5, 1)
inputs, targets = windows[:, :4, None], windows[:, 4:]

for epoch in range(8):
    optimizer.zero_grad()
    outputs, state = cell(inputs)  # (samples, moments, outputs), and the angles that were written
    loss = nn.functional.mse_loss(head(outputs[:, -1]), targets)
    loss.backward()
    optimizer.step()
    print(f"epoch {epoch + 1}: {loss.item():.4f}")

found = cell.discretize(k=1)  # the best circuit, with the slow network that programs it
print(found.chosen["all"].names, found.programmed(inputs[0]).to_qasm().splitlines()[0])
