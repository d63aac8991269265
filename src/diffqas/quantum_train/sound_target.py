"""Targets that cannot be written, told with the remedy before anything is made of them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import combinations

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from diffqas.errors import ArgumentError, require
from diffqas.quantum_train.overlap import overlap
from diffqas.storage import identity, is_sparse

FLOATING = ({torch.float32}, {torch.float64})
HALF = {torch.float16, torch.bfloat16}
WRAPPERS = (nn.DataParallel, nn.parallel.DistributedDataParallel)


def check_target(target: object) -> None:
    """Refuse what is no ordinary module with its numbers in memory.

    Raises:
        ArgumentError: in one line, with the remedy.
    """
    if not isinstance(target, nn.Module):
        kind = type(target).__name__
        raise ArgumentError(f"Argument `target` must be a torch.nn.Module, but got {kind}.")
    for module in target.modules():
        kind = type(module).__name__
        rule = "be made of modules as they are before torch.jit.script or torch.jit.trace"
        require(not isinstance(module, torch.jit.ScriptModule), "target", rule, kind)
        rule = "be the module inside (`.module`); the model around it can be wrapped again"
        require(not isinstance(module, WRAPPERS), "target", rule, kind)
    for name, tensor in _tensors(target):
        rule = "know its shapes (call a lazy module once on an input)"
        require(not is_lazy(tensor), "target", rule, f"`{name}` without one")


def check_in_memory(target: nn.Module) -> None:
    """Refuse a target that has shapes alone.

    Raises:
        ArgumentError: in one line, with the remedy.
    """
    rule = "have its numbers in memory (`target.to_empty(device=...)`, then fill it)"
    for name, tensor in _tensors(target):
        require(not tensor.is_meta, "target", rule, f"`{name}` on the meta device")


def check_written(named: Sequence[tuple[str, Tensor]]) -> None:
    """Refuse parameters that cannot be written together.

    Raises:
        ArgumentError: in one line, with the remedy.
    """
    for name, tensor in named:
        dense = not is_sparse(tensor) and not tensor.is_nested
        require(dense, "target", "have dense parameters", f"`{name}`, {tensor.layout}")
    dtypes = {tensor.dtype for _, tensor in named}
    rule = "have parameters of one dtype, float32 or float64"
    if dtypes & HALF:
        rule += (
            " (half precision has too few digits for probabilities near 2**-n "
            "and for undoing the layers)"
        )
    require(dtypes in FLOATING, "target", rule, ", ".join(sorted(map(str, dtypes))))
    devices = sorted({str(tensor.device) for _, tensor in named})
    require(len(devices) == 1, "target", "be on one device", " and ".join(devices))


def check_start(named: Mapping[str, Tensor]) -> None:
    """Refuse weights to start like that are not finite.

    Raises:
        ArgumentError: in one line, with the remedy.
    """
    rule = 'have finite weights to start like (`start="none"` looks at none of them)'
    for name, tensor in named.items():
        require(bool(torch.isfinite(tensor).all()), "target", rule, f"`{name}` with others")


def check_memory(target: nn.Module, written: Mapping[str, Tensor]) -> None:
    """Refuse a generated tensor that shares a part of its memory with another tensor.

    What shares all of it, as the same tensor, is tied.

    Raises:
        ArgumentError: in one line, with the remedy.
    """
    beside = {name: tensor for name, tensor in _tensors(target) if name not in written}
    areas: dict[int, dict[Hashable, tuple[str, Tensor]]] = {}
    for name, tensor in [*written.items(), *beside.items()]:
        if not is_sparse(tensor) and tensor.numel() > 0 and not tensor.is_meta:
            area = areas.setdefault(tensor.untyped_storage().data_ptr(), {})
            area.setdefault(identity(tensor), (name, tensor))
    rule = "have parameters that share all of their memory or none (`clone()` one of them)"
    for area in areas.values():
        for (name, one), (other_name, other) in combinations(area.values(), 2):
            if name in written and overlap(one, other):
                require(False, "target", rule, f"`{name}` and `{other_name}`")


def _tensors(target: nn.Module) -> Iterator[tuple[str, Tensor]]:
    yield from target.named_parameters()
    yield from target.named_buffers()
