"""A trained network is adapted: circuits write one of its layers, all else stays frozen."""

from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import nn

from diffqas import QuantumTrain

torch.manual_seed(0)
# Stands for a network that was trained; nothing is downloaded.
base = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 3))

# Names of parameters as in state_dict, * for any letters. With LoRA: parameters="*lora_*".
model = QuantumTrain(base, depth=2, parameters="2.*")
print(model.parameter_report())

x, labels = torch.randn(60, 6), torch.arange(60) % 3
optimizer = torch.optim.Adam(model.parameter_groups(lr=0.02))
for _ in range(20):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), labels).backward()
    optimizer.step()

# The file holds the trained numbers and the choices, not the base; it is put onto the same base.
with TemporaryDirectory() as place:
    file = Path(place, "adapter.safetensors")
    model.save_generator(file)
    again = QuantumTrain.from_generator(file, target=base)
    print("the same outputs:", torch.allclose(again(x), model(x), atol=1e-6))
