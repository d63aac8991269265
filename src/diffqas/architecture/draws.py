"""Draws of the global generators, decided by a run's seeds and steps alone.

A network of one's own may draw: dropout, noise, a random crop. It draws from the generators that
all programs share, those of torch, numpy and Python, whose states nobody can foresee. Inside of
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
    """Afterwards the global generators are as they were before.

    Args:
        device: where is computed, if not on the CPU alone.
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
    """As `forked_draws`, and inside `seed_draws` seeds the global generators."""
    token = _GOVERNED.set(True)
    try:
        with forked_draws(device):
            yield
    finally:
        _GOVERNED.reset(token)


def seed_draws(*numbers: int) -> None:
    """Seed the global generators by a seed, a step, and what else tells one use from another.

    Outside of `governed_draws` nothing is done: the generators are the caller's.
    """
    if not _GOVERNED.get() or _recording():
        return
    # A hash, not a sum: near seeds and steps give draws that have nothing in common.
    digest = hashlib.blake2b(repr(numbers).encode(), digest_size=8).digest()
    number = int.from_bytes(digest, "big") >> 1
    torch.manual_seed(number)
    seed_others(number)


def _recording() -> bool:
    """Whether a card's work is being recorded: its generator cannot be seeded meanwhile."""
    return torch.cuda.is_initialized() and torch.cuda.is_current_stream_capturing()


def seed_others(number: int) -> None:
    """Seed the global generators of numpy and Python."""
    np.random.seed(number & 0xFFFFFFFF)
    random.seed(number)
