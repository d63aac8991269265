"""The kinds of models, by their words on the command line."""

from __future__ import annotations

import inspect
from collections.abc import Iterable

from diffqas.agents import AgentKind, QuantumAgentKind
from diffqas.choices import Value
from diffqas.errors import ArgumentError, choose
from diffqas.kinds import (
    AnyKind,
    FixedLayersKind,
    PerLayerKind,
    QFWPKind,
    QLSTMKind,
    QuantumTrainKind,
    VQCKind,
)
from diffqas.text import alternatives

STORED = (
    AgentKind,
    FixedLayersKind,
    PerLayerKind,
    QFWPKind,
    QLSTMKind,
    QuantumAgentKind,
    QuantumTrainKind,
    VQCKind,
)
"""What config.json may name. Their classes make themselves known to it when they are imported,
which a file that names one cannot wait for.
"""

ENVIRONMENT_KINDS: dict[str, type[AnyKind]] = {
    AgentKind.name: AgentKind,
    QuantumAgentKind.name: QuantumAgentKind,
}
"""Those of agents, which act in an environment in place of looking at data."""

KINDS: dict[str, type[AnyKind]] = {
    kind.name: kind for kind in (QuantumTrainKind, QLSTMKind, VQCKind, QFWPKind)
}


def kinds_for(task_kind: str) -> dict[str, type[AnyKind]]:
    """The kinds of models that can be searched on a kind of task, by their words.

    The kind of task is as in `diffqas.searches.data_sets.task_kind`.
    """
    return ENVIRONMENT_KINDS if task_kind == "environment" else KINDS


def names_of_kinds(task_kind: str) -> frozenset[str]:
    """The names of the arguments of `choose_kind` for a kind of task, for any of its models.

    >>> {"chunk", "hidden_size"} <= names_of_kinds("series")
    True
    """
    every = (*KINDS.values(), *kinds_for(task_kind).values())
    return frozenset(name for kind in every for name in inspect.signature(kind.choose).parameters)


def choose_kind(model: str, task_kind: str = "plain", **arguments: Value) -> AnyKind:
    """Choose a kind of model by its word.

    Args:
        model: a key of `kinds_for(task_kind)`.
        task_kind: the kind of task.
        arguments: choices of the kind; None stands for the kind's own default.

    Raises:
        ArgumentError: the word is unknown, or an argument is wrong or belongs to another kind.

    >>> choose_kind("qlstm", mapping="mlp")
    Traceback (most recent call last):
        ...
    diffqas.errors.ArgumentError: Argument `mapping` must be used with the model qt, but got the
    model 'qlstm'.
    """
    kinds = kinds_for(task_kind)
    if model not in kinds and model in KINDS:
        raise ArgumentError(
            f"Argument `model` must be {alternatives(kinds)} for an environment, but got {model!r}."
        )
    kind = kinds[choose(model, kinds, "model")]
    given = {name: value for name, value in arguments.items() if value is not None}
    for name in given:
        owners = [
            owner for owner in kinds if name in inspect.signature(kinds[owner].choose).parameters
        ]
        if not owners:
            raise ArgumentError(
                f"Argument `{name}` must be used with a data set, but got an environment."
            )
        if model not in owners:
            raise of_other_models(name, owners, model)
    if "fixed_layers" in given:
        kind = FixedLayersKind
    elif given.get("per_layer"):
        kind = PerLayerKind
    return kind.choose(**given)


def of_other_models(name: str, owners: Iterable[str], model: str) -> ArgumentError:
    """The error for an argument that belongs to other kinds of model."""
    rule = f"Argument `{name}` must be used with the model {alternatives(owners)}"
    return ArgumentError(f"{rule}, but got the model {model!r}.")
