"""The functions that Python calls for states of one piece, in each of the threads that share them.

A candidate at one entry of the batch is a chain of layers, and here one unit of work: threads take
chains one by one. What is added up over candidates is added in their order, when all are done.
Larger states stand in `large`.
"""

from __future__ import annotations

from diffqas.simulator.compiled.circuits import ry_backward, ry_forward
from diffqas.simulator.compiled.entry import entry
from diffqas.simulator.compiled.layers import PIECE, inner, total_of
from diffqas.simulator.compiled.many import ry_backward_many
from diffqas.simulator.compiled.sharing import DONE, LINE, TAKEN, add, arrive, leave, wait_for
from diffqas.simulator.compiled.vectors import LANES, Array, load, splat, store, zeros
from diffqas.simulator.compiled.walsh import (
    rx_backward,
    rx_forward,
    rx_gradient,
    rx_phases,
    rx_pull,
)

UNIFORM, ZERO, RY, H_RY, RX = range(5)
"""How a candidate's probabilities come about."""


@inner
def _add_squares(row: Array, weight: Array, output: Array, first: int, last: int) -> None:
    w = splat(weight, 0)
    for i in range(first, last, LANES):
        x = load(row, i)
        store(output, i, w * x * x + load(output, i))


@inner
def _sum(row: Array) -> float:
    total = 0.0
    for low in range(0, len(row), 1 << PIECE):
        part = zeros(row)
        for i in range(low, min(len(row), low + (1 << PIECE)), LANES):
            part = part + load(row, i)
        total += total_of(part)
    return total


@inner
def _through_squares(row: Array, weight: Array, upstream: Array, cotangent: Array) -> float:
    """Write the cotangent of amplitudes with weighted squares; return the weight's gradient."""
    # Of w x^2: dL/dx = 2 w x (dL/dp), and dL/dw = sum x^2 (dL/dp).
    total = 0.0
    w = splat(weight, 0) + splat(weight, 0)
    for low in range(0, len(row), 1 << PIECE):
        part = zeros(row)
        for i in range(low, min(len(row), low + (1 << PIECE)), LANES):
            product = load(row, i) * load(upstream, i)
            part = product * load(row, i) + part
            store(cotangent, i, w * product)
        total += total_of(part)
    return total


# Chains. Number c is candidate live[c % len(live)] at entry c // len(live) of the batch.


@inner
def _forward_chain(plan: Array, angles: Array, amplitudes: Array, work: Array, chain: int) -> None:
    b, j = chain // len(plan.live), plan.live[chain % len(plan.live)]
    kind, row, layer, used = plan.kind[j], plan.row[j], plan.layer[j], plan.used[j]
    own = angles[b, min(j, angles.shape[1] - 1)]
    if kind == RX:
        final = amplitudes[b, row : row + 2]
        blocks, pieces, offsets = plan.blocks[0], plan.pieces[0], plan.offsets[0]
        rx_forward(own, used, plan.strings[j], blocks, pieces, offsets, final, work)
    else:
        real, hadamard = amplitudes[b, row], kind == H_RY
        blocks, pieces, offsets = plan.blocks[layer], plan.pieces[layer], plan.offsets[layer]
        ry_forward(own, used, hadamard, blocks, pieces, offsets, real, work[0])


@inner
def add_up(
    plan: Array, weights: Array, amplitudes: Array, output: Array, b: int, first: int, last: int
) -> None:
    """Weighted probabilities number first..last of one entry of the batch."""
    for j in range(len(plan.kind)):
        kind, row, weight = plan.kind[j], plan.row[j], weights[b, j:]
        into = output[b, min(j, output.shape[1] - 1)]
        # Constants hold no amplitudes: 2**-n everywhere, or 1 at |0..0>.
        if kind == UNIFORM:
            part, share = into[first:last], weight[0] / len(into)
            for i in range(len(part)):
                part[i] += share
        elif kind == ZERO:
            if first == 0:
                into[0] += weight[0]
        elif kind == RX:
            _add_squares(amplitudes[b, row], weight, into, first, last)
            _add_squares(amplitudes[b, row + 1], weight, into, first, last)
        else:
            _add_squares(amplitudes[b, row], weight, into, first, last)


