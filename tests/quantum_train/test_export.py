"""The exported network: an ordinary module of the target's class that gives the same outputs."""

import pytest
import torch

from diffqas.architecture import Gumbel


@pytest.mark.parametrize("training", [True, False])
def test_export_gives_the_models_output(case, training):
    model = case.model().train(training)
    model(case.x)  # batch-norm statistics have moved
    plain = model.export()
    assert plain.training == training
    torch.testing.assert_close(plain(case.x), model(case.x), rtol=1e-12, atol=1e-14)


def test_export_is_a_plain_module_like_the_target(case):
    target, model = case.make(), case.model()
    plain = model.export()
    assert type(plain) is type(target)
    assert repr(plain) == repr(target)
    assert list(plain.state_dict()) == list(target.state_dict())
    described = [
        [(n, p.requires_grad, p.shape, p.dtype, type(p)) for n, p in m.named_parameters()]
        for m in (plain, target)
    ]
    assert described[0] == described[1]
    assert all("diffqas" not in type(module).__module__ for module in plain.modules())
    assert all(p.is_leaf and p.grad is None for p in plain.parameters())


@pytest.mark.parametrize("name", ["tied", "twice"])
def test_tied_tensors_stay_tied(one_case, name):
    plain = one_case(name).model().export()
    assert plain.first.weight is plain.second.weight
    assert (plain.first is plain.second) == (name == "twice")
    assert (plain.first.bias is plain.second.bias) == (name == "twice")


def test_an_export_is_independent_of_the_model(case):
    model = case.model().eval()
    plain = model.export()
    before = model(case.x)
    with torch.no_grad():
        for tensor in plain.state_dict().values():
            tensor.zero_()
    assert torch.equal(model(case.x), before)
    assert all(not tensor.any() for tensor in plain.state_dict().values())


def test_an_export_trains_on_by_itself(case):
    plain = case.model().export().train()
    before = {name: p.detach().clone() for name, p in plain.named_parameters()}
    optimizer = torch.optim.SGD([p for p in plain.parameters() if p.requires_grad], lr=0.1)
    first = plain(case.x).square().mean()
    first.backward()
    optimizer.step()
    changed = {name for name, p in plain.named_parameters() if not torch.equal(p, before[name])}
    assert changed <= {name for name, p in plain.named_parameters() if p.requires_grad}
    assert changed
    assert plain(case.x).square().mean() != first


def test_parameters_left_to_the_target_can_be_trained_after_export(one_case):
    plain = one_case("mlp").model(parameters="0.*").export()
    assert all(p.requires_grad for p in plain.parameters())


def test_an_annealed_model_exports_without_noise(one_case):
    case = one_case("mlp")
    model = case.model(relaxation=Gumbel(1.0, 0.5)).train()
    model.circuits.structure.data.normal_()
    plain = model.export()
    assert model.circuits.training
    torch.testing.assert_close(plain(case.x), model.eval()(case.x), rtol=1e-12, atol=1e-14)
