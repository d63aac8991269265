"""How far a step of each kind of numbers moves the weights, and the rates that follow from it.

A step of the mapping moves all weights together; a step of the angles moves them in nearly
independent directions. How far they move depends on p, on the candidates, on the depth and on the
scale. It is measured by derivatives in a few random directions, at numbers drawn from a fixed seed,
so that all models of the same choices have the same rates.

The rates follow from two principles. A unit step of all angles moves the weights by their spread,
whatever the circuits and the number of angles. And one number of the mapping or of the structure
moves them as far as one angle does, so that for an optimiser all numbers are alike, as the entries
of a random basis are.
"""

from __future__ import annotations

import math

import torch

from diffqas.quantum_train.generator import Generator
from diffqas.quantum_train.movement import movement
from diffqas.quantum_train.recipe import Rates


@torch.no_grad()
def movements(generator: Generator) -> dict[str, float]:
    """The root mean square change of the raw weights per unit step, in units of their spread.

    A unit step changes every number of a kind by +1 or -1, as a step of Adam at rate 1 does.

    Returns:
        The movement for each kind of `Generator.numbers`; 0 for a kind that moves nothing.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        probe = generator.stacked(())
    probe = probe.to(torch.float64).eval()
    if generator.anchor is not None:
        probe.mapping.level()
    spread = float(probe.raw().std(correction=0))
    # A random subspace starts at zeros: its movement is told as it is.
    unit = spread if spread > 0 else 1.0
    return {kind: movement(probe.raw, numbers) / unit for kind, numbers in probe.numbers().items()}


def calibrated(generator: Generator, shares: Rates, leverage: float) -> Rates:
    """Rates under which a unit step of the angles moves the weights by their spread.

    One number of another kind moves them as far as one angle, times its share.

    Args:
        generator: the generator to be trained.
        shares: the shares of angles, structure and mapping.
        leverage: the leverage of the generator's gains, see `Recipe`.
    """
    found = movements(generator)
    # Steps of several numbers add up like independent ones.
    of_one = {
        kind: found[kind] / math.sqrt(sum(number.numel() for number in numbers))
        for kind, numbers in generator.numbers().items()
    }
    # Without circuits the mapping takes the part of the angles.
    leading = next(iter(of_one))
    # The gains of an anchored start make a unit step of the angles move the weights by `leverage`
    # spreads; without an anchor, by what was measured.
    moves = leverage if generator.anchor is not None else found[leading]
    base = 1 / moves if found[leading] > 0 else 1.0

    def rate(kind: str, share: float) -> float:
        one = of_one.get(kind, 0.0)
        if one == 0 or of_one[leading] == 0:
            return share * base
        return share * base * of_one[leading] / one

    return Rates(
        angles=rate("angles", shares.angles),
        structure=rate("structure", shares.structure),
        mapping=rate("mapping", shares.mapping),
    )
