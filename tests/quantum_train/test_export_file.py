"""The exported network's file, read by a program that has plain torch and no diffqas."""

import json
import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file

READER = """
import json, sys
sys.modules["diffqas"] = None  # cannot be imported
try:
    import diffqas
except ImportError:
    pass
else:
    raise SystemExit("diffqas can be imported")
import torch
from torch import nn
from safetensors.torch import load_file

class First(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer
    def forward(self, x):
        return self.layer(x)[0]

TARGETS = {
    "batch-norm": lambda: nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Tanh(), nn.Flatten(), nn.Linear(48, 2)),
    "lstm": lambda: First(nn.LSTM(2, 3, num_layers=2, batch_first=True)),
    "transformer": lambda: nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True),
}
result = {}
for name, make in TARGETS.items():
    target = make().double().eval()
    target.load_state_dict(load_file(f"{sys.argv[1]}/{name}.safetensors"), strict=True)
    x = load_file(f"{sys.argv[1]}/{name}-inputs.safetensors")["x"]
    with torch.no_grad():
        result[name] = target(x).flatten().tolist()
print(json.dumps(result))
"""


def test_a_program_without_diffqas_gives_the_same_outputs(one_case, tmp_path):
    expected = {}
    for name in ("batch-norm", "lstm", "transformer"):
        case = one_case(name)
        model = case.model()
        model(case.x)
        save_file(model.export().state_dict(), tmp_path / f"{name}.safetensors")
        save_file({"x": case.x}, tmp_path / f"{name}-inputs.safetensors")
        expected[name] = model.eval()(case.x).flatten().tolist()
    command = [sys.executable, "-I", "-c", READER, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    outputs = json.loads(done.stdout)
    for name, values in expected.items():
        assert outputs[name] == pytest.approx(values, rel=1e-9, abs=1e-11)
        assert torch.tensor(values).std() > 1e-3
