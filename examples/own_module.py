"""A module of your own, whose weights a searched circuit writes."""

import torch
from torch import nn

from diffqas import QuantumTrain

torch.manual_seed(0)
target = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 1))  # any nn.Module
model = QuantumTrain(target, depth=3)
optimizer = torch.optim.Adam(model.parameter_groups(lr=0.01))

x = torch.randn(128, 8)
y = x[:, :1] * x[:, 1:2]
for _ in range(30):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()

print(model.parameter_report())
print(f"loss {loss.item():.3f}, led by {model.ranking()[0].candidate.name}")
network = model.export()  # a plain nn.Sequential: no circuit is needed any more
