"""Random numbers of the global generators, decided by a run's seeds and steps alone.

A user's own network may draw random numbers: for dropout, noise, a random crop. It draws from the
global generators of torch, numpy and Python, whose states depend on all that ran before. Inside
`governed_draws` they are seeded before every use, by numbers that a resumed run knows as well.
"""

# ruff: noqa: NPY002 - numpy's old global generator is the one that others draw from

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import torch

_GOVERNED: ContextVar[bool] = ContextVar("governed", default=False)


@contextmanager
def forked_draws(device: torch.device | None = None) -> Iterator[None]:
    """Restore the states of the global generators at the end of the block.

    Args:
        device: the device of the computation, if it is not the CPU alone.
    """
    devices = [] if device is None or device.type != "cuda" else [device]
    numpy_state, python_state = np.random.get_state(), random.getstate()
    try:
        with torch.random.fork_rng(devices):
            yield
    finally:
        np.random.set_state(numpy_state)
        random.setstate(python_state)


@contextmanager
def governed_draws(device: torch.device | None = None) -> Iterator[None]:
    """As `forked_draws`; in addition, `seed_draws` seeds the global generators inside the block."""
    token = _GOVERNED.set(True)
    try:
        with forked_draws(device):
            yield
    finally:
        _GOVERNED.reset(token)


def seed_draws(*numbers: int) -> None:
    """Seed the global generators by numbers such as a seed and a step, which identify one use.

    Outside of `governed_draws` nothing is done, as the generators then belong to the caller.
    """
    if not _GOVERNED.get() or _recording():
        return
    # A hash, not a sum, so that neighbouring seeds and steps give independent draws.
    digest = hashlib.blake2b(repr(numbers).encode(), digest_size=8).digest()
    number = int.from_bytes(digest, "big") >> 1
    torch.manual_seed(number)
    seed_others(number)


def _recording() -> bool:
    """Whether a card's work is being recorded, as its generator cannot be seeded then."""
    return torch.cuda.is_initialized() and torch.cuda.is_current_stream_capturing()


def seed_others(number: int) -> None:
    """Seed the global generators of numpy and Python."""
    np.random.seed(number & 0xFFFFFFFF)
    random.seed(number)
