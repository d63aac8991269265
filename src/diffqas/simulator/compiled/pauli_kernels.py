"""Coefficients of the outputs of encoded circuits, in compiled code.

Plane rotations act on eight circuits at a time.

Eight circuits of one part with angles of their own are the lanes of a vector; slot i of the program
stands at 8 i. The backward pass repeats the program, then undoes it on the coefficients and their
cotangent together.
"""

from __future__ import annotations

import math

import numpy as np

from diffqas.simulator.compiled.entry import entry
from diffqas.simulator.compiled.layers import inner
from diffqas.simulator.compiled.vectors import LANES, Array, extract, load, store, zeros


@inner
def _turn(slots: Array, pairs: Array, start: int, stop: int, cos: Array, sin: Array) -> None:
    for row in range(start, stop):
        i, j = LANES * pairs[row, 0], LANES * pairs[row, 1]
        p, q = load(slots, i), load(slots, j)
        store(slots, i, cos * p + sin * q)
        store(slots, j, cos * q - sin * p)


@inner
def turn_back(
    x: Array, y: Array, pairs: Array, start: int, stop: int, cos: Array, sin: Array
) -> Array:
    """Undo one step on coefficients x and cotangents y; returns the gradient of its angle."""
    total = zeros(x)
    for row in range(start, stop):
        i, j = LANES * pairs[row, 0], LANES * pairs[row, 1]
        p, q, to_p, to_q = load(x, i), load(x, j), load(y, i), load(y, j)
        # Behind the rotation d(p, q)/d angle = (q, -p); its inverse takes both back.
        total = total + to_p * q - to_q * p
        store(x, i, cos * p - sin * q)
        store(x, j, cos * q + sin * p)
        store(y, i, cos * to_p - sin * to_q)
        store(y, j, cos * to_q + sin * to_p)
    return total


@inner
def _fill(angles: Array, members: Array, first: int, lanes: int, cos: Array, sin: Array) -> None:
    """Cosines and sines (angles, 8) of the circuits first..first+lanes of a part.

    members are its candidates.
    """
    for lane in range(lanes):
        b, j = (first + lane) // len(members), members[(first + lane) % len(members)]
        own = angles[b, min(j, angles.shape[1] - 1)]
        for i in range(len(own)):
            cos[LANES * i + lane], sin[LANES * i + lane] = math.cos(own[i]), math.sin(own[i])


@inner
def run(plan: Array, job: Array, slots: Array, cos: Array, sin: Array) -> None:
    """A program on eight circuits: coefficients of the strings that it ends with."""
    # A program starts from the string Z of its output, which is slot 0, with the coefficient 1.
    for i in range(LANES * job[2]):
        slots[i] = 0.0
    for lane in range(LANES):
        slots[lane] = 1.0
    for step in range(job[0], job[1]):
        at = LANES * plan.steps[step, 0]
        _turn(
            slots,
            plan.pairs,
            plan.steps[step, 1],
            plan.steps[step, 2],
            load(cos, at),
            load(sin, at),
        )


@inner
def members_of(plan: Array, part: int) -> Array:
    """The candidates of a part."""
    count = 0
    members = np.empty(len(plan.part), np.int64)
    for j in range(len(plan.part)):
        if plan.part[j] == part:
            members[count] = j
            count += 1
    return members[:count]


@entry
def coefficients(plan: Array, angles: Array, weights: Array, output: Array, work: Array) -> None:
    """Weighted coefficients of all candidates, added up where `output` has one row for all of them.

    angles (batch, candidates or 1, depth * n * r), weights (batch, candidates); adds to output
    (batch, candidates or 1, outputs, 3**n); work is (2, 8 * slots).
    """
    shared = angles.shape[1] == 1
    cos, sin = (
        np.zeros(LANES * angles.shape[2], angles.dtype),
        np.zeros(LANES * angles.shape[2], angles.dtype),
    )
    for part in range(len(plan.jobs)):
        members = members_of(plan, part)
        per_batch = 1 if shared else len(members)
        for first in range(0, len(angles) * per_batch, LANES):
            lanes = min(LANES, len(angles) * per_batch - first)
            _fill(angles, members[:per_batch], first, lanes, cos, sin)
            for k in range(plan.jobs.shape[1]):
                run(plan, plan.jobs[part, k], work[0], cos, sin)
                for lane in range(lanes):
                    b, own = (first + lane) // per_batch, (first + lane) % per_batch
                    for m in range(own, len(members) if shared else own + 1):
                        j = members[m]
                        into, weight = output[b, min(j, output.shape[1] - 1), k], weights[b, j]
                        for row in range(plan.reads[j, k, 0], plan.reads[j, k, 1]):
                            value = work[0, LANES * plan.slots[row] + lane] * plan.signs[row]
                            into[plan.features[row]] += weight * value


@entry
def gradients(
    plan: Array,
    angles: Array,
    weights: Array,
    upstream: Array,
    to_angles: Array,
    to_weights: Array,
    work: Array,
) -> None:
    """Add the gradients to to_angles and to_weights (float64), given the output's gradient."""
    shared = angles.shape[1] == 1
    cos, sin = (
        np.zeros(LANES * angles.shape[2], angles.dtype),
        np.zeros(LANES * angles.shape[2], angles.dtype),
    )
    for part in range(len(plan.jobs)):
        members = members_of(plan, part)
        per_batch = 1 if shared else len(members)
        for first in range(0, len(angles) * per_batch, LANES):
            lanes = min(LANES, len(angles) * per_batch - first)
            _fill(angles, members[:per_batch], first, lanes, cos, sin)
            for k in range(plan.jobs.shape[1]):
                job = plan.jobs[part, k]
                run(plan, job, work[0], cos, sin)
                for i in range(LANES * job[2]):
                    work[1, i] = 0.0
                for lane in range(lanes):
                    b, own = (first + lane) // per_batch, (first + lane) % per_batch
                    for m in range(own, len(members) if shared else own + 1):
                        j = members[m]
                        above, weight = upstream[b, min(j, upstream.shape[1] - 1), k], weights[b, j]
                        total = 0.0
                        for row in range(plan.reads[j, k, 0], plan.reads[j, k, 1]):
                            at = LANES * plan.slots[row] + lane
                            cotangent = above[plan.features[row]] * plan.signs[row]
                            total += work[0, at] * cotangent
                            work[1, at] += weight * cotangent
                        to_weights[b, j] += total
                # Both walk back through the same rotations, the last first.
                for step in range(job[1] - 1, job[0] - 1, -1):
                    angle, start, stop = (
                        plan.steps[step, 0],
                        plan.steps[step, 1],
                        plan.steps[step, 2],
                    )
                    c, s = load(cos, LANES * angle), load(sin, LANES * angle)
                    turned = turn_back(work[0], work[1], plan.pairs, start, stop, c, s)
                    for lane in range(lanes):
                        b, own = (first + lane) // per_batch, (first + lane) % per_batch
                        to_angles[b, min(members[own], angles.shape[1] - 1), angle] += extract(
                            turned, lane
                        )
