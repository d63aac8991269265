"""The two functions that Python calls: many circuits on many samples, forward and backward.

Eight samples are one item of work, a chunk; all candidates act on it in turn. Chunks write to rows
of their own, which are added up afterwards in a fixed order: results do not depend on who computed
which chunk. States are walked back by the inverse gates, so that memory does not grow with depth.
"""

from __future__ import annotations

import numpy as np

from diffqas.simulator.compiled.entry import entry
from diffqas.simulator.compiled.layers import inner
from diffqas.simulator.compiled.vectors import LANES, Array, load, store, zeros
from diffqas.simulator.encoded.kernels import lanes, real_lanes
from diffqas.simulator.encoded.kernels.correlations import add_correlations, observe, transform
from diffqas.simulator.encoded.kernels.lanes import COMPLEX, GATE, clear
from diffqas.simulator.encoded.kernels.spectrum import add_read, read, spread
from diffqas.simulator.encoded.kernels.turns import (
    input_gradients,
    invert,
    layer_gates,
    layer_gradients,
    start_vectors,
)


@inner
def _fill(rows: Array, sets: Array, places: Array, vectors: Array) -> None:
    """Write rows[set, place] of every lane, (numbers,), as vectors of lanes."""
    for lane in range(LANES):
        row = rows[min(sets[lane], rows.shape[0] - 1), places[lane]]
        for i in range(len(row)):
            vectors[LANES * i + lane] = row[i]


@inner
def _product(vectors: Array, n: int, real: bool, state: Array) -> None:
    """The state in which every qubit has its own vector, built bit by bit."""
    one = zeros(state)
    for lane in range(LANES):
        state[lane] = 1.0
    if not real:
        store(state, LANES, one)
    width = LANES if real else COMPLEX
    for bit in range(n):
        at, half = GATE * bit, width << bit
        ar, ai = load(vectors, at), load(vectors, at + LANES)
        br, bi = load(vectors, at + 2 * LANES), load(vectors, at + 3 * LANES)
        for i in range(0, half, width):
            pr = load(state, i)
            if real:
                store(state, i + half, br * pr)
                store(state, i, ar * pr)
            else:
                pi = load(state, i + LANES)
                store(state, i + half, br * pr - bi * pi)
                store(state, i + half + LANES, br * pi + bi * pr)
                store(state, i, ar * pr - ai * pi)
                store(state, i + LANES, ar * pi + ai * pr)


@inner
def _layer(plan: Array, j: int, old: Array, new: Array, gates: Array) -> None:
    """The entangling layer of a candidate and the gates behind it."""
    row = plan.entangler[j]
    sources, signs = plan.sources[row], plan.signs[row]
    if plan.real:
        real_lanes.layer(old, new, sources, signs, gates, plan.n)
    else:
        lanes.layer(old, new, sources, signs, gates, plan.n)


@inner
def _undo(
    plan: Array,
    old: Array,
    new: Array,
    back: Array,
    signs: Array,
    gates: Array,
    turning: bool,
    work: Array,
    torque: Array,
) -> None:
    if plan.real:
        real_lanes.undo(old, new, back, signs, gates, plan.n, turning, work, torque)
    else:
        lanes.undo(old, new, back, signs, gates, plan.n, turning, work, torque)


@inner
def _back(plan: Array, j: int, new: Array, old: Array) -> None:
    """The entangling layer alone, undone."""
    row = plan.entangler[j]
    if plan.real:
        real_lanes.entangle(new, old, plan.back[row], plan.back_signs[row])
    else:
        lanes.entangle(new, old, plan.back[row], plan.back_signs[row])


@inner
def _turn(plan: Array, state: Array, gates: Array) -> None:
    if plan.real:
        real_lanes.turn(state, gates, plan.n)
    else:
        lanes.turn(state, gates, plan.n)


@inner
def _upload_behind(plan: Array, layer: int) -> int:
    """The upload that follows a layer, 0 for none."""
    behind = layer + 1
    if behind % plan.layers == 0 and behind < plan.depth:
        return behind // plan.layers
    return 0


