"""Targets that cannot be written: refused in one line with the remedy, before any training."""

import threading

import pytest
import torch
from torch import nn
from torch.nn.utils import prune
from torch.utils.checkpoint import checkpoint

from diffqas import QuantumTrain
from diffqas.errors import ArgumentError, DataError, DiffqasError


class Net(nn.Module):
    """A layer and whatever else is put into it."""

    def __init__(self, **others):
        super().__init__()
        self.layer = nn.Linear(3, 2)
        for name, value in others.items():
            setattr(self, name, value)

    def forward(self, x):
        return self.layer(x)


def transposed():
    net = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 3))
    net[1].weight = nn.Parameter(net[0].weight.data.T)
    return net


def part_of_a_weight():
    net = Net()
    net.register_buffer("row", net.layer.weight.data[0])
    return net


def columns_that_overlap():
    whole = torch.randn(3, 4)
    return Net(one=nn.Parameter(whole[:, :2]), two=nn.Parameter(whole[:, 1:3]))


def view_of_a_weight():
    net = Net()
    net.turned = net.layer.weight.data.T
    return net


def computed_view():
    net = Net()
    net.views = [net.layer.weight.T]
    return net


def view_in_a_closure():
    net = Net()
    view = net.layer.weight.data[0]
    net.run = lambda x: x * view
    return net


def array_of_a_weight():
    net = Net()
    net.numbers = net.layer.weight.detach().numpy()
    return net


def array_of_a_part():
    net = Net()
    net.kept = {"row": [net.layer.weight.detach().numpy()[0]]}
    return net


def not_finite(value):
    net = Net()
    nn.init.constant_(net.layer.bias, value)
    return net


def scripted():
    return torch.jit.script(nn.Linear(3, 2))


def traced():
    return nn.Sequential(torch.jit.trace(nn.Linear(3, 2), torch.zeros(1, 3)))


def trained_padding():
    net = nn.Embedding(4, 2, padding_idx=1)
    nn.init.ones_(net.weight)
    return net


def complex_weights():
    return nn.Linear(3, 2, dtype=torch.complex64)


def frozen_on_meta():
    return nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2, device="meta").requires_grad_(False))


REFUSED = {
    "lazy": (lambda: nn.Sequential(nn.LazyLinear(3)), "call a lazy module once"),
    "lazy buffer": (lambda: nn.Sequential(nn.Linear(3, 2), nn.LazyBatchNorm1d()), "call a lazy"),
    "meta": (lambda: nn.Linear(3, 2, device="meta"), "to_empty"),
    "frozen on meta": (frozen_on_meta, "to_empty"),
    "scripted": (scripted, "before torch.jit.script"),
    "traced inside": (traced, "before torch.jit.script"),
    "data parallel": (lambda: nn.DataParallel(nn.Linear(3, 2)), "the module inside"),
    "data parallel inside": (
        lambda: nn.Sequential(nn.DataParallel(nn.Linear(3, 2))),
        "the module inside",
    ),
    "half": (lambda: nn.Linear(3, 2).half(), "one dtype, float32 or float64 \\(half precision"),
    "mixed": (lambda: nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2).double()), "one dtype"),
    "complex": (complex_weights, "one dtype"),
    "sparse": (lambda: Net(mask=nn.Parameter(torch.eye(3).to_sparse())), "dense parameters"),
    "transposed": (transposed, "`clone\\(\\)` one of them"),
    "part": (part_of_a_weight, "`layer.weight` and `row`"),
    "overlap": (columns_that_overlap, "`one` and `two`"),
    "view": (view_of_a_weight, "keep no view of `layer.weight`"),
    "computed view": (computed_view, "keep no view of `layer.weight`"),
    "view in a closure": (view_in_a_closure, "keep no view of `layer.weight`"),
    "array": (array_of_a_weight, "keep no numpy array on `layer.weight`"),
    "array of a part": (array_of_a_part, "keep no numpy array on `layer.weight`"),
    "nan": (lambda: not_finite(float("nan")), "finite weights to start like .* `layer.bias`"),
    "infinite": (lambda: not_finite(float("inf")), "finite weights to start like"),
    "padding": (trained_padding, "have zeros in row 1 of `weight`"),
    "lock": (lambda: Net(lock=threading.Lock()), "copy.deepcopy can copy"),
    "generator": (lambda: Net(lines=(line for line in "ab")), "copy.deepcopy can copy"),
    "no module": (lambda: torch.relu, "be a torch.nn.Module"),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature")
