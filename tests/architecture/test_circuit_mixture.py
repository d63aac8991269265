"""A mixture of circuits against the weighted sum of densely simulated candidates."""

import pytest
import torch

from diffqas.architecture import CircuitMixture, Gumbel, Raw, Softmax
from diffqas.circuits import TABLE_I, Candidate, SearchSpace
from diffqas.errors import ArgumentError
from diffqas.simulator import MAX_QUBITS, dense_probabilities

MIXED = SearchSpace(
    [
        Candidate(rotation="ry"),
        Candidate(hadamard=True, rotation=("rz", "ry", "rz")),
        Candidate(entangler="ring", rotation=("rx", "ry")),
        Candidate(rotation="rz"),
        Candidate(entangler="chain", rotation="rx"),
    ]
)


def make(space, relaxation, sharing="shared", lead=(), n=3, depth=2):
    mixture = CircuitMixture(space, n, depth, relaxation, sharing, lead=lead).double()
    generator = torch.Generator().manual_seed(5)
    for parameter in mixture.parameters():
        parameter.data.normal_(generator=generator)
    return mixture


def dense(space, angles, sharing):
    """Probabilities (candidates, 2**n) of one copy."""
    rows = [angles] * len(space) if sharing == "shared" else angles
    r = space.angles_per_qubit
    cut = [
        row if r == 1 else row[..., : len(c.rotations)] for c, row in zip(space, rows, strict=True)
    ]
    return torch.cat([dense_probabilities([c], row) for c, row in zip(space, cut, strict=True)])


@pytest.mark.parametrize("space", [TABLE_I, MIXED], ids=["table", "mixed"])
@pytest.mark.parametrize("relaxation", [Raw(), Softmax(0.7)])
@pytest.mark.parametrize("sharing", ["shared", "separate"])
@pytest.mark.parametrize("lead", [(), (2,), (2, 3)])
def test_the_mixture_is_the_weighted_sum_of_dense_probabilities(space, relaxation, sharing, lead):
    mixture = make(space, relaxation, sharing, lead)
    r = space.angles_per_qubit
    own = (len(space),) if sharing == "separate" else ()
    assert mixture.angles.shape == (*lead, *own, 2, 3, *([r] if r > 1 else []))
    assert mixture.structure.shape == (*lead, len(space))
    assert (mixture.n, mixture.depth) == (3, 2)
    angles = mixture.angles.detach().reshape(-1, *mixture.angles.shape[len(lead) :])
    structure = mixture.structure.detach().reshape(-1, len(space))
    weights = structure if relaxation == Raw() else torch.softmax(structure / 0.7, -1)
    rows = torch.stack([dense(space, one, sharing) for one in angles])
    expected = torch.einsum("bj,bji->bi", weights, rows).reshape(*lead, 8)
    torch.testing.assert_close(mixture(), expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(
        mixture.probabilities(), rows.reshape(*lead, len(space), 8), rtol=0, atol=1e-12
    )
    torch.testing.assert_close(mixture.weights, weights.reshape(*lead, -1), rtol=0, atol=1e-14)


def test_leading_copies_start_with_angles_of_their_own_and_equal_weights():
    mixture = CircuitMixture(TABLE_I, 4, 3, Raw(), spread=0.5, lead=(50,))
    assert mixture.angles.flatten(1).unique(dim=0).shape[0] == 50
    assert abs(float(mixture.angles.detach().std()) - 0.5) < 0.05
    assert torch.equal(mixture.structure.detach(), torch.full((50, 12), 1 / 12))


def test_given_noise_is_used_in_training_and_never_in_evaluation():
    mixture = make(TABLE_I, Gumbel(1.0, 0.25))
    mixture.progress = 0.5
    mixture.noise = torch.rand(12, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    rows = dense(TABLE_I, mixture.angles.detach(), "shared")
    structure = mixture.structure.detach()
    noisy = torch.softmax((structure - torch.log(-torch.log(mixture.noise))) / 0.5, -1)
    quiet = torch.softmax(structure / 0.5, -1)
    torch.testing.assert_close(mixture.train()(), noisy @ rows, rtol=0, atol=1e-12)
    torch.testing.assert_close(mixture.eval()(), quiet @ rows, rtol=0, atol=1e-12)
    torch.testing.assert_close(mixture.weights, quiet, rtol=0, atol=1e-14)
    assert not torch.allclose(noisy, quiet)


def test_noise_is_drawn_anew_for_a_stochastic_relaxation_only():
    noisy, plain = make(TABLE_I, Gumbel()), make(TABLE_I, Softmax())
    assert not torch.equal(noisy(), noisy())
    state = torch.get_rng_state()
    assert torch.equal(plain(), plain())
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth": 0}, "Argument `depth` must be at least 1, but got 0."),
        ({"depth": 1.5}, "Argument `depth` must be at least 1, but got 1.5."),
        ({"n": 0}, f"Argument `n` must be between 1 and {MAX_QUBITS} qubits, but got 0."),
        (
            {"n": MAX_QUBITS + 1},
            f"Argument `n` must be between 1 and {MAX_QUBITS} qubits, but got {MAX_QUBITS + 1}.",
        ),
        (
            {"sharing": "seperate"},
            "Argument `sharing` must be one of shared, separate, "
            "but got 'seperate' (did you mean 'separate'?).",
        ),
        (
            {"candidates": SearchSpace([Candidate(encoding="ry")])},
            "Argument `candidates` must encode no data, but got RY/Ent-RY.",
        ),
        (
            {"candidates": SearchSpace([Candidate(entangler=[(0, 7)])])},
            "Argument `entangler` must use qubits 0..2 on a circuit of 3 qubits, but got qubit 7.",
        ),
    ],
)
def test_wrong_arguments_are_told_when_the_mixture_is_made(arguments, message):
    with pytest.raises(ArgumentError) as error:
        CircuitMixture(
            **{"candidates": TABLE_I, "n": 3, "depth": 2, "relaxation": Raw()} | arguments
        )
    assert str(error.value) == message
