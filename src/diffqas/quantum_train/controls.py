"""Classical generators with as few numbers as a circuit, with which the circuit is compared.

Each of them writes all p weights of a target from `count` trainable numbers without a circuit. Like
`Lockstep`, each holds several seeds, and everything random in a seed's model follows from that
seed.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from diffqas.architecture import ParameterGroup, trained
from diffqas.errors import require
from diffqas.quantum_train.generator import gain_and_offset
from diffqas.quantum_train.layout import Slot, find_layout
from diffqas.quantum_train.skeleton import Skeleton


class ClassicalGenerators(nn.Module):
    """Networks whose weights are written by a trainable vector each; subclasses say how.

    Args:
        targets: one freshly initialised network per seed, without buffers; they are only read.
        seeds: one number per target, which decides the fixed random part.
        count: the trainable numbers per seed, from 1 to the target's number of weights.
        rate: the learning rate relative to the optimiser's base rate.

    Raises:
        ArgumentError: there is not one target per seed, a target has buffers or frozen parameters,
            or the count is out of range.
    """

    def __init__(
        self, targets: Sequence[nn.Module], seeds: Sequence[int], count: int, rate: float = 1.0
    ) -> None:
        super().__init__()
        paired = len(targets) == len(seeds) >= 1
        require(paired, "targets", "be one network per seed", f"{len(targets)} networks")
        first = targets[0]
        buffers = list(first.buffers())
        require(not buffers, "targets", "have no buffers", type(first).__name__)
        layout = find_layout(first)
        rule = f"be between 1 and the {layout.size} weights"
        require(1 <= count <= layout.size, "count", rule, count)
        self.count, self.rate = count, rate
        self.skeleton = Skeleton(first, layout)
        frozen = [name for name, _ in self.skeleton.module.named_parameters()]
        require(not frozen, "targets", "have no frozen parameters", ", ".join(frozen))
        starts = [_flat_start(target, layout.slots) for target in targets]
        self.vector = nn.Parameter(torch.empty(len(seeds), count, dtype=starts[0].dtype))
        draws = [torch.Generator().manual_seed(seed) for seed in seeds]
        with torch.no_grad():
            self._draw(starts, draws)

    @abstractmethod
    def _draw(self, starts: Sequence[Tensor], draws: Sequence[torch.Generator]) -> None:
        """Fill the vector and make the fixed random part.

        Given are each seed's flat start and its random numbers.
        """

    @abstractmethod
    def weights(self) -> Tensor:
        """Flat weights of every seed, (seeds, p)."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Outputs of every seed's network on the same inputs, (seeds, ...)."""
        return self.call(self.generate(), inputs)

    def generate(self) -> dict[str, Tensor]:
        """The networks' named parameters, differentiable, each (seeds, ...)."""
        return self.skeleton.layout.tensors(self.weights())

    def call(self, tensors: dict[str, Tensor], inputs: Tensor, own: bool = False) -> Tensor:
        """Outputs of every seed's network with given weights, (seeds, ...).

        With `own`, every seed has inputs of its own, (seeds, ...).
        """

        def one(weights: dict[str, Tensor], few: Tensor) -> Tensor:
            return self.skeleton.call(weights, (few,), {})

        axis = 0 if own else None
        return torch.func.vmap(one, (0, axis))(tensors, inputs)

    @property
    def structural_weights(self) -> Tensor:
        """An empty tensor (seeds, 0), as nothing is searched."""
        return torch.empty(len(self.vector), 0)

    def advance(self, progress: float, step: int, seeds: Sequence[int]) -> None:
        """Do nothing, as nothing is annealed here."""

    @property
    def new_in_each_step(self) -> str | None:
        """None, as `advance` makes nothing."""
        return None

    def parameter_groups(self, lr: float) -> list[ParameterGroup]:
        """One group: the vectors."""
        return trained({"vector": [self.vector]}, {"vector": self.rate}, lr)


class HashedWeights(ClassicalGenerators):
    """kappa_i = gain_t * sign(i) * v[h(i)] + offset_t for every weight i of tensor t (HashedNets).

    h assigns the weights to the entries of v at random and evenly, sign is random; both are fixed.
    Gain and offset, fixed numbers per tensor, give each tensor the mean and spread of the target's
    own start, as in `QuantumTrain`. Chen et al. 2015, arXiv 1504.04788; here one vector for all
    tensors.

    >>> generators = HashedWeights([nn.Linear(30, 4) for _ in range(3)], seeds=[0, 1, 2], count=35)
    >>> generators(torch.zeros(5, 30)).shape, generators.vector.shape
    (torch.Size([3, 5, 4]), torch.Size([3, 35]))
    """

    entry: Tensor
    gain: Tensor
    offset: Tensor

    def _draw(self, starts: Sequence[Tensor], draws: Sequence[torch.Generator]) -> None:
        sizes, entries, gains, offsets = self.skeleton.layout.sizes, [], [], []
        owner = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
        for index, (start, draw) in enumerate(zip(starts, draws, strict=True)):
            # Remainders of a permutation: every entry is used equally often, up to one.
            entry = torch.randperm(len(start), generator=draw) % self.count
            sign = torch.randint(2, (len(start),), generator=draw) * 2 - 1
            self.vector[index] = torch.randn(self.count, generator=draw)
            raw = self.vector[index, entry] * sign
            gain, offset = gain_and_offset(raw, sizes, start.split(sizes))
            entries.append(entry)
            gains.append(gain[owner] * sign)
            offsets.append(offset[owner])
        for name, parts in (("entry", entries), ("gain", gains), ("offset", offsets)):
            self.register_buffer(name, torch.stack(parts))

    def weights(self) -> Tensor:
        """Flat weights of every seed, (seeds, p)."""
        return torch.addcmul(self.offset, self.gain, self.vector.gather(1, self.entry))


class RandomSubspace(ClassicalGenerators):
    """kappa = kappa_0 + P v: training in a random subspace through the target's own start kappa_0.

    The columns of the fixed P are random directions of length 1, v starts at 0. Li et al. 2018,
    arXiv 1804.08838.

    >>> targets = [nn.Linear(30, 4) for _ in range(3)]
    >>> generators, x = RandomSubspace(targets, seeds=[0, 1, 2], count=35), torch.randn(5, 30)
    >>> torch.allclose(generators(x)[2], targets[2](x), atol=1e-6)
    True
    """

    start: Tensor
    directions: Tensor

    def _draw(self, starts: Sequence[Tensor], draws: Sequence[torch.Generator]) -> None:
        self.vector.zero_()
        p = starts[0].numel()
        drawn = torch.stack([torch.randn(self.count, p, generator=draw) for draw in draws])
        # Normal draws, normalised, are evenly spread over the sphere of directions; of many
        # weights any two are nearly orthogonal, so that P needs no further work.
        directions = (drawn / drawn.norm(dim=-1, keepdim=True)).to(self.vector.dtype)
        self.register_buffer("start", torch.stack(list(starts)))
        # They follow from the seeds, and are large: not part of the state.
        self.register_buffer("directions", directions, persistent=False)

    def weights(self) -> Tensor:
        """Flat weights of every seed, (seeds, p)."""
        # One product per seed: several times faster than a batched one.
        pairs = zip(self.vector, self.directions, strict=True)
        moved = torch.stack([v @ rows for v, rows in pairs])
        return moved + self.start


def _flat_start(target: nn.Module, slots: Sequence[Slot]) -> Tensor:
    named = dict(target.named_parameters(remove_duplicate=False))
    return torch.cat([named[slot.names[0]].detach().flatten() for slot in slots])
