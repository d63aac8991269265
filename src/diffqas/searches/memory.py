"""The free memory, the memory of this process, and what a generator will need, by rule."""

from __future__ import annotations

import contextlib
from pathlib import Path

import torch

from diffqas.circuits import SearchSpace
from diffqas.kinds import QuantumTrainKind
from diffqas.quantum_train import SUBSPACE, MLPMapping
from diffqas.simulator import compiled

GENERATOR = 12
"""Vectors of the weights that one step of a generator holds: weights, their gradients, what the
mapping keeps.
"""
SIMULATOR = 6
"""Vectors of the basis states beside the final amplitudes: the mixture, its cotangent and four to
work on.
"""


def angles_of(kind: QuantumTrainKind, n: int, depth: int) -> int:
    """The number of angles of a generator with circuits."""
    angles = depth * n * SearchSpace(kind.candidates).angles_per_qubit
    return angles * len(kind.candidates) if kind.sharing == "separate" else angles


def rule(
    kind: QuantumTrainKind, n: int, depth: int, weights: int, seeds: int, bytes_each: int
) -> int:
    """The bytes of one training step of generators, without the network's activations.

    Each seed needs one vector of 2**n numbers for every simulated circuit that stays real and two
    for every other, `SIMULATOR` more such vectors, and `GENERATOR` vectors with as many numbers as
    there are weights. A perceptron as mapping needs three more numbers per unit and basis state.
    docs/large.md has the measurements.
    """
    if not kind.circuits:
        return seeds * bytes_each * (_numbers_beside(kind) + GENERATOR) * 2**n
    space = SearchSpace(kind.candidates)
    angles = torch.empty(1, 1, depth, n, space.angles_per_qubit)
    # Circuits outside the fast forms: complex amplitudes, and as many on the way back.
    rows = 4 * len(space)
    if len(compiled.members(space, angles)) == len(space):
        rows = compiled.stored_rows(space, depth, min(n, 4))
    units = 3 * sum(kind.mapping.hidden) if isinstance(kind.mapping, MLPMapping) else 0
    return seeds * bytes_each * ((rows + SIMULATOR + units) * 2**n + GENERATOR * weights)


def _numbers_beside(kind: QuantumTrainKind) -> int:
    """Fixed numbers that a classical generator keeps for each basis state."""
    if kind.generator == SUBSPACE and kind.numbers is not None:
        return kind.numbers
    return 2  # entry and sign, or nothing


def free(device: torch.device) -> int | None:
    """The bytes of memory that are free; None if the system does not tell."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return _kilobytes("/proc/meminfo", "MemAvailable")


class Peak:
    """A measurement of the most memory that is held between its creation and a call, in bytes.

    On a CPU the memory of the whole process counts.

    Attributes:
        free: how many bytes were free at its creation; None if the system does not tell.
        held: how many bytes this process held already then, as a part of every peak (cuda: none).
    """

    def __init__(self, device: torch.device) -> None:
        self.device, self.free = device, free(device)
        self.held = (resident() or 0) if device.type == "cpu" else 0
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
            return
        with contextlib.suppress(OSError):
            # The system's peak begins anew: what came before is not asked for.
            Path("/proc/self/clear_refs").write_text("5")

    def __call__(self) -> int | None:
        """The peak in bytes; None if the system does not tell."""
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.device)
        return _kilobytes("/proc/self/status", "VmHWM")


def resident() -> int | None:
    """The bytes that this process holds now; None if the system does not tell."""
    return _kilobytes("/proc/self/status", "VmRSS")


def _kilobytes(path: str, name: str) -> int | None:
    """The entry of a file of the system, in bytes; None where there is none."""
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith(f"{name}:"):
            return 1024 * int(line.split()[1])
    return None
