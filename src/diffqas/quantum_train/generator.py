"""The generator: circuits and a mapping that write p weights as one flat vector."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

import torch
from torch import Tensor, nn

from diffqas.architecture import CircuitMixture, Kept, PerLayerCircuit
from diffqas.errors import require
from diffqas.quantum_train.anchor import ANCHORED, Anchor, per_weight
from diffqas.quantum_train.mapping import WeightMap
from diffqas.quantum_train.movement import movement
from diffqas.quantum_train.no_circuits import NoCircuits
from diffqas.quantum_train.order import Order
from diffqas.quantum_train.scale import Scale

_SMALL = 0.02
"""The spread of a tensor whose own start has none (biases of zeros, a norm's ones), so that it can
learn.
"""


MOST_KEPT = 2**22
"""The most weights for which the last result is kept; they take 16 MB in float32."""

AnyCircuits: TypeAlias = CircuitMixture | PerLayerCircuit | NoCircuits
"""What gives a generator's probabilities."""


class Generator(nn.Module):
    """kappa = gain_t * M_beta(bits of i, s(p_i)) + offset_t for every weight i of tensor t.

    Gain and offset are fixed numbers for each tensor: 1 and 0, or those that `start_like` finds.
    With an anchor the weights are kappa = a + gain_t * (M_beta - M_beta at the start), see
    `Anchor`.

    Args:
        circuits: the mixture of candidates, one circuit searched layer by layer, or no circuits.
        mapping: the module that turns scaled probabilities into raw weights.
        scale: the function that is applied to the probabilities before the mapping.
        sizes: the number of weights of each of the target's tensors, in order.
        order: which basis state writes which weight, one of `ORDERS`.
        lead: the leading dimensions, one entry per independent copy.
        start: one of `STARTS`; `"drawn"` and `"own"` have an anchor.
    """

    gain: Tensor
    offset: Tensor

    def __init__(
        self,
        circuits: AnyCircuits,
        mapping: WeightMap,
        scale: Scale,
        sizes: Sequence[int],
        order: str = "index",
        lead: tuple[int, ...] = (),
        start: str = "none",
    ) -> None:
        super().__init__()
        self.start = start
        self.leverage: float | None = None
        """What `start_like` was given; None of an older file, whose gains alone tell."""
        self.circuits, self.mapping, self.scale, self.sizes = circuits, mapping, scale, list(sizes)
        self.order = Order(order, mapping.n)
        self.register_buffer("gain", torch.ones(*lead, len(self.sizes)))
        self.register_buffer("offset", torch.zeros(*lead, len(self.sizes)))
        self._written: Kept[Tensor] = Kept()
        self.anchor: Anchor | None = None
        if start in ANCHORED:
            shapes = {name: own.shape[len(lead) :] for name, own in self.named_parameters()}
            self.anchor = Anchor(self.sizes, shapes, start == "drawn", lead)
            self.register_load_state_dict_post_hook(_renewed)

    @property
    def kind(self) -> str:
        """One of `GENERATORS`."""
        if isinstance(self.circuits, NoCircuits):
            return self.mapping.choice.generator
        return "circuits"

    def numbers(self) -> dict[str, list[nn.Parameter]]:
        """The trainable numbers by their kinds: angles, structure and mapping, or mapping alone.

        A circuit whose layers are given has no structure.
        """
        mapping = {"mapping": list(self.mapping.parameters())}
        if isinstance(self.circuits, NoCircuits):
            return mapping
        circuits = {"angles": [self.circuits.angles]}
        if not (isinstance(self.circuits, PerLayerCircuit) and self.circuits.given):
            circuits["structure"] = [self.circuits.structure]
        return circuits | mapping

    def raw(self, mixed: Tensor | None = None) -> Tensor:
        """The output of the mapping before gain and offset, (*lead, p).

        The probabilities are those of the circuits, or `mixed`, if they are given.
        """
        p = self.circuits() if mixed is None else mixed
        scaled = self.scale(p, self.mapping.n)
        weights = self.order(self.mapping(scaled), self.mapping.chunk)
        # 2**n chunk >= p: the basis states behind the last weight write nothing.
        return weights[..., : sum(self.sizes)]

    def forward(self, mixed: Tensor | None = None) -> Tensor:
        """The flat weights, (*lead, p), that the circuits write.

        Args:
            mixed: probabilities (*lead, 2**n) to be used instead of those of the circuits.

        Raises:
            ArgumentError: the model was cast to a dtype other than float32 and float64.
        """
        kind = self.gain.dtype
        rule = "be float32 or float64 (run the target under torch.autocast for less)"
        require(kind in (torch.float32, torch.float64), "model", rule, f"one cast to {kind}")
        # w = gain * raw + offset, with a gain and an offset for each of the target's tensors.
        # Autocast is for the target: probabilities near 2**-n and sums over bits need all digits.
        with torch.autocast(self.gain.device.type, enabled=False):
            gain, offset = per_weight(self.gain, self.sizes), per_weight(self.offset, self.sizes)
            raw = self.raw(mixed)
            if self.anchor is None:
                return torch.addcmul(offset, gain, raw)
            # The difference first: a gain of hundreds would bring out the rounding of both parts.
            return torch.addcmul(self.anchor.values, gain, raw - self.anchor.raw)

    def written(self) -> Tensor:
        """The flat weights, as a call gives them; without gradients they are computed once.

        An agent that acts, or a network that is evaluated in batches, asks for the same weights
        again and again. So they are kept until a number has changed. The caller may change the
        result.
        """
        kept = not torch.is_grad_enabled() and sum(self.sizes) <= MOST_KEPT
        # `functional_call` and replicas put other tensors in the place of parameters; a compiled
        # program must contain the circuits.
        own = all(isinstance(number, nn.Parameter) for number in self.parameters())
        if not kept or not own or torch.compiler.is_compiling() or self._draws():
            return self()
        progress = torch.tensor(self.circuits.progress, dtype=torch.float64)
        # All else follows from the state: tables drawn from its seeds need not be compared.
        state: list[Tensor] = [*self.state_dict(keep_vars=True).values(), progress]
        return self._written(lambda *_: self(), *state).clone()

    def _draws(self) -> bool:
        """Whether a call draws noise, or reads circuits as a device does."""
        circuits = self.circuits
        if not circuits.training or isinstance(circuits, NoCircuits):
            return False
        measured = isinstance(circuits, CircuitMixture) and circuits.measured
        return measured or circuits.relaxation.stochastic

    def stacked(self, lead: tuple[int, ...]) -> Generator:
        """A freshly drawn generator of the same choices with leading dimensions."""
        circuits, mapping = self.circuits.stacked(lead), self.mapping.stacked(lead)
        order = self.order.name
        made = Generator(circuits, mapping, self.scale, self.sizes, order, lead, self.start)
        return made.to(self.gain)

    @contextmanager
    def without_noise(self) -> Iterator[None]:
        """Circuits in evaluation: neither the noise of a stochastic relaxation nor shots."""
        training = self.circuits.training
        self.circuits.eval()
        try:
            yield
        finally:
            self.circuits.train(training)

    @torch.no_grad()
    def start_like(self, tensors: Sequence[Tensor], leverage: float = 1.0) -> None:
        """Let each tensor start like the given one.

        Without an anchor, gain and offset give it the mean and spread of the given tensor. With an
        anchor, it starts at the values of the given tensor, or at values drawn with their mean and
        spread. It then moves by `leverage` times its spread per unit step of the angles.
        """
        self.leverage = leverage
        if self.anchor is None:
            with self.without_noise():
                gain, offset = gain_and_offset(self.raw(), self.sizes, tensors)
            self.gain.copy_(gain)
            self.offset.copy_(offset)
            return
        self.mapping.level()
        spreads = torch.stack([spread_of(tensor) for tensor in tensors]).to(self.gain)
        self.gain.copy_(leverage * spreads / self._step_of_angles())
        self.anchor.take(tensors)
        self.anchor.remember(dict(self.named_parameters()))
        self.renew()

    def _step_of_angles(self) -> float:
        """How far the raw weights move per unit step of the angles; their spread where not at all.

        Without circuits the mapping takes the part of the angles. A single weight has no spread: 1.
        """
        probe = copy.deepcopy(self).to(torch.float64).eval()
        raw = probe.raw()
        spread = 1.0 if len(raw) == 1 else float(raw.std(correction=0))
        moves = movement(probe.raw, next(iter(probe.numbers().values())))
        # Below this a difference in float64 is rounding.
        return moves if moves > 1e-6 * spread else spread or 1.0

    @torch.no_grad()
    def renew(self) -> None:
        """Compute again what follows from the anchor's seed and from the numbers of the start."""
        if self.anchor is None:
            return
        self.anchor.draw()
        progress, self.circuits.progress = self.circuits.progress, 0.0
        numbers = dict(self.named_parameters())
        trained = {name: number.data for name, number in numbers.items()}
        try:
            for name, first in self.anchor.first().items():
                numbers[name].data = first
            with self.without_noise():
                raw = self.raw()
        finally:
            for name, number in trained.items():
                numbers[name].data = number
            self.circuits.progress = progress
        self.anchor.raw.copy_(raw)

    @torch.no_grad()
    def replace_circuits(self, change: Callable[[CircuitMixture], CircuitMixture]) -> None:
        """Put other circuits in place of the mixture; the start moves along with them."""
        circuits = self.circuits
        assert isinstance(circuits, CircuitMixture)
        if self.anchor is not None:
            first = copy.deepcopy(circuits)
            numbers = self.anchor.first()
            for name, number in first.named_parameters():
                number.copy_(numbers[f"circuits.{name}"])
            changed = change(first).named_parameters()
            kept = {name: number for name, number in numbers.items() if name.startswith("mapping")}
            self.anchor.remember(kept | {f"circuits.{name}": number for name, number in changed})
        self.circuits = change(circuits)
        self.renew()

    def tensors_of_copies(self) -> dict[str, Tensor]:
        """All that a pass depends on and that has leading dimensions, by name, not detached."""
        tensors: dict[str, Tensor] = self.state_dict(keep_vars=True)
        if self.anchor is not None:
            tensors["anchor.values"] = self.anchor.values
            tensors["anchor.raw"] = self.anchor.raw
        for name, tensor in self.mapping.copies().items():
            tensors[f"mapping.{name}"] = tensor
        return tensors


def _renewed(module: nn.Module, _: object) -> None:
    """Numbers that were loaded bring another start with them."""
    assert isinstance(module, Generator)
    module.renew()


def spread_of(like: Tensor) -> Tensor:
    """The spread of a generated tensor that starts like the given one.

    It is the standard deviation, or the magnitude of a single number; if that is 0, a small number.
    """
    if like.numel() == 0:
        return like.new_ones(())
    # A single number has no spread: its size is the only scale there is.
    spread = like.abs().squeeze() if like.numel() == 1 else like.std(correction=0)
    # A bias of zeros or a norm's ones: with gain 0 the circuits could not move it.
    return torch.full_like(spread, _SMALL) if spread == 0 else spread


def gain_and_offset(
    raw: Tensor, sizes: Sequence[int], tensors: Sequence[Tensor]
) -> tuple[Tensor, Tensor]:
    """Gain and offset per tensor that give raw values (p,) the means and spreads of given tensors.

    If the raw values of a generated tensor do not vary (a single number), its gain follows from the
    spread of all raw values. A given tensor without spread is treated as in `spread_of`.
    """
    overall = raw.std(correction=0)
    if overall == 0:  # a single weight has no spread
        overall = torch.ones_like(overall)
    gain, offset = raw.new_ones(len(sizes)), raw.new_zeros(len(sizes))
    for index, (values, like) in enumerate(zip(raw.split(list(sizes)), tensors, strict=True)):
        if like.numel() == 0:
            continue
        spread = spread_of(like)
        own = values.std(correction=0)
        if own <= 1e-6 * overall:
            own = overall
        gain[index] = spread / own.clamp(min=1e-6)
        offset[index] = like.mean() - gain[index] * values.mean()
    return gain, offset
