"""A searched layer is an ordinary module: other people's code takes it as it is."""

import copy
import io
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, jacrev, stack_module_state, vmap

from diffqas import QLSTM_SPACE, Diagonal, Hermitian, PauliStrings, QuantumLayer, Z
from diffqas.errors import ArgumentError, DiffqasError

FEW = tuple(QLSTM_SPACE[index] for index in (0, 7, 20, 28))
KINDS = [
    {},
    {"observables": Hermitian(2), "uploads": 2, "input_scale": "trained"},
    {"observables": Diagonal(2), "sharing": "separate", "structure": "output"},
    {"observables": PauliStrings(("ZII", "XXI"), trained=True), "inputs": 4, "qubits": 3},
]


def make(randomise, seed=0, **choices):
    sizes = {"inputs": 3, "outputs": 2, "depth": 2, "candidates": FEW}
    return randomise(QuantumLayer(**{**sizes, **choices}).double(), seed)


def hybrid(layer):
    return nn.Sequential(nn.Linear(5, layer.inputs), layer, nn.Tanh(), nn.Linear(2, 1)).double()


@pytest.mark.parametrize("choices", KINDS, ids=str)
def test_it_trains_inside_a_sequential(choices, randomise, normal):
    model = hybrid(make(randomise, **choices))
    x, y = normal(1, 20, 5), normal(2, 20, 1)
    optimiser = torch.optim.Adam(model.parameters(), 0.02)
    losses = []
    for _ in range(15):
        optimiser.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    assert all(p.grad.abs().sum() > 0 for p in model[1].parameters())


@pytest.mark.parametrize("choices", KINDS, ids=str)
def test_a_batch_of_models_by_vmap(choices, randomise, normal):
    layers = [make(randomise, seed, **choices) for seed in range(3)]
    numbers, buffers = stack_module_state(layers)
    x = normal(1, 4, layers[0].inputs)

    def call(own, kept, samples):
        return functional_call(layers[0], (own, kept), (samples,))

    together = vmap(call, in_dims=(0, 0, None))(numbers, buffers, x)
    alone = torch.stack([layer(x) for layer in layers])
    torch.testing.assert_close(together, alone)

    def loss(own, kept, samples):
        return call(own, kept, samples).square().sum()

    found = vmap(grad(loss), in_dims=(0, 0, None))(numbers, buffers, x)
    for place, layer in enumerate(layers):
        named = dict(layer.named_parameters())
        wanted = torch.autograd.grad(layer(x).square().sum(), list(named.values()))
        for name, gradient in zip(named, wanted, strict=True):
            torch.testing.assert_close(found[name][place], gradient)


@pytest.mark.parametrize("choices", KINDS, ids=str)
def test_samples_by_vmap_and_their_jacobians(choices, randomise, normal):
    layer = make(randomise, **choices)
    x = normal(1, 4, layer.inputs)
    torch.testing.assert_close(vmap(layer)(x), layer(x))
    rows = vmap(jacrev(layer))(x)
    for place, sample in enumerate(x):
        expected = torch.autograd.functional.jacobian(layer, sample)
        torch.testing.assert_close(rows[place], expected)


@pytest.mark.parametrize("choices", KINDS, ids=str)
def test_functional_call_takes_other_numbers(choices, randomise, normal):
    layer, other = make(randomise, **choices), make(randomise, 1, **choices)
    x = normal(1, 4, layer.inputs)
    found = functional_call(layer, dict(other.named_parameters()), (x,))
    assert torch.equal(found, other(x))
    found = functional_call(layer, other.state_dict(), (x,))
    assert torch.equal(found, other(x))


@pytest.mark.parametrize("choices", KINDS, ids=str)
def test_copies(choices, randomise, normal):
    layer = make(randomise, **choices)
    x = normal(1, 4, layer.inputs)
    stream = io.BytesIO()
    torch.save(layer, stream)
    stream.seek(0)
    copies = [
        copy.deepcopy(layer),
        pickle.loads(pickle.dumps(layer)),
        torch.load(stream, weights_only=False),
        pickle.loads(pickle.dumps(layer.discretize(4))),
    ]
    for one in copies:
        torch.testing.assert_close(one(x), layer(x))
    with torch.no_grad():
        copies[0].angles.add_(1)
    assert not torch.equal(copies[0](x), layer(x))