@inner
def _run(
    plan: Array,
    j: int,
    cos: Array,
    sin: Array,
    input_cos: Array,
    input_sin: Array,
    gates: Array,
    final: Array,
    work: Array,
) -> None:
    """Final states of one candidate."""
    n, depth = plan.n, plan.depth
    encoding, rotations = plan.encodings[j], plan.rotations[j]
    source, target = (final, work) if depth % 2 == 0 else (work, final)
    start_vectors(plan.hadamard[j], encoding, input_cos, input_sin, n, gates)
    _product(gates, n, plan.real, source)
    for layer in range(depth):
        upload = _upload_behind(plan, layer)
        layer_gates(rotations, cos, sin, encoding, input_cos, input_sin, layer, upload, n, gates)
        _layer(plan, j, source, target, gates)
        source, target = target, source


@inner
def _walk_back(
    plan: Array,
    j: int,
    cos: Array,
    sin: Array,
    input_cos: Array,
    input_sin: Array,
    gates: Array,
    torque: Array,
    held: Array,
    work: Array,
    inputs_too: bool,
    to_angles: Array,
    to_inputs: Array,
) -> None:
    """Add the gradients of one candidate.

    held[0] has its final state and the cotangent of it; held[1] is written to.
    """
    n, row = plan.n, plan.entangler[j]
    encoding, rotations = plan.encodings[j], plan.rotations[j]
    back, signs = plan.back[row], plan.back_signs[row]
    now = 0
    # Layer -1 is the moment before the first layer, behind the first encoding.
    for layer in range(plan.depth - 1, -2, -1):
        upload = _upload_behind(plan, layer)
        then = now if layer == plan.depth - 1 else 1 - now
        entangled = back[: 0 if then == now else len(back)]
        if layer >= 0:
            layer_gates(
                rotations, cos, sin, encoding, input_cos, input_sin, layer, upload, n, gates
            )
            invert(gates, n)
        elif inputs_too:
            _back(plan, j, held[now, 1], held[then, 1])
            start_vectors(plan.hadamard[j], encoding, input_cos, input_sin, n, gates)
            _product(gates, n, plan.real, held[then, 0])
            entangled = back[:0]
        else:
            break
        # Before the first layer the state is known, and the cotangent of use to inputs only.
        _undo(plan, held[now], held[then], entangled, signs, gates, layer > 0, work, torque)
        if layer >= 0:
            layer_gradients(
                rotations,
                cos,
                sin,
                encoding,
                input_cos,
                input_sin,
                layer,
                upload,
                n,
                torque,
                to_angles,
                to_inputs,
            )
        else:
            for q in range(n):
                input_gradients(encoding, input_cos, input_sin, 0, q, n, torque, to_inputs)
        if layer == 0 and inputs_too:
            _turn(plan, held[then, 1], gates)
        now = then


@inner
def _whose(chunk: int, samples: int, count: int, sets: Array, places: Array) -> int:
    """Set and place of every lane of a chunk; returns how many lanes count.

    Samples are counted through all sets. The last chunk's spare lanes repeat the last sample.
    """
    for lane in range(LANES):
        index = min(LANES * chunk + lane, count - 1)
        sets[lane], places[lane] = index // samples, index % samples
    return min(LANES, count - LANES * chunk)


@inner
def _vectors(numbers: int, like: Array) -> Array:
    return np.zeros(LANES * numbers, like.dtype)


