"""What a network takes as its input, and what its outputs mean."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from diffqas.agents import EnvironmentTask
from diffqas.searches import RunConfig, load_own, load_rows, load_windows
from diffqas.storage import Json, JsonView
from diffqas.tasks import DIGITS, Task, View, load_images

Interface = dict[str, Json]

SCALED = "2 * (value - low) / (high - low) - 1"
UNSCALED = "low + (prediction + 1) * (high - low) / 2"
CORRECTED = "known + intercept + coefficients . scaled window + unit * prediction"
STANDARDISED = "(pixel / white - mean) / std"
COLUMNS = "(value - mean) / std of each column"
UNSTANDARDISED = "value * std + mean"
AS_IS = "as it is"


def samples(task: Task | EnvironmentTask, network: nn.Module, count: int = 8) -> Tensor:
    """A few inputs of a task in the network's dtype, on the CPU."""
    if isinstance(task, EnvironmentTask):
        inputs = torch.randn(count, task.observations, generator=torch.Generator().manual_seed(0))
    else:
        inputs = task.test.inputs[:count].cpu()
    dtype = next(network.parameters()).dtype
    return inputs.to(dtype) if inputs.is_floating_point() else inputs


def interface(
    name: str, config: RunConfig, task: Task | EnvironmentTask, own: bool, few: Tensor, out: Tensor
) -> Interface:
    """Describe the `input` and the `output` of a network.

    The description has the name, shape, dtype and meaning, and how values are scaled.

    Args:
        name: the name of the network.
        config: the choices of the run.
        task: the task of the run.
        own: whether the task is a user's own, of which only the shapes are known.
        few: some inputs.
        out: the outputs for these inputs.
    """
    if isinstance(task, EnvironmentTask):
        words = _agent(name, task)
    elif own or task.kind not in ("series", "images", "table"):
        words = _words(
            "inputs",
            "samples of the task, as its training part has them",
            "outputs",
            "of the network",
        )
    elif task.kind == "table":
        words = _table(config)
    else:
        words = _series(config) if task.kind == "series" else _images(config)
    for side, tensor in (("input", few), ("output", out)):
        words[side] |= {
            "shape": ["batch", *tensor.shape[1:]],
            "dtype": str(tensor.dtype).removeprefix("torch."),
        }
    return words


def _words(name: str, meaning: str, out: str, out_meaning: str) -> Interface:
    return {
        "input": {"name": name, "meaning": meaning, "scaling": {"formula": AS_IS}},
        "output": {"name": out, "meaning": out_meaning, "scaling": {"formula": AS_IS}},
    }


def _own_series(config: RunConfig) -> Interface:
    """The interface for a user's own series, with how predictions become values of the series."""
    data = load_own(config)
    view = data.view
    columns = ", ".join(data.columns)
    seen = f"{view.window} successive values of {columns}, the oldest first"
    out = f"what the line leaves of the value {view.horizon} behind the window"
    words = _words("window", seen, "prediction", out)
    words["input"]["scaling"] = {
        "formula": SCALED,
        "changes": _changes(view),
        "low": data.low.tolist(),
        "high": data.high.tolist(),
    }
    assert config.series is not None, "the run is on a series of one's own"
    correction = config.series.correction
    words["output"]["scaling"] = {
        "formula": CORRECTED,
        "known": _known(view),
        "intercept": data.linear.intercept,
        "coefficients": data.linear.coefficients.tolist(),
        "unit": data.unit * (1.0 if correction is None else correction),
    }
    return words


def _changes(view: View) -> str:
    """What is done to the values before they are scaled, in words."""
    steps = []
    if view.season > 1:
        steps.append(f"minus the value {view.season} before")
    if view.difference:
        steps.append("minus the value 1 before")
    return ", then ".join(steps) or "none"


def _known(view: View) -> str:
    """Which earlier values are added to the prediction of the value at t, in words."""
    last, season = f"value[t - {view.horizon}]", f"value[t - {view.seasons_back}]"
    if view.season > 1 and view.difference:
        return f"{season} + {last} - value[t - {view.horizon + view.seasons_back}]"
    if view.season > 1:
        return season
    return last if view.difference else "0"


def _series(config: RunConfig) -> Interface:
    if config.series is not None:
        return _own_series(config)
    data = load_windows(config.dataset, config)
    predicted = data.sees if data.last_response is None else "the response y"
    seen = f"{data.window} successive values of {data.sees}, the oldest first"
    words = _words("window", seen, "prediction", f"the next value of {predicted}")
    if (data.low, data.high) != (-1.0, 1.0):
        bounds = {"low": data.low, "high": data.high}
        words["input"]["scaling"] = {"formula": SCALED, **bounds}
        words["output"]["scaling"] = {"formula": UNSCALED, **bounds}
    return words


def _images(config: RunConfig) -> Interface:
    data = load_images(config.dataset, config.classes, config.data_dir)
    words = _words(
        "images",
        "grey images, row by row from the top",
        "logits",
        "one per class, the largest decides",
    )
    white = 16 if config.dataset == DIGITS else 255
    words["input"]["scaling"] = {
        "formula": STANDARDISED,
        "white": white,
        "mean": data.mean,
        "std": data.std or 1.0,
    }
    words["output"] |= {"classes": list(data.class_names), "labels": list(data.classes)}
    return words


def _table(config: RunConfig) -> Interface:
    data = load_rows(config.dataset, config)
    columns = ", ".join(data.feature_names)
    words = _words("rows", columns, "logits", "one per class, the largest decides")
    words["input"]["scaling"] = {
        "formula": COLUMNS,
        "columns": list(data.feature_names),
        "mean": list(data.means),
        "std": list(data.stds),
    }
    if data.class_names:
        words["output"]["classes"] = list(data.class_names)
        return words
    words["output"] |= {"name": "value", "meaning": f"the value of {data.label_name}"}
    words["output"]["scaling"] = {
        "formula": UNSTANDARDISED,
        "mean": data.label_mean,
        "std": data.label_std,
    }
    return words


def _agent(name: str, task: EnvironmentTask) -> Interface:
    size = f"flattened to {task.observations} numbers (of MiniGrid the image)"
    seen = f"observation of {task.identity}, {size}"
    said = {
        "policy": ("logits", "one per action, the largest is the most probable"),
        "value": ("value", "expected discounted return"),
    }
    return _words("observation", f"{seen}; the network's first layer centres it", *said[name])


def in_words(side: JsonView) -> str:
    """An input or an output in one line.

    >>> scaling = {"formula": "(pixel - mean) / std", "mean": 0.25, "std": 0.5}
    >>> in_words({"name": "images", "shape": ["batch", 8], "dtype": "float32", "scaling": scaling})
    'images (batch, 8) float32: (pixel - mean) / std, mean 0.25, std 0.5'
    """
    scaling = dict(side["scaling"])
    formula = scaling.pop("formula")
    # Of a table there is a mean and a spread for each column: too many for a line.
    single = {name: value for name, value in scaling.items() if not isinstance(value, list)}
    values = "".join(f", {name} {_short(value)}" for name, value in single.items())
    said = side["meaning"] if formula == AS_IS else formula
    classes = f" ({', '.join(side['classes'])})" if "classes" in side else ""
    shape = ", ".join(map(str, side["shape"]))
    return f"{side['name']} ({shape}) {side['dtype']}: {said}{values}{classes}"


def _short(value: float | str) -> str:
    """A number with few digits; a text as it is."""
    return value if isinstance(value, str) else f"{value:g}"