def test_threads_share_a_layer(randomise, normal):
    layer = make(randomise, observables=Diagonal(2), uploads=2)
    batches = [normal(seed, 5, 3) for seed in range(12)]

    def work(x):
        outputs = layer(x)
        return outputs, torch.autograd.grad(outputs.sum(), layer.angles)[0]

    alone = [work(x) for x in batches]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(work, batches))
    for one, other in zip(alone, together, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("choices", KINDS, ids=str)
def test_the_state_is_all_there_is(choices, randomise, normal, tmp_path):
    layer, other = make(randomise, **choices), make(randomise, 1, **choices)
    x = normal(1, 4, layer.inputs)
    torch.save(layer.state_dict(), tmp_path / "layer.pt")
    result = other.load_state_dict(torch.load(tmp_path / "layer.pt", weights_only=True))
    assert not result.missing_keys
    assert not result.unexpected_keys
    assert torch.equal(other(x), layer(x))


@pytest.mark.parametrize(
    ("choices", "named"),
    [
        ({"observables": Z((1, 0))}, "observables"),
        ({"candidates": FEW[::-1]}, "candidates"),
        ({"relaxation": "softmax"}, "relaxation"),
        ({"depth": 4, "uploads": 2}, "uploads"),
        ({"outputs": 3}, "outputs"),
    ],
    ids=str,
)
def test_a_state_of_other_choices_is_refused(choices, named, randomise):
    layer, other = make(randomise), make(randomise, 1, **choices)
    before = {name: value.clone() for name, value in layer.named_parameters()}
    with pytest.raises(ArgumentError, match=rf"`state_dict` must .*{named}") as caught:
        layer.load_state_dict(other.state_dict())
    assert "\n" not in str(caught.value)
    assert all(torch.equal(value, before[name]) for name, value in layer.named_parameters())


def test_a_found_circuit_is_no_state_of_the_search(randomise):
    layer = make(randomise)
    with pytest.raises(ArgumentError, match="candidates"):
        layer.load_state_dict(layer.discretize().state_dict())


def test_onnx_is_refused_with_a_reason(randomise, tmp_path):
    model = hybrid(make(randomise)).float().eval()
    pytest.importorskip("onnxscript")
    with pytest.raises(Exception, match="ONNX has no operator for quantum circuits") as caught:
        torch.onnx.export(model, (torch.zeros(1, 5),), tmp_path / "model.onnx", verbose=False)
    reasons, error = [], caught.value
    while error is not None:
        reasons.append(error)
        error = error.__cause__
    assert any(isinstance(reason, DiffqasError) for reason in reasons)
    assert not list(tmp_path.iterdir())


def test_gradients_accumulate_and_are_clipped(randomise, normal):
    model = hybrid(make(randomise))
    x, y = normal(1, 12, 5), normal(2, 12, 1)
    nn.functional.mse_loss(model(x), y).backward()
    whole = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    for few, wanted in zip(x.split(3), y.split(3), strict=True):
        (nn.functional.mse_loss(model(few), wanted) / 4).backward()
    for p, expected in zip(model.parameters(), whole, strict=True):
        torch.testing.assert_close(p.grad, expected)
    assert nn.utils.clip_grad_norm_(model.parameters(), 1e-3) > 0


def test_autocast_leaves_the_circuits_exact(randomise, normal):
    layer = make(randomise, observables=Diagonal(2), uploads=2, input_scale="trained").float()
    front, x = nn.Linear(5, 3), normal(1, 4, 5).float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        shown = front(x)
        found = layer(shown)
        found.square().sum().backward()
    assert (shown.dtype, found.dtype) == (torch.bfloat16, torch.float32)
    assert torch.equal(found, layer(shown.float()))
    assert all(p.grad.isfinite().all() for p in (*front.parameters(), *layer.parameters()))


@pytest.mark.filterwarnings("ignore")
def test_lightning_trains_it(randomise, normal, tmp_path):
    lightning = pytest.importorskip("lightning")

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.layer = make(randomise, observables=Diagonal(2))

        def training_step(self, batch, _):
            x, y = batch
            return (self.layer(x) - y).square().mean()

        def configure_optimizers(self):
            return torch.optim.Adam(self.layer.parameter_groups(0.01))

    data = torch.utils.data.TensorDataset(normal(1, 8, 3), normal(2, 8, 2))
    module = Module()
    before = module.layer.angles.detach().clone()
    trainer = lightning.Trainer(
        max_epochs=1,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        default_root_dir=tmp_path,
    )
    trainer.fit(module, torch.utils.data.DataLoader(data, batch_size=4))
    assert not torch.equal(module.layer.angles, before)


@pytest.mark.parametrize("choices", KINDS, ids=str)
def test_stacked_layers_are_each_layer_by_itself(choices, randomise, normal):
    layers = [make(randomise, seed, **choices) for seed in range(3)]
    together = QuantumLayer.stacked(layers)
    x = normal(1, 3, 4, 2, layers[0].inputs)
    alone = torch.stack([layer(own) for layer, own in zip(layers, x, strict=True)])
    found = together(x)
    torch.testing.assert_close(found, alone)
    same = together(x[:1].expand(3, -1, -1, -1))
    torch.testing.assert_close(same, torch.stack([layer(x[0]) for layer in layers]))
    gradients = torch.autograd.grad(found.square().sum(), list(together.parameters()))
    for place, layer in enumerate(layers):
        wanted = torch.autograd.grad(alone[place].square().sum(), list(layer.parameters()))
        for own, gradient in zip(gradients, wanted, strict=True):
            torch.testing.assert_close(own[place], gradient)
        alone = torch.stack([each(own) for each, own in zip(layers, x, strict=True)])


def test_stacked_layers_go_back_into_their_layers(randomise, normal):
    layers = [make(randomise, seed, observables=Diagonal(2)) for seed in range(3)]
    together = QuantumLayer.stacked(layers)
    with torch.no_grad():
        for parameter in together.parameters():
            parameter.add_(1.0)
    together.progress = 0.7
    together.write_back(layers)
    x = normal(1, 3, 4, 3)
    expected = torch.stack([layer(own) for layer, own in zip(layers, x, strict=True)])
    torch.testing.assert_close(together(x), expected)
    assert [layer.progress for layer in layers] == [0.7] * 3


def test_layers_of_different_choices_are_not_stacked(randomise):
    with pytest.raises(ArgumentError, match="`layers` must differ in their numbers only"):
        QuantumLayer.stacked([make(randomise), make(randomise, outputs=3)])
    with pytest.raises(ArgumentError, match="`layers` must differ in their numbers only"):
        QuantumLayer.stacked([make(randomise), make(randomise, observables=Z((1, 0)))])
    with pytest.raises(ArgumentError, match="`layers` must hold at least one"):
        QuantumLayer.stacked([])
