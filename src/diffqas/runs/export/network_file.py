"""A classical network as safetensors, and a JSON file that says how to rebuild it and feed it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from diffqas.errors import DataError, path_of, require
from diffqas.quantum_train import give
from diffqas.runs.export.layers import build, describe
from diffqas.storage import MAX_JSON_BYTES, Json, identity, parse_json, read_file, untied

FORMAT = 1
KIND = "diffqas-network"


def network_content(network: nn.Module) -> bytes:
    """The state of the network as safetensors; tied tensors are kept under the first name."""
    return save(untied(network.state_dict()), {"format": "pt"})


def network_document(network: nn.Module, content: bytes, about: Json) -> Json:
    """The content of the JSON file."""
    cls = type(network)
    return {
        "kind": KIND,
        "format": FORMAT,
        "class": f"{cls.__module__}.{cls.__qualname__}",
        **about,
        "network": describe(network),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def load_network(path: str | Path, target: nn.Module | None = None) -> nn.Module:
    """Load the classical network that `diffqas export RUN` wrote.

    It is an ordinary module without any circuit, ready to predict.

    Args:
        path: the safetensors file; the JSON file lies beside it.
        target: a module with the network's structure, which is filled and returned. None builds it
            from the JSON file, which has the structure if the network belongs to a named task or
            is made of usual layers.

    Raises:
        ArgumentError: the structure is not known, or `target` has another structure.
        DataError: a file is missing or damaged, or was not written by `diffqas export`.
    """
    place = path_of(path, "path")
    content, document = _read(place)
    if target is None:
        beside = place.with_suffix(".json").name
        rule = f"be given: {beside} does not have the structure of {document.get('class')}"
        require(document.get("network") is not None, "target", rule, None)
    network = build(document["network"]) if target is None else target
    try:
        tensors = load(content)
    except SafetensorError as error:
        raise DataError(f"Cannot read {place}: {' '.join(str(error).split())}.") from None
    if target is None:
        for name, own in network.state_dict(keep_vars=True).items():
            if name in tensors:
                own.data = own.data.to(tensors[name].dtype)
    _fill(network, tensors)
    return network.eval()


def _read(place: Path) -> tuple[bytes, Json]:
    beside = place.with_suffix(".json")
    now = place
    try:
        content = read_file(now, named=True)
        now = beside
        document = parse_json(read_file(now, MAX_JSON_BYTES, named=True))
    except OSError as error:
        reason = f"{now}: {error.strerror}"
        raise DataError(
            f"Cannot read the network {place} ({reason}); `diffqas export RUN` writes both files."
        ) from None
    except ValueError as error:
        raise DataError(f"Cannot read {beside}: {error}.") from None
    if not isinstance(document, dict) or document.get("kind") != KIND:
        raise DataError(f"{beside} describes no network: give what `diffqas export RUN` wrote.")
    if document.get("format") != FORMAT:
        found = document.get("format")
        raise DataError(f"{beside} has format {found!r}, this version of diffqas reads {FORMAT}.")
    if document.get("sha256") != hashlib.sha256(content).hexdigest():
        raise DataError(
            f"{place} is damaged or belongs to another {beside.name}: export the network again."
        )
    return content, document


@torch.no_grad()
def _fill(network: nn.Module, tensors: dict[str, Tensor]) -> None:
    own = network.state_dict()
    filled = set()
    order = {name: place for place, name in enumerate(own)}
    for name, tensor in sorted(tensors.items(), key=lambda item: order.get(item[0], len(order))):
        shape = tuple(tensor.shape)
        rule = f"have the tensor `{name}` of shape {shape}"
        require(name in own, "target", rule, "a module without it")
        require(own[name].shape == tensor.shape, "target", rule, f"shape {tuple(own[name].shape)}")
        give(network, name, own[name], tensor)
        filled.add(identity(own[name]))
    for name, tensor in own.items():
        # An empty tensor holds nothing that could be missing.
        tied = name in tensors or identity(tensor) in filled or tensor.numel() == 0
        require(
            tied, "target", "have the tensors of the file and no others", f"`{name}` in addition"
        )
