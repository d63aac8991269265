"""The kinds of models by the words of the command line."""

from __future__ import annotations

import inspect
from typing import Any

from diffqas.errors import ArgumentError, choose
from diffqas.models.kind import ModelKind
from diffqas.models.qlstm import QLSTMKind
from diffqas.models.quantum_train import QuantumTrainKind

KINDS: dict[str, type[ModelKind[Any, Any]]] = {kind.name: kind for kind in (QuantumTrainKind, QLSTMKind)}


def choose_kind(model: str, **arguments: Any) -> ModelKind[Any, Any]:
    """A kind of model by name.

    Args:
        model: key of `KINDS`.
        arguments: choices of any kind; None stands for the kind's own default.

    Raises:
        ArgumentError: an unknown name, an argument that belongs to another kind, or one that is wrong.

    >>> choose_kind("qlstm", mapping="mlp")
    Traceback (most recent call last):
        ...
    diffqas.errors.ArgumentError: Argument `mapping` must be used with the model qt, but got the model 'qlstm'.
    """
    kind = KINDS[choose(model, KINDS, "model")]
    given = {name: value for name, value in arguments.items() if value is not None}
    for name in given:
        owners = [owner for owner in KINDS if name in inspect.signature(KINDS[owner].choose).parameters]
        if model not in owners:
            rule = f"Argument `{name}` must be used with the model {' or '.join(owners)}"
            raise ArgumentError(f"{rule}, but got the model {model!r}.")
    return kind.choose(**given)
