"""The rows of `diffqas study qlstm-table`: the quantum LSTM, six circuits chosen by hand, controls,
references.
"""

from __future__ import annotations

from functools import partial

from torch import nn

from diffqas.kinds import (
    PUBLISHED,
    QLSTM_RECIPES,
    QLSTMKind,
    affordable,
    lstm_count,
    nearest_hidden_size,
)
from diffqas.layers import BASELINES
from diffqas.studies import Group, NamedRow, Row, Study, TrainedRow, populations
from diffqas.tasks import SeriesLSTM, Settings, Task
from table_2 import references

SEARCHES = {
    "non-shared": QLSTMKind(),
    "shared": QLSTMKind(sharing="shared"),
    "reservoir-non-shared": QLSTMKind(reservoir=True),
    "reservoir-shared": QLSTMKind(sharing="shared", reservoir=True),
}
"""The paper's variants, all with the 36 candidates."""

ZERO = ("C3", "C5")
"""Circuits that give 0 for every input and angle: what trains is the bias of the head."""

WORK = {
    "search": (0.4, 2.5),
    "reservoir": (0.4, 0.6),
    "candidate": (0.2, 0.8),
    "control": (0.1, 0.25),
}
"""Time of a step by gradient descent and with a covariance, relative to non-shared by Adam;
measured with ten seeds.
"""


def rows(settings: Settings, recipe: str) -> list[Row]:
    """All rows, in the order of the table."""
    circuits = {name: QLSTMKind.choose(circuit=name) for name in BASELINES}
    return [
        *(_trained(name, "search", kind, settings) for name, kind in SEARCHES.items()),
        *_by_adam("shared", settings),
        *(_trained(name, "candidate", kind, settings) for name, kind in circuits.items()),
        *_classical(settings, recipe),
        *references(),
    ]


def _trained(name: str, group: Group, kind: QLSTMKind, settings: Settings) -> TrainedRow:
    chosen = affordable(settings, kind.count(settings))
    return TrainedRow(
        name,
        group,
        chosen,
        partial(populations.of_kind, kind=kind),
        identical="zero" if name in ZERO else None,
        published=PUBLISHED.get(name, {}),
        circuit=kind.candidates[0].name if len(kind.candidates) == 1 else None,
        work=_work("reservoir" if kind.reservoir else group, chosen),
        predictions=name == next(iter(SEARCHES)),
        has_target=False,
    )


def _by_adam(name: str, settings: Settings) -> list[Row]:
    """A search by Adam, as non-shared has it in any case, where that is not what it has."""
    kind, adam = SEARCHES[name], settings.by("adam")
    return (
        [_trained(f"{name} by Adam", "search", kind, adam)]
        if settings.optimizer.most_numbers is not None
        else []
    )


def _classical(settings: Settings, recipe: str) -> list[Row]:
    """LSTMs of the same hidden size, and of about as many numbers as the searches train."""
    same = [
        nearest_hidden_size(SEARCHES[name].count(settings)) for name in ("shared", "non-shared")
    ]
    sizes = dict.fromkeys((SEARCHES["shared"].hidden_size, *same))
    return [lstm(size, settings, recipe) for size in sizes]


def lstm(size: int, settings: Settings, recipe: str) -> TrainedRow:
    """A classical LSTM by itself; by the default recipe, its rate is chosen if it has one."""
    chosen = affordable(settings, lstm_count(size))
    tuned = recipe == "default" and chosen.optimizer.most_numbers is None
    return TrainedRow(
        f"LSTM, hidden {size}",
        "control",
        chosen,
        populations.tuned_direct if tuned else populations.direct,
        network=partial(_network, size=size),
        work=_work("control", chosen),
    )


def _work(group: str, settings: Settings) -> float:
    return WORK[group][settings.optimizer.most_numbers is not None]


def _network(task: Task, size: int) -> nn.Module:
    return SeriesLSTM(1, size)


STUDY = Study(
    rows,
    recipes=lambda: QLSTM_RECIPES,
    named=(NamedRow("classical LSTM", "lstm"),),
)
