"""A task of your own, tried on a few samples before anything is trained or written."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn

from diffqas.architecture import forked_draws
from diffqas.errors import DataError, choose, require
from diffqas.tasks.task import Split, Task

KINDS = ("series", "images", "table", "plain")
FEW = 8
NUMBERS = 500
"""What `small` is asked for before it is known how many numbers the search trains."""

_NAME = re.compile(r"\w[\w .,+-]*")
_METRIC = re.compile(r"[^\W_][\w .,+²-]*")


def rehearse(task: Task) -> None:
    """Try a task: make the target network, predict a few samples, and compute loss and metrics.

    The global random state is left as it was.

    Raises:
        ArgumentError: a search cannot use a field of the task; the message names it.
        DataError: predictions and targets have different shapes, which torch's losses would
            broadcast.
    """
    is_plain = _NAME.fullmatch(task.name) is not None
    require(is_plain, "name", "be a plain word, it names a folder", repr(task.name))
    choose(task.kind, KINDS, "kind")
    require(len(task.recipes) >= 1, "recipes", "hold settings under the name 'default'", "none")
    require(len(task.metrics) >= 1, "metrics", "hold at least one figure", "none")
    for name in task.metrics:
        require(_METRIC.fullmatch(name) is not None, "metrics", "have plain names", repr(name))
    count = min(FEW, len(task.train))
    few = Split(task.train.inputs[:count], task.train.targets[:count]).to("cpu", torch.float32)
    # torch broadcasts (n,) against (n, 1) with no more than a warning, and the loss of all pairs
    # would be trained without anybody seeing it: the warning is made an error below.
    with forked_draws(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        prediction = _predicted(task, few)
        loss = task.loss(prediction, few.targets)
        _scalar(loss, "loss", "loss")
        require(loss.requires_grad, "loss", "be differentiable", "a number without a gradient")
        with torch.no_grad():
            for name, metric in task.metrics.items():
                _scalar(metric(prediction.detach(), few.targets), "metrics", f"metric {name}")
        if task.small is not None:
            _check_small(task.small, few, prediction)
    if any("broadcast" in str(warning.message) for warning in caught):
        shapes = f"{tuple(prediction.shape)} and {tuple(few.targets.shape)}"
        raise DataError(
            f"Predictions and targets of the task {task.name} have the shapes {shapes}: "
            "a loss or a metric would compare each with every other. Give them the same shape."
        )


def _predicted(task: Task, few: Split) -> Tensor:
    network = task.target()
    is_network = isinstance(network, nn.Module)
    require(is_network, "target", "make a network, an nn.Module", f"a {type(network).__name__}")
    prediction = network.float().eval()(few.inputs)
    got = f"{_in_words(prediction)} for {len(few)} samples"
    found = isinstance(prediction, Tensor) and prediction.ndim >= 1 and len(prediction) == len(few)
    require(found, "target", "give a tensor with one prediction per sample", got)
    if task.kind == "series":
        rule = "give predictions (samples,) and no further dimension for the kind 'series'"
        require(prediction.ndim == 1, "target", rule, got)
    return prediction


def _check_small(small: Callable[[int], nn.Module], few: Split, wanted: Tensor) -> None:
    """Whether the task's ordinary network predicts what its target does.

    How many numbers it may have is not known yet: it is counted when it is.
    """
    network = small(NUMBERS)
    is_network = isinstance(network, nn.Module)
    require(is_network, "small", "make a network, an nn.Module", f"a {type(network).__name__}")
    has_buffers = next(network.buffers(), None) is not None
    rule = "make a network without buffers, such as those of batch normalisation"
    require(not has_buffers, "small", rule, f"a {type(network).__name__}")
    prediction = network.float().eval()(few.inputs)
    same = isinstance(prediction, Tensor) and prediction.shape == wanted.shape
    rule = f"predict {_in_words(wanted)}, as the target does"
    require(same, "small", rule, _in_words(prediction))


def _scalar(value: object, argument: str, name: str) -> None:
    rule = f"give a tensor with a single number ({name})"
    is_scalar = isinstance(value, Tensor) and value.ndim == 0
    require(is_scalar, argument, rule, _in_words(value))


def _in_words(value: object) -> str:
    if isinstance(value, Tensor):
        return f"the shape {tuple(value.shape)}"
    return f"a {type(value).__name__}"
