"""Outputs as polynomials of the inputs' (1, cos, sin), in compiled code.

The coefficients are those of `diffqas.simulator.pauli`; feature f of n inputs has the factors that
are f's digits of base three, the first input's slowest. Eight samples go at once, as lanes.
"""

from __future__ import annotations

import math

import numpy as np

from diffqas.simulator.compiled.entry import entry
from diffqas.simulator.compiled.layers import inner, total_of
from diffqas.simulator.compiled.pauli_kernels import coefficients as pauli_coefficients
from diffqas.simulator.compiled.pauli_kernels import gradients as pauli_gradients
from diffqas.simulator.compiled.vectors import LANES, Array, load, splat, store, zeros


@inner
def _samples(inputs: Array, first: int, cos: Array, sin: Array) -> None:
    """Cosines and sines of eight samples from (samples, n); the last one again where none is."""
    for lane in range(LANES):
        row = inputs[min(first + lane, len(inputs) - 1)]
        for q in range(len(row)):
            cos[LANES * q + lane], sin[LANES * q + lane] = math.cos(row[q]), math.sin(row[q])


@inner
def _evaluate(coefficients: Array, cos: Array, sin: Array, n: int, work: Array) -> Array:
    """The polynomial, one input after the other taken in, the last one first."""
    size, c, s = len(coefficients) // 3, load(cos, LANES * (n - 1)), load(sin, LANES * (n - 1))
    for i in range(size):
        value = splat(coefficients, 3 * i) + splat(coefficients, 3 * i + 1) * c
        store(work, LANES * i, value + splat(coefficients, 3 * i + 2) * s)
    for q in range(n - 2, -1, -1):
        size = _taken_in(work, size, load(cos, LANES * q), load(sin, LANES * q))
    return load(work, 0)


@inner
def _taken_in(work: Array, size: int, cos: Array, sin: Array) -> int:
    """Sum over the last factor of polynomials of so many features; returns how many are left."""
    size //= 3
    for i in range(size):
        at = 3 * LANES * i
        value = load(work, at) + load(work, at + LANES) * cos
        store(work, LANES * i, value + load(work, at + 2 * LANES) * sin)
    return size


@inner
def _slots(plan: Array, like: Array) -> Array:
    """Two rows of eight circuits each: coefficients, and on the way back their cotangents."""
    most = 0
    for part in range(plan.jobs.shape[0]):
        for k in range(plan.jobs.shape[1]):
            most = max(most, plan.jobs[part, k, 2])
    return np.empty((2, LANES * most), like.dtype)


@inner
def _coefficients(plan: Array, angles: Array, weights: Array, upstream: Array, n: int) -> Array:
    """Coefficients (sets, rows, outputs, 3**n) of outputs of the shape of `upstream`."""
    sets, rows, _, outputs = upstream.shape
    found = np.zeros((sets, rows, outputs, 3**n), angles.dtype)
    pauli_coefficients(plan, angles, weights, found, _slots(plan, angles))
    return found


