"""A step of training that is recorded once and then repeated: one launch in place of hundreds.

At the sizes of the papers, launching the kernels takes nine tenths of a step on a card. A CUDA
graph launches all of them at once.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

import torch
from torch import Tensor

from diffqas.errors import require, whole
from diffqas.optim.graphs import RECORDERS, Recorder, Recording
from diffqas.simulator import holding

T = TypeVar("T")

WARM_UP = 3
"""Steps before the recording, in which libraries and optimisers allocate what they need."""

MOST_FORMS = 8
"""The most different shapes of the inputs; each has its own recording with its own memory."""


class CaptureWarning(UserWarning):
    """The warning for a step that could not be recorded; it tells the reason."""


@dataclass(frozen=True)
class _Recorded(Generic[T]):
    """One recording, and all objects that must live as long as it."""

    recording: Recording
    inputs: tuple[Tensor, ...]
    outputs: T
    # A graph knows addresses only: a table that a cache has dropped would be overwritten.
    tables: list[object]


class Captured(Generic[T]):
    """A step that is recorded after its first calls and repeated from then on.

    Args:
        step: a function of tensors that gives tensors, alone or in tuples, lists and dictionaries.
        device: the device of the step; None: that of its first argument.
        warm_up: the calls for each form of the inputs before one is recorded; they are steps like
            any other.
        draws: whether the step may draw random numbers.
        reason: the reason why nothing is to be recorded, in words; None: steps are recorded.
        warns: whether a warning is given for a step that cannot be recorded.
    """

    def __init__(
        self,
        step: Callable[..., T],
        device: torch.device | None = None,
        warm_up: int = WARM_UP,
        draws: bool = True,
        reason: str | None = None,
        warns: bool = True,
    ) -> None:
        self.step, self.device, self.warm_up = step, device, warm_up
        self.reason = reason
        """Why nothing is recorded, in words."""
        self._may_draw, self._warns = draws, warns
        self._recorder: Recorder | None = None
        self._recorded: dict[Hashable, _Recorded[T]] = {}
        self._calls: dict[Hashable, int] = {}

    def __call__(self, *inputs: Tensor) -> T:
        """Make one step, as `step` would."""
        recorder = self._recorder_for(inputs)
        if recorder is None:
            return self.step(*inputs)
        form = tuple((one.shape, one.dtype, one.device) for one in inputs)
        found = self._recorded.get(form)
        if found is None and self.reason is None:
            if self._calls.setdefault(form, 0) < self.warm_up:
                self._calls[form] += 1
                return self._warmed(recorder, inputs)
            found = self._record(recorder, form, inputs)
        if found is None:
            return self.step(*inputs)
        for place, given in zip(found.inputs, inputs, strict=True):
            place.copy_(given)
        found.recording.replay()
        # The next repetition overwrites what this one gave.
        return _copied(found.outputs)

    def forget(self) -> None:
        """Forget all recordings, because tensors of the step have been replaced by others."""
        self._recorded.clear()
        self._calls.clear()

    def _recorder_for(self, inputs: tuple[Tensor, ...]) -> Recorder | None:
        device = self.device
        if device is None:
            require(len(inputs) > 0, "device", "be given for a step without tensors", None)
            device = inputs[0].device
        if self._recorder is None and device.type in RECORDERS:
            self._recorder = RECORDERS[device.type](device)
        return self._recorder if device.type in RECORDERS else None

    def _warmed(self, recorder: Recorder, inputs: tuple[Tensor, ...]) -> T:
        before = recorder.draws()
        with recorder.apart():
            result = self.step(*inputs)
        if not self._may_draw and recorder.draws() != before:
            self.reason = "it draws random numbers that depend on each seed"
        return result

    def _record(
        self, recorder: Recorder, form: Hashable, inputs: tuple[Tensor, ...]
    ) -> _Recorded[T] | None:
        if len(self._recorded) >= MOST_FORMS:
            return self._refuse(f"its inputs have more than {MOST_FORMS} different shapes")
        static = tuple(one.detach().clone() for one in inputs)
        try:
            with holding() as tables:
                recording, outputs = recorder.record(lambda: self.step(*static))
        except RuntimeError as error:
            lines = str(error).strip().splitlines() or [type(error).__name__]
            return self._refuse(lines[0].rstrip("."))
        found = _Recorded(recording, static, outputs, tables)
        self._recorded[form] = found
        return found

    def _refuse(self, reason: str) -> None:
        """Make no more recordings, and say so once."""
        self.reason = reason
        if self._warns:
            line = f"The step runs without a CUDA graph: {reason}."
            warnings.warn(line, CaptureWarning, stacklevel=4)


def capture(
    step: Callable[..., T], *, device: str | torch.device | None = None, warm_up: int = WARM_UP
) -> Captured[T]:
    """Record a step of training on a card as a CUDA graph, and repeat it; on a CPU, just call it.

    For each form of the inputs, the first `warm_up` calls run as they are. Then the step is
    recorded, and later calls launch the whole step at once. Every call is one step: none is done
    twice or left out.

    What changes from call to call must be an argument, a tensor on the card. Numbers of Python keep
    the value that they had in the recording. So the optimiser must be one that can be recorded,
    such as `torch.optim.Adam(..., capturable=True)` or `diffqas.optim.SOAP(..., capturable=True)`,
    and a learning rate that changes must be a tensor. Inside the step nothing may be read back
    (`loss.item()`), and all work must be done on the card.

    Args:
        step: a function of tensors that gives tensors, alone or in tuples, lists and dictionaries.
        device: the device of the step; None: that of its first argument.
        warm_up: the calls before the recording, at least 1.

    Returns:
        A function that is called like `step`. A step that cannot be recorded runs as it is, with
        one warning that tells the reason.

    Raises:
        ArgumentError: `warm_up` is no positive integer; or, in a call, there is neither a tensor
            nor a `device`.

    >>> weight = torch.nn.Parameter(torch.ones(2))
    >>> optimizer = torch.optim.SGD([weight], lr=0.1)
    >>> def step(x):
    ...     optimizer.zero_grad()
    ...     loss = (weight * x).square().sum()
    ...     loss.backward()
    ...     optimizer.step()
    ...     return loss.detach()
    >>> fast = capture(step)
    >>> fast(torch.ones(2)), fast(torch.ones(2))
    (tensor(2.), tensor(1.2800))
    """
    require(whole(warm_up), "warm_up", "be a positive integer", warm_up)
    where = None if device is None else torch.device(device)
    return Captured(step, where, warm_up)


def _copied(outputs: T) -> T:
    """A result with copies of its tensors; everything else stays as it is."""
    if isinstance(outputs, Tensor):
        return cast("T", outputs.detach().clone())
    if isinstance(outputs, dict):
        return cast("T", {name: _copied(one) for name, one in outputs.items()})
    if isinstance(outputs, list):
        return cast("T", [_copied(one) for one in outputs])
    if isinstance(outputs, tuple):
        copies = [_copied(one) for one in outputs]
        # A named tuple takes its entries one by one.
        return cast("T", tuple(copies) if type(outputs) is tuple else type(outputs)(*copies))
    return outputs
