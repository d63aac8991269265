"""The two functions that Python calls: all candidates in turn, forward and backward."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from diffqas.simulator.compiled.circuits import (
    rx_backward,
    rx_forward,
    rx_gradient,
    rx_phases,
    rx_pull,
    ry_backward,
    ry_forward,
)
from diffqas.simulator.compiled.layers import PIECE, inner, jit, total_of
from diffqas.simulator.compiled.many import ry_backward_many
from diffqas.simulator.compiled.vectors import LANES, Array, load, splat, store, zeros

UNIFORM, ZERO, RY, H_RY, RX = range(5)
"""How a candidate's probabilities come about."""


@inner
def _add_squares(row: Array, weight: Array, output: Array) -> None:
    w = splat(weight, 0)
    for i in range(0, len(row), LANES):
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


def _entry(function: Callable[..., None]) -> Callable[..., None]:
    """Compile on first use and keep the machine code on disk, where there is a folder for it.

    Numba stores it under the function's name and looks for changes in the function's own file only:
    the name says which state of this whole folder the code belongs to.
    """
    sources = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    function.__qualname__ += f"_{sha256(sources).hexdigest()[:12]}"
    try:
        return jit(nogil=True, cache=True)(function)
    except RuntimeError:  # nowhere to write
        return jit(nogil=True)(function)


@_entry
def forward(
    plan: Array, angles: Array, weights: Array, amplitudes: Array, output: Array, work: Array
) -> None:
    """Weighted probabilities of all candidates, added up if `output` has one row for all.

    angles (batch, candidates or 1, depth, n, r), weights (batch, candidates); writes the final
    amplitudes (batch, rows, 2**n) and adds to output (batch, candidates or 1, 2**n); work is (4,
    2**n).
    """
    for b in range(len(angles)):
        for j in range(len(plan.kind)):
            kind, row, layer, used = plan.kind[j], plan.row[j], plan.layer[j], plan.used[j]
            own = angles[b, min(j, angles.shape[1] - 1)]
            weight = weights[b, j:]
            into = output[b, min(j, output.shape[1] - 1)]
            # Constants hold no amplitudes: 2**-n everywhere, or 1 at |0..0>.
            if kind == UNIFORM:
                for i in range(len(into)):
                    into[i] += weight[0] / len(into)
            elif kind == ZERO:
                into[0] += weight[0]
            elif kind == RX:
                final = amplitudes[b, row : row + 2]
                rx_forward(own, used, plan.strings[j], plan.base[0], plan.offsets[0], final, work)
                _add_squares(final[0], weight, into)
                _add_squares(final[1], weight, into)
            else:
                real, hadamard = amplitudes[b, row], kind == H_RY
                ry_forward(
                    own, used, hadamard, plan.base[layer], plan.offsets[layer], real, work[0]
                )
                _add_squares(real, weight, into)


@_entry
def backward(
    plan: Array,
    angles: Array,
    weights: Array,
    amplitudes: Array,
    upstream: Array,
    to_angles: Array,
    to_weights: Array,
    work: Array,
) -> None:
    """Add the gradients to to_angles and to_weights (both float64), given that of the output.

    The space to work in is (4, 2**n).
    """
    for b in range(len(angles)):
        for j in range(len(plan.kind)):
            kind, row, layer, used = plan.kind[j], plan.row[j], plan.layer[j], plan.used[j]
            own, grad = (
                angles[b, min(j, angles.shape[1] - 1)],
                to_angles[b, min(j, angles.shape[1] - 1)],
            )
            weight, above = weights[b, j:], upstream[b, min(j, upstream.shape[1] - 1)]
            total = 0.0
            if kind == UNIFORM:
                total = _sum(above) / len(above)
            elif kind == ZERO:
                total = above[0]
            elif kind == RX:
                for part in range(2):
                    total += _through_squares(amplitudes[b, row + part], weight, above, work[part])
                rx_backward(own, used, plan.strings[j], plan.base[0], plan.offsets[0], work, grad)
            else:
                total = _through_squares(amplitudes[b, row], weight, above, work[1])
                for i in range(len(above)):
                    work[0, i] = amplitudes[b, row, i]
                ry_backward(own, used, plan.base, plan.offsets, layer + 1, work, grad)
            to_weights[b, j] = total


@_entry
def backward_many(
    plan: Array,
    angles: Array,
    weights: Array,
    amplitudes: Array,
    upstream: Array,
    to_angles: Array,
    to_weights: Array,
    work: Array,
) -> None:
    """The same for m gradients of the output.

    upstream, to_angles and to_weights are (batch, m, ...).

    What the m share is done once. work is (2 + 2 m, 2**n), with 5 rows at least.
    """
    m = upstream.shape[1]
    source, target = work[: 1 + m], work[1 + m : 2 + 2 * m]
    real, imaginary = work[len(work) - 2], work[len(work) - 1]
    for b in range(len(angles)):
        for j in range(len(plan.kind)):
            kind, row, layer, used = plan.kind[j], plan.row[j], plan.layer[j], plan.used[j]
            own, grad = (
                angles[b, min(j, angles.shape[1] - 1)],
                to_angles[b, :, min(j, angles.shape[1] - 1)],
            )
            weight, above = weights[b, j:], upstream[b, :, min(j, upstream.shape[2] - 1)]
            if kind == RX:
                rx_phases(own, used, plan.strings[j], real, imaginary)
            for k in range(m):
                total = 0.0
                if kind == UNIFORM:
                    total = _sum(above[k]) / len(above[k])
                elif kind == ZERO:
                    total = above[k, 0]
                elif kind == RX:
                    for part in range(2):
                        total += _through_squares(
                            amplitudes[b, row + part], weight, above[k], work[part]
                        )
                    base, offsets = plan.base[0], plan.offsets[0]
                    rx_pull(plan.strings[j], base, offsets, work)
                    rx_gradient(
                        real, imaginary, used, plan.strings[j], base, offsets, work, grad[k]
                    )
                else:
                    total = _through_squares(amplitudes[b, row], weight, above[k], source[1 + k])
                to_weights[b, k, j] = total
            if kind in (RY, H_RY):
                for i in range(work.shape[1]):
                    source[0, i] = amplitudes[b, row, i]
                ry_backward_many(
                    own, used, plan.base, plan.offsets, layer + 1, source, target, grad
                )
