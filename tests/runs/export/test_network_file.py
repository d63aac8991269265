"""A network's two files: built anew from them, and one line for every way in which they cannot be
used.
"""

import json

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

from diffqas.errors import ArgumentError, DataError
from diffqas.runs.export import load_network
from diffqas.runs.export.layers import build, describe
from diffqas.runs.export.network_file import network_content, network_document
from diffqas.tasks.images import CNN, MLP
from diffqas.tasks.images.networks import smooth_mlp
from diffqas.tasks.series import SeriesLSTM


def write(network, folder):
    content = network_content(network)
    (folder / "n.safetensors").write_bytes(content)
    (folder / "n.json").write_text(json.dumps(network_document(network, content, {})))
    return folder / "n.safetensors"


@pytest.mark.parametrize(
    ("network", "shape"),
    [
        (SeriesLSTM(1, 7), (3, 4)),
        (MLP((8, 8), 3), (3, 1, 8, 8)),
        (smooth_mlp((8, 8), 3), (3, 1, 8, 8)),
        (CNN((8, 8), 3), (3, 1, 8, 8)),
        (nn.Sequential(nn.Linear(4, 2, bias=False), nn.LayerNorm(2), nn.GELU("tanh")), (3, 4)),
        (
            nn.Sequential(
                nn.Conv2d(1, 4, 3, padding="same", groups=1), nn.BatchNorm2d(4), nn.Flatten()
            ),
            (3, 1, 5, 5),
        ),
        (nn.Sequential(nn.Sequential(nn.Linear(4, 4)), nn.Dropout(0.5)), (3, 4)),
        (nn.Linear(4, 2).double(), (3, 4)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_a_network_is_built_anew_from_its_files(network, shape, tmp_path):
    x = torch.randn(shape, dtype=next(network.parameters()).dtype)
    network(x)  # batch norm's statistics move
    again = load_network(write(network, tmp_path))
    assert not again.training
    assert torch.equal(again(x), network.eval()(x))
    assert list(again.state_dict()) == list(network.state_dict())


@pytest.mark.parametrize("name", ["twice", "own", "tied"])
def test_what_cannot_be_described_needs_a_target(name, tmp_path):
    class Own(nn.Sequential):
        def forward(self, x):
            return x + super().forward(x)

    def make():
        layer = nn.Linear(4, 4)
        if name == "tied":
            both = nn.Sequential(layer, nn.Tanh(), nn.Linear(4, 4))
            both[2].weight = both[0].weight
            return both
        return Own(layer, nn.Tanh()) if name == "own" else nn.Sequential(layer, nn.Tanh(), layer)

    network, x = make(), torch.randn(3, 4)
    path = write(network, tmp_path)
    with pytest.raises(ArgumentError, match="`target` must") as caught:
        load_network(path)
    assert "\n" not in str(caught.value)
    assert torch.equal(load_network(path, make())(x), network(x))
    with pytest.raises(ArgumentError, match="`target` must have"):
        load_network(path, nn.Linear(4, 4))


def test_a_target_of_another_shape_is_refused_by_its_tensor(tmp_path):
    path = write(nn.Linear(4, 2), tmp_path)
    with pytest.raises(ArgumentError, match=r"`weight` of shape \(2, 4\), but got shape \(3, 4\)"):
        load_network(path, nn.Linear(4, 3))
    with pytest.raises(ArgumentError, match="no others"):
        load_network(path, _with_gain())


def _with_gain():
    layer = nn.Linear(4, 2)
    layer.gain = nn.Parameter(torch.ones(1))
    return layer


def test_damaged_and_other_files_are_told_in_one_line(tmp_path):
    path = write(nn.Linear(4, 2), tmp_path)
    content, text = path.read_bytes(), (tmp_path / "n.json").read_text()
    path.write_bytes(content[:-1] + b"x")
    with pytest.raises(DataError, match="damaged or belongs to another"):
        load_network(path)
    path.write_bytes(content)
    for wrong, said in {
        "{": "Cannot read",
        "[]": "describes no network",
        "{}": "describes no network",
        text.replace('"format": 1', '"format": 9'): "format 9",
        text.replace('"Linear", "in', '"Linar", "in'): "does not fit this version",
        text.replace('"in_features"', '"in"'): "does not fit this version",
    }.items():
        (tmp_path / "n.json").write_text(wrong)
        with pytest.raises(DataError, match=said) as caught:
            load_network(path)
        assert "\n" not in str(caught.value)
    (tmp_path / "n.json").unlink()
    with pytest.raises(DataError, match=r"n\.json: No such file"):
        load_network(path)


def test_nothing_but_named_layers_is_built():
    with pytest.raises(DataError):
        build({"class": "os.system", "command": "true"})
    assert describe(nn.Bilinear(2, 2, 2)) is None


def hooked():
    layer = nn.Linear(4, 4)
    layer.register_forward_hook(lambda module, args, output: output + 1)
    return layer


def pruned():
    layer = nn.Linear(4, 4)
    prune.l1_unstructured(layer, "weight", 0.5)
    return nn.Sequential(layer)


def forward_replaced():
    layer = nn.Linear(4, 4)
    layer.forward = torch.tanh
    return layer


def hooked_sequence():
    net = nn.Sequential(nn.Linear(4, 4))
    net.register_forward_pre_hook(lambda module, args: (args[0] + 1,))
    return net


UNTOLD = {
    "hook": (hooked, (3, 4)),
    "hook of a sequence": (hooked_sequence, (3, 4)),
    "pruned": (pruned, (3, 4)),
    "forward": (forward_replaced, (3, 4)),
    "normed": (lambda: parametrizations.weight_norm(nn.Linear(4, 4)), (3, 4)),
    "padding_mode": (lambda: nn.Conv2d(1, 2, 3, padding=1, padding_mode="reflect"), (2, 1, 5, 5)),
    "dilation": (
        lambda: nn.Sequential(nn.Conv2d(1, 2, 1), nn.MaxPool2d(2, stride=1, dilation=2)),
        (2, 1, 6, 6),
    ),
    "ceil_mode": (
        lambda: nn.Sequential(nn.Conv2d(1, 2, 1), nn.MaxPool2d(2, ceil_mode=True)),
        (2, 1, 5, 5),
    ),
    "statistics": (lambda: nn.BatchNorm1d(4, track_running_stats=False), (3, 4)),
    "affine": (lambda: nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4, bias=False)), (3, 4)),
}


@pytest.mark.parametrize("name", UNTOLD)
def test_what_a_description_does_not_tell_needs_a_target(name, tmp_path):
    make, shape = UNTOLD[name]
    network, x = make().eval(), torch.randn(shape)
    path = write(network, tmp_path)
    with pytest.raises(ArgumentError, match="`target` must be given"):
        load_network(path)
    assert torch.equal(load_network(path, make())(x), network(x))


def test_every_tensor_keeps_its_dtype(tmp_path):
    network = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4).double())
    again = load_network(write(network, tmp_path))
    for (name, found), tensor in zip(
        again.state_dict().items(), network.state_dict().values(), strict=True
    ):
        assert found.dtype == tensor.dtype, name
        assert torch.equal(found, tensor)
