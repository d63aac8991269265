"""A check before a search starts whether there is enough memory for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from diffqas.errors import RunError
from diffqas.kinds import QuantumTrainKind
from diffqas.quantum_train import qubits_needed
from diffqas.searches import memory
from diffqas.searches.config import RunConfig
from diffqas.tasks import Settings, Task

COPIES = 4
"""Of every trained number: itself, its gradient, two moments."""
COVARIANCES = 3
"""Of a filter: the old one, the new one, and what is subtracted."""
PLANNED = 100
"""Layers up to which the vectors of a simulation grow: on the way back they are computed anew."""
MARGIN = 1.25
"""The rule is for a step without the network's activations, and right to about this factor."""

REMEDY = "Fewer --seeds, a larger --chunk, a smaller --depth or network need less"


def refuse_too_large(config: RunConfig, task: object) -> None:
    """Refuse a search of Quantum-Train that needs clearly more memory than is free.

    Raises:
        RunError: it needs more than `MARGIN` times the memory that the system says is free.
    """
    kind, settings = config.kind, config.settings
    if not isinstance(kind, QuantumTrainKind) or not isinstance(task, Task):
        return
    assert isinstance(settings, Settings)
    free = memory.free(torch.device(config.device))
    needed = needed_bytes(config, kind, settings, task)
    if free is None or needed <= MARGIN * free:
        return
    raise RunError(
        f"The search needs about {_in_words(needed)} of memory, and {_in_words(free)} are free. "
        f"{REMEDY} (see `diffqas estimate`)."
    )


def needed_bytes(config: RunConfig, kind: QuantumTrainKind, settings: Settings, task: Task) -> int:
    """The bytes that a step of all seeds needs, by rule."""
    chosen = kind.sizes_of(task, settings.depth)
    weights, qubits = chosen.weights, qubits_needed(chosen.weights, chosen.chunk)
    size = torch.finfo(config.torch_dtype).bits // 8
    seeds = len(config.seeds)
    numbers = kind.numbers or 0
    if kind.circuits:
        numbers = memory.angles_of(kind, qubits, chosen.depth)
    trained = seeds * numbers * size * COPIES
    most = settings.optimizer.most_numbers
    if most is not None and numbers <= most:
        # A covariance is kept in float64, whatever the numbers are.
        trained += seeds * numbers**2 * 8 * COVARIANCES
    depth = min(chosen.depth, PLANNED)
    return trained + memory.rule(kind, qubits, depth, weights, seeds, size)


@contextmanager
def memory_told() -> Iterator[None]:
    """Report in one line that memory could not be allocated.

    Raises:
        RunError: memory ran out; it replaces the errors of torch and Python.
    """
    try:
        yield
    except (MemoryError, torch.cuda.OutOfMemoryError):
        raise RunError(f"There is not enough memory for this search. {REMEDY}.") from None
    except RuntimeError as error:
        # Torch has no class of its own for this on the CPU.
        words = ("allocate memory", "Storage size calculation overflowed")
        if not any(word in str(error) for word in words):
            raise
        raise RunError(f"There is not enough memory for this search. {REMEDY}.") from None


def _in_words(count: int) -> str:
    """Bytes as a person says them.

    >>> _in_words(3 << 30), _in_words(5 << 20)
    ('3.0 GiB', '0.0 GiB')
    """
    return f"{count / 2**30:,.1f} GiB"
