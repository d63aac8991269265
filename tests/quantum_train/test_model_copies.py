"""Saving, loading, copying and casting a model, before and after it has been called."""

import copy
import io
import pickle

import pytest
import torch

from diffqas.architecture import Softmax


def used(case, times):
    model = case.model(relaxation=Softmax(0.5))
    for _ in range(times):
        model(case.x).square().mean().backward()
    return model.eval()


def by_pickle(model):
    return pickle.loads(pickle.dumps(model))


def by_file(model):
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


@pytest.mark.parametrize("times", [0, 2], ids=["new", "used"])
@pytest.mark.parametrize("duplicate", [copy.deepcopy, by_pickle, by_file])
def test_a_copy_gives_the_same_outputs_and_is_independent(case, times, duplicate):
    model = used(case, times)
    twin = duplicate(model)
    before = model(case.x)
    assert torch.equal(twin(case.x), before)
    assert list(twin.state_dict()) == list(model.state_dict())
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.add_(0.5)
    assert torch.equal(model(case.x), before)
    assert not torch.equal(twin(case.x), before)
    assert twin.export().state_dict().keys() == model.export().state_dict().keys()


@pytest.mark.parametrize("times", [0, 2], ids=["new", "used"])
def test_a_fresh_model_takes_over_a_saved_state(case, times, tmp_path):
    model = used(case, times)
    torch.save(model.state_dict(), tmp_path / "state.pt")
    torch.manual_seed(99)
    fresh = case.model(relaxation=Softmax(0.5)).eval()
    assert not torch.equal(fresh(case.x), model(case.x))
    fresh.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True), strict=True)
    assert torch.equal(fresh(case.x), model(case.x))


@pytest.mark.parametrize("times", [0, 1], ids=["new", "used"])
@pytest.mark.parametrize(
    "cast", [lambda m: m.to(torch.float32), lambda m: m.float()], ids=["to", "float"]
)
def test_a_cast_reaches_everything(case, times, cast):
    model = used(case, times)
    reference = model(case.x)
    single = cast(copy.deepcopy(model))
    floats = [t for t in (*single.parameters(), *single.buffers()) if t.is_floating_point()]
    assert {t.dtype for t in floats} == {torch.float32}
    output = single(case.x.float())
    assert output.dtype == torch.float32
    torch.testing.assert_close(output.double(), reference, rtol=1e-3, atol=1e-3)
    back = single.double()
    assert back(case.x).dtype == torch.float64
    torch.testing.assert_close(back(case.x), reference, rtol=1e-3, atol=1e-3)
    assert {t.dtype for t in back.export().state_dict().values()} <= {torch.float64, torch.int64}


def test_train_and_eval_reach_everything(case):
    model = case.model()
    for training in (True, False):
        assert all(module.training == training for module in model.train(training).modules())


def test_models_of_a_float64_target_are_float64(case):
    assert {p.dtype for p in case.model().parameters()} == {torch.float64}
