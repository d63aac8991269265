"""Every number of an audit against a closed form, a slow and obvious version, or PennyLane."""

import dataclasses
import math

import numpy as np
import pennylane as qml
import pytest
import torch

from diffqas.architecture.audit import (
    TABLE_I,
    Audit,
    audit,
    audits,
    directions,
    gradient_variance,
    jacobian,
    random_angles,
)
from diffqas.architecture.expressibility import (
    BINS,
    fidelities,
    haar_divergence,
    haar_floor,
    log_haar_masses,
    meyer_wallach,
    states,
)
from diffqas.circuits import QLSTM_SPACE, Candidate, SearchSpace
from diffqas.errors import ArgumentError
from diffqas.simulator import dense_probabilities
from diffqas.simulator.oracle import dense_state

CONSTANTS = (1, 3, 4, 6, 9, 12)
GENERAL = Candidate(hadamard=True, entangler="chain", rotation=("rz", "rx", "ry"))
CANDIDATES = [*TABLE_I, GENERAL]


def angles_of(candidate, n, depth, samples, seed=1):
    return random_angles(SearchSpace([candidate]), n, depth, samples, seed)


def haar_states(n, count, seed=0):
    parts = np.random.default_rng(seed).normal(size=(2, count, 2**n))
    vectors = torch.from_numpy(parts[0] + 1j * parts[1])
    return vectors / vectors.norm(dim=1, keepdim=True)


def slow_q(vector, n):
    """Q by whole reduced density matrices: every other qubit is summed over index by index."""
    purities = []
    for q in range(n):
        rho = np.zeros((2, 2), complex)
        for i in range(2**n):
            for a in range(2):
                j = i & ~(1 << (n - 1 - q)) | a << (n - 1 - q)
                rho[i >> (n - 1 - q) & 1, a] += vector[i] * np.conj(vector[j])
        purities.append(np.trace(rho @ rho).real)
    return 2 * (1 - np.mean(purities))


def central_differences(candidate, angles, step=1e-5):
    columns = []
    for index in range(angles.numel()):
        shift = torch.zeros(angles.numel(), dtype=angles.dtype)
        shift[index] = step
        shift = shift.view_as(angles)
        up, down = (dense_probabilities([candidate], angles + sign * shift)[0] for sign in (1, -1))
        columns.append((up - down) / (2 * step))
    return torch.stack(columns, dim=1)


@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda candidate: candidate.name)
def test_states_fidelities_and_entanglement_are_the_slow_ones(candidate):
    angles = angles_of(candidate, 3, 2, 4)
    vectors = states(candidate, angles)
    slow = torch.stack([dense_state(candidate, one) for one in angles])
    torch.testing.assert_close(vectors, slow, rtol=0, atol=1e-14)
    expected = [abs(np.vdot(slow[i].numpy(), slow[i + 2].numpy())) ** 2 for i in range(2)]
    np.testing.assert_allclose(fidelities(vectors[:2], vectors[2:]), expected, rtol=0, atol=1e-14)
    np.testing.assert_allclose(
        meyer_wallach(vectors), [slow_q(one.numpy(), 3) for one in slow], rtol=0, atol=1e-14
    )


@pytest.mark.parametrize("n", [2, 3, 5])
def test_q_of_known_states(n):
    zero, ghz = torch.zeros(2, 2**n, dtype=torch.complex128)
    zero[0] = 1
    ghz[[0, -1]] = 0.5**0.5
    uniform = torch.full_like(zero, 0.5 ** (n / 2))
    np.testing.assert_allclose(
        meyer_wallach(torch.stack([zero, ghz, uniform])), [0, 1, 0], atol=1e-14
    )


def test_q_of_a_w_state():
    w = torch.zeros(1, 8, dtype=torch.complex128)
    w[0, [1, 2, 4]] = 3**-0.5
    assert meyer_wallach(w)[0] == pytest.approx(8 / 9)


