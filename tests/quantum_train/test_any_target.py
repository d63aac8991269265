"""Any module can be a target: it runs with the generated tensors, and the object passed in stays as
it was.
"""

import pytest
import torch
from torch import nn

from diffqas.quantum_train import QuantumTrain


@pytest.mark.parametrize("training", [True, False])
def test_calling_the_model_calls_the_target_with_the_generated_tensors(case, training):
    model = case.model().train(training)
    reference = case.make().train(training)
    generated = model.generate()
    with torch.no_grad():
        for name, parameter in reference.named_parameters():
            parameter.copy_(generated.get(name, parameter))
        for name, tensor in model.target.module.named_parameters():  # what is not generated
            reference.get_parameter(name).copy_(tensor)
    torch.testing.assert_close(model(case.x), reference(case.x), rtol=1e-9, atol=1e-11)


def test_generated_tensors_have_the_names_order_and_shapes_of_the_target(case):
    named = [
        (n, p) for n, p in case.make().named_parameters(remove_duplicate=False) if p.requires_grad
    ]
    generated = case.model().generate()
    assert set(generated) == {name for name, _ in named}
    assert all(
        generated[name].shape == p.shape and generated[name].dtype == p.dtype for name, p in named
    )


@pytest.mark.parametrize(("name", "size"), [("tied", 24), ("twice", 20)])
def test_tied_tensors_are_generated_once_and_equal(one_case, name, size):
    model = one_case(name).model()
    generated = model.generate()
    assert generated["first.weight"] is generated["second.weight"]
    assert model.parameter_report().target == size
    assert model.target.layout.slots[0].names == ("first.weight", "second.weight")


@pytest.mark.parametrize("start_training", [True, False])
def test_training_leaves_the_object_passed_in_alone(case, start_training):
    target = case.make().train(start_training)
    with torch.no_grad():
        target(case.x)
    before = {name: tensor.clone() for name, tensor in target.state_dict().items()}
    flags = [(name, p.requires_grad) for name, p in target.named_parameters()]
    objects = [id(p) for p in target.parameters()]
    model = QuantumTrain(target, depth=2)
    assert model.target.module.training == start_training
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(3):
        optimizer.zero_grad()
        model(case.x).square().mean().backward()
        optimizer.step()
    assert list(target.state_dict()) == list(before)
    assert all(torch.equal(tensor, before[name]) for name, tensor in target.state_dict().items())
    assert [(name, p.requires_grad) for name, p in target.named_parameters()] == flags
    assert [id(p) for p in target.parameters()] == objects
    assert all(p.grad is None for p in target.parameters())
    assert target.training == start_training


def test_batch_norm_statistics_advance_in_the_wrapper_alone(one_case):
    case = one_case("batch-norm")
    model, norm = case.model(), nn.BatchNorm2d(3).double()
    inner = model.target.module[1]
    model.eval()(case.x)
    assert int(inner.num_batches_tracked) == 0
    model.train()(case.x)
    weights = model.generate()
    norm(nn.functional.conv2d(case.x, weights["0.weight"], weights["0.bias"]))
    assert int(inner.num_batches_tracked) == 1
    torch.testing.assert_close(inner.running_mean, norm.running_mean)
    torch.testing.assert_close(inner.running_var, norm.running_var)


def test_frozen_parameters_stay_frozen_and_equal(one_case):
    case = one_case("frozen")
    target = case.make()
    model = QuantumTrain(target, depth=2)
    inner = model.target.module[0]
    assert torch.equal(inner.weight, target[0].weight)
    assert not inner.weight.requires_grad
    assert inner.weight is not target[0].weight
    assert set(model.generate()) == {"2.weight", "2.bias"}


def test_keyword_arguments_and_other_outputs_pass_through():
    model = QuantumTrain(nn.MultiheadAttention(4, 2, batch_first=True), depth=1)
    x, mask = torch.zeros(2, 3, 4), torch.zeros(3, 3)
    result, weights = model(x, x, value=x, attn_mask=mask, need_weights=True)
    assert (result.shape, weights.shape) == ((2, 3, 4), (2, 3, 3))
