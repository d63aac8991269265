"""A recorder of the CPU's work, so that recorded steps can be tried without a card.

It does what a CUDA graph does: it notes the operations of a step without their effects, and repeats
them on the same tensors, blind to everything that Python has changed since. A number that is read
back while it notes is an error.
"""

from contextlib import contextmanager

import pytest
import torch
from torch.optim import adam, rmsprop
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_leaves

from diffqas.optim import RECORDERS

READ_BACK = ("aten._local_scalar_dense", "aten.nonzero", "aten.masked_select", "aten.equal")


def storage(tensor):
    return tensor.untyped_storage().data_ptr()


class Noted(TorchDispatchMode):
    """Notes operations, and what they wrote to as it was before."""

    def __init__(self):
        super().__init__()
        self.operations, self.before, self.own = [], {}, set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if str(func).startswith(READ_BACK):
            raise RuntimeError(f"operation not permitted when stream is capturing: {func}")
        for place, given in zip(func._schema.arguments, args, strict=False):
            self._remember(place, given)
        for place in func._schema.arguments:
            self._remember(place, kwargs.get(place.name))
        result = func(*args, **kwargs)
        read = {storage(one) for one in tree_leaves((args, kwargs)) if torch.is_tensor(one)}
        outputs = [one for one in tree_leaves(result) if torch.is_tensor(one)]
        self.own |= {storage(one) for one in outputs if storage(one) not in read}
        self.operations.append((func, args, kwargs, result))
        return result

    def _remember(self, place, given):
        if place.alias_info is None or not place.alias_info.is_write:
            return
        for one in tree_leaves(given):
            if torch.is_tensor(one) and storage(one) not in self.own | set(self.before):
                self.before[storage(one)] = (one, one.clone())


class Repeated:
    """The operations once more, each result in the memory of the one that was noted."""

    def __init__(self, noted):
        self.operations, self.replays = noted.operations, 0

    @torch.no_grad()
    def replay(self):
        self.replays += 1
        for func, args, kwargs, result in self.operations:
            again, _ = tree_flatten(func(*args, **kwargs))
            noted, _ = tree_flatten(result)
            for new, old in zip(again, noted, strict=True):
                if torch.is_tensor(new) and storage(new) != storage(old):
                    old.copy_(new)


class CpuRecorder:
    def __init__(self, device):
        self.device, self.warmed, self.recordings, self.drawn = device, 0, [], 0

    @contextmanager
    def apart(self):
        self.warmed += 1
        yield

    def record(self, work):
        noted = Noted()
        try:
            with noted:
                result = work()
        finally:
            # Recording has no effect: what was written to is as before.
            with torch.no_grad():
                for tensor, values in noted.before.values():
                    tensor.copy_(values)
        self.recordings.append(Repeated(noted))
        return self.recordings[-1], result

    def draws(self):
        fresh = torch.Generator().manual_seed(torch.initial_seed())
        return 0 if torch.equal(torch.get_rng_state(), fresh.get_state()) else 1


@pytest.fixture
def recorders(monkeypatch):
    """Steps on the CPU are recorded as if it were a card; the recorders, as they are made."""
    made = []

    def make(device):
        made.append(CpuRecorder(device))
        return made[-1]

    monkeypatch.setenv("DIFFQAS_COMPILED", "0")  # compiled code does not pass the dispatcher
    monkeypatch.setitem(RECORDERS, "cpu", make)
    for module in (adam, rmsprop):
        monkeypatch.setattr(
            module, "_get_capturable_supported_devices", lambda **_: ["cpu", "meta"]
        )
    return made
