"""Facts about the circuits that need no other simulator."""

import math

import pytest
import torch

from diffqas.circuits import TABLE_I, Candidate, SearchSpace
from diffqas.simulator import dense_probabilities, probabilities

ENTANGLERS = ["ent", "ring", "chain", "none", ((2, 0), (0, 3), (2, 1))]


@pytest.mark.parametrize("entangler", ENTANGLERS, ids=str)
@pytest.mark.parametrize("simulate", [probabilities, dense_probabilities], ids=["fast", "dense"])
def test_hadamards_before_ry_are_a_quarter_turn_of_the_first_layer(simulate, entangler, normal):
    # RY(pi/2)|0> = H|0>, and CNOTs leave both |0..0> and |+..+> alone.
    angles = normal(1, 3, 4)
    shifted = angles.clone()
    shifted[0] += math.pi / 2
    with_hadamard = simulate([Candidate(True, entangler, "ry")], angles)
    without = simulate([Candidate(False, entangler, "ry")], shifted)
    torch.testing.assert_close(with_hadamard, without, rtol=0, atol=1e-12)
    assert (
        with_hadamard - simulate([Candidate(False, entangler, "ry")], angles)
    ).abs().max() > 1e-2


@pytest.mark.parametrize("rotation", ["rx", "ry"])
def test_one_layer_without_entangler_is_a_product_of_qubits(rotation, normal):
    angles = normal(2, 1, 4)
    expected = torch.ones(1, dtype=torch.float64)
    for angle in angles[0]:
        expected = torch.kron(
            expected, torch.stack((torch.cos(angle / 2), torch.sin(angle / 2))) ** 2
        )
    result = probabilities([Candidate(entangler="none", rotation=rotation)], angles)[0]
    torch.testing.assert_close(result, expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("rotation", ["rx", "ry"])
@pytest.mark.parametrize(("flipped", "state"), [(0, 0b100), (1, 0b010), (2, 0b001)])
def test_a_flip_of_qubit_0_sets_the_most_significant_bit(rotation, flipped, state):
    angles = torch.zeros(1, 3, dtype=torch.float64)
    angles[0, flipped] = math.pi
    result = probabilities([Candidate(rotation=rotation)], angles)[0]
    assert result.argmax() == state
    assert result[state] == pytest.approx(1)


@pytest.mark.parametrize("rotation", ["rx", "ry"])
def test_the_entangler_of_a_layer_acts_before_its_rotations(rotation):
    # The first layer flips qubit 0; the second layer's CNOTs carry that on: 100 -> 110 -> 111 by
    # the brick.
    flips = torch.tensor([[math.pi, 0.0, 0.0], [0.0, 0.0, 0.0]], dtype=torch.float64)
    result = probabilities([Candidate(rotation=rotation)], flips)[0]
    assert result[0b111] == pytest.approx(1)
    assert probabilities([Candidate(rotation=rotation)], flips[:1])[0, 0b100] == pytest.approx(1)


def test_a_full_turn_changes_nothing(normal):
    angles, space = (
        normal(3, 2, 4, 3),
        SearchSpace([*TABLE_I, Candidate(True, "ring", ("rz", "ry", "rx"))]),
    )
    turned = angles.clone()
    turned[1, 2] += 2 * math.pi
    torch.testing.assert_close(
        probabilities(space, turned), probabilities(space, angles), rtol=0, atol=1e-12
    )


def test_leading_entries_do_not_mix(normal):
    angles = normal(4, 2, 3, 3, 4)
    together = probabilities(TABLE_I, angles)
    assert together.shape == (2, 3, 12, 16)
    for i in range(2):
        for j in range(3):
            torch.testing.assert_close(
                together[i, j], probabilities(TABLE_I, angles[i, j]), rtol=0, atol=1e-14
            )


def test_separate_equal_angles_are_shared_angles(normal):
    angles = normal(5, 3, 4)
    separate = probabilities(TABLE_I, angles.expand(12, -1, -1), separate=True)
    torch.testing.assert_close(separate, probabilities(TABLE_I, angles), rtol=0, atol=1e-14)


def test_separate_angles_move_their_own_candidate_only(normal):
    angles = normal(6, 12, 3, 4)
    moved = angles.clone()
    moved[7] += 0.5
    change = (
        probabilities(TABLE_I, moved, separate=True) - probabilities(TABLE_I, angles, separate=True)
    ).abs()
    assert change.amax(-1).nonzero().flatten().tolist() == [7]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("separate", [False, True])
def test_cuda_gives_what_the_cpu_gives(separate, normal):
    space = SearchSpace([*TABLE_I, Candidate(True, "ring", ("rz", "ry", "rx"))])
    shape = (2, *([13] if separate else []), 3, 6, 3)
    on_cpu, on_cuda = normal(7, *shape).requires_grad_(), normal(7, *shape).cuda().requires_grad_()
    expected, got = (
        probabilities(space, on_cpu, separate=separate),
        probabilities(space, on_cuda, separate=separate),
    )
    assert got.device == on_cuda.device
    torch.testing.assert_close(got.cpu(), expected, rtol=0, atol=1e-10)
    cotangent = normal(8, *expected.shape)
    (expected_gradient,) = torch.autograd.grad(expected, on_cpu, cotangent)
    (gradient,) = torch.autograd.grad(got, on_cuda, cotangent.cuda())
    torch.testing.assert_close(gradient.cpu(), expected_gradient, rtol=0, atol=1e-8)