@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_one_line(name):
    make, said = REFUSED[name]
    with pytest.raises(ArgumentError, match=said) as error:
        QuantumTrain(make(), depth=1)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith("Argument `target` must ")


def test_an_array_of_ones_own_is_kept():
    net = Net(numbers=torch.ones(2, 3).numpy())
    assert QuantumTrain(net, depth=1).target.module.numbers.shape == (2, 3)


def test_weights_that_nothing_is_taken_from_may_be_anything():
    QuantumTrain(not_finite(float("nan")), depth=1, start="none")


def test_columns_that_do_not_overlap_are_written():
    whole = torch.randn(3, 4)
    net = Net(one=nn.Parameter(whole[:, :2]), two=nn.Parameter(whole[:, 2:]))
    assert QuantumTrain(net, depth=1).parameter_report().target == 20


def test_a_lazy_module_that_was_called_is_written():
    net = nn.Sequential(nn.LazyLinear(3))
    net(torch.zeros(2, 4))
    assert QuantumTrain(net, depth=1)(torch.zeros(2, 4)).shape == (2, 3)


def test_integers_named_by_a_pattern_are_refused():
    net = Net(whole=nn.Parameter(torch.arange(3), requires_grad=False))
    with pytest.raises(ArgumentError, match="one dtype"):
        QuantumTrain(net, depth=1, parameters="*")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_model_cast_to_half_precision_says_so(dtype):
    model = QuantumTrain(nn.Linear(3, 2), depth=1).to(dtype)
    with pytest.raises(ArgumentError, match=r"torch\.autocast"):
        model(torch.zeros(1, 3, dtype=dtype))
    assert model.float()(torch.zeros(1, 3)).shape == (1, 2)


def test_reentrant_checkpoints_are_told_what_to_do():
    class Checkpointed(Net):
        def forward(self, x):
            return checkpoint(self.layer, x, use_reentrant=True)

    x = torch.zeros(2, 3, requires_grad=True)
    model = QuantumTrain(Checkpointed(), depth=1)
    with pytest.raises(DiffqasError, match="use_reentrant=False"):
        model(x).sum().backward()


@pytest.mark.parametrize("kind", ["complex128", "extra state"])
def test_a_state_that_no_file_holds_is_refused_when_it_is_saved(kind, tmp_path):
    class Extra(Net):
        def get_extra_state(self):
            return {"step": 3}

        def set_extra_state(self, state):
            pass

    net = Extra()
    if kind == "complex128":
        net = Net()
        net.register_buffer("waves", torch.zeros(2, dtype=torch.complex128))
    model = QuantumTrain(net, depth=1)
    with pytest.raises(DataError, match=r"waves|extra_state"):
        model.save_generator(tmp_path / "g.safetensors", include_target=True)
    assert not list(tmp_path.iterdir())
    model.save_generator(tmp_path / "g.safetensors")
    assert QuantumTrain.from_generator(tmp_path / "g.safetensors", net)


def test_a_plain_state_is_not_loaded_in_silence():
    model = QuantumTrain(nn.Linear(3, 2), depth=1)
    with pytest.raises(RuntimeError, match="weight"):
        model.target.module.load_state_dict(nn.Linear(3, 2).state_dict())
    with pytest.raises(RuntimeError, match="weight"):
        model.load_state_dict(nn.Linear(3, 2).state_dict())


def test_a_pruned_target_can_be_made_permanent_after_export():
    net = nn.Linear(4, 3)
    prune.l1_unstructured(net, "weight", 0.5)
    model, x = QuantumTrain(net, depth=1), torch.randn(5, 4)
    plain = model.export()
    prune.remove(plain, "weight")
    assert set(plain.state_dict()) == {"weight", "bias"}
    torch.testing.assert_close(plain(x), model(x))
