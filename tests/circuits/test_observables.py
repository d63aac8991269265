"""What can be measured of a circuit, and one line for what cannot."""

import math
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffqas import Diagonal, Hermitian, PauliStrings, Z
from diffqas.errors import ArgumentError
from diffqas.storage import decode_value, encode_value


@pytest.mark.parametrize("kind", [Diagonal, Hermitian])
@given(st.data())
def test_windows_are_those_of_the_ring_or_all_sets(kind, data):
    n = data.draw(st.integers(1, 7))
    k = data.draw(st.integers(1, n))
    sliding, pairwise = kind(k), kind(k, "pairwise")
    assert sliding.count(n) == n
    for first, window in enumerate(sliding.supports(n)):
        assert window == tuple((first + step) % n for step in range(k))
    assert pairwise.supports(n) == tuple(combinations(range(n), k))
    assert pairwise.count(n) == math.comb(n, k)
    assert pairwise.supports(n, 2) == pairwise.supports(n)[:2]


@pytest.mark.parametrize(
    ("observables", "outputs", "shape"),
    [
        (Z(), 3, None),
        (PauliStrings(("ZZI", "XIX")), 2, None),
        (PauliStrings(("ZZI", "XIX"), trained=True), 5, (5, 2)),
        (Diagonal(2), 3, (3, 4)),
        (Hermitian(3), 2, (2, 64)),
    ],
)
def test_trained_numbers(observables, outputs, shape):
    assert observables.checked(3, outputs) is observables
    assert observables.numbers(3, outputs) == shape


def test_supports_of_strings():
    strings = PauliStrings(("ZZI", "III", "IXY"))
    assert strings.supports(3) == ((0, 1), (), (1, 2))
    assert strings.supports(3, 1) == ((0, 1),)
    assert PauliStrings(strings.strings, True).supports(3, 1) == strings.supports(3)
    assert Z((2, 0)).supports(3, 1) == ((2,),)


def test_observables_are_plain_data_that_can_be_stored():
    for one in (Z(), Z((1, 0)), PauliStrings(("XY",), True), Diagonal(2), Hermitian(1, "pairwise")):
        assert decode_value(encode_value(one)) == one
        assert hash(decode_value(encode_value(one))) == hash(one)
    assert PauliStrings(["XY"]) == PauliStrings(("XY",))  # pyright: ignore
    assert Z([1]) == Z((1,))  # pyright: ignore


STRINGS = "Argument `strings` must"


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: Z((0, 0)), "`qubits` must be different, non-negative whole numbers, but got"),
        (lambda: Z((-1,)), "`qubits` must be different, non-negative whole numbers, but got"),
        (lambda: Z((True,)), "`qubits` must be different, non-negative whole numbers, but got"),
        (lambda: Z(()), "`qubits` must be a tuple of qubits, but got none."),
        (lambda: Z(1), "`qubits` must be a tuple of qubits, but got 1."),  # pyright: ignore
        (lambda: PauliStrings("ZZ"), f"{STRINGS} be a tuple of Pauli strings, as"),  # pyright: ignore
        (lambda: PauliStrings(()), f"{STRINGS} be a tuple of Pauli strings, as"),
        (lambda: PauliStrings(("ZA",)), f"{STRINGS} be made of the letters I, X, Y and Z, but got"),
        (lambda: PauliStrings(("",)), f"{STRINGS} be made of the letters I, X, Y and Z, but got"),
        (lambda: PauliStrings(("Z", "ZZ")), f"{STRINGS} have one letter per qubit, all equally"),
        (lambda: PauliStrings(("ZX", "ZX")), f"{STRINGS} be different, but got ZX, ZX."),
        (lambda: PauliStrings(("Z",), 1), "`trained` must be True or False"),  # pyright: ignore
        (lambda: Diagonal(0), "`locality` must be a whole number of at least 1, but got 0."),
        (lambda: Hermitian(1.5), "`locality` must be a whole number of at"),  # pyright: ignore
        (lambda: Diagonal(1, "slide"), "`windows` must be one of sliding, pairwise, but got"),
    ],
)
def test_what_is_no_observable_is_one_line(made, message):
    with pytest.raises(ArgumentError) as error:
        made()
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("observables", "outputs", "message"),
    [
        (Z(), 4, "`outputs` must be at most the number of observables, 3 of Z(qubits=None), but"),
        (Z((3,)), 1, "`observables` must read qubits of 0..2, but got Z of qubit 3."),
        (PauliStrings(("ZZ",)), 1, "`observables` must have one letter for each of 3 qubits, but"),
        (PauliStrings(("ZZI",)), 2, "`outputs` must be at most the number of observables, 1 of"),
        (Diagonal(4), 1, "`locality` must be at most the number of qubits, 3, but got 4."),
        (Hermitian(3, "pairwise"), 2, "`outputs` must be at most the number of observables, 1 of"),
        (Z(), 0, "`outputs` must be a whole number of at least 1, but got 0."),
    ],
)
def test_what_does_not_fit_the_circuit_is_one_line(observables, outputs, message):
    with pytest.raises(ArgumentError) as error:
        observables.checked(3, outputs)
    assert message in str(error.value)
