"""A network as plain data: its layers and their sizes, enough to build it anew."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor, nn

from diffqas.agents import Centre
from diffqas.errors import DataError
from diffqas.storage import Json, JsonView
from diffqas.tasks import SeriesLSTM, Smooth

_RECURRENT = (
    "input_size",
    "hidden_size",
    "num_layers",
    "bias",
    "batch_first",
    "dropout",
    "bidirectional",
)


def _centre(size: int, shrink: float) -> Centre:
    return Centre(torch.zeros(size), shrink)


LAYERS: dict[type[nn.Module], tuple[Callable[..., nn.Module], tuple[str, ...]]] = {
    nn.Linear: (nn.Linear, ("in_features", "out_features", "bias")),
    nn.Conv2d: (
        nn.Conv2d,
        (
            "in_channels",
            "out_channels",
            "kernel_size",
            "stride",
            "padding",
            "dilation",
            "groups",
            "bias",
        ),
    ),
    nn.MaxPool2d: (nn.MaxPool2d, ("kernel_size", "stride", "padding")),
    nn.BatchNorm1d: (nn.BatchNorm1d, ("num_features", "eps", "momentum", "affine")),
    nn.BatchNorm2d: (nn.BatchNorm2d, ("num_features", "eps", "momentum", "affine")),
    nn.LayerNorm: (nn.LayerNorm, ("normalized_shape", "eps")),
    nn.Flatten: (nn.Flatten, ("start_dim", "end_dim")),
    nn.Dropout: (nn.Dropout, ("p",)),
    nn.Identity: (nn.Identity, ()),
    nn.Tanh: (nn.Tanh, ()),
    nn.ReLU: (nn.ReLU, ()),
    nn.Sigmoid: (nn.Sigmoid, ()),
    nn.GELU: (nn.GELU, ("approximate",)),
    nn.LSTM: (nn.LSTM, _RECURRENT),
    nn.GRU: (nn.GRU, _RECURRENT),
    SeriesLSTM: (SeriesLSTM, ("input_size", "hidden_size")),
    Smooth: (Smooth, ("sigma",)),
    Centre: (_centre, ("size", "shrink")),
}
"""What can be described: how a layer is made, and of which attributes."""

_BY_NAME = {cls.__name__: make for cls, (make, _) in LAYERS.items()}


def describe(network: nn.Module) -> Json | None:
    """Describe a network as JSON; None if it is not a sequence of `LAYERS`.

    >>> describe(nn.Sequential(nn.Linear(3, 2), nn.Tanh()))["layers"]["0"]
    {'class': 'Linear', 'in_features': 3, 'out_features': 2, 'bias': True}
    """
    if isinstance(network, nn.Sequential) and type(network).forward is nn.Sequential.forward:
        layers = {name: describe(layer) for name, layer in network.named_children()}
        # A layer that stands in two places is listed as a child only once.
        whole = len(layers) == len(network) and None not in layers.values()
        plain = _settings(nn.Sequential())
        # A subclass may keep what it was made with; a hook or a forward of its own would be lost.
        known = {name: _settings(network).get(name) for name in plain}
        if not whole or known != plain or "forward" in vars(network):
            return None
        return {"class": "Sequential", "layers": layers}
    if type(network) not in LAYERS:
        return None
    _, names = LAYERS[type(network)]
    values = {name: _plain(network, name) for name in names}
    description = {"class": type(network).__name__, **values}
    # A choice that the description does not have, a hook or a method of its own would be lost.
    with torch.device("meta"):
        again = build(description)
    return description if _settings(network) == _settings(again) else None


def _settings(layer: nn.Module) -> Json:
    """The settings of a layer, and which tensors of numbers it has."""
    skipped = ("_flat", "_parameters", "_buffers", "_modules", "training", "_is_full_backward")
    own = {name: value for name, value in vars(layer).items() if not name.startswith(skipped)}
    registers = [vars(layer)[name] for name in ("_parameters", "_buffers")]
    shapes = {
        name: None if tensor is None else tuple(tensor.shape)
        for register in registers
        for name, tensor in register.items()
    }
    return own | {"shapes": shapes}


def build(description: JsonView) -> nn.Module:
    """Build a fresh network from what `describe` gave.

    Raises:
        DataError: it is no such description.

    >>> build(describe(nn.Sequential(nn.Linear(3, 2), nn.Tanh())))
    Sequential(
      (0): Linear(in_features=3, out_features=2, bias=True)
      (1): Tanh()
    )
    """
    try:
        given = dict(description)
        name = given.pop("class")
        if name == "Sequential":
            return nn.Sequential(
                OrderedDict((key, build(layer)) for key, layer in given["layers"].items())
            )
        return _BY_NAME[name](
            **{key: tuple(v) if isinstance(v, list) else v for key, v in given.items()}
        )
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise DataError(
            f"The description of the network does not fit this version of diffqas: {reason}"
        ) from None


def _plain(layer: nn.Module, name: str) -> object:
    if name == "size":
        return len(layer.get_buffer("mean"))
    value = getattr(layer, name)
    # `bias` is a tensor or None in most layers, but True or False in recurrent ones.
    return isinstance(value, Tensor) if name == "bias" and not isinstance(value, bool) else value
