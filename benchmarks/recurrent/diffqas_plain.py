"""diffqas in plain torch: what it does where numba is not installed. float32."""

from __future__ import annotations

import os
from collections.abc import Callable

from . import diffqas_observables
from .workload import Size

VERSION = f"{diffqas_observables.VERSION}, without numba"


def make_step(size: Size) -> Callable:
    """The same step with the compiled kernels turned off; every peer has a process of its own."""
    os.environ["DIFFQAS_COMPILED"] = "0"
    return diffqas_observables.make_step(size)
