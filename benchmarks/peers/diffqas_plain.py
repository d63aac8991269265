"""diffqas in plain torch: what it does where numba is not installed. float32."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from . import diffqas_mixture
from .workload import Circuit

VERSION = f"{diffqas_mixture.VERSION}, without numba"


def make_step(n: int, depth: int, circuits: Sequence[Circuit]) -> Callable:
    """The same step with the compiled kernels turned off; every peer has a process of its own."""
    os.environ["DIFFQAS_COMPILED"] = "0"
    return diffqas_mixture.make_step(n, depth, circuits)
