"""A trained generator as one small file: its numbers, and the choices to write the network again.

The file is a safetensors file whose header holds one JSON text: the choices, the names and shapes
of the tensors that the generator writes, those that the target brings itself, and a checksum.
Nothing in it is executed.
"""

from __future__ import annotations

import glob
import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from diffqas.architecture import PerLayerCircuit, own_words
from diffqas.errors import DataError, DiffqasError, RunError, choose, finite, path_of, require
from diffqas.quantum_train.anchor import ANCHORED
from diffqas.quantum_train.generator_header import Header, Shape, checked_header
from diffqas.quantum_train.no_circuits import NoCircuits
from diffqas.quantum_train.recipe import STARTS, Rates
from diffqas.quantum_train.vectors import VectorMap
from diffqas.storage import (
    Json,
    State,
    decode_value,
    encode_value,
    identity,
    is_sparse,
    parse_json,
    untied,
    write_atomically,
    written_out,
)

if TYPE_CHECKING:
    from diffqas.quantum_train.model import QuantumTrain

FORMAT = 1
KEY = "diffqas-generator"
BROUGHT = "target."
"""The prefix of the names of tensors that belong to the target and are not generated."""

_MISFITS = (TypeError, LookupError, ValueError, RuntimeError, AttributeError, ArithmeticError)
"""What torch and Python raise where choices, numbers and names of a file do not belong together."""

OWN_START = "anchor.values"
"""Start values of the start `"own"`: the target's weights when the model was made."""


def generator_content(model: QuantumTrain, include_target: bool = False) -> bytes:
    """The content of a generator's file; see `QuantumTrain.save_generator`."""
    circuits = model.generator.circuits
    whole = not isinstance(circuits, PerLayerCircuit)
    require(whole, "model", "mix whole circuits to be stored as a file", type(circuits).__name__)
    numbers = {
        name: written_out(tensor, name) for name, tensor in model.generator.state_dict().items()
    }
    own = numbers.get(OWN_START)
    if own is not None and not include_target:
        # As many values as the target has weights: the target brings them.
        del numbers[OWN_START]
    brought = brought_tensors(model.target.module)
    if include_target:
        # Of tied tensors the first name stays: the target that is loaded into ties them again.
        for name, tensor in untied(_own_state(model.target.module)).items():
            numbers[BROUGHT + name] = tensor
    learning = model.generator.named_parameters()
    slots = model.target.layout.slots
    header = {
        "format": FORMAT,
        "choices": encode_choices(model),
        "progress": circuits.progress,
        "own_start": None if own is None else checksum(own),
        "frozen": [name for name, number in learning if not number.requires_grad],
        "writes": [[list(slot.names), list(slot.shape)] for slot in slots],
        "brought": [[name, list(one.shape), checksum(one)] for name, one in brought.items()],
    }
    scalings = scalings_of(model.target.module)
    if scalings:  # only of adapters: files of other networks stay as they were
        header["scalings"] = scalings
    header["digest"] = _digest(header, numbers)
    return save(numbers, {KEY: json.dumps(header, separators=(",", ":"))})


def encode_choices(model: QuantumTrain) -> Json:
    """Arguments of `QuantumTrain`, and the rates, as JSON."""
    choices = choices_of(model) | {"rates": model.rates}
    if model.rates_measured:
        choices["rates_measured"] = True
    if choices["generator"] == "circuits":
        # Files of version 0.1.0 do not know of others, nor of searches of every layer.
        del choices["generator"]
        del choices["per_layer"]
    return {name: encode_value(choice) for name, choice in choices.items()}


def choices_of(model: QuantumTrain) -> dict[str, object]:
    """What the trained numbers mean nothing without; by the arguments of `QuantumTrain`."""
    generator = model.generator
    circuits, mapping = generator.circuits, generator.mapping
    choices: dict[str, object] = {"generator": generator.kind}
    if isinstance(mapping, VectorMap):
        choices["numbers"] = mapping.numbers
    else:
        choices |= {
            "mapping": mapping.choice,
            "chunk": mapping.chunk,
            "scale": generator.scale,
            "bits": mapping.bits,
            "order": generator.order.name,
        }
    choices["start"] = generator.start
    if generator.start in ANCHORED and generator.leverage is not None:
        choices["leverage"] = generator.leverage
    if isinstance(circuits, NoCircuits):
        return choices
    return choices | {
        "depth": circuits.depth,
        "candidates": tuple(circuits.candidates),
        "relaxation": circuits.relaxation,
        "sharing": circuits.sharing,
        "per_layer": isinstance(circuits, PerLayerCircuit),
    }


def save_generator(model: QuantumTrain, path: str | Path, include_target: bool = False) -> None:
    """Write a model's generator; see `QuantumTrain.save_generator`."""
    place = path_of(path, "path")
    content = generator_content(model, include_target)
    try:
        write_atomically(place, content, remedy="Choose another place.")
    except RunError as error:
        raise DataError(str(error)) from None


