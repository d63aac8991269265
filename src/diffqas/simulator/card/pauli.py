"""Coefficients of encoded circuits on a card: five launches each way, whatever the depth."""

from __future__ import annotations

import torch
from torch import Tensor

from diffqas.simulator.card import kernels
from diffqas.simulator.card.launch import launch
from diffqas.simulator.card.pauli_tables import Entries, Tables, tables
from diffqas.simulator.pauli_plan import Size

BLOCK = 128
"""Pairs that a program turns at once, and rows that it sums."""


def coefficients(size: Size, angles: Tensor, weights: Tensor, output: Tensor) -> None:
    """As `pauli_plain.coefficients`: writes to output (batch, candidates or 1, outputs, 3**n)."""
    found = _tables(size, angles, output.shape[1] == 1)
    held, _, _ = _evolved(found, angles)
    _sums(found.outputs, held, weights, output)


def gradients(
    size: Size, angles: Tensor, weights: Tensor, upstream: Tensor
) -> tuple[Tensor, Tensor]:
    """Gradients of angles (batch, candidates or 1, depth * n * r) and weights."""
    found = _tables(size, angles, upstream.shape[1] == 1)
    upstream = upstream.contiguous()
    held, cos, sin = _evolved(found, angles)
    batch, sets, count = angles.shape
    jobs = len(found.jobs)
    back = torch.empty_like(held)
    slopes = angles.new_zeros(batch, jobs, count)
    to_weights = torch.empty_like(weights, memory_format=torch.contiguous_format)
    launch(
        kernels.paired_sum,
        (batch, weights.shape[1]),
        held,
        upstream,
        to_weights,
        found.reads.starts,
        found.reads.sources,
        found.reads.owners,
        found.reads.signs,
        found.slots,
        found.outputs.rows,
        weights.shape[1],
        BLOCK=BLOCK,
    )
    _sums(found.cotangents, upstream, weights, back)
    launch(
        kernels.pauli_backward,
        (batch, jobs),
        held,
        back,
        found.jobs,
        found.steps,
        found.pairs,
        cos,
        sin,
        slopes,
        found.slots,
        jobs,
        sets,
        count,
        BLOCK=BLOCK,
    )
    # Every output of every candidate has slopes of its own: a product with zeros and ones adds
    # those of one set of angles, always in the same order.
    return found.share.to(angles.dtype) @ slopes, to_weights


def _tables(size: Size, angles: Tensor, together: bool) -> Tables:
    # One row of results means one candidate, or all of them added up: both are one sum.
    return tables(size, angles.shape[1] == 1, together, str(angles.device))


def _evolved(found: Tables, angles: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Final slots (batch, slots), and cosines and sines as the angles are."""
    batch, sets, count = angles.shape
    own = angles.contiguous()
    cos, sin = own.cos(), own.sin()
    held = angles.new_zeros(batch, found.slots)
    held.index_fill_(1, found.first_slots, 1)
    launch(
        kernels.pauli_forward,
        (batch, len(found.jobs)),
        held,
        found.jobs,
        found.steps,
        found.pairs,
        cos,
        sin,
        found.slots,
        sets,
        count,
        BLOCK=BLOCK,
    )
    return held, cos, sin


def _sums(entries: Entries, values: Tensor, weights: Tensor, output: Tensor) -> None:
    """Write (batch, rows) of weighted sums of values (batch, ...)."""
    batch = len(values)
    blocks = -(-entries.rows // BLOCK)
    launch(
        kernels.gathered_sum,
        (batch, blocks),
        values,
        weights.contiguous(),
        output,
        entries.starts,
        entries.sources,
        entries.owners,
        entries.signs,
        values[0].numel(),
        entries.rows,
        weights.shape[1],
        WIDTH=max(1, entries.width),
        BLOCK=BLOCK,
    )
