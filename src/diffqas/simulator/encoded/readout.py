"""From final states to outputs: probabilities, marginals and reduced density matrices."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from diffqas.simulator.born import squared
from diffqas.simulator.encoded.terms import DIAGONAL, STRINGS, Terms
from diffqas.simulator.walsh import wht_rows


def read(
    terms: Terms, states: Tensor, weights: Tensor | None, coefficients: Tensor | None
) -> Tensor:
    """Outputs of final states (G, candidates, B, 2**n), in the canonical form."""
    if terms.probabilities:
        held = squared(states)
        if weights is not None and weights.shape[1] == 1:
            # The outputs are linear in the probabilities: those of the mixture are read once.
            mixed = (weights @ held.flatten(2)).unflatten(2, held.shape[2:])
            return _linear(terms, _of_probabilities(terms, mixed), coefficients).squeeze(1)
        forms = _of_probabilities(terms, held)
    else:
        forms = _of_states(terms, states)
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
    if terms.kind == DIAGONAL:
        each = [marginal(probabilities, window, terms.n) for window in terms.windows]
        return torch.stack(each, dim=-2)
    # <Z..Z> = sum over basis states of probability times (-1)^<mask, state>: a Walsh-Hadamard
    # transform gives those of all masks.
    rows = probabilities.flatten(0, -2)
    found = wht_rows(rows).index_select(0, _masks(terms, str(rows.device)))
    return found.t().reshape(*probabilities.shape[:-1], -1)


@lru_cache(maxsize=64)
def _masks(terms: Terms, device: str) -> Tensor:
    masks = [sum(1 << (terms.n - 1 - q) for q in window) for window in terms.windows]
    return torch.tensor(masks, device=device)


def marginal(probabilities: Tensor, window: tuple[int, ...], n: int) -> Tensor:
    """Probabilities (..., 2**n) of all qubits -> (..., 2**k) of a window, first one highest.

    >>> marginal(torch.tensor([0.1, 0.2, 0.3, 0.4]), (1,), 2).tolist()
    [0.4000000059604645, 0.6000000238418579]
    """
    lead = probabilities.dim() - 1
    full = probabilities.reshape(*probabilities.shape[:-1], *[2] * n)
    dropped = [lead + q for q in range(n) if q not in window]
    kept = full.sum(dropped) if dropped else full
    order = [sorted(window).index(q) for q in window]
    return kept.permute(*range(lead), *(lead + place for place in order)).flatten(lead)


def _of_states(terms: Terms, states: Tensor) -> Tensor:
    if terms.kind == STRINGS:
        return _strings(terms, states)
    each = [_numbers(_reduced(states, window, terms.n)) for window in terms.windows]
    return torch.stack(each, dim=-2)


def _strings(terms: Terms, states: Tensor) -> Tensor:
    each = []
    for window, letters in zip(terms.windows, terms.letters, strict=True):
        source, factor = _string(window, letters, terms.n, states.dtype, str(states.device))
        # Real states show no string with an odd number of Y: its matrix is imaginary.
        acted = states.index_select(-1, source)
        if states.is_complex():
            each.append((states.conj() * factor * acted).real.sum(-1))
        elif letters.count("Y") % 2:
            each.append(torch.zeros_like(states[..., 0]))
        else:
            each.append((states * factor * acted).sum(-1))
    return torch.stack(each, dim=-1)


@lru_cache(maxsize=256)
def _string(
    window: tuple[int, ...], letters: str, n: int, dtype: torch.dtype, device: str
) -> tuple[Tensor, Tensor]:
    """P|s'> = factor |s>: of each basis state s its source s', and the factor."""
    source = torch.arange(2**n)
    factor = torch.ones(2**n, dtype=torch.complex128)
    for qubit, letter in zip(window, letters, strict=True):
        bit = source >> (n - 1 - qubit) & 1
        sign = 1 - 2 * bit
        if letter == "Z":
            factor = factor * sign
        else:
            # Y = [[0, -i], [i, 0]]: row 0 has -i, row 1 has i.
            source = source ^ (1 << (n - 1 - qubit))
            if letter == "Y":
                factor = factor * (-1j * sign)
    if not dtype.is_complex:
        factor = factor.real
    return source.to(device), factor.to(device, dtype)


def _reduced(states: Tensor, window: tuple[int, ...], n: int) -> Tensor:
    """The window's density matrix (..., 2**k, 2**k): the trace over all other qubits."""
    lead = states.dim() - 1
    full = states.reshape(*states.shape[:-1], *[2] * n)
    rest = [q for q in range(n) if q not in window]
    order = [lead + q for q in (*window, *rest)]
    rows = full.permute(*range(lead), *order).reshape(*states.shape[:-1], 2 ** len(window), -1)
    return rows @ rows.mH


def _numbers(rho: Tensor) -> Tensor:
    """Forms (..., 4**k) whose sum with the real numbers of H is Tr(H rho)."""
    size = rho.shape[-1]
    above = torch.triu_indices(size, size, 1, device=rho.device)
    diagonal = rho.diagonal(dim1=-2, dim2=-1)
    # H = H^dagger: H_ab rho_ba + H_ba rho_ab = 2 Re(H_ab) Re(rho_ab) + 2 Im(H_ab) Im(rho_ab).
    upper = 2 * rho[..., above[0], above[1]]
    if not rho.is_complex():
        return torch.cat((diagonal, upper, torch.zeros_like(upper)), dim=-1)
    return torch.cat((diagonal.real, upper.real, upper.imag), dim=-1)
