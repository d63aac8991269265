"""`parameters=` names the tensors to write; all the others stay as the target has them."""

import pytest
import torch
from torch import nn

from diffqas.errors import ArgumentError
from diffqas.quantum_train import QuantumTrain, find_layout


@pytest.fixture
def target():
    target = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 3))
    target[0].weight.requires_grad_(False)
    return target.double()


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (None, ["0.bias", "1.weight", "1.bias", "3.weight", "3.bias"]),
        ("3.weight", ["3.weight"]),
        ("*.weight", ["0.weight", "1.weight", "3.weight"]),
        (["3.*", "0.bias"], ["0.bias", "3.weight", "3.bias"]),
        (("[01].bias", "0.bias"), ["0.bias", "1.bias"]),
        ((name for name in ["0.weight"]), ["0.weight"]),
    ],
)
def test_the_named_tensors_are_written_in_the_targets_order(target, patterns, expected):
    model = QuantumTrain(target, depth=1, parameters=patterns)
    assert list(model.generate()) == expected
    assert model.parameter_report().target == sum(
        target.get_parameter(name).numel() for name in expected
    )


def test_the_others_stay_as_they_are_and_fixed(target):
    model = QuantumTrain(target, depth=1, parameters="3.*")
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    model(torch.randn(6, 4, dtype=torch.float64)).square().mean().backward()
    optimizer.step()
    plain = model.export()
    for name, tensor in target.named_parameters():
        assert torch.equal(plain.get_parameter(name), tensor) == (not name.startswith("3."))
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    assert not any(name.startswith("target") for name in trained)


def test_parts_of_a_recurrent_layer_can_be_written(one_case):
    case = one_case("lstm")
    target = case.make()
    model = QuantumTrain(target, depth=1, parameters="layer.weight_hh_*")
    assert list(model.generate()) == ["layer.weight_hh_l0", "layer.weight_hh_l1"]
    plain = model.export()
    assert list(plain.state_dict()) == list(target.state_dict())
    assert torch.equal(plain.layer.weight_ih_l1, target.layer.weight_ih_l1)
    torch.testing.assert_close(plain(case.x), model(case.x), rtol=1e-12, atol=1e-14)
    with torch.no_grad():
        for name, tensor in model.generate().items():
            target.get_parameter(name).copy_(tensor)
    torch.testing.assert_close(target(case.x), model(case.x), rtol=1e-12, atol=1e-14)


def test_one_name_of_a_tied_tensor_stands_for_all(one_case):
    layout = find_layout(one_case("tied").make(), "second.weight")
    assert [slot.names for slot in layout.slots] == [("first.weight", "second.weight")]


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        ("3.wieght", "but got '3.wieght' (did you mean '3.weight'?)."),
        (["0.bias", "3.biass"], "but got '3.biass' (did you mean '3.bias'?)."),
        ("head.*", "but got 'head.*'."),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest_one(target, patterns, message):
    known = "0.weight, 0.bias, 1.weight, 1.bias, 3.weight, 3.bias"
    with pytest.raises(ArgumentError) as error:
        QuantumTrain(target, parameters=patterns)
    assert str(error.value) == f"Argument `parameters` must be one of {known}, {message}"
