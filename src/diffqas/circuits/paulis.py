"""The Pauli strings that an output <Z_k> becomes when it is pulled back through a circuit's layers.

A string is a pair of bit masks (x, z), in which qubit q is bit n-1-q: X sets its bit in x, Z in z,
Y in both. CNOTs map a string to a string, up to a sign. A rotation about P does not change strings
that commute with P. It mixes the others in pairs, by a plane rotation of their two coefficients. So
the whole pull-back is a fixed list of plane rotations, a program, whose angles are those of the
circuit. It is found once, by arithmetic over GF(2), and valid for all angles.

No coefficient of a string that a program reaches is zero for all angles. A way through the program
multiplies, per rotation, by 1, cos or sin; these factors tell at each rotation which string comes
next, so different ways have different products, and such products are linearly independent
functions of the angles. Nothing cancels.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from diffqas.circuits.entanglers import Cnot

Ints: TypeAlias = NDArray[np.int64]

WIDTH = 31
"""Bits of a mask: both masks of a string fit one integer."""

MAX_STRINGS = 4**8
"""The most strings of one output for which a program is made."""


class Step(NamedTuple):
    """One rotation of the circuit: plane rotations of one angle, rows start..stop of `pairs`."""

    layer: int
    qubit: int
    rotation: int
    """Which of the qubit's rotations, counted from 0."""
    start: int
    stop: int


class Program(NamedTuple):
    """The pull-back of one output. Slot 0 starts with the coefficient 1, the others with 0."""

    steps: tuple[Step, ...]
    """The steps in the order in which they act: the circuit's last rotation comes first."""
    pairs: Ints
    """Slots p and q of each plane rotation, (rows, 2): p, q become cos p + sin q, cos q - sin p."""
    x: Ints
    z: Ints
    sign: Ints
    """Of each slot, the string (x, z) at the end; its coefficient is sign times the slot's number.
    """


def pull_back_cnots(x: Ints, z: Ints, pairs: Iterable[Cnot], n: int) -> tuple[Ints, Ints, Ints]:
    """The strings and signs (x, z, sign) of E^dagger P E for an entangler E of CNOTs.

    The CNOTs act on states in the order given.

    >>> one = np.array([1])
    >>> x, z, sign = pull_back_cnots(2 * one, 0 * one, [(0, 1)], 2)  # X on the control
    >>> int(x[0]), int(z[0]), int(sign[0])
    (3, 0, 1)
    """
    sign = np.ones_like(x)
    for control, target in reversed(tuple(pairs)):
        # X on the control spreads to the target, Z on the target to the control. The sign turns
        # where the letters are X on the control and Z on the target, or Y and Y.
        c, t = n - 1 - control, n - 1 - target
        xc, zc, xt, zt = x >> c & 1, z >> c & 1, x >> t & 1, z >> t & 1
        sign = np.where((xc & zt & ~(xt ^ zc)) & 1, -sign, sign)
        x, z = x ^ (xc << t), z ^ (zt << c)
    return x, z, sign


@lru_cache(maxsize=256)
def program(
    cnots: tuple[Cnot, ...], rotations: tuple[str, ...], n: int, depth: int, output: int
) -> Program | None:
    """Program of <Z_output> for `depth` layers; None if it needs more than MAX_STRINGS strings.

    >>> program((), ("ry",), 1, 1, 0).pairs.tolist(), program((), ("rz",), 1, 1, 0).pairs.tolist()
    ([[0, 1]], [])
    """
    x, z, sign = np.zeros(1, np.int64), np.array([1 << (n - 1 - output)]), np.ones(1, np.int64)
    steps, rows, count = [], [], 0
    # <Z> = <0| U^dagger Z U |0>: the gate that acts last meets Z first.
    for layer in range(depth - 1, -1, -1):
        for qubit in range(n):
            for index in range(len(rotations) - 1, -1, -1):
                pairs, x, z, sign = _rotate(rotations[index], 1 << (n - 1 - qubit), x, z, sign)
                if len(x) > MAX_STRINGS:
                    return None
                if len(pairs):
                    steps.append(Step(layer, qubit, index, count, count + len(pairs)))
                    rows.append(pairs)
                    count += len(pairs)
        x, z, flips = pull_back_cnots(x, z, cnots, n)
        sign = sign * flips
    # An empty row first, so that a program without branches has an array, too.
    pairs = np.concatenate([np.zeros((0, 2), np.int64), *rows])
    return Program(tuple(steps), pairs, x, z, sign)


def programs(
    cnots: tuple[Cnot, ...], rotations: tuple[str, ...], n: int, depth: int, outputs: int
) -> list[Program] | None:
    """Programs of the first outputs; None if one of them has too many strings."""
    result = []
    for output in range(outputs):
        if (found := program(cnots, rotations, n, depth, output)) is None:
            return None
        result.append(found)
    return result


def _rotate(axis: str, bit: int, x: Ints, z: Ints, sign: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Pairs of slots that a rotation mixes, and all slots with those that it reaches first.

    With P, A, B = X, Y, Z or Y, Z, X or Z, X, Y, A becomes cos A - sin B and B becomes cos B + sin
    A: the coefficients become a, b = cos a + sin b, cos b - sin a.
    """
    has_x, has_z = x & bit != 0, z & bit != 0
    mixed, is_a = {"rx": (has_z, has_x), "ry": (has_x != has_z, has_z), "rz": (has_x, ~has_z)}[axis]
    # Multiplying by P moves A to B and B to A: X flips the bit in x, Z that in z, Y both.
    to_x = 0 if axis == "rz" else bit
    to_z = 0 if axis == "rx" else bit
    codes, partner = x << WIDTH | z, to_x << WIDTH | to_z
    # Of each pair the string with letter A, whether it is there itself or its partner is.
    firsts = np.unique(np.where(is_a, codes, codes ^ partner)[mixed])
    slots, codes = _slots(np.concatenate((firsts, firsts ^ partner)), codes)
    sign = np.concatenate((sign, np.ones(len(codes) - len(sign), np.int64)))
    pairs = slots.reshape(2, -1).T
    # Slots hold coefficients up to their signs: where two differ, the plane turns the other way.
    against = sign[pairs[:, 0]] != sign[pairs[:, 1]]
    return (
        np.where(against[:, None], pairs[:, ::-1], pairs),
        codes >> WIDTH,
        codes & ((1 << WIDTH) - 1),
        sign,
    )


def _slots(wanted: Ints, codes: Ints) -> tuple[Ints, Ints]:
    """Slots of the wanted strings, all different, and the strings of all slots, new ones last."""
    order = np.argsort(codes)
    at = order[np.minimum(np.searchsorted(codes, wanted, sorter=order), len(codes) - 1)]
    fresh = codes[at] != wanted
    at[fresh] = len(codes) + np.arange(fresh.sum())
    return at, np.append(codes, wanted[fresh])
