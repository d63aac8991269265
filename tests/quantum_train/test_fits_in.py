"""A QuantumTrain is an ordinary module: other people's training code takes it as it is."""

import os
import subprocess
import sys

import pytest
import torch
from torch import nn

from diffqas import QuantumTrain


def network():
    return nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1))


@pytest.fixture
def model():
    return QuantumTrain(network(), depth=3)


@pytest.fixture
def data():
    x = torch.randn(32, 4, generator=torch.Generator().manual_seed(5))
    return x, x[:, :1] * x[:, 1:2]


def gradients(model):
    return {name: p.grad.clone() for name, p in model.named_parameters()}


def test_gradients_accumulate_over_parts_of_a_batch(model, data):
    x, y = data
    nn.functional.mse_loss(model(x), y).backward()
    whole = gradients(model)
    model.zero_grad()
    for few, wanted in zip(x.split(8), y.split(8), strict=True):
        (nn.functional.mse_loss(model(few), wanted) / 4).backward()
    for name, gradient in gradients(model).items():
        torch.testing.assert_close(gradient, whole[name], rtol=1e-4, atol=1e-6)


def test_autocast_is_for_the_target_and_leaves_the_circuits_exact(model, data):
    x, y = data
    exact = model.generate()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = model(x)
        weights = model.generate()
        loss = nn.functional.mse_loss(output.float(), y)
    assert output.dtype == torch.bfloat16
    assert all(torch.equal(weights[name], exact[name]) for name in exact)
    loss.backward()
    assert all(g.dtype == torch.float32 and g.isfinite().all() for g in gradients(model).values())
    torch.testing.assert_close(output.float(), model(x), rtol=0.05, atol=0.05)


def test_the_target_can_be_compiled(model, data):
    x, y = data
    nn.functional.mse_loss(model(x), y).backward()
    plain = gradients(model)
    model.zero_grad()
    model.target.module.compile(backend="aot_eager")
    nn.functional.mse_loss(model(x), y).backward()
    for name, gradient in gradients(model).items():
        torch.testing.assert_close(gradient, plain[name], rtol=1e-4, atol=1e-6)


PROCESS = """
import sys, torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from diffqas import QuantumTrain

rank, folder = int(sys.argv[1]), sys.argv[2]
meet = f"file://{folder}/meet"
torch.distributed.init_process_group("gloo", init_method=meet, rank=rank, world_size=2)
torch.manual_seed(rank)  # the first process's numbers are given to the other
model = QuantumTrain(nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1)), depth=3)
start = {name: p.detach().clone() for name, p in model.named_parameters()}
x = torch.randn(32, 4, generator=torch.Generator().manual_seed(5))
y = x[:, :1] * x[:, 1:2]
shared = DistributedDataParallel(model)
half = slice(16 * rank, 16 * rank + 16)
nn.functional.mse_loss(shared(x[half]), y[half]).backward()
grads = {n: p.grad for n, p in model.named_parameters()}
torch.save({"grad": grads, "start": start}, f"{folder}/{rank}.pt")
torch.distributed.destroy_process_group()
"""


@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="this torch has no gloo")
def test_two_processes_average_to_the_gradient_of_the_whole_batch(data, tmp_path):
    environment = os.environ | {"GLOO_SOCKET_IFNAME": "lo", "DIFFQAS_COMPILED": "0"}
    command = [sys.executable, "-c", PROCESS]
    workers = [
        subprocess.Popen(
            [*command, str(rank), str(tmp_path)], env=environment, stderr=subprocess.PIPE, text=True
        )
        for rank in (0, 1)
    ]
    errors = [worker.communicate(timeout=240)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], errors
    found = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1)]
    torch.manual_seed(0)
    alone = QuantumTrain(network(), depth=3)
    x, y = data
    nn.functional.mse_loss(alone(x), y).backward()
    assert not torch.equal(
        found[0]["start"]["generator.circuits.angles"],
        found[1]["start"]["generator.circuits.angles"],
    )
    for name, gradient in gradients(alone).items():
        assert torch.equal(found[0]["grad"][name], found[1]["grad"][name])
        torch.testing.assert_close(found[0]["grad"][name], gradient, rtol=1e-4, atol=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_lightning_trains_and_restores_it(data, tmp_path):
    lightning = pytest.importorskip("lightning", reason="Lightning is not installed")

    class Regression(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.model = QuantumTrain(network(), depth=3)

        def training_step(self, batch, index):
            return nn.functional.mse_loss(self.model(batch[0]), batch[1])

        def configure_optimizers(self):
            return torch.optim.Adam(self.model.parameter_groups(lr=0.01))

    module = Regression()
    before = module.model.circuits.angles.detach().clone()
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*data), batch_size=16)
    quiet = {
        "logger": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "accelerator": "cpu",
    }
    trainer = lightning.Trainer(
        max_epochs=2,
        accumulate_grad_batches=2,
        default_root_dir=tmp_path,
        enable_checkpointing=False,
        **quiet,
    )
    trainer.fit(module, loader)
    assert not torch.equal(module.model.circuits.angles.detach(), before)
    trainer.save_checkpoint(tmp_path / "last.ckpt")
    again = Regression.load_from_checkpoint(tmp_path / "last.ckpt")
    assert torch.equal(again.model(data[0]), module.model(data[0]))
