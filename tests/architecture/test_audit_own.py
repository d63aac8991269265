"""A circuit of one's own that is one of the twelve has its figures, found the general way."""

import pytest

from diffqas import TABLE_I, Ansatz, Gate, Slot
from diffqas.architecture.audit import audit


class Copy(Ansatz):
    """H-Ent-RY, gate by gate."""

    def start(self, n):
        return [Gate("h", (q,)) for q in range(n)]

    def layer(self, n):
        return [Gate("cx", pair) for pair in TABLE_I[1].cnots(n)] + [
            Gate("ry", (q,), Slot(q)) for q in range(n)
        ]


class Dead(Ansatz):
    """Phases of |0..0>."""

    def layer(self, n):
        return [Gate("p", (q,), Slot(q)) for q in range(n)]


def test_the_figures_are_those_of_the_same_candidate():
    known, own = audit([TABLE_I[1], Copy()], n=4, depth=2, samples=20)
    assert own.finding.kind == "own"
    assert (own.directions, own.angles) == (known.directions, known.angles)
    assert own.expressibility == pytest.approx(known.expressibility, abs=1e-9)
    assert own.entanglement == pytest.approx(known.entanglement, abs=1e-9)
    for (size, variance), (same, expected) in zip(
        own.gradient_variance, known.gradient_variance, strict=True
    ):
        assert size == same
        assert variance == pytest.approx(expected, rel=1e-8)


def test_a_constant_has_no_directions():
    (dead,) = audit([Dead()], n=3, depth=2, samples=4)
    assert (dead.directions, dead.slope) == (0, None)


class Fixed(Ansatz):
    """No gate has an angle, as a file may hold it."""

    def start(self, n):
        return [Gate("h", (q,)) for q in range(n)]

    def layer(self, n):
        return [Gate("cx", (0, 1))]


def test_a_circuit_without_an_angle_has_no_directions():
    (found,) = audit([Fixed()], n=3, depth=1, samples=5)
    assert found.directions == 0
    assert {variance for _, variance in found.gradient_variance} == {0.0}
