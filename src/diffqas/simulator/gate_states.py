"""Final states of circuits that are given gate by gate, to examine found circuits.

Nothing here is differentiated or fast. The gates act one by one, in double precision.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from diffqas.circuits import Gate, InputSlot
from diffqas.simulator.axes import Axes
from diffqas.simulator.gate_matrices import fixed_matrix, turning_matrices


@torch.no_grad()
def gate_states(gates: Iterable[Gate], n: int, inputs: Tensor) -> Tensor:
    """Final states after gates that act on |0..0>, for many samples.

    Args:
        gates: the gates in the order in which they act; their angles are numbers or of `InputSlot`.
        n: the number of qubits.
        inputs: (samples, inputs), to which the index of an `InputSlot` refers.

    Returns:
        States (samples, 2**n) in complex128, with qubit 0 as the most significant bit.
    """
    samples = inputs.detach().cpu().double()
    start = torch.zeros(len(samples), 1, 2**n, 1, dtype=torch.complex128)
    start[:, :, 0] = 1
    state = Axes(start, range(n))
    for gate in gates:
        state.apply(_matrices(gate, samples), gate.qubits)
    return state.in_order().flatten(1)


@torch.no_grad()
def turned_states(states: Tensor, turns: Iterable[tuple[tuple[int, ...], Tensor]]) -> Tensor:
    """States (samples, 2**n) after matrices (2**k, 2**k) that act on k qubits each.

    Args:
        states: the states before, (samples, 2**n) in complex128.
        turns: pairs of qubits, the first one most significant, and a matrix on them.
    """
    n = states.shape[1].bit_length() - 1
    state = Axes(states[:, None, :, None], range(n))
    for qubits, matrix in turns:
        state.apply(matrix.to(states), qubits)
    return state.in_order().flatten(1)


def _matrices(gate: Gate, samples: Tensor) -> Tensor:
    """Matrices (samples or 1, 1, 2**k, 2**k) of one gate."""
    if not gate.angles:
        return fixed_matrix(gate.name, samples)
    angles = [_values(angle, samples) for angle in gate.angles]
    return turning_matrices(gate.name, torch.stack(angles, dim=-1)).unsqueeze(1)


def _values(angle: object, samples: Tensor) -> Tensor:
    """An angle of every sample, (samples,)."""
    if isinstance(angle, InputSlot):
        return angle.factor * samples[:, angle.index] + angle.offset
    assert isinstance(angle, float | int), "names and slots of found circuits have numbers"
    return samples.new_full((len(samples),), float(angle))
