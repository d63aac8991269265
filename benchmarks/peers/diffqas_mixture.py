"""diffqas itself, behind the same interface as the peers. float32."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

import diffqas
from diffqas.simulator import mixture

from .workload import Circuit

VERSION = f"diffqas {diffqas.__version__}, torch {torch.__version__}"


def make_step(n: int, depth: int, circuits: Sequence[Circuit]) -> Callable:
    """Pick the candidates; everything else happens in the step, as in training."""
    del depth  # the shape of theta holds it
    candidates = [diffqas.TABLE_I[c.number - 1] for c in circuits]

    def step(
        theta: np.ndarray, w: np.ndarray, target: np.ndarray
    ) -> tuple[float, np.ndarray, np.ndarray]:
        angles = torch.from_numpy(theta).requires_grad_()
        weights = torch.from_numpy(w).requires_grad_()
        p = mixture(candidates, angles, weights)
        loss = (p * 2**n - torch.from_numpy(target)).square().mean()
        grad_theta, grad_w = torch.autograd.grad(loss, (angles, weights))
        return loss.item(), grad_theta.numpy(), grad_w.numpy()

    return step
