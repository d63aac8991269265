"""Two public problems of few qubits whose best circuits are known: a GHZ state and a maximum cut.

A circuit is a row of slots between rotations RY of every qubit. A slot is a CNOT of two neighbours
on a line, or empty. The amplitudes of such circuits are real; the search is for the fewest CNOTs
that are enough.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor

from diffqas.errors import require
from diffqas.strategies.ledger import Outcome, Trial
from diffqas.strategies.spaces import ArchitectureSpace, Gene

Edge: TypeAlias = tuple[int, int]

EMPTY = "-"
SOLVED = 1e-3
"""Infidelity, or relative loss of the cut, at which a circuit counts as a solution."""
PRICE = 0.01
"""Of a CNOT beside the loss: a solution with one fewer is the better one."""
WIDTH = 400
"""Circuits by lot that a search begins with."""
STEPS = 100
RATE = 0.1
"""Of Adam; the angles start evenly in -pi .. pi."""


class CircuitsOnALine(ArchitectureSpace):
    """All rows of slots, each with a CNOT of two neighbours or with none.

    Args:
        qubits: on the line.
        slots: CNOTs that fit in.

    >>> space = CircuitsOnALine(4, 3)
    >>> len(space), space.genes[0].values
    (343, ('-', '0>1', '1>0', '1>2', '2>1', '2>3', '3>2'))
    >>> space.title(8), space.two_qubit_gates(8)
    ('- 0>1 0>1', 2)
    """

    name: ClassVar[str] = "line"

    def __init__(self, qubits: int, slots: int) -> None:
        require(qubits >= 2, "qubits", "be at least 2", qubits)
        require(slots >= 1, "slots", "be at least 1", slots)
        self.qubits, self.slots = qubits, slots
        self.pairs: list[Edge] = []
        for first in range(qubits - 1):
            self.pairs += [(first, first + 1), (first + 1, first)]

    @property
    def genes(self) -> tuple[Gene, ...]:
        """One for each slot."""
        words = (EMPTY, *(f"{control}>{target}" for control, target in self.pairs))
        return tuple(Gene(f"slot {slot}", words) for slot in range(self.slots))

    def title(self, number: int) -> str:
        """Its slots in order."""
        genes = self.genes
        values = self.values(number)
        return " ".join(gene.values[value] for gene, value in zip(genes, values, strict=True))

    def two_qubit_gates(self, number: int) -> int:
        """Slots that are not empty."""
        return sum(value > 0 for value in self.values(number))

    def orders(self) -> Tensor:
        """Where each value of a slot takes an amplitude from, (values, 2**qubits); qubit 0 leads.

        A CNOT is its own inverse, so this is where it brings it to as well.
        """
        basis = torch.arange(2**self.qubits)
        found = [basis]
        for control, target in self.pairs:
            bit = (basis >> (self.qubits - 1 - control)) & 1
            found.append(basis ^ (bit << (self.qubits - 1 - target)))
        return torch.stack(found)


@dataclass(frozen=True, eq=False)
class Preparation:
    """What amplitudes are wanted.

    Attributes:
        name: of the problem.
        qubits: of every circuit.
        loss: real amplitudes (circuits, 2**qubits) -> (circuits,), 0 for a perfect one.
        fewest: CNOTs of the best known circuit on a line.
    """

    name: str
    qubits: int
    loss: Callable[[Tensor], Tensor]
    fewest: int


def ghz(qubits: int) -> Preparation:
    """Preparing (|0..0> + |1..1>) / sqrt 2; the loss is 1 - fidelity.

    n - 1 CNOTs do (a Hadamard, then one neighbour after the other), and fewer cannot: with n - 2 of
    them some qubits would be a product with the others, and all of these are entangled.
    """

    def infidelity(amplitudes: Tensor) -> Tensor:
        return 1 - (amplitudes[:, 0] + amplitudes[:, -1]).square() / 2

    return Preparation(f"ghz-{qubits}", qubits, infidelity, qubits - 1)


PRISM: tuple[Edge, ...] = (
    *((0, 1), (1, 2), (0, 2)),
    *((3, 4), (4, 5), (3, 5)),
    *((0, 3), (1, 4), (2, 5)),
)
"""Two triangles and what joins their corners: nine edges, of which seven can be cut."""


def max_cut(qubits: int = 6, edges: Sequence[Edge] = PRISM) -> Preparation:
    """Cutting as many edges as possible; the loss is 1 - <cut> / largest cut.

    The largest cut is found by looking at all 2**qubits. It belongs to a basis state, which needs
    no CNOT at all: what a search can do is to see that.

    >>> problem = max_cut()
    >>> torch.isclose(problem.loss(torch.eye(64)).min(), torch.tensor(0.0)).item()
    True
    """
    basis = torch.arange(2**qubits)
    sides = torch.stack([(basis >> (qubits - 1 - qubit)) & 1 for qubit in range(qubits)])
    cuts = torch.stack([sides[first] ^ sides[second] for first, second in edges]).sum(0)

    def missing(amplitudes: Tensor) -> Tensor:
        return 1 - amplitudes.square() @ cuts.to(amplitudes) / int(cuts.max())

    return Preparation(f"max-cut-{qubits}", qubits, missing, 0)


def prepared_amplitudes(space: CircuitsOnALine, choices: Tensor, angles: Tensor) -> Tensor:
    """Amplitudes of circuits, (circuits, 2**qubits).

    Args:
        space: of the circuits.
        choices: values of their slots, (circuits, slots).
        angles: (circuits, slots + 1, qubits).
    """
    orders = space.orders()
    state = angles.new_zeros(len(angles), 2**space.qubits)
    state[:, 0] = 1
    for layer in range(space.slots + 1):
        if layer > 0:
            state = state.gather(1, orders[choices[:, layer - 1]])
        for qubit in range(space.qubits):
            state = _turned(state, angles[:, layer, qubit], qubit)
    return state


def _turned(state: Tensor, angles: Tensor, qubit: int) -> Tensor:
    """After RY of one qubit: (a, b) -> (c a - s b, s a + c b), c and s of half the angle."""
    count, size = state.shape
    pairs = state.view(count, 2**qubit, 2, size >> (qubit + 1))
    half = angles.view(-1, 1, 1) / 2
    cosine, sine = half.cos(), half.sin()
    low, high = pairs[:, :, 0], pairs[:, :, 1]
    turned = torch.stack([cosine * low - sine * high, sine * low + cosine * high], dim=2)
    return turned.reshape(count, size)


def prepare_states(
    problem: Preparation, space: CircuitsOnALine, numbers: Sequence[int], seed: int = 0
) -> Tensor:
    """Train circuits side by side by Adam, all from the same angles; their losses, (circuits,).

    Args:
        problem: what is wanted.
        space: of the circuits.
        numbers: which of them.
        seed: decides the angles at the start.
    """
    choices = torch.tensor([space.values(number) for number in numbers])
    draw = torch.Generator().manual_seed(seed)
    start = math.pi * (2 * torch.rand(space.slots + 1, space.qubits, generator=draw) - 1)
    angles = start.repeat(len(numbers), 1, 1).requires_grad_()
    optimizer = torch.optim.Adam([angles], lr=RATE)
    for _ in range(STEPS):
        optimizer.zero_grad(set_to_none=True)
        problem.loss(prepared_amplitudes(space, choices, angles)).sum().backward()
        optimizer.step()
    with torch.no_grad():
        return problem.loss(prepared_amplitudes(space, choices, angles))


@dataclass(frozen=True, eq=False)
class PreparationTraining:
    """Trains what a searcher asks for; its loss has the price of the CNOTs in it.

    Attributes:
        problem: what is wanted.
        space: of the circuits.
    """

    problem: Preparation
    space: CircuitsOnALine

    def __call__(self, trial: Trial) -> Outcome:
        """The loss and the CPU seconds of one circuit."""
        started = time.process_time()
        number = trial.architecture
        (loss,) = prepare_states(self.problem, self.space, [number], trial.repetition).tolist()
        price = PRICE * self.space.two_qubit_gates(number)
        return Outcome(max(loss, 0.0) + price, time.process_time() - started)


class PreparedCircuit(NamedTuple):
    """What a search found.

    Attributes:
        score: its loss with the price of its CNOTs.
        number: of the circuit in its space.
        loss: without the price.
        trained: circuits that were trained on the way.
    """

    score: float
    number: int
    loss: float
    trained: int


def best_circuit(
    problem: Preparation, space: CircuitsOnALine, width: int = WIDTH, seed: int = 0
) -> PreparedCircuit:
    """Circuits by lot side by side, then all neighbours of the best, as long as one is better.

    Args:
        problem: what is wanted.
        space: of the circuits.
        width: circuits by lot.
        seed: decides them, and the angles at the start.
    """
    draw = np.random.default_rng(seed)
    best = _best(problem, space, sorted({space.drawn(draw) for _ in range(width)}), seed)
    while True:
        found = _best(problem, space, space.neighbours(best.number), seed)
        trained = best.trained + found.trained
        if found.score >= best.score:
            return best._replace(trained=trained)
        best = found._replace(trained=trained)


def _best(
    problem: Preparation, space: CircuitsOnALine, numbers: Sequence[int], seed: int
) -> PreparedCircuit:
    losses = prepare_states(problem, space, numbers, seed).clamp(min=0).tolist()
    found = [
        PreparedCircuit(loss + PRICE * space.two_qubit_gates(number), number, loss, len(numbers))
        for number, loss in zip(numbers, losses, strict=True)
    ]
    return min(found)
