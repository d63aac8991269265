"""Gates of eight samples from the cosines and sines of half their angles, and the way back.

Axes are the numbers 0, 1, 2 of RX, RY, RZ; -1 is no rotation. Cosines and sines stand as vectors of
lanes, one per angle.
"""

from __future__ import annotations

from diffqas.simulator.compiled.layers import inner
from diffqas.simulator.compiled.vectors import LANES, Array, load, store
from diffqas.simulator.encoded.kernels.lanes import GATE


@inner
def _rotate(gate: Array, at: int, axis: int, cos: Array, sin: Array) -> None:
    """Let exp(-i t/2 P) act on a gate's first column (a, b), which says all of it."""
    ar, ai = load(gate, at), load(gate, at + LANES)
    br, bi = load(gate, at + 2 * LANES), load(gate, at + 3 * LANES)
    if axis == 0:
        store(gate, at, cos * ar + sin * bi)
        store(gate, at + LANES, cos * ai - sin * br)
        store(gate, at + 2 * LANES, cos * br + sin * ai)
        store(gate, at + 3 * LANES, cos * bi - sin * ar)
    elif axis == 1:
        store(gate, at, cos * ar - sin * br)
        store(gate, at + LANES, cos * ai - sin * bi)
        store(gate, at + 2 * LANES, cos * br + sin * ar)
        store(gate, at + 3 * LANES, cos * bi + sin * ai)
    else:
        store(gate, at, cos * ar + sin * ai)
        store(gate, at + LANES, cos * ai - sin * ar)
        store(gate, at + 2 * LANES, cos * br - sin * bi)
        store(gate, at + 3 * LANES, cos * bi + sin * br)


@inner
def _begin(gate: Array, at: int, first: float, second: float) -> None:
    for lane in range(LANES):
        gate[at + lane] = first
        gate[at + LANES + lane] = 0.0
        gate[at + 2 * LANES + lane] = second
        gate[at + 3 * LANES + lane] = 0.0


@inner
def start_vectors(
    hadamard: bool, axes: Array, cos: Array, sin: Array, n: int, gates: Array
) -> None:
    """The states of the single qubits behind the first encoding, as first columns of gates.

    `axes` are those of the encoding, `cos` and `sin` begin with the first upload's n inputs.
    """
    amplitude = 0.5**0.5
    for q in range(n):
        at = GATE * (n - 1 - q)
        if hadamard:
            _begin(gates, at, amplitude, amplitude)
        else:
            _begin(gates, at, 1.0, 0.0)
        for e in range(len(axes)):
            if axes[e] >= 0:
                _rotate(gates, at, axes[e], load(cos, LANES * q), load(sin, LANES * q))


@inner
def layer_gates(
    rotations: Array,
    cos: Array,
    sin: Array,
    encoding: Array,
    input_cos: Array,
    input_sin: Array,
    layer: int,
    upload: int,
    n: int,
    gates: Array,
) -> None:
    """The gates behind one entangling layer: its rotations, and the encoding that follows.

    Args:
        rotations: axes of one qubit's angles.
        cos: of half the angles, (depth, n, r) vectors.
        sin: likewise.
        encoding: axes of one qubit's input.
        input_cos: of half the inputs, (uploads, n) vectors.
        input_sin: likewise.
        layer: counted from 0.
        upload: the upload behind the layer, 0 for none.
        n: qubits.
        gates: written to.
    """
    r = len(rotations)
    for q in range(n):
        at = GATE * (n - 1 - q)
        _begin(gates, at, 1.0, 0.0)
        for i in range(r):
            if rotations[i] >= 0:
                place = LANES * ((layer * n + q) * r + i)
                _rotate(gates, at, rotations[i], load(cos, place), load(sin, place))
        if upload > 0:
            place = LANES * (upload * n + q)
            for e in range(len(encoding)):
                if encoding[e] >= 0:
                    _rotate(gates, at, encoding[e], load(input_cos, place), load(input_sin, place))


@inner
def invert(gates: Array, n: int) -> None:
    """Make every gate its adjoint: a* and -b."""
    for bit in range(n):
        for i in range(GATE * bit + LANES, GATE * (bit + 1)):
            gates[i] = -gates[i]


@inner
def _before(torque: Array, at: int, axis: int, cos: Array, sin: Array) -> None:
    """The torques before a rotation: V Q V* is Q turned about the axis by the angle of V."""
    # The torque along the axis stays; the two others, in cyclic order, turn by the whole angle.
    first, second = at + LANES * ((axis + 1) % 3), at + LANES * ((axis + 2) % 3)
    p, q = load(torque, first), load(torque, second)
    half = cos * sin
    c, s = cos * cos - sin * sin, half + half
    store(torque, first, c * p + s * q)
    store(torque, second, c * q - s * p)


@inner
def _add(grad: Array, place: int, torque: Array, at: int) -> None:
    store(grad, place, load(grad, place) + load(torque, at))


@inner
def layer_gradients(
    rotations: Array,
    cos: Array,
    sin: Array,
    encoding: Array,
    input_cos: Array,
    input_sin: Array,
    layer: int,
    upload: int,
    n: int,
    torque: Array,
    to_angles: Array,
    to_inputs: Array,
) -> None:
    """Add a layer's gradients, given the torques behind it; arguments as of `layer_gates`."""
    r = len(rotations)
    for q in range(n):
        at = 3 * LANES * (n - 1 - q)
        if upload > 0:
            input_gradients(encoding, input_cos, input_sin, upload, q, n, torque, to_inputs)
        for i in range(r - 1, -1, -1):
            if rotations[i] >= 0:
                place = LANES * ((layer * n + q) * r + i)
                _add(to_angles, place, torque, at + LANES * rotations[i])
                _before(torque, at, rotations[i], load(cos, place), load(sin, place))


@inner
def input_gradients(
    encoding: Array,
    cos: Array,
    sin: Array,
    upload: int,
    q: int,
    n: int,
    torque: Array,
    to_inputs: Array,
) -> None:
    """Add the gradient of one input, and turn its qubit's torques back to before its encoding."""
    at, place = 3 * LANES * (n - 1 - q), LANES * (upload * n + q)
    for e in range(len(encoding) - 1, -1, -1):
        if encoding[e] >= 0:
            _add(to_inputs, place, torque, at + LANES * encoding[e])
            _before(torque, at, encoding[e], load(cos, place), load(sin, place))