@entry
def forward(
    plan: Array,
    first: int,
    last: int,
    input_cos: Array,
    input_sin: Array,
    angle_cos: Array,
    angle_sin: Array,
    weights: Array,
    coefficients: Array,
    finals: Array,
    output: Array,
) -> None:
    """Outputs of the chunks first..last.

    Args:
        plan: a `Kernel`.
        first: chunk.
        last: chunk behind the last one.
        input_cos: of half the inputs, (sets or 1, samples, uploads * n).
        input_sin: likewise.
        angle_cos: of half the angles, (sets or 1, candidates or 1, depth * n * r).
        angle_sin: likewise.
        weights: (sets or 1, 1, candidates).
        coefficients: (sets or 1, 1, outputs * K).
        finals: (chunks, candidates, numbers of 8 states) to keep the final states, or no chunks.
        output: (sets, 1, samples, outputs) of the weighted sum, or (sets, candidates, samples,
            outputs), which `weights` do not enter.
    """
    n, real = plan.n, plan.real
    samples, count = output.shape[2], output.shape[0] * output.shape[2]
    together = output.shape[1] == 1
    sets, places = np.zeros(LANES, np.int64), np.zeros(LANES, np.int64)
    zero = np.zeros(LANES, np.int64)
    xc, xs = _vectors(input_cos.shape[2], output), _vectors(input_cos.shape[2], output)
    ac, as_ = _vectors(angle_cos.shape[2], output), _vectors(angle_cos.shape[2], output)
    own = _vectors(weights.shape[2], output)
    numbers = _vectors(coefficients.shape[2], output)
    result = _vectors(output.shape[3], output)
    gates, one = _vectors(4 * n, output), _vectors(1, output)
    seen = _vectors(len(plan.masks) << n, output)
    parts = 1 if real else 2
    work, kept = _vectors(parts << n, output), _vectors(parts << n, output)
    for lane in range(LANES):
        one[lane] = 1.0
    for chunk in range(first, last):
        valid = _whose(chunk, samples, count, sets, places)
        _fill(input_cos, sets, places, xc)
        _fill(input_sin, sets, places, xs)
        _fill(coefficients, sets, zero, numbers)
        _fill(weights, sets, zero, own)
        clear(seen)
        for j in range(len(plan.hadamard)):
            if j == 0 or angle_cos.shape[1] > 1:
                for lane in range(LANES):
                    zero[lane] = j
                _fill(angle_cos, sets, zero, ac)
                _fill(angle_sin, sets, zero, as_)
                clear_places(zero)
            final = finals[chunk, j] if len(finals) > 0 else kept
            _run(plan, j, ac, as_, xc, xs, gates, final, work)
            weight = load(own, LANES * j) if together else load(one, 0)
            add_correlations(final, real, plan.masks, weight, seen)
            if not together:
                _write(plan, numbers, seen, result, output, j, valid, sets, places)
                clear(seen)
        if together:
            _write(plan, numbers, seen, result, output, 0, valid, sets, places)


@inner
def clear_places(places: Array) -> None:
    """All lanes at place 0 again."""
    for lane in range(LANES):
        places[lane] = 0


@inner
def _write(
    plan: Array,
    numbers: Array,
    seen: Array,
    result: Array,
    output: Array,
    row: int,
    valid: int,
    sets: Array,
    places: Array,
) -> None:
    transform(seen, len(plan.masks), plan.n)
    read(plan.strings, numbers, seen, result)
    for lane in range(valid):
        into = output[sets[lane], row, places[lane]]
        for k in range(len(into)):
            into[k] = result[LANES * k + lane]