def load_generator(
    make: type[QuantumTrain], path: str | Path, target: nn.Module, strict: bool = True
) -> QuantumTrain:
    """Build the model that a file holds, as `QuantumTrain.from_generator`."""
    place = path_of(path, "path")
    header, numbers = _read(place)
    require(isinstance(target, nn.Module), "target", "be a torch.nn.Module", type(target).__name__)
    _check_written(header.writes, target)
    try:
        choices = {name: decode_value(choice) for name, choice in header.choices.items()}
        if "numbers" not in choices:
            choices.setdefault("order", "index")  # of files that are older than this choice
        # The gains and offsets of the start "target" are numbers of the file.
        told = choose(str(choices.pop("start", "none")), STARTS, "start")
        start = told if told in ANCHORED else "none"
        # The gains have it in them, so older files do not name it.
        leverage = choices.pop("leverage", None)
        if leverage is not None and not finite(leverage):
            raise ValueError("its leverage is no number")
        rates = choices.pop("rates")
        if not isinstance(rates, Rates):
            raise ValueError("its rates are none")
        measured = choices.pop("rates_measured", False) is True
        names = [glob.escape(names[0]) for names, _ in header.writes]
        with torch.random.fork_rng(devices=[]):  # every number is overwritten below
            model = make(target, **choices, start=start, parameters=names)
        state = {name: tensor for name, tensor in numbers.items() if not name.startswith(BROUGHT)}
        anchor = model.generator.anchor
        if start == "own" and anchor is not None and OWN_START not in state:
            state[OWN_START] = anchor.values
        model.generator.load_state_dict(state)
        for name in header.frozen:
            model.generator.get_parameter(name).requires_grad_(False)
    except (DiffqasError, *_MISFITS) as error:
        reason = str(error).splitlines()[0].rstrip(".:")
        raise DataError(f"{place} does not fit this version of diffqas: {reason}.") from None
    if start == "own" and OWN_START not in numbers and strict:
        _check_start(state[OWN_START], header.own_start)
    model.rates, model.rates_measured = rates, measured
    model.generator.start, model.generator.leverage = told, leverage
    model.progress = header.progress
    stored = {
        name.removeprefix(BROUGHT): tensor
        for name, tensor in numbers.items()
        if name.startswith(BROUGHT)
    }
    _fill(model.target.module, header.brought, stored, strict)
    if strict:
        _check_scalings(model.target.module, header.scalings)
    return model


def _check_start(values: Tensor, expected: str | None) -> None:
    """Refuse a target that does not start where the generator's did."""
    remedy = "load them first, save the generator with include_target=True, or pass strict=False"
    rule = f"bring the weights that the generator started from ({remedy})"
    require(checksum(values) == expected, "target", rule, "other values")


def scalings_of(skeleton: nn.Module) -> dict[str, float]:
    """Factors on what LoRA matrices add, which peft keeps as plain numbers of its layers.

    They are no tensors, so a state does not hold them, and the outputs change with them.
    """
    found: dict[str, float] = {}
    for name, module in skeleton.named_modules():
        scaling = getattr(module, "scaling", None)
        adapters = scaling if isinstance(scaling, dict) else {}
        found |= {f"{name}.{key}": each for key, each in adapters.items() if finite(each)}
    return found


def _check_scalings(skeleton: nn.Module, expected: Mapping[str, float]) -> None:
    """Refuse an adapter of another `lora_alpha`; older files do not tell theirs."""
    own = scalings_of(skeleton)
    for name, factor in expected.items():
        rule = f"scale `{name}` by {factor:g} as the generator's did (`lora_alpha` and rank decide)"
        got = f"{own[name]:g}" if name in own else "none"
        require(own.get(name) == factor, "target", rule, got)


def brought_tensors(skeleton: nn.Module) -> dict[str, Tensor]:
    """Buffers and parameters that the generator does not write, by each of their names."""
    return {
        name: value for name, value in _own_state(skeleton).items() if isinstance(value, Tensor)
    }


def _own_state(skeleton: nn.Module) -> State:
    """Its state without what models inside of it say of themselves."""
    words = own_words(skeleton)
    return {name: value for name, value in skeleton.state_dict().items() if name not in words}