@pytest.mark.parametrize(
    "candidate", [TABLE_I[1], TABLE_I[2], TABLE_I[9]], ids=lambda candidate: candidate.name
)
def test_q_is_that_of_pennylane(candidate):
    n = 4
    (angles,) = angles_of(candidate, n, 3, 1)
    gate = {"rx": qml.RX, "ry": qml.RY, "rz": qml.RZ}[candidate.rotation]

    @qml.qnode(qml.device("default.qubit", wires=n))
    def purity(qubit):
        if candidate.hadamard:
            for q in range(n):
                qml.Hadamard(q)
        for layer in angles:
            for pair in candidate.cnots(n):
                qml.CNOT(pair)
            for q in range(n):
                gate(float(layer[q, 0]), wires=q)
        return qml.purity(wires=[qubit])

    expected = 2 * (1 - np.mean([float(purity(q)) for q in range(n)]))
    assert meyer_wallach(states(candidate, angles[None]))[0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("size", [2, 3, 8, 64])
def test_haar_masses_are_integrals_of_the_density(size):
    edges = np.linspace(0, 1, BINS + 1)
    nodes, weights = np.polynomial.legendre.leggauss(40)
    points = (edges[:-1, None] + edges[1:, None]) / 2 + nodes / (2 * BINS)
    masses = ((size - 1) * (1 - points) ** (size - 2)) @ weights / (2 * BINS)
    np.testing.assert_allclose(np.exp(log_haar_masses(size)), masses, rtol=1e-10)


def test_haar_masses_of_twelve_qubits_are_finite():
    masses = log_haar_masses(2**12)
    assert masses[-1] == pytest.approx(-4095 * math.log(75))
    assert np.exp(masses).sum() == pytest.approx(1)


def test_haar_random_states_are_expressive():
    vectors = haar_states(4, 8_000)
    found = haar_divergence(fidelities(vectors[:4_000], vectors[4_000:]), 16)
    assert 0 <= found < 0.02
    assert found == pytest.approx(haar_floor(16, 4_000), abs=0.006)


def test_expressibility_is_the_plain_sum_over_bins():
    values = np.random.default_rng(0).random(500) ** 3
    total = 0.0
    for bin_ in range(BINS):
        low, high = bin_ / BINS, (bin_ + 1) / BINS
        share = np.mean((values >= low) & (values < high))
        if share > 0:
            total += share * math.log(share / ((1 - low) ** 7 - (1 - high) ** 7))
    assert haar_divergence(values, 8) == pytest.approx(total)


@pytest.mark.parametrize("n", [1, 3, 6])
def test_a_state_that_never_moves_has_the_largest_divergence(n):
    idle = Candidate(rotation="rz")  # |0..0> up to a phase
    vectors = states(idle, angles_of(idle, n, 2, 10))
    found = haar_divergence(fidelities(vectors[:5], vectors[5:]), 2**n)
    assert found == pytest.approx((2**n - 1) * math.log(75))


@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda candidate: candidate.name)
def test_directions_are_the_rank_by_finite_differences(candidate):
    (angles,) = angles_of(candidate, 3, 3, 1)
    slow = central_differences(candidate, angles)
    torch.testing.assert_close(jacobian(candidate, angles), slow, rtol=0, atol=1e-8)
    assert directions(candidate, angles) == torch.linalg.matrix_rank(slow, atol=1e-7)


@pytest.mark.parametrize("number", CONSTANTS)
def test_constants_have_no_direction(number):
    (angles,) = angles_of(TABLE_I[number - 1], 5, 4, 1)
    assert directions(TABLE_I[number - 1], angles) == 0


@pytest.mark.parametrize(
    "candidate", [TABLE_I[1], TABLE_I[6], GENERAL], ids=lambda candidate: candidate.name
)
def test_the_gradient_variance_is_that_of_dense_circuits(candidate):
    angles = angles_of(candidate, 3, 2, 5)
    gradients = []
    for one in angles:
        leaf = one.clone().requires_grad_()
        (p,) = dense_probabilities([candidate], leaf)
        gradients.append(torch.autograd.grad(p[:4].sum() - p[4:].sum(), leaf)[0].numpy())
    expected = np.var(gradients, axis=0, ddof=1).sum()
    assert gradient_variance(candidate, angles) == pytest.approx(expected, rel=1e-10)