@entry
def forward(
    rank: int,
    plan: Array,
    angles: Array,
    weights: Array,
    amplitudes: Array,
    output: Array,
    work: Array,
    counters: Array,
    calls: Array,
) -> None:
    """Weighted probabilities of all candidates, added up if `output` has one row for all.

    angles (batch, candidates or 1, depth, n, r), weights (batch, candidates); writes the final
    amplitudes (batch, rows, 2**n) and adds to output (batch, candidates or 1, 2**n); work is
    (threads, 2, 2**n), counters are two lines of zeros. All is done when rank 0 returns.
    """
    arrived = arrive(rank, calls)
    batch, chains = len(angles), len(angles) * len(plan.live)
    chain = add(counters, TAKEN, 1)
    while chain < chains:
        _forward_chain(plan, angles, amplitudes, work[rank], chain)
        add(counters, DONE, 1)
        chain = add(counters, TAKEN, 1)
    wait_for(counters, DONE, chains)
    b = add(counters, LINE + TAKEN, 1)
    while b < batch:
        add_up(plan, weights, amplitudes, output, b, 0, output.shape[2])
        add(counters, LINE + DONE, 1)
        b = add(counters, LINE + TAKEN, 1)
    if rank == 0:
        wait_for(counters, LINE + DONE, batch)
    leave(rank, calls, arrived)


@inner
def rx_whole_backward(
    plan: Array,
    j: int,
    angles: Array,
    weight: Array,
    amplitudes: Array,
    above: Array,
    work: Array,
    grad: Array,
) -> float:
    """The way back of an RX candidate in one unit; returns the gradient of its weight."""
    total = 0.0
    for part in range(2):
        total += _through_squares(amplitudes[part], weight, above, work[part])
    blocks, pieces, offsets = plan.blocks[0], plan.pieces[0], plan.offsets[0]
    used, strings = plan.used[j], plan.strings[j]
    rx_backward(angles, used, strings, blocks, pieces, offsets, work, grad)
    return total


@inner
def _whole_backward(
    plan: Array,
    j: int,
    angles: Array,
    weight: Array,
    amplitudes: Array,
    above: Array,
    work: Array,
    grad: Array,
) -> float:
    if plan.kind[j] == RX:
        return rx_whole_backward(plan, j, angles, weight, amplitudes, above, work, grad)
    layer, used = plan.layer[j], plan.used[j]
    total = _through_squares(amplitudes[0], weight, above, work[1])
    for i in range(len(above)):
        work[0, i] = amplitudes[0, i]
    ry_backward(angles, used, plan.blocks, plan.pieces, plan.offsets, layer + 1, work, grad)
    return total


@inner
def _place(plan: Array, j: int) -> int:
    """Where a candidate stands among those that are live; -1 for the others."""
    for place in range(len(plan.live)):
        if plan.live[place] == j:
            return place
    return -1


@inner
def _add_gradient(grad: Array, into: Array) -> None:
    for layer in range(grad.shape[0]):
        for q in range(grad.shape[1]):
            for i in range(grad.shape[2]):
                into[layer, q, i] += grad[layer, q, i]


@inner
def _constants(plan: Array, upstream: Array, to_weights: Array) -> None:
    """The gradients of the weights of candidates that hold no amplitudes."""
    mean, known = 0.0, -1
    for j in range(len(plan.kind)):
        row = min(j, len(upstream) - 1)
        above = upstream[row]
        if plan.kind[j] == ZERO:
            to_weights[j] = above[0]
        elif plan.kind[j] == UNIFORM:
            # Candidates that share the output share its mean, too.
            if known != row:
                mean, known = _sum(above) / len(above), row
            to_weights[j] = mean


@inner
def collect(
    plan: Array,
    upstream: Array,
    sums: Array,
    grads: Array,
    to_angles: Array,
    to_weights: Array,
) -> None:
    """Gradients of the candidates, added up in their order."""
    n = to_angles.shape[3]
    for b in range(len(to_weights)):
        for j in range(len(plan.kind)):
            place = _place(plan, j)
            if place < 0:
                continue
            chain = b * len(plan.live) + place
            total = 0.0
            for unit in range(sums.shape[2]):
                total += sums[chain, 0, unit, n]
            to_weights[b, j] = total
            _add_gradient(grads[chain], to_angles[b, min(j, to_angles.shape[1] - 1)])
        _constants(plan, upstream[b], to_weights[b])


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
    counters: Array,
    calls: Array,
) -> None:
    """Add the gradients to to_angles and to_weights (both float64), given that of the output.

    sums is (chains, 1, 1, n + 1) to work in, grads (chains, depth, n, r) zeros, both float64; work
    (threads, 4, 2**n) and counters as of `forward`. All is done when rank 0 returns.
    """
    arrived = arrive(rank, calls)
    n, live = angles.shape[3], len(plan.live)
    chains = len(angles) * live
    chain = add(counters, TAKEN, 1)
    while chain < chains:
        b, j = chain // live, plan.live[chain % live]
        own = angles[b, min(j, angles.shape[1] - 1)]
        above, weight = upstream[b, min(j, upstream.shape[1] - 1)], weights[b, j:]
        amplitude = amplitudes[b, plan.row[j] :]
        sums[chain, 0, 0, n] = _whole_backward(
            plan, j, own, weight, amplitude, above, work[rank], grads[chain]
        )
        add(counters, DONE, 1)
        chain = add(counters, TAKEN, 1)
    if rank == 0:
        wait_for(counters, DONE, chains)
        collect(plan, upstream, sums, grads, to_angles, to_weights)
    leave(rank, calls, arrived)


