"""The functions that Python calls for states of many pieces, which threads share among themselves.

A chain, that is a candidate at one entry of the batch, is cut into units (see `sharing`): threads
work on several chains at once, and several threads on one. Chain number c works in the memory
number c % slots, so it may begin when chain c - slots is complete.

Sums of a unit have a place of their own and are added up in one order, whoever computed them.
"""

from __future__ import annotations

from diffqas.simulator.compiled.entry import entry
from diffqas.simulator.compiled.kernels import H_RY, RX, add_up, collect, rx_whole_backward
from diffqas.simulator.compiled.layers import inner
from diffqas.simulator.compiled.regions import ALONE, backward_unit, forward_unit
from diffqas.simulator.compiled.sharing import (
    DONE,
    LINE,
    NONE,
    TAKEN,
    add,
    after_complete,
    arrive,
    finish,
    leave,
    rest,
    take,
    wait_for,
)
from diffqas.simulator.compiled.vectors import Array
from diffqas.simulator.compiled.walsh import rx_forward
from diffqas.simulator.compiled.walsh_tiles import rx_backward_unit, rx_forward_unit

STAY = 64
"""Looks at the chain that a thread works on, whose numbers are in its cache, before others'."""


@inner
def _next_unit(
    counters: Array,
    units: int,
    phases: Array,
    chains: int,
    slots: int,
    rank: int,
    chain: int,
    first: int,
) -> tuple[int, int, int]:
    """A unit for this thread: its chain and number, and the first chain that is not complete.

    Given are the chain and the first one of the call before. The number is NONE when all chains are
    complete; this thread then sees all that was written on the way.
    """
    looks = 0
    while True:
        first = after_complete(counters, first, chains)
        if first == chains:
            return chain, NONE, first
        if chain >= first:
            number = take(counters, chain, units, phases[chain % len(phases)])
            if number != NONE:
                return chain, number, first
        if chain < first or looks >= STAY:
            # The memory of chains first - slots, .., first - 1 is free.
            at_hand = min(slots, chains - first)
            for index in range(at_hand):
                other = first + (rank + index) % at_hand
                number = take(counters, other, units, phases[other % len(phases)])
                if number != NONE:
                    return other, number, first
        looks = rest(looks)


@inner
def _forward_unit(
    plan: Array,
    angles: Array,
    amplitudes: Array,
    work: Array,
    gates: Array,
    chain: int,
    phase: int,
    unit: int,
) -> None:
    b, j = chain // len(plan.live), plan.live[chain % len(plan.live)]
    kind, row, layer, used = plan.kind[j], plan.row[j], plan.layer[j], plan.used[j]
    own, n = angles[b, min(j, angles.shape[1] - 1)], angles.shape[3]
    if kind != RX:
        forward_unit(
            own,
            used,
            kind == H_RY,
            plan.blocks[layer],
            plan.pieces[layer],
            plan.offsets[layer],
            amplitudes[b, row],
            work[0],
            gates,
            phase,
            unit,
            plan.units,
        )
        return
    final, strings = amplitudes[b, row : row + 2], plan.strings[j]
    blocks, pieces, offsets = plan.blocks[0], plan.pieces[0], plan.offsets[0]
    if n <= ALONE:
        rx_forward(own, used, strings, blocks, pieces, offsets, final, work)
    else:
        rx_forward_unit(
            own, used, strings, blocks, pieces, offsets, final, work, phase, unit, plan.units
        )


@entry
def forward(
    rank: int,
    plan: Array,
    angles: Array,
    weights: Array,
    amplitudes: Array,
    output: Array,
    work: Array,
    gates: Array,
    counters: Array,
    calls: Array,
) -> None:
    """What `kernels.forward` does.

    work is (slots, 2, 2**n and a gap), gates (slots, depth, 4 n); counters are a line of zeros for
    each chain and one for what follows on them.
    """
    arrived = arrive(rank, calls)
    units, phases, slots = plan.units, plan.forward_phases, len(work)
    chains = len(angles) * len(plan.live)
    chain, first = -1, 0
    while True:
        chain, number, first = _next_unit(
            counters, units, phases, chains, slots, rank, chain, first
        )
        if number == NONE:
            break
        slot, phase, unit = chain % slots, number // units, number % units
        _forward_unit(plan, angles, amplitudes, work[slot], gates[slot], chain, phase, unit)
        finish(counters, chain, units, phases[chain % len(phases)])
    line, parts, own = LINE * chains, len(angles) * units, output.shape[2] // units
    part = add(counters, line + TAKEN, 1)
    while part < parts:
        begin = part % units * own
        add_up(plan, weights, amplitudes, output, part // units, begin, begin + own)
        add(counters, line + DONE, 1)
        part = add(counters, line + TAKEN, 1)
    if rank == 0:
        wait_for(counters, line + DONE, parts)
    leave(rank, calls, arrived)


@inner
def _backward_unit(
    plan: Array,
    angles: Array,
    weights: Array,
    amplitudes: Array,
    upstream: Array,
    work: Array,
    gates: Array,
    sums: Array,
    grad: Array,
    chain: int,
    phase: int,
    unit: int,
) -> None:
    b, j = chain // len(plan.live), plan.live[chain % len(plan.live)]
    kind, row, layer, used = plan.kind[j], plan.row[j], plan.layer[j], plan.used[j]
    own, n = angles[b, min(j, angles.shape[1] - 1)], angles.shape[3]
    weight, above = weights[b, j:], upstream[b, min(j, upstream.shape[1] - 1)]
    if kind != RX:
        backward_unit(
            own,
            used,
            plan.blocks,
            plan.pieces,
            plan.offsets,
            layer + 1,
            amplitudes[b, row],
            weight,
            above,
            work,
            gates,
            sums,
            grad,
            phase,
            unit,
            plan.units,
        )
    elif n <= ALONE:
        sums[0, 0, n] = rx_whole_backward(
            plan, j, own, weight, amplitudes[b, row:], above, work, grad
        )
    else:
        rx_backward_unit(
            own,
            used,
            plan.strings[j],
            plan.blocks[0],
            plan.pieces[0],
            plan.offsets[0],
            amplitudes[b, row : row + 2],
            weight,
            above,
            work,
            sums,
            grad,
            phase,
            unit,
            plan.units,
        )


@entry
def backward(
    rank: int,
    plan: Array,
    angles: Array,
    weights: Array,
    amplitudes: Array,
    upstream: Array,
    to_angles: Array,
    to_weights: Array,
    sums: Array,
    grads: Array,
    work: Array,
    gates: Array,
    counters: Array,
    calls: Array,
) -> None:
    """What `kernels.backward` does.

    sums is (chains, 2, units, n + 1), work (slots, 4, 2**n and a gap); gates and counters are those
    of `forward`.
    """
    arrived = arrive(rank, calls)
    units, phases, slots = plan.units, plan.backward_phases, len(work)
    chains = len(angles) * len(plan.live)
    chain, first = -1, 0
    while True:
        chain, number, first = _next_unit(
            counters, units, phases, chains, slots, rank, chain, first
        )
        if number == NONE:
            break
        slot, phase, unit = chain % slots, number // units, number % units
        _backward_unit(
            plan,
            angles,
            weights,
            amplitudes,
            upstream,
            work[slot],
            gates[slot],
            sums[chain],
            grads[chain],
            chain,
            phase,
            unit,
        )
        finish(counters, chain, units, phases[chain % len(phases)])
    if rank == 0:
        collect(plan, upstream, sums, grads, to_angles, to_weights)
    leave(rank, calls, arrived)
