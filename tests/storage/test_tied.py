"""Tied tensors: each once, and only what is really the same."""

import pytest
import torch
from safetensors.torch import load, save
from torch import nn

from diffqas.storage import identity, untied


def views() -> dict[str, torch.Tensor]:
    whole = torch.arange(12.0).reshape(3, 4)
    return {
        "whole": whole,
        "same": whole.view(3, 4),
        "flat": whole.view(12),
        "first row": whole[0],
        "last row": whole[2],
        "turned": whole[:, :3].T,
        "bits": whole.view(torch.int32),
        "empty": torch.empty(0),
        "other empty": torch.empty(0),
    }


def test_views_that_are_not_the_same_tensor_are_all_kept():
    kept = untied(views())
    assert list(kept) == [name for name in views() if name != "same"]
    for name, tensor in views().items():
        if name != "same":
            assert torch.equal(kept[name], tensor)
    assert load(save(kept)).keys() == kept.keys()


def test_tied_parameters_stand_under_their_first_name():
    network = nn.ModuleDict({"a": nn.Linear(3, 3), "b": nn.Linear(3, 3)})
    network["b"].weight = network["a"].weight
    assert list(untied(network.state_dict())) == ["a.weight", "a.bias", "b.bias"]


def test_tensors_that_are_turned_and_tied_are_still_found():
    turned = torch.arange(6.0).reshape(2, 3).T
    assert list(untied({"a": turned, "b": turned.detach()})) == ["a"]


def test_tensors_without_memory_are_told_apart():
    first, second = torch.empty(3, device="meta"), torch.empty(3, device="meta")
    assert identity(first) != identity(second)
    assert identity(first) == identity(first)


@pytest.mark.parametrize("name", ["flat", "first row", "turned", "bits"])
def test_the_same_address_is_not_the_same_tensor(name):
    own = views()
    assert own[name].data_ptr() == own["whole"].data_ptr()
    assert identity(own[name]) != identity(own["whole"])
