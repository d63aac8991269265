"""diffqas: observables of the weighted sum once per step, then one call per moment. float32."""

from __future__ import annotations

from collections.abc import Callable

import torch

import diffqas

from . import torch_cell
from .workload import Size

VERSION = f"diffqas {diffqas.__version__}, torch {torch.__version__}"


def make_step(size: Size) -> Callable:
    """Everything that depends on angles and weights happens in the step, as in training."""

    def gates_at(theta: torch.Tensor, w: torch.Tensor) -> torch_cell.Gates:
        # The samples are a dimension that the gates' angles and weights have one of.
        return diffqas.heisenberg(
            diffqas.QLSTM_SPACE,
            theta.unsqueeze(1),
            size.hidden,
            weights=w.unsqueeze(1),
            separate=True,
        )

    return torch_cell.make_step(size, lambda theta, w: _with_gates_first(gates_at(theta, w)))


def _with_gates_first(observables: diffqas.simulator.Observables) -> torch_cell.Gates:
    return lambda inputs: observables(inputs.unsqueeze(0))
