"""Modules whose state tells its choices."""

import copy
import io
import json
import pickle

import pytest
import torch
from safetensors.torch import load, save
from torch import nn

from diffqas.architecture import DescribedModule
from diffqas.architecture.described import KEY, PROGRESS
from diffqas.errors import ArgumentError


class Scaled(DescribedModule):
    """factor * number."""

    def __init__(self, factor=2.0, function=abs):
        super().__init__()
        self.factor, self.function = factor, function
        self.progress = 0.0
        self.number = nn.Parameter(torch.ones(()))

    @property
    def progress(self):
        return self._progress

    @progress.setter
    def progress(self, value):
        self._progress = value

    def state_choices(self):
        return {"factor": self.factor, "function": self.function}

    def forward(self):
        return self.factor * self.number


def through_torch(state):
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


PATHS = {
    "as it is": lambda state: state,
    "torch": through_torch,
    "safetensors": lambda state: load(save(dict(state))),
    "clones": lambda state: {name: tensor.clone() for name, tensor in state.items()},
    "an average": lambda state: {name: (t + t + t) / 3 for name, t in state.items()},
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_a_state_goes_into_its_like_and_into_no_other(path):
    model = Scaled()
    model.progress = 0.25
    with torch.no_grad():
        model.number.fill_(3)
    state = path(model.state_dict())
    like, other = Scaled(), Scaled(5.0)
    like.load_state_dict(state)
    assert like().item() == 6
    assert like.progress == 0.25
    for strict in (True, False):
        with pytest.raises(ArgumentError, match=r"Scaled.* factor 2\.0, not 5\.0.*_extra_state"):
            other.load_state_dict(state, strict=strict)
    assert other().item() == 5
    assert other.progress == 0


def test_a_state_inside_of_another_is_found():
    inner = nn.ModuleDict({"a": Scaled(), "b": Scaled(3.0)})
    same = nn.ModuleDict({"a": Scaled(), "b": Scaled(3.0)})
    same.load_state_dict(inner.state_dict())
    swapped = nn.ModuleDict({"a": Scaled(3.0), "b": Scaled()})
    with pytest.raises(ArgumentError, match=r"a\._extra_state"):
        swapped.load_state_dict(inner.state_dict())


def test_a_state_without_choices_is_loaded_as_before():
    state = Scaled().state_dict()
    del state[KEY], state[PROGRESS]
    assert not Scaled(7.0).load_state_dict(state).missing_keys
    with pytest.raises(RuntimeError, match="number"):
        Scaled().load_state_dict({})


def test_functions_are_told_by_their_names():
    state = Scaled().state_dict()
    Scaled(function=abs).load_state_dict(state)
    with pytest.raises(ArgumentError, match=r"function builtins\.abs, not builtins\.len"):
        Scaled(function=len).load_state_dict(state)


def test_all_differences_are_told_in_one_line():
    with pytest.raises(ArgumentError) as caught:
        Scaled(1.0, len).load_state_dict(Scaled().state_dict())
    assert "\n" not in str(caught.value)
    assert "factor" in str(caught.value)
    assert "function" in str(caught.value)


def stored(content):
    return torch.tensor(list(json.dumps(content).encode()), dtype=torch.uint8)


@pytest.mark.parametrize(
    "content",
    [
        "words",
        torch.zeros(3),
        torch.tensor([300.0]),
        torch.tensor([float("nan")]),
        stored([]),
        stored({"is": "Scaled"}),
    ],
)
def test_what_cannot_be_read_is_refused(content):
    with pytest.raises(ArgumentError, match=KEY):
        Scaled().load_state_dict(Scaled().state_dict() | {KEY: content})


@pytest.mark.parametrize("value", ["far", torch.tensor(3.0), torch.zeros(2), torch.tensor(True)])
def test_a_progress_is_a_share(value):
    with pytest.raises(ArgumentError, match="from 0 to 1"):
        Scaled().load_state_dict(Scaled().state_dict() | {PROGRESS: value})


def test_another_kind_of_model_is_refused():
    state = Scaled().state_dict() | {KEY: stored({"is": "Other", "choices": {}})}
    with pytest.raises(ArgumentError, match="the state of a Other"):
        Scaled().load_state_dict(state)


def test_copies_and_calls_with_a_state_work():
    model = Scaled()
    assert torch.equal(torch.func.functional_call(model, model.state_dict(), ()), model())
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin.state_dict().keys() == model.state_dict().keys()
        assert torch.equal(twin.state_dict()[KEY], model.state_dict()[KEY])
