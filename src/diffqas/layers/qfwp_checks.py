"""Checks of the arguments of a quantum fast weight programmer."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from diffqas.circuits import AnyObservables, Z
from diffqas.errors import choose, finite, require, whole

CELL_GROUPS = ("angles", "structure", "observables", "slow")
"""Kinds of trained numbers, each with a learning rate of its own."""


def check_cell_sizes(
    input_size: int, output_size: int, latent_size: int, qubits: int, observables: AnyObservables
) -> None:
    """Refuse sizes that do not go together; those of the circuits are checked by the layer.

    Raises:
        ArgumentError: they do not.
    """
    sizes = {"input_size": input_size, "output_size": output_size, "latent_size": latent_size}
    for name, size in {**sizes, "qubits": qubits}.items():
        require(whole(size), name, "be a whole number of at least 1", repr(size))
    if isinstance(observables, Z) and observables.qubits is None:
        rule = f"be at most {qubits}, the qubits"
        require(output_size <= qubits, "output_size", rule, output_size)


def check_lstm(
    num_layers: int, batch_first: bool, bidirectional: bool, dropout: float, proj_size: int
) -> None:
    """Refuse values of `torch.nn.LSTM`'s arguments that the cell does not have.

    The message for a call that was written for `torch.nn.LSTM` tells what to do instead. Without
    the check, the cell would silently compute something else.

    Raises:
        ArgumentError: there is such a value.
    """
    rule = "be 1 (put another cell behind this one instead)"
    require(num_layers == 1, "num_layers", rule, num_layers)
    rule = "be True (transpose the input instead)"
    require(batch_first is True, "batch_first", rule, batch_first)
    rule = "be False (use two cells instead)"
    require(bidirectional is False, "bidirectional", rule, bidirectional)
    require(dropout == 0, "dropout", "be 0 (use nn.Dropout behind the cell instead)", dropout)
    rule = "be 0 (put an nn.Linear behind the cell instead)"
    require(proj_size == 0, "proj_size", rule, proj_size)


def checked_cell_rates(rates: Mapping[str, float] | None) -> dict[str, float]:
    """Relative learning rates by the names of `CELL_GROUPS`.

    Raises:
        ArgumentError: another name, or a rate that is no finite number of at least 0.
    """
    if rates is None:
        return {}
    for name, rate in rates.items():
        choose(name, CELL_GROUPS, "rates")
        proper = finite(rate) and rate >= 0
        require(proper, "rates", "be finite numbers of at least 0", f"{rate} of {name!r}")
    return dict(rates)


def check_sequence(
    x: Tensor, state: Tensor | None, like: Tensor, input_size: int, state_shape: tuple[int, ...]
) -> None:
    """Refuse a sequence or a state that a cell does not take.

    Args:
        x: (batch, time, input_size) or (time, input_size).
        state: (batch, *state_shape), without the batch for one sequence; or None.
        like: a tensor of the dtype and device that both must have.
        input_size: values per moment.
        state_shape: of the state of one sequence.

    Raises:
        ArgumentError: the wrong shape, dtype or device.
    """
    _check_like("x", x, like)
    require(x.dim() in (2, 3), "x", "have two or three dimensions", x.dim())
    rule = f"have the shape (batch, time, {input_size}) or (time, {input_size})"
    got = tuple(x.shape)
    require(got[-1] == input_size and 0 not in got, "x", rule, got)
    if state is None:
        return
    _check_like("state", state, like)
    shape = (*x.shape[:-2], *state_shape)
    got = tuple(state.shape)
    require(got == shape, "state", f"have the shape {shape}, one set of angles a sample", got)


def _check_like(name: str, tensor: Tensor, like: Tensor) -> None:
    kind = tensor.dtype if isinstance(tensor, Tensor) else type(tensor).__name__
    require(kind == like.dtype, name, f"be a {like.dtype} tensor like the angles", kind)
    rule = f"be on the device of the angles, {like.device}"
    require(tensor.device == like.device, name, rule, tensor.device)
