"""Outputs of small circuits of which every sample has angles of its own, in compiled code.

Eight samples are lanes of vectors. Each output's string is pulled back through the circuit by plane
rotations (`diffqas.simulator.compiled.pauli_kernels`), and what it ends in is read at once: a
string, its sign, and a product of the inputs' cosines and sines. Candidates that differ in their
start and encoding alone share the rotations.
"""

from __future__ import annotations

import math

import numpy as np

from diffqas.simulator.compiled.entry import entry
from diffqas.simulator.compiled.layers import inner
from diffqas.simulator.compiled.pauli_kernels import members_of, run, turn_back
from diffqas.simulator.compiled.vectors import LANES, Array, load, store, zeros


@inner
def _turns(numbers: Array, first: int, cos: Array, sin: Array) -> None:
    """Cosines and sines of eight rows of (samples, 1, count); the last one again where none is."""
    for lane in range(LANES):
        row = numbers[min(first + lane, len(numbers) - 1), 0]
        for i in range(len(row)):
            cos[LANES * i + lane], sin[LANES * i + lane] = math.cos(row[i]), math.sin(row[i])


@inner
def _rows(numbers: Array, first: int, vectors: Array) -> None:
    """Eight rows of (samples, count) as vectors of lanes."""
    for lane in range(LANES):
        row = numbers[min(first + lane, len(numbers) - 1)]
        for i in range(len(row)):
            vectors[LANES * i + lane] = row[i]


@inner
def _products(monomials: Array, factors: Array, products: Array) -> None:
    """All products; `factors` are the cosines of the inputs and behind them the sines."""
    for lane in range(LANES):
        products[lane] = 1.0
    for i in range(1, len(monomials.parents)):
        before = load(products, LANES * monomials.parents[i])
        store(products, LANES * i, before * load(factors, LANES * monomials.factors[i]))


@inner
def _most_slots(plan: Array) -> int:
    most = 0
    for part in range(plan.jobs.shape[0]):
        for k in range(plan.jobs.shape[1]):
            most = max(most, plan.jobs[part, k, 2])
    return most


@inner
def _add(x: Array, i: int, value: Array) -> None:
    store(x, i, load(x, i) + value)


@inner
def _clear(x: Array) -> None:
    for i in range(len(x)):
        x[i] = 0.0


@entry
def forward(
    plan: Array, monomials: Array, inputs: Array, angles: Array, weights: Array, output: Array
) -> None:
    """Outputs of the weighted sum of the candidates, or of each of them.

    Args:
        plan: of `pauli_plan`.
        monomials: of `monomials_of`.
        inputs: (samples, 1, n).
        angles: (samples, 1, depth * n * r).
        weights: (samples, candidates).
        output: (samples, rows, 1, outputs), written to; one row for the weighted sum, or one for
            each candidate.
    """
    n, count = inputs.shape[2], angles.shape[2]
    rows, outputs = output.shape[1], output.shape[3]
    factors = np.empty(2 * LANES * n, inputs.dtype)
    cos, sin = np.empty(LANES * count, angles.dtype), np.empty(LANES * count, angles.dtype)
    own = np.empty(LANES * weights.shape[1], weights.dtype)
    products = np.empty(LANES * len(monomials.parents), inputs.dtype)
    slots = np.empty(LANES * _most_slots(plan), angles.dtype)
    found = np.empty(LANES * rows * outputs, output.dtype)
    for first in range(0, len(output), LANES):
        _turns(inputs, first, factors[: LANES * n], factors[LANES * n :])
        _turns(angles, first, cos, sin)
        _rows(weights, first, own)
        _products(monomials, factors, products)
        _clear(found)
        for part in range(len(plan.jobs)):
            members = members_of(plan, part)
            for k in range(outputs):
                run(plan, plan.jobs[part, k], slots, cos, sin)
                for m in range(len(members)):
                    j = members[m]
                    total = zeros(slots)
                    for row in range(plan.reads[j, k, 0], plan.reads[j, k, 1]):
                        value = load(slots, LANES * plan.slots[row])
                        value = value * load(products, LANES * monomials.reads[row])
                        total = total + value if plan.signs[row] > 0 else total - value
                    into = min(j, rows - 1) * outputs + k
                    _add(found, LANES * into, total * load(own, LANES * j))
        for lane in range(min(LANES, len(output) - first)):
            for row in range(rows):
                for k in range(outputs):
                    output[first + lane, row, 0, k] = found[LANES * (row * outputs + k) + lane]


