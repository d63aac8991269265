"""Is a peer's loss, and are its gradients, those of dense matrices in double precision?"""

from __future__ import annotations

from types import ModuleType

import numpy as np
import torch
from torch import Tensor

from encoded.check import entangler, rotations, start, worst

from .workload import CIRCUITS, SMALL, Circuit, Data, Size, cnots, data, signs

TOLERANCE = 1e-3


def deviation(peer: ModuleType) -> float:
    """Largest error of loss and gradients, each relative to its own largest entry."""
    given = data(SMALL, seed=1)
    loss, gradients = peer.make_step(SMALL)(given)
    expected, wanted = reference(SMALL, given)
    return worst(loss, gradients, expected, wanted)


def reference(size: Size, given: Data) -> tuple[float, list[np.ndarray]]:
    """Loss and gradients, sample by sample and circuit by circuit."""
    tensors = Data(*(torch.tensor(array, dtype=torch.float64) for array in given))
    leaves = [leaf.requires_grad_() for leaf in tensors.trained]
    z = torch.from_numpy(signs(size)).double()
    rows = []
    for x, fast in zip(tensors.x, tensors.fast, strict=True):
        latent = tensors.encoder @ x + tensors.encoder_bias
        of_layers = tensors.layers @ latent + tensors.layers_bias
        of_columns = tensors.columns @ latent + tensors.columns_bias
        theta = fast + torch.outer(of_layers, of_columns)
        states = [_state(size, circuit, x, theta) for circuit in CIRCUITS]
        rows.append(tensors.w @ (torch.stack(states).abs().square() @ z))
    loss = (torch.stack(rows) - tensors.y).square().mean()
    return loss.item(), [g.numpy() for g in torch.autograd.grad(loss, leaves)]


def _state(size: Size, circuit: Circuit, x: Tensor, theta: Tensor) -> Tensor:
    n = size.qubits
    state = start(n, circuit.hadamard)
    state = rotations(circuit.encoding, x.expand(n)) @ state
    for angles in theta:
        state = rotations(circuit.axis, angles) @ (entangler(n, cnots(n, circuit.ring)) @ state)
    return state
