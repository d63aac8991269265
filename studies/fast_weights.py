"""The rows of `diffqas study fast-weights`: the quantum fast weight programmer and its controls.

Each control changes one thing and trains about as many numbers: it has no circuit, structural
weights that are not trained, a single circuit, or another recurrence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn

from diffqas.kinds import QFWP_RECIPES, QFWPKind, QLSTMKind
from diffqas.layers import FastWeightLockstep, SlowProgrammer
from diffqas.optimisers import Population
from diffqas.studies import Group, NamedRow, Row, Study, TrainedRow, populations
from diffqas.tasks import SeriesLSTM, Settings, Task
from table_2 import references

SEARCH = QFWPKind(classical=False)
"""What `diffqas search --model qfwp` trains: 147 numbers."""
LARGER = replace(SEARCH, latent_size=18)
"""267 numbers, as many as the quantum LSTM of hidden size 5 with shared angles."""
WRITTEN = replace(SEARCH, slow="written", slow_rate=0.3)
"""56 numbers write the slow network's 106, 97 in all; the rate was chosen on seeds 100 to 102 of
Bessel, as docs/fast-weights.md says.
"""
SMALLER = replace(SEARCH, latent_size=4)
"""99 numbers: a slow network that is trained itself, as small as the written one."""
ONE = replace(SEARCH, candidates=SEARCH.candidates[:1], input_qubits="first")
"""The circuit of the public code of arXiv 2402.17760, 111 numbers."""

SHARED = QLSTMKind(sharing="shared", classical=False)
"""The quantum LSTM of `diffqas study qlstm-table`, 270 numbers."""
SMALL_SHARED = replace(SHARED, structure="shared", hidden_size=4)
"""One set of structural weights for its four gates, 141 numbers."""
QLSTM_DEPTH = 5
"""Of its circuits, as in that study."""

LATENT, NEURONS = 8, 11
"""Of a slow network that writes an ordinary layer: 145 numbers."""

ADAM_WORK = 0.1
"""Time of a step by gradient descent relative to the search by the Kalman filter."""


class OrdinaryFastLayer(nn.Module):
    """A slow network whose fast weights are those of an ordinary layer, in place of a circuit.

    At each moment the outer product of `SlowProgrammer` is added to the weights a and the biases b
    of tanh neurons, which read the last value of the window: y = head(tanh(a x + b)).

    Args:
        latent: length of the slow network's latent vector.
        neurons: of the fast layer.
    """

    def __init__(self, latent: int, neurons: int) -> None:
        super().__init__()
        self.slow = SlowProgrammer(1, latent, 2, neurons)
        self.head = nn.Linear(neurons, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map windows (batch, time) to predictions (batch,)."""
        written = self.slow(x.unsqueeze(-1)).sum(1)
        weights, biases = written.unbind(1)
        fast = torch.tanh(weights * x[:, -1:] + biases)
        return self.head(fast).squeeze(-1)


def frozen_structure(
    task: Task, settings: Settings, seeds: Sequence[int], kind: QFWPKind, drawn: bool = False
) -> FastWeightLockstep:
    """The mixture with weights that stay; the slow network and the head learn.

    Args:
        task: what is learnt.
        settings: how.
        seeds: one model each.
        kind: the search whose mixture it is.
        drawn: weights from N(0, 1 / candidates), by the seed, in place of equal ones. Of equal
            weights the circuits that do not see their inputs make up most of the sum.
    """
    population, _ = kind.make(task, settings, seeds)
    structure = population.circuits.structure.requires_grad_(False)
    if drawn:
        for seed, weights in zip(seeds, structure, strict=True):
            generator = torch.Generator().manual_seed(seed)
            normal = torch.randn(weights.shape, generator=generator)
            weights.copy_(normal / weights.shape[-1] ** 0.5)
    return population


def rows(settings: Settings, recipe: str) -> list[Row]:
    """All rows, in the order of the table."""
    return [
        _of_kind("fast weights", "search", settings, SEARCH),
        replace(_of_kind("fast weights, latent 18", "search", settings, LARGER), work=1.5),
        _of_kind("slow network written by circuits", "search", settings, WRITTEN),
        _of_kind("fast weights, latent 4", "control", settings, SMALLER),
        _frozen("frozen equal structural weights", settings, drawn=False),
        _frozen("frozen drawn structural weights", settings, drawn=True),
        *_one_circuit(settings, recipe),
        _network("slow network, no circuit", settings, partial(OrdinaryFastLayer, LATENT, NEURONS)),
        *_recurrent(settings),
        *references(),
    ]


def _frozen(name: str, settings: Settings, drawn: bool) -> TrainedRow:
    populate = partial(frozen_structure, kind=SEARCH, drawn=drawn)
    return TrainedRow(name, "control", settings, populate, has_target=False)


def _one_circuit(settings: Settings, recipe: str) -> list[Row]:
    """The public code's circuit as the search is trained, and as the public code trains it."""
    alike = replace(_of_kind("one circuit", "candidate", settings, ONE), work=0.3)
    if recipe == "paper":
        return [alike]
    published = replace(QFWP_RECIPES["paper"], epochs=settings.epochs, depth=settings.depth)
    name = "one circuit, the paper's recipe"
    return [alike, replace(alike, name=name, settings=published, work=ADAM_WORK)]


def _recurrent(settings: Settings) -> list[Row]:
    """Quantum and ordinary LSTMs of about as many numbers as the two searches."""
    deep = replace(settings, depth=QLSTM_DEPTH)
    quantum = [
        _of_kind("quantum LSTM shared, hidden 4", "control", deep, SMALL_SHARED),
        _of_kind("quantum LSTM shared, hidden 5", "control", deep, SHARED),
    ]
    ordinary = [
        _network(f"LSTM, hidden {size}", settings, partial(SeriesLSTM, 1, size)) for size in (5, 7)
    ]
    return [*quantum, *ordinary]


def _of_kind(name: str, group: Group, settings: Settings, kind: QFWPKind | QLSTMKind) -> TrainedRow:
    populate = partial(populations.of_kind, kind=kind)
    circuit = kind.candidates[0].name if len(kind.candidates) == 1 else None
    return TrainedRow(name, group, settings, populate, circuit=circuit, has_target=False)


def _network(name: str, settings: Settings, make: partial[nn.Module]) -> TrainedRow:
    return TrainedRow(
        name,
        "control",
        settings,
        _direct,
        network=partial(_made, make=make),
        work=ADAM_WORK,
        has_target=False,
    )


def _direct(task: Task, settings: Settings, seeds: Sequence[int]) -> Population:
    return populations.direct(task, settings, seeds)


def _made(task: Task, make: partial[nn.Module]) -> nn.Module:
    return make()


STUDY = Study(
    rows,
    recipes=lambda: QFWP_RECIPES,
    named=(NamedRow("LSTM of as many numbers", "lstm, hidden 5"),),
)
