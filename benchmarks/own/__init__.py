"""Twelve pairs of network and data that no recipe of `diffqas` was looked for on."""

from own.pairs import PAIRS as PAIRS
from own.pairs import Pair as Pair
