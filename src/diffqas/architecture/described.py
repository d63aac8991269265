"""Modules whose `state_dict` tells the choices to which its numbers belong.

Numbers alone do not tell them: with another scale, order or mapping the same angles write other
weights, and torch, which compares only shapes, answers "All keys matched". So the choices are
stored beside the numbers as one more tensor, the bytes of a JSON text. A tensor survives whatever
happens to the others: `torch.save` and `weights_only=True`, safetensors files,
`{name: tensor.clone() ...}`, and averages. For averages each byte takes 32 bits, so that sums of
many states do not overflow.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import BuiltinFunctionType, FunctionType
from typing import Any

import torch
from torch import Tensor, nn

from diffqas.errors import ArgumentError, require
from diffqas.storage import JsonView, State, encode_value, parse_json

KEY = "_extra_state"
"""The name that torch gives to a module's state beside its tensors."""

PROGRESS = "_progress_done"
"""The name under which the progress of training is stored. It is a number of its own, so that
states can be averaged, and no attribute, which `torch.func.functional_call` would take for a
parameter.
"""

REMEDY = "Without `{}` in the state its numbers are loaded all the same."

FUNCTIONS = (FunctionType, BuiltinFunctionType)

LONGEST = 100
"""The most characters of a choice in a message."""


class DescribedModule(nn.Module):
    """A module whose state includes the choices without which its numbers have no meaning.

    `load_state_dict` refuses a state of other choices before it loads any number, with and without
    `strict`. A state without choices, from an older version or with this entry removed, is loaded
    as torch does it. The progress of an annealed relaxation is part of the state.

    Subclasses name their choices in `state_choices`.
    """

    @property
    def progress(self) -> float:
        """The share of the training done, 0 to 1; the training loop sets it."""
        raise NotImplementedError

    @progress.setter
    def progress(self, value: float) -> None:
        raise NotImplementedError

    def state_choices(self) -> Mapping[str, object]:
        """The choices by name, for comparison: plain values, storable ones, and tuples of these.

        Choices that only decide the start or the speed of learning do not belong to them.
        """
        raise NotImplementedError

    def get_extra_state(self) -> Tensor:
        """The choices as bytes; torch puts them into `state_dict`."""
        choices = {name: comparable(value) for name, value in self.state_choices().items()}
        content = {"is": type(self).__name__, "choices": choices}
        text = json.dumps(content, separators=(",", ":"))
        return torch.tensor(list(text.encode()), dtype=torch.int32, device="cpu")

    def set_extra_state(self, state: Tensor) -> None:
        """Do nothing, as the choices were compared before any number was loaded."""

    def _save_to_state_dict(self, destination: State, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[prefix + PROGRESS] = torch.tensor(
            self.progress, dtype=torch.float64, device="cpu"
        )

    def _load_from_state_dict(
        self,
        state_dict: Mapping[str, Any],
        prefix: str,
        local_metadata: JsonView,
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        key = prefix + KEY
        if key in state_dict:
            self._compare_choices(_content(state_dict[key], key), key)
        super()._load_from_state_dict(
            state_dict,
            prefix,
            local_metadata,
            strict,
            missing_keys,
            unexpected_keys,
            error_msgs,
        )
        # A state of version 0.1.0 has neither of the two.
        if key in missing_keys:
            missing_keys.remove(key)
        done = prefix + PROGRESS
        if done in unexpected_keys:
            unexpected_keys.remove(done)
        if done in state_dict:
            self.progress = _share(state_dict[done], done)

    def _compare_choices(self, content: JsonView, key: str) -> None:
        """Refuse a state of other choices, all of which are named."""
        kind = type(self).__name__
        there = content["choices"]
        differences: list[str] = []
        for name, value in self.state_choices().items():
            # A choice that only one of the two versions has cannot be compared.
            if name not in there:
                continue
            here = comparable(value)
            if there[name] != here:
                differences.append(difference(name, there[name], here))
        if content["is"] != kind:
            differences = [f"the state of a {content['is']}"]
        if differences:
            found = "; ".join(differences)
            raise ArgumentError(
                f"Argument `state_dict` must be that of a {kind} with the same choices, "
                f"but got {found}. {REMEDY.format(key)}"
            )


def own_words(module: nn.Module) -> set[str]:
    """The names of entries in a module's state that are choices and progress of its parts.

    >>> from diffqas import QuantumTrain
    >>> sorted(own_words(nn.Sequential(QuantumTrain(nn.Linear(3, 2), depth=1))))
    ['0._extra_state', '0._progress_done']
    """
    words: set[str] = set()
    for path, part in module.named_modules():
        if isinstance(part, DescribedModule):
            prefix = f"{path}." if path else ""
            words |= {prefix + KEY, prefix + PROGRESS}
    return words


def comparable(value: object) -> Any:
    """A choice as JSON; for a value without such a form, such as a function, its name.

    >>> comparable((1, "a")), comparable(len)
    ([1, 'a'], {'is': 'builtins.len'})
    """
    if isinstance(value, (list, tuple)):
        return [comparable(entry) for entry in value]
    try:
        return encode_value(value)
    except ArgumentError:
        named = value if isinstance(value, FUNCTIONS) else type(value)
        return {"is": f"{named.__module__}.{named.__qualname__}"}


def difference(name: str, there: Any, here: Any) -> str:
    """The difference between one choice of a state and of the model, in words.

    >>> difference("order", "index", "shuffled")
    "order 'index', not 'shuffled'"
    >>> difference("candidates", [1, 2], [1, 2, 3])
    '2 candidates, not 3'
    >>> difference("candidates", [1, 2], [1, 3])
    'candidates[1] 2, not 3'
    """
    if not isinstance(there, list) or not isinstance(here, list):
        return f"{name} {_shown(there)}, not {_shown(here)}"
    if len(there) != len(here):
        return f"{len(there)} {name}, not {len(here)}"
    place = next(index for index, one in enumerate(there) if one != here[index])
    return difference(f"{name}[{place}]", there[place], here[place])


def _shown(value: Any) -> str:
    """A choice as it would be written in Python."""
    if not isinstance(value, dict):
        text = repr(value)
    else:
        fields = [f"{name}={_shown(own)}" for name, own in value.items() if name != "is"]
        text = f"{value.get('is')}({', '.join(fields)})" if fields else str(value.get("is"))
    if len(text) > LONGEST:
        return f"{text[: LONGEST - 3]}..."
    return text


def _share(stored: object, key: str) -> float:
    """A share from 0 to 1, checked, as a state may come from anybody."""
    number = stored.item() if isinstance(stored, Tensor) and stored.numel() == 1 else stored
    sound = isinstance(number, float) and 0 <= number <= 1
    require(sound, "state_dict", f"have a number from 0 to 1 in `{key}`", stored)
    assert isinstance(number, float)
    return number


def _content(stored: object, key: str) -> JsonView:
    """The choices in the bytes of a state, checked, as a state may come from anybody.

    Raises:
        ArgumentError: the bytes are not those of such choices.
    """
    rule = f"hold readable choices in `{key}` (without it its numbers are loaded all the same)"
    require(isinstance(stored, Tensor), "state_dict", rule, type(stored).__name__)
    assert isinstance(stored, Tensor)
    try:
        # An average of equal bytes may have a rounding error.
        numbers = stored.detach().double().round().flatten().tolist()
        content = parse_json(bytes(map(int, numbers)))
    except (ValueError, RuntimeError, OverflowError) as error:
        raise ArgumentError(f"Argument `state_dict` must {rule}, but got {error}.") from None
    sound = isinstance(content, dict) and isinstance(content.get("choices"), dict)
    require(sound, "state_dict", rule, "other content")
    assert isinstance(content, dict)
    return content
