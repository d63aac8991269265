"""The kernels in Triton: a program works on one tile of one circuit's amplitudes.

Amplitude i of a tile has its turned bits above its side bits. A rotation of one bit sees the tile
as (above, 2, below): the pairs that it mixes are the entries of the middle axis.
"""

# Numbers that a kernel is compiled for are its constants, in capitals. All else Triton types
# itself; it takes no other annotation.

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def places(tile, LOW: tl.constexpr, BITS: tl.constexpr, SIDE: tl.constexpr):
    """Indices of a tile's amplitudes in the state."""
    i = tl.arange(0, 2 ** (BITS + SIDE))
    between = tile % 2 ** (LOW - SIDE)
    above = tile // 2 ** (LOW - SIDE)
    outer = above * 2 ** (LOW + BITS) + between * 2**SIDE
    return outer + (i // 2**SIDE) * 2**LOW + i % 2**SIDE


@triton.jit
def start_of(at, hadamard, amplitude):
    """Amplitudes of |+..+> or |0..0>."""
    return tl.where(hadamard == 1, amplitude, tl.where(at == 0, amplitude * 0 + 1, amplitude * 0))


@triton.jit
def ry_layer(v, cos, sin, HIGH, BITS: tl.constexpr, SIDE: tl.constexpr):
    """All rotations of a pass; cos and sin are the layer's, HIGH is the qubit of the lowest bit."""
    SIZE: tl.constexpr = 2 ** (BITS + SIDE)
    for bit in tl.static_range(BITS):
        c, s = tl.load(cos + HIGH - bit), tl.load(sin + HIGH - bit)
        split = tl.reshape(v, (2 ** (BITS - 1 - bit), 2, 2 ** (bit + SIDE)))
        lower, upper = tl.split(tl.permute(split, (0, 2, 1)))
        both = tl.join(c * lower - s * upper, s * lower + c * upper)
        v = tl.reshape(tl.permute(both, (0, 2, 1)), (SIZE,))
    return v


@triton.jit
def ry_layer_back(
    x,
    y,
    cos,
    sin,
    slopes,
    stride,
    HIGH,
    BITS: tl.constexpr,
    SIDE: tl.constexpr,
):
    """Undo a pass on state x and cotangent y, and write the slopes of its angles.

    With (x0, x1) behind the rotation, d(x0, x1)/d angle = (-x1, x0) / 2: the slope is
    sum(y1 x0 - y0 x1) / 2. Rotations of other qubits turn x and y alike and change no such sum.
    """
    SIZE: tl.constexpr = 2 ** (BITS + SIDE)
    for bit in tl.static_range(BITS):
        c, s = tl.load(cos + HIGH - bit), tl.load(sin + HIGH - bit)
        split = tl.reshape(x, (2 ** (BITS - 1 - bit), 2, 2 ** (bit + SIDE)))
        x0, x1 = tl.split(tl.permute(split, (0, 2, 1)))
        split = tl.reshape(y, (2 ** (BITS - 1 - bit), 2, 2 ** (bit + SIDE)))
        y0, y1 = tl.split(tl.permute(split, (0, 2, 1)))
        slope = tl.sum(y1 * x0 - y0 * x1) * 0.5
        tl.store(slopes + (HIGH - bit) * stride, slope)
        both = tl.join(c * x0 + s * x1, c * x1 - s * x0)
        x = tl.reshape(tl.permute(both, (0, 2, 1)), (SIZE,))
        both = tl.join(c * y0 + s * y1, c * y1 - s * y0)
        y = tl.reshape(tl.permute(both, (0, 2, 1)), (SIZE,))
    return x, y


@triton.jit
def ry_whole(
    final,
    order,
    which,
    hadamard,
    cos,
    sin,
    amplitude,
    columns,
    depth,
    N: tl.constexpr,
):
    """A whole circuit in one program: the state stays on chip from the first layer to the last."""
    row = tl.program_id(0).to(tl.int64)
    column = row % columns
    SIZE: tl.constexpr = 2**N
    i = tl.arange(0, SIZE)
    index = tl.load(order + tl.load(which + column) * SIZE + i)
    v = start_of(i, tl.load(hadamard + column), tl.load(amplitude + i * 0))
    for layer in range(depth):
        # CNOTs leave both start states as they are; those of the first layer do so as well.
        v = tl.gather(v, index, 0)
        at = (row * depth + layer) * N
        v = ry_layer(v, cos + at, sin + at, N - 1, N, 0)
    tl.store(final + row * SIZE + i, v)


@triton.jit
def ry_whole_back(
    final,
    cotangent,
    order,
    which,
    cos,
    sin,
    slopes,
    columns,
    depth,
    N: tl.constexpr,
):
    """The way back of `ry_whole`: slopes (rows, depth, N); `order` undoes the CNOTs."""
    row = tl.program_id(0).to(tl.int64)
    SIZE: tl.constexpr = 2**N
    i = tl.arange(0, SIZE)
    index = tl.load(order + tl.load(which + row % columns) * SIZE + i)
    x = tl.load(final + row * SIZE + i)
    y = tl.load(cotangent + row * SIZE + i)
    for step in range(depth):
        at = (row * depth + depth - 1 - step) * N
        x, y = ry_layer_back(x, y, cos + at, sin + at, slopes + at, 1, N - 1, N, 0)
        x = tl.gather(x, index, 0)
        y = tl.gather(y, index, 0)


# One program for all layers and sizes, whatever their numbers.
@triton.jit(do_not_specialize=["layer", "n"])
def ry_pass(
    source,
    target,
    order,
    which,
    hadamard,
    cos,
    sin,
    amplitude,
    columns,
    depth,
    layer,
    n,
    size,
    LOW: tl.constexpr,
    BITS: tl.constexpr,
    SIDE: tl.constexpr,
    START: tl.constexpr,
    GATHER: tl.constexpr,
):
    """One pass of one layer; the CNOTs before it are where it reads."""
    row = tl.program_id(0).to(tl.int64)
    column = row % columns
    at = places(tl.program_id(1), LOW, BITS, SIDE)
    if START:
        v = start_of(at, tl.load(hadamard + column), tl.load(amplitude + at * 0))
    else:
        read = at
        if GATHER:
            read = tl.load(order + tl.load(which + column).to(tl.int64) * size + at)
        v = tl.load(source + row * size + read)
    first = (row * depth + layer) * n
    v = ry_layer(v, cos + first, sin + first, n - 1 - LOW, BITS, SIDE)
    tl.store(target + row * size + at, v)


# One program for all layers and sizes, whatever their numbers.
@triton.jit(do_not_specialize=["layer", "n"])
def ry_pass_back(
    states,
    cotangents,
    to_states,
    to_cotangents,
    order,
    which,
    cos,
    sin,
    slopes,
    columns,
    depth,
    layer,
    tiles,
    n,
    size,
    LOW: tl.constexpr,
    BITS: tl.constexpr,
    SIDE: tl.constexpr,
    GATHER: tl.constexpr,
):
    """The way back of one pass; slopes (rows, depth, n, tiles) are sums over a tile each."""
    row = tl.program_id(0).to(tl.int64)
    tile = tl.program_id(1)
    at = places(tile, LOW, BITS, SIDE)
    read = at
    if GATHER:
        read = tl.load(order + tl.load(which + row % columns).to(tl.int64) * size + at)
    x = tl.load(states + row * size + read)
    y = tl.load(cotangents + row * size + read)
    first = (row * depth + layer) * n
    x, y = ry_layer_back(
        x,
        y,
        cos + first,
        sin + first,
        slopes + first * tiles + tile,
        tiles,
        n - 1 - LOW,
        BITS,
        SIDE,
    )
    tl.store(to_states + row * size + at, x)
    tl.store(to_cotangents + row * size + at, y)


@triton.jit(do_not_specialize=["n"])
def walsh_pass(
    source,
    target,
    n,
    size,
    LOW: tl.constexpr,
    BITS: tl.constexpr,
    SIDE: tl.constexpr,
):
    """Butterflies (a, b) -> (a + b, a - b) of the bits of one pass."""
    row = tl.program_id(0).to(tl.int64)
    at = places(tl.program_id(1), LOW, BITS, SIDE)
    v = tl.load(source + row * size + at)
    SIZE: tl.constexpr = 2 ** (BITS + SIDE)
    for bit in tl.static_range(BITS):
        split = tl.reshape(v, (2 ** (BITS - 1 - bit), 2, 2 ** (bit + SIDE)))
        lower, upper = tl.split(tl.permute(split, (0, 2, 1)))
        both = tl.join(lower + upper, lower - upper)
        v = tl.reshape(tl.permute(both, (0, 2, 1)), (SIZE,))
    tl.store(target + row * size + at, v)


@triton.jit
def pauli_forward(
    held,
    jobs,
    steps,
    pairs_of,
    cos,
    sin,
    total,
    candidates,
    angles,
    BLOCK: tl.constexpr,
):
    """Pull one output of one circuit back through all rotations; slots (batch, total)."""
    batch, job = tl.program_id(0).to(tl.int64), tl.program_id(1)
    first, last = tl.load(jobs + 4 * job), tl.load(jobs + 4 * job + 1)
    slots = held + batch * total + tl.load(jobs + 4 * job + 2)
    own = (batch * candidates + tl.load(jobs + 4 * job + 3)) * angles
    for step in range(first, last):
        angle = tl.load(steps + 3 * step)
        c, s = tl.load(cos + own + angle), tl.load(sin + own + angle)
        for row in range(tl.load(steps + 3 * step + 1), tl.load(steps + 3 * step + 2), BLOCK):
            i = row + tl.arange(0, BLOCK)
            here = i < tl.load(steps + 3 * step + 2)
            at_p = tl.load(pairs_of + 2 * i, mask=here, other=0)
            at_q = tl.load(pairs_of + 2 * i + 1, mask=here, other=0)
            p = tl.load(slots + at_p, mask=here, other=0.0)
            q = tl.load(slots + at_q, mask=here, other=0.0)
            tl.store(slots + at_p, c * p + s * q, mask=here)
            tl.store(slots + at_q, c * q - s * p, mask=here)
        # The next rotation pairs the slots otherwise: another thread reads what this one wrote.
        tl.debug_barrier()


@triton.jit
def pauli_backward(
    held,
    back,
    jobs,
    steps,
    pairs_of,
    cos,
    sin,
    slopes,
    total,
    count,
    candidates,
    angles,
    BLOCK: tl.constexpr,
):
    """Undo the rotations on slots and cotangents; slopes (batch, jobs, angles)."""
    batch, job = tl.program_id(0).to(tl.int64), tl.program_id(1)
    first, last = tl.load(jobs + 4 * job), tl.load(jobs + 4 * job + 1)
    base = batch * total + tl.load(jobs + 4 * job + 2)
    own = (batch * candidates + tl.load(jobs + 4 * job + 3)) * angles
    for back_step in range(last - first):
        step = last - 1 - back_step
        angle = tl.load(steps + 3 * step)
        c, s = tl.load(cos + own + angle), tl.load(sin + own + angle)
        slope = c * 0
        for row in range(tl.load(steps + 3 * step + 1), tl.load(steps + 3 * step + 2), BLOCK):
            i = row + tl.arange(0, BLOCK)
            here = i < tl.load(steps + 3 * step + 2)
            at_p = base + tl.load(pairs_of + 2 * i, mask=here, other=0)
            at_q = base + tl.load(pairs_of + 2 * i + 1, mask=here, other=0)
            p = tl.load(held + at_p, mask=here, other=0.0)
            q = tl.load(held + at_q, mask=here, other=0.0)
            to_p = tl.load(back + at_p, mask=here, other=0.0)
            to_q = tl.load(back + at_q, mask=here, other=0.0)
            # Behind the rotation d(p, q)/d angle = (q, -p); its inverse takes both back.
            slope += tl.sum(to_p * q - to_q * p, 0)
            tl.store(held + at_p, c * p - s * q, mask=here)
            tl.store(held + at_q, c * q + s * p, mask=here)
            tl.store(back + at_p, c * to_p - s * to_q, mask=here)
            tl.store(back + at_q, c * to_q + s * to_p, mask=here)
        tl.store(slopes + (batch * count + job) * angles + angle, slope)
        tl.debug_barrier()


@triton.jit
def gathered_sum(
    values,
    weights,
    output,
    starts,
    sources,
    owners,
    signs,
    length,
    rows,
    candidates,
    WIDTH: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Row r: sum of sign * weight[owner] * value[source] over its entries, in their order."""
    batch = tl.program_id(0).to(tl.int64)
    r = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside = r < rows
    entry = tl.load(starts + r, mask=inside, other=0)
    stop = tl.load(starts + r + 1, mask=inside, other=0)
    total = tl.load(weights + batch * candidates + r * 0) * 0
    for _ in range(WIDTH):
        here = entry < stop
        source = tl.load(sources + entry, mask=here, other=0)
        owner = tl.load(owners + entry, mask=here, other=0)
        sign = tl.load(signs + entry, mask=here, other=0)
        value = tl.load(values + batch * length + source, mask=here, other=0.0)
        weight = tl.load(weights + batch * candidates + owner, mask=here, other=0.0)
        total += sign * (weight * value)
        entry += 1
    tl.store(output + batch * rows + r, total, mask=inside)


@triton.jit
def paired_sum(
    held,
    upstream,
    output,
    starts,
    slots,
    rows_of,
    signs,
    total,
    rows,
    candidates,
    BLOCK: tl.constexpr,
):
    """Candidate j: sum of sign * slot * upstream over its reads, the gradient of its weight."""
    batch, j = tl.program_id(0).to(tl.int64), tl.program_id(1)
    stop = tl.load(starts + j + 1)
    lanes = tl.arange(0, BLOCK)
    sums = tl.load(held + batch * total + lanes * 0) * 0
    for first in range(tl.load(starts + j), stop, BLOCK):
        i = first + lanes
        here = i < stop
        slot = tl.load(slots + i, mask=here, other=0)
        row = tl.load(rows_of + i, mask=here, other=0)
        sign = tl.load(signs + i, mask=here, other=0)
        value = tl.load(held + batch * total + slot, mask=here, other=0.0)
        above = tl.load(upstream + batch * rows + row, mask=here, other=0.0)
        sums += sign * (value * above)
    tl.store(output + batch * candidates + j, tl.sum(sums, 0))
