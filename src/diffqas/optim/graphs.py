"""Recording the work of a card and repeating it: CUDA graphs behind a small interface.

The interface has a second implementation in the tests, which records on the CPU. So everything
around a graph (warm-up, static inputs, copies, the fallback for work that cannot be recorded) is
tested without a card.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeVar

import torch

T = TypeVar("T")


class Recording(Protocol):
    """Work that was recorded; `torch.cuda.CUDAGraph` is one."""

    def replay(self) -> None:
        """Repeat the work, on the tensors with which it was recorded."""
        ...


class Recorder(Protocol):
    """Records the work of one device."""

    def apart(self) -> AbstractContextManager[None]:
        """A context for work that may allocate and initialise, separate from what is recorded."""
        ...

    def record(self, work: Callable[[], T]) -> tuple[Recording, T]:
        """Record the work without doing it.

        Raises:
            RuntimeError: the work asks for something that cannot be recorded.
        """
        ...

    def draws(self) -> int:
        """How many random numbers were drawn since the device's generator was seeded."""
        ...


class CudaRecorder:
    """CUDA graphs of one card, by the rules of `torch.cuda.graph`."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._side = torch.cuda.Stream(device)

    @contextmanager
    def apart(self) -> Iterator[None]:
        """A separate stream, on which libraries make their workspaces before the recording."""
        current = torch.cuda.current_stream(self.device)
        self._side.wait_stream(current)
        with torch.cuda.stream(self._side):
            yield
        current.wait_stream(self._side)

    def record(self, work: Callable[[], T]) -> tuple[Recording, T]:
        """Capture the work as a graph with a memory pool of its own."""
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.device(self.device), torch.cuda.graph(graph, stream=self._side):
            result = work()
        return graph, result

    def draws(self) -> int:
        """The offset of the card's generator."""
        with torch.cuda.device(self.device):
            index = torch.cuda.current_device()
        return int(torch.cuda.default_generators[index].get_offset())


RECORDERS: dict[str, Callable[[torch.device], Recorder]] = {"cuda": CudaRecorder}
"""The recorders by the type of the device."""


def records(device: torch.device) -> bool:
    """Whether work on this device can be recorded; the host must then not wait for it."""
    return device.type in RECORDERS
