"""Targets of unusual make that work, in float64: how each is made, and an input for it."""

from __future__ import annotations

import copy
import functools
import weakref
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, normalize
from torch.nn.utils import parametrizations, parametrize, prune
from torch.utils.checkpoint import checkpoint

from diffqas.quantum_train import QuantumTrain


class Run(nn.Module):
    """Two layers, and a forward that is given."""

    def __init__(self, run: Callable[[Run, Tensor], Tensor], width: int = 4) -> None:
        super().__init__()
        self.a, self.b, self.run = nn.Linear(5, width), nn.Linear(width, 4), run

    def forward(self, x: Tensor) -> Tensor:
        return self.run(self, x)


def both(m: Run, x: Tensor) -> Tensor:
    return m.b(torch.tanh(m.a(x)))


class First(nn.Module):
    """The outputs of a recurrent layer without its last state."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x.unflatten(-1, (1, 5)).expand(-1, 3, -1))[0]


def kept_activation() -> nn.Module:
    def run(m: Run, x: Tensor) -> Tensor:
        m.last = torch.tanh(m.a(x))
        m.all = [m.last, {"squared": m.last**2}]
        return m.b(m.last)

    return Run(run)


def counter() -> nn.Module:
    def run(m: Run, x: Tensor) -> Tensor:
        m.calls += 1
        return m.calls * both(m, x)

    target = Run(run)
    target.calls = 0
    return target


def buffer_assigned() -> nn.Module:
    def run(m: Run, x: Tensor) -> Tensor:
        hidden = m.a(x)
        m.mean = 0.5 * m.mean + hidden.detach().mean(0)
        return m.b(hidden - m.mean)

    target = Run(run)
    target.register_buffer("mean", torch.zeros(4))
    return target


def pruned() -> nn.Module:
    target = nn.Linear(5, 4)
    prune.l1_unstructured(target, "weight", 0.5)
    return nn.Sequential(target, nn.Tanh())


def pruned_inside() -> nn.Module:
    target = Run(both)
    prune.random_structured(target.a, "weight", 0.5, dim=0)
    prune.l1_unstructured(target.a, "bias", 1)
    return target


def clamped() -> nn.Module:
    def run(m: Run, x: Tensor) -> Tensor:
        with torch.no_grad():
            m.a.weight.clamp_(-0.1, 0.1)
            m.b.weight.mul_(0.5)
        return both(m, x)

    return Run(run)


def copied_over() -> nn.Module:
    def run(m: Run, x: Tensor) -> Tensor:
        with torch.no_grad():
            m.b.bias.copy_(m.a.bias)
        m.b.weight.data = normalize(m.b.weight.data)
        return both(m, x)

    return Run(run)


def checkpointed() -> nn.Module:
    def run(m: Run, x: Tensor) -> Tensor:
        hidden = checkpoint(m.a, x, use_reentrant=False)
        return checkpoint(lambda h: m.b(torch.tanh(h)), hidden, use_reentrant=False)

    return Run(run)


def own_list() -> nn.Module:
    target = Run(lambda m, x: linear(x, m.kept[0], m.kept[1]["bias"]))
    target.kept = [target.a.weight, {"bias": target.a.bias}]
    return target


def own_set_of_modules() -> nn.Module:
    target = Run(lambda m, x: sum(part(x) for part in m.parts))
    target.parts = frozenset([target.a])
    return target


def layers_in_a_list() -> nn.Module:
    def run(m: Run, x: Tensor) -> Tensor:
        for layer in m.layers:
            x = layer(x)
        return x

    target = Run(run)
    target.layers = [target.a, torch.tanh, target.b]
    return target


def bound_hook() -> nn.Module:
    class Hooked(Run):
        def added(self, module: nn.Module, args: object, output: Tensor) -> Tensor:
            return output + self.b.bias.sum()

    target = Hooked(both)
    target.a.register_forward_hook(target.added)
    return target


def closure() -> nn.Module:
    target = Run(both)
    target.run = lambda m, x: target.b(torch.tanh(target.a(x)))
    return target


def defaults() -> nn.Module:
    target = Run(both)
    layers = target.a, target.b

    def run(m: Run, x: Tensor, first: nn.Module = layers[0], *, second: nn.Module = layers[1]):
        return second(first(x))

    target.run = run
    return target


def partial() -> nn.Module:
    def run(weight: Tensor, layer: nn.Module, m: Run, x: Tensor) -> Tensor:
        return linear(layer(x), weight)

    target = Run(both)
    target.run = functools.partial(run, target.b.weight, target.a)
    return target


def forward_replaced() -> nn.Module:
    target = Run(both)
    inner = target.a.forward
    target.a.forward = lambda x: 2 * inner(x)
    return target


class Helper:
    """An ordinary object with a layer."""

    def __init__(self, layer: nn.Linear) -> None:
        self.layer, self.scale = layer, 2.0


def helper_object() -> nn.Module:
    target = Run(lambda m, x: m.b(m.helper.scale * m.helper.layer(x)))
    target.helper = Helper(target.a)
    return target


def hidden_module() -> nn.Module:
    """A module that is not registered, with a weight of one that is."""
    target = Run(lambda m, x: m.b(m.hidden[0](x)))
    other = nn.Linear(5, 4)
    other.weight = target.a.weight
    target.hidden = [other]
    return target


def weak() -> nn.Module:
    target = Run(lambda m, x: m.b(m.other()(x)))
    target.other = weakref.ref(target.a)
    return target


def chosen_in_forward() -> nn.Module:
    def run(m: Run, x: Tensor) -> Tensor:
        m.held = (m.a.weight, m.a)
        hidden = m.held[1](x)
        return m.b(hidden)

    return Run(run)


def one_storage() -> nn.Module:
    target = Run(both, 5)
    target.c = nn.Linear(5, 5)
    target.c.weight = nn.Parameter(target.a.weight.detach())
    target.run = lambda m, x: m.b(m.c(torch.tanh(m.a(x))))
    return target


def buffer_of_a_weight() -> nn.Module:
    target = Run(lambda m, x: both(m, x) + linear(x, m.copy))
    target.register_buffer("copy", target.a.weight.detach())
    target.view = target.a.bias.data
    target.run = lambda m, x: both(m, x) + linear(x, m.copy, m.view)
    return target


def frozen_twin() -> nn.Module:
    target = Run(lambda m, x: both(m, x) + linear(x, m.twin))
    target.twin = nn.Parameter(target.a.weight.data, requires_grad=False)
    return target


def slots() -> nn.Module:
    class Slotted(Run):
        __slots__ = ("shift",)

        def __deepcopy__(self, memo: dict[int, object]) -> Slotted:
            twin = type(self).__new__(type(self))
            memo[id(self)] = twin
            vars(twin).update(copy.deepcopy(vars(self), memo))
            object.__setattr__(twin, "shift", self.shift)
            return twin

    target = Slotted(lambda m, x: both(m, x) + m.shift)
    object.__setattr__(target, "shift", 0.5)
    return target


def own_getattr() -> nn.Module:
    class Delegating(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Run(both)

        def __getattr__(self, name: str) -> object:
            try:
                return super().__getattr__(name)
            except AttributeError:
                return getattr(super().__getattr__("inner"), name)

        def forward(self, x: Tensor) -> Tensor:
            return self.b(torch.tanh(self.a(x)))

    return Delegating()


def frozen_kinds() -> nn.Module:
    """Frozen parameters of kinds that cannot be generated."""
    target = Run(lambda m, x: both(m, x) + m.small.to(x.dtype) + m.waves.real + m.whole)
    target.small = nn.Parameter(torch.ones(4, dtype=torch.float16), requires_grad=False)
    target.waves = nn.Parameter(torch.ones(4, dtype=torch.complex64), requires_grad=False)
    target.whole = nn.Parameter(torch.arange(4), requires_grad=False)
    return target


def loops_over_parameters() -> nn.Module:
    return Run(lambda m, x: both(m, x) + sum(p.square().sum() for p in m.parameters()))


def parameter_list() -> nn.Module:
    target = Run(lambda m, x: linear(x, m.some[0]) + m.named["shift"])
    target.some = nn.ParameterList([target.a.weight])
    target.named = nn.ParameterDict({"shift": torch.randn(4)})
    return target


def sparse_mask() -> nn.Module:
    target = Run(lambda m, x: torch.sparse.mm(m.mask, both(m, x).T).T)
    target.register_buffer("mask", torch.eye(4).to_sparse())
    return target


def channels_last() -> nn.Module:
    first = nn.Conv2d(1, 3, 2).to(memory_format=torch.channels_last)
    frozen = nn.Conv2d(3, 3, 1).to(memory_format=torch.channels_last).requires_grad_(False)
    return nn.Sequential(nn.Unflatten(1, (1, 1, 5)), nn.ZeroPad2d(1), first, frozen, nn.Flatten())


def spectral_parametrisation() -> nn.Module:
    return nn.Sequential(parametrizations.spectral_norm(nn.Linear(5, 4)), nn.Tanh())


def parametrised_lstm() -> nn.Module:
    return First(parametrizations.weight_norm(nn.LSTM(5, 3, batch_first=True), "weight_hh_l0"))


def spectral_lstm() -> nn.Module:
    return First(parametrizations.spectral_norm(nn.LSTM(5, 3, batch_first=True), "weight_hh_l0"))


def old_normed_gru() -> nn.Module:
    return First(nn.utils.weight_norm(nn.GRU(5, 3, batch_first=True), "weight_ih_l0"))


class Symmetric(nn.Module):
    """A parametrisation."""

    def forward(self, weight: Tensor) -> Tensor:
        return weight.triu() + weight.triu(1).T


def symmetric() -> nn.Module:
    target = nn.Linear(5, 5)
    parametrize.register_parametrization(target, "weight", Symmetric())
    return target


def traced_by_fx() -> nn.Module:
    net = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 2))
    return torch.fx.symbolic_trace(net)


def direct_parameter_in_fx() -> nn.Module:
    class Direct(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.randn(4, 5))

        def forward(self, x: Tensor) -> Tensor:
            return linear(x, self.weight)

    return torch.fx.symbolic_trace(Direct())


def embedding(**options: object) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        return nn.Sequential(nn.Embedding(6, 3, **options), nn.Flatten(), nn.Linear(6, 2))

    return make


def bag() -> nn.Module:
    return nn.Sequential(nn.EmbeddingBag(6, 3, padding_idx=2, mode="sum"), nn.Linear(3, 2))


def pruned_embedding() -> nn.Module:
    layer = nn.Embedding(6, 3, padding_idx=1)
    prune.l1_unstructured(layer, "weight", 4)
    return nn.Sequential(layer, nn.Flatten())


def tied_padding() -> nn.Module:
    """The padding row is trained by the layer that shares the embedding's weight."""

    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(6, 3, padding_idx=0)
            self.head = nn.Linear(3, 6)
            self.head.weight = self.embed.weight

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.embed(x))

    return Tied()