@inner
def _many_chain(
    plan: Array,
    angles: Array,
    weights: Array,
    amplitudes: Array,
    upstream: Array,
    to_weights: Array,
    work: Array,
    grad: Array,
    b: int,
    j: int,
) -> None:
    """The way back of one candidate for m gradients; adds to `grad` (m, depth, n, r)."""
    m = upstream.shape[1]
    source, target = work[: 1 + m], work[1 + m : 2 + 2 * m]
    real, imaginary = work[len(work) - 2], work[len(work) - 1]
    kind, row, layer, used = plan.kind[j], plan.row[j], plan.layer[j], plan.used[j]
    own = angles[b, min(j, angles.shape[1] - 1)]
    weight, above = weights[b, j:], upstream[b, :, min(j, upstream.shape[2] - 1)]
    if kind == RX:
        blocks, pieces, offsets = plan.blocks[0], plan.pieces[0], plan.offsets[0]
        strings = plan.strings[j]
        rx_phases(own, used, strings, real, imaginary)
        for k in range(m):
            total = 0.0
            for part in range(2):
                amplitude = amplitudes[b, row + part]
                total += _through_squares(amplitude, weight, above[k], work[part])
            rx_pull(strings, blocks, pieces, offsets, work)
            rx_gradient(real, imaginary, used, strings, blocks, pieces, offsets, work, grad[k])
            to_weights[b, k, j] = total
        return
    for i in range(len(source[0])):
        source[0, i] = amplitudes[b, row, i]
    for k in range(m):
        to_weights[b, k, j] = _through_squares(source[0], weight, above[k], source[1 + k])
    ry_backward_many(
        own, used, plan.blocks, plan.pieces, plan.offsets, layer + 1, source, target, grad
    )


@inner
def _collect_many(
    plan: Array, upstream: Array, grads: Array, to_angles: Array, to_weights: Array
) -> None:
    """`collect` for m gradients; those of the weights of live candidates are there."""
    live = len(plan.live)
    for b in range(len(to_weights)):
        for k in range(upstream.shape[1]):
            for j in range(len(plan.kind)):
                place = _place(plan, j)
                if place >= 0:
                    own = min(j, to_angles.shape[2] - 1)
                    _add_gradient(grads[b * live + place, k], to_angles[b, k, own])
            _constants(plan, upstream[b, k], to_weights[b, k])


@entry
def backward_many(
    rank: int,
    plan: Array,
    angles: Array,
    weights: Array,
    amplitudes: Array,
    upstream: Array,
    to_angles: Array,
    to_weights: Array,
    grads: Array,
    work: Array,
    counters: Array,
    calls: Array,
) -> None:
    """The same for m gradients of the output, for states of any size.

    upstream, to_angles and to_weights are (batch, m, ...), grads (chains, m, depth, n, r).

    What the m share is done once. work is (threads, 2 + 2 m, 2**n), with 5 rows at least.
    """
    arrived = arrive(rank, calls)
    live, chains = len(plan.live), len(angles) * len(plan.live)
    chain = add(counters, TAKEN, 1)
    while chain < chains:
        _many_chain(
            plan,
            angles,
            weights,
            amplitudes,
            upstream,
            to_weights,
            work[rank],
            grads[chain],
            chain // live,
            plan.live[chain % live],
        )
        add(counters, DONE, 1)
        chain = add(counters, TAKEN, 1)
    if rank == 0:
        wait_for(counters, DONE, chains)
        _collect_many(plan, upstream, grads, to_angles, to_weights)
    leave(rank, calls, arrived)
