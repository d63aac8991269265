"""From final states to outputs: probabilities, marginals and reduced density matrices."""

from __future__ import annotations

import torch
from torch import Tensor

from diffqas.simulator.born import squared
from diffqas.simulator.encoded.forms import state_forms
from diffqas.simulator.encoded.mixing import mixed_probabilities
from diffqas.simulator.encoded.terms import DIAGONAL, STRINGS, Terms
from diffqas.simulator.encoded.windows import window_axes
from diffqas.simulator.kept import kept
from diffqas.simulator.walsh import wht_columns


def read(
    terms: Terms, states: Tensor, weights: Tensor | None, coefficients: Tensor | None
) -> Tensor:
    """Outputs of final states (G, candidates, 2**n, B), in the canonical form."""
    if terms.probabilities:
        if weights is not None and weights.shape[1] == 1:
            # The outputs are linear in the probabilities: those of the mixture are read once.
            mixed = mixed_probabilities(states, weights.squeeze(1)).unsqueeze(1)
            return _linear(terms, _of_probabilities(terms, mixed), coefficients).squeeze(1)
        forms = _of_probabilities(terms, squared(states))
    else:
        forms = state_forms(terms, states)
    values = _linear(terms, forms, coefficients)
    if weights is None:
        return values
    # (G, candidates, 1, R) against (G, candidates, B, outputs)
    return (weights.transpose(1, 2).unsqueeze(2) * values).sum(1)


def _linear(terms: Terms, forms: Tensor, coefficients: Tensor | None) -> Tensor:
    """Outputs (G, candidates, B, outputs) of the terms' forms."""
    if coefficients is None:
        return forms
    if terms.kind == STRINGS:
        return forms @ coefficients.unsqueeze(1).mT
    # (G, candidates, B, outputs, K), each output has its own window
    return (forms * coefficients[:, None, None]).sum(-1)


def _of_probabilities(terms: Terms, probabilities: Tensor) -> Tensor:
    """Forms (G, candidates, B, terms) or (G, candidates, B, terms, 2**k)."""
    sets, count, size, samples = probabilities.shape
    if terms.kind == DIAGONAL:
        flat = probabilities.flatten(0, 1)
        each = [marginal(flat, window, terms.n) for window in terms.windows]
        return torch.stack(each, dim=1).unflatten(0, (sets, count)).movedim(-1, 2)
    # <Z..Z> = sum over basis states of probability times (-1)^<mask, state>: a Walsh-Hadamard
    # transform gives those of all masks.
    found = wht_columns(probabilities.movedim(2, 0).reshape(size, -1))
    chosen = found.index_select(1, _masks(terms, str(found.device)))
    return chosen.unflatten(0, (sets, count, samples))


@kept(maxsize=64)
def _masks(terms: Terms, device: str) -> Tensor:
    masks = [sum(1 << (terms.n - 1 - q) for q in window) for window in terms.windows]
    return torch.tensor(masks, device=device)


def marginal(probabilities: Tensor, window: tuple[int, ...], n: int) -> Tensor:
    """Probabilities (batch, 2**n, B) of all qubits -> (batch, 2**k, B) of a window.

    >>> marginal(torch.tensor([[[0.125], [0.25], [0.375], [0.25]]]), (1,), 2).tolist()
    [[[0.5], [0.5]]]
    """
    axes = window_axes(window, n)
    rows = axes.rows(probabilities)
    outside = tuple(range(1 + len(axes.inside), rows.dim() - 1))
    summed = rows.sum(outside) if outside else rows
    return summed.flatten(1, -2) if len(axes.inside) > 0 else summed.unsqueeze(1)