@entry
def backward(
    plan: Array,
    first: int,
    last: int,
    input_cos: Array,
    input_sin: Array,
    angle_cos: Array,
    angle_sin: Array,
    weights: Array,
    coefficients: Array,
    finals: Array,
    upstream: Array,
    to_inputs: Array,
    to_angles: Array,
    to_weights: Array,
    to_coefficients: Array,
) -> None:
    """Gradients of the chunks first..last, a row per sample; arguments as of `forward`.

    Args:
        plan: a `Kernel`.
        first: chunk.
        last: chunk behind the last one.
        input_cos: as of `forward`, like the next six.
        input_sin: likewise.
        angle_cos: likewise.
        angle_sin: likewise.
        weights: likewise.
        coefficients: likewise.
        finals: what `forward` kept; without chunks the final states are computed again.
        upstream: the gradient of `output`.
        to_inputs: (samples of all sets, uploads * n), or no rows if it is not wanted.
        to_angles: (samples of all sets, candidates or 1, depth * n * r), or no rows if it is not
            wanted.
        to_weights: (samples of all sets, candidates).
        to_coefficients: (samples of all sets, outputs * K), or no rows if it is not wanted.
    """
    n, real = plan.n, plan.real
    samples, count = upstream.shape[2], upstream.shape[0] * upstream.shape[2]
    together = upstream.shape[1] == 1
    inputs_too, numbers_too = len(to_inputs) > 0, len(to_coefficients) > 0
    angles_too = len(to_angles) > 0
    sets, places = np.zeros(LANES, np.int64), np.zeros(LANES, np.int64)
    zero = np.zeros(LANES, np.int64)
    xc, xs = _vectors(input_cos.shape[2], upstream), _vectors(input_cos.shape[2], upstream)
    ac, as_ = _vectors(angle_cos.shape[2], upstream), _vectors(angle_cos.shape[2], upstream)
    own = _vectors(weights.shape[2], upstream)
    numbers = _vectors(coefficients.shape[2], upstream)
    above = _vectors(upstream.shape[3], upstream)
    gates, torque = _vectors(4 * n, upstream), _vectors(3 * n, upstream)
    one, half = _vectors(1, upstream), _vectors(1, upstream)
    diagonals = _vectors(len(plan.masks) << n, upstream)
    seen = _vectors(len(plan.masks) << n, upstream)
    spare = _vectors(1 << n, upstream)
    parts = 1 if real else 2
    held = np.zeros((2, 2, LANES * parts << n), upstream.dtype)
    grad_x, grad_a = _vectors(input_cos.shape[2], upstream), _vectors(angle_cos.shape[2], upstream)
    grad_c = _vectors(coefficients.shape[2], upstream)
    shared = angle_cos.shape[1] == 1
    for lane in range(LANES):
        one[lane], half[lane] = 1.0, 0.5
    for chunk in range(first, last):
        valid = _whose(chunk, samples, count, sets, places)
        _fill(input_cos, sets, places, xc)
        _fill(input_sin, sets, places, xs)
        _fill(coefficients, sets, zero, numbers)
        _fill(weights, sets, zero, own)
        clear(seen)
        clear(grad_x)
        clear(grad_a)
        clear(grad_c)
        for j in range(len(plan.hadamard)):
            if j == 0 or not shared:
                for lane in range(LANES):
                    zero[lane] = j
                _fill(angle_cos, sets, zero, ac)
                _fill(angle_sin, sets, zero, as_)
                clear_places(zero)
            if j == 0 or not together:
                for lane in range(LANES):
                    row = upstream[sets[lane], j, places[lane]]
                    for k in range(len(row)):
                        above[LANES * k + lane] = row[k] if lane < valid else 0.0
                spread(plan.strings, numbers, above, diagonals)
                transform(diagonals, len(plan.masks), n)
            x, y = held[0, 0], held[0, 1]
            if len(finals) > 0:
                final = finals[chunk, j]
                for i in range(0, len(x), LANES):
                    store(x, i, load(final, i))
            else:
                _run(plan, j, ac, as_, xc, xs, gates, x, y)
            weight = load(own, LANES * j) if together else load(one, 0)
            if numbers_too:
                add_correlations(x, real, plan.masks, weight, seen)
                if not together:
                    transform(seen, len(plan.masks), n)
                    add_read(plan.strings, seen, above, grad_c)
                    clear(seen)
            share = observe(x, real, plan.masks, weight, load(half, 0), diagonals, y)
            # Weights and observables are read off the final states; only angles and inputs need
            # the way back.
            if angles_too or inputs_too:
                _walk_back(
                    plan,
                    j,
                    ac,
                    as_,
                    xc,
                    xs,
                    gates,
                    torque,
                    held,
                    spare,
                    inputs_too,
                    grad_a,
                    grad_x,
                )
            store(one, 0, share)
            for lane in range(valid):
                to_weights[LANES * chunk + lane, j] = one[lane]
            for lane in range(LANES):
                one[lane] = 1.0
            last_of_shared = j == len(plan.hadamard) - 1
            if angles_too and (last_of_shared or not shared):
                _scatter(grad_a, chunk, valid, to_angles[:, 0 if shared else j])
                clear(grad_a)
        if numbers_too:
            if together:
                transform(seen, len(plan.masks), n)
                add_read(plan.strings, seen, above, grad_c)
            _scatter(grad_c, chunk, valid, to_coefficients)
        if inputs_too:
            _scatter(grad_x, chunk, valid, to_inputs)


@inner
def _scatter(vectors: Array, chunk: int, valid: int, rows: Array) -> None:
    for lane in range(valid):
        row = rows[LANES * chunk + lane]
        for i in range(len(row)):
            row[i] = vectors[LANES * i + lane]
