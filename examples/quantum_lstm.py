"""A quantum LSTM in a loop of your own: its gates are searched circuits."""

import torch
from torch import nn

from diffqas import QLSTM

torch.manual_seed(0)
cell = QLSTM(1, 3, depth=1, sharing="shared")  # one input, three hidden units: four qubits
head = nn.Linear(3, 1)
optimizer = torch.optim.Adam([*cell.parameters(), *head.parameters()], lr=0.02)

# Windows of four moments of a sine, and the moment after each.
wave = torch.sin(torch.arange(60) / 4)
windows = wave.unfold(0, 5, 1)
inputs, targets = windows[:, :4, None], windows[:, 4:]

for epoch in range(5):
    optimizer.zero_grad()
    outputs, _ = cell(inputs)  # as nn.LSTM(batch_first=True): (samples, moments, inputs)
    loss = nn.functional.mse_loss(head(outputs[:, -1]), targets)
    loss.backward()
    optimizer.step()
    print(f"epoch {epoch + 1}: {loss.item():.4f}")
