"""How far a step of each kind of numbers moves the weights, and the rates that follow from it.

One step of the mapping moves all weights together, one of the angles moves them in nearly
independent directions: by how much depends on p, on the candidates, on the depth and on the scale.
It is measured by derivatives in a few random directions, on numbers of their own (drawn from a
fixed seed), so that all models of the same choices have the same rates.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

import torch
from torch import Tensor

from diffqas.quantum_train.generator import Generator
from diffqas.quantum_train.recipe import Rates

PROBES = 2
"""Random directions per kind of numbers. A direction has as many signs as there are numbers, and
the mean is over p weights: two agree to some percent.
"""

STEP = 1e-6
"""Of the difference that stands for a derivative, in float64."""


@torch.no_grad()
def movements(generator: Generator) -> dict[str, float]:
    """Root mean square change of the raw weights, in units of their spread, per unit step.

    A unit step changes every number of a kind by +1 or -1, as one of Adam at rate 1 does.

    Returns:
        angles, structure, mapping -> movement; 0 where a kind moves nothing.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        probe = generator.stacked(())
    probe = probe.to(torch.float64).eval()
    start = probe.raw()
    spread = start.std(correction=0).clamp(min=torch.finfo(torch.float64).tiny)
    draws = torch.Generator().manual_seed(0)
    kinds = {
        "angles": [probe.circuits.angles],
        "structure": [probe.circuits.structure],
        "mapping": list(probe.mapping.parameters()),
    }
    found: dict[str, float] = {}
    for kind, numbers in kinds.items():
        squares = [
            ((probe.raw() - start) / (STEP * spread)).square().mean()
            for _ in _moved(numbers, draws)
        ]
        found[kind] = float(torch.stack(squares).mean().sqrt())
    return found


def _moved(numbers: list[torch.nn.Parameter], draws: torch.Generator) -> Iterator[None]:
    """Move the numbers by a step in a random direction, and back again."""
    kept = copy.deepcopy(numbers)
    for _ in range(PROBES):
        for number, own in zip(numbers, kept, strict=True):
            number.copy_(own + STEP * _signs(own, draws))
        yield
    for number, own in zip(numbers, kept, strict=True):
        number.copy_(own)


def _signs(like: Tensor, draws: torch.Generator) -> Tensor:
    return (torch.randint(2, like.shape, generator=draws) * 2 - 1).to(like)


def calibrated(generator: Generator, shares: Rates, leverage: float) -> Rates:
    """Rates under which a unit step of each kind moves the weights by its share of their spread.

    Args:
        generator: what is to be trained.
        shares: of angles, structure and mapping.
        leverage: of the generator's gains, see `Recipe`.
    """
    found = movements(generator)

    def rate(kind: str, share: float) -> float:
        moves = found[kind] * leverage
        return share / moves if moves > 0 else share

    return Rates(
        angles=rate("angles", shares.angles),
        structure=rate("structure", shares.structure),
        mapping=rate("mapping", shares.mapping),
    )
