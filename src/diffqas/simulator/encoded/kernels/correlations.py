"""What observables see of the states of eight samples, in compiled code.

A Pauli string is i^y X^x Z^z, where the bits of x are the qubits with X or Y, those of z the qubits
with Z or Y, and y = |x & z| counts the Y. It takes a basis state t to t ^ x, so that

    <psi|P|psi> = i^y sum_t (-1)^(z.t) f(t),    f(t) = psi(t ^ x)* psi(t).

f(t ^ x) is the conjugate of f(t): the sum is Re f alone where y is even and i Im f where it is odd.
One real Walsh-Hadamard transform of g = Re f - Im f therefore holds the expectations of all strings
that share x, but for the sign (-1)^(y // 2), which their coefficients carry. For x = 0 these are
the probabilities and the Z-strings. An observable is the mask x of each of its strings and, on the
way back, one diagonal of 2**n numbers for each mask.
"""

from __future__ import annotations

from diffqas.simulator.compiled.layers import inner
from diffqas.simulator.compiled.vectors import LANES, Array, load, store, zeros
from diffqas.simulator.encoded.kernels.lanes import clear, pasted
from diffqas.simulator.encoded.kernels.spectrum import walsh


@inner
def add_correlations(state: Array, real: bool, masks: Array, weight: Array, total: Array) -> None:
    """Add weight * g of every mask, 2**n vectors each."""
    size = len(total) // len(masks)
    for m in range(len(masks)):
        own = total[size * m : size * (m + 1)]
        if masks[m] == 0:
            _add_probabilities(state, real, weight, own)
        else:
            _add_pairs(state, real, masks[m], weight, own)


@inner
def _add_probabilities(state: Array, real: bool, weight: Array, total: Array) -> None:
    """Add weight |psi|^2, a vector per amplitude."""
    for i in range(0, len(total), LANES):
        if real:
            x = load(state, i)
            p = x * x
        else:
            x, y = load(state, 2 * i), load(state, 2 * i + LANES)
            p = x * x + y * y
        store(total, i, weight * p + load(total, i))


@inner
def _top(mask: int) -> int:
    """The highest power of two in a mask: of every pair s, s ^ mask one lacks this bit."""
    top = 1
    while 2 * top <= mask:
        top *= 2
    return top


@inner
def _add_pairs(state: Array, real: bool, mask: int, weight: Array, total: Array) -> None:
    top = _top(mask)
    for start in range(0, len(total) // LANES, 2 * top):
        for s in range(start, start + top):
            i, j = LANES * s, LANES * (s ^ mask)
            if real:
                both = weight * (load(state, i) * load(state, j))
                store(total, i, load(total, i) + both)
                store(total, j, load(total, j) + both)
            else:
                pr, pi = load(state, 2 * i), load(state, 2 * i + LANES)
                qr, qi = load(state, 2 * j), load(state, 2 * j + LANES)
                even, odd = weight * (qr * pr + qi * pi), weight * (qr * pi - qi * pr)
                store(total, i, load(total, i) + (even - odd))
                store(total, j, load(total, j) + (even + odd))


@inner
def transform(total: Array, masks: int, n: int) -> None:
    """Transform what belongs to each mask, in place."""
    size = LANES << n
    for m in range(masks):
        walsh(total[size * m : size * (m + 1)], n)


@inner
def observe(
    state: Array,
    real: bool,
    masks: Array,
    weight: Array,
    half: Array,
    diagonals: Array,
    cotangent: Array,
) -> Array:
    """Write y = w E psi, and return the weight's gradient <psi|E|psi>.

    Args:
        state: psi.
        real: whether it is.
        masks: of the strings that E is a sum of.
        weight: w.
        half: eight times 0.5.
        diagonals: the transforms of the strings' signed coefficients, 2**n vectors for each mask.
        cotangent: written to.
    """
    if len(masks) == 1 and masks[0] == 0:
        return _through_squares(state, real, weight, diagonals, cotangent)
    size = len(diagonals) // len(masks)
    clear(cotangent)
    for m in range(len(masks)):
        own = diagonals[size * m : size * (m + 1)]
        if masks[m] == 0:
            _through_probabilities(state, real, own, cotangent)
        else:
            _through_pairs(state, real, masks[m], half, own, cotangent)
    total = zeros(state)
    for i in range(0, len(state), LANES):
        y = load(cotangent, i)
        total = total + load(state, i) * y
        store(cotangent, i, weight * y)
    return total


@inner
def _through_squares(
    state: Array, real: bool, weight: Array, diagonal: Array, cotangent: Array
) -> Array:
    """As `observe` where E is diagonal, in one pass."""
    total = zeros(state)
    for i in range(0, len(diagonal), LANES):
        e = load(diagonal, i)
        if real:
            x = load(state, i)
            total = total + e * x * x
            store(cotangent, i, weight * e * x)
        else:
            x, y = load(state, 2 * i), load(state, 2 * i + LANES)
            total = total + e * (x * x + y * y)
            e = weight * e
            store(cotangent, 2 * i, e * x)
            store(cotangent, 2 * i + LANES, e * y)
    return total


@inner
def _through_probabilities(state: Array, real: bool, diagonal: Array, cotangent: Array) -> None:
    """Add the diagonal part of E psi."""
    parts = 1 if real else 2
    for i in range(0, len(diagonal), LANES):
        e = load(diagonal, i)
        for part in range(parts):
            at = parts * i + LANES * part
            store(cotangent, at, load(cotangent, at) + e * load(state, at))


@pasted
def _add(x: Array, i: int, real: Array, imaginary: Array) -> None:
    store(x, i, load(x, i) + real)
    store(x, i + LANES, load(x, i + LANES) + imaginary)


@inner
def _through_pairs(
    state: Array, real: bool, mask: int, half: Array, diagonal: Array, cotangent: Array
) -> None:
    """Add the part of E psi that takes t to t ^ mask.

    The transform h of the coefficients is the sum of R, even under t -> t ^ mask, and of J, odd;
    this part is (R + i J) psi at s ^ mask.
    """
    top = _top(mask)
    for start in range(0, len(diagonal) // LANES, 2 * top):
        for s in range(start, start + top):
            i, j = LANES * s, LANES * (s ^ mask)
            a, b = half * load(diagonal, i), half * load(diagonal, j)
            even, odd = a + b, b - a
            if real:
                # Of a real state the odd strings, which are imaginary, see nothing.
                store(cotangent, i, load(cotangent, i) + even * load(state, j))
                store(cotangent, j, load(cotangent, j) + even * load(state, i))
            else:
                pr, pi = load(state, 2 * i), load(state, 2 * i + LANES)
                qr, qi = load(state, 2 * j), load(state, 2 * j + LANES)
                _add(cotangent, 2 * i, even * qr - odd * qi, even * qi + odd * qr)
                _add(cotangent, 2 * j, even * pr + odd * pi, even * pi - odd * pr)