@entry
def forward(plan: Array, inputs: Array, angles: Array, weights: Array, output: Array) -> None:
    """Outputs of the weighted sum of the candidates, or of each of them.

    Args:
        plan: of `pauli_plan`.
        inputs: (sets, samples, n).
        angles: (sets, candidates or 1, depth * n * r).
        weights: (sets, candidates).
        output: (sets, rows, samples, outputs), written to; one row for the weighted sum, or one for
            each candidate.
    """
    n = inputs.shape[2]
    coefficients = _coefficients(plan, angles, weights, output, n)
    cos, sin = np.empty(LANES * n, inputs.dtype), np.empty(LANES * n, inputs.dtype)
    work = np.empty(LANES * coefficients.shape[3] // 3, inputs.dtype)
    lanes = np.empty(LANES, inputs.dtype)
    for g in range(output.shape[0]):
        own = inputs[g]
        for first in range(0, output.shape[2], LANES):
            _samples(own, first, cos, sin)
            valid = min(LANES, output.shape[2] - first)
            for row in range(output.shape[1]):
                for k in range(output.shape[3]):
                    store(lanes, 0, _evaluate(coefficients[g, row, k], cos, sin, n, work))
                    for lane in range(valid):
                        output[g, row, first + lane, k] = lanes[lane]


@inner
def _features(cos: Array, sin: Array, n: int, work: Array) -> None:
    """Features of the first q inputs at vector (3**q - 1) / 2, for q = 0..n."""
    for lane in range(LANES):
        work[lane] = 1.0
    at, size = 0, 1
    for q in range(n):
        c, s = load(cos, LANES * q), load(sin, LANES * q)
        for i in range(size):
            value, into = load(work, LANES * (at + i)), LANES * (at + size + 3 * i)
            store(work, into, value)
            store(work, into + LANES, value * c)
            store(work, into + 2 * LANES, value * s)
        at += size
        size *= 3


@inner
def _input_gradients(
    held: Array, prefixes: Array, cos: Array, sin: Array, n: int, grad: Array
) -> None:
    """Add the inputs' gradients of a polynomial whose coefficients, (3**n,) vectors, are `held`."""
    size, at = len(held) // LANES, len(held) // LANES // 2
    for q in range(n - 1, -1, -1):
        c, s = load(cos, LANES * q), load(sin, LANES * q)
        at -= size // 3
        with_cos = with_sin = zeros(held)
        for i in range(size // 3):
            # Of the inputs before q: their feature times what belongs to cos and sin of input q.
            before = load(prefixes, LANES * (at + i))
            with_cos = with_cos + before * load(held, LANES * (3 * i + 1))
            with_sin = with_sin + before * load(held, LANES * (3 * i + 2))
        store(grad, LANES * q, load(grad, LANES * q) + c * with_sin - s * with_cos)
        size = _taken_in(held, size, c, s)


@entry
def backward(
    plan: Array,
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
        inputs: as of `forward`, like the next two.
        angles: likewise.
        weights: likewise.
        upstream: the gradient of `output`.
        to_inputs: (sets, samples, n), or no sets if it is not wanted.
        to_angles: written to.
        to_weights: written to.
    """
    n = inputs.shape[2]
    # Coefficients are cheaper to compute again than to be kept by torch.
    coefficients = _coefficients(plan, angles, weights, upstream, n)
    size = coefficients.shape[3]
    cos, sin = np.empty(LANES * n, inputs.dtype), np.empty(LANES * n, inputs.dtype)
    features = np.empty(LANES * (size + size // 2), inputs.dtype)
    own = features[LANES * (size // 2) :]
    held, grad = np.empty(LANES * size, inputs.dtype), np.empty(LANES * n, inputs.dtype)
    above = np.empty(LANES, inputs.dtype)
    inputs_too = len(to_inputs) > 0
    to_coefficients = np.zeros(coefficients.shape, coefficients.dtype)
    # Sums over strings, samples and candidates lose digits in float32.
    angle_sums, weight_sums = np.zeros(angles.shape), np.zeros(weights.shape)
    for g in range(upstream.shape[0]):
        samples = inputs[g]
        for first in range(0, upstream.shape[2], LANES):
            _samples(samples, first, cos, sin)
            _features(cos, sin, n, features)
            valid = min(LANES, upstream.shape[2] - first)
            for i in range(len(held)):
                held[i] = 0.0
            for row in range(upstream.shape[1]):
                for k in range(upstream.shape[3]):
                    for lane in range(LANES):
                        above[lane] = 0.0
                    for lane in range(valid):
                        above[lane] = upstream[g, row, first + lane, k]
                    factor = load(above, 0)
                    found, into = coefficients[g, row, k], to_coefficients[g, row, k]
                    for f in range(size):
                        into[f] += total_of(factor * load(own, LANES * f))
                        if inputs_too:
                            value = load(held, LANES * f) + factor * splat(found, f)
                            store(held, LANES * f, value)
            if inputs_too:
                for i in range(len(grad)):
                    grad[i] = 0.0
                _input_gradients(held, features, cos, sin, n, grad)
                for lane in range(valid):
                    for q in range(n):
                        to_inputs[g, first + lane, q] = grad[LANES * q + lane]
    slots = _slots(plan, angles)
    pauli_gradients(plan, angles, weights, to_coefficients, angle_sums, weight_sums, slots)
    to_angles[:] = angle_sums
    to_weights[:] = weight_sums