def compiled() -> nn.Module:
    net = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 2))
    return torch.compile(net, backend="eager")


def compiled_inside() -> nn.Module:
    target = Run(both)
    target.a = torch.compile(target.a, backend="eager")
    return target


def nested() -> nn.Module:
    return nn.Sequential(QuantumTrain(nn.Linear(5, 4), depth=1), nn.Tanh(), nn.Linear(4, 2))


NUMBERS, INDICES = torch.randn(6, 5, dtype=torch.float64), torch.tensor([[1, 2], [0, 5], [2, 2]])

UNUSUAL: dict[str, tuple[Callable[[], nn.Module], Tensor]] = {
    made.__name__: (made, NUMBERS)
    for made in (
        *(kept_activation, counter, buffer_assigned, pruned, pruned_inside, clamped, copied_over),
        *(
            checkpointed,
            own_list,
            own_set_of_modules,
            layers_in_a_list,
            bound_hook,
            closure,
            defaults,
        ),
        *(partial, forward_replaced, helper_object, hidden_module, weak, chosen_in_forward),
        *(one_storage, buffer_of_a_weight, frozen_twin, slots, own_getattr, frozen_kinds),
        *(loops_over_parameters, parameter_list, sparse_mask, channels_last, nested),
        *(spectral_parametrisation, parametrised_lstm, spectral_lstm, old_normed_gru, symmetric),
        *(traced_by_fx, direct_parameter_in_fx, compiled, compiled_inside),
    )
} | {
    "old_weight_norm": (lambda: nn.utils.weight_norm(nn.Linear(5, 4)), NUMBERS),
    "old_spectral_norm": (lambda: nn.utils.spectral_norm(nn.Linear(5, 4)), NUMBERS),
    "batch_norm": (lambda: nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4)), NUMBERS),
    "dropout": (lambda: nn.Sequential(nn.Linear(5, 4), nn.Dropout(0.5)), NUMBERS),
    "padding": (embedding(padding_idx=0), INDICES),
    "max_norm": (embedding(max_norm=0.7), INDICES),
    "sparse_gradient": (embedding(sparse=True, max_norm=0.7, padding_idx=-1), INDICES),
    "bag": (bag, INDICES),
    "pruned_embedding": (pruned_embedding, INDICES),
    "tied_padding": (tied_padding, INDICES),
}


class Unusual(NamedTuple):
    """A way to make targets of one kind, always the same one, and an input."""

    name: str
    make: Callable[[], nn.Module]
    x: Tensor

    def model(self) -> QuantumTrain:
        model = QuantumTrain(self.make(), depth=2)
        with torch.no_grad():  # away from the start, where the structural weights are alike
            model.circuits.structure += 0.3 * torch.randn_like(model.circuits.structure)
        return model


def unusual(name: str) -> Unusual:
    make, x = UNUSUAL[name]

    def again() -> nn.Module:
        torch.manual_seed(5)
        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)
        try:
            return make()
        finally:
            torch.set_default_dtype(before)

    return Unusual(name, again, x)