@entry
def backward(
    plan: Array,
    monomials: Array,
    inputs: Array,
    angles: Array,
    weights: Array,
    upstream: Array,
    to_inputs: Array,
    to_angles: Array,
    to_weights: Array,
) -> None:
    """Gradients; arguments as of `forward`.

    Args:
        plan: of `pauli_plan`.
        monomials: as of `forward`, like the next three.
        inputs: likewise.
        angles: likewise.
        weights: likewise.
        upstream: the gradient of `output`.
        to_inputs: (samples, 1, n), written to, or no samples if it is not wanted.
        to_angles: written to, like the next one.
        to_weights: likewise.
    """
    n, count = inputs.shape[2], angles.shape[2]
    rows, outputs = upstream.shape[1], upstream.shape[3]
    inputs_too = len(to_inputs) > 0
    factors, to_factors = (
        np.empty(2 * LANES * n, inputs.dtype),
        np.empty(2 * LANES * n, inputs.dtype),
    )
    cos, sin = np.empty(LANES * count, angles.dtype), np.empty(LANES * count, angles.dtype)
    own = np.empty(LANES * weights.shape[1], weights.dtype)
    size = LANES * len(monomials.parents)
    products, to_products = np.empty(size, inputs.dtype), np.empty(size, inputs.dtype)
    size = LANES * _most_slots(plan)
    slots, to_slots = np.empty(size, angles.dtype), np.empty(size, angles.dtype)
    above = np.empty(LANES * rows * outputs, upstream.dtype)
    grad = np.empty(LANES * count, angles.dtype)
    of_weights = np.empty(LANES * len(plan.part), weights.dtype)
    for first in range(0, len(upstream), LANES):
        valid = min(LANES, len(upstream) - first)
        _turns(inputs, first, factors[: LANES * n], factors[LANES * n :])
        _turns(angles, first, cos, sin)
        _rows(weights, first, own)
        _products(monomials, factors, products)
        _clear(to_products)
        _clear(grad)
        _clear(of_weights)
        _clear(above)
        for lane in range(valid):
            for row in range(rows):
                for k in range(outputs):
                    above[LANES * (row * outputs + k) + lane] = upstream[first + lane, row, 0, k]
        for part in range(len(plan.jobs)):
            members = members_of(plan, part)
            for k in range(outputs):
                job = plan.jobs[part, k]
                run(plan, job, slots, cos, sin)
                _clear(to_slots[: LANES * job[2]])
                for m in range(len(members)):
                    j = members[m]
                    from_above = load(above, LANES * (min(j, rows - 1) * outputs + k))
                    weighted = from_above * load(own, LANES * j)
                    total = zeros(slots)
                    for row in range(plan.reads[j, k, 0], plan.reads[j, k, 1]):
                        at, place = LANES * plan.slots[row], LANES * monomials.reads[row]
                        value, product = load(slots, at), load(products, place)
                        back = weighted
                        if plan.signs[row] > 0:
                            total = total + value * product
                        else:
                            total = total - value * product
                            back = zeros(slots) - weighted
                        _add(to_slots, at, back * product)
                        if inputs_too:
                            _add(to_products, place, back * value)
                    _add(of_weights, LANES * j, from_above * total)
                for step in range(job[1] - 1, job[0] - 1, -1):
                    angle, start, stop = (
                        plan.steps[step, 0],
                        plan.steps[step, 1],
                        plan.steps[step, 2],
                    )
                    c, s = load(cos, LANES * angle), load(sin, LANES * angle)
                    turned = turn_back(slots, to_slots, plan.pairs, start, stop, c, s)
                    _add(grad, LANES * angle, turned)
        for lane in range(valid):
            for i in range(count):
                to_angles[first + lane, 0, i] = grad[LANES * i + lane]
            for j in range(len(plan.part)):
                to_weights[first + lane, j] = of_weights[LANES * j + lane]
        if inputs_too:
            _to_factors(monomials, factors, products, to_products, to_factors)
            for lane in range(valid):
                for q in range(n):
                    c, s = LANES * q + lane, LANES * (n + q) + lane
                    slope = factors[c] * to_factors[s] - factors[s] * to_factors[c]
                    to_inputs[first + lane, 0, q] = slope


@inner
def _to_factors(
    monomials: Array, factors: Array, products: Array, to_products: Array, to_factors: Array
) -> None:
    """Gradients of the factors, given those of the products, the last of which come first."""
    _clear(to_factors)
    for i in range(len(monomials.parents) - 1, 0, -1):
        parent, factor = LANES * monomials.parents[i], LANES * monomials.factors[i]
        slope = load(to_products, LANES * i)
        _add(to_factors, factor, slope * load(products, parent))
        _add(to_products, parent, slope * load(factors, factor))
