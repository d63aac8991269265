"""The searchers by their words; to add one, derive a class from `Searcher` and name it here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from diffqas.strategies.evolution import Evolution
from diffqas.strategies.halving import SuccessiveHalving
from diffqas.strategies.local_search import LocalSearch
from diffqas.strategies.random_search import RandomSearch
from diffqas.strategies.searcher import Ground, Searcher
from diffqas.strategies.tpe import TPE

SEARCHERS: Mapping[str, Callable[[Ground], Searcher]] = MappingProxyType(
    {
        searcher.name: searcher
        for searcher in (RandomSearch, Evolution, LocalSearch, SuccessiveHalving, TPE)
    }
)
"""Searchers that learn from trainings alone."""
