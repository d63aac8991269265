"""Checks of the arguments of a searched quantum layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, get_args

import torch
from torch import Tensor

from diffqas.circuits import AnyObservables
from diffqas.errors import choose, finite, require, whole
from diffqas.simulator import MAX_QUBITS

if TYPE_CHECKING:
    from diffqas.layers.quantum_layer import QuantumLayer

GROUPS = ("angles", "structure", "observables", "inputs")
"""Kinds of trained numbers, each with a learning rate of its own."""

FLOATS = (torch.float32, torch.float64)
"""What circuits are computed in."""


def check_sizes(
    inputs: int, outputs: int, qubits: int, depth: int, uploads: int, observables: AnyObservables
) -> None:
    """Refuse sizes that do not go together; see `QuantumLayer`.

    Raises:
        ArgumentError: they do not.
    """
    sizes = {"inputs": inputs, "outputs": outputs, "qubits": qubits, "depth": depth}
    for name, size in {**sizes, "uploads": uploads}.items():
        require(whole(size), name, "be a whole number of at least 1", repr(size))
    require(qubits <= MAX_QUBITS, "qubits", f"be at most {MAX_QUBITS}", qubits)
    rule = f"divide the depth, {depth}: each upload has as many layers behind it"
    require(depth % uploads == 0, "uploads", rule, uploads)
    kinds = get_args(AnyObservables)
    rule = f"be an object of {', '.join(kind.__name__ for kind in kinds)}"
    require(isinstance(observables, kinds), "observables", rule, repr(observables))
    observables.checked(qubits, outputs)


def checked_init_std(init_std: float) -> float:
    """The spread of the angles at the start, after a check.

    Raises:
        ArgumentError: it is no finite number of at least 0.
    """
    proper = finite(init_std) and init_std >= 0
    require(proper, "init_std", "be a finite number of at least 0", init_std)
    return init_std


def checked_rates(rates: Mapping[str, float] | None) -> dict[str, float]:
    """Relative learning rates by the names of `GROUPS`, after a check.

    Raises:
        ArgumentError: another name, or a rate that is no finite number of at least 0.
    """
    if rates is None:
        return {}
    rule = 'be a dict such as {"observables": 100.0}'
    require(isinstance(rates, Mapping), "rates", rule, repr(rates))
    for name, rate in rates.items():
        choose(name, GROUPS, "rates")
        proper = finite(rate) and rate >= 0
        require(proper, "rates", "be finite numbers of at least 0", f"{rate} of {name!r}")
    return dict(rates)


def check_input(layer: QuantumLayer, x: Tensor) -> None:
    """Refuse an input that the layer does not take.

    Raises:
        ArgumentError: the wrong shape, dtype or device.
    """
    like, lead = layer.angles, layer.lead
    if _fits(layer, x):
        return  # words for what is wrong cost as much as a small circuit
    require(like.dtype in FLOATS, "layer", "have float32 or float64 numbers", like.dtype)
    kind = x.dtype if isinstance(x, Tensor) else type(x).__name__
    require(kind == like.dtype, "x", f"be a {like.dtype} tensor like the angles", kind)
    require(_dense(x), "x", "be a dense tensor", "a nested one" if x.is_nested else x.layout)
    rule = f"be on the device of the angles, {like.device}"
    require(x.device == like.device, "x", rule, x.device)
    names = "".join(f"{size}, " for size in lead)
    got = tuple(x.shape)
    require(_shaped(layer, got), "x", f"have the shape ({names}..., {layer.inputs})", got)


def check_added(layer: QuantumLayer, x: Tensor, added: Tensor) -> None:
    """Refuse differences of angles that do not go with the samples.

    Raises:
        ArgumentError: the wrong shape, dtype or device.
    """
    like = layer.angles
    kind = added.dtype if isinstance(added, Tensor) else type(added).__name__
    require(kind == like.dtype, "added", f"be a {like.dtype} tensor like the angles", kind)
    rule = f"be on the device of the angles, {like.device}"
    require(added.device == like.device, "added", rule, added.device)
    shape = (*x.shape[:-1], *layer.angle_shape)
    got = tuple(added.shape)
    require(got == shape, "added", f"have the shape {shape}, angles for each sample", got)


def _fits(layer: QuantumLayer, x: Tensor) -> bool:
    like = layer.angles
    alike = isinstance(x, Tensor) and x.dtype == like.dtype and x.device == like.device
    return alike and _dense(x) and x.dtype in FLOATS and _shaped(layer, tuple(x.shape))


def _dense(x: Tensor) -> bool:
    return x.layout is torch.strided and not x.is_nested


def _shaped(layer: QuantumLayer, shape: tuple[int, ...]) -> bool:
    """Whether a shape is (*lead, ..., inputs)."""
    lead = layer.lead
    longer = len(shape) > len(lead)
    return longer and shape[-1] == layer.inputs and shape[: len(lead)] == lead


def under_autocast(x: Tensor) -> bool:
    """Whether `torch.autocast` is on where a tensor lies."""
    if not isinstance(x, Tensor):
        return False
    device = x.device.type
    return torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)