def test_the_gradient_variance_of_one_rotation_is_a_half():
    candidate = Candidate(rotation="ry")  # <Z> = cos(angle)
    assert gradient_variance(candidate, angles_of(candidate, 1, 1, 20_000)) == pytest.approx(
        0.5, abs=0.01
    )


def test_table_i():
    found = audit(n=4, depth=3, samples=20)
    assert [one.candidate for one in found] == list(TABLE_I)
    assert tuple(i for i, one in enumerate(found, 1) if one.directions == 0) == CONSTANTS
    for number, one in enumerate(found, 1):
        assert one.finding.constant == (number in CONSTANTS)
        assert one.angles == 12
        assert [size for size, _ in one.gradient_variance] == [2, 4]
        assert (one.slope is None) == (number in CONSTANTS)
        assert all(
            (variance == 0) == (number in CONSTANTS) for _, variance in one.gradient_variance
        )
        assert one.seconds > 0
        assert one.cost > 0
    for number in (1, 4, 9, 12):  # states that do not move
        assert found[number - 1].expressibility == pytest.approx(15 * math.log(75))
        assert found[number - 1].entanglement == pytest.approx(0, abs=1e-12)
    for number in (3, 6):  # states that move where probabilities do not show it
        assert found[number - 1].expressibility < 1
        assert found[number - 1].entanglement > 0.5


def test_a_part_of_the_space_has_the_numbers_of_the_whole():
    sizes = {"n": 3, "depth": 2, "samples": 8, "seed": 3}
    whole = audit(**sizes)
    assert audit(**sizes) == whole
    assert audit([TABLE_I[11], TABLE_I[1]], space=TABLE_I, **sizes) == [whole[11], whole[1]]
    assert audit(**{**sizes, "seed": 4}) != whole


def test_batches_do_not_change_the_numbers(monkeypatch):
    sizes = {"n": 3, "depth": 2, "samples": 8}
    whole = audit([TABLE_I[1]], **sizes)
    monkeypatch.setattr("diffqas.architecture.audit.AMPLITUDES", 3 * 8)
    (small,) = audit([TABLE_I[1]], **sizes)
    assert small.expressibility == pytest.approx(whole[0].expressibility)
    assert small.entanglement == pytest.approx(whole[0].entanglement)
    assert small.directions == whole[0].directions
    np.testing.assert_allclose(small.gradient_variance, whole[0].gradient_variance)


def test_candidates_of_one_s_own():
    own = Candidate(entangler=[(0, 2), (2, 1)], rotation="ry")
    first, second = audit([GENERAL, own], n=3, depth=2, samples=4)
    assert first.angles == 18
    assert [size for size, _ in second.gradient_variance] == [3]
    assert second.slope is None


def test_the_slope_is_that_of_a_line():
    (one,) = audit([TABLE_I[1]], n=2, depth=1, samples=2)
    assert isinstance(one, Audit)
    line = tuple((n, 2.0 ** (1 - 0.5 * n)) for n in (2, 4, 6))
    assert dataclasses.replace(one, gradient_variance=line).slope == pytest.approx(-0.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, "Argument `n` must be between 1 and 12, but got 0."),
        ({"n": 13}, "Argument `n` must be between 1 and 12, but got 13."),
        ({"depth": 0}, "Argument `depth` must be a whole number of at least 1, but got 0."),
        ({"samples": 1}, "Argument `samples` must be a whole number of at least 2, but got 1."),
        ({"seed": -1}, "Argument `seed` must be a whole number of at least 0, but got -1."),
        (
            {"candidates": QLSTM_SPACE[:1]},
            "Argument `candidates` must encode no data, but got H-RY/Ent-RY.",
        ),
        (
            {"candidates": TABLE_I[:1], "space": TABLE_I[1:]},
            "Argument `candidates` must be in the space, but got H-Ent-RX.",
        ),
    ],
)
def test_wrong_arguments_are_told_at_once(arguments, message):
    with pytest.raises(ArgumentError) as error:
        audits(**arguments)
    assert str(error.value) == message