def give(module: nn.Module, name: str, own: Tensor, stored: Tensor) -> None:
    """Fill one of a module's tensors with the numbers from a file, where sparse ones are dense.

    Raises:
        DataError: the tensor cannot be made sparse again.
    """
    if not is_sparse(own):
        own.copy_(stored)
        return
    path, _, leaf = name.rpartition(".")
    owner = module.get_submodule(path)
    try:
        sparse = stored.to(own.device, own.dtype).to_sparse(layout=own.layout)
    except (RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise DataError(f"`{name}` cannot be made sparse again ({reason}).") from None
    # The places of its numbers may be others than before, so it is replaced, not filled.
    if leaf in owner._buffers:
        owner._buffers[leaf] = sparse
    else:
        owner._parameters[leaf] = nn.Parameter(sparse, own.requires_grad)


def checksum(tensor: Tensor) -> str:
    """Of a tensor's bytes, eight hexadecimal digits.

    >>> checksum(torch.zeros(3))
    '7bd5c66f'
    """
    return f"{zlib.crc32(_bytes(tensor)):08x}"


def _bytes(tensor: Tensor) -> bytes:
    plain = tensor.detach()
    if is_sparse(plain):
        plain = plain.to_dense()
    plain = plain.resolve_conj().resolve_neg().cpu().contiguous()
    return plain.reshape(-1).view(torch.uint8).numpy().tobytes()


def _digest(header: Json, numbers: dict[str, Tensor]) -> str:
    found = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name in sorted(numbers):
        tensor = numbers[name]
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        found.update(_bytes(tensor))
    return found.hexdigest()[:32]


def _read(place: Path) -> tuple[Header, dict[str, Tensor]]:
    if not place.is_file():
        raise DataError(
            f"There is no file {place}: give what `save_generator` or `diffqas export` wrote."
        )
    try:
        with safe_open(place, framework="pt") as file:
            text = (file.metadata() or {}).get(KEY)
            numbers = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        header = None if text is None else parse_json(text)
    except (SafetensorError, OSError, ValueError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise DataError(
            f"Cannot read {place}: no generator, or a damaged one ({reason})."
        ) from None
    if not isinstance(header, dict):
        raise DataError(
            f"{place} holds no generator: give what `save_generator` or `diffqas export` wrote."
        )
    if header.get("format") != FORMAT:
        found = header.get("format")
        raise DataError(
            f"{place} has format {found!r}, this version of diffqas reads format {FORMAT}."
        )
    absent = {"choices", "progress", "frozen", "writes", "brought"} - header.keys()
    if absent:
        lacking = ", ".join(sorted(absent))
        raise DataError(f"{place} is no generator of this version of diffqas: it lacks {lacking}.")
    if header.pop("digest", None) != _digest(header, numbers):
        raise DataError(
            f"{place} is damaged: its checksum does not fit. Export the generator again."
        )
    return checked_header(header, str(place)), numbers


def _check_written(written: Sequence[tuple[tuple[str, ...], Shape]], target: nn.Module) -> None:
    """Refuse a target whose tensors are not those that the generator writes."""
    named = dict(target.named_parameters(remove_duplicate=False))
    for names, shape in written:
        for name in names:
            rule = (
                f"have the parameter `{name}` of shape {tuple(shape)}, which the generator writes"
            )
            require(name in named, "target", rule, "a module without it")
            found = tuple(named[name].shape)
            require(found == tuple(shape), "target", rule, f"shape {found}")
            tied = identity(named[name]) == identity(named[names[0]])
            require(tied, "target", f"have `{name}` tied to `{names[0]}`", "a parameter of its own")
    places = {name: number for number, (names, _) in enumerate(written) for name in names}
    seen = {identity(named[name]): place for name, place in places.items()}
    rule = "have the parameters that the generator writes, in its order"
    require(len(seen) == len(written), "target", rule, "some of them tied to each other")
    order = [places[name] for name in named if name in places]
    firsts = list(dict.fromkeys(order))
    for place, expected in zip(firsts, sorted(firsts), strict=True):
        require(place == expected, "target", rule, f"`{written[place][0][0]}` at another place")


def _fill(
    skeleton: nn.Module,
    known: Mapping[str, tuple[Shape, str]],
    stored: dict[str, Tensor],
    strict: bool,
) -> None:
    """Give the target what the file has of its own tensors; refuse one that has others."""
    own = brought_tensors(skeleton)
    for name in [*own, *known]:
        rule = (
            "have the same tensors besides those that the generator writes "
            "as the network it was trained with"
        )
        require(name in own, "target", rule, f"no `{name}`")
        require(name in known, "target", rule, f"`{name}` in addition")
        shape = tuple(own[name].shape)
        wanted = known[name][0]
        require(shape == wanted, "target", rule, f"`{name}` of shape {shape}, not {wanted}")
    _check_stored(own, stored)
    with torch.no_grad():
        for name, tensor in stored.items():
            give(skeleton, name, own[name], tensor)
    if strict and not stored:
        remedy = (
            "load them first, save the generator with include_target=True, or pass strict=False"
        )
        for name, tensor in own.items():
            same = checksum(tensor) == known[name][1]
            trained = "the buffers and frozen parameters that the generator was trained with"
            rule = f"bring {trained} ({remedy})"
            require(same, "target", rule, f"other values in `{name}`")


def _check_stored(own: dict[str, Tensor], stored: dict[str, Tensor]) -> None:
    """Refuse tensors of a file that fill the target in part, or do not fit it."""
    if not stored:
        return
    for name, tensor in stored.items():
        if name not in own or own[name].shape != tensor.shape:
            raise DataError(f"The generator's file is none: `{BROUGHT}{name}` has no place.")
    # Tied tensors are stored once, under the first of their names.
    filled = {identity(own[name]) for name in stored}
    for name, tensor in own.items():
        if tensor.numel() and identity(tensor) not in filled:
            raise DataError(f"The generator's file is none: it lacks `{BROUGHT}{name}`.")
