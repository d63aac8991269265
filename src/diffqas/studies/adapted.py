"""A trained network as something to adapt, and peft's adapters of it with at most so many numbers.

The count of numbers decides everything else. LoRA and VeRA have the greatest rank that fits on all
layers; if not even rank 1 fits on all of them, they are on the last layers only.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import torch
from torch import nn

from diffqas.errors import DataError, choose, require, whole

MISSING = "Adapters need peft: install it with `pip install 'diffqas[lora]'`."


@dataclass(frozen=True, eq=False)
class Adaptation:
    """A trained network that is adapted; called, it makes the target whose weights are written.

    That target is the network in peft's hands: frozen, with LoRA matrices that start as peft starts
    them, the second ones at zero.

    Attributes:
        base: the trained network; it is never changed.
        modules: last parts of the names of the linear layers that are adapted.
        head: name of the layer that gives the outputs.
        numbers: how many an adapter may train.
        rank: of the LoRA matrices that a generator writes, whatever it trains.

    Raises:
        ArgumentError: layers that the network does not have, or numbers and ranks below 1.
        DataError: peft is not installed.
    """

    base: nn.Module
    modules: tuple[str, ...]
    head: str
    numbers: int
    rank: int = 4

    def __post_init__(self) -> None:
        require(whole(self.numbers), "numbers", "be a whole number of at least 1", self.numbers)
        require(whole(self.rank), "rank", "be a whole number of at least 1", self.rank)
        names = [name.rpartition(".")[2] for name, _ in _linear(self.base)]
        for module in self.modules:
            choose(module, sorted(set(names)), "modules")
        choose(self.head, [name for name, _ in _linear(self.base)], "head")
        peft_package()

    @property
    def layers(self) -> dict[str, nn.Linear]:
        """The adapted layers by their names, in the network's order."""
        found = _linear(self.base)
        return {name: layer for name, layer in found if name.rpartition(".")[2] in self.modules}

    def __call__(self) -> nn.Module:
        """The network with LoRA matrices of the chosen rank on all adapted layers."""
        return _with_lora(self, self.rank, list(self.layers))


def _linear(base: nn.Module) -> list[tuple[str, nn.Linear]]:
    return [(name, one) for name, one in base.named_modules() if isinstance(one, nn.Linear)]


def peft_package() -> ModuleType:
    """Return the package peft.

    Raises:
        DataError: it is not installed.
    """
    try:
        import peft
    except ImportError:
        raise DataError(MISSING) from None
    return peft


def lora(adaptation: Adaptation) -> nn.Module:
    """LoRA of the rank that fits.

    Raises:
        ArgumentError: not even rank 1 of one layer fits.
    """
    rank, names = rank_that_fits(adaptation, "LoRA", lambda layer: 0, _both_sides)
    return _with_lora(adaptation, rank, names)


def vera(adaptation: Adaptation) -> nn.Module:
    """VeRA of the rank that fits (Kopiczko et al. 2024, arXiv 2310.11454).

    Two random matrices for all layers, and per layer a vector of length `rank` and one with an
    entry per output, which alone are trained.

    Raises:
        ArgumentError: not even rank 1 of one layer fits.
    """
    peft = peft_package()
    rank, names = rank_that_fits(adaptation, "VeRA", lambda one: one.out_features, lambda _: 1)
    # The random matrices follow from a key, and need not be stored.
    key = _drawn_key()
    config = peft.VeraConfig(
        r=rank, target_modules=names, save_projection=False, projection_prng_key=key
    )
    return peft.get_peft_model(copy.deepcopy(adaptation.base), config)


def unilora(adaptation: Adaptation) -> nn.Module:
    """UniLoRA: all LoRA matrices take their entries from one trained vector."""
    peft = peft_package()
    config = peft.UniLoraConfig(
        r=adaptation.rank,
        theta_d_length=adaptation.numbers,
        proj_seed=_drawn_key(),
        target_modules=list(adaptation.layers),
    )
    return peft.get_peft_model(copy.deepcopy(adaptation.base), config)


def biases(adaptation: Adaptation) -> nn.Module:
    """As many of the network's biases as fit, the last ones (Ben Zaken et al. 2022).

    Raises:
        ArgumentError: not even the last one fits.
    """
    network = copy.deepcopy(adaptation.base).requires_grad_(False)
    left = adaptation.numbers
    every = [one for name, one in network.named_parameters() if name.endswith("bias")]
    require(len(every) > 0, "base", "have biases for this row", "none")
    rule = f"be at least {every[-1].numel()}, the network's last bias"
    require(left >= every[-1].numel(), "numbers", rule, left)
    for bias in reversed(every):
        if bias.numel() > left:
            break
        left -= bias.numel()
        bias.requires_grad_(True)
    return network


def head(adaptation: Adaptation) -> nn.Module:
    """The layer that gives the outputs.

    Raises:
        ArgumentError: it has more numbers.
    """
    network = copy.deepcopy(adaptation.base).requires_grad_(False)
    layer = network.get_submodule(adaptation.head).requires_grad_(True)
    count = sum(one.numel() for one in layer.parameters())
    fits = count <= adaptation.numbers
    require(fits, "numbers", f"be at least {count}, as many as the head has", adaptation.numbers)
    return network


def whole_network(adaptation: Adaptation) -> nn.Module:
    """The network with all of its weights, whatever the numbers."""
    return copy.deepcopy(adaptation.base).requires_grad_(True)


def rank_that_fits(
    adaptation: Adaptation,
    method: str,
    fixed: Callable[[nn.Linear], int],
    each: Callable[[nn.Linear], int],
) -> tuple[int, list[str]]:
    """The greatest rank on as many layers as possible, and the names of these layers.

    Args:
        adaptation: what is adapted.
        method: its name, for the message.
        fixed: numbers that a layer has whatever the rank.
        each: numbers that a layer has for each rank.

    Raises:
        ArgumentError: rank 1 on the last layer has more numbers.
    """
    layers = adaptation.layers
    names = list(layers)
    for first in range(len(names)):
        chosen = [layers[name] for name in names[first:]]
        left = adaptation.numbers - sum(map(fixed, chosen))
        rank = left // sum(map(each, chosen))
        if rank >= 1:
            return rank, names[first:]
    last = layers[names[-1]]
    rule = f"be at least {fixed(last) + each(last)}, {method} of rank 1 on the last layer alone"
    require(False, "numbers", rule, adaptation.numbers)
    raise AssertionError


def _drawn_key() -> int:
    """A key that the seed of a row decides, where peft would take the same one every time."""
    return int(torch.randint(2**31, ()))


def _both_sides(layer: nn.Linear) -> int:
    return layer.in_features + layer.out_features


def _with_lora(adaptation: Adaptation, rank: int, names: list[str]) -> nn.Module:
    peft = peft_package()
    # alpha / r = 1: the matrices are added as they are, and a rate means the same at every rank.
    config = peft.LoraConfig(r=rank, lora_alpha=rank, target_modules=names)
    return peft.get_peft_model(copy.deepcopy(adaptation.base), config)
